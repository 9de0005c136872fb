//! The queries of token usage: rollups and open deltas, in one statement.

use entity::Scope;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::UserId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::rollup::{DAY, QUARTER, day, moment};
use super::token_usage::{Dimension, Question};
use super::{postgres, sqlite};
use crate::db::{Engine, Reader};
use crate::error::Result;

/// One group, in one stretch of time, at one price. What was not grouped by is `None`.
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

/// A rollup, and the stretch of it that is read (in seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    table: &'static str,
    column: &'static str,
    seconds: i64,
    tokens: &'static str,
    from: i64,
    to: i64,
}

/// What a statement is made of.
struct Draft<'a> {
    engine: Engine,
    scope: Scope,
    question: &'a Question,
    /// The seconds that time is grouped by; one stretch, where the question asks for sums alone.
    grain: Option<i64>,
    values: Vec<Value>,
}

/// The tokens of the people in `scope`, grouped as the question has it, in stretches of `grain`
/// seconds or in one; at most `limit` groups.
pub(super) async fn tokens(
    reader: &Reader,
    scope: Scope,
    question: &Question,
    grain: Option<i64>,
    limit: u64,
) -> Result<Vec<Row>> {
    let whole_days = !question.cost || !has_odd_price(reader, question).await?;
    let mut draft = Draft {
        engine: reader.engine(),
        scope,
        question,
        grain,
        values: Vec::new(),
    };
    let sql = draft.sql(whole_days, limit);
    let statement =
        Statement::from_sql_and_values(reader.get_database_backend(), sql, draft.values);
    Ok(Row::find_by_statement(statement).all(reader).await?)
}

/// Whether a price of the range begins within a day of UTC: days then are not told apart by price.
async fn has_odd_price(reader: &Reader, question: &Question) -> Result<bool> {
    let engine = reader.engine();
    let (at, begun) = (
        stretch(engine, "valid_from", 1),
        stretch(engine, "valid_from", DAY),
    );
    let sql = format!(
        "SELECT 1 AS odd FROM model_prices \
         WHERE valid_from >= $1 AND valid_from < $2 AND {at} <> {begun} LIMIT 1"
    );
    let values: [Value; 2] = [question.range.from.into(), question.range.to.into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    Ok(reader.query_one_raw(statement).await?.is_some())
}

/// Where the stretch of `seconds` begins that a column falls into, in seconds since 1970.
pub(super) fn stretch(engine: Engine, column: &str, seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    match engine {
        Engine::Sqlite => sqlite::stretch(column, seconds),
        Engine::Postgres => postgres::stretch(column, seconds),
    }
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

impl Draft<'_> {
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

    /// The rollups that answer: days where whole days are asked for, quarters for what is left.
    fn pieces(&self, whole_days: bool) -> Vec<Piece> {
        let range = self.question.range;
        let (from, to) = (range.from.timestamp(), range.to.timestamp());
        let quarters = |from, to| Piece {
            table: if self.by_person() {
                "token_user_rollups"
            } else {
                "token_rollups"
            },
            column: "bucket_start",
            seconds: QUARTER,
            tokens: "count",
            from,
            to,
        };
        let (first, last) = (from + (-from).rem_euclid(DAY), to - to.rem_euclid(DAY));
        let by_day = self.grain.is_none_or(|grain| grain % DAY == 0);
        let told = [Dimension::Model, Dimension::Task, Dimension::Type]
            .into_iter()
            .any(|dimension| self.asks(dimension));
        let days = match (self.by_person(), told || self.question.cost) {
            (false, _) => Some(("token_day_rollups", "count")),
            // A person's day does not tell what the tokens were.
            (true, false) => Some(("user_day_rollups", "tokens")),
            (true, true) => None,
        };
        match days {
            Some((table, tokens)) if by_day && whole_days && first < last => {
                let days = Piece {
                    table,
                    column: "day",
                    seconds: DAY,
                    tokens,
                    from: first,
                    to: last,
                };
                let edges = [quarters(from, first), days, quarters(last, to)];
                edges
                    .into_iter()
                    .filter(|piece| piece.from < piece.to)
                    .collect()
            }
            _ => vec![quarters(from, to)],
        }
    }

    /// The columns of a branch, and its conditions.
    fn branch(&mut self, piece: Piece, is_delta: bool) -> String {
        let Piece {
            table,
            column,
            seconds,
            tokens,
            from,
            to,
        } = piece;
        let mut columns = vec![format!("{tokens} AS tokens")];
        columns.push(match self.grain {
            Some(grain) => format!("{} AS stretch", stretch(self.engine, column, grain)),
            None => "CAST(0 AS bigint) AS stretch".to_owned(),
        });
        if self.question.cost {
            columns.push(format!("{} AS at", stretch(self.engine, column, seconds)));
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
        let (from, to) = match seconds {
            DAY => (self.mark(day(from)), self.mark(day(to))),
            _ => (self.mark(moment(from)), self.mark(moment(to))),
        };
        let mut conditions = vec![format!("{column} >= {from}"), format!("{column} < {to}")];
        if is_delta {
            conditions.push("model IS NOT NULL".to_owned());
        }
        if let Scope::Owner(user) = self.scope {
            let user = self.mark(user);
            conditions.push(format!("user_id = {user}"));
        }
        let (columns, conditions) = (columns.join(", "), conditions.join(" AND "));
        format!("SELECT {columns} FROM {table} WHERE {conditions}")
    }

    fn sql(&mut self, whole_days: bool, limit: u64) -> String {
        let range = self.question.range;
        let mut branches: Vec<String> = self
            .pieces(whole_days)
            .into_iter()
            .map(|piece| self.branch(piece, false))
            .collect();
        let open = Piece {
            table: "token_deltas",
            column: "bucket_start",
            seconds: QUARTER,
            tokens: "count",
            from: range.from.timestamp(),
            to: range.to.timestamp(),
        };
        branches.push(self.branch(open, true));
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
        let summed = format!(
            "s AS (SELECT g.stretch{}{price}, sum(g.tokens) AS tokens \
                   FROM g{joined} GROUP BY g.stretch{}{price})",
            of("g"),
            of("g"),
        );
        let price = price.replace("p.price", "s.price");
        if asked.is_empty() {
            return format!(
                "WITH g AS ({every}){list}, {summed} \
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
            "WITH g AS ({every}){list}, {summed}, \
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
