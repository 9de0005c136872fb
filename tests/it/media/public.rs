//! The videos that everybody may watch.

use entity::id::VideoId;
use entity::identity::user::UserRole;
use entity::media::video::{self, VideoStatus};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::text;

async fn put(app: &TestApp, who: &Client, title: &str, status: VideoStatus, is_public: bool) {
    let user_id = who.id().await;
    let tx = app.system().write().await.unwrap();
    let id: VideoId = tx.fresh();
    let row = video::Model {
        id,
        user_id,
        nft_id: "ethereum:0x1:1".to_owned(),
        job_id: id.to_string(),
        status,
        title: Some(title.to_owned()),
        description: None,
        video_url: Some("https://media.example.com/a.mp4".to_owned()),
        thumbnail_url: None,
        error_message: None,
        provider: None,
        provider_job_id: None,
        submitted_at: None,
        completed_at: Some(tx.now),
        is_public,
        metadata: json!({ "seed": 7 }),
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let insert = video::Entity::insert(row.into_active_model());
    insert.exec_without_returning(&tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn everybody_sees_what_is_public_and_complete_and_not_whose_it_is() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for (title, status, is_public) in [
            ("one", VideoStatus::Completed, true),
            ("private", VideoStatus::Completed, false),
            ("failed", VideoStatus::Failed, true),
            ("waiting", VideoStatus::Processing, true),
            ("two", VideoStatus::Completed, true),
        ] {
            put(&app, &ann, title, status, is_public).await;
        }
        let nobody = app.anonymous();
        let path = "/api/v1/videos/public";
        let list = nobody.get(path).await;
        let titles: Vec<&str> = list.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| text(&row["title"]))
            .collect();
        assert_eq!(titles, ["two", "one"], "{}", app.engine);
        assert!(
            !list.text.contains(&ann.id().await.to_string()),
            "{}",
            list.text
        );
        assert!(!list.text.contains("metadata"), "{}", list.text);
        assert_eq!(list.headers["cache-control"], "public, max-age=60");
        let etag = list.headers["etag"].to_str().unwrap().to_owned();
        let knowing = nobody.with("if-none-match", &etag);
        let same = knowing.get(path).await;
        assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""));
        assert_eq!(same.headers["etag"], etag.as_str());
        // A credential, even a stale one, changes nothing.
        let stale = knowing.with("x-api-key", "ck_live_nobody_nothing");
        assert_eq!(stale.get(path).await.status, 304);

        let page = nobody.get(&format!("{path}?limit=1")).await;
        let next = text(&page.body["next"]);
        let rest = nobody.get(&format!("{path}?limit=1&after={next}")).await;
        assert_eq!(rest.body["items"][0]["title"], "one");
        assert_eq!(rest.body["next"], Value::Null);
        let mine = ann.get("/api/v1/videos?status=COMPLETED").await.body;
        let two = text(&mine["items"][0]["id"]);
        let change = json!({ "is_public": false });
        ann.patch(&format!("/api/v1/videos/{two}"), change).await;
        let fewer = knowing.get(path).await;
        assert_eq!(fewer.status, 200, "{}", app.engine);
        assert_eq!(fewer.body["items"].as_array().unwrap().len(), 1);
        app.stop().await;
    }
}
