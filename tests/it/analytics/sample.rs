//! The figures of a live system's sample are those of plain SQL over its rows.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use service::analytics::fold;
use tests::{Client, TestApp};

/// What a token cost when its message was said, as a subquery of plain SQL.
const PRICE: &str = "(SELECT p.micro_dollars_per_million FROM model_prices p \
    WHERE p.model = c.model AND p.type = c.type AND p.valid_from <= m.creation_date \
    ORDER BY p.valid_from DESC LIMIT 1)";

const ROWS: &str = "FROM token_consumption c JOIN messages m ON m.message_id = c.message_id \
    JOIN threads t ON t.thread_id = m.thread_id";

/// The rows of a plain query: a text, a text, and whole numbers.
async fn plain(app: &TestApp, sql: &str, numbers: usize) -> Vec<(String, String, Vec<i64>)> {
    let db = app.services().db.read().unwrap();
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| {
            let number = |at: usize| row.try_get_by_index(2 + at).unwrap();
            (
                row.try_get_by_index(0).unwrap(),
                row.try_get_by_index(1).unwrap(),
                (0..numbers).map(number).collect(),
            )
        })
        .collect()
}

async fn ask(client: &Client, query: &str) -> Value {
    let answer = client.post("/graphql", json!({ "query": query })).await;
    assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
    answer.body["data"].clone()
}

/// Prices of three of the four models; one is dearer from one midnight on, one from within a day.
async fn set_prices(admin: &Client) {
    let begin = "2024-01-01T00:00:00Z";
    for (model, kind, price, from) in [
        ("openai/gpt-5-mini", "INPUT_NONCACHED", 250_000, begin),
        ("openai/gpt-5-mini", "INPUT_CACHED", 25_000, begin),
        ("openai/gpt-5-mini", "COMPLETION", 2_000_001, begin),
        ("openai/gpt-5-nano", "INPUT_NONCACHED", 50_003, begin),
        ("openai/gpt-5-nano", "COMPLETION", 400_000, begin),
        (
            "openai/gpt-5-nano",
            "COMPLETION",
            500_000,
            "2025-09-05T00:00:00Z",
        ),
        ("openai/gpt-5.1", "INPUT_NONCACHED", 1_250_007, begin),
        ("openai/gpt-5.1", "INPUT_CACHED", 125_000, begin),
        ("openai/gpt-5.1", "COMPLETION", 10_000_000, begin),
        (
            "openai/gpt-5.1",
            "COMPLETION",
            12_000_000,
            "2025-06-17T12:15:00Z",
        ),
    ] {
        let mutation = format!(
            "mutation {{ setModelPrice(price: {{ model: \"{model}\", type: {kind}, \
             microDollarsPerMillion: {price}, validFrom: \"{from}\" }}) {{ id }} }}"
        );
        ask(admin, &mutation).await;
    }
}

/// Cost per model per day, per person the first ten and the others, with what is unpriced.
pub(crate) async fn figures(app: &TestApp, admin: &Client) {
    set_prices(admin).await;
    for folded in [false, true] {
        if folded {
            assert!(fold(&app.system()).await.unwrap() > 0);
        }
        by_model_and_day(app, admin).await;
        by_person(app, admin).await;
    }
    super::agree(app, "the sample").await;
}

async fn by_model_and_day(app: &TestApp, admin: &Client) {
    let day = match app.engine {
        "PostgreSQL" => "to_char(m.creation_date AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        _ => "substr(m.creation_date, 1, 10)",
    };
    let sql = format!(
        "SELECT model, day, CAST(sum(count) AS bigint), \
                CAST(sum(CASE WHEN price IS NULL THEN count ELSE 0 END) AS bigint), \
                CAST(coalesce(sum(count * price), 0) + 500000 AS bigint) / 1000000 \
         FROM (SELECT c.model AS model, {day} AS day, CAST(c.count AS bigint) AS count, \
                      {PRICE} AS price {ROWS}) x \
         GROUP BY model, day"
    );
    let mut expected: BTreeMap<String, Value> = BTreeMap::new();
    for (model, day, numbers) in plain(app, &sql, 3).await {
        let cost = (numbers[0] != numbers[1]).then_some(numbers[2]);
        expected.insert(
            format!("{model} {day}"),
            json!([numbers[0], numbers[1], cost]),
        );
    }
    let answer = ask(
        admin,
        "{ analytics { tokenUsage(
            range: { from: \"2025-01-01T00:00:00Z\", to: \"2026-03-01T00:00:00Z\" },
            bucket: DAY, groupBy: [MODEL]
        ) { series { model points { start tokens costMicros unpriced } } } } }",
    )
    .await;
    let mut told: BTreeMap<String, Value> = BTreeMap::new();
    for series in answer["analytics"]["tokenUsage"]["series"]
        .as_array()
        .unwrap()
    {
        for point in series["points"].as_array().unwrap() {
            if point["tokens"] != 0 {
                let (model, start) = (&series["model"], &point["start"]);
                let key = format!(
                    "{} {}",
                    model.as_str().unwrap(),
                    &start.as_str().unwrap()[..10]
                );
                let numbers = [&point["tokens"], &point["unpriced"], &point["costMicros"]];
                told.insert(key, json!(numbers));
            }
        }
    }
    assert!(told.len() > 60, "{}", told.len());
    assert_eq!(told, expected, "{}", app.engine);
}

async fn by_person(app: &TestApp, admin: &Client) {
    let id = match app.engine {
        "PostgreSQL" => "CAST(t.user_id AS text)",
        _ => "lower(hex(t.user_id))",
    };
    let sql = format!(
        "SELECT person, '', CAST(sum(count) AS bigint), \
                CAST(sum(CASE WHEN price IS NULL THEN count ELSE 0 END) AS bigint), \
                CAST(coalesce(sum(count * price), 0) AS bigint) \
         FROM (SELECT {id} AS person, CAST(c.count AS bigint) AS count, {PRICE} AS price {ROWS}) x \
         GROUP BY person ORDER BY 3 DESC"
    );
    let people = plain(app, &sql, 3).await;
    assert!(people.len() > 10);
    let rounded = |exact: i64| (exact + 500_000) / 1_000_000;
    let mut expected: Vec<Value> = people[..10]
        .iter()
        .map(|(person, _, numbers)| {
            let cost = rounded(numbers[2]);
            json!([person.replace('-', ""), numbers[0], numbers[1], cost])
        })
        .collect();
    let rest = |at: usize| {
        people[10..]
            .iter()
            .map(|(.., numbers)| numbers[at])
            .sum::<i64>()
    };
    expected.push(json!(["others", rest(0), rest(1), rounded(rest(2))]));

    let query = |fields: &str| {
        format!(
            "{{ analytics {{ tokenUsage(
                range: {{ from: \"2025-01-01T00:00:00Z\", to: \"2026-03-01T00:00:00Z\" }},
                bucket: MONTH, groupBy: [USER], top: 10
            ) {{ total series {{ userId others total {fields} }} }} }} }}"
        )
    };
    let priced = ask(admin, &query("costMicros unpriced")).await;
    let priced = &priced["analytics"]["tokenUsage"];
    let told: Vec<Value> = priced["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|series| {
            let person = match series["others"].as_bool() {
                Some(true) => "others".to_owned(),
                _ => series["userId"].as_str().unwrap().replace('-', ""),
            };
            json!([
                person,
                series["total"],
                series["unpriced"],
                series["costMicros"]
            ])
        })
        .collect();
    assert_eq!(told, expected, "{}", app.engine);

    // The same, read from days of people alone.
    let plain = ask(admin, &query("points { tokens }")).await;
    let plain = &plain["analytics"]["tokenUsage"];
    assert_eq!(plain["total"], priced["total"]);
    for (at, series) in plain["series"].as_array().unwrap().iter().enumerate() {
        assert_eq!(
            series["total"], priced["series"][at]["total"],
            "{}",
            app.engine
        );
        let points = series["points"].as_array().unwrap().iter();
        let sum: i64 = points.map(|point| point["tokens"].as_i64().unwrap()).sum();
        assert_eq!(series["total"], sum);
    }
}
