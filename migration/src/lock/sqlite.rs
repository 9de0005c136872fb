//! An immediate transaction: the only writer of the file, in any process.

use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait, sqlx,
};

use super::ASK_AGAIN;
use crate::error::Error;

pub(super) async fn take(
    db: &DatabaseConnection,
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

/// Whether somebody else is writing: `SQLITE_BUSY` or `SQLITE_LOCKED`, extended or not.
fn is_busy(error: &DbErr) -> bool {
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
