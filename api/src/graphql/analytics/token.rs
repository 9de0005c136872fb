//! What tokens are told apart by, as the tables have it.

use async_graphql::Enum;
use entity::conversation::token_consumption;

/// What the model was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "token_consumption::TokenTask")]
pub(super) enum TokenTask {
    /// The answer itself.
    ChatCompletion,
    /// The choice of tools.
    ToolSelection,
    /// Something a tool needed.
    CallWithinTool,
}

/// What the tokens were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "token_consumption::TokenType")]
pub(super) enum TokenType {
    /// Read, and new to the provider.
    InputNoncached,
    /// Read, and known to the provider.
    InputCached,
    /// Written.
    Completion,
}
