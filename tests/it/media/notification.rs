//! What people are told: read, counted, streamed, and forgotten.

use chrono::TimeDelta;
use entity::id::UserId;
use entity::identity::user::UserRole;
use entity::media::notification::NotificationType::{self, SystemAnnouncement, VideoCompleted};
use futures::StreamExt;
use serde_json::{Value, json};
use service::actor::Actor;
use service::notification::{News, RETENTION, cursor, follow, notify};
use service::upkeep::sweep;
use tests::{Client, EventStream, Plan, TestApp};

use super::{text, told};

fn news(kind: NotificationType, title: &str) -> News {
    News {
        kind,
        title: title.to_owned(),
        message: format!("about {title}"),
        data: Some(json!({ "about": title })),
    }
}

/// Tell a person something.
async fn tell(app: &TestApp, who: UserId, kind: NotificationType, title: &str) {
    let tx = app.system().write().await.unwrap();
    notify(&tx, who, news(kind, title)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn titles(who: &Client, query: &str) -> Vec<String> {
    let list = who.get(&format!("/api/v1/notifications{query}")).await;
    assert_eq!(list.status, 200, "{}", list.body);
    let rows = list.body["items"].as_array().unwrap().iter();
    rows.map(|row| text(&row["title"]).to_owned()).collect()
}

async fn unread(who: &Client) -> Value {
    let count = who.get("/api/v1/notifications/unread-count").await;
    count.body["count"].clone()
}

#[tokio::test]
async fn a_person_reads_one_and_then_all_and_only_their_own() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let id = ann.id().await;
        for (kind, title) in [
            (VideoCompleted, "one"),
            (SystemAnnouncement, "two"),
            (VideoCompleted, "three"),
        ] {
            tell(&app, id, kind, title).await;
        }
        assert_eq!(titles(&ann, "").await, ["three", "two", "one"]);
        assert!(titles(&operator, "").await.is_empty(), "not even the staff");
        let kind = titles(&ann, "?type=VIDEO_COMPLETED").await;
        assert_eq!(kind, ["three", "one"]);
        assert_eq!(unread(&ann).await, 3);
        let odd = ann.get("/api/v1/notifications?type=RUMOUR").await;
        assert_eq!(odd.verdict(), "422 invalid", "{}", odd.body);
        assert_eq!(odd.body["errors"][0]["pointer"], "type");

        let page = ann.get("/api/v1/notifications?limit=2").await;
        let next = text(&page.body["next"]);
        let rest = titles(&ann, &format!("?limit=2&after={next}")).await;
        assert_eq!(rest, ["one"]);
        let other = format!("/api/v1/notifications?unread=true&after={next}");
        assert_eq!(ann.get(&other).await.verdict(), "400 cursor.bad");

        let one = text(&page.body["items"][0]["id"]);
        let read = format!("/api/v1/notifications/{one}/read");
        for _ in 0..2 {
            let done = ann.post(&read, json!({})).await;
            assert_eq!(done.body["is_read"], true, "{}", done.body);
            assert_eq!(unread(&ann).await, 2, "{}", app.engine);
        }
        assert_eq!(titles(&ann, "?unread=true").await, ["two", "one"]);
        assert_eq!(titles(&ann, "?unread=false").await, ["three"]);
        let foreign = operator.post(&read, json!({})).await;
        assert_eq!(foreign.verdict(), "404 notification.not_found");

        let keyed = ann.with("idempotency-key", "all-of-them");
        for (who, count) in [(&keyed, 2), (&keyed, 2), (&ann, 0)] {
            let all = who.post("/api/v1/notifications/read-all", json!({})).await;
            assert_eq!(
                (all.status.as_u16(), &all.body["count"]),
                (200, &json!(count))
            );
            assert_eq!(unread(&ann).await, 0);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_old_is_forgotten_after_the_time_that_is_set() {
    let mut plan = Plan::default();
    let given = std::mem::take(&mut plan.settings.given);
    let day = std::time::Duration::from_hours(24);
    plan.settings.given = given.with(&RETENTION, &day);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        tell(&app, ann.id().await, SystemAnnouncement, "old").await;
        app.clock.advance(TimeDelta::hours(23));
        tell(&app, ann.id().await, SystemAnnouncement, "new").await;
        assert_eq!(sweep(&app.system()).await.unwrap().notifications, 0);
        app.clock.advance(TimeDelta::hours(2));
        let swept = sweep(&app.system()).await.unwrap();
        assert_eq!(swept.notifications, 1, "{}", app.engine);
        assert_eq!(titles(&ann, "").await, ["new"]);
        app.stop().await;
    }
}

const EVENTS: &str = "/api/v1/notifications/events";

#[tokio::test]
async fn a_stream_tells_what_happens_and_goes_on_behind_the_last() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let id = ann.id().await;
        tell(&app, id, VideoCompleted, "before").await;
        let mut stream = EventStream::open(&ann, EVENTS, None).await;
        tell(&app, bob.id().await, VideoCompleted, "bob's").await;
        tell(&app, id, VideoCompleted, "one").await;
        let (first, kind, told) = stream.next().await.unwrap();
        assert_eq!(
            (kind.as_str(), &told["title"]),
            ("VIDEO_COMPLETED", &json!("one"))
        );
        assert_eq!(told["data"], json!({ "about": "one" }), "{}", app.engine);
        // Another process tells, and this one hears of it.
        let other = app.beside().await;
        tell(&other, id, SystemAnnouncement, "two").await;
        assert_eq!(stream.next().await.unwrap().2["title"], "two");
        drop(stream);

        tell(&app, id, SystemAnnouncement, "three").await;
        let mut again = EventStream::open(&ann, EVENTS, Some(&first)).await;
        for title in ["two", "three"] {
            assert_eq!(
                again.next().await.unwrap().2["title"],
                title,
                "{}",
                app.engine
            );
        }
        // The same by asking.
        let page = ann
            .get(&format!("{EVENTS}?limit=1&after={first}"))
            .await
            .body;
        assert_eq!(page["items"][0]["title"], "two");
        let page = ann
            .get(&format!("{EVENTS}?after={}", text(&page["next"])))
            .await
            .body;
        assert_eq!(page["items"][0]["title"], "three");
        assert_eq!(page["next"], Value::Null);

        let wanting = bob.with("accept", "text/event-stream");
        for cursor in [&first, "x", "7"] {
            let odd = wanting.with("last-event-id", cursor).get(EVENTS).await;
            assert_eq!(odd.verdict(), "400 cursor.bad", "{cursor}");
        }
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_opened_it() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let mut stream = EventStream::open(&ann, EVENTS, None).await;
        let id = ann.id().await;
        assert_eq!(ann.delete("/api/v1/session").await.status, 204);
        tell(&app, id, VideoCompleted, "too late").await;
        let (_, kind, problem) = stream.next().await.unwrap();
        assert_eq!(kind, "problem", "{}: {problem}", app.engine);
        assert_eq!(problem["status"], 401, "{problem}");
        assert_eq!(stream.next().await, None);
        app.stop().await;
    }
}

/// Writes that tell one person something and last for a while: whoever goes by the last that they
/// have seen misses none.
#[tokio::test]
async fn nothing_is_passed_over_however_long_a_write_takes() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let other = app.beside().await;
        let id = ann.id().await;
        let key = json!({ "name": "reader", "scopes": ["read"] });
        let key = ann.post("/api/v1/me/keys", key).await.body;
        let reader = app.system().acting_as(Actor::ApiKey {
            id: serde_json::from_value(key["id"].clone()).unwrap(),
            owner: id,
            role: UserRole::User,
            scopes: ["read"].into_iter().collect(),
        });
        let stream = follow(reader, None).await.unwrap();
        let writes = (0..24_u64).map(|number| {
            let ctx = if number % 2 == 0 { &app } else { &other }.system();
            async move {
                let tx = ctx.write().await.unwrap();
                let title = number.to_string();
                notify(&tx, id, news(VideoCompleted, &title)).await.unwrap();
                // As long as the rest of a write takes.
                for _ in 0..number % 5 {
                    tokio::task::yield_now().await;
                }
                tx.commit().await.unwrap();
            }
        });
        let heard = stream.take(24).map(Result::unwrap).collect::<Vec<_>>();
        let (_, heard) = tokio::join!(futures::future::join_all(writes), heard);
        let mut numbers: Vec<u64> = heard.iter().map(|row| row.title.parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..24).collect::<Vec<_>>(), "{}", app.engine);
        assert!(
            heard
                .windows(2)
                .all(|pair| pair[0].created_at < pair[1].created_at)
        );
        assert_ne!(cursor(&heard[0]), cursor(&heard[1]));
        assert_eq!(told(&ann).await.len(), 24);
        other.stop().await;
        app.stop().await;
    }
}
