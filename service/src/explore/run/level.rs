//! One level: the statement of its rows, for one list or for those of many parents at once.

use super::dialect::{Dialect, reference};
use super::sql::Sql;
use crate::explore::access::Access;
use crate::explore::bind::{ListArgs, Scalar};
use crate::explore::catalog::{Kind, Relation};
use crate::explore::plan::{Connection, Level};

/// The names of a statement's tables.
pub(super) fn alias(table: usize) -> String {
    format!("t{table}")
}

/// The parents of a level's lists.
pub(super) struct Parents<'a> {
    /// How the lists are reached.
    pub(super) relation: &'static Relation,
    /// What the parents' keys are.
    pub(super) kind: Kind,
    /// The parents' keys, in their order.
    pub(super) keys: &'a [Option<String>],
}

/// What is needed beside the rows.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    /// Their cursors.
    pub(super) cursors: bool,
    /// Whether there are more.
    pub(super) more: bool,
}

impl Needs {
    pub(super) const ALL: Self = Self {
        cursors: true,
        more: true,
    };

    pub(super) fn of(connection: &Connection) -> Self {
        Self {
            cursors: connection.cursors,
            more: connection.more,
        }
    }
}

/// The statement's columns: what is selected, then what a cursor and an order need.
pub(super) struct Columns {
    /// Each a table and a column.
    pub(super) all: Vec<(usize, usize)>,
    /// The places of the order's columns among them.
    pub(super) order: Vec<usize>,
}

impl Columns {
    pub(super) fn of(connection: &Connection, list: &ListArgs, ordered: bool) -> Self {
        let mut all = connection.level.columns.clone();
        let mut order = Vec::new();
        // A cursor is made of them, and the rows of many parents are put in order once more.
        if ordered {
            for term in &list.order {
                let column = (0, term.column);
                let known = all.iter().position(|known| *known == column);
                order.push(known.unwrap_or_else(|| {
                    all.push(column);
                    all.len() - 1
                }));
            }
        }
        if all.is_empty() {
            all.push((0, connection.level.entity().key));
        }
        Self { all, order }
    }
}

/// The rows of one list.
pub(super) fn list(
    dialect: &'static dyn Dialect,
    access: &Access,
    connection: &Connection,
    args: &ListArgs,
    needs: Needs,
    columns: &Columns,
) -> sea_orm::Statement {
    let entity = connection.level.entity();
    let mut sql = Sql::new(dialect, access);
    sql.push("SELECT ");
    sql.columns(&connection.level, &columns.all, false);
    sql.from(&connection.level);
    sql.push(" WHERE 1 = 1");
    sql.scoped(entity, "t0");
    sql.filtered(entity, "t0", args.filter.as_ref());
    sql.between(entity, "t0", args);
    sql.ordered(entity, args, |column| {
        reference("t0", &entity.columns[column])
    });
    sql.limit(args, needs);
    sql.done()
}

/// The rows of the lists of many parents: each parent's page, in one statement.
pub(super) fn lists(
    dialect: &'static dyn Dialect,
    access: &Access,
    connection: &Connection,
    args: &ListArgs,
    needs: Needs,
    columns: &Columns,
    parents: &Parents<'_>,
) -> sea_orm::Statement {
    let entity = connection.level.entity();
    let mut sql = Sql::new(dialect, access);
    dialect.parents(&mut sql, parents.kind, parents.keys);
    let inside = |sql: &mut Sql<'_>| {
        sql.push(" WHERE ");
        sql.column("t0", &entity.columns[parents.relation.to]);
        sql.push(" = p.k");
        sql.scoped(entity, "t0");
        sql.filtered(entity, "t0", args.filter.as_ref());
        sql.between(entity, "t0", args);
    };
    if dialect.is_lateral() {
        sql.push(" SELECT p.i, x.* FROM p CROSS JOIN LATERAL (SELECT ");
        sql.columns(&connection.level, &columns.all, true);
        sql.from(&connection.level);
        inside(&mut sql);
        sql.ordered(entity, args, |column| {
            reference("t0", &entity.columns[column])
        });
        sql.limit(args, needs);
        sql.push(") x ORDER BY p.i, ");
        sql.order_terms(entity, args, |column| {
            let place = columns.all.iter().position(|known| *known == (0, column));
            format!("x.c{}", place.unwrap_or_default())
        });
    } else {
        // Each parent's page by itself: a window over its rows would read all of them.
        sql.push(" SELECT p.i, ");
        sql.columns(&connection.level, &columns.all, false);
        sql.push(" FROM p CROSS JOIN ");
        sql.tables(&connection.level);
        sql.push(" WHERE t0.rowid IN (SELECT t0.rowid FROM ");
        sql.table(entity, "t0");
        inside(&mut sql);
        let name = |column| reference("t0", &entity.columns[column]);
        sql.ordered(entity, args, name);
        sql.limit(args, needs);
        sql.push(") ORDER BY p.i, ");
        sql.order_terms(entity, args, name);
    }
    sql.done()
}

/// One row, by its key.
pub(super) fn row(
    dialect: &'static dyn Dialect,
    access: &Access,
    level: &Level,
    key: &Scalar,
) -> sea_orm::Statement {
    let entity = level.entity();
    let mut sql = Sql::new(dialect, access);
    sql.push("SELECT ");
    if level.columns.is_empty() {
        sql.push("1");
    }
    sql.columns(level, &level.columns, false);
    sql.from(level);
    sql.push(" WHERE ");
    sql.column("t0", entity.key_column());
    sql.push(" = ");
    sql.scalar(key);
    sql.scoped(entity, "t0");
    sql.done()
}

fn limit(args: &ListArgs, needs: Needs) -> u64 {
    // One more tells whether there are more.
    args.limit + u64::from(needs.more)
}

impl Sql<'_> {
    fn columns(&mut self, level: &Level, columns: &[(usize, usize)], named: bool) {
        for (at, &(table, column)) in columns.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.column(&alias(table), &level.tables[table].entity.columns[column]);
            if named {
                self.push(" AS c");
                self.number(at);
            }
        }
    }

    fn from(&mut self, level: &Level) {
        self.push(" FROM ");
        self.tables(level);
    }

    /// The table and those that its rows lead to, each with its own scope: a row that the caller may
    /// not see is not there.
    fn tables(&mut self, level: &Level) {
        self.table(level.entity(), "t0");
        for (at, table) in level.tables.iter().enumerate() {
            let Some((from, relation)) = table.joined else {
                continue;
            };
            let (here, there) = (alias(from), alias(at));
            self.push(" LEFT JOIN ");
            self.table(table.entity, &there);
            self.push(" ON ");
            self.column(&there, &table.entity.columns[relation.to]);
            self.push(" = ");
            self.column(&here, &level.tables[from].entity.columns[relation.from]);
            self.scoped(table.entity, &there);
        }
    }

    fn limit(&mut self, args: &ListArgs, needs: Needs) {
        // As a parameter it would make PostgreSQL plan anew each time.
        self.push(" LIMIT ");
        self.number(limit(args, needs));
    }
}
