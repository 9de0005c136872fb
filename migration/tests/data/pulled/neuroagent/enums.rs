//! The enum types of the database.

use sea_orm::entity::prelude::*;

/// A value of `entity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "entity")]
pub enum EntityValue {
    /// `USER`.
    #[sea_orm(string_value = "USER")]
    User,
    /// `AI_TOOL`.
    #[sea_orm(string_value = "AI_TOOL")]
    AiTool,
    /// `TOOL`.
    #[sea_orm(string_value = "TOOL")]
    Tool,
    /// `AI_MESSAGE`.
    #[sea_orm(string_value = "AI_MESSAGE")]
    AiMessage,
}

/// A value of `reasoninglevels`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "reasoninglevels")]
pub enum Reasoninglevels {
    /// `NONE`.
    #[sea_orm(string_value = "NONE")]
    None,
    /// `MINIMAL`.
    #[sea_orm(string_value = "MINIMAL")]
    Minimal,
    /// `LOW`.
    #[sea_orm(string_value = "LOW")]
    Low,
    /// `MEDIUM`.
    #[sea_orm(string_value = "MEDIUM")]
    Medium,
    /// `HIGH`.
    #[sea_orm(string_value = "HIGH")]
    High,
}

/// A value of `task`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "task")]
pub enum Task {
    /// `CHAT_COMPLETION`.
    #[sea_orm(string_value = "CHAT_COMPLETION")]
    ChatCompletion,
    /// `TOOL_SELECTION`.
    #[sea_orm(string_value = "TOOL_SELECTION")]
    ToolSelection,
    /// `CALL_WITHIN_TOOL`.
    #[sea_orm(string_value = "CALL_WITHIN_TOOL")]
    CallWithinTool,
}

/// A value of `tokentype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "tokentype")]
pub enum Tokentype {
    /// `INPUT_NONCACHED`.
    #[sea_orm(string_value = "INPUT_NONCACHED")]
    InputNoncached,
    /// `INPUT_CACHED`.
    #[sea_orm(string_value = "INPUT_CACHED")]
    InputCached,
    /// `COMPLETION`.
    #[sea_orm(string_value = "COMPLETION")]
    Completion,
}
