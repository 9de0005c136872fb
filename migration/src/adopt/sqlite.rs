//! What a session of `SQLite` sees.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::room::{Names, Space, folded};
use crate::engine::Engine;

/// Whether there is a table.
pub(super) async fn has_table(db: &impl ConnectionTrait, table: &str) -> Result<bool, DbErr> {
    let ask = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?";
    let ask = Statement::from_sql_and_values(DbBackend::Sqlite, ask, [table.into()]);
    let row = db.query_one_raw(ask).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// What has a name in the file.
pub(super) async fn names(db: &impl ConnectionTrait) -> Result<Names, DbErr> {
    let ask = "SELECT type = 'trigger', name, CASE type WHEN 'index' THEN 'an index' ELSE 'a ' || type END
        FROM sqlite_master";
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, ask))
        .await?;
    let names = rows.iter().map(|row| {
        let is_trigger: bool = row.try_get_by_index(0)?;
        let space = if is_trigger {
            Space::Trigger
        } else {
            Space::Relation
        };
        let name: String = row.try_get_by_index(1)?;
        Ok((
            (space, folded(Engine::Sqlite, &name)),
            row.try_get_by_index(2)?,
        ))
    });
    names.collect()
}

/// Takes a trigger away that stands and is not as it should be.
pub(super) fn no_trigger(name: &str) -> String {
    format!("DROP TRIGGER IF EXISTS {name}")
}

/// Puts into search what its triggers would have put there, of messages that it does not have.
pub(crate) const FILL_SEARCH: &str = "
    INSERT INTO messages_fts_map (message_id)
    SELECT message_id FROM messages
    WHERE entity IN ('USER', 'AI_MESSAGE') AND json_valid(content)
      AND message_id NOT IN (SELECT message_id FROM messages_fts_map);
    INSERT INTO messages_fts (rowid, message_id, content)
    SELECT docid, m.message_id, CASE json_type(m.content, '$.content')
        WHEN 'true' THEN 'true'
        WHEN 'false' THEN 'false'
        ELSE coalesce(json_extract(m.content, '$.content'), '')
    END
    FROM messages_fts_map JOIN messages m ON m.message_id = messages_fts_map.message_id
    WHERE docid NOT IN (SELECT rowid FROM messages_fts);";
