//! Writers of runs, in bulk and at once, beside folders.

use entity::id::UserId;
use service::analytics::fold;
use tests::TestApp;

use super::{Dice, built, funnels_agree, nothing_is_wrong, people, step};

#[tokio::test]
async fn writers_of_runs_and_folders_at_once_lose_nothing() {
    for app in TestApp::each().await {
        let other = app.beside().await;
        let people = people(&app).await;
        built(&app).await;
        // Each has people of their own: what one deletes another does not wait for.
        let writer = async |app: &TestApp, seed: u64, whose: &[UserId]| {
            let mut dice = Dice(seed);
            for _ in 0..15 {
                step(app, &mut dice, whose).await;
            }
        };
        let folder = async |app: &TestApp| {
            let mut folded = 0;
            for _ in 0..25 {
                folded += fold(&app.system()).await.unwrap();
                tokio::task::yield_now().await;
            }
            folded
        };
        let looker = async {
            for _ in 0..4 {
                nothing_is_wrong(&app, "meanwhile").await;
            }
        };
        let (.., here, there, ()) = tokio::join!(
            writer(&app, 0xA1, &people[..1]),
            writer(&other, 0xB2, &people[1..2]),
            writer(&other, 0xC3, &people[2..]),
            folder(&app),
            folder(&other),
            looker,
        );
        funnels_agree(&app, "after the race").await;
        let rest = fold(&app.system()).await.unwrap();
        assert!(here + there + rest > 0);
        funnels_agree(&app, "after the last fold").await;
        nothing_is_wrong(&app, "at the end").await;
        let counts = app.row_counts().await;
        assert_eq!((counts["run_deltas"], counts["stage_deltas"]), (0, 0));
        other.stop().await;
        app.stop().await;
    }
}
