//! What exists, as data: an admin screen is made of it and needs no code of its own.

mod of;

use async_graphql::{Context, Enum, Object, SimpleObject};
use service::explore::{Access, catalog};

use crate::error::ApiError;
use crate::graphql::caller;

#[derive(Debug, Default)]
pub(in crate::graphql) struct AdminQuery;

#[expect(clippy::unused_async, reason = "the library asks for it")]
#[Object]
impl AdminQuery {
    /// The entities that the caller may read, and what they may do with each.
    async fn admin_schema(&self, context: &Context<'_>) -> Result<Option<AdminSchema>, ApiError> {
        let access = Access::of(&caller(context)?.actor)?;
        let entities = catalog().entities().iter();
        let entities = entities.filter(|entity| access.reads(entity));
        Ok(Some(AdminSchema {
            entities: entities
                .map(|entity| AdminEntity::of(entity, &access))
                .collect(),
        }))
    }
}

/// What exists.
#[derive(Debug, SimpleObject)]
struct AdminSchema {
    /// The entities, parents first.
    entities: Vec<AdminEntity>,
}

/// An entity as a screen needs to know it.
#[derive(Debug, SimpleObject)]
struct AdminEntity {
    /// The type, such as `Run`.
    name: String,
    /// The root field that answers one row, such as `run`.
    single: String,
    /// The root field that answers many, such as `runs`.
    plural: String,
    /// What people call one row.
    label: String,
    /// What people call many.
    plural_label: String,
    /// The part of the system that it belongs to.
    domain: String,
    /// What a row is.
    doc: String,
    /// The field that holds the key.
    key: String,
    /// Whose rows these are.
    scope: AdminScope,
    /// The field that says so, where one does.
    scope_field: Option<String>,
    /// Whether `filter: {search: ..}` looks for words.
    searchable: bool,
    /// The order of a list that asks for none.
    default_order: Vec<String>,
    /// Its columns, without those that the caller may not read.
    columns: Vec<AdminColumn>,
    /// Where it leads.
    relations: Vec<AdminRelation>,
    /// What the caller may do.
    may: AdminRights,
}

/// Whose rows an entity's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum AdminScope {
    /// A person's, by a column.
    Own,
    /// Of whoever has the row that a column points at.
    Via,
    /// Everybody's to read.
    Public,
    /// The house's.
    Staff,
}

/// What the caller may do with an entity's rows, within their scope.
#[derive(Clone, Copy, Debug, SimpleObject)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
struct AdminRights {
    /// Read them.
    read: bool,
    /// Make new ones.
    create: bool,
    /// Change them.
    update: bool,
    /// Delete them.
    delete: bool,
    /// Put deleted ones back.
    restore: bool,
}

/// A column as a screen needs to know it.
#[derive(Debug, SimpleObject)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
struct AdminColumn {
    /// The field, such as `createdAt`.
    field: String,
    /// What orders, groups and measures call it, such as `CREATED_AT`.
    name: String,
    /// What people call it.
    label: String,
    /// What it is.
    doc: String,
    /// What its values are.
    kind: AdminKind,
    /// The type of its values in GraphQL.
    #[graphql(name = "type")]
    type_name: String,
    /// Whether it may be null.
    nullable: bool,
    /// What it is when nothing is said.
    default: Option<String>,
    /// The values of an enumeration, in their order.
    values: Vec<AdminValue>,
    /// Whether lists can be ordered by it.
    sortable: bool,
    /// Whether rows can be put together by it.
    groupable: bool,
    /// Whether its values can be added.
    summable: bool,
    /// Whether no index serves a list that is ordered by it: with many rows it is refused.
    slow: bool,
    /// Whether its value can be given when a row is made, by whoever may do that.
    on_create: bool,
    /// Whether its value can be changed, by whoever may do that.
    on_update: bool,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum AdminKind {
    /// 128 bits.
    Uuid,
    /// Text.
    Text,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    BigInt,
    /// A number.
    Float,
    /// True or false.
    Boolean,
    /// A moment.
    DateTime,
    /// A day.
    Date,
    /// Any JSON.
    Json,
    /// A list of texts.
    List,
    /// Bytes.
    Bytes,
    /// One of a few words.
    Enum,
}

/// A value of an enumeration.
#[derive(Debug, SimpleObject)]
struct AdminValue {
    /// The value.
    name: String,
    /// What it means.
    doc: String,
}

/// A way to other rows, as a screen needs to know it.
#[derive(Debug, SimpleObject)]
struct AdminRelation {
    /// The field, such as `cards`.
    field: String,
    /// What people call it.
    label: String,
    /// What it means.
    doc: String,
    /// Whether it leads to many rows.
    many: bool,
    /// Whether there is always another row.
    required: bool,
    /// The type of the other rows.
    target: String,
    /// The field here that the relation stands on.
    from: String,
    /// The field there.
    to: String,
}
