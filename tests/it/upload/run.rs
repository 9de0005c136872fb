//! Runs that are made from documents that were uploaded.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::TestApp;

use super::{AVATAR, DOCUMENT};

fn body(upload: &Value) -> Value {
    json!({
        "company_id": "northwind", "company_name": "Northwind", "document_name": "a.pdf",
        "document_upload_id": upload,
    })
}

#[tokio::test]
async fn a_run_reads_a_document_of_its_makers_own() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let content = super::content::pdf("walrus");
        let put = ann.upload(DOCUMENT, "a.pdf", "", &content).await.body;
        let path = put["content"].as_str().unwrap();
        let foreign = bob.post("/api/v1/runs", body(&put["id"])).await;
        assert_eq!(foreign.verdict(), "404 upload.not_found");
        let picture = super::content::png(2, 2);
        let picture = ann.upload(AVATAR, "a.png", "", &picture).await.body;
        let odd = ann.post("/api/v1/runs", body(&picture["id"])).await;
        assert_eq!(odd.verdict(), "404 upload.not_found");
        let begun = super::tus::begin(&ann, "a.pdf", 10).await.body;
        let early = ann.post("/api/v1/runs", body(&begun["id"])).await;
        assert_eq!(early.verdict(), "409 upload.incomplete");
        let mut neither = body(&Value::Null);
        neither["document_url"] = Value::Null;
        let neither = ann.post("/api/v1/runs", neither).await;
        assert_eq!(neither.body["errors"][0]["pointer"], "/document_url");

        let run = ann.post("/api/v1/runs", body(&put["id"])).await;
        assert_eq!(run.status, 201, "{}", run.body);
        assert_eq!(run.body["document_upload_id"], put["id"]);
        let url = run.body["document_url"].as_str().unwrap();
        assert_eq!(url, format!("{}{path}", app.base));
        // Who works on it reads it, and nobody else does with a worker's key.
        assert_eq!(worker.get(path).await.status, 403);
        let claim = worker
            .post("/api/v1/runs/claim", json!({ "worker": "w" }))
            .await;
        assert_eq!(claim.status, 200, "{}", claim.body);
        assert!(worker.get(path).await.bytes == content, "{}", app.engine);
        assert_eq!(
            worker
                .get(&format!("/api/v1/uploads/{}", put["id"].as_str().unwrap()))
                .await
                .status,
            403
        );

        let place = format!("/api/v1/uploads/{}", put["id"].as_str().unwrap());
        let run = format!("/api/v1/runs/{}", run.body["id"].as_str().unwrap());
        let read = ann.get(&run).await;
        let reader = ann.with("if-none-match", read.headers["etag"].to_str().unwrap());
        assert_eq!(reader.get(&run).await.status, 304);
        assert_eq!(ann.delete(&place).await.status, 204);
        let left = reader.get(&run).await;
        assert_eq!(left.status, 200, "{}", app.engine);
        assert_eq!(left.body["document_upload_id"], Value::Null);
        app.stop().await;
    }
}
