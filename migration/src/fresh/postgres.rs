//! One statement, so one transaction; what an extension owns stays.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};

/// Every object says which schema it is in, and the catalogue knows what it is called. All statements are
/// there before the first is run: what one of them drops has no name any more.
const DROP_EVERYTHING: &str = "DO $$
DECLARE
    going text[];
    one text;
BEGIN
    SELECT array_agg(format('DROP %s IF EXISTS %s CASCADE',
            CASE WHEN o.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE'
                 WHEN o.type = 'statistics object' THEN 'STATISTICS'
                 ELSE upper(o.type) END,
            o.identity) ORDER BY n.classid <> 'pg_class'::regclass, n.classid, n.objid)
    INTO going
    FROM pg_depend n, LATERAL pg_identify_object(n.classid, n.objid, 0) o
    WHERE n.refclassid = 'pg_namespace'::regclass AND n.refobjid = quote_ident(current_schema())::regnamespace
      AND n.deptype = 'n' AND n.classid <> 'pg_extension'::regclass
      -- Whoever does this may hold it.
      AND NOT (n.classid = 'pg_class'::regclass
               AND n.objid IN (SELECT oid FROM pg_class WHERE relname = 'chancery_migration_lease'))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = n.classid AND d.objid = n.objid
                      AND d.objsubid = 0 AND d.deptype IN ('e', 'a', 'i'));
    FOREACH one IN ARRAY coalesce(going, '{}') LOOP
        EXECUTE one;
    END LOOP;
END
$$";

pub(super) async fn drop_everything(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.execute_unprepared(DROP_EVERYTHING).await.map(drop)
}
