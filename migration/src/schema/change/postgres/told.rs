//! What is told of things: comments and owners.

use super::super::super::difference;
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
        for on in gone {
            if !self.is_gone(&on) {
                self.push(format!("COMMENT ON {on} IS NULL"));
            }
        }
    }

    /// Whether what a comment was on is there no more.
    fn is_gone(&self, on: &str) -> bool {
        let left = difference::difference(self.to, &self.from);
        left.iter().any(|one| {
            matches!(one.change, difference::Change::Added) && difference::is_on(&one.object, on)
        })
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
        for of in gone {
            if let (Some(owner), false) = (&most, self.is_gone(&of)) {
                self.push(format!("ALTER {of} OWNER TO {}", quoted(owner)));
            }
        }
    }
}
