//! The statements of `PostgreSQL`.
//!
//! What depends on others goes first and comes last: views, triggers, policies, foreign keys,
//! indexes, other constraints, then computed columns, defaults and functions. Types, functions and
//! tables are made in the order in which one is made of the other. Who owns them and who may do what is told
//! when all stand.

pub(crate) mod carried;
pub(crate) mod cast;
mod columns;
mod composites;
mod domains;
mod functions;
mod make;
mod moved;
mod options;
mod order;
mod others;
mod parents;
mod partitions;
mod parts;
mod ranges;
mod rename;
mod rights;
mod tables;
mod told;
mod triggers;
mod types;
mod views;

use std::collections::BTreeSet;

use super::super::LiveSchema;
use super::{Options, Statement};
use moved::Moved;

pub(super) fn statements(from: &LiveSchema, to: &LiveSchema, options: &Options) -> Vec<Statement> {
    let from = options.renames.applied(from);
    let mut plan = Plan {
        was: from.clone(),
        from,
        to,
        options,
        moved: Moved::default(),
        touched: BTreeSet::new(),
        out: Vec::new(),
    };
    plan.refuse();
    plan.rename();
    plan.was = plan.from.clone();
    plan.find_moved();
    plan.refuse_ranges();
    plan.refuse_keys();
    plan.refuse_two_parents();
    let keeps_rights = plan.keep_rights();
    plan.leave_parents();
    plan.detach();
    plan.drop_view_triggers();
    plan.drop_views();
    plan.drop_parts();
    plan.drop_columns();
    plan.loosen_domains();
    plan.drop_functions();
    plan.set_types_aside();
    plan.make();
    plan.drop_tables();
    plan.attach();
    plan.make_parts();
    plan.make_others(others::LIKE_TABLES);
    plan.make_views();
    plan.make_view_triggers();
    if keeps_rights {
        plan.give_back_rights();
    }
    plan.late_parts();
    plan.say_comments();
    plan.give_owners();
    plan.give_rights();
    plan.drop_others(others::LIKE_TABLES);
    plan.drop_others(others::OF_FUNCTIONS);
    plan.drop_types();
    plan.drop_others(others::BEFORE_TYPES);
    plan.out
}

struct Plan<'s> {
    /// With the new names, and without what was dropped so far.
    from: LiveSchema,
    /// With the new names, before anything is dropped.
    was: LiveSchema,
    to: &'s LiveSchema,
    options: &'s Options,
    /// What goes and comes again.
    moved: Moved,
    /// The names of what was made: its comments, owners and rights are told again.
    touched: BTreeSet<String>,
    out: Vec<Statement>,
}

impl Plan<'_> {
    fn push(&mut self, sql: impl Into<String>) {
        self.out.push(Statement::new(sql));
    }
}
