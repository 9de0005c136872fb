//! A filter as SQL. Every condition is true or false, never unknown.

use super::dialect::reference;
use super::sql::Sql;
use crate::explore::bind::{Compare, Filter, Quantifier, Scalar};
use crate::explore::catalog::{Column, Entity, Kind};

impl Sql<'_> {
    /// ` AND …` of a filter, if there is one.
    pub(super) fn filtered(&mut self, entity: &Entity, alias: &str, filter: Option<&Filter>) {
        if let Some(filter) = filter {
            self.push(" AND ");
            self.condition(entity, alias, filter);
        }
    }

    fn condition(&mut self, entity: &Entity, alias: &str, filter: &Filter) {
        let dialect = self.dialect;
        let name = |at: &usize| reference(alias, &entity.columns[*at]);
        match filter {
            Filter::All(all) => self.joined(entity, alias, all, " AND ", "1 = 1"),
            Filter::Any(any) => self.joined(entity, alias, any, " OR ", "1 = 0"),
            Filter::Not(inner) => {
                self.push("(");
                self.condition(entity, alias, inner);
                self.push(") IS NOT TRUE");
            }
            Filter::Is(at, compare, scalar) => {
                self.compare(alias, &entity.columns[*at], *compare, scalar);
            }
            Filter::In(_, values) if values.is_empty() => self.push("1 = 0"),
            Filter::In(at, values) => {
                dialect.is_in(self, &name(at), entity.columns[*at].kind, values);
            }
            Filter::Null(at) => {
                self.column(alias, &entity.columns[*at]);
                self.push(" IS NULL");
            }
            Filter::Text(at, place, text) => dialect.has_text(self, &name(at), *place, text),
            Filter::Has(at, texts) => dialect.has_any(self, &name(at), texts),
            Filter::Json(at, path, eq) => dialect.json(self, &name(at), path, eq.as_ref()),
            Filter::One(at, inner) | Filter::Many(at, Quantifier::Some, inner) => {
                self.related(entity, alias, *at, inner);
            }
            Filter::Many(at, Quantifier::None, inner) => {
                self.push("NOT ");
                self.related(entity, alias, *at, inner);
            }
            Filter::Many(at, Quantifier::Every, inner) => {
                self.push("NOT ");
                let other = Filter::Not(inner.clone());
                self.related(entity, alias, *at, &other);
            }
            Filter::Search(terms) if terms.iter().all(|term| term.excluded) => {
                self.push("1 = 0");
            }
            Filter::Search(terms) => dialect.search(self, entity, alias, terms),
        }
    }

    fn joined(&mut self, entity: &Entity, alias: &str, list: &[Filter], by: &str, none: &str) {
        if list.is_empty() {
            self.push(none);
            return;
        }
        self.push("(");
        for (at, filter) in list.iter().enumerate() {
            if at > 0 {
                self.push(by);
            }
            self.condition(entity, alias, filter);
        }
        self.push(")");
    }

    fn related(&mut self, entity: &Entity, alias: &str, at: usize, filter: &Filter) {
        let relation = &entity.relations[at];
        let target = relation.target();
        let other = self.exists(entity, alias, relation);
        self.scoped(target, &other);
        self.filtered(target, &other, Some(filter));
        self.push(")");
    }

    fn compare(&mut self, alias: &str, column: &Column, compare: Compare, scalar: &Scalar) {
        let dialect = self.dialect;
        let operator = match compare {
            Compare::Eq => " = ",
            Compare::Ne => " IS DISTINCT FROM ",
            Compare::Lt => " < ",
            Compare::Lte => " <= ",
            Compare::Gt => " > ",
            Compare::Gte => " >= ",
        };
        let ranged = !matches!(compare, Compare::Eq | Compare::Ne);
        if ranged && column.kind == Kind::Text {
            let name = dialect.sortable(&reference(alias, column), column.kind);
            self.push(&name);
        } else {
            self.column(alias, column);
        }
        self.push(operator);
        self.scalar(scalar);
    }
}
