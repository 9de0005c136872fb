//! What a schema of `PostgreSQL` is made of that stands in others.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_orm::{DatabaseConnection, DbBackend, DbErr, Statement};

/// What an extension has comes with that.
const BORROWED: &str = "WITH here (ns) AS (SELECT quote_ident(current_schema())::regnamespace),
    own (class, oid) AS (
        SELECT 'pg_class'::regclass, c.oid FROM pg_class c, here WHERE c.relnamespace = ns
        UNION ALL SELECT 'pg_attrdef'::regclass, d.oid FROM pg_attrdef d
            JOIN pg_class c ON c.oid = d.adrelid, here WHERE c.relnamespace = ns
        UNION ALL SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r
            JOIN pg_class c ON c.oid = r.ev_class, here WHERE c.relnamespace = ns
        UNION ALL SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t
            JOIN pg_class c ON c.oid = t.tgrelid, here WHERE c.relnamespace = ns
        UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p
            JOIN pg_class c ON c.oid = p.polrelid, here WHERE c.relnamespace = ns
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k, here
            WHERE k.connamespace = ns
        UNION ALL SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p, here WHERE p.pronamespace = ns
        UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type t, here WHERE t.typnamespace = ns)
    SELECT DISTINCT o.type || ' ' || o.identity
    FROM own JOIN pg_depend d ON (d.classid, d.objid) = (own.class, own.oid),
    LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) o
    WHERE d.deptype IN ('n', 'a') AND o.schema IS NOT NULL AND o.schema <> current_schema()
      AND o.schema <> 'information_schema' AND NOT starts_with(o.schema, 'pg_')
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = d.refclassid
                      AND e.objid = d.refobjid AND e.deptype = 'e')";

pub(super) async fn borrowed(db: &DatabaseConnection) -> Result<BTreeSet<String>, DbErr> {
    let ask = Statement::from_string(DbBackend::Postgres, BORROWED);
    let rows = db.query_all_raw(ask).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
