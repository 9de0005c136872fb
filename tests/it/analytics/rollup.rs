//! Writers, folders and a crash: the sums stay those of the rows.

use entity::id::{MessageId, ThreadId, UserId};
use entity::identity::user::UserRole;
use futures::FutureExt;
use service::analytics::{fold, rebuild};
use service::conversation;
use service::expect::Expect;
use service::identity::delete_user;
use tests::TestApp;
use uuid::Uuid;

use super::{Dice, agree, begin, message, snapshot, sums};

/// One writer's threads, with what is in them.
#[derive(Default)]
struct Desk {
    people: Vec<UserId>,
    threads: Vec<(ThreadId, Vec<MessageId>)>,
}

async fn person(app: &TestApp, name: &str) -> UserId {
    let email = app.user_row(name, UserRole::User).await;
    let client = app.sign_in(&email).await;
    client.id().await
}

/// Do something at random.
async fn step(app: &TestApp, dice: &mut Dice, desk: &mut Desk) {
    let ctx = app.system();
    let choice = dice.below(100);
    if choice < 15 || desk.threads.is_empty() {
        let user = match desk.people.as_slice() {
            [] => UserId(Uuid::from_u128(u128::from(dice.below(4)))),
            people => dice.pick(people),
        };
        desk.threads.push((begin(app, user).await, Vec::new()));
        return;
    }
    let place = usize::try_from(dice.below(desk.threads.len() as u64)).unwrap();
    let (thread, held) = &mut desk.threads[place];
    match choice {
        15..60 => {
            let size = 1 + dice.below(20);
            let new = (0..size).map(|_| message(dice, None)).collect();
            let said = conversation::append(&ctx, *thread, new, "/messages").await;
            held.extend(said.unwrap().iter().map(|detail| detail.message.id));
        }
        60..75 if !held.is_empty() => {
            // Replaced: taken back, and said anew under the same id.
            let id = dice.pick(held);
            conversation::remove(&ctx, *thread, id).await.unwrap();
            let new = vec![message(dice, Some(id))];
            conversation::append(&ctx, *thread, new, "").await.unwrap();
        }
        75..92 if !held.is_empty() => {
            let gone = usize::try_from(dice.below(held.len() as u64)).unwrap();
            let id = held.swap_remove(gone);
            conversation::remove(&ctx, *thread, id).await.unwrap();
        }
        92..98 => {
            let any = Expect::Any;
            conversation::delete(&ctx, *thread, &any).await.unwrap();
            desk.threads.swap_remove(place);
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_rollups_are_the_sum_of_the_rows_whatever_is_done() {
    for app in TestApp::each().await {
        let mut dice = Dice(0x5EED_0001);
        let mut desk = Desk::default();
        for name in ["ann", "bob", "cid"] {
            desk.people.push(person(&app, name).await);
        }
        for round in 0..12 {
            for _ in 0..12 {
                step(&app, &mut dice, &mut desk).await;
            }
            agree(&app, &format!("round {round}, before the fold")).await;
            if dice.below(3) > 0 {
                fold(&app.system()).await.unwrap();
                agree(&app, &format!("round {round}, after the fold")).await;
            }
        }
        assert!(!sums(&snapshot(&app).await).await.is_empty());
        let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
        assert!(check.differences.is_empty(), "{:?}", check.differences);

        // A person goes with all they said; what is left of them is nothing.
        for user in desk.people {
            delete_user(&app.system(), user).await.unwrap();
            agree(&app, "a person was removed").await;
        }
        fold(&app.system()).await.unwrap();
        agree(&app, "all folded").await;
        let counts = app.row_counts().await;
        for table in [
            "token_rollups",
            "token_hour_rollups",
            "token_day_rollups",
            "token_user_rollups",
            "user_day_rollups",
            "user_month_rollups",
            "thread_rollups",
            "active_rollups",
            "token_deltas",
        ] {
            assert_eq!(counts[table], 0, "{}: {table}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn writers_and_folders_at_once_lose_nothing() {
    for app in TestApp::each().await {
        let other = app.beside().await;
        let writer = async |app: &TestApp, seed: u64| {
            let mut dice = Dice(seed);
            let mut desk = Desk::default();
            for _ in 0..40 {
                step(app, &mut dice, &mut desk).await;
            }
        };
        let folder = async |app: &TestApp| {
            let mut folded = 0;
            for _ in 0..40 {
                folded += fold(&app.system()).await.unwrap();
                tokio::task::yield_now().await;
            }
            folded
        };
        // Whoever looks in between sees sums that are right.
        let looker = async {
            for _ in 0..6 {
                let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
                assert!(check.differences.is_empty(), "{:?}", check.differences);
            }
        };
        let mender = async {
            for _ in 0..3 {
                let done = rebuild(&other.system(), false, &|_| ()).await.unwrap();
                assert!(done.differences.is_empty(), "{:?}", done.differences);
            }
        };
        let (.., here, there, (), ()) = tokio::join!(
            writer(&app, 0xA1),
            writer(&other, 0xB2),
            writer(&app, 0xC3),
            writer(&other, 0xD4),
            folder(&app),
            folder(&other),
            looker,
            mender,
        );
        agree(&app, "after the race").await;
        let rest = fold(&app.system()).await.unwrap();
        assert!(here + there + rest > 0);
        agree(&app, "after the last fold").await;
        assert_eq!(app.row_counts().await["token_deltas"], 0, "{}", app.engine);
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_fold_that_is_cut_off_folds_nothing_twice() {
    for app in TestApp::each().await {
        let mut dice = Dice(0x00C0_FFEE);
        let thread = begin(&app, UserId(Uuid::from_u128(7))).await;
        let (mut patience, mut whole) = (0_u32, false);
        // Cut off at every point where it waits, one after the other; where a point takes long, in
        // larger steps from some time on.
        while !whole {
            assert!(
                patience < 20_000,
                "{}: it never came to its end",
                app.engine
            );
            let new = (0..3).map(|_| message(&mut dice, None)).collect();
            conversation::append(&app.system(), thread, new, "/messages")
                .await
                .unwrap();
            let ctx = app.system();
            let mut folding = Box::pin(fold(&ctx));
            for _ in 0..=patience {
                if let Some(done) = folding.as_mut().now_or_never() {
                    // None, where the one before still holds the sums: it is being rolled back.
                    whole = done.unwrap() > 0;
                    break;
                }
                // The other side moves on.
                tokio::time::sleep(std::time::Duration::from_micros(200)).await;
            }
            drop(folding);
            agree(&app, &format!("cut off after {patience}")).await;
            patience += if patience < 400 { 1 } else { patience / 8 };
        }
        app.stop().await;
    }
}
