//! A slow and plain answer to a document: rows in memory, one field after the other.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value, json};
use service::explore::catalog::{Entity, Kind, Member, Relation, catalog, screaming_case};

use super::document::{Document, Field, Sel};
use super::world::{Row, Viewer, World, nulls_last, written};

/// Stands where a cursor is written: only its place in a list tells what is right.
pub(super) const CURSOR: &str = "\u{0}cursor";

/// The order of a list: columns, each with whether the largest comes first.
pub(super) type Terms = Vec<(usize, bool)>;

/// One document, one viewer.
pub(super) struct Asked<'a> {
    pub(super) world: &'a World,
    pub(super) viewer: Viewer,
    pub(super) document: &'a Document,
}

impl Asked<'_> {
    pub(super) fn answer(&self) -> Value {
        let fields = self.document.collect(&self.document.roots);
        let answers = fields
            .iter()
            .map(|field| (field.key.clone(), self.root(field)));
        Value::Object(answers.collect())
    }

    fn root(&self, field: &Field) -> Value {
        let mut entities = catalog().entities().iter();
        if field.name == "node" {
            let id = field.arg("id").unwrap();
            let id = BASE64.decode(id.as_str().unwrap()).unwrap();
            let id = String::from_utf8(id).unwrap();
            let (name, key) = id.split_once(':').unwrap();
            return self.single(catalog().of_type(name).unwrap(), &json!(key), field);
        }
        if let Some(entity) = entities.clone().find(|entity| entity.plural == field.name) {
            return self.connection(entity, self.world.seen(entity, self.viewer), field, None);
        }
        let entity = entities.find(|entity| entity.single == field.name).unwrap();
        self.single(entity, &field.arg("id").unwrap(), field)
    }

    fn single(&self, entity: &'static Entity, key: &Value, field: &Field) -> Value {
        let kind = entity.key_column().kind;
        let mut rows = self.world.seen(entity, self.viewer).into_iter();
        let is = |row: &&Row| as_text(&written(kind, &row[entity.key])) == as_text(key);
        rows.find(is)
            .map_or(Value::Null, |row| self.object(entity, row, &field.sels))
    }

    fn object(&self, entity: &'static Entity, row: &Row, sels: &[Sel]) -> Value {
        let fields = self.document.collect(sels).into_iter();
        let answers = fields.map(|field| {
            let value = match field.name.as_str() {
                "__typename" => json!(entity.name),
                "nodeId" => json!(node_id(entity, row)),
                name => match entity.member(name).unwrap() {
                    Member::Column(at) => written(entity.columns[at].kind, &row[at]),
                    Member::Relation(at) => {
                        let relation = &entity.relations[at];
                        let rows = self.world.related(relation, row, self.viewer);
                        let target = relation.target();
                        if relation.many {
                            self.connection(target, rows, &field, Some(relation))
                        } else {
                            rows.first()
                                .map_or(Value::Null, |row| self.object(target, row, &field.sels))
                        }
                    }
                },
            };
            (field.key, value)
        });
        Value::Object(answers.collect())
    }

    fn connection(
        &self,
        entity: &'static Entity,
        mut rows: Vec<&Row>,
        field: &Field,
        along: Option<&Relation>,
    ) -> Value {
        if let Some(filter) = field.arg("filter") {
            rows.retain(|row| self.world.satisfies(entity, row, &filter, self.viewer));
        }
        let terms = terms(entity, field.arg("orderBy").as_ref(), along);
        rows.sort_by(|one, other| compare(&terms, one, other));
        let page = self.cut(entity, &terms, &rows, field);
        let mut answer = Map::new();
        for field in self.document.collect(&field.sels) {
            let nodes = |sels: &[Sel]| -> Vec<Value> {
                page.rows
                    .iter()
                    .map(|row| self.object(entity, row, sels))
                    .collect()
            };
            let value = match field.name.as_str() {
                "__typename" => json!(format!("{}Connection", entity.name)),
                "totalCount" | "estimatedCount" => json!(rows.len()),
                "nodes" => json!(nodes(&field.sels)),
                "edges" => {
                    let edges = page.rows.iter();
                    edges.map(|row| self.edge(entity, row, &field)).collect()
                }
                "pageInfo" => self.page_info(&page, &field),
                "aggregate" => self.figures(entity, &rows, &field.sels, None),
                "groupBy" => self.groups(entity, &rows, &field),
                other => panic!("{other} is no field of a connection"),
            };
            answer.insert(field.key, value);
        }
        Value::Object(answer)
    }

    fn edge(&self, entity: &'static Entity, row: &Row, field: &Field) -> Value {
        let fields = self.document.collect(&field.sels).into_iter();
        let answers = fields.map(|field| {
            let value = match field.name.as_str() {
                "__typename" => json!(format!("{}Edge", entity.name)),
                "cursor" => json!(CURSOR),
                _ => self.object(entity, row, &field.sels),
            };
            (field.key, value)
        });
        Value::Object(answers.collect())
    }

    fn page_info(&self, page: &Page<'_>, field: &Field) -> Value {
        let cursor = if page.rows.is_empty() {
            Value::Null
        } else {
            json!(CURSOR)
        };
        let fields = self.document.collect(&field.sels).into_iter();
        let answers = fields.map(|field| {
            let value = match field.name.as_str() {
                "__typename" => json!("PageInfo"),
                "hasNextPage" => json!(page.next),
                "hasPreviousPage" => json!(page.previous),
                _ => cursor.clone(),
            };
            (field.key, value)
        });
        Value::Object(answers.collect())
    }
}

/// A page of a list.
struct Page<'a> {
    rows: Vec<&'a Row>,
    next: bool,
    previous: bool,
}

impl<'a> Asked<'a> {
    /// Between the edges, then so many rows from one end. In place of a cursor stands the key of its
    /// row, which need not be in the list any more.
    fn cut(&self, entity: &Entity, terms: &Terms, rows: &[&'a Row], field: &Field) -> Page<'a> {
        let edge = |name: &str| {
            let key = field.arg(name)?;
            let key = key.as_str().unwrap().to_owned();
            let is =
                |row: &&Row| as_text(&written(entity.key_column().kind, &row[entity.key])) == key;
            Some(self.world.rows(entity).iter().find(is).unwrap())
        };
        let (after, before) = (edge("after"), edge("before"));
        let mut between: Vec<&Row> = rows.to_vec();
        if let Some(edge) = after {
            between.retain(|row| compare(terms, row, edge) == Ordering::Greater);
        }
        if let Some(edge) = before {
            between.retain(|row| compare(terms, row, edge) == Ordering::Less);
        }
        let count = |name: &str| {
            field
                .arg(name)
                .map(|count| usize::try_from(count.as_u64().unwrap()).unwrap())
        };
        if let Some(last) = count("last") {
            let more = between.len() > last;
            let start = between.len().saturating_sub(last);
            return Page {
                rows: between.split_off(start),
                next: before.is_some(),
                previous: more,
            };
        }
        let first = count("first").unwrap_or(50);
        let more = between.len() > first;
        between.truncate(first);
        Page {
            rows: between,
            next: more,
            previous: after.is_some(),
        }
    }
}

pub(super) fn as_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The id among all rows.
pub(super) fn node_id(entity: &Entity, row: &Row) -> String {
    let key = as_text(&written(entity.key_column().kind, &row[entity.key]));
    BASE64.encode(format!("{}:{key}", entity.name))
}

/// The order of a list; the key decides at last.
pub(super) fn terms(entity: &Entity, order: Option<&Value>, along: Option<&Relation>) -> Terms {
    let mut terms = Vec::new();
    let items = match order {
        Some(Value::Array(items)) => items.clone(),
        Some(item) => vec![item.clone()],
        None => Vec::new(),
    };
    for item in &items {
        let item = item.as_str().unwrap();
        let (name, way) = item.rsplit_once('_').unwrap();
        let mut columns = entity.columns.iter();
        let at = columns.position(|column| screaming_case(&column.field) == name);
        // A column decides once.
        if terms.iter().all(|(known, _)| Some(*known) != at) {
            terms.push((at.unwrap(), way == "DESC"));
        }
    }
    if terms.is_empty() {
        terms = usual(entity, along);
    }
    let descending = terms.last().is_some_and(|(_, descending)| *descending);
    terms.push((entity.key, descending));
    terms
}

/// Numbered within the parent: in that order. Else the newest first.
fn usual(entity: &Entity, along: Option<&Relation>) -> Terms {
    let mut indexes = entity.resource.declaration.indexes.iter();
    let numbered = along.and_then(|relation| {
        let parent = entity.columns[relation.to].name;
        indexes.find_map(|index| match index.parts {
            [first, number] if index.unique && index.filter.is_none() && *first == parent => {
                let at = entity.position(number)?;
                let column = &entity.columns[at];
                let number = matches!(column.kind, Kind::Int | Kind::Big) && !column.nullable;
                number.then_some(at)
            }
            _ => None,
        })
    });
    if let Some(at) = numbered {
        return vec![(at, false)];
    }
    let made = ["created_at", "creation_date"];
    let time = entity
        .columns
        .iter()
        .position(|column| made.contains(&column.name) && column.kind == Kind::Time);
    time.map(|at| (at, true))
        .into_iter()
        .chain([(entity.key, true)])
        .collect()
}

/// Which of two rows comes first.
pub(super) fn compare(terms: &Terms, one: &Row, other: &Row) -> Ordering {
    let mut found = terms
        .iter()
        .map(|&(at, descending)| nulls_last(&one[at], &other[at], descending));
    found.find(|found| found.is_ne()).unwrap_or(Ordering::Equal)
}

/// Whether two values are the same but for how a sum was rounded.
pub(super) fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|other| alike(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Number(one), Value::Number(other)) => {
            // Reading a decimal back may miss it by the last bit.
            let near = |a: f64, b: f64| (a - b).abs() <= a.abs() * 1e-15;
            let floats = one.as_f64().zip(other.as_f64());
            one == other
                || (one.is_f64() || other.is_f64()) && floats.is_some_and(|(a, b)| near(a, b))
        }
        (Value::String(one), Value::String(other)) if other == CURSOR => !one.is_empty(),
        (one, other) => one == other,
    }
}
