//! Views: they stand over tables and over each other.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::View;
use super::super::super::name::quoted;
use super::super::super::rename::mentions;
use super::Plan;

impl Plan<'_> {
    /// Drop the views that are not wanted, those over tables that move, and those over such views.
    pub(super) fn drop_views(&mut self) {
        let mut going = BTreeSet::new();
        for (name, view) in &self.from.views {
            let mut tables = self.from.tables.keys();
            let over_moved =
                tables.any(|table| mentions(view.body(), table) && self.is_moved(table));
            if self.to.views.get(name) != Some(view) || over_moved {
                going.insert(name.clone());
            }
        }
        while let Some(more) = self.from.views.iter().find(|(name, view)| {
            !going.contains(*name) && going.iter().any(|of| mentions(view.body(), of))
        }) {
            going.insert(more.0.clone());
        }
        let mut views = std::mem::take(&mut self.from.views);
        let mut dropped = views.clone();
        views.retain(|name, _| !going.contains(name));
        dropped.retain(|name, _| going.contains(name));
        self.from.views = views;
        for (name, view) in bottom_up(&dropped).into_iter().rev() {
            let kind = if view.materialized {
                "MATERIALIZED VIEW"
            } else {
                "VIEW"
            };
            self.push(format!("DROP {kind} {}", quoted(name)));
        }
    }

    /// Make the views that are not there.
    pub(super) fn make_views(&mut self) {
        let mut missing = self.to.views.clone();
        missing.retain(|name, _| !self.from.views.contains_key(name));
        for (name, view) in bottom_up(&missing) {
            self.touched.insert(name.clone());
            self.push(view.create.clone());
            for index in view.indexes.values() {
                self.push(index.clone());
            }
        }
    }
}

/// The views in such an order that each stands only over those before it.
fn bottom_up(views: &BTreeMap<String, View>) -> Vec<(&String, &View)> {
    let mut left: Vec<_> = views.iter().collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = left.iter().position(|(name, view)| {
            let over =
                |(other, _): &(&String, &View)| other != name && mentions(view.body(), other);
            !left.iter().any(over)
        });
        order.push(left.remove(free.unwrap_or(0)));
    }
    order
}
