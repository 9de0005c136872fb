//! Who keeps others out, and how long that is borne.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{ASK_AGAIN, Waits};
use crate::error::Error;

/// How often a waiting process asks whom it waits for: that may be somebody else by now.
const ASK_WHO: Duration = Duration::from_secs(1);

/// Who has the lock, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    /// A session of `PostgreSQL`. What is none may not be seen by this role.
    Session {
        /// The server's process, which `pg_terminate_backend` ends.
        pid: i32,
        /// What it calls itself.
        application: Option<String>,
        /// Where it comes from: `local` through a socket.
        address: Option<String>,
        /// Since when it is connected.
        since: Option<String>,
    },
    /// A row with an end.
    Lease {
        /// Who wrote it, as they call themselves.
        holder: String,
        /// When it runs out, unless it is renewed.
        until: String,
    },
    /// A process that has a file: which it is, no file says.
    File {
        /// What it does there.
        who: &'static str,
    },
    /// Somebody who was gone before anybody could ask.
    Unknown,
}

impl Holder {
    /// Whether `other` is the same one, whatever is known of it besides.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Session { pid: one, .. }, Self::Session { pid: other, .. }) => one == other,
            (Self::Lease { holder: one, .. }, Self::Lease { holder: other, .. }) => one == other,
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session {
                pid,
                application,
                address,
                since,
            } => {
                let application = application.as_deref().unwrap_or("unnamed");
                write!(out, "pid {pid} ({application})")?;
                if let Some(address) = address {
                    write!(out, ", {address}")?;
                }
                if let Some(since) = since {
                    write!(out, ", connected since {since}")?;
                }
                Ok(())
            }
            Self::Lease { holder, until } => write!(out, "{holder}, until {until}"),
            Self::File { who } => out.write_str(who),
            Self::Unknown => out.write_str("nobody knows whose"),
        }
    }
}

/// A wait for those who came before: it tells who they are, each once, and is given up after so long.
pub(super) struct Queue<'w> {
    began: Instant,
    most: Duration,
    waits: Waits<'w>,
    asked: Option<Instant>,
    holder: Option<Holder>,
}

impl<'w> Queue<'w> {
    pub(super) fn new(most: Duration, waits: Waits<'w>) -> Self {
        Self {
            began: Instant::now(),
            most,
            waits,
            asked: None,
            holder: None,
        }
    }

    /// Let a moment pass while others are before us, of whom `who` finds one; refuse where it was long
    /// enough.
    pub(super) async fn pass(
        &mut self,
        who: impl Future<Output = Result<Option<Holder>, Error>>,
    ) -> Result<(), Error> {
        let waited = self.began.elapsed();
        let is_over = waited >= self.most;
        let is_known = self.asked.is_some_and(|at| at.elapsed() < ASK_WHO);
        if (is_over || !is_known)
            && let Some(found) = who.await?
        {
            self.asked = Some(Instant::now());
            let is_told = self.holder.as_ref().is_some_and(|known| known.is(&found));
            if !is_told && !is_over {
                (self.waits)(&found.to_string());
            }
            self.holder = Some(found);
        }
        if is_over {
            let holder = self.holder.take().unwrap_or(Holder::Unknown);
            return Err(Error::locked(waited, holder));
        }
        tokio::time::sleep(ASK_AGAIN).await;
        Ok(())
    }
}
