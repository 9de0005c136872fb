//! What a session of `PostgreSQL` sees and may do.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::room::{Names, Space};

/// Whether there is a table, in the schema that `db` works in or in one that is named.
pub(super) async fn has_table(
    db: &impl ConnectionTrait,
    schema: Option<&str>,
    table: &str,
) -> Result<bool, DbErr> {
    let ask = "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = coalesce($1, current_schema()::text) AND c.relname = $2 AND c.relkind IN ('r', 'p'))";
    let values = [schema.map(str::to_owned).into(), table.into()];
    let ask = Statement::from_sql_and_values(DbBackend::Postgres, ask, values);
    let row = db.query_one_raw(ask).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// What has a name in the schema that `db` works in. An array's name gives way.
pub(super) async fn names(db: &impl ConnectionTrait) -> Result<Names, DbErr> {
    let ask = "SELECT false, c.relname::text, CASE c.relkind WHEN 'S' THEN 'a sequence' WHEN 'v' THEN 'a view'
                WHEN 'm' THEN 'a materialized view' WHEN 'f' THEN 'a foreign table' WHEN 'c' THEN 'a type'
                WHEN 'i' THEN 'an index' WHEN 'I' THEN 'an index' ELSE 'a table' END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind <> 't'
        UNION ALL
        SELECT true, t.typname::text, CASE t.typtype WHEN 'd' THEN 'a domain' WHEN 'e' THEN 'an enum'
                WHEN 'c' THEN 'a row type' ELSE 'a type' END
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE n.nspname = current_schema() AND NOT (t.typelem <> 0 AND t.typlen = -1)";
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::Postgres, ask))
        .await?;
    let names = rows.iter().map(|row| {
        let is_type: bool = row.try_get_by_index(0)?;
        let space = if is_type {
            Space::Type
        } else {
            Space::Relation
        };
        Ok(((space, row.try_get_by_index(1)?), row.try_get_by_index(2)?))
    });
    names.collect()
}

/// Whether the session may not write.
pub(super) async fn is_read_only(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let ask = "SELECT current_setting('transaction_read_only') = 'on'";
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Postgres, ask))
        .await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// Whether the role may make tables where it works, and a schema to compare with.
pub(super) async fn may_not(db: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    let ask = "SELECT current_user::text,
            coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
            has_database_privilege(current_database(), 'CREATE')";
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Postgres, ask))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (role, tables, schemas): (String, bool, bool) = (
        row.try_get_by_index(0)?,
        row.try_get_by_index(1)?,
        row.try_get_by_index(2)?,
    );
    Ok(match (tables, schemas) {
        (true, true) => None,
        (false, _) => Some(format!(
            "{role} may not make tables in the schema that it works in: GRANT CREATE ON SCHEMA"
        )),
        (_, false) => Some(format!(
            "{role} may not make the schema that is compared with (it is rolled back): \
             GRANT CREATE ON DATABASE"
        )),
    })
}

/// Has the trigger put into search what it would have put there, of messages that it does not have.
pub(super) const FILL_SEARCH: &str =
    "UPDATE messages SET search_vector = NULL WHERE search_vector IS NULL";

/// Takes a trigger away that stands and is not as it should be.
pub(super) fn no_trigger(table: &str, name: &str) -> String {
    format!("DROP TRIGGER IF EXISTS {name} ON {table}")
}

/// The function that a trigger calls.
pub(super) fn called(trigger: &str) -> Option<&str> {
    let (_, call) = trigger.split_once("EXECUTE FUNCTION ")?;
    let name = call.split('(').next()?;
    // The catalogue tells its schema, too.
    name.rsplit('.').next()
}

/// The statement that makes a function in the place of the one that stands.
pub(super) fn instead(function: &str) -> String {
    function.replacen("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
}

/// The statement that makes an index while others write.
pub(super) fn concurrently(sql: &str) -> String {
    if sql.contains(" CONCURRENTLY ") {
        return sql.to_owned();
    }
    sql.replacen(" INDEX ", " INDEX CONCURRENTLY IF NOT EXISTS ", 1)
}

/// The statements that give a table a key: rows that are written from now on are held to it first,
/// then those that stand are looked at while others write.
pub(super) fn key(table: &str, line: &str) -> [String; 2] {
    let name = line.split_whitespace().nth(1).unwrap_or_default();
    [
        format!("ALTER TABLE {table} ADD {line} NOT VALID"),
        format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
    ]
}
