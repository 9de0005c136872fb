//! What a step cannot know when it is written: who owns what it makes anew where it runs, and who may do
//! what with that. The step keeps both from before it goes until it has come again.

use super::super::super::name::{literal, quoted};
use super::Plan;

/// Gives back what was kept, and nothing else.
pub(crate) const GIVE_BACK: &str = "$$ BEGIN EXECUTE current_setting('chancery.rights'); END $$";

const OF_RELATIONS: &str = "SELECT 'TABLE' AS kind, oid::regclass::text AS name, relowner AS owner,
        coalesce(relacl, acldefault('r', relowner)) AS acl
    FROM pg_class WHERE oid IN ({oids})";

const OF_ROUTINES: &str =
    "SELECT 'ROUTINE' AS kind, oid::regprocedure::text AS name, proowner AS owner,
        coalesce(proacl, acldefault('f', proowner)) AS acl
    FROM pg_proc WHERE oid IN ({oids})";

const OF_TYPES: &str = "SELECT 'TYPE' AS kind, oid::regtype::text AS name, typowner AS owner,
        coalesce(typacl, acldefault('T', typowner)) AS acl
    FROM pg_type WHERE oid IN ({oids})";

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
        let mut own = Vec::new();
        for (names, of) in [
            (&relations, OF_RELATIONS),
            (&self.remade_routines(), OF_ROUTINES),
            (&self.remade_types(), OF_TYPES),
        ] {
            if !names.is_empty() {
                own.push(of.replace("{oids}", &oids(of, names)));
            }
        }
        let columns = self.columns_of(&relations);
        if own.is_empty() && columns.is_empty() {
            return false;
        }
        if own.is_empty() {
            // Columns are made anew, and nothing else.
            own.push(OF_RELATIONS.replace("{oids}", "NULL"));
        }
        let columns = if columns.is_empty() {
            "false".to_owned()
        } else {
            columns.join("\n        OR ")
        };
        self.push(format!(
            "-- Who has rights on what is made anew keeps them.\nWITH own AS (\n    {}\n), {}",
            own.join("\n    UNION ALL\n    "),
            SAID.replace("{columns}", &columns)
        ));
        true
    }

    /// Which columns somebody may have rights on of their own: those of `relations`, and those that are
    /// made anew by themselves.
    fn columns_of(&self, relations: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        if !relations.is_empty() {
            found.push(format!("a.attrelid IN ({})", oids(OF_RELATIONS, relations)));
        }
        for (table, column) in self.remade_columns() {
            let table = oids(OF_RELATIONS, &[quoted(table)]);
            let column = literal(column);
            found.push(format!("a.attrelid = {table} AND a.attname = {column}"));
        }
        found
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

/// The numbers of those of `names` that are there, as `of` is about them.
fn oids(of: &str, names: &[String]) -> String {
    let kinds = ["regclass", "regprocedure", "regtype"];
    let kind = kinds
        .iter()
        .find(|kind| of.contains(*kind))
        .unwrap_or(&kinds[0]);
    let all = names
        .iter()
        .map(|name| format!("to_{kind}({})", literal(name)));
    all.collect::<Vec<_>>().join(", ")
}
