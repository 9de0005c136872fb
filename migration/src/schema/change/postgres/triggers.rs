//! Triggers and rules, of tables and of views, and whether they are on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::super::View;
use super::super::super::name::{literal, quoted};
use super::super::super::rename::mentions;
use super::Plan;
use super::parts::is_foreign_key;

/// How the state of a trigger, a rule or a foreign key stands at the end of its definition, where it is
/// not the usual one.
const STATE: &str = " ENABLED ";

impl Plan<'_> {
    /// Drop what is not wanted on views that stay, or stands in the way; what goes with a view needs no
    /// word.
    pub(super) fn drop_view_triggers(&mut self) {
        let mut found = Vec::new();
        for (name, to) in &self.to.views {
            let view = self.from.views.get(name);
            let Some(view) = view.filter(|_| !self.moved.views.contains(name)) else {
                continue;
            };
            for (trigger, text) in &view.triggers {
                let is_wanted = to.triggers.get(trigger) == Some(text);
                if !is_wanted || self.moved.is_used_in(text) || self.is_rule_over_moved(text) {
                    found.push((name.clone(), trigger.clone()));
                }
            }
        }
        for (name, trigger) in found {
            let view = self.from.views.get_mut(&name);
            if let Some(text) = view.and_then(|view| view.triggers.remove(&trigger)) {
                let (trigger, on) = (quoted(&trigger), quoted(&name));
                self.push(format!("DROP {} {trigger} ON {on}", kind(&text)));
            }
        }
    }

    /// Make what is not there on views, and all of it on those that are made anew.
    pub(super) fn make_view_triggers(&mut self) {
        for (name, to) in &self.to.views {
            let known = self.from.views.get(name).map(|view| view.triggers.clone());
            self.make_triggers(name, &known.unwrap_or_default(), &to.triggers);
        }
    }

    /// Whether it is a rule that speaks of a table that moves, to which the server holds it.
    pub(super) fn is_rule_over_moved(&self, text: &str) -> bool {
        let mut tables = self.from.tables.keys();
        kind(text) == "RULE" && tables.any(|table| mentions(text, table) && self.is_moved(table))
    }

    /// Make those of `to` that are not there, and turn them all on or off as they were.
    pub(super) fn make_triggers(
        &mut self,
        on: &str,
        from: &BTreeMap<String, String>,
        to: &BTreeMap<String, String>,
    ) {
        for (name, text) in to {
            let known = from.get(name);
            if known == Some(text) {
                continue;
            }
            let (definition, how) = state(text);
            if known.is_none() {
                self.push(definition.trim_end_matches(';'));
                self.touched.insert(name.clone());
            }
            if known.is_some() || how != "O" {
                let (on, name) = (quoted(on), quoted(name));
                let (how, kind) = (word(how), kind(text));
                self.push(format!("ALTER TABLE {on} {how} {kind} {name}"));
            }
        }
    }
}

/// Whether the views differ in their triggers at most.
pub(super) fn is_same_view(one: &View, other: &View) -> bool {
    let bare = |view: &View| View {
        triggers: BTreeMap::new(),
        ..view.clone()
    };
    bare(one) == bare(other)
}

/// A trigger's definition and its state.
pub(super) fn state(text: &str) -> (&str, &str) {
    text.rsplit_once(STATE).unwrap_or((text, "O"))
}

/// A constraint's definition, and in which state its own triggers are: ` ENABLED D ON runs`, for each
/// table where it is not the usual one. Only a foreign key has some that can be turned off.
pub(super) fn key_states(text: &str) -> (&str, &str) {
    match text.find(STATE).filter(|_| is_foreign_key(text)) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    }
}

/// What turns a foreign key's own triggers off. They are called by numbers that nobody knows before
/// they are made.
pub(super) fn turned_off(table: &str, name: &str, states: &str) -> Option<String> {
    let mut loops = String::new();
    for (how, on) in states.split(STATE).filter_map(|one| one.split_once(" ON ")) {
        let _ = write!(
            loops,
            "    FOR own IN SELECT t.tgname FROM pg_trigger t
        JOIN pg_constraint k ON k.oid = t.tgconstraint
        WHERE k.conrelid = {}::regclass AND k.conname = {} AND t.tgrelid = {}::regclass
    LOOP
        EXECUTE format({}, own);
    END LOOP;\n",
            literal(&quoted(table)),
            literal(name),
            literal(on),
            literal(&format!(
                "ALTER TABLE {} {} TRIGGER %I",
                on.replace('%', "%%"),
                word(how)
            )),
        );
    }
    (!loops.is_empty()).then(|| format!("DO $$ DECLARE\n    own name;\nBEGIN\n{loops}END $$"))
}

/// What it is that such a definition makes.
pub(super) fn kind(text: &str) -> &'static str {
    if text.starts_with("CREATE RULE") {
        "RULE"
    } else {
        "TRIGGER"
    }
}

fn word(how: &str) -> &'static str {
    match how {
        "D" => "DISABLE",
        "R" => "ENABLE REPLICA",
        "A" => "ENABLE ALWAYS",
        _ => "ENABLE",
    }
}
