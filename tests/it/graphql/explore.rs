//! The explore engine through the front door: what is asked twice is answered twice the same.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Client, TestApp, run_body};

use super::ask;

/// The answer without what names the request.
async fn twice(client: &Client, query: &str, variables: Value) -> Value {
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = ask(client, query, variables.clone()).await;
        let mut body = answer.body;
        for error in body["errors"].as_array_mut().into_iter().flatten() {
            error["extensions"]
                .as_object_mut()
                .unwrap()
                .remove("request_id");
        }
        answers.push((answer.status, body));
    }
    assert_eq!(answers[0], answers[1], "{query} {variables}");
    assert_eq!(answers[0], answers[2], "{query} {variables}");
    answers.swap_remove(0).1
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn a_known_document_is_answered_as_at_first() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        for name in ["one.pdf", "two.pdf", "three.pdf"] {
            ann.post("/api/v1/runs", run_body(name)).await;
        }
        bob.post("/api/v1/runs", run_body("four.pdf")).await;
        let of = |answer: &Value, root: &str| answer["data"][root].clone();

        // A name that is asked twice is one field.
        let order = "{ b: runs { totalCount } a: runs(first: 1) { nodes { documentName } }
            c: users { totalCount } b: runs { __typename } }";
        let found = twice(&ann, order, json!({})).await;
        assert_eq!(
            found["data"]["b"],
            json!({ "totalCount": 3, "__typename": "RunConnection" })
        );
        let list = "query($n: Int, $full: Boolean = false, $f: RunFilter, $o: [RunOrder!]) {
            runs(first: $n, filter: $f, orderBy: $o) {
                totalCount nodes { documentName ...Full @include(if: $full) }
            }
        } fragment Full on Run { status user { email } events { totalCount } }";
        for client in [&ann, &bob, &admin] {
            for variables in [
                json!({}),
                json!({ "n": 2 }),
                json!({ "n": 2, "full": true }),
                json!({ "full": false, "n": 1, "o": ["DOCUMENT_NAME_ASC"] }),
                json!({ "f": { "documentName": { "contains": "O" } } }),
                json!({ "f": null, "n": null }),
            ] {
                let found = twice(client, list, variables).await;
                assert_eq!(found["errors"], Value::Null, "{}", app.engine);
            }
        }
        let hers = twice(
            &ann,
            list,
            json!({ "f": { "documentName": { "eq": "one.pdf" } } }),
        )
        .await;
        assert_eq!(of(&hers, "runs")["totalCount"], 1);
        let his = twice(
            &bob,
            list,
            json!({ "f": { "documentName": { "eq": "one.pdf" } } }),
        )
        .await;
        assert_eq!(of(&his, "runs")["totalCount"], 0, "a plan has no scope");

        // What is wrong is refused as if the document had never been seen.
        for (variables, code) in [
            (json!({ "n": 101 }), "invalid"),
            (json!({ "n": -1 }), "invalid"),
            (json!({ "n": "2" }), "graphql.invalid"),
            (json!({ "full": null, "n": 1.5 }), "graphql.invalid"),
            (json!({ "f": { "documentName": {} } }), "invalid"),
            (
                json!({ "f": { "documentName": { "eq": 1 } } }),
                "graphql.invalid",
            ),
            (
                json!({ "f": { "nothing": { "eq": 1 } } }),
                "graphql.invalid",
            ),
            (json!({ "o": ["SIDEWAYS"] }), "graphql.invalid"),
            (json!({ "n": 5001 }), "graphql.limit"),
        ] {
            let found = twice(&ann, list, variables.clone()).await;
            let told = &found["errors"][0]["extensions"]["code"];
            assert_eq!(told, code, "{}: {variables} {found}", app.engine);
        }
        // A condition whose value is missing is no condition, and still not "everything".
        let open = "query($u: UUID) { runs(filter: { userId: { eq: $u } }) { totalCount } }";
        let user = json!({ "u": "00000000-0000-7000-8000-000000000000" });
        assert_eq!(
            of(&twice(&admin, open, user).await, "runs")["totalCount"],
            0
        );
        let found = twice(&admin, open, json!({})).await;
        assert_eq!(found["errors"][0]["extensions"]["code"], "graphql.invalid");
        assert_eq!(found["data"], Value::Null);

        let sums = "{ runs { aggregate { count max { attempt createdAt } countDistinct { userId } }
            groupBy(by: [{column: STATUS}]) { keys { status userId } count others sum { attempt } } } }";
        let found = of(&twice(&admin, sums, json!({})).await, "runs");
        assert_eq!(found["aggregate"]["count"], 4, "{found}");
        assert_eq!(found["aggregate"]["countDistinct"]["userId"], 2);
        assert_eq!(
            found["groupBy"][0]["keys"],
            json!({ "status": "PENDING", "userId": null })
        );
        assert_eq!(found["groupBy"][0]["sum"]["attempt"], 0);

        let first = of(
            &twice(
                &ann,
                "{ runs(first: 1) { edges { cursor node { nodeId id } } } }",
                json!({}),
            )
            .await,
            "runs",
        );
        let id = &first["edges"][0]["node"]["nodeId"];
        let node = "query($id: ID!) { node(id: $id) { nodeId __typename ... on Run { id } ... on User { email } } }";
        let found = of(&twice(&ann, node, json!({ "id": id })).await, "node");
        assert_eq!(found["id"], first["edges"][0]["node"]["id"]);
        assert_eq!(found["__typename"], "Run");
        assert_eq!(
            of(&twice(&bob, node, json!({ "id": id })).await, "node"),
            Value::Null
        );
        let next =
            "query($c: String) { runs(after: $c) { nodes { id } pageInfo { hasPreviousPage } } }";
        let cursor = &first["edges"][0]["cursor"];
        let rest = of(&twice(&ann, next, json!({ "c": cursor })).await, "runs");
        assert_eq!(rest["nodes"].as_array().map(Vec::len), Some(2));
        assert_eq!(rest["pageInfo"]["hasPreviousPage"], true);
        let foreign = twice(&ann, next, json!({ "c": "bm8" })).await;
        assert_eq!(foreign["errors"][0]["extensions"]["code"], "cursor.bad");
        assert_eq!(foreign["errors"][0]["path"], json!(["runs"]));
        app.stop().await;
    }
}

#[tokio::test]
async fn the_admin_schema_tells_what_the_caller_may_do() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let query =
            "{ adminSchema { entities { name plural label scope scopeField may { read update }
            columns { field kind type slow values { name } } relations { field target many } } } }";
        let seen = async |client: &Client| {
            let found = twice(client, query, json!({})).await;
            found["data"]["adminSchema"]["entities"]
                .as_array()
                .unwrap()
                .clone()
        };
        let find = |all: &[Value], name: &str| all.iter().find(|one| one["name"] == name).cloned();
        let (hers, theirs, all) = (seen(&ann).await, seen(&operator).await, seen(&admin).await);
        for (who, run, user, audit) in [
            (&hers, json!(false), json!(false), false),
            (&theirs, json!(true), json!(false), false),
            (&all, json!(true), json!(true), true),
        ] {
            assert_eq!(find(who, "Run").unwrap()["may"]["update"], run);
            assert_eq!(find(who, "User").unwrap()["may"]["update"], user);
            assert_eq!(find(who, "AuditLog").is_some(), audit);
        }
        let run = find(&all, "Run").unwrap();
        assert_eq!(run["scope"], "OWN");
        assert_eq!(run["scopeField"], "userId");
        let column = |field: &str| {
            let mut columns = run["columns"].as_array().unwrap().iter();
            columns
                .find(|column| column["field"] == field)
                .unwrap()
                .clone()
        };
        assert_eq!(column("status")["values"][0]["name"], "PENDING");
        assert_eq!(column("id")["slow"], false);
        assert_eq!(column("documentUrl")["slow"], true);
        app.stop().await;
    }
}
