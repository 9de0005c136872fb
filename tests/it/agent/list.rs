//! The list of agents: favourites, then the last used, then the newest, by pages.

use chrono::{SubsecRound, TimeDelta, Utc};
use entity::identity::user::UserRole;
use serde_json::json;
use tests::{Client, TestApp};

use super::{made, names};

async fn pages(who: &Client, query: &str, limit: usize) -> Vec<String> {
    let mut path = format!("/api/v1/agents?limit={limit}{query}");
    let mut seen = Vec::new();
    loop {
        let page = who.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let rows = names(&page.body);
        assert!(rows.len() <= limit);
        seen.extend(rows.into_iter().map(str::to_owned));
        let Some(next) = page.headers.get("link") else {
            return seen;
        };
        let next = next.to_str().unwrap();
        next[1..next.find('>').unwrap()].clone_into(&mut path);
    }
}

#[tokio::test]
async fn favourites_come_first_then_the_last_used_then_the_newest() {
    for app in TestApp::each().await {
        app.clock.stop_at(Utc::now().trunc_subsecs(6));
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        made(&bob, "/api/v1/agents", json!({ "name": "his" })).await;
        // Name, favourite, order of use (0: never). Two are made at the same moment.
        let plan = [
            ("a", false, 0),
            ("b", true, 0),
            ("c", false, 2),
            ("d", true, 1),
            ("e", false, 0),
            ("f", true, 0),
            ("g", false, 3),
            ("h", false, 3),
        ];
        let mut paths = Vec::new();
        for (at, (name, favourite, _)) in plan.iter().enumerate() {
            if at != 7 {
                app.clock.advance(TimeDelta::seconds(1));
            }
            let category = ["even", "odd"][at % 2];
            let body = json!({ "name": name, "is_favorite": favourite, "category": category });
            paths.push(made(&ann, "/api/v1/agents", body).await);
        }
        for turn in 1..=3 {
            app.clock.advance(TimeDelta::seconds(1));
            for (path, (.., used)) in paths.iter().zip(&plan) {
                if *used == turn {
                    made(&ann, &format!("{path}/executions"), json!({})).await;
                }
            }
        }
        let whole = ["d", "f", "b", "h", "g", "c", "e", "a"];
        for limit in [1, 2, 3, 7, 8, 9] {
            assert_eq!(
                pages(&ann, "", limit).await,
                whole,
                "{} by {limit}",
                app.engine
            );
        }
        assert_eq!(pages(&ann, "&category=odd", 1).await, ["d", "f", "b", "h"]);
        ann.patch(&paths[0], json!({ "is_active": false })).await;
        assert_eq!(pages(&ann, "&is_active=false", 1).await, ["a"]);
        assert_eq!(pages(&ann, "&is_active=true", 3).await, whole[..7]);
        let used = ann.get(&paths[6]).await.body;
        assert_eq!(used["execution_count"], 1);

        let operator = app.user("op", UserRole::Operator).await;
        assert_eq!(pages(&operator, "", 2).await, [""; 0]);
        let hers = format!("&user_id={}", ann.id().await);
        assert_eq!(pages(&operator, &hers, 3).await, whole);
        assert_eq!(pages(&bob, &hers, 3).await, [""; 0]);
        app.stop().await;
    }
}
