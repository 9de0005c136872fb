//! Rows and bytes that do not belong together are mended from both sides.

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use entity::upload::upload;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use service::actor::Actor;
use service::upload::{Swept, setting, sweep};
use tests::{TestApp, eventually};

use super::content::pdf;
use super::{DOCUMENT, given, tus};

const NONE: Swept = Swept {
    expired: 0,
    joined: 0,
    lost: 0,
    orphans: 0,
    staged: 0,
};

async fn swept(app: &TestApp) -> Swept {
    sweep(&app.system()).await.unwrap()
}

fn put(app: &TestApp, path: &str) {
    let path = app.files().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, b"bytes").unwrap();
}

async fn rows(app: &TestApp) -> Vec<upload::Model> {
    let reader = app.services().db.read().unwrap();
    upload::Entity::find().all(&reader).await.unwrap()
}

#[tokio::test]
async fn bytes_without_a_row_go_when_they_are_old() {
    let key = "0123456789abcdef0123456789abcdef";
    for app in TestApp::each().await {
        let anybody = app.system().acting_as(Actor::Anonymous);
        assert!(sweep(&anybody).await.is_err(), "only the house sweeps");
        let ann = app.user("ann", UserRole::User).await;
        let kept = ann.upload(DOCUMENT, "a.pdf", "", &pdf("walrus")).await;
        let begun = tus::begin(&ann, "b.pdf", 100).await;
        assert_eq!(begun.status, 201);
        put(&app, &format!("files/01/{key}"));
        put(
            &app,
            &format!("parts/{key}/0000000000000000-0123456789abcdef"),
        );
        put(&app, &format!("files/01/{key}#1"));
        put(&app, "somebody/elses");
        assert_eq!(swept(&app).await, NONE, "{}: too young", app.engine);
        app.clock.advance(TimeDelta::hours(2));
        let done = swept(&app).await;
        let expected = Swept {
            orphans: 2,
            staged: 1,
            ..NONE
        };
        assert_eq!(done, expected, "{}", app.engine);
        assert_eq!(swept(&app).await, NONE, "{}", app.engine);
        assert_eq!(app.stored().len(), 2, "{:?}", app.stored());
        let content = ann.get(kept.body["content"].as_str().unwrap()).await;
        assert_eq!(content.status, 200);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_being_written_is_left_alone() {
    // The writer keeps their place for as long as the test takes.
    let stall = std::time::Duration::from_secs(20);
    let plan = given(|given| given.with(&setting::STALL, &stall));
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let begun = tus::begin(&ann, "a.pdf", 1_000).await;
        let place = format!("{}/{}", super::TUS, begun.body["id"].as_str().unwrap());
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("content-type", "application/offset+octet-stream"),
            ("upload-offset", "0"),
        ];
        let line = super::begin(&app, &ann, "PATCH", &place, b"%PDF-1.7", &headers).await;
        let held = "SELECT count(*) FROM uploads WHERE lock_until IS NOT NULL";
        eventually(async || (app.number(held).await == 1).then_some(())).await;
        // A part in the store of which the row does not tell yet.
        let key = rows(&app).await[0].storage_key.clone();
        put(
            &app,
            &format!("parts/{key}/0000000000000000-0123456789abcdef"),
        );
        let old = std::time::SystemTime::now() - std::time::Duration::from_hours(2);
        for path in app.stored() {
            let file = std::fs::File::options()
                .write(true)
                .open(app.files().join(path))
                .unwrap();
            file.set_modified(old).unwrap();
        }
        assert_eq!(swept(&app).await, NONE, "{}", app.engine);
        assert_eq!(app.stored().len(), 1);
        drop(line);
        eventually(async || (app.number(held).await == 0).then_some(())).await;
        // Now nobody will tell of it.
        let done = swept(&app).await;
        assert_eq!(done, Swept { orphans: 1, ..NONE }, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_over_goes_with_its_parts() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let begun = tus::begin(&ann, "a.pdf", 1_000).await;
        let place = format!("{}/{}", super::TUS, begun.body["id"].as_str().unwrap());
        let sent = tus::send(&ann, &place, 0, b"%PDF-1.7").await;
        assert_eq!(sent.status, 204);
        assert_eq!(app.stored().len(), 1);
        app.clock.advance(TimeDelta::hours(23));
        assert_eq!(swept(&app).await, NONE, "{}", app.engine);
        app.clock.advance(TimeDelta::hours(2));
        let done = swept(&app).await;
        assert_eq!(done.expired, 1, "{}", app.engine);
        assert_eq!(app.row_counts().await["uploads"], 0);
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_all_here_and_was_left_is_joined() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let content = pdf("walrus");
        let begun = tus::begin(&ann, "a.pdf", content.len() + 1).await;
        let id = begun.body["id"].as_str().unwrap();
        let place = format!("{}/{id}", super::TUS);
        let sent = tus::send(&ann, &place, 0, &content).await;
        assert_eq!(sent.status, 204);
        // As a process leaves it that ends between the last part and the joining.
        let mut row = rows(&app).await.remove(0).into_active_model();
        row.size = Set(i64::try_from(content.len()).unwrap());
        let tx = app.system().write().await.unwrap();
        row.update(&tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            swept(&app).await,
            Swept { joined: 1, ..NONE },
            "{}",
            app.engine
        );
        let got = ann.get(&format!("/api/v1/uploads/{id}/content")).await;
        assert!(got.bytes == content, "{}", app.engine);
        eventually(async || (app.stored().len() == 1).then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn rows_without_bytes_say_so_unless_the_store_is_another() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for n in 0..8 {
            let text = format!("text {n}");
            let put = ann.upload(DOCUMENT, "a.txt", "", text.as_bytes()).await;
            assert_eq!(put.status, 201, "{}", put.body);
        }
        app.clock.advance(TimeDelta::hours(2));
        let rows = rows(&app).await;
        let file = |key: &str| app.files().join(format!("files/{}/{key}", &key[..2]));
        std::fs::remove_file(file(&rows[0].storage_key)).unwrap();
        let lost = ann
            .get(&format!("/api/v1/uploads/{}/content", rows[0].id))
            .await;
        assert_eq!(lost.verdict(), "410 storage.missing");
        assert_eq!(
            swept(&app).await,
            Swept { lost: 1, ..NONE },
            "{}",
            app.engine
        );
        let lost = ann.get(&format!("/api/v1/uploads/{}", rows[0].id)).await;
        assert_eq!(lost.body["rejected"], "its bytes were lost");
        // A disk that is not mounted.
        let folder = app.files().join("files");
        std::fs::rename(&folder, app.files().join("elsewhere")).unwrap();
        assert_eq!(swept(&app).await, NONE, "{}", app.engine);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::rename(app.files().join("elsewhere"), &folder).unwrap();
        let read = ann
            .get(&format!("/api/v1/uploads/{}/content", rows[1].id))
            .await;
        assert_eq!(read.status, 200);
        app.stop().await;
    }
}
