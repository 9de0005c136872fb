//! Thousands of events to receivers of which half misbehave, and a sender that is killed once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Letter, Receiver, Reply};

use crate::server::Server;
use crate::{EMAIL, PASSWORD, sign_in_as};

const EVENTS: usize = 5_000;
/// How many calls the server has under way at once.
const UNDER_WAY: usize = 32;

/// What is done to a receiver's letters at first: to every n-th message, so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Takes,
    Fails,
    Hangs,
    Redirects,
    Gone,
}

const MANNERS: [Manner; 8] = [
    Manner::Takes,
    Manner::Fails,
    Manner::Takes,
    Manner::Hangs,
    Manner::Takes,
    Manner::Redirects,
    Manner::Takes,
    Manner::Gone,
];

/// A receiver, and what it has taken.
struct Told {
    manner: Manner,
    receiver: Receiver,
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
    id: String,
    secret: String,
    user: reqwest::Client,
}

async fn receiver(manner: Manner) -> (Receiver, Arc<Mutex<BTreeMap<String, usize>>>) {
    let taken: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let kept = Arc::clone(&taken);
    let hung = AtomicUsize::new(0);
    let seen: Mutex<BTreeSet<String>> = Mutex::default();
    let receiver = Receiver::start(move |_, letter: &Letter| {
        let id = letter.header("webhook-id").to_owned();
        let first = seen.lock().unwrap().insert(id.clone());
        match manner {
            Manner::Gone => return Reply::status(410),
            Manner::Fails if first => return Reply::status(500),
            Manner::Redirects if first => {
                let to = "location: http://127.0.0.1:1/\r\n".to_owned();
                return Reply::Say(302, to, Vec::new());
            }
            Manner::Hangs if first && hung.fetch_add(1, Ordering::Relaxed) < 20 => {
                return Reply::Hang;
            }
            _ => {}
        }
        *kept.lock().unwrap().entry(id).or_default() += 1;
        Reply::status(204)
    });
    (receiver.await, taken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of some minutes: .ci/run webhooks"]
async fn no_event_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/drill.db?mode=rwc", directory.path().display());
    let under_way = UNDER_WAY.to_string();
    let more = [
        ("CHANCERY_SETTING_OUTBOUND__ALLOWED_NETWORKS", "127.0.0.0/8"),
        ("CHANCERY_SETTING_OUTBOUND__TIMEOUT", "2"),
        ("CHANCERY_SETTING_WEBHOOKS__CONCURRENCY", under_way.as_str()),
        (
            "CHANCERY_SETTING_WEBHOOKS__SCHEDULE",
            "[0, 1, 1, 2, 2, 3, 3, 5, 5, 5, 5, 5]",
        ),
    ];
    Server::prepare(&url, directory.path(), EMAIL, PASSWORD);
    let mut server = Server::serve(&url, directory.path(), &more);
    let mut told = Vec::new();
    for (at, manner) in MANNERS.into_iter().enumerate() {
        let (receiver, taken) = receiver(manner).await;
        let email = format!("drill{at}@example.test");
        person(&url, &email).await;
        let user = sign_in_as(&server.base, &email).await;
        let body = json!({ "url": receiver.url, "event_types": ["run.created"] });
        let made = user.post(format!("{}/api/v1/webhook-endpoints", server.base));
        let made: Value = made.json(&body).send().await.unwrap().json().await.unwrap();
        told.push(Told {
            manner,
            receiver,
            taken,
            id: made["id"].as_str().unwrap().to_owned(),
            secret: made["secret"].as_str().unwrap().to_owned(),
            user,
        });
    }

    let begun = Instant::now();
    let mut made = vec![0; told.len()];
    let mut killed = false;
    while made.iter().sum::<usize>() < EVENTS {
        if !killed && made.iter().sum::<usize>() >= EVENTS / 2 {
            killed = true;
            // Dropped first: it is killed.
            drop(server);
            server = Server::serve(&url, directory.path(), &more);
            println!("killed and started again after {:?}", begun.elapsed());
            for (at, one) in told.iter_mut().enumerate() {
                one.user = sign_in_as(&server.base, &format!("drill{at}@example.test")).await;
            }
        }
        let runs = told.iter().map(|one| {
            let run = one.user.post(format!("{}/api/v1/runs", server.base));
            run.json(&tests::run_body("a.pdf")).send()
        });
        let answers = futures::future::join_all(runs).await;
        for (count, answer) in made.iter_mut().zip(answers) {
            *count += usize::from(answer.unwrap().status() == 201);
        }
    }
    println!("{EVENTS} events after {:?}", begun.elapsed());

    let patience = Instant::now() + Duration::from_mins(10);
    for (one, made) in told.iter().zip(&made) {
        let all = || one.taken.lock().unwrap().len() >= *made;
        while one.manner != Manner::Gone && !all() {
            let left = made - one.taken.lock().unwrap().len();
            assert!(
                Instant::now() < patience,
                "{:?}: {left} are missing",
                one.manner
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    println!("all delivered after {:?}", begun.elapsed());

    let mut twice = 0;
    for (one, made) in told.iter().zip(&made) {
        let taken = one.taken.lock().unwrap().clone();
        let place = format!("{}/api/v1/webhook-endpoints/{}", server.base, one.id);
        let shown = one.user.get(place).send().await.unwrap();
        let shown: Value = shown.json().await.unwrap();
        if one.manner == Manner::Gone {
            assert_eq!((&shown["status"], taken.len()), (&json!("disabled"), 0));
            continue;
        }
        assert_eq!(
            taken.len(),
            *made,
            "{:?}: none lost, none invented",
            one.manner
        );
        let again: usize = taken.values().map(|count| count - 1).sum();
        println!("{:?}: {made} messages, {again} of them twice", one.manner);
        twice += again;
    }
    assert!(
        twice <= UNDER_WAY,
        "{twice} came twice, {UNDER_WAY} were under way"
    );
    write_down(&told);
    assert!(server.stop(), "it ends well");
}

/// What was sent, for the libraries of other languages to check.
fn write_down(told: &[Told]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/webhooks.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for one in told {
        for letter in one.receiver.heard() {
            let line = json!({
                "secret": one.secret, "id": letter.header("webhook-id"),
                "timestamp": letter.header("webhook-timestamp"),
                "signature": letter.header("webhook-signature"),
                "body": String::from_utf8(letter.body.clone()).unwrap(),
            });
            writeln!(file, "{line}").unwrap();
        }
    }
}

/// Make a person, straight in the database: there is no door for it.
async fn person(url: &str, email: &str) {
    use sea_orm::ConnectionTrait as _;
    let db = migration::connect(url).await.unwrap();
    let sql = format!(
        "INSERT INTO users (id, email, email_key, password_hash, role, status, version, created_at, updated_at) \
         SELECT randomblob(16), '{email}', '{email}', password_hash, 'user', 'active', 1, created_at, updated_at \
         FROM users LIMIT 1"
    );
    db.execute_unprepared(&sql).await.unwrap();
    db.close().await.unwrap();
}
