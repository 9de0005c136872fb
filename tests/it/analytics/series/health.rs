//! Webhooks and jobs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use entity::platform::job;
use entity::webhook::{attempt, delivery};
use serde_json::json;
use tests::{Client, TestApp};

use super::{BERLIN, Span, TOOK, ask, percentiles, sum};
use crate::analytics::all;

pub(super) async fn webhooks_and_jobs(app: &TestApp, client: &Client, span: &Span) {
    let db = app.services().db.read().unwrap();
    let mut deliveries = all::<delivery::Entity>(&db).await;
    deliveries.retain(|delivery| span.has(delivery.created_at));
    let ids: BTreeSet<_> = deliveries.iter().map(|delivery| delivery.id).collect();
    let mut attempts = all::<attempt::Entity>(&db).await;
    attempts.retain(|attempt| ids.contains(&attempt.delivery_id));
    let fields = format!(
        "total {{ created delivered }} attempts failedAttempts durations {{ {TOOK} }} \
         points {{ start created delivered }}"
    );
    let health = ask(client, span, "webhookHealth", BERLIN, &fields).await;
    let delivered = deliveries
        .iter()
        .filter(|delivery| format!("{:?}", delivery.state) == "Delivered")
        .count();
    assert_eq!(
        health["total"],
        json!({ "created": deliveries.len(), "delivered": delivered })
    );
    assert_eq!(health["attempts"], attempts.len(), "{}", app.engine);
    let good = attempts.iter().filter(|attempt| {
        attempt
            .status
            .is_some_and(|status| (200..300).contains(&status))
    });
    assert_eq!(health["failedAttempts"], attempts.len() - good.count());
    let took = attempts.iter().map(|attempt| attempt.duration_ms);
    assert_eq!(
        health["durations"],
        percentiles(took.collect()),
        "{}",
        app.engine
    );
    assert_eq!(json!(sum(&health, "created")), health["total"]["created"]);

    let mut jobs = all::<job::Entity>(&db).await;
    let due = jobs
        .iter()
        .filter(|job| format!("{:?}", job.state) == "Queued" && job.run_at <= app.system().now());
    let waiting = due.map(|job| job.run_at).min();
    jobs.retain(|job| span.has(job.created_at));
    let fields = "total { created succeeded dead } kinds { kind created dead } waitingSince \
                  points { start created }";
    let health = ask(client, span, "jobHealth", BERLIN, fields).await;
    let standing = |name: &str| {
        jobs.iter()
            .filter(|job| format!("{:?}", job.state) == name)
            .count()
    };
    let total = json!({
        "created": jobs.len(), "succeeded": standing("Succeeded"), "dead": standing("Dead"),
    });
    assert_eq!(health["total"], total, "{}", app.engine);
    let since = health["waitingSince"].as_str();
    let since = since.map(|since| since.parse::<DateTime<Utc>>().unwrap());
    assert_eq!(since, waiting, "{}", app.engine);
    let mut kinds: BTreeMap<&str, i64> = BTreeMap::new();
    for job in &jobs {
        *kinds.entry(&job.kind).or_default() += 1;
    }
    let told = health["kinds"].as_array().unwrap().iter();
    let told: Vec<(&str, i64)> = told
        .map(|kind| {
            (
                kind["kind"].as_str().unwrap(),
                kind["created"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        kinds.into_iter().collect::<Vec<_>>(),
        "{}",
        app.engine
    );
}
