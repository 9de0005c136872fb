//! The admin schema, made from the catalogue.

use entity::scope::Rule;
use service::explore::Access;
use service::explore::catalog::{Column, Direction, Entity, Kind, Relation, screaming_case};
use service::explore::change::{may_create, may_delete, may_restore, may_update, writable};

use super::{
    AdminColumn, AdminEntity, AdminKind, AdminRelation, AdminRights, AdminScope, AdminValue,
};

impl AdminEntity {
    pub(super) fn of(entity: &Entity, access: &Access) -> Self {
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
                restore: access.restores(entity) && may_restore(entity),
            },
        }
    }
}

impl AdminColumn {
    pub(super) fn of(entity: &Entity, column: &Column) -> Self {
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
            name: word.value.clone(),
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
    pub(super) fn of(entity: &Entity, relation: &Relation) -> Self {
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
