//! What people prefer.

use entity::identity::user::UserRole;
use futures::future::join_all;
use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn preferences_are_merged_and_kept_once() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let path = "/api/v1/me/preferences";
        let none = ann.get(path).await;
        assert_eq!((none.status.as_u16(), &none.body), (200, &json!({})));

        // The first ones at once make one profile.
        let one = async |at: usize| ann.patch(path, json!({ format!("key{at}"): at })).await;
        for answer in join_all((0..8).map(one)).await {
            assert_eq!(answer.status, 200, "{}: {}", app.engine, answer.body);
        }
        assert_eq!(app.number("SELECT count(*) FROM profiles").await, 1);
        let all = ann.get(path).await;
        assert_eq!(all.body.as_object().unwrap().len(), 8, "{}", all.body);

        let read = all.headers["etag"].to_str().unwrap();
        let change = json!({ "key1": null, "key2": { "deep": true, "gone": null } });
        let changed = ann.with("if-match", read).patch(path, change).await;
        assert_eq!(changed.body["key2"], json!({ "deep": true }));
        assert!(changed.body.get("key1").is_none(), "{}", changed.body);
        let late = ann
            .with("if-match", read)
            .patch(path, json!({ "a": 1 }))
            .await;
        assert_eq!(late.verdict(), "412 version.conflict");
        let list = ann.patch(path, json!([1])).await;
        assert_eq!(list.verdict(), "422 invalid");
        let large = ann.patch(path, json!({ "a": "x".repeat(70_000) })).await;
        assert_eq!(large.verdict(), "422 invalid");
        assert_eq!(bob.get(path).await.body, json!({}));
        app.stop().await;
    }
}
