//! Files that are taken: kept, listed, read in parts, within their owner's room, and taken away.

use entity::id::UserId;
use entity::identity::profile;
use entity::identity::user::UserRole;
use futures::future::join_all;
use reqwest::Method;
use sea_orm::{EntityTrait, Set};
use serde_json::json;
use service::upload::setting;
use tests::{TestApp, eventually};

use super::content::{docx, pdf, png};
use super::{AVATAR, DOCUMENT, given};

fn sha256(bytes: &[u8]) -> String {
    service::secret::fingerprint(bytes)
}

#[tokio::test]
async fn a_document_is_kept_as_it_came_and_read_in_parts() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let content = pdf(&"walrus ".repeat(300_000));
        let name = "Übersicht \"1\".pdf".replace('"', "'");
        let put = ann
            .upload(DOCUMENT, &name, "application/pdf", &content)
            .await;
        assert_eq!(put.status, 201, "{}", put.body);
        let id = put.body["id"].as_str().unwrap();
        let place = format!("/api/v1/uploads/{id}");
        assert!(put.headers["location"].to_str().unwrap().ends_with(&place));
        assert_eq!(put.body["sha256"], sha256(&content));
        assert_eq!(put.body["size"], content.len());
        assert_eq!(put.body["status"], "complete");
        assert!(put.body.get("storage_key").is_none());
        let listed = ann.get("/api/v1/uploads?kind=document").await;
        assert_eq!(listed.body["items"], json!([put.body]));
        let none = ann.get("/api/v1/uploads?kind=avatar").await;
        assert_eq!(none.body["items"], json!([]));

        let path = put.body["content"].as_str().unwrap();
        let whole = ann.get(path).await;
        assert!(whole.bytes == content, "{}", app.engine);
        for (header, is) in [
            ("content-type", "application/pdf"),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "private, no-cache"),
            (
                "content-security-policy",
                "default-src 'none'; sandbox; frame-ancestors 'none'",
            ),
            (
                "content-disposition",
                "attachment; filename=\"_bersicht _1_.pdf\"; \
                 filename*=UTF-8''%C3%9Cbersicht%20%271%27.pdf",
            ),
        ] {
            assert_eq!(whole.headers[header], is, "{header}");
        }
        let etag = whole.headers["etag"].to_str().unwrap().to_owned();
        let size = content.len();
        let part = ann.with("range", "bytes=1000000-1000099").get(path).await;
        assert_eq!(part.status, 206);
        assert!(part.bytes == content[1_000_000..1_000_100]);
        let told = format!("bytes 1000000-1000099/{size}");
        assert_eq!(part.headers["content-range"], told.as_str());
        let end = ann.with("range", "bytes=-7").get(path).await;
        assert!(end.status == 206 && end.bytes == content[size - 7..]);
        let rest = ann.with("range", &format!("bytes={}-", size - 9));
        let rest = rest.with("if-range", &etag).get(path).await;
        assert!(rest.status == 206 && rest.bytes == content[size - 9..]);
        let other = ann.with("range", "bytes=0-1").with("if-range", "\"other\"");
        assert_eq!(other.get(path).await.bytes.len(), size);
        let behind = ann.with("range", &format!("bytes={size}-")).get(path).await;
        assert_eq!(behind.verdict(), "416 upload.range");
        let told = format!("bytes */{size}");
        assert_eq!(behind.headers["content-range"], told.as_str());
        let known = ann.with("if-none-match", &etag).get(path).await;
        assert!(known.status == 304 && known.bytes.is_empty());
        let head = ann.ask(Method::HEAD, path, None).await;
        assert_eq!(head.headers["content-length"], size.to_string().as_str());
        assert!(head.bytes.is_empty());

        let stale = ann.with("if-match", "\"99\"").delete(&place).await;
        assert_eq!(stale.verdict(), "412 version.conflict");
        assert_eq!(ann.delete(&place).await.status, 204);
        assert_eq!(ann.get(path).await.verdict(), "404 upload.not_found");
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn every_kind_that_is_told_is_taken() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for (name, kind, content, is) in [
            (
                "a.docx",
                "",
                docx(&[]),
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            ("a.md", "text/plain", b"# Title\n".to_vec(), "text/markdown"),
            (
                "a.csv",
                "application/vnd.ms-excel",
                b"a;b\n".to_vec(),
                "text/csv",
            ),
            ("A.JSON", "", b"[1]".to_vec(), "application/json"),
            (
                "a.txt",
                "text/plain; charset=utf-8",
                "世界".into(),
                "text/plain",
            ),
            ("a.png", "image/png", png(3, 3), "image/png"),
        ] {
            let put = ann.upload(DOCUMENT, name, kind, &content).await;
            assert_eq!(put.status, 201, "{name}: {}", put.body);
            assert_eq!(put.body["content_type"], is);
            let got = ann.get(put.body["content"].as_str().unwrap()).await;
            assert!(got.bytes == content, "{name}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_keyed_document_is_put_once() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let keyed = ann.with("idempotency-key", "once");
        let content = pdf(&"x".repeat(3_000_000));
        let put = keyed.upload(DOCUMENT, "a.pdf", "", &content).await;
        assert_eq!(put.status, 201, "{}", put.body);
        let again = keyed.upload(DOCUMENT, "a.pdf", "", &content).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.body["id"], put.body["id"]);
        // A client that sends it again takes another word for the frontier.
        let form = |boundary: &str, content: &[u8]| {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
                 filename=\"a.pdf\"\r\n\r\n"
            );
            let end = format!("\r\n--{boundary}--\r\n");
            let kind = format!("multipart/form-data; boundary={boundary}");
            let body = [head.as_bytes(), content, end.as_bytes()].concat();
            (keyed.with("content-type", &kind), body)
        };
        let (other, body) = form("another-word", &content);
        let again = other.ask(Method::POST, DOCUMENT, Some(body)).await;
        assert_eq!(again.status, 201, "{}: {}", app.engine, again.body);
        assert_eq!(again.body["id"], put.body["id"]);
        let (other, body) = form("another-word", &pdf("another"));
        let another = other.ask(Method::POST, DOCUMENT, Some(body)).await;
        assert_eq!(another.verdict(), "422 idempotency.mismatch");
        assert_eq!(app.row_counts().await["uploads"], 1);
        assert_eq!(app.stored().len(), 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn files_of_one_name_keep_what_each_says() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let put = (0..32).map(|n| {
            let ann = ann.clone();
            async move {
                let content = pdf(&format!("number {n}").repeat(20_000));
                let put = ann.upload(DOCUMENT, "report.pdf", "", &content).await;
                assert_eq!(put.status, 201, "{n}: {}", put.body);
                (put.body["content"].as_str().unwrap().to_owned(), content)
            }
        });
        for (path, content) in join_all(put).await {
            assert!(ann.get(&path).await.bytes == content, "{}", app.engine);
        }
        assert_eq!(app.stored().len(), 32);
        app.stop().await;
    }
}

#[tokio::test]
async fn the_last_room_is_taken_once() {
    let content = pdf(&"x".repeat(100_000));
    let room = i64::try_from(content.len() * 3 + 10).unwrap();
    let plan = given(|given| given.with(&setting::QUOTA, &room));
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let put = (0..12).map(|n| {
            let (ann, content) = (ann.clone(), content.clone());
            async move {
                if n % 2 == 0 {
                    return ann.upload(DOCUMENT, "a.pdf", "", &content).await.verdict();
                }
                let begin = super::tus::begin(&ann, "a.pdf", content.len()).await;
                begin.verdict()
            }
        });
        let heard = join_all(put).await;
        let fine = heard.iter().filter(|verdict| *verdict == "201").count();
        let full = heard
            .iter()
            .filter(|verdict| *verdict == "413 upload.quota_exceeded");
        assert_eq!((fine, full.count()), (3, 9), "{}: {heard:?}", app.engine);
        assert_eq!(
            bob.upload(DOCUMENT, "a.pdf", "", &content).await.status,
            201
        );
        let documents = ann.get("/api/v1/uploads").await;
        let first = documents.body["items"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            ann.delete(&format!("/api/v1/uploads/{first}")).await.status,
            204
        );
        assert_eq!(
            ann.upload(DOCUMENT, "a.pdf", "", &content).await.status,
            201
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn there_is_an_end_to_how_many() {
    let plan = given(|given| given.with(&setting::FILES, &2));
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        for verdict in ["201", "201", "413 upload.too_many"] {
            let put = ann.upload(DOCUMENT, "a.txt", "", b"text").await;
            assert_eq!(put.verdict(), verdict);
        }
        app.stop().await;
    }
}

async fn profile_of(app: &TestApp, person: UserId) -> Option<String> {
    let profiles = profile::Entity::find();
    let reader = app.services().db.read().unwrap();
    let all = profiles.all(&reader).await.unwrap();
    let own = all.into_iter().find(|profile| profile.user_id == person);
    own.unwrap().avatar
}

#[tokio::test]
async fn a_picture_is_made_smaller_and_shown_by_the_profile() {
    let plan = given(|given| given.with(&setting::AVATAR_SIDE, &64));
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let person = ann.id().await;
        let tx = app.system().write().await.unwrap();
        let row = profile::ActiveModel {
            id: Set(tx.fresh()),
            user_id: Set(person),
            username: Set("ann".to_owned()),
            bio: Set(None),
            avatar: Set(None),
            social_links: Set(json!({})),
            preferences: Set(json!({})),
            version: Set(1),
            created_at: Set(tx.now),
            updated_at: Set(tx.now),
        };
        let insert = profile::Entity::insert(row).exec_without_returning(&tx);
        insert.await.unwrap();
        tx.commit().await.unwrap();

        let put = ann
            .upload(AVATAR, "me.png", "image/png", &png(256, 128))
            .await;
        assert_eq!(put.status, 201, "{}", put.body);
        let id = put.body["id"].as_str().unwrap();
        assert_eq!(profile_of(&app, person).await.as_deref(), Some(id));
        let picture = ann.get(put.body["content"].as_str().unwrap()).await;
        assert_eq!(picture.headers["content-disposition"], "inline");
        assert_eq!(put.body["sha256"], sha256(&picture.bytes));
        // Where a PNG says how large it is.
        assert_eq!(picture.bytes[16..24], [0, 0, 0, 64, 0, 0, 0, 32]);
        assert_eq!(
            ann.delete(&format!("/api/v1/uploads/{id}")).await.status,
            204
        );
        assert_eq!(profile_of(&app, person).await, None);
        app.stop().await;
    }
}

#[tokio::test]
async fn who_goes_takes_their_files_along() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        for _ in 0..3 {
            ann.upload(DOCUMENT, "a.txt", "", b"text").await;
        }
        bob.upload(DOCUMENT, "b.txt", "", b"text").await;
        assert_eq!(app.stored().len(), 4);
        service::identity::delete_user(&app.system(), ann.id().await)
            .await
            .unwrap();
        eventually(async || (app.stored().len() == 1).then_some(())).await;
        let id = bob.id().await;
        let query = format!("mutation {{ deleteUser(id: \"{id}\", rowVersion: \"1\") }}");
        let gone = admin.post("/graphql", json!({ "query": query })).await;
        assert!(gone.body.get("errors").is_none(), "{}", gone.body);
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn staff_read_all_and_only_admins_remove() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let put = ann.upload(DOCUMENT, "a.txt", "", b"text").await;
        let id = put.body["id"].as_str().unwrap();
        let place = format!("/api/v1/uploads/{id}");
        let content = format!("{place}/content");
        assert_eq!(operator.get(&content).await.bytes, b"text");
        let theirs = format!("/api/v1/uploads?user_id={}", ann.id().await);
        assert_eq!(operator.get(&theirs).await.body["items"][0]["id"], id);
        assert_eq!(operator.delete(&place).await.status, 404);
        assert_eq!(admin.delete(&place).await.status, 204);
        let noted = "SELECT count(*) FROM audit_log WHERE action = 'upload.delete'";
        assert_eq!(app.number(noted).await, 1);
        app.stop().await;
    }
}
