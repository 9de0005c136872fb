//! Counts, figures and groups, as SQL.

use super::dialect::{Dialect, reference};
use super::level::Parents;
use super::sql::Sql;
use crate::explore::access::Access;
use crate::explore::bind::{Compare, Function, GroupArgs, GroupTerm, ListArgs, Measure};
use crate::explore::catalog::{Direction, Entity, Kind};

/// What a question about all rows of a list stands on.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) access: &'a Access,
    pub(super) entity: &'static Entity,
    pub(super) list: &'a ListArgs,
    pub(super) parents: Option<&'a Parents<'a>>,
}

impl<'a> Question<'a> {
    fn sql(&self) -> Sql<'a> {
        let mut sql = Sql::new(self.dialect, self.access);
        if let Some(parents) = self.parents {
            self.dialect.parents(&mut sql, parents.kind, parents.keys);
            sql.push(" ");
        }
        sql
    }

    /// `FROM … WHERE …`: all rows of the list, whatever its page.
    fn rows(&self, sql: &mut Sql<'_>) {
        sql.push(" FROM ");
        if self.parents.is_some() {
            sql.push("p CROSS JOIN ");
        }
        sql.table(self.entity, "t0");
        sql.push(" WHERE ");
        match self.parents {
            Some(parents) => {
                sql.column("t0", &self.entity.columns[parents.relation.to]);
                sql.push(" = p.k");
            }
            None => sql.push("1 = 1"),
        }
        sql.scoped(self.entity, "t0");
        sql.filtered(self.entity, "t0", self.list.filter.as_ref());
    }

    /// How many rows the planner expects.
    pub(super) fn estimate(&self) -> Option<sea_orm::Statement> {
        let explain = self.dialect.explain()?;
        let mut sql = self.sql();
        sql.push(explain);
        sql.push(" SELECT 1");
        self.rows(&mut sql);
        Some(sql.done())
    }

    /// The figures of each list: the parent's number first, then the count.
    pub(super) fn figures(&self, measures: &[Measure]) -> sea_orm::Statement {
        let mut sql = self.sql();
        sql.push(if self.parents.is_some() {
            "SELECT p.i, count(*)"
        } else {
            "SELECT 0, count(*)"
        });
        for measure in measures {
            sql.push(", ");
            let figure = figure(self.dialect, self.entity, *measure, &|column| {
                reference("t0", &self.entity.columns[column])
            });
            sql.push(&figure);
        }
        self.rows(&mut sql);
        if self.parents.is_some() {
            sql.push(" GROUP BY p.i");
        }
        sql.done()
    }

    /// The groups of each list: the parent's number, 1 for the others, the keys, the figures.
    pub(super) fn groups(&self, args: &GroupArgs, measures: &[Measure]) -> sea_orm::Statement {
        if args.others {
            return self.groups_and_others(args, measures);
        }
        let column = |column: usize| reference("t0", &self.entity.columns[column]);
        let keys: Vec<String> = args
            .by
            .iter()
            .map(|by| self.key(args, by, &column))
            .collect();
        let mut sql = self.sql();
        sql.push("SELECT i, 0");
        push_names(&mut sql, "k", keys.len());
        push_names(&mut sql, "m", measures.len());
        sql.push(" FROM (SELECT ");
        sql.push(if self.parents.is_some() { "p.i" } else { "0" });
        sql.push(" AS i");
        push_aliased(&mut sql, "k", &keys);
        self.push_figures(&mut sql, measures, &column);
        self.push_rank(&mut sql, args, &keys, &column, self.parents.map(|_| "p.i"));
        self.rows(&mut sql);
        sql.push(" GROUP BY ");
        if self.parents.is_some() {
            sql.push("p.i, ");
        }
        sql.push(&keys.join(", "));
        self.push_having(&mut sql, args, &column);
        sql.push(") g WHERE n <= ");
        sql.number(args.first);
        sql.push(" ORDER BY i, n");
        sql.done()
    }

    fn groups_and_others(&self, args: &GroupArgs, measures: &[Measure]) -> sea_orm::Statement {
        // The rows once, with their keys and what the figures need; the first groups of them; then
        // what is left over, worked out of the rows themselves, so that every figure is exact.
        let mut needed: Vec<usize> = Vec::new();
        let ordered = args.order.iter().filter_map(|term| match term {
            GroupTerm::Measure(measure, _) => Some(measure),
            GroupTerm::Key(..) => None,
        });
        for measure in measures.iter().chain(ordered) {
            if let Measure::Of(_, column) = measure
                && !needed.contains(column)
            {
                needed.push(*column);
            }
        }
        let table = |column: usize| reference("t0", &self.entity.columns[column]);
        let keys: Vec<String> = args
            .by
            .iter()
            .map(|by| self.key(args, by, &table))
            .collect();
        let column = |column: usize| {
            let at = needed.iter().position(|known| *known == column);
            format!("b.c{}", at.unwrap_or_default())
        };
        let mut sql = self.sql();
        sql.push(if self.parents.is_some() {
            ", b AS (SELECT p.i AS i"
        } else {
            "WITH b AS (SELECT 0 AS i"
        });
        push_aliased(&mut sql, "k", &keys);
        let columns: Vec<String> = needed.iter().map(|column| table(*column)).collect();
        push_aliased(&mut sql, "c", &columns);
        self.rows(&mut sql);
        sql.push("), g AS (SELECT b.i AS i");
        let keys: Vec<String> = (0..keys.len()).map(|at| format!("b.k{at}")).collect();
        push_aliased(&mut sql, "k", &keys);
        self.push_figures(&mut sql, measures, &column);
        self.push_rank(&mut sql, args, &keys, &column, Some("b.i"));
        sql.push(" FROM b GROUP BY b.i, ");
        sql.push(&keys.join(", "));
        sql.push("), top AS (SELECT * FROM g WHERE n <= ");
        sql.number(args.first);
        sql.push(") SELECT i, 0 AS o");
        push_names(&mut sql, "k", keys.len());
        push_names(&mut sql, "m", measures.len());
        sql.push(", n FROM top UNION ALL SELECT b.i, 1");
        for _ in &keys {
            sql.push(", NULL");
        }
        self.push_figures(&mut sql, measures, &column);
        sql.push(", ");
        sql.number(args.first + 1);
        sql.push(" FROM b WHERE NOT EXISTS (SELECT 1 FROM top WHERE top.i = b.i");
        for at in 0..keys.len() {
            sql.push(&format!(" AND top.k{at} IS NOT DISTINCT FROM b.k{at}"));
        }
        sql.push(") GROUP BY b.i ORDER BY i, n");
        sql.done()
    }

    fn key(
        &self,
        args: &GroupArgs,
        by: &crate::explore::bind::GroupBy,
        column: &dyn Fn(usize) -> String,
    ) -> String {
        let name = column(by.column);
        match by.bucket {
            Some(bucket) => self.dialect.bucket(&name, bucket, args.zone),
            None => name,
        }
    }

    fn push_figures(
        &self,
        sql: &mut Sql<'_>,
        measures: &[Measure],
        column: &dyn Fn(usize) -> String,
    ) {
        for (at, measure) in measures.iter().enumerate() {
            let figure = figure(self.dialect, self.entity, *measure, column);
            sql.push(&format!(", {figure} AS m{at}"));
        }
    }

    /// `, ROW_NUMBER() … AS n`: the groups' order. What it leaves open the keys decide.
    fn push_rank(
        &self,
        sql: &mut Sql<'_>,
        args: &GroupArgs,
        keys: &[String],
        column: &dyn Fn(usize) -> String,
        partition: Option<&str>,
    ) {
        sql.push(", ROW_NUMBER() OVER (");
        if let Some(partition) = partition {
            sql.push("PARTITION BY ");
            sql.push(partition);
            sql.push(" ");
        }
        sql.push("ORDER BY ");
        let key = |at: usize| {
            let by = &args.by[at];
            match by.bucket {
                Some(_) => keys[at].clone(),
                None => self
                    .dialect
                    .sortable(&keys[at], self.entity.columns[by.column].kind),
            }
        };
        for term in &args.order {
            let (name, direction) = match term {
                GroupTerm::Key(at, direction) => (key(*at), direction),
                GroupTerm::Measure(measure, direction) => (
                    figure(self.dialect, self.entity, *measure, column),
                    direction,
                ),
            };
            sql.push(&name);
            if *direction == Direction::Descending {
                sql.push(" DESC");
            }
            sql.push(" NULLS LAST, ");
        }
        for at in 0..keys.len() {
            if at > 0 {
                sql.push(", ");
            }
            sql.push(&key(at));
            sql.push(" NULLS LAST");
        }
        sql.push(") AS n");
    }

    fn push_having(&self, sql: &mut Sql<'_>, args: &GroupArgs, column: &dyn Fn(usize) -> String) {
        for (at, having) in args.having.iter().enumerate() {
            sql.push(if at == 0 { " HAVING " } else { " AND " });
            sql.push(&figure(self.dialect, self.entity, having.measure, column));
            sql.push(match having.compare {
                Compare::Eq => " = ",
                Compare::Ne => " IS DISTINCT FROM ",
                Compare::Lt => " < ",
                Compare::Lte => " <= ",
                Compare::Gt => " > ",
                Compare::Gte => " >= ",
            });
            sql.scalar(&having.value);
        }
    }
}

/// A figure of rows.
fn figure(
    dialect: &dyn Dialect,
    entity: &Entity,
    measure: Measure,
    column: &dyn Fn(usize) -> String,
) -> String {
    let Measure::Of(function, at) = measure else {
        return "count(*)".to_owned();
    };
    let (name, kind) = (column(at), entity.columns[at].kind);
    match function {
        Function::Sum if kind == Kind::Float => format!("sum({name})"),
        Function::Sum => dialect.whole(format!("sum({name})")),
        Function::Avg if kind == Kind::Float => format!("avg({name})"),
        // The sum is exact, so both engines round once, and alike.
        Function::Avg => format!("CAST(sum({name}) AS double precision) / count({name})"),
        Function::Min => format!("min({})", dialect.sortable(&name, kind)),
        Function::Max => format!("max({})", dialect.sortable(&name, kind)),
        Function::CountDistinct => format!("count(DISTINCT {name})"),
    }
}

fn push_names(sql: &mut Sql<'_>, letter: &str, count: usize) {
    for at in 0..count {
        sql.push(&format!(", {letter}{at}"));
    }
}

fn push_aliased(sql: &mut Sql<'_>, letter: &str, expressions: &[String]) {
    for (at, expression) in expressions.iter().enumerate() {
        sql.push(&format!(", {expression} AS {letter}{at}"));
    }
}
