//! What goes wrong on our side of the connection, wrapped so that it travels as a [`DbErr`].

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use super::classify::Classified;
use super::status::State;

/// Why a statement was not run, or not waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The database is known to be away; nothing was tried.
    #[error("the database is not connected ({state}){}", reason(.last.as_deref()))]
    Unavailable {
        /// The state that the connection is in.
        state: State,
        /// Why.
        last: Option<Box<Classified>>,
    },
    /// Every connection of the pool was in use.
    #[error("no connection came free within {waited:?}{}", reason(.last_connect.as_deref()))]
    Exhausted {
        /// How long we waited.
        waited: Duration,
        /// The failure of the last attempt to open a connection, unless it succeeded.
        last_connect: Option<Box<Classified>>,
    },
    /// A new connection was not there in time.
    #[error("no connection could be opened within {waited:?}")]
    ConnectTimeout {
        /// How long we waited.
        waited: Duration,
    },
    /// A statement took longer than our own deadline; its connection was dropped.
    #[error("the statement was given up after {after:?}")]
    Deadline {
        /// The deadline.
        after: Duration,
    },
    /// The server did not answer a statement, nor end it; its connection was dropped.
    #[error("the server was silent for {after:?}")]
    Silent {
        /// How long we waited.
        after: Duration,
    },
    /// Another writer held the database for too long.
    #[error("another write was not over within {waited:?}")]
    WriterBusy {
        /// How long we waited.
        waited: Duration,
    },
    /// The transaction lost its connection at an earlier statement.
    #[error("the transaction is over: its connection was given up at an earlier statement")]
    TransactionOver,
    /// The pool was closed.
    #[error("the connection pool is closed")]
    Closed,
}

fn reason(last: Option<&Classified>) -> String {
    last.map(|last| format!("; last error: {last}"))
        .unwrap_or_default()
}

impl From<Fault> for DbErr {
    fn from(fault: Fault) -> Self {
        Self::Conn(RuntimeErr::SqlxError(Arc::new(SqlxError::AnyDriverError(
            Box::new(fault),
        ))))
    }
}
