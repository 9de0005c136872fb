//! What a view and a report may be made of.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Answer, TestApp};

use super::{KINDS, code, good};

/// The places that a refusal points at.
fn pointers(answer: &Answer) -> Vec<String> {
    assert_eq!(code(answer), "invalid");
    let fields = &answer.body["errors"][0]["extensions"]["errors"];
    let fields = fields
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.body));
    let pointer = |field: &Value| field["pointer"].as_str().unwrap().to_owned();
    fields.iter().map(pointer).collect()
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(
        json!({ "status": { "eq": "FAILED" } }),
        |inner, _| json!({ "not": inner }),
    )
}

fn by(column: &str) -> Value {
    json!([{ "column": column, "direction": "ASC" }])
}

/// What is wrong in both kinds, and where that is pointed at.
fn wrong_in_both() -> Vec<(Value, &'static str)> {
    let filters = [
        (json!([]), "/filter"),
        (json!({ "nothing": { "eq": 1 } }), "/filter/nothing"),
        (
            json!({ "leaseToken": { "isNull": true } }),
            "/filter/leaseToken",
        ),
        (json!({ "status": { "eq": "LOST" } }), "/filter/status/eq"),
        (json!({ "status": { "lt": "FAILED" } }), "/filter/status/lt"),
        (json!({ "status": {} }), "/filter/status"),
        (json!({ "status": "FAILED" }), "/filter/status"),
        (
            json!({ "currentStage": { "in": [1, "2"] } }),
            "/filter/currentStage/in/1",
        ),
        (
            json!({ "createdAt": { "gt": "yesterday" } }),
            "/filter/createdAt/gt",
        ),
        (json!({ "userId": { "eq": "me" } }), "/filter/userId/eq"),
        (
            json!({ "companyName": { "contains": 7 } }),
            "/filter/companyName/contains",
        ),
        (json!({ "or": 7 }), "/filter/or/0"),
        (
            json!({ "and": [{ "x/y": { "eq": 1 } }] }),
            "/filter/and/0/x~1y",
        ),
        (
            json!({ "user": { "passwordHash": { "eq": "x" } } }),
            "/filter/user/passwordHash",
        ),
        (json!({ "cards": { "any": {} } }), "/filter/cards/any"),
        (
            nested(13),
            "/filter/not/not/not/not/not/not/not/not/not/not/not/not",
        ),
        (
            json!({ "companyId": { "in": vec!["x"; 1_001] } }),
            "/filter/companyId/in",
        ),
        (json!({ "and": vec![json!({}); 400] }), "/filter/and/399"),
    ];
    let others = [
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "x".repeat(256) }), "/name"),
        (json!({ "name": "a\u{0}b" }), "/name"),
        (json!({ "resource": "nowhere" }), "/resource"),
        (json!({ "order": by("nothing") }), "/order/0/column"),
        (json!({ "order": by("leaseToken") }), "/order/0/column"),
        (
            json!({ "order": [by("status")[0], by("status")[0]] }),
            "/order/1/column",
        ),
        (
            json!({ "chart": { "kind": "PIE", "x": "leaseToken" } }),
            "/chart/x",
        ),
        (
            json!({ "chart": { "kind": "PIE", "series": "nothing" } }),
            "/chart/series",
        ),
    ];
    let filters = filters
        .into_iter()
        .map(|(filter, place)| (json!({ "filter": filter }), place));
    filters.chain(others).collect()
}

/// Columns of a view, and of a report, that are wrong.
fn wrong_columns() -> [Vec<(Value, &'static str)>; 2] {
    let many: Vec<_> = (0..51).map(|_| "status").collect();
    let views = vec![
        (json!(["nothing"]), "/columns/0"),
        (json!(["status", "leaseToken"]), "/columns/1"),
        (json!(["status", "status"]), "/columns/1"),
        (json!(many), "/columns"),
    ];
    let reports = vec![
        (
            json!([{ "column": "nothing" }, { "measure": "COUNT" }]),
            "/columns/0/column",
        ),
        (
            json!([{ "column": "leaseToken" }, { "measure": "COUNT" }]),
            "/columns/0/column",
        ),
        (
            json!([{ "measure": "SUM", "column": "status" }]),
            "/columns/0/column",
        ),
        (json!([{ "measure": "SUM" }]), "/columns/0/column"),
        (
            json!([{ "measure": "MAX", "column": "userId" }]),
            "/columns/0/column",
        ),
        (
            json!([{ "measure": "COUNT" }, { "measure": "COUNT" }]),
            "/columns/1",
        ),
        (
            json!([{ "measure": "COUNT" }, { "column": "status", "bucket": "DAY" }]),
            "/columns/1/bucket",
        ),
        (json!([{ "column": "status" }]), "/columns"),
    ];
    [views, reports]
}

#[tokio::test]
async fn what_is_not_there_is_pointed_at() {
    let [views, reports] = wrong_columns();
    for app in TestApp::each().await {
        let op = app.user("op", UserRole::Operator).await;
        for kind in &KINDS {
            for (wrong, place) in wrong_in_both() {
                let mut input = kind.input(false);
                for (field, value) in wrong.as_object().unwrap() {
                    input[field] = value.clone();
                }
                let answer = kind.create(&op, input).await;
                assert!(
                    pointers(&answer).contains(&place.to_owned()),
                    "{wrong}: {}",
                    answer.body
                );
            }
            let columns: &[_] = if kind.name == "SavedView" {
                &views
            } else {
                &reports
            };
            for (columns, place) in columns {
                let mut input = kind.input(false);
                (input["columns"], input["order"], input["chart"]) =
                    (columns.clone(), json!([]), json!(null));
                let answer = kind.create(&op, input).await;
                assert_eq!(pointers(&answer), [*place], "{columns}");
            }
            assert_eq!(kind.listed(&op).await, 0, "{}", app.engine);

            // A change is checked as what it leads to.
            let made = good(&kind.create(&op, kind.input(false)).await);
            let change = json!({ "chart": { "kind": "PIE", "x": "nothing" } });
            let answer = kind.update(&op, &made["id"], 1, change).await;
            assert_eq!(pointers(&answer), ["/chart/x"]);
            assert_eq!(good(&kind.one(&op, &made["id"]).await), made);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn every_kind_of_condition_can_be_kept() {
    let conditions = json!({
        "status": { "in": ["FAILED", "PENDING"], "ne": "RUNNING" },
        "currentStage": { "gte": 1, "notIn": [3] },
        "createdAt": { "gt": "2026-01-01T00:00:00Z" },
        "userId": { "eq": "00000000-0000-7000-8000-000000000000" },
        "errorMessage": { "isNull": false, "contains": "walrus", "startsWith": "w" },
        "user": { "role": { "eq": "admin" } },
        "cards": { "some": { "starred": { "eq": true } }, "none": {} },
        "or": [{ "companyId": { "endsWith": "x" } }, {}],
        "not": { "and": [{ "version": { "lt": 7 } }] },
    });
    let lists = json!({
        "capabilities": { "has": "search", "hasAny": ["a", "b"] }, "isActive": { "eq": true },
    });
    for app in TestApp::each().await {
        let op = app.user("op", UserRole::Operator).await;
        for kind in &KINDS {
            for (resource, filter, columns, figures) in [
                (
                    "runs",
                    &conditions,
                    json!(["id"]),
                    json!([{ "measure": "COUNT" }]),
                ),
                (
                    "agent_templates_v2",
                    &lists,
                    json!([]),
                    json!([
                        { "measure": "COUNT_DISTINCT", "column": "category" },
                        { "measure": "AVG", "column": "usageCount" },
                        { "measure": "MAX", "column": "updatedAt" },
                    ]),
                ),
            ] {
                let mut input = kind.input(false);
                let view = kind.name == "SavedView";
                input["resource"] = json!(resource);
                input["filter"] = filter.clone();
                input["columns"] = if view { columns } else { figures };
                (input["order"], input["chart"]) = (json!([]), json!(null));
                let made = good(&kind.create(&op, input).await);
                assert_eq!(made["filter"], *filter, "{}", app.engine);
            }
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn the_demos_are_made_like_everybodys() {
    for app in TestApp::each().await {
        service::demo::fill(app.services(), &|_| {}).await.unwrap();
        let admin = app.user("admin", UserRole::Admin).await;
        for (kind, count) in KINDS.iter().zip([3, 2]) {
            let list = good(&kind.list(&admin, None).await)["nodes"].clone();
            let list = list.as_array().unwrap();
            assert_eq!(list.len(), count, "{}: {}", app.engine, kind.name);
            for row in list {
                let version = row["version"].as_i64().unwrap();
                let same = kind.update(&admin, &row["id"], version, json!({})).await;
                let same = good(&same);
                assert_eq!(same["order"], row["order"], "{}", app.engine);
                assert_eq!(same["columns"], row["columns"], "{}", app.engine);
            }
        }
        app.stop().await;
    }
}
