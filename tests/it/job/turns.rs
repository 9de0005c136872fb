//! Who goes first: priorities, age, and owners by turns.

use entity::identity::user::UserRole;
use service::job::enqueue_all;
use tests::TestApp;

use super::{Bench, note, put};

#[tokio::test]
async fn lower_priorities_go_first_and_none_waits_for_ever() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        for (name, priority) in [("last", 9), ("usual", 0), ("first", -1), ("usual too", 0)] {
            put(&app, note(name).with_priority(priority)).await;
        }
        let worker = app.worker();
        worker.drain().await.unwrap();
        let order = ["first", "usual", "usual too", "last"];
        assert_eq!(bench.log(), order, "{}", app.engine);
        bench.log.lock().unwrap().clear();

        // However many come before it, the oldest has its turn.
        put(&app, note("patient").with_priority(100)).await;
        for number in 0..20 {
            put(&app, note(&number.to_string()).with_priority(-1)).await;
        }
        for _ in 0..5 {
            worker.step().await.unwrap();
        }
        assert!(
            bench.log().contains(&"patient".to_owned()),
            "{}: {:?}",
            app.engine,
            bench.log()
        );
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}

#[tokio::test]
async fn owners_take_turns() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let ann = app.user("ann", UserRole::User).await.id().await;
        let bob = app.user("bob", UserRole::User).await.id().await;
        let tx = app.system().write().await.unwrap();
        let hers = (0..2_000).map(|_| note("ann").owned_by(ann));
        enqueue_all(&tx, hers).await.unwrap();
        tx.commit().await.unwrap();
        put(&app, note("bob").owned_by(bob)).await;
        put(&app, note("bob").owned_by(bob).with_priority(5)).await;
        put(&app, note("nobody")).await;

        let worker = app.worker();
        for _ in 0..3 {
            worker.step().await.unwrap();
        }
        let mut first = bench.log();
        first.sort();
        assert_eq!(first, ["ann", "bob", "nobody"], "{}", app.engine);
        // What is less urgent than all of hers is not behind all of hers.
        for _ in 0..12 {
            worker.step().await.unwrap();
        }
        let his = bench.log().iter().filter(|name| *name == "bob").count();
        assert_eq!(his, 2, "{}: {:?}", app.engine, bench.log());
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}
