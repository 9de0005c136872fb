//! The other series, over the demo's ninety days: what they say is what the rows say.

mod health;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use entity::agent::execution;
use entity::id::UserId;
use entity::media::video;
use entity::pipeline::{run, stage_output};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::all;

async fn sign_in(app: &TestApp, name: &str) -> Client {
    let mut client = app.anonymous();
    let email = format!("{name}@demo.test");
    let body = json!({ "email": email, "password": service::demo::PASSWORD });
    let answer = client.post("/api/v1/session", body).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    client.header("cookie", cookie.split(';').next().unwrap());
    client.header("origin", &app.base);
    client.header("x-requested-with", "tests");
    client
}

struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Span {
    fn has(&self, moment: DateTime<Utc>) -> bool {
        (self.from..self.to).contains(&moment)
    }
}

/// One series, by days of Berlin (or of UTC).
async fn ask(client: &Client, span: &Span, field: &str, arguments: &str, fields: &str) -> Value {
    let (from, to) = (span.from.to_rfc3339(), span.to.to_rfc3339());
    let query = format!(
        "{{ analytics {{ {field}(range: {{ from: \"{from}\", to: \"{to}\" }}, {arguments}) \
         {{ {fields} }} }} }}"
    );
    let answer = client.post("/graphql", json!({ "query": query })).await;
    assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
    answer.body["data"]["analytics"][field].clone()
}

/// The value at place ceil(p N), counted from one.
fn disc(sorted: &[i64], percent: usize) -> Value {
    let place = (sorted.len() * percent).div_ceil(100);
    json!(place.checked_sub(1).map(|place| sorted[place]))
}

fn percentiles(mut values: Vec<i64>) -> Value {
    values.sort_unstable();
    json!({
        "count": values.len(),
        "p50": disc(&values, 50), "p95": disc(&values, 95), "p99": disc(&values, 99),
    })
}

fn sum(series: &Value, name: &str) -> i64 {
    let points = series["points"].as_array().unwrap().iter();
    points.map(|point| point[name].as_i64().unwrap()).sum()
}

const BERLIN: &str = "bucket: DAY, timeZone: \"Europe/Berlin\"";
const UTC: &str = "bucket: DAY";
const TOOK: &str = "count p50 p95 p99";

/// Where the day of Berlin begins that a point is of, and where the next one does.
fn point_spans(series: &Value, span: &Span) -> Vec<Span> {
    let points = series["points"].as_array().unwrap();
    let start = |point: &Value| point["start"].as_str().unwrap().parse::<DateTime<Utc>>();
    let starts: Vec<DateTime<Utc>> = points.iter().map(|point| start(point).unwrap()).collect();
    let end = |at: usize| starts.get(at + 1).copied().unwrap_or(span.to);
    let spans = starts.iter().enumerate();
    spans
        .map(|(at, start)| Span {
            from: span.from.max(*start),
            to: end(at),
        })
        .collect()
}

async fn runs_and_stages(app: &TestApp, client: &Client, span: &Span, own: Option<UserId>) {
    let db = app.services().db.read().unwrap();
    let mut runs = all::<run::Entity>(&db).await;
    runs.retain(|run| own.is_none_or(|user| run.user_id == user));
    let mine: BTreeSet<_> = runs.iter().map(|run| run.id).collect();
    runs.retain(|run| span.has(run.created_at));
    let fields = "total { created pending running completed failed } stages { stage runs } \
                  points { start created pending running completed failed }";
    let funnel = ask(client, span, "runFunnel", BERLIN, fields).await;
    let standing = |name: &str| {
        runs.iter()
            .filter(|run| format!("{:?}", run.status) == name)
            .count()
    };
    let total = json!({
        "created": runs.len(), "pending": standing("Pending"), "running": standing("Running"),
        "completed": standing("Completed"), "failed": standing("Failed"),
    });
    assert_eq!(funnel["total"], total, "{}", app.engine);
    for (at, stage) in (1..=5).enumerate() {
        let reached = runs.iter().filter(|run| run.current_stage >= stage).count();
        assert_eq!(
            funnel["stages"][at],
            json!({ "stage": stage, "runs": reached })
        );
    }
    for (at, day) in point_spans(&funnel, span).iter().enumerate() {
        let created = runs.iter().filter(|run| day.has(run.created_at)).count();
        assert_eq!(funnel["points"][at]["created"], created, "{}", app.engine);
    }

    let mut outputs = all::<stage_output::Entity>(&db).await;
    outputs.retain(|output| mine.contains(&output.run_id) && span.has(output.created_at));
    let fields = format!("stage total {{ {TOOK} }} points {{ start {TOOK} }}");
    let stages = ask(client, span, "stageDurations", BERLIN, &fields).await;
    for (at, number) in (1..=5).enumerate() {
        let stage = &stages[at];
        assert_eq!(stage["stage"], number);
        let took = |span: &Span| {
            let brought = outputs
                .iter()
                .filter(|output| output.stage_number == number);
            let within = brought.filter(|output| span.has(output.created_at));
            percentiles(within.filter_map(|output| output.duration_ms).collect())
        };
        assert_eq!(stage["total"], took(span), "{} stage {number}", app.engine);
        for (at, day) in point_spans(stage, span).iter().enumerate() {
            let mut point = stage["points"][at].clone();
            point.as_object_mut().unwrap().remove("start");
            assert_eq!(point, took(day), "{} stage {number}", app.engine);
        }
    }
}

/// The engine's own percentiles, where it has them.
async fn percentile_disc(app: &TestApp, client: &Client, span: &Span) {
    if app.engine != "PostgreSQL" {
        return;
    }
    let db = app.services().db.read().unwrap();
    let sql = "SELECT stage_number, \
         percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms), \
         percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms), \
         percentile_disc(0.99) WITHIN GROUP (ORDER BY duration_ms) \
         FROM stage_outputs WHERE created_at >= $1 AND created_at < $2 \
         GROUP BY stage_number ORDER BY stage_number";
    let values: [sea_orm::Value; 2] = [span.from.into(), span.to.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let mut expected = Vec::new();
    for row in db.query_all_raw(statement).await.unwrap() {
        let stage: i32 = row.try_get_by_index(0).unwrap();
        let [p50, p95, p99] = [1, 2, 3].map(|at| row.try_get_by_index::<i64>(at).unwrap());
        expected.push(json!({ "stage": stage, "total": { "p50": p50, "p95": p95, "p99": p99 } }));
    }
    let fields = "stage total { p50 p95 p99 }";
    let stages = ask(client, span, "stageDurations", UTC, fields).await;
    assert_eq!(stages, json!(expected));
}

async fn agents_and_videos(app: &TestApp, client: &Client, span: &Span) {
    let db = app.services().db.read().unwrap();
    let mut executions = all::<execution::Entity>(&db).await;
    executions.retain(|execution| span.has(execution.created_at));
    let fields = format!(
        "total {{ started completed failed }} durations {{ {TOOK} }} others \
         agents {{ agentId executions }} points {{ start started failed }}"
    );
    let arguments = format!("{BERLIN}, top: 3");
    let usage = ask(client, span, "agentUsage", &arguments, &fields).await;
    let standing = |name: &str| {
        let same = |execution: &&execution::Model| format!("{:?}", execution.status) == name;
        executions.iter().filter(same).count()
    };
    let total = json!({
        "started": executions.len(), "completed": standing("Completed"), "failed": standing("Failed"),
    });
    assert_eq!(usage["total"], total, "{}", app.engine);
    let took = executions
        .iter()
        .filter(|one| ["Completed", "Failed"].contains(&format!("{:?}", one.status).as_str()))
        .filter_map(|one| one.duration_ms);
    assert_eq!(
        usage["durations"],
        percentiles(took.collect()),
        "{}",
        app.engine
    );
    let mut by_agent: BTreeMap<String, i64> = BTreeMap::new();
    for agent in executions.iter().filter_map(|execution| execution.agent_id) {
        *by_agent.entry(agent.to_string()).or_default() += 1;
    }
    let mut most: Vec<(String, i64)> = by_agent.into_iter().collect();
    most.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
    let first: Vec<Value> = most[..3]
        .iter()
        .map(|(id, count)| json!({ "agentId": id, "executions": count }))
        .collect();
    assert_eq!(usage["agents"], json!(first), "{}", app.engine);
    let named: i64 = most[..3].iter().map(|(_, count)| count).sum();
    assert_eq!(
        usage["others"],
        i64::try_from(executions.len()).unwrap() - named
    );
    assert_eq!(json!(sum(&usage, "started")), usage["total"]["started"]);

    let videos = all::<video::Entity>(&db).await;
    let fields = format!(
        "total {{ created completed failed }} open seconds {{ {TOOK} }} \
         points {{ start created completed failed }}"
    );
    let made = ask(client, span, "videoThroughput", BERLIN, &fields).await;
    let status = |video: &video::Model| format!("{:?}", video.status);
    let asked: Vec<_> = videos
        .iter()
        .filter(|video| span.has(video.created_at))
        .collect();
    let done: Vec<_> = videos
        .iter()
        .filter(|video| {
            status(video) == "Completed" && video.completed_at.is_some_and(|at| span.has(at))
        })
        .collect();
    let total = json!({
        "created": asked.len(), "completed": done.len(),
        "failed": asked.iter().filter(|video| status(video) == "Failed").count(),
    });
    assert_eq!(made["total"], total, "{}", app.engine);
    let took = done
        .iter()
        .map(|video| video.completed_at.unwrap().timestamp() - video.created_at.timestamp());
    assert_eq!(
        made["seconds"],
        percentiles(took.collect()),
        "{}",
        app.engine
    );
    for (at, day) in point_spans(&made, span).iter().enumerate() {
        let completed = done
            .iter()
            .filter(|video| day.has(video.completed_at.unwrap()))
            .count();
        assert_eq!(made["points"][at]["completed"], completed, "{}", app.engine);
    }
}

async fn refused(client: &Client, field: &str, arguments: &str, fields: &str) -> String {
    let query = format!(
        "{{ analytics {{ {field}(range: {{ from: \"2026-01-01T00:00:00Z\", \
         to: \"2026-01-05T00:00:00Z\" }}, {arguments}) {{ {fields} }} }} }}"
    );
    let answer = client.post("/graphql", json!({ "query": query })).await;
    let code = &answer.body["errors"][0]["extensions"]["code"];
    code.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_series_say_what_the_rows_say() {
    for app in TestApp::each().await {
        service::demo::fill(app.services(), &|_| ()).await.unwrap();
        super::agree(&app, "the demo").await;
        let now = app.system().now();
        // Neither edge is the edge of anything.
        let span = Span {
            from: now - TimeDelta::days(88) - TimeDelta::minutes(7),
            to: now - TimeDelta::days(1) + TimeDelta::microseconds(1),
        };
        let admin = sign_in(&app, "admin").await;
        runs_and_stages(&app, &admin, &span, None).await;
        percentile_disc(&app, &admin, &span).await;
        agents_and_videos(&app, &admin, &span).await;
        health::webhooks_and_jobs(&app, &admin, &span).await;
        people::people(&app, &admin, &span).await;

        let ann = sign_in(&app, "ann").await;
        let me = ann.id().await;
        runs_and_stages(&app, &ann, &span, Some(me)).await;
        for (field, fields) in [
            ("jobHealth", "total { created }"),
            ("activeUsers", "total"),
            ("retention", "cohorts { size }"),
        ] {
            assert_eq!(
                refused(&ann, field, UTC, fields).await,
                "forbidden",
                "{field}"
            );
        }
        let hours = "bucket: HOUR";
        assert_eq!(
            refused(&admin, "activeUsers", hours, "total").await,
            "invalid"
        );
        for (field, fields) in [
            ("agentUsage", "total { started }"),
            ("videoThroughput", "total { created }"),
            ("webhookHealth", "total { created }"),
        ] {
            let everybody = ask(&admin, &span, field, UTC, fields).await;
            let own = ask(&ann, &span, field, UTC, fields).await;
            let first = |answer: &Value| {
                let total = answer["total"].as_object().unwrap();
                total.values().next().unwrap().as_i64().unwrap()
            };
            assert!(first(&own) < first(&everybody), "{}: {field}", app.engine);
        }
        app.stop().await;
    }
}
