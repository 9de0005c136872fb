//! The statements that compare.

use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::{ThreadId, UserId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};

use super::super::sums::{day, moment};
use super::super::{DAY, HOUR, MODEL, QUARTER};
use super::{Difference, Grain, Part, Width, at};
use crate::analytics::store::{month, stretch};
use crate::db::Engine;
use crate::error::Result;

/// The most differences that are read at once.
pub(in super::super) const LIMIT: usize = 20_000;

/// One difference. What the rollup is not by is `None`.
#[derive(Debug, FromQueryResult)]
struct Row {
    moment: Option<i64>,
    user_id: Option<UserId>,
    thread_id: Option<ThreadId>,
    model: Option<String>,
    task: Option<TokenTask>,
    kind: Option<TokenType>,
    count: i64,
    messages: i64,
}

/// Where the sums of a part are not those of the rows; at most [`LIMIT`] of them.
pub(in super::super) async fn compare(
    conn: &impl ConnectionTrait,
    engine: Engine,
    grain: Grain,
    part: Part,
) -> Result<Vec<Difference>> {
    let backend = conn.get_database_backend();
    read(conn, grain, statement(backend, engine, grain, part)).await
}

async fn read(
    conn: &impl ConnectionTrait,
    grain: Grain,
    statement: Statement,
) -> Result<Vec<Difference>> {
    let rows = Row::find_by_statement(statement).all(conn).await?;
    let difference = |row: Row| Difference {
        rollup: grain.table(),
        at: at(row.moment),
        user_id: row.user_id,
        thread_id: row.thread_id,
        model: row.model,
        task: row.task,
        kind: row.kind,
        tokens: row.count,
        messages: row.messages,
        ..Difference::default()
    };
    Ok(rows.into_iter().map(difference).collect())
}

/// A key of a rollup: what it is called, and how it is read from the rows, the rollup and the
/// deltas.
struct Column {
    name: &'static str,
    row: String,
    rollup: String,
    delta: String,
}

fn column(name: &'static str, row: &str, own: &str) -> Column {
    Column {
        name,
        row: row.to_owned(),
        rollup: format!("r.{own}"),
        delta: format!("d.{own}"),
    }
}

fn columns(engine: Engine, grain: Grain) -> Vec<Column> {
    let time = |own: &str, seconds| Column {
        name: "moment",
        row: stretch(engine, "m.creation_date", seconds),
        rollup: stretch(engine, &format!("r.{own}"), seconds),
        delta: stretch(engine, "d.bucket_start", seconds),
    };
    let text = |name, own| Column {
        name,
        row: format!("CAST(c.{own} AS text)"),
        rollup: format!("CAST(r.{own} AS text)"),
        delta: format!("CAST(d.{own} AS text)"),
    };
    let model = column("model", &format!("substr(c.model, 1, {MODEL})"), "model");
    let user = column("user_id", "t.user_id", "user_id");
    let (task, kind) = (text("task", "task"), text("kind", "type"));
    match grain {
        Grain::Quarters => vec![time("bucket_start", QUARTER), model, task, kind],
        Grain::Hours => vec![time("bucket_start", HOUR), model, task, kind],
        Grain::Days => vec![time("day", DAY), model, task, kind],
        Grain::Users => vec![time("bucket_start", QUARTER), user, model, task, kind],
        Grain::UserDays => vec![time("day", DAY), user],
        Grain::UserMonths => vec![
            Column {
                name: "moment",
                row: month(engine, "m.creation_date"),
                rollup: month(engine, "r.month"),
                delta: month(engine, "d.bucket_start"),
            },
            user,
        ],
        Grain::Threads => vec![column("thread_id", "m.thread_id", "thread_id")],
    }
}

/// The conditions on the rows, the rollup and the deltas.
fn conditions(grain: Grain, part: Part, values: &mut Vec<Value>) -> [String; 3] {
    let mut mark = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let (own, _) = grain.time();
    let mut edge = |sign: &str, seconds: i64| {
        let time = mark(moment(seconds).into());
        let rollup = match own {
            "day" | "month" => mark(day(seconds).into()),
            _ => time.clone(),
        };
        [
            format!("m.creation_date {sign} {time}"),
            format!("r.{own} {sign} {rollup}"),
            format!("d.bucket_start {sign} {time}"),
        ]
    };
    let both = |one: [String; 3], two: [String; 3]| {
        let mut more = two.into_iter();
        one.map(|condition| match more.next() {
            Some(more) => format!("{condition} AND {more}"),
            None => condition,
        })
    };
    match part {
        Part::Time(from, to) => both(edge(">=", from), edge("<", to)),
        Part::Person(user, from) => {
            let time = edge(">=", from);
            let user = mark(user.into());
            let named = ["t", "r", "d"].map(|table| format!("{table}.user_id = {user}"));
            both(named, time)
        }
        Part::Moved(user, after) => {
            let (user, after) = (mark(user.into()), mark(after.into()));
            let threads = format!(
                "IN (SELECT thread_id FROM threads \
                     WHERE user_id = {user} AND update_date > {after})"
            );
            ["m", "r", "d"].map(|table| format!("{table}.thread_id {threads}"))
        }
        Part::Threads(after, to) => {
            let mut all = ["m", "r", "d"].map(|_| "1 = 1".to_owned());
            for (sign, id) in [(">", after), ("<=", to)] {
                if let Some(id) = id {
                    let id = mark(id.into());
                    let more =
                        ["m", "r", "d"].map(|table| format!("{table}.thread_id {sign} {id}"));
                    all = both(all, more);
                }
            }
            all
        }
    }
}

fn statement(backend: DbBackend, engine: Engine, grain: Grain, part: Part) -> Statement {
    let columns = columns(engine, grain);
    let list = |of: fn(&Column) -> String| columns.iter().map(of).collect::<Vec<_>>().join(", ");
    let names = list(|column| column.name.to_owned());
    let from_rows = list(|column| format!("{} AS {}", column.row, column.name));
    let from_rollup = list(|column| column.rollup.clone());
    let from_deltas = list(|column| column.delta.clone());
    let by: Vec<String> = (1..=columns.len()).map(|at| at.to_string()).collect();
    let by = by.join(", ");

    let mut values = Vec::new();
    let [of_rows, of_rollup, of_deltas] = conditions(grain, part, &mut values);
    let table = grain.table();
    let threads = match grain {
        Grain::Threads => "",
        _ => "JOIN threads t ON t.thread_id = m.thread_id ",
    };
    let tokens = format!(
        "FROM messages m {threads}\
         JOIN token_consumption c ON c.message_id = m.message_id WHERE {of_rows} GROUP BY {by}"
    );
    let parts = match grain {
        Grain::Quarters | Grain::Hours | Grain::Days | Grain::Users => format!(
            "SELECT {from_rows}, sum(c.count) AS count, count(DISTINCT c.message_id) AS messages \
             {tokens} \
             UNION ALL SELECT {from_rollup}, -r.count, -r.messages \
             FROM {table} r WHERE {of_rollup} \
             UNION ALL SELECT {from_deltas}, -d.count, -d.messages \
             FROM token_deltas d WHERE d.model IS NOT NULL AND {of_deltas}"
        ),
        Grain::UserDays | Grain::UserMonths | Grain::Threads => format!(
            "SELECT {from_rows}, sum(c.count) AS count, 0 AS messages {tokens} \
             UNION ALL SELECT {from_rows}, 0, count(*) \
             FROM messages m {threads}WHERE {of_rows} GROUP BY {by} \
             UNION ALL SELECT {from_rollup}, -r.tokens, -r.messages \
             FROM {table} r WHERE {of_rollup} \
             UNION ALL SELECT {from_deltas}, -d.count, \
                              CASE WHEN d.model IS NULL THEN -d.messages ELSE 0 END \
             FROM token_deltas d WHERE {of_deltas}"
        ),
    };
    let sql = format!(
        "SELECT {names}, CAST(sum(count) AS bigint) AS count, \
                CAST(sum(messages) AS bigint) AS messages \
         FROM ({parts}) x GROUP BY {names} \
         HAVING sum(count) <> 0 OR sum(messages) <> 0 LIMIT {LIMIT}"
    );
    Statement::from_sql_and_values(backend, sql, values)
}

/// Where the sums of `grain` are not those of the `finer` one that it is a sum of, from one edge of
/// its buckets up to, and without, another (in seconds since 1970), of one person where one is named;
/// at most [`LIMIT`] of them. Deltas are in both.
pub(in super::super) async fn apart(
    conn: &impl ConnectionTrait,
    engine: Engine,
    (grain, finer): (Grain, Grain),
    (from, to): (i64, i64),
    user: Option<UserId>,
) -> Result<Vec<Difference>> {
    let mut values: Vec<Value> = Vec::new();
    let (_, width) = grain.time();
    let (keys, tokens, names) = match grain {
        Grain::UserMonths => ("user_id", "tokens", "user_id"),
        _ => (
            "model, CAST(task AS text) AS task, CAST(type AS text) AS kind",
            "count",
            "model, task, kind",
        ),
    };
    let mut branch = |of: Grain, sign: &str| {
        let (column, _) = of.time();
        let mut mark = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        let edge = |seconds| match column {
            "bucket_start" => Value::from(moment(seconds)),
            _ => Value::from(day(seconds)),
        };
        let (from, to) = (mark(edge(from)), mark(edge(to)));
        let own = user.map_or(String::new(), |user| {
            format!(" AND user_id = {}", mark(user.into()))
        });
        let table = of.table();
        let moment = match width {
            Width::Seconds(seconds) => stretch(engine, column, seconds),
            Width::Month => month(engine, column),
        };
        format!(
            "SELECT {moment} AS moment, {keys}, {sign}{tokens} AS count, \
                    {sign}messages AS messages \
             FROM {table} WHERE {column} >= {from} AND {column} < {to}{own}"
        )
    };
    let parts = [branch(finer, ""), branch(grain, "-")].join(" UNION ALL ");
    let sql = format!(
        "SELECT moment, {names}, CAST(sum(count) AS bigint) AS count, \
                CAST(sum(messages) AS bigint) AS messages \
         FROM ({parts}) x GROUP BY moment, {names} \
         HAVING sum(count) <> 0 OR sum(messages) <> 0 LIMIT {LIMIT}"
    );
    let backend = conn.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    read(conn, grain, statement).await
}

/// The first day with anything in it from `from` on, or the last (in seconds since 1970).
pub(in super::super) async fn edge(
    conn: &impl ConnectionTrait,
    engine: Engine,
    from: Option<i64>,
    last: bool,
) -> Result<Option<i64>> {
    let function = if last { "max" } else { "min" };
    let mut values: Vec<Value> = Vec::new();
    if let Some(from) = from {
        values.extend([moment(from).into(), day(from).into()]);
    }
    let parts: Vec<String> = [
        ("messages", "creation_date", 1),
        ("token_rollups", "bucket_start", 1),
        ("token_hour_rollups", "bucket_start", 1),
        ("token_user_rollups", "bucket_start", 1),
        ("token_deltas", "bucket_start", 1),
        ("token_day_rollups", "day", 2),
        ("user_day_rollups", "day", 2),
        ("user_month_rollups", "month", 2),
    ]
    .into_iter()
    .map(|(table, column, mark)| {
        let day = stretch(engine, &format!("{function}({column})"), DAY);
        let since = from.map_or(String::new(), |_| format!(" WHERE {column} >= ${mark}"));
        format!("SELECT {day} AS day FROM {table}{since}")
    })
    .collect();
    let sql = format!(
        "SELECT {function}(day) AS day FROM ({}) x",
        parts.join(" UNION ALL ")
    );
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let row = conn.query_one_raw(statement).await?;
    Ok(match row {
        Some(row) => row.try_get("", "day")?,
        None => None,
    })
}

/// The ids of the next threads, those included that are only in the rollup.
pub(in super::super) async fn thread_page(
    conn: &impl ConnectionTrait,
    after: Option<ThreadId>,
    limit: u64,
) -> Result<Vec<ThreadId>> {
    let since = after.map_or("", |_| " WHERE thread_id > $1");
    let parts: Vec<String> = ["threads", "thread_rollups"]
        .into_iter()
        .map(|table| {
            format!(
                "SELECT thread_id FROM (SELECT thread_id FROM {table}{since} \
                 ORDER BY thread_id LIMIT {limit}) {table}"
            )
        })
        .collect();
    let sql = format!("{} ORDER BY 1 LIMIT {limit}", parts.join(" UNION "));
    let values = after.map(Value::from);
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    let id = |row: sea_orm::QueryResult| row.try_get("", "thread_id");
    Ok(rows
        .into_iter()
        .map(id)
        .collect::<std::result::Result<_, _>>()?)
}
