//! Views: they stand over tables, functions and each other, and some functions over them.

use super::super::super::View;
use super::super::super::name::quoted;
use super::super::super::rename::mentions;
use super::Plan;
use super::functions::{hard, name_of};
use super::order::{Thing, bottom_up};

enum Seen {
    View(String, View),
    Function(String),
}

fn thing(name: String, view: View) -> Thing<Seen> {
    Thing {
        name: name.clone(),
        text: view.body().to_owned(),
        what: Seen::View(name, view),
    }
}

fn function(signature: String, text: &str) -> Thing<Seen> {
    Thing {
        name: name_of(&signature),
        text: hard(text).to_owned(),
        what: Seen::Function(signature),
    }
}

impl Plan<'_> {
    /// Drop the views that go or come again, and the functions over them.
    pub(super) fn drop_views(&mut self) {
        let mut things = Vec::new();
        for name in &self.moved.views {
            let view = self.from.views.remove(name);
            things.extend(view.map(|view| thing(name.clone(), view)));
        }
        for signature in &self.moved.functions {
            let text = self.from.functions.get(signature);
            let over = |text: &&String| {
                let mut views = self.moved.views.iter();
                views.any(|view| mentions(hard(text), view))
            };
            things.extend(
                text.filter(over)
                    .map(|text| function(signature.clone(), text)),
            );
        }
        for seen in bottom_up(things).into_iter().rev() {
            match seen {
                Seen::Function(signature) => {
                    self.push(format!("DROP ROUTINE {signature}"));
                    self.from.functions.remove(&signature);
                }
                Seen::View(name, view) => {
                    let kind = if view.materialized {
                        "MATERIALIZED VIEW"
                    } else {
                        "VIEW"
                    };
                    self.push(format!("DROP {kind} {}", quoted(&name)));
                }
            }
        }
    }

    /// The views that are to be made.
    pub(super) fn missing_views(&self) -> Vec<(String, View)> {
        let all = self.to.views.iter();
        let missing = all.filter(|(name, _)| !self.from.views.contains_key(*name));
        missing
            .map(|(name, view)| (name.clone(), view.clone()))
            .collect()
    }

    /// Make the views that are not there, and the functions over them.
    pub(super) fn make_views(&mut self) {
        let views = self.missing_views().into_iter();
        let mut things: Vec<_> = views.map(|(name, view)| thing(name, view)).collect();
        for (signature, text) in self.missing_functions() {
            things.push(function(signature, &text));
        }
        for seen in bottom_up(things) {
            match seen {
                Seen::Function(signature) => self.make_function(&signature),
                Seen::View(name, view) => {
                    self.push(view.create.clone());
                    for index in view.indexes.values() {
                        self.push(index.clone());
                    }
                    self.touched.insert(name);
                }
            }
        }
    }
}
