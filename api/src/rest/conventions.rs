//! What the `OpenAPI` document says of many operations alike, so that no route has to repeat it:
//! pages, tags, keys of repetition, refusals and examples.

use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{
    Content, Header, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema,
};
use utoipa::{IntoParams, PartialSchema};

use super::example::Examples;
use super::list::PageQuery;
use crate::error::Problem;
use crate::urls::path::{API, INBOUND, NONCE};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Completes the document.
pub(crate) fn complete(document: &mut OpenApi) {
    let examples = Examples::of(document);
    for (path, item) in &mut document.paths.paths {
        // One function may answer both, and each is an operation.
        if let (Some(get), Some(head)) = (&item.get, &mut item.head)
            && get.operation_id == head.operation_id
        {
            let id = head.operation_id.take();
            head.operation_id = id.map(|id| format!("{id}_head"));
        }
        for (method, operation) in operations(item) {
            lists(operation);
            tags(operation);
            if method == "post" && path.starts_with(API) && !is_unkeyed(path) {
                repetition(operation);
            }
            refusals(operation);
            examples.fill(path, operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", item.get.as_mut()),
        ("head", item.head.as_mut()),
        ("post", item.post.as_mut()),
        ("put", item.put.as_mut()),
        ("patch", item.patch.as_mut()),
        ("delete", item.delete.as_mut()),
        ("options", item.options.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// What every list takes and says.
fn lists(operation: &mut Operation) {
    if !is_list(operation) {
        return;
    }
    let shared = PageQuery::into_params(|| Some(ParameterIn::Query));
    for parameter in shared {
        take(operation, parameter);
    }
    for status in ["304", "400", "422"] {
        hear(operation, status);
    }
    let next = "`<…>; rel=\"next\"`: where the next page is, if there is one.";
    tell(operation, "Link", next);
}

/// Whether the operation answers a page of a list.
fn is_list(operation: &Operation) -> bool {
    let Some(RefOr::T(answer)) = operation.responses.responses.get("200") else {
        return false;
    };
    let Some(RefOr::T(content)) = answer.content.get(JSON) else {
        return false;
    };
    matches!(&content.schema, Some(RefOr::Ref(Ref { ref_location, .. }))
        if ref_location.contains("/List_"))
}

/// What is read has a tag, and what is changed may name one.
fn tags(operation: &mut Operation) {
    if operation.responses.responses.contains_key("304") {
        let text = "The tags of what you have: while it is that, the answer is an empty 304.";
        take(operation, header("If-None-Match", text));
        tell(operation, "ETag", "Which state this is.");
    }
    // The 412 of tus is about its version.
    let tus = parameters(operation).any(|one| one.name == "tus-resumable");
    if operation.responses.responses.contains_key("412") && !tus {
        let text = "The tag of what you have read: when it is no longer that, nothing is changed.";
        take(operation, header("If-Match", text));
    }
}

/// Whether a POST is not done once for its key: a nonce is good for nothing twice, and what a source
/// tells has an id of its own.
fn is_unkeyed(path: &str) -> bool {
    [NONCE, INBOUND].contains(&path)
}

/// What makes a POST safe to send again.
fn repetition(operation: &mut Operation) {
    let text = "A fresh UUID. The same request under the same key is done once, and answered alike \
                for 24 hours.";
    take(operation, header("Idempotency-Key", text));
}

/// Every refusal is a problem with a sentence on when it comes.
fn refusals(operation: &mut Operation) {
    let other = ResponseBuilder::new().content(PROBLEM, content_of_problem());
    let other = other
        .description("Another refusal: its `type` leads to what it means.")
        .build();
    let all = &mut operation.responses.responses;
    all.entry("default".to_owned()).or_insert(RefOr::T(other));
    for (status, answer) in all {
        let RefOr::T(answer) = answer else { continue };
        if is_problem(answer.content.get(JSON))
            && let Some(content) = answer.content.shift_remove(JSON)
        {
            answer.content.insert(PROBLEM.to_owned(), content);
        }
        if answer.description.is_empty() {
            answer.description = sentence(status);
        }
    }
}

fn is_problem(content: Option<&RefOr<Content>>) -> bool {
    let Some(RefOr::T(content)) = content else {
        return false;
    };
    matches!(&content.schema, Some(RefOr::Ref(place)) if place.ref_location.ends_with("/Problem"))
}

fn content_of_problem() -> Content {
    let place = Ref::from_schema_name(<Problem as utoipa::ToSchema>::name());
    Content::new(Some(RefOr::Ref::<Schema>(place)))
}

/// When an answer has this status.
fn sentence(status: &str) -> String {
    let known = match status {
        "304" => "It is what you have.",
        "400" => "The request cannot be read, or a cursor is not of this list.",
        "401" => "Nobody is known behind the request.",
        "403" => "The caller may not.",
        "404" => "No such row, or not the caller's.",
        "408" => "The request did not arrive in time.",
        "409" => "The state of things forbids it.",
        "410" => "It was there, and is no more.",
        "412" => "It is no longer what `If-Match` names.",
        "413" => "The body is larger than the route takes.",
        "415" => "The body is of a type that the route does not take.",
        "416" => "No part of the content is in the range.",
        "422" => "It can be read, and is wrong: each of `errors` points at a value.",
        "423" => "Somebody holds it.",
        "428" => "`If-Match` must name what was read.",
        "429" => "Too many: `Retry-After` says when to come again.",
        "460" => "What came is not what was sent.",
        other => {
            let status = other
                .parse()
                .ok()
                .and_then(|code| StatusCode::from_u16(code).ok());
            let reason = status.and_then(|status| status.canonical_reason());
            return format!("{}.", reason.unwrap_or("Another answer"));
        }
    };
    known.to_owned()
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    let all = operation.parameters.iter().flatten();
    all.filter_map(|one| match one {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

/// One more parameter, unless the route tells of it itself.
fn take(operation: &mut Operation, parameter: Parameter) {
    let same = |one: &Parameter| one.name.eq_ignore_ascii_case(&parameter.name);
    if !parameters(operation).any(same) {
        let all = operation.parameters.get_or_insert_default();
        all.push(RefOr::T(parameter));
    }
}

fn header(name: &str, text: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(text))
        .schema(Some(String::schema()))
        .build()
}

/// One more answer, unless the route tells of it itself.
fn hear(operation: &mut Operation, status: &str) {
    let all = &mut operation.responses.responses;
    let answer = all.entry(status.to_owned());
    answer.or_insert_with(|| {
        let answer = ResponseBuilder::new();
        let answer = if status == "304" {
            answer
        } else {
            answer.content(PROBLEM, content_of_problem())
        };
        RefOr::T(answer.build())
    });
}

/// One more header of the good answer.
fn tell(operation: &mut Operation, name: &str, text: &str) {
    let good = operation.responses.responses.get_mut("200");
    if let Some(RefOr::T(Response { headers, .. })) = good {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        let header: Header = HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(text))
            .build();
        headers.entry(name.to_owned()).or_insert(RefOr::T(header));
    }
}
