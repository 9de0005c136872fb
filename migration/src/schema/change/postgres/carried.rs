//! What a step cannot know when it is written: who owns what it makes anew where it runs, and who may do
//! what with that. The step keeps both from before it goes until it has come again.

use super::super::super::name::{literal, quoted};
use super::Plan;

/// Gives back what was kept, and nothing else.
pub(crate) const GIVE_BACK: &str = "$$ BEGIN EXECUTE current_setting('chancery.rights'); END $$";

/// What roles have by this database's own custom at first is taken from them first.
const SAID: &str = "given AS (
    SELECT kind, name, '' AS part, e.grantee, e.privilege_type, e.is_grantable
    FROM own, aclexplode(acl) e WHERE e.grantee <> owner
    UNION ALL
    SELECT 'TABLE', a.attrelid::regclass::text, format(' (%I)', a.attname), e.grantee, e.privilege_type,
        e.is_grantable
    FROM pg_attribute a, aclexplode(a.attacl) e WHERE {columns}
), usual AS (
    SELECT 0 AS grantee
    UNION SELECT e.grantee FROM pg_default_acl d, aclexplode(d.defaclacl) e
), said AS (
    SELECT 1 AS at, format('ALTER %s %s OWNER TO %I', kind, name, pg_get_userbyid(owner)) AS sql
    FROM own WHERE owner <> quote_ident(current_user)::regrole
    UNION ALL
    SELECT 2, format('%s ALL ON %s %s FROM %s', 'REVOKE', kind, name, CASE grantee WHEN 0 THEN 'PUBLIC'
        ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM own, usual WHERE grantee <> owner
    UNION ALL
    SELECT 3, format('%s %s%s ON %s %s TO %s%s', 'GRANT', privilege_type, part, kind, name,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM given
)
SELECT set_config('chancery.rights', coalesce(string_agg(sql, '; ' ORDER BY at), ''), true) FROM said";

impl Plan<'_> {
    /// Keep who owns what is about to be made anew and who may do what with it; whether anything is.
    pub(super) fn keep_rights(&mut self) -> bool {
        if !self.options.carries_rights {
            return false;
        }
        let relations = self.remade_relations();
        let columns = self.remade_columns();
        let mut own = Vec::new();
        for (kind, names, table, [oid, owner, acl], usual) in [
            (
                "TABLE",
                relations.clone(),
                "pg_class",
                ["regclass", "relowner", "relacl"],
                "r",
            ),
            (
                "ROUTINE",
                self.remade_routines(),
                "pg_proc",
                ["regprocedure", "proowner", "proacl"],
                "f",
            ),
            (
                "TYPE",
                self.remade_types(),
                "pg_type",
                ["regtype", "typowner", "typacl"],
                "T",
            ),
        ] {
            if !names.is_empty() {
                own.push(format!(
                    "SELECT '{kind}' AS kind, oid::{oid}::text AS name, {owner} AS owner,\n        \
                     coalesce({acl}, acldefault('{usual}', {owner})) AS acl\n    FROM {table} WHERE oid IN ({})",
                    found(oid, &names)
                ));
            }
        }
        if own.is_empty() && columns.is_empty() {
            return false;
        }
        if own.is_empty() {
            // Columns are made anew, and nothing else.
            own.push(
                "SELECT '' AS kind, '' AS name, relowner AS owner, relacl AS acl\n    FROM pg_class \
                 WHERE false"
                    .to_owned(),
            );
        }
        let mut of = Vec::new();
        if !relations.is_empty() {
            of.push(format!("a.attrelid IN ({})", found("regclass", &relations)));
        }
        of.extend(columns.iter().map(|(table, column)| {
            let table = found("regclass", &[quoted(table)]);
            format!("a.attrelid = {table} AND a.attname = {}", literal(column))
        }));
        let columns = if of.is_empty() {
            "false".to_owned()
        } else {
            of.join("\n        OR ")
        };
        self.push(format!(
            "-- Who has rights on what is made anew keeps them.\nWITH own AS (\n    {}\n), {}",
            own.join("\n    UNION ALL\n    "),
            SAID.replace("{columns}", &columns)
        ));
        true
    }

    /// Give back what was kept.
    pub(super) fn give_back_rights(&mut self) {
        self.push(format!("DO {GIVE_BACK}"));
    }

    fn remade_relations(&self) -> Vec<String> {
        let views = self.moved.views.iter();
        let views = views.filter(|name| self.to.views.contains_key(*name));
        let tables = self.moved.tables.iter();
        let tables = tables.filter(|name| self.to.tables.contains_key(*name));
        let named = views.chain(tables).map(|name| quoted(name));
        named.chain(self.remade_others("FOREIGN TABLE ")).collect()
    }

    fn remade_routines(&self) -> Vec<String> {
        let functions = self.moved.functions.iter();
        let functions = functions.filter(|one| self.to.functions.contains_key(*one));
        let aggregates = self.remade_others("AGGREGATE ");
        functions.cloned().chain(aggregates).collect()
    }

    fn remade_types(&self) -> Vec<String> {
        let types = self.moved.types.iter();
        let kept = types
            .filter(|name| self.to.types.contains_key(*name) || self.to.enums.contains_key(*name));
        kept.map(|name| quoted(name)).collect()
    }

    fn remade_columns(&self) -> Vec<&(String, String)> {
        let is_wanted = |(table, column): &&(String, String)| {
            let table = self.to.tables.get(table);
            let mut columns = table.iter().flat_map(|table| &table.columns);
            columns.any(|one| one.name == *column)
        };
        self.moved.columns.iter().filter(is_wanted).collect()
    }

    /// What of few schemas is made anew, by what its `kind` is called.
    fn remade_others<'p>(&'p self, kind: &'p str) -> impl Iterator<Item = String> + 'p {
        let others = self.moved.others.iter();
        let kept = others.filter(|what| self.to.others.contains_key(*what));
        kept.filter_map(move |what| what.strip_prefix(kind).map(str::to_owned))
    }
}

/// The numbers of those of `names` that are there.
fn found(kind: &str, names: &[String]) -> String {
    let all = names
        .iter()
        .map(|name| format!("to_{kind}({})", literal(name)));
    all.collect::<Vec<_>>().join(", ")
}
