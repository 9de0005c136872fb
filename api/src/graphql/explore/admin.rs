//! What exists, as data: an admin screen is made of it and needs no code of its own.

use async_graphql::{Context, Enum, Object, SimpleObject};
use entity::scope::Rule;
use service::explore::Access;
use service::explore::catalog::{
    Column, Direction, Entity, Kind, Relation, catalog, screaming_case,
};
use service::explore::change::{may_create, may_delete, may_update, writable};

use crate::error::ApiError;
use crate::graphql::caller;

#[derive(Debug, Default)]
pub(in crate::graphql) struct AdminQuery;

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
struct AdminRights {
    /// Read them.
    read: bool,
    /// Make new ones.
    create: bool,
    /// Change them.
    update: bool,
    /// Delete them.
    delete: bool,
}

/// A column as a screen needs to know it.
#[derive(Debug, SimpleObject)]
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

impl AdminEntity {
    fn of(entity: &Entity, access: &Access) -> Self {
        let columns = entity.columns.iter();
        let columns = columns.filter(|column| access.reads_column(entity, column));
        let relations = entity.relations.iter();
        let relations = relations.filter(|relation| access.reads(relation.target()));
        let (scope, column) = match entity.rule() {
            Rule::Own(column) => (AdminScope::Own, Some(column)),
            Rule::Via(column, _) => (AdminScope::Via, Some(column)),
            Rule::Public => (AdminScope::Public, None),
            Rule::Staff => (AdminScope::Staff, None),
        };
        let field = |column| Some(entity.columns[entity.position(column)?].field.clone());
        let order = entity.default_order.iter().map(|term| {
            let direction = match term.direction {
                Direction::Ascending => "ASC",
                Direction::Descending => "DESC",
            };
            let name = screaming_case(&entity.columns[term.column].field);
            format!("{name}_{direction}")
        });
        let writes = access.writes(entity);
        Self {
            name: entity.name.clone(),
            single: entity.single.clone(),
            plural: entity.plural.clone(),
            label: label(&entity.single),
            plural_label: label(&entity.plural),
            domain: entity.resource.domain.to_owned(),
            doc: entity.doc.to_owned(),
            key: entity.key_column().field.clone(),
            scope,
            scope_field: column.and_then(field),
            searchable: entity.is_searchable(),
            default_order: order.collect(),
            columns: columns
                .map(|column| AdminColumn::of(entity, column))
                .collect(),
            relations: relations.map(|to| AdminRelation::of(entity, to)).collect(),
            may: AdminRights {
                read: true,
                create: writes && may_create(entity),
                update: writes && may_update(entity),
                delete: writes && may_delete(entity),
            },
        }
    }
}

impl AdminColumn {
    fn of(entity: &Entity, column: &Column) -> Self {
        let kind = match column.kind {
            Kind::Uuid => AdminKind::Uuid,
            Kind::Text => AdminKind::Text,
            Kind::Int => AdminKind::Int,
            Kind::Big => AdminKind::BigInt,
            Kind::Float => AdminKind::Float,
            Kind::Bool => AdminKind::Boolean,
            Kind::Time => AdminKind::DateTime,
            Kind::Date => AdminKind::Date,
            Kind::Json => AdminKind::Json,
            Kind::List => AdminKind::List,
            Kind::Bytes => AdminKind::Bytes,
            Kind::Enum(_) => AdminKind::Enum,
        };
        let values = match column.kind {
            Kind::Enum(words) => words.values.as_slice(),
            _ => &[],
        };
        let values = values.iter().map(|word| AdminValue {
            name: word.name.clone(),
            doc: word.doc.to_owned(),
        });
        Self {
            field: column.field.clone(),
            name: screaming_case(&column.field),
            label: label(&column.field),
            doc: column.doc.to_owned(),
            kind,
            type_name: column.kind.type_name().to_owned(),
            nullable: column.nullable,
            default: column.default.map(ToOwned::to_owned),
            values: values.collect(),
            sortable: column.kind.is_ordered(),
            groupable: column.kind.is_groupable(),
            summable: column.kind.is_number(),
            slow: !column.served,
            on_create: may_create(entity) && writable(entity, column, true),
            on_update: may_update(entity) && writable(entity, column, false),
        }
    }
}

impl AdminRelation {
    fn of(entity: &Entity, relation: &Relation) -> Self {
        let target = relation.target();
        Self {
            field: relation.field.clone(),
            label: label(&relation.field),
            doc: relation.doc.to_owned(),
            many: relation.many,
            required: relation.required,
            target: target.name.clone(),
            from: entity.columns[relation.from].field.clone(),
            to: target.columns[relation.to].field.clone(),
        }
    }
}

/// `documentUrl` as `Document URL`.
fn label(name: &str) -> String {
    const SHORT: [&str; 8] = ["API", "ID", "IP", "JSON", "NFT", "TTL", "URL", "UTC"];
    let words = screaming_case(name);
    let words = words.split('_').enumerate().map(|(at, word)| {
        if SHORT.contains(&word) {
            return word.to_owned();
        }
        let small = word.to_ascii_lowercase();
        match small.strip_prefix(|_: char| at == 0) {
            Some(rest) => format!("{}{rest}", &word[..1]),
            None => small,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_field_has_a_name_for_people() {
        for (field, expected) in [
            ("id", "ID"),
            ("userId", "User ID"),
            ("documentUrl", "Document URL"),
            ("apiKeys", "API keys"),
            ("inspiration1Title", "Inspiration1 title"),
            ("opportunityCards", "Opportunity cards"),
        ] {
            assert_eq!(label(field), expected);
        }
    }
}
