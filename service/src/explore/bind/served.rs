//! Whether an index serves a list, or its rows must be looked through.

use super::{Compare, Filter, ListArgs};
use crate::explore::catalog::Entity;

impl ListArgs {
    /// Whether an index serves the list: the rows are found by one, or read in order and all taken.
    pub fn is_served(&self, entity: &Entity) -> bool {
        let first = self.order.first().map(|term| term.column);
        match &self.filter {
            // From one key on, key by key, every row that is read is taken.
            Some(filter) if first == Some(entity.key) && filter.is_range(entity.key) => true,
            Some(filter) => filter.is_served(entity),
            None => first.is_some_and(|column| entity.columns[column].served),
        }
    }
}

impl Filter {
    /// Whether an index can find the rows, or at least one of the columns that it looks at: what
    /// is looked at beside it is looked at in few rows. A range of keys finds nothing: keys say
    /// nothing, so whoever asks for one means where to go on, or all rows.
    pub fn is_served(&self, entity: &Entity) -> bool {
        match self {
            Self::All(all) => all.iter().any(|filter| filter.is_served(entity)),
            Self::Any(any) => any.iter().all(|filter| filter.is_served(entity)),
            Self::Is(at, Compare::Eq, _) | Self::In(at, _) => entity.columns[*at].served,
            Self::Is(at, compare, _) => {
                *compare != Compare::Ne && *at != entity.key && entity.columns[*at].served
            }
            Self::Search(_) => true,
            Self::Not(_)
            | Self::Null(_)
            | Self::Text(..)
            | Self::Has(..)
            | Self::Json(..)
            | Self::One(..)
            | Self::Many(..) => false,
        }
    }

    /// Whether it is a range of `column`'s values and nothing else.
    fn is_range(&self, column: usize) -> bool {
        match self {
            Self::All(all) => all.iter().all(|filter| filter.is_range(column)),
            Self::Is(at, compare, _) => {
                *at == column && !matches!(compare, Compare::Eq | Compare::Ne)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::actor::Actor;
    use crate::explore::access::Access;
    use crate::explore::catalog::catalog;

    fn is_served(filter: &Value, order: &str) -> bool {
        let entity = catalog().of_table("runs").unwrap();
        let access = Access::of(&Actor::System("test")).unwrap();
        let args = json!({ "filter": filter, "orderBy": order });
        let args = args.as_object().unwrap();
        let list = ListArgs::read(entity, &access, args, None).unwrap();
        list.is_served(entity)
    }

    #[test]
    fn a_range_of_keys_serves_only_those_who_go_from_key_to_key() {
        let key = "00000000-0000-7000-8000-000000000000";
        let range = json!({ "id": { "gte": key } });
        let more = json!({ "id": { "gte": key }, "companyName": { "contains": "x" } });
        let one = json!({ "id": { "eq": key }, "companyName": { "contains": "x" } });
        let recent = json!({ "createdAt": { "gte": "2026-01-01T00:00:00Z" } });
        assert!(is_served(&range, "ID_ASC"));
        assert!(!is_served(&range, "CREATED_AT_DESC"));
        assert!(!is_served(&more, "ID_ASC"));
        assert!(!is_served(&json!({ "or": [range, one] }), "ID_ASC"));
        assert!(is_served(&one, "CREATED_AT_DESC"));
        assert!(is_served(&recent, "CREATED_AT_DESC"));
    }
}
