//! A Relay client walks through lists while rows come and go: what is there all the time is seen
//! once. And it fetches every row again by its id.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::user::UserRole;
use sea_orm::{ConnectionTrait, Statement, Value as Sql};
use serde_json::{Value, json};
use service::explore::catalog::catalog;
use tests::{Client, TestApp, eventually};
use uuid::Uuid;

use super::dice::Dice;
use super::fixture::{ask, data, each};
use super::reference::node_id;
use super::world::{Viewer, written};

/// The orders that are walked: the usual one, and one with nulls, ties and both directions.
const ORDERS: [&str; 2] = ["", "orderBy: [COMPLETED_AT_ASC, ERROR_MESSAGE_DESC]"];

/// A run with what the orders look at, at random.
async fn insert(app: &TestApp, owner: Uuid, id: Uuid, dice: &mut Dice) {
    let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
    let time = |dice: &mut Dice| start + TimeDelta::hours(i64::try_from(dice.below(6)).unwrap());
    let completed = dice.chance(50).then(|| time(dice));
    let message = dice.chance(50).then(|| format!("e{}", dice.below(3)));
    let created = time(dice);
    let values: [Sql; 6] = [
        id.into(),
        owner.into(),
        completed.into(),
        message.into(),
        created.into(),
        created.into(),
    ];
    let tx = app.system().write().await.unwrap();
    let engine = tx.get_database_backend();
    let sql = "INSERT INTO runs (id, user_id, company_id, company_name, document_name, \
        document_url, status, completed_at, error_message, created_at, updated_at) \
        VALUES ($1, $2, 'c', 'c', 'd', 'u', 'PENDING', $3, $4, $5, $6)";
    let statement = Statement::from_sql_and_values(engine, sql, values);
    tx.execute_raw(statement).await.unwrap();
    tx.commit().await.unwrap();
}

async fn delete(app: &TestApp, id: Uuid) {
    let tx = app.system().write().await.unwrap();
    let engine = tx.get_database_backend();
    let sql = "DELETE FROM runs WHERE id = $1";
    let statement = Statement::from_sql_and_values(engine, sql, [id.into()]);
    tx.execute_raw(statement).await.unwrap();
    tx.commit().await.unwrap();
}

/// Rows come and go until the walk is over.
async fn churn(app: &TestApp, owner: Uuid, writes: &AtomicU64) {
    let mut dice = Dice::new(11);
    let mut there: Vec<Uuid> = Vec::new();
    loop {
        let id = Uuid::from_u64_pair(dice.number(), dice.number());
        insert(app, owner, id, &mut dice).await;
        there.push(id);
        if there.len() > 6 {
            delete(app, there.swap_remove(dice.below(there.len()))).await;
        }
        writes.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// Where a list of runs stands in an answer.
type Place = (&'static str, &'static str, &'static str);

const ROOT: Place = ("", "", "/data/runs");
const NESTED: Place = (
    "me: users(first: 1) { nodes { ",
    " } }",
    "/data/me/nodes/0/runs",
);

/// Walk to the end, in pages of three, with a write between two pages at least.
async fn walk(
    client: &Client,
    (open, close, path): Place,
    order: &str,
    backward: bool,
    writes: &AtomicU64,
) -> Vec<Uuid> {
    let (way, edge, more, next) = if backward {
        ("last", "before", "hasPreviousPage", "startCursor")
    } else {
        ("first", "after", "hasNextPage", "endCursor")
    };
    let query = format!(
        "query($edge: String) {{ {open} runs({way}: 3, {edge}: $edge, {order}) {{
            edges {{ cursor node {{ id }} }} pageInfo {{ {more} {next} }}
        }} {close} }}"
    );
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let before = writes.load(Ordering::SeqCst);
        let answer = ask(client, &query, json!({ "edge": cursor })).await;
        assert_eq!(
            answer.body["errors"],
            Value::Null,
            "{query}: {}",
            answer.body
        );
        let list = answer.body.pointer(path).unwrap();
        for edge in list["edges"].as_array().unwrap() {
            seen.push(edge["node"]["id"].as_str().unwrap().parse().unwrap());
        }
        if list["pageInfo"][more] == json!(false) {
            return seen;
        }
        cursor = list["pageInfo"][next].clone();
        eventually(async || (writes.load(Ordering::SeqCst) > before).then_some(())).await;
    }
}

#[tokio::test]
async fn what_stays_is_seen_once_while_others_come_and_go() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let owner = ann.id().await.0;
        let mut dice = Dice::new(5);
        let mut stable = Vec::new();
        for _ in 0..24 {
            let id = Uuid::from_u64_pair(dice.number(), dice.number());
            insert(&app, owner, id, &mut dice).await;
            stable.push(id);
        }
        let writes = AtomicU64::new(0);
        let walks = async {
            for place in [ROOT, NESTED] {
                for order in ORDERS {
                    for backward in [false, true] {
                        let seen = walk(&ann, place, order, backward, &writes).await;
                        let mut times: BTreeMap<Uuid, usize> = BTreeMap::new();
                        for id in seen {
                            *times.entry(id).or_default() += 1;
                        }
                        let what = (app.engine, place.2, order, backward);
                        assert!(stable.iter().all(|id| times.contains_key(id)), "{what:?}");
                        assert!(times.values().all(|times| *times == 1), "{what:?}");
                    }
                }
            }
        };
        tokio::select! {
            () = churn(&app, owner, &writes) => {}
            () = walks => {}
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_sum_that_64_bits_do_not_hold_is_refused() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let owner = admin.id().await.0;
        let mut dice = Dice::new(3);
        for number in 1..=2 {
            insert(&app, owner, Uuid::from_u128(number), &mut dice).await;
        }
        let tx = app.system().write().await.unwrap();
        let most = "UPDATE runs SET version = 9223372036854775807";
        tx.execute_unprepared(most).await.unwrap();
        tx.commit().await.unwrap();
        for figure in [
            "aggregate { sum { version } }",
            "groupBy(by: [{ column: USER_ID }]) { sum { version } }",
            "groupBy(by: [{ column: USER_ID }], having: [{ measure: SUM, column: VERSION, gt: 1 }]) { count }",
        ] {
            let query = format!("{{ runs {{ {figure} }} }}");
            let answer = ask(&admin, &query, json!({})).await;
            let code = &answer.body["errors"][0]["extensions"]["code"];
            assert_eq!(
                code, "explore.overflow",
                "{} {figure}: {}",
                app.engine, answer.body
            );
        }
        let each = "{ runs { aggregate { max { version } } nodes { version } } }";
        let most = json!(i64::MAX);
        let answer = data(&admin, each).await["runs"].clone();
        assert_eq!(
            answer["aggregate"]["max"]["version"], most,
            "{}",
            app.engine
        );
        assert_eq!(answer["nodes"][0]["version"], most);
        app.stop().await;
    }
}

#[test]
fn every_row_is_fetched_again_by_its_id() {
    each(async |filled| {
        let admin = filled.client(Viewer::Admin);
        for entity in catalog().entities() {
            let name = &entity.name;
            let columns: Vec<&str> = entity
                .columns
                .iter()
                .map(|column| column.field.as_str())
                .collect();
            let selected = format!("__typename nodeId {}", columns.join(" "));
            let list = format!(
                "{{ {}(first: 3) {{ nodes {{ {selected} }} }} }}",
                entity.plural
            );
            let list = data(admin, &list).await;
            let rows = list[&entity.plural]["nodes"].as_array().unwrap();
            assert!(!rows.is_empty(), "{name}");
            for row in rows {
                let id = &row["nodeId"];
                let again =
                    format!("{{ node(id: {id}) {{ nodeId ... on {name} {{ {selected} }} }} }}");
                assert_eq!(data(admin, &again).await["node"], *row, "{name}");
            }
            let known = &filled.world.rows(entity)[0];
            let id = node_id(entity, known);
            let key = written(entity.key_column().kind, &known[entity.key]);
            let field = &entity.key_column().field;
            let found = format!("{{ node(id: \"{id}\") {{ ... on {name} {{ {field} }} }} }}");
            assert_eq!(data(admin, &found).await["node"][field], key, "{name}");
        }
    });
}
