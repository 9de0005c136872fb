//! What a backup does not hold: of the schema, where it is made by `copy`; of the database, however.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::error::Error;

/// What is in the schema and in no [`LiveSchema`](crate::schema::LiveSchema), so that a comparison would
/// not miss it either.
const UNCARRIED: &str = "WITH uncarried (class, id) AS (
        SELECT n.classid, n.objid FROM pg_depend n
        WHERE n.refclassid = 'pg_namespace'::regclass
          AND n.refobjid = quote_ident(current_schema())::regnamespace AND n.deptype = 'n'
          AND (n.classid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass,
                   'pg_conversion'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass)
               OR (n.classid = 'pg_proc'::regclass
                   AND (SELECT prokind FROM pg_proc WHERE oid = n.objid) = 'w')
               OR (n.classid = 'pg_type'::regclass
                   AND (SELECT typtype FROM pg_type WHERE oid = n.objid) IN ('b', 'p')))
        UNION ALL
        SELECT 'pg_class'::regclass, c.oid FROM pg_class c
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
          AND (c.relkind = 'f' OR c.reloftype <> 0
               OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                          WHERE i.inhrelid = c.oid AND c.relkind IN ('r', 'p')
                            AND p.relnamespace <> c.relnamespace))
    )
    SELECT DISTINCT o.type || ' ' || o.identity
    FROM uncarried u, LATERAL pg_identify_object(u.class, u.id, 0) o
    WHERE NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = u.class AND e.objid = u.id
                        AND (e.deptype = 'e'
                             OR e.deptype = 'a' AND e.classid = 'pg_opfamily'::regclass))
    ORDER BY 1";

/// What of the schema is made of something that an extension has and that is found without its schema's name:
/// the schema beside it, in which a copy is tried, has no such thing.
const BORROWED: &str = "WITH member (class, id) AS (
        SELECT classid, objid FROM pg_depend
        WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
    ), part (class, id) AS (
        TABLE member
        UNION
        SELECT i.classid, i.objid FROM pg_depend i
        JOIN member m ON m.class = i.refclassid AND m.id = i.refobjid
        WHERE i.deptype = 'i'
    )
    SELECT DISTINCT o.type || ' ' || o.identity
    FROM pg_depend d JOIN part p ON p.class = d.refclassid AND p.id = d.refobjid,
        LATERAL pg_identify_object(p.class, p.id, 0) used,
        LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) o
    WHERE d.deptype IN ('n', 'a')
      AND d.classid NOT IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
      AND used.schema IN (SELECT quote_ident(name) FROM unnest(current_schemas(false)) name)
      AND coalesce(o.schema = quote_ident(current_schema()), true)
      AND NOT EXISTS (SELECT FROM part q WHERE q.class = d.classid AND q.id = d.objid)
    ORDER BY 1";

/// What is in no schema, and so in no backup of one.
const LEFT_OUT: &str = "WITH loose (class, id) AS (
        SELECT 'pg_publication'::regclass, p.oid FROM pg_publication p
        WHERE EXISTS (SELECT FROM pg_publication_tables t
                      WHERE t.pubname = p.pubname AND t.schemaname = current_schema())
        UNION ALL
        SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
        UNION ALL
        SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
        UNION ALL
        SELECT 'pg_cast'::regclass, k.oid FROM pg_cast k
        JOIN pg_type f ON f.oid = k.castsource JOIN pg_type t ON t.oid = k.casttarget
        WHERE k.oid >= 16384
          AND quote_ident(current_schema())::regnamespace NOT IN (f.typnamespace, t.typnamespace)
    )
    SELECT o.type || ' ' || o.identity
    FROM loose l, LATERAL pg_identify_object(l.class, l.id, 0) o
    WHERE NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = l.class AND e.objid = l.id AND e.deptype = 'e')
    UNION ALL
    SELECT count(*) || ' large objects' FROM pg_largeobject_metadata HAVING count(*) > 0
    ORDER BY 1";

/// An index of a partitioned table is made without its parts, which then are given to it.
const ATTACHED: &str = "SELECT format('ALTER INDEX %I ATTACH PARTITION %I', p.relname, c.relname)
    FROM pg_inherits i
    JOIN pg_class p ON p.oid = i.inhparent AND p.relkind = 'I'
    JOIN pg_class c ON c.oid = i.inhrelid
    WHERE p.relnamespace = quote_ident(current_schema())::regnamespace
      AND c.relnamespace = p.relnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = p.oid)
    ORDER BY 1";

/// Refuse where the schema has something that would be lost.
pub(super) async fn check(db: &impl ConnectionTrait) -> Result<(), Error> {
    let found = texts(db, UNCARRIED).await?;
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::Backup(format!(
        "`copy` cannot carry {}: use `pg_dump`, with --method pg-dump, or by hand where this role may not \
         make a database to prove it in",
        found.join(", ")
    )))
}

/// What is made of an extension's own.
pub(super) async fn borrowed(db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    Ok(texts(db, BORROWED).await?)
}

/// Lines of what is not in the backup.
pub(super) async fn left_out(db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let found = texts(db, LEFT_OUT).await?;
    let line = |what| format!("not in the backup, since it is in no schema: {what}");
    Ok(found.into_iter().map(line).collect())
}

/// The statements that give the indexes of partitioned tables their parts.
pub(super) async fn attached(db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    Ok(texts(db, ATTACHED).await?)
}

async fn texts(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<String>, DbErr> {
    let ask = Statement::from_string(DbBackend::Postgres, sql);
    let rows = db.query_all_raw(ask).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
