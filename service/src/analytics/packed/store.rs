//! The queries of packed days.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::Plan;
use crate::analytics::rollup::day;
use crate::analytics::sheet::Cells;
use crate::db::Reader;
use crate::error::Result;

/// What is packed: `TOKENS` or `RUNS`.
pub(in crate::analytics) type Subject = &'static str;

#[derive(Debug, FromQueryResult)]
struct Day {
    day: NaiveDate,
}

/// The days that are packed, of those that a range touches (in seconds since 1970).
pub(in crate::analytics) async fn days(
    reader: &Reader,
    subject: Subject,
    (from, to): (i64, i64),
) -> Result<BTreeSet<NaiveDate>> {
    let sql = format!(
        "SELECT day FROM day_packs WHERE subject = '{subject}' AND day >= $1 AND day <= $2 \
         ORDER BY day"
    );
    let values: [Value; 2] = [day(from).into(), day(to - 1).into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    let rows = Day::find_by_statement(statement).all(reader).await?;
    Ok(rows.into_iter().map(|row| row.day).collect())
}

impl Plan {
    /// What reads the packs: the day, its bytes, and `rest`. The values are put behind those that are there.
    pub(in crate::analytics) fn branches(
        &self,
        subject: Subject,
        packed: &BTreeSet<NaiveDate>,
        rest: &str,
        values: &mut Vec<Value>,
    ) -> Vec<String> {
        let runs = self.runs(packed).into_iter();
        let branch = |(cells, first, last): (Cells, NaiveDate, NaiveDate)| {
            let column = match cells {
                Cells::Day => "totals",
                Cells::Hours => "hours",
                Cells::Quarters => "quarters",
            };
            let mut mark = |day: NaiveDate| {
                values.push(day.into());
                values.len()
            };
            let (first, last) = (mark(first), mark(last));
            format!(
                "SELECT day, {column} AS packed{rest} FROM day_packs \
                 WHERE subject = '{subject}' AND day BETWEEN ${first} AND ${last}"
            )
        };
        runs.map(branch).collect()
    }
}
