//! What a store cannot do.

use std::time::Duration;

use crate::error::{Kind, Refusal, refusals};

/// Whatever broke a stream of bytes.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What became of bytes that are not where they should be.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Nothing is under the key.
    #[error("there are no bytes under this key")]
    Missing,
    /// More came than there may be.
    #[error("more than {0} bytes came")]
    TooLarge(u64),
    /// What was to be put broke off.
    #[error("the bytes broke off")]
    Source(#[source] BoxError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] object_store::Error),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Store(other),
        }
    }
}

refusals! {
    /// What callers hear of the store.
    pub enum Error {
        /// The store cannot be reached, or is full.
        Unavailable => Unavailable, "storage.unavailable",
            "the files cannot be reached for the moment",
            "Send the request again after Retry-After. Operators find the cause in the log, and ask `chancery doctor`.";
        /// The row is there, its bytes are not.
        Missing => Gone, "storage.missing",
            "the content of this file was lost",
            "Upload the file again, and tell the operator: bytes vanish only behind Chancery's back.";
        /// More came than there may be.
        TooLarge { most: u64 } => TooLarge, "upload.too_large",
            "{most} bytes are the most",
            "Send a smaller file. Documents above 20 MiB go by tus, to the limit that its OPTIONS tells.";
        /// The body broke off.
        Interrupted => Malformed, "upload.interrupted",
            "the file broke off before its end",
            "Send it again; with tus, ask HEAD how much is here and go on behind that.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Unavailable).then_some(Duration::from_secs(5))
    }
}

impl From<BlobError> for crate::error::Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Missing => Error::Missing.into(),
            BlobError::TooLarge(most) => Error::TooLarge { most }.into(),
            BlobError::Source(_) => Error::Interrupted.into(),
            BlobError::Store(cause) => {
                // The refusal says nothing of it, so here is the one place that knows.
                tracing::error!(%cause, "the store of files failed");
                Error::Unavailable.into()
            }
        }
    }
}
