//! An immediate transaction: the only writer of the file, in any process.

mod keys;

use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::sqlx::sqlite::SqliteError;
use sea_orm_migration::sea_orm::{
    DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub(super) use self::keys::{among, of_table, orphans, towards};
use super::{ASK_AGAIN, Holder, Waits};
use crate::error::{Error, driver};

/// How long one that writes is waited for before anybody is told.
pub(crate) const SOON: Duration = Duration::from_millis(500);

/// Which process it is, no file says.
pub(crate) const SOMEBODY: &str = "somebody else writes to this file";

pub(super) async fn take(
    db: &impl TransactionTrait<Transaction = DatabaseTransaction>,
    wait: Duration,
    waits: Waits<'_>,
) -> Result<DatabaseTransaction, Error> {
    let began = Instant::now();
    let mut told = wait.is_zero();
    let mut tell = || {
        if !std::mem::replace(&mut told, true) {
            waits(SOMEBODY);
        }
    };
    loop {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        // The driver itself waits for a while.
        let mut turn = db.begin_with_options(options);
        let taken = if let Ok(taken) = tokio::time::timeout(SOON, &mut turn).await {
            taken
        } else {
            tell();
            turn.await
        };
        match taken {
            Ok(transaction) => return Ok(transaction),
            Err(error) if is_busy(&error) && began.elapsed() < wait => {
                tell();
                tokio::time::sleep(ASK_AGAIN).await;
            }
            Err(error) if is_busy(&error) => {
                return Err(Error::locked(
                    began.elapsed(),
                    Holder::File { who: SOMEBODY },
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether somebody else is writing: `SQLITE_BUSY` or `SQLITE_LOCKED`.
pub(crate) fn is_busy(error: &DbErr) -> bool {
    matches!(code(error), Some(5 | 6))
}

/// Whether nobody may write the file: `SQLITE_READONLY`.
pub(crate) fn is_read_only(error: &DbErr) -> bool {
    code(error) == Some(8)
}

/// What `SQLite` answered, without what extends it.
fn code(error: &DbErr) -> Option<u32> {
    let error = driver(error)?.as_database_error()?;
    // What PostgreSQL answers has numbers, too: 42501, no right to, would be a busy file.
    error.try_downcast_ref::<SqliteError>()?;
    let code = error.code()?.parse::<u32>().ok()?;
    Some(code & 0xff)
}
