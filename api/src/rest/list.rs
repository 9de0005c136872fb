//! How every list is asked for and answers: in pages, with the fields that are wanted, counted when
//! that is asked for, and with a tag of what was answered.
//!
//! A route takes a [`Listing`] of its own filters (or [`Plain`], without) and gives a page to [`Asked::answer`]; everything that
//! lists have in common is here, so that no list can be without it. The `OpenAPI` document says
//! it of every route that answers a [`List`] (`super::conventions`).

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::header::LINK;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::error::{Common, Error};
use service::page::{self, Count, Page};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use super::tag;
use crate::error::ApiError;
use crate::extract::Query;
use crate::urls::path::API;

/// What every list takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// The cursor of the page before.
    after: Option<String>,
    /// How many rows: 50 unless said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// Which fields of a row are wanted, with commas between them; its `id` comes anyhow.
    #[param(example = "id,created_at")]
    fields: Option<String>,
    /// Whether the whole list is counted, and how: `exact`, or `estimated`, which is as quick for a
    /// long list as for a short one.
    #[param(inline, value_type = Option<Counted>)]
    count: Option<Count>,
}

/// The words for it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "the document's words for the service's own type")]
enum Counted {
    Exact,
    Estimated,
}

/// No filters.
#[derive(Clone, Copy, Debug, Deserialize)]
struct All {}

impl IntoParams for All {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

/// What a list is filtered by, and how else it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Listing<F>(pub (F, Asked));

/// How a list was asked for, but for its filters.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    page: PageQuery,
    uri: Uri,
    headers: HeaderMap,
}

impl<S, F> FromRequestParts<S> for Listing<F>
where
    S: Send + Sync,
    F: DeserializeOwned + IntoParams + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Query(filter) = Query::<F>::from_request_parts(parts, state).await?;
        let Query(page) = Query::<PageQuery>::from_request_parts(parts, state).await?;
        only::<F>(&parts.uri)?;
        let asked = Asked {
            page,
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        };
        Ok(Self((filter, asked)))
    }
}

/// The same for a list without filters.
#[derive(Clone, Debug)]
pub(super) struct Plain(pub Asked);

impl<S: Send + Sync> FromRequestParts<S> for Plain {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Listing((All {}, asked)) = Listing::from_request_parts(parts, state).await?;
        Ok(Self(asked))
    }
}

/// Refuses a parameter that the list does not have: a filter with a slip in its name would answer
/// everything.
fn only<F: IntoParams>(uri: &Uri) -> Result<(), Error> {
    let known = |name: &str| {
        let there = |all: Vec<Parameter>| all.iter().any(|one| one.name == name);
        there(F::into_params(|| None)) || there(PageQuery::into_params(|| None))
    };
    let query = uri.query().unwrap_or_default();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        if !known(&name) {
            return Err(Common::invalid(name, "is no parameter of this list").into());
        }
    }
    Ok(())
}

impl Asked {
    /// The page that is wanted.
    pub(super) fn request(&self) -> page::Request {
        page::Request {
            after: self.page.after.clone(),
            limit: self.page.limit,
            count: self.page.count,
        }
    }

    /// The cursor that was given.
    pub(super) fn after(&self) -> Option<&str> {
        self.page.after.as_deref()
    }

    /// A page as an answer.
    pub(super) fn answer<T: Serialize + ToSchema>(
        self,
        page: Page<T>,
    ) -> Result<Response, ApiError> {
        let chosen = self.page.fields.as_deref().map(chosen::<T>).transpose()?;
        let Page { items, next, total } = page;
        let link = next.as_deref().and_then(|next| self.link(next));
        let total = total.map(|total| Total {
            count: total.count,
            exact: total.exact,
        });
        let mut response = match chosen {
            None => tag::whole(&self.headers, &List { items, next, total })?,
            Some(chosen) => {
                let items: Result<Vec<Value>, _> = items
                    .into_iter()
                    .map(|item| serde_json::to_value(item).map(|item| kept(item, &chosen)))
                    .collect();
                let items = items.map_err(Error::internal)?;
                tag::whole(&self.headers, &List { items, next, total })?
            }
        };
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        Ok(response)
    }

    /// Where the next page is: the same question with another cursor.
    fn link(&self, next: &str) -> Option<HeaderValue> {
        let kept = self.uri.query().unwrap_or_default();
        let kept = kept
            .split('&')
            .filter(|part| !part.is_empty() && !part.starts_with("after="));
        let after = format!("after={next}");
        let query: Vec<&str> = kept.chain([after.as_str()]).collect();
        let link = format!(
            "<{API}{}?{}>; rel=\"next\"",
            self.uri.path(),
            query.join("&")
        );
        HeaderValue::from_str(&link).ok()
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// How long the list is, when `count` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
}

/// How long a list is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Total {
    /// The number of its rows.
    #[schema(example = 120)]
    count: u64,
    /// Whether they were counted; else the database expects so many.
    exact: bool,
}

/// The fields that were asked for; one that `T` does not have is refused.
fn chosen<T: ToSchema>(fields: &str) -> Result<BTreeSet<String>, Error> {
    let known = properties::<T>();
    let mut chosen = BTreeSet::from(["id".to_owned()]);
    for name in fields.split(',').map(str::trim) {
        if !known.contains(name) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let detail = format!("there is no `{name}`; there are {}", known.join(", "));
            return Err(Common::invalid("fields", detail).into());
        }
        chosen.insert(name.to_owned());
    }
    Ok(chosen)
}

fn kept(item: Value, chosen: &BTreeSet<String>) -> Value {
    match item {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| chosen.contains(name))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// The names of the fields that a row has, as the document tells them.
fn properties<T: ToSchema>() -> BTreeSet<String> {
    let mut others = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut others);
    let mut found = BTreeSet::new();
    if let Some((_, schema)) = others.first() {
        gather(schema, &others, &mut found);
    }
    found
}

fn gather(schema: &RefOr<Schema>, known: &[(String, RefOr<Schema>)], found: &mut BTreeSet<String>) {
    match schema {
        RefOr::Ref(place) => {
            let name = place.ref_location.rsplit('/').next().unwrap_or_default();
            let named = known.iter().find(|(known, _)| known == name);
            if let Some((_, schema)) = named {
                gather(schema, known, found);
            }
        }
        RefOr::T(Schema::Object(object)) => found.extend(object.properties.keys().cloned()),
        RefOr::T(Schema::AllOf(all)) => {
            for part in &all.items {
                gather(part, known, found);
            }
        }
        RefOr::T(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, ToSchema)]
    struct Inner {
        id: u32,
    }

    #[derive(Serialize, ToSchema)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
        #[serde(rename = "kind")]
        sort: String,
    }

    #[test]
    fn a_rows_fields_are_those_of_the_document() {
        let row = Outer {
            inner: Inner { id: 7 },
            sort: "plain".to_owned(),
        };
        let written = serde_json::to_value(&row).unwrap();
        let written: BTreeSet<String> = written.as_object().unwrap().keys().cloned().collect();
        assert_eq!(properties::<Outer>(), written);

        let chosen = chosen::<Outer>("kind").unwrap();
        let row = kept(serde_json::to_value(&row).unwrap(), &chosen);
        assert_eq!(row, serde_json::json!({ "id": 7, "kind": "plain" }));
        let one = super::chosen::<Outer>("kind");
        assert_eq!(one.unwrap().len(), 2);
        let kind_only = super::chosen::<Outer>("id, sort").unwrap_err();
        assert_eq!(kind_only.fields()[0].pointer, "fields");
    }
}
