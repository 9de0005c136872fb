//! The queries of token usage: rollups and open deltas, in one statement.

use entity::Scope;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::UserId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::cover::{EVERYBODY, OPEN, PEOPLE, PEOPLE_TOLD, Piece, Source, Stretch, cover};
use super::price;
use super::rollup::{day, moment};
use super::series::Buckets;
use super::token_usage::{Dimension, Question};
use super::{postgres, sqlite};
use crate::db::{Engine, Reader};
use crate::error::Result;

pub(super) use super::dialect::{begun, date, day_of, each, month, stretch};

/// One group, in one bucket, at one price. What was not grouped by is `None`.
#[derive(Debug, FromQueryResult)]
pub(super) struct Row {
    pub stretch: i64,
    pub tokens: i64,
    pub price: Option<i64>,
    pub others: Option<i32>,
    pub model: Option<String>,
    pub task: Option<TokenTask>,
    pub kind: Option<TokenType>,
    pub user_id: Option<UserId>,
}

/// What a statement is made of.
pub(super) struct Draft<'a> {
    engine: Engine,
    scope: Scope,
    question: &'a Question,
    /// The tables of stretches, by which rows are read where one range does not say it.
    pub edges: Vec<String>,
    pub values: Vec<Value>,
}

/// The tokens of the people in `scope`, grouped as the question has it, by bucket or, without
/// `buckets`, in one; at most `limit` groups.
pub(super) async fn tokens(
    reader: &Reader,
    scope: Scope,
    question: &Question,
    buckets: Option<&Buckets>,
    limit: u64,
) -> Result<Vec<Row>> {
    let mut draft = Draft::of(reader, scope, question);
    let sources = draft.sources();
    let cuts = match sources {
        [_] => Vec::new(),
        _ if !question.cost => Vec::new(),
        _ => price::listed(reader).await?.cuts(question.range),
    };
    let stretches = question.stretches(buckets);
    let sql = draft.sql(sources, &stretches, &cuts, limit);
    let statement =
        Statement::from_sql_and_values(reader.get_database_backend(), sql, draft.values);
    Ok(Row::find_by_statement(statement).all(reader).await?)
}

/// What one dimension is called in the statement, and its column.
fn named(dimension: Dimension) -> (&'static str, &'static str) {
    match dimension {
        Dimension::Model => ("model", "model"),
        Dimension::Task => ("task", "task"),
        Dimension::Type => ("kind", "type"),
        Dimension::User => ("user_id", "user_id"),
    }
}

impl<'a> Draft<'a> {
    pub(super) fn of(reader: &Reader, scope: Scope, question: &'a Question) -> Self {
        Self {
            engine: reader.engine(),
            scope,
            question,
            edges: Vec::new(),
            values: Vec::new(),
        }
    }

    fn mark(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn asks(&self, dimension: Dimension) -> bool {
        self.question.group_by.contains(&dimension)
    }

    /// Whether people have to be told apart, be it that one of them asks.
    fn by_person(&self) -> bool {
        self.asks(Dimension::User) || self.scope != Scope::Everyone
    }

    /// The rollups that tell what is asked for.
    fn sources(&self) -> &'static [Source] {
        let told = [Dimension::Model, Dimension::Task, Dimension::Type]
            .into_iter()
            .any(|dimension| self.asks(dimension));
        match (self.by_person(), told || self.question.cost) {
            (false, _) => EVERYBODY,
            // A person's day does not tell what the tokens were.
            (true, false) => PEOPLE,
            (true, true) => PEOPLE_TOLD,
        }
    }

    /// Where the bucket of a row begins.
    pub(super) fn begun(&self, source: Source) -> String {
        if source.unit.is_date() {
            date(self.engine, source.column)
        } else {
            begun(self.engine, source.column)
        }
    }

    /// Which rows of a piece are read, the bucket of the answer that each is in, and how many tokens it
    /// adds.
    pub(super) fn rows(&mut self, piece: &Piece) -> (String, String, String) {
        let Source {
            table,
            column,
            unit,
            tokens,
        } = piece.source;
        let edge = |draft: &mut Self, seconds| {
            if unit.is_date() {
                draft.mark(day(seconds))
            } else {
                draft.mark(moment(seconds))
            }
        };
        if let Some((whole, length)) = piece.even() {
            let (from, to) = (edge(self, whole.from), edge(self, whole.to));
            let bucket = if let [one] = piece.stretches.as_slice() {
                format!("CAST({} AS bigint)", one.at)
            } else {
                let begun = self.begun(piece.source);
                let first = self.mark(whole.from);
                format!("({begun} - {first}) / {length} + {}", whole.at)
            };
            let rows = format!("FROM {table} WHERE {column} >= {from} AND {column} < {to}");
            let sign = if whole.minus { "-" } else { "" };
            return (rows, bucket, format!("{sign}{tokens}"));
        }
        let rows: Vec<String> = piece
            .stretches
            .iter()
            .map(|one| {
                let (from, to) = (edge(self, one.from), edge(self, one.to));
                let sign = if one.minus { -1 } else { 1 };
                format!("({}, {from}, {to}, {sign})", one.at)
            })
            .collect();
        let name = format!("e{}", self.edges.len());
        let edges = format!(
            "{name}(place, since, until, sign) AS (VALUES {})",
            rows.join(", ")
        );
        self.edges.push(edges);
        let rows = format!(
            "FROM {name} JOIN {table} r ON r.{column} >= {name}.since AND r.{column} < {name}.until \
             WHERE 1 = 1"
        );
        (
            rows,
            "CAST(place AS bigint)".to_owned(),
            format!("sign * {tokens}"),
        )
    }

    /// The rows of a piece, as the statement groups them.
    fn branch(&mut self, piece: &Piece) -> String {
        let (rows, bucket, tokens) = self.rows(piece);
        let mut columns = vec![
            format!("{tokens} AS tokens"),
            format!("{bucket} AS stretch"),
        ];
        if self.question.cost {
            let at = self.begun(piece.source);
            columns.push(format!("{at} AS at"));
        }
        for dimension in [
            Dimension::Model,
            Dimension::Task,
            Dimension::Type,
            Dimension::User,
        ] {
            let priced = matches!(dimension, Dimension::Model | Dimension::Type);
            if self.asks(dimension) || (priced && self.question.cost) {
                let (name, own) = named(dimension);
                columns.push(format!("{own} AS {name}"));
            }
        }
        let mut conditions = String::new();
        if piece.source == OPEN {
            conditions.push_str(" AND model IS NOT NULL");
        }
        if let Scope::Owner(user) = self.scope {
            let user = self.mark(user);
            conditions.extend([" AND user_id = ", &user]);
        }
        format!("SELECT {} {rows}{conditions}", columns.join(", "))
    }

    fn sql(
        &mut self,
        sources: &[Source],
        stretches: &[Stretch],
        cuts: &[i64],
        limit: u64,
    ) -> String {
        let mut pieces = cover(sources, stretches, cuts);
        pieces.extend(cover(&[OPEN], stretches, &[]));
        let branches: Vec<String> = pieces.iter().map(|piece| self.branch(piece)).collect();
        let edges: String = self.edges.iter().flat_map(|edges| [edges, ", "]).collect();
        let every = branches.join(" UNION ALL ");

        let asked: Vec<&str> = self
            .question
            .group_by
            .iter()
            .map(|dimension| named(*dimension).0)
            .collect();
        let of = |table: &str| {
            let names: Vec<String> = asked
                .iter()
                .map(|name| format!(", {table}.{name}"))
                .collect();
            names.concat()
        };
        let (list, price, joined) = self.prices();
        // Who only appears in what is taken off spent nothing.
        let spent = if sources == PEOPLE {
            " HAVING sum(g.tokens) <> 0"
        } else {
            ""
        };
        let summed = format!(
            "s AS (SELECT g.stretch{}{price}, sum(g.tokens) AS tokens \
                   FROM g{joined} GROUP BY g.stretch{}{price}{spent})",
            of("g"),
            of("g"),
        );
        let price = price.replace("p.price", "s.price");
        if asked.is_empty() {
            return format!(
                "WITH {edges}g AS ({every}){list}, {summed} \
                 SELECT s.stretch{price}, CAST(s.tokens AS bigint) AS tokens FROM s LIMIT {limit}"
            );
        }
        let top = self.question.top;
        let names = asked.join(", ");
        let order: Vec<String> = asked.iter().map(|name| self.in_order(name)).collect();
        let order = order.join(", ");
        let same: Vec<String> = asked
            .iter()
            .map(|name| format!("s.{name} = t.{name}"))
            .collect();
        let same = same.join(" AND ");
        let told: Vec<String> = asked
            .iter()
            .map(|name| {
                let value = match *name {
                    "task" | "kind" => format!("CAST(s.{name} AS text)"),
                    _ => format!("s.{name}"),
                };
                format!(", CASE WHEN t.place <= {top} THEN {value} END AS {name}")
            })
            .collect();
        let told = told.concat();
        let groups: Vec<String> = (1..=2 + asked.len() + usize::from(self.question.cost))
            .map(|at| at.to_string())
            .collect();
        let groups = groups.join(", ");
        format!(
            "WITH {edges}g AS ({every}){list}, {summed}, \
             t AS (SELECT {names}, \
                          row_number() OVER (ORDER BY sum(tokens) DESC, {order}) AS place \
                   FROM s GROUP BY {names}) \
             SELECT s.stretch, CASE WHEN t.place > {top} THEN 1 ELSE 0 END AS others{told}{price}, \
                    CAST(sum(s.tokens) AS bigint) AS tokens \
             FROM s JOIN t ON {same} GROUP BY {groups} LIMIT {limit}"
        )
    }

    /// The prices with the time that each is valid for, their column, and how they are joined.
    fn prices(&self) -> (String, &'static str, &'static str) {
        if !self.question.cost {
            return (String::new(), "", "");
        }
        let since = stretch(self.engine, "valid_from", 1);
        let prices = format!(
            ", p AS (SELECT model, type AS kind, micro_dollars_per_million AS price, \
                            {since} AS since, \
                            lead({since}) OVER (PARTITION BY model, type ORDER BY valid_from) \
                                AS until \
                     FROM model_prices)"
        );
        let joined = " LEFT JOIN p ON p.model = g.model AND p.kind = g.kind \
                       AND g.at >= p.since AND (p.until IS NULL OR g.at < p.until)";
        (prices, ", p.price", joined)
    }

    /// A dimension in the same order on both engines.
    fn in_order(&self, name: &str) -> String {
        if name == "user_id" {
            return name.to_owned();
        }
        let text = format!("CAST({name} AS text)");
        match self.engine {
            Engine::Sqlite => sqlite::bytewise(&text),
            Engine::Postgres => postgres::bytewise(&text),
        }
    }
}
