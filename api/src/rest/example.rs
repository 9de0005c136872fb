//! Examples for the `OpenAPI` document: of every body, made of the examples of its fields.
//!
//! A field without an example of its own has one by its format, by its words, or by its name
//! ([`NAMED`]). A test refuses what none of these knows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::{Content, OpenApi, RefOr, Schema, SchemaFormat};

/// What a text is where nobody says: no example should have it.
pub(super) const UNKNOWN: &str = "string";
/// How deep a schema is followed.
const DEEPEST: usize = 12;

/// What fields of these names look like.
const NAMED: &[(&str, &str)] = &[
    ("after", "eyJjdXJzb3IiOjF9"),
    ("answer", "busy, come back later"),
    ("arguments", "{\"query\":\"quarterly report\"}"),
    ("capabilities", "search"),
    ("category", "research"),
    ("claimed_by", "worker-3"),
    ("company_id", "northwind"),
    ("company_name", "Northwind"),
    ("content", "What shipped last week?"),
    ("content_type", "application/pdf"),
    ("description", "Reads release notes and sums them up"),
    ("detail", "there is no such run"),
    ("disabled_reason", "nothing but failures for 5 days"),
    ("document_name", "trend-report.pdf"),
    ("document_url", "https://files.example.com/trend-report.pdf"),
    ("email", "ann@example.com"),
    ("error", "the answer was 503"),
    ("error_message", "the document has no text"),
    ("event_type", "run.completed"),
    ("filename", "trend-report.pdf"),
    ("goal", "Know what competitors ship"),
    ("icon", "magnifier"),
    ("inspiration1_content", "Shelves that answer questions"),
    ("inspiration1_elements", "a screen"),
    ("inspiration1_title", "The talking shelf"),
    ("inspiration2_content", "Tasting by appointment"),
    ("inspiration2_elements", "a calendar"),
    ("inspiration2_title", "The tasting hour"),
    ("ip", "203.0.113.7"),
    ("key", "ck_live_7d1c9a30_pZ3n8Yk2"),
    ("kind", "completed"),
    ("label", "Ann's board"),
    ("locale", "en"),
    ("markdown_output", "# Trends"),
    ("message", "The report is done"),
    ("method", "password"),
    ("model", "gpt-4o-mini"),
    ("name", "Market researcher"),
    ("next", "q0Zk3mJxQy8"),
    ("operation_name", "Runs"),
    ("password", "correct horse battery"),
    ("pattern", "Subscriptions instead of sales"),
    ("payload", "{}"),
    ("pointer", "/name"),
    ("prefix", "7d1c9a30"),
    ("problem", "Buyers find the shelf dull"),
    ("provider", "github"),
    ("provider_job_id", "job_7f3a91"),
    ("purpose", "link"),
    ("q", "quarterly \"token usage\""),
    ("quick_win", "A taster in two stores"),
    ("reason", "no longer needed"),
    ("reasoning", "two sources must be read"),
    ("rejected", "the content is no PDF"),
    ("required_integrations", "github"),
    ("role", "user"),
    ("scopes", "read"),
    ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    (
        "sha256",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    ("solution", "A shelf that tells stories"),
    ("source", "billing"),
    ("status", "active"),
    ("subject", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ("suggestion", "Compare it with last quarter"),
    ("tagline", "The shelf that talks"),
    ("task", "summarise"),
    ("target_segment", "Families in cities"),
    ("text", "What shipped last week?"),
    ("timezone", "Europe/Zurich"),
    ("title", "Weekly round-up"),
    ("tool_name", "search"),
    ("type", "COMPLETION"),
    ("url", "https://hooks.example.com/chancery"),
    ("user_agent", "Mozilla/5.0 (X11; Linux x86_64)"),
    ("why_now", "Two rivals have begun"),
    ("worker", "worker-3"),
];

/// The schemas that examples are made of.
pub(super) struct Examples {
    schemas: BTreeMap<String, RefOr<Schema>>,
}

impl Examples {
    /// Those of a document.
    pub(super) fn of(document: &OpenApi) -> Self {
        let components = document.components.as_ref();
        Self {
            schemas: components
                .map(|all| all.schemas.clone())
                .unwrap_or_default(),
        }
    }

    /// Give an operation's bodies examples, where it has none.
    pub(super) fn fill(&self, path: &str, operation: &mut Operation) {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            for (kind, content) in &mut body.content {
                self.content(kind, content, None);
            }
        }
        for (status, answer) in &mut operation.responses.responses {
            let RefOr::T(answer) = answer else { continue };
            let problem = problem(path, status);
            for (kind, content) in &mut answer.content {
                self.content(kind, content, problem.as_ref());
            }
        }
    }

    fn content(&self, kind: &str, content: &mut RefOr<Content>, problem: Option<&Value>) {
        let RefOr::T(content) = content else { return };
        if content.example.is_some() || !content.examples.is_empty() || !kind.contains("json") {
            return;
        }
        content.example = match (kind.contains("problem"), problem) {
            (true, Some(problem)) => Some(problem.clone()),
            _ => content
                .schema
                .as_ref()
                .map(|schema| self.value("", schema, 0)),
        };
    }

    /// What a field called `name` looks like.
    fn value(&self, name: &str, schema: &RefOr<Schema>, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        let schema = match schema {
            RefOr::T(schema) => schema,
            RefOr::Ref(place) => {
                let known = place.ref_location.rsplit('/').next().unwrap_or_default();
                return match self.schemas.get(known) {
                    Some(schema) => self.value(name, schema, depth + 1),
                    None => Value::Null,
                };
            }
        };
        match schema {
            Schema::Object(object) => self.object(name, object, depth),
            Schema::Array(array) => match (&array.example, &array.items) {
                (Some(example), _) => example.clone(),
                (None, ArrayItems::RefOrSchema(items)) => {
                    json!([self.value(name, items, depth + 1)])
                }
                (None, ArrayItems::False) => json!([]),
            },
            Schema::AllOf(all) => {
                if let Some(example) = &all.example {
                    return example.clone();
                }
                let mut members = Map::new();
                for part in &all.items {
                    if let Value::Object(more) = self.value(name, part, depth + 1) {
                        members.extend(more);
                    }
                }
                members.into()
            }
            Schema::OneOf(one) => one.example.clone().unwrap_or_else(|| {
                // `null` comes first where something may be missing.
                let all = one
                    .items
                    .iter()
                    .map(|item| self.value(name, item, depth + 1));
                all.fold(
                    Value::Null,
                    |found, next| if found.is_null() { next } else { found },
                )
            }),
            Schema::AnyOf(any) => any.example.clone().unwrap_or_else(|| {
                let first = any.items.first();
                first.map_or(Value::Null, |item| self.value(name, item, depth + 1))
            }),
            _ => Value::Null,
        }
    }

    fn object(&self, name: &str, object: &Object, depth: usize) -> Value {
        if let Some(example) = object.example.as_ref().or_else(|| object.examples.first()) {
            return example.clone();
        }
        if let Some(word) = object.enum_values.as_ref().and_then(|words| words.first()) {
            return word.clone();
        }
        let kind = match &object.schema_type {
            SchemaType::Type(kind) => Some(kind),
            SchemaType::Array(kinds) => kinds.iter().find(|kind| !matches!(kind, Type::Null)),
            SchemaType::AnyValue => None,
        };
        match kind {
            Some(Type::Boolean) => json!(true),
            Some(Type::Integer) => json!(1),
            Some(Type::Number) => json!(0.5),
            Some(Type::Array) => json!([]),
            Some(Type::Null) => Value::Null,
            Some(Type::String) => text(name, object.format.as_ref()).into(),
            Some(Type::Object) | None => {
                let members = object.properties.iter();
                let members = members.map(|(name, schema)| {
                    let value = self.value(name, schema, depth + 1);
                    (name.clone(), value)
                });
                members.collect::<Map<_, _>>().into()
            }
        }
    }
}

fn text(name: &str, format: Option<&SchemaFormat>) -> String {
    let format = format.and_then(|format| serde_json::to_value(format).ok());
    let known = match format.as_ref().and_then(Value::as_str) {
        Some("uuid") => Some("019bc0de-0000-7000-8000-000000000001"),
        Some("date-time") => Some("2026-01-15T09:30:00Z"),
        Some("binary") => Some(""),
        _ => NAMED
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| *text),
    };
    known.unwrap_or(UNKNOWN).to_owned()
}

/// The problem of a status.
fn problem(path: &str, status: &str) -> Option<Value> {
    let (code, title, detail) = match status {
        "400" if path.contains("/webhooks/") => {
            ("malformed", "Bad Request", "the body is not JSON")
        }
        "400" => (
            "cursor.bad",
            "Bad Request",
            "the cursor is not one of this list",
        ),
        "401" => ("unauthenticated", "Unauthorized", "sign in, or send a key"),
        "403" => ("forbidden", "Forbidden", "you may not do that"),
        "404" => ("not_found", "Not Found", "there is no such row"),
        "408" => (
            "request.timeout",
            "Request Timeout",
            "the body did not come in time",
        ),
        "409" => (
            "idempotency.in_flight",
            "Conflict",
            "the same request is being done",
        ),
        "410" => ("storage.missing", "Gone", "the file's bytes are gone"),
        "412" => (
            "version.conflict",
            "Precondition Failed",
            "somebody has changed it since",
        ),
        "413" => ("too_large", "Payload Too Large", "the body is too large"),
        "415" => (
            "unsupported_media_type",
            "Unsupported Media Type",
            "send JSON",
        ),
        "416" => (
            "upload.range",
            "Range Not Satisfiable",
            "no part of the file is in the range",
        ),
        "422" => ("invalid", "Unprocessable Entity", "one value is wrong"),
        "423" => ("upload.locked", "Locked", "somebody else is sending"),
        "428" => (
            "version.required",
            "Precondition Required",
            "name the version that you read in If-Match",
        ),
        "460" => (
            "upload.checksum_mismatch",
            "Checksum Mismatch",
            "what came is not what was sent",
        ),
        "429" => (
            "auth.too_many_failures",
            "Too Many Requests",
            "too many failures",
        ),
        "503" => (
            "database_unavailable",
            "Service Unavailable",
            "the database cannot be reached",
        ),
        "default" => ("internal", "Internal Server Error", "internal error"),
        _ => return None,
    };
    let number = status.parse().unwrap_or(500_u16);
    let mut problem = json!({
        "type": format!("{}/{code}", crate::urls::path::ERRORS), "title": title, "status": number,
        "detail": detail, "code": code, "request_id": "019bc0de-0000-7000-8000-00000000000a",
    });
    if code == "invalid" {
        problem["errors"] = json!([{ "pointer": "/name", "detail": "must not be empty" }]);
    }
    Some(problem)
}
