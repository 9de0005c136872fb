//! What is wrong with a selection or its arguments, and where.

use async_graphql::{Pos, ServerError};
use service::error::Error;

use crate::error::ApiError;

/// What is wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// The document and its variables do not fit together: nothing is run.
    Request(String, Pos),
    /// The service says no.
    Service(Error, Pos),
}

impl Fault {
    /// As the library reports it. What has no code yet is refused as a whole by the transport.
    pub(super) fn into_server_error(self) -> ServerError {
        match self {
            Self::Request(message, at) => ServerError::new(message, Some(at)),
            Self::Service(error, at) => {
                async_graphql::Error::from(ApiError(error)).into_server_error(at)
            }
        }
    }
}
