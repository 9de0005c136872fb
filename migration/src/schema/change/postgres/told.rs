//! What is told of things: comments and owners.

use super::super::super::difference::{Change, Object, difference, is_on};
use super::super::super::name::{literal, quoted};
use super::super::super::rename::mentions;
use super::Plan;

impl Plan<'_> {
    fn is_touched(&self, on: &str) -> bool {
        self.touched.iter().any(|name| mentions(on, name))
    }

    pub(super) fn say_comments(&mut self) {
        for (on, text) in &self.to.comments {
            if self.from.comments.get(on) != Some(text) || self.is_touched(on) {
                self.push(format!("COMMENT ON {on} IS {}", literal(text)));
            }
        }
        let gone: Vec<String> = self
            .from
            .comments
            .keys()
            .filter(|on| !self.to.comments.contains_key(*on))
            .cloned()
            .collect();
        let lost = self.lost();
        for on in gone {
            if !lost.iter().any(|object| is_on(object, &on)) {
                self.push(format!("COMMENT ON {on} IS NULL"));
            }
        }
    }

    /// What is there no more, or was there and is made anew, and took along what was said of it.
    pub(super) fn lost(&self) -> Vec<Object> {
        let found = difference(self.to, &self.was).into_iter();
        let mut lost: Vec<Object> = found
            .filter(|one| matches!(one.change, Change::Added))
            .map(|one| one.object)
            .collect();
        for name in &self.moved.views {
            let view = self.was.views.get(name);
            let indexes = view.iter().flat_map(|view| view.indexes.keys());
            lost.extend(indexes.map(|index| Object::Index(name.clone(), index.clone())));
            lost.push(Object::View(name.clone()));
        }
        let moved = &self.moved;
        lost.extend(moved.tables.iter().cloned().map(Object::Table));
        lost.extend(moved.types.iter().cloned().map(Object::Type));
        lost.extend(moved.functions.iter().cloned().map(Object::Function));
        lost.extend(moved.others.iter().cloned().map(Object::Other));
        let columns = moved.columns.iter().cloned();
        lost.extend(columns.map(|(table, column)| Object::Column(table, column)));
        lost
    }

    pub(super) fn give_owners(&mut self) {
        let most = self.to.owner.clone().or_else(|| self.from.owner.clone());
        for (of, owner) in &self.to.owners {
            if self.from.owners.get(of) != Some(owner) || self.is_touched(of) {
                self.push(format!("ALTER {of} OWNER TO {}", quoted(owner)));
            }
        }
        let gone: Vec<String> = self
            .from
            .owners
            .keys()
            .filter(|of| !self.to.owners.contains_key(*of))
            .cloned()
            .collect();
        let lost = self.lost();
        for of in gone {
            let is_lost = lost.iter().any(|object| is_on(object, &of));
            if let (Some(owner), false) = (&most, is_lost) {
                self.push(format!("ALTER {of} OWNER TO {}", quoted(owner)));
            }
        }
    }
}
