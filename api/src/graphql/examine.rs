//! A look at a document that nobody runs yet: whether it would be let through.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::parser::parse_query;
use async_graphql::{Request, Schema, ServerError, ValidationResult, Variables};
use service::document::{Examined, LONGEST};

use super::limits::Rows;
use super::{Mutation, Query, Subscription, limits, tokens};

/// What is wrong with a document, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(String);

/// A schema that validates documents and runs none.
static VALIDATOR: LazyLock<Schema<Query, Mutation, Subscription>> =
    LazyLock::new(|| super::builder().extension(StopThere).finish());

/// See whether a document would be let through: one operation, within the limits, of the schema.
pub async fn examine(text: String) -> Result<Examined, Wrong> {
    let limited = |limit: limits::Limit| Wrong(limit.message);
    if text.len() > LONGEST {
        return Err(Wrong(format!("has more than {LONGEST} bytes")));
    }
    tokens::check(&text).map_err(limited)?;
    let document = parse_query(&text).map_err(|error| Wrong(error.to_string()))?;
    let mut operations = document.operations.iter();
    let (name, _) = operations
        .next()
        .filter(|_| operations.next().is_none())
        .ok_or_else(|| Wrong("has not exactly one operation".to_owned()))?;
    let name = name.map(ToString::to_string);
    // A page whose size comes later counts as a usual one, and is counted again when it is known.
    limits::check(&document, &Variables::default(), true, Rows::Page).map_err(limited)?;

    let valid = Valid::default();
    let mut request = Request::new(&text).data(valid.clone());
    request.operation_name.clone_from(&name);
    request.set_parsed_query(document);
    let answer = VALIDATOR.execute(request).await;
    if valid.0.load(Ordering::Relaxed) {
        return Ok(Examined { text, name });
    }
    let told = answer.errors.iter().map(|error| {
        let place = error.locations.first();
        let place = place.map(|pos| format!("line {}, column {}: ", pos.line, pos.column));
        format!("{}{}", place.unwrap_or_default(), error.message)
    });
    Err(Wrong(told.collect::<Vec<_>>().join("; ")))
}

/// Whether the document was found valid.
#[derive(Clone, Debug, Default)]
struct Valid(Arc<AtomicBool>);

/// Stops when the document is validated, whatever came of it.
struct StopThere;

impl ExtensionFactory for StopThere {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for StopThere {
    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(context).await?;
        if let Some(valid) = context.data_opt::<Valid>() {
            valid.0.store(true, Ordering::Relaxed);
        }
        Err(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_document_that_would_be_refused_is_not_let_through() {
        for (text, wrong) in [
            ("query Mine { me { id } }", ""),
            ("query($n: Int!) { runs(first: $n) { nodes { id } } }", ""),
            ("mutation { distrustDocument(hash: \"a\") }", ""),
            ("{ me", "expected"),
            ("fragment F on User { id }", "an operation"),
            (
                "query A { me { id } } query B { me { id } }",
                "exactly one operation",
            ),
            ("{ nothing }", "line 1, column 3: Unknown field"),
            ("query($n: Int!) { me { id } }", "not used"),
            ("{ me { ...F } }", "Unknown fragment"),
            ("{ a: me { id } a: run(id: 1) { id } }", "conflict"),
        ] {
            let found = examine(text.to_owned()).await;
            match found {
                Ok(examined) => {
                    assert_eq!(wrong, "", "{text}");
                    let name = text.contains("Mine").then_some("Mine");
                    assert_eq!(examined.name.as_deref(), name);
                }
                Err(Wrong(told)) => {
                    assert!(!wrong.is_empty() && told.contains(wrong), "{text}: {told}");
                }
            }
        }
        let many = format!("{{ {} }}", "a: me { id } ".repeat(31));
        assert!(examine(many).await.is_err());
        let long = format!("{{ me {{ id }} }}{}", " ".repeat(LONGEST));
        assert!(examine(long).await.is_err());
    }
}
