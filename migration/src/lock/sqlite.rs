//! An immediate transaction: the only writer of the file, in any process.

use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait, sqlx,
};

use super::ASK_AGAIN;
use crate::error::Error;

pub(super) async fn take(
    db: &impl TransactionTrait<Transaction = DatabaseTransaction>,
    wait: Duration,
) -> Result<DatabaseTransaction, Error> {
    let began = Instant::now();
    loop {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match db.begin_with_options(options).await {
            Ok(transaction) => return Ok(transaction),
            Err(error) if is_busy(&error) && began.elapsed() < wait => {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            Err(error) if is_busy(&error) => {
                return Err(Error::Locked {
                    waited: began.elapsed(),
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether every foreign key leads to a row: nobody asked while the steps ran.
pub(super) async fn check_keys(transaction: &DatabaseTransaction) -> Result<(), Error> {
    let check = "SELECT DISTINCT \"table\", parent FROM pragma_foreign_key_check";
    let found = transaction
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, check))
        .await?;
    let pairs = found.iter().map(|row| {
        let (from, to): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(format!("{from} to {to}"))
    });
    let pairs: Vec<String> = pairs.collect::<Result<_, DbErr>>()?;
    if pairs.is_empty() {
        Ok(())
    } else {
        Err(Error::Orphans(pairs))
    }
}

/// Whether somebody else is writing: `SQLITE_BUSY` or `SQLITE_LOCKED`, extended or not.
pub(crate) fn is_busy(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(error) = error.as_ref() else {
        return false;
    };
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}
