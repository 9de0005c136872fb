//! The queries of who spent most.

use chrono::NaiveDate;
use entity::id::UserId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::analytics::cover::{OPEN, Piece, Stretch, Unit};
use crate::analytics::rollup::{DAY, day, moment, month_around};
use crate::db::Reader;
use crate::error::Result;

/// The most stretches without packs that are read.
const LOOSE: usize = 64;

/// How often packs are looked for that go meanwhile.
const TRIES: usize = 3;

/// What the people of a time spent, in parts.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Packs, added or taken off.
    pub packs: Vec<(i64, Vec<u8>)>,
    /// People, as often as they come.
    pub people: Vec<(Uuid, i64)>,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    sign: i32,
    start: Option<NaiveDate>,
    packed: Option<Vec<u8>>,
    user_id: Option<UserId>,
    tokens: i64,
}

#[derive(Debug, FromQueryResult)]
struct Start {
    start: NaiveDate,
}

/// The parts of one time: those that are packed, the rest by person, with what is open, all in one
/// snapshot. `None`, where too much is not packed.
pub(super) async fn parts(
    reader: &Reader,
    pieces: &[Piece],
    whole: Stretch,
) -> Result<Option<Parts>> {
    for _ in 0..TRIES {
        let mut draft = Draft::default();
        for piece in pieces {
            for stretch in &piece.stretches {
                let packs = match grain(piece.source.unit) {
                    Some(grain) => starts(reader, grain, *stretch).await?,
                    None => Vec::new(),
                };
                draft.stretch(piece, *stretch, &packs);
            }
        }
        if draft.loose > LOOSE {
            return Ok(None);
        }
        draft.open(whole);
        let backend = reader.get_database_backend();
        let sql = draft.branches.join(" UNION ALL ");
        let statement = Statement::from_sql_and_values(backend, sql, draft.values);
        let mut parts = Parts::default();
        let mut found = Vec::new();
        for row in Row::find_by_statement(statement).all(reader).await? {
            found.extend(row.start.map(|start| (i64::from(row.sign), start)));
            match (row.packed, row.user_id) {
                (Some(packed), _) => parts.packs.push((row.sign.into(), packed)),
                (None, Some(user)) => parts
                    .people
                    .push((user.0, i64::from(row.sign) * row.tokens)),
                (None, None) => {}
            }
        }
        // One that went in between has left nothing in its place, and one that came is not all that is read.
        found.sort_unstable();
        draft.packs.sort_unstable();
        if found == draft.packs {
            return Ok(Some(parts));
        }
    }
    Ok(None)
}

const fn grain(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Month => Some("MONTH"),
        Unit::Day => Some("DAY"),
        Unit::Hour | Unit::Quarter => None,
    }
}

/// Where the packs of a stretch begin, in order.
async fn starts(reader: &Reader, grain: &str, stretch: Stretch) -> Result<Vec<NaiveDate>> {
    let sql = format!(
        "SELECT start FROM user_packs WHERE grain = '{grain}' AND start >= $1 AND start < $2 \
         ORDER BY start"
    );
    let values: [Value; 2] = [day(stretch.from).into(), day(stretch.to).into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    let rows = Start::find_by_statement(statement).all(reader).await?;
    Ok(rows.into_iter().map(|row| row.start).collect())
}

#[derive(Debug)]
struct Draft {
    branches: Vec<String>,
    values: Vec<Value>,
    /// The packs that are to be found, added or taken off.
    packs: Vec<(i64, NaiveDate)>,
    /// How many stretches are read by person.
    loose: usize,
}

impl Default for Draft {
    fn default() -> Self {
        // It says what types the columns have.
        let first = "SELECT CAST(1 AS integer) AS sign, p.start, p.packed, r.user_id, \
                            CAST(0 AS bigint) AS tokens \
                     FROM user_packs p JOIN user_day_rollups r ON 1 = 0 WHERE 1 = 0";
        Self {
            branches: vec![first.to_owned()],
            values: Vec::new(),
            packs: Vec::new(),
            loose: 0,
        }
    }
}

impl Draft {
    fn mark(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn stretch(&mut self, piece: &Piece, stretch: Stretch, packs: &[NaiveDate]) {
        let unit = piece.source.unit;
        let sign = if stretch.minus { -1 } else { 1 };
        if let (Some(grain), Some(first), Some(last)) = (grain(unit), packs.first(), packs.last()) {
            let (first, last) = (self.mark(*first), self.mark(*last));
            self.branches.push(format!(
                "SELECT {sign}, start, packed, NULL, 0 FROM user_packs \
                 WHERE grain = '{grain}' AND start BETWEEN {first} AND {last}"
            ));
            self.packs
                .extend(packs.iter().map(|start| (sign.into(), *start)));
        }
        // What is between them.
        let mut from = stretch.from;
        for start in packs {
            let start = start.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
            self.loose(piece, (from, start), sign);
            from = match unit {
                Unit::Month => month_around(start).1,
                _ => start + DAY,
            };
        }
        self.loose(piece, (from, stretch.to), sign);
    }

    fn loose(&mut self, piece: &Piece, (from, to): (i64, i64), sign: i32) {
        if from >= to {
            return;
        }
        let source = piece.source;
        let (from, to) = if source.unit.is_date() {
            (self.mark(day(from)), self.mark(day(to)))
        } else {
            (self.mark(moment(from)), self.mark(moment(to)))
        };
        let (table, column, tokens) = (source.table, source.column, source.tokens);
        self.branches.push(format!(
            "SELECT {sign}, NULL, NULL, user_id, {tokens} FROM {table} \
             WHERE {column} >= {from} AND {column} < {to}"
        ));
        self.loose += 1;
    }

    fn open(&mut self, whole: Stretch) {
        let (from, to) = (self.mark(moment(whole.from)), self.mark(moment(whole.to)));
        let (table, column, tokens) = (OPEN.table, OPEN.column, OPEN.tokens);
        self.branches.push(format!(
            "SELECT 1, NULL, NULL, user_id, {tokens} FROM {table} \
             WHERE {column} >= {from} AND {column} < {to} AND model IS NOT NULL"
        ));
    }
}
