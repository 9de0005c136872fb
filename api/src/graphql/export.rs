//! A document whose rows are exported: it goes through the gate that every document goes through,
//! and its one list is handed over instead of being answered.

use async_graphql::{Response as Answer, Value};
use serde_json::Map;
use service::Ctx;
use service::explore::{Export, Format};

use super::execute::{Api, Stop};
use super::question::Params;
use crate::error::{ApiError, Door};

/// Which rows, as GraphQL asks for them.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The document's text, or `sha256:` and its hash.
    pub document: String,
    pub variables: Map<String, serde_json::Value>,
    pub operation_name: Option<String>,
}

impl Api {
    /// What `asked` exports, and what the list is called.
    pub(crate) async fn export(
        &self,
        ctx: &Ctx,
        asked: Asked,
        format: Format,
        cursor: bool,
    ) -> Result<(Export, &'static str), ApiError> {
        let named = asked.document.starts_with("sha256:");
        let (query, document_id) = if named {
            (None, Some(asked.document))
        } else {
            (Some(asked.document), None)
        };
        let params = Params {
            query,
            document_id,
            operation_name: asked.operation_name,
            variables: Some(asked.variables),
            extensions: None,
        };
        let list = self.list(ctx, params.question()?).await;
        let (plan, bound) = list.map_err(|stop| match stop {
            Stop::Door(error) => error,
            Stop::Answer(answer) => refused(&answer),
        })?;
        let export = Export::new(ctx, plan, bound, format, cursor)?;
        let name = export.name()?;
        Ok((export, name))
    }
}

/// What a document hears from GraphQL, as this door says it.
fn refused(answer: &Answer) -> ApiError {
    let first = answer.errors.first();
    let code = first
        .and_then(|error| error.extensions.as_ref())
        .and_then(|extensions| extensions.get("code"));
    let code = match code {
        Some(Value::String(code)) => code.as_str(),
        _ => "graphql.invalid",
    };
    let told = answer.errors.iter().map(|error| error.message.as_str());
    let told = told.collect::<Vec<_>>().join("; ");
    let at = first.and_then(|error| error.locations.first()).copied();
    Door::document(code, &told, at).into()
}
