//! Table after table, children before parents: dropping a table deletes its rows, and foreign keys
//! cannot be turned off inside the transaction that is the lock.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::schema::quoted;

pub(super) async fn drop_everything(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    // The shadow tables of a virtual table go with it.
    for (kind, name) in names(db, "view")
        .await?
        .into_iter()
        .chain(names(db, "virtual").await?)
    {
        let kind = if kind == "view" { "VIEW" } else { "TABLE" };
        db.execute_unprepared(&format!("DROP {kind} {}", quoted(&name)))
            .await?;
    }
    let mut left: BTreeSet<String> = names(db, "table")
        .await?
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    while !left.is_empty() {
        let mut parents = BTreeSet::new();
        for child in &left {
            parents.extend(parents_of(db, child).await?);
        }
        let childless: Vec<String> = left.difference(&parents).cloned().collect();
        // Tables that point at each other in a ring have to go all the same.
        let going = if childless.is_empty() {
            left.iter().cloned().collect()
        } else {
            childless
        };
        for name in going {
            db.execute_unprepared(&format!("DROP TABLE {}", quoted(&name)))
                .await?;
            left.remove(&name);
        }
    }
    Ok(())
}

async fn names(db: &impl ConnectionTrait, kind: &str) -> Result<Vec<(String, String)>, DbErr> {
    let found = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "SELECT type, name FROM pragma_table_list
         WHERE schema = 'main' AND type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        [kind.into()],
    );
    let rows = db.query_all_raw(found).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// The other tables that `child` points at.
async fn parents_of(db: &impl ConnectionTrait, child: &str) -> Result<Vec<String>, DbErr> {
    let found = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1) WHERE \"table\" <> ?1",
        [child.into()],
    );
    let rows = db.query_all_raw(found).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
