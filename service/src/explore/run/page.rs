//! The order of a list and the edges of a page, as SQL.

use super::dialect::reference;
use super::sql::Sql;
use crate::explore::bind::{Edge, ListArgs, Scalar};
use crate::explore::catalog::{Direction, Entity, Term};

/// Which side of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    After,
    Before,
}

impl Sql<'_> {
    /// ` AND …`: between the edges of the page.
    pub(super) fn between(&mut self, entity: &Entity, alias: &str, list: &ListArgs) {
        for (edge, side) in [(&list.after, Side::After), (&list.before, Side::Before)] {
            if let Some(edge) = edge {
                self.push(" AND ");
                self.beyond(entity, alias, &list.order, edge, side);
            }
        }
    }

    /// Rows strictly on one side of an edge.
    fn beyond(&mut self, entity: &Entity, alias: &str, order: &[Term], edge: &Edge, side: Side) {
        let direction = order[0].direction;
        let plain = order
            .iter()
            .all(|term| term.direction == direction && !entity.columns[term.column].nullable);
        if plain {
            self.row_beyond(entity, alias, order, edge, side);
            return;
        }
        self.push("(");
        for (last, term) in order.iter().enumerate() {
            if last > 0 {
                self.push(" OR ");
            }
            self.push("(");
            for (at, earlier) in order[..last].iter().enumerate() {
                self.equal(entity, alias, *earlier, edge[at].as_ref());
                self.push(" AND ");
            }
            self.strictly(entity, alias, *term, edge[last].as_ref(), side);
            self.push(")");
        }
        self.push(")");
    }

    /// The row as a whole against the edge: what an index over the order's columns serves.
    fn row_beyond(
        &mut self,
        entity: &Entity,
        alias: &str,
        order: &[Term],
        edge: &Edge,
        side: Side,
    ) {
        let dialect = self.dialect;
        let forward = order[0].direction == Direction::Ascending;
        let operator = if forward == (side == Side::After) {
            ") > ("
        } else {
            ") < ("
        };
        self.push("(");
        for (at, term) in order.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            let column = &entity.columns[term.column];
            let name = dialect.sortable(&reference(alias, column), column.kind);
            self.push(&name);
        }
        self.push(operator);
        for (at, value) in edge.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.edge_value(value.as_ref());
        }
        self.push(")");
    }

    fn edge_value(&mut self, value: Option<&Scalar>) {
        let dialect = self.dialect;
        match value {
            Some(scalar) => dialect.sortable_scalar(self, scalar),
            None => self.push("NULL"),
        }
    }

    fn equal(&mut self, entity: &Entity, alias: &str, term: Term, value: Option<&Scalar>) {
        let column = &entity.columns[term.column];
        self.column(alias, column);
        match value {
            Some(scalar) => {
                self.push(" = ");
                self.scalar(scalar);
            }
            None => self.push(" IS NULL"),
        }
    }

    /// One column strictly on one side of a value. Nulls are last, in both directions.
    fn strictly(
        &mut self,
        entity: &Entity,
        alias: &str,
        term: Term,
        value: Option<&Scalar>,
        side: Side,
    ) {
        let column = &entity.columns[term.column];
        let Some(scalar) = value else {
            match side {
                Side::After => self.push("1 = 0"),
                Side::Before => {
                    self.column(alias, column);
                    self.push(" IS NOT NULL");
                }
            }
            return;
        };
        let dialect = self.dialect;
        let forward = term.direction == Direction::Ascending;
        let name = dialect.sortable(&reference(alias, column), column.kind);
        self.push("(");
        self.push(&name);
        self.push(if forward == (side == Side::After) {
            " > "
        } else {
            " < "
        });
        dialect.sortable_scalar(self, scalar);
        if column.nullable && side == Side::After {
            self.push(" OR ");
            self.column(alias, column);
            self.push(" IS NULL");
        }
        self.push(")");
    }

    /// ` ORDER BY …` of a page; `name` tells what a column is called where the order stands.
    pub(super) fn ordered(
        &mut self,
        entity: &Entity,
        list: &ListArgs,
        name: impl Fn(usize) -> String,
    ) {
        self.push(" ORDER BY ");
        self.order_terms(entity, list, name);
    }

    pub(super) fn order_terms(
        &mut self,
        entity: &Entity,
        list: &ListArgs,
        name: impl Fn(usize) -> String,
    ) {
        for (at, term) in list.order.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            let column = &entity.columns[term.column];
            let name = self.dialect.sortable(&name(term.column), column.kind);
            self.push(&name);
            let descending = (term.direction == Direction::Descending) != list.backward;
            if descending {
                self.push(" DESC");
            }
            if column.nullable {
                self.push(if list.backward {
                    " NULLS FIRST"
                } else {
                    " NULLS LAST"
                });
            }
        }
    }
}
