//! Ranges: each comes with a type of many of it, and with the functions that make values of both.

use super::super::super::LiveSchema;
use super::super::super::name::{literal, unquoted};
use super::super::super::rename::mentions;
use super::super::Statement;
use super::Plan;

const MANY: &str = ", MULTIRANGE_TYPE_NAME = ";

pub(super) fn is_one(create: &str) -> bool {
    create.contains(" AS RANGE (")
}

/// What the type of many of the range `name` is called: what is said, or what the server takes.
pub(super) fn many(name: &str, create: &str) -> Option<String> {
    if !is_one(create) {
        return None;
    }
    if let Some((_, said)) = create.rsplit_once(MANY) {
        return Some(unquoted(said.trim_end_matches(')')));
    }
    Some(if name.contains("range") {
        name.replacen("range", "multirange", 1)
    } else {
        format!("{name}_multirange")
    })
}

/// `text`, and behind it the ranges of which it names the type of many: that comes and goes with them.
pub(super) fn naming(mut text: String, schema: &LiveSchema) -> String {
    for (name, create) in &schema.types {
        if many(name, create).is_some_and(|many| mentions(&text, &many)) {
            text.push('\n');
            text.push_str(name);
        }
    }
    text
}

/// What gives another name to all that the server made with a range under names that it chose: the type
/// of many of it, where it makes one, and the functions. `called` says how, by `own.name`.
pub(super) fn parts_renamed(range: &str, called: &str) -> String {
    let range = literal(range);
    format!(
        "DO $$ DECLARE\n    own record;\nBEGIN
    FOR own IN SELECT 'TYPE' AS kind, t.oid::regtype::text AS part, t.typname::text AS name
        FROM pg_range r JOIN pg_type t ON t.oid = (to_jsonb(r) ->> 'rngmultitypid')::oid
        WHERE r.rngtypid = {range}::regtype
        UNION ALL
        SELECT 'FUNCTION', p.oid::regprocedure::text, p.proname::text
        FROM pg_range r JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
            AND d.refobjid IN (r.rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid)
        JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid AND d.deptype = 'i'
        WHERE r.rngtypid = {range}::regtype
    LOOP
        IF own.name <> ({called}) THEN
            EXECUTE format('ALTER %s %s RENAME TO %I', own.kind, own.part, {called});
        END IF;
    END LOOP;\nEND $$"
    )
}

impl Plan<'_> {
    /// Say where a range cannot wait for the function that it is made of.
    pub(super) fn refuse_ranges(&mut self) {
        for name in &self.moved.types {
            let text = self.from.types.get(name).map_or("", String::as_str);
            if is_one(text) && self.moved.is_function_in(text) {
                self.out.push(Statement::refusing(&format!(
                    "no statement makes anew a function that the range {name} is made of: make a new \
                     function and a new range of it, and give the columns that type"
                )));
            }
        }
    }
}
