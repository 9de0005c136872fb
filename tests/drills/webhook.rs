//! Thousands of events to receivers of which half misbehave, and a sender that is killed once.
//!
//! None is lost, none comes twice but what was under way when the sender died, and who was disabled is
//! told of it and has what it missed once it is back. `CHANCERY_DRILL_EVENTS` sets how many events.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{Letter, Receiver, Reply};

use crate::database::Database;
use crate::server::Server;
use crate::{EMAIL, PASSWORD, patience, sign_in, sign_in_as};

/// How many calls the server has under way at once.
const UNDER_WAY: usize = 32;
/// How many letters a receiver that hangs lets hang.
const HANG: usize = 20;

/// What is done to a receiver's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// All are taken.
    Takes,
    /// Each is refused once.
    Fails,
    /// Some are never answered.
    Hangs,
    /// Each is sent elsewhere once.
    Redirects,
    /// None is taken until it is back.
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

const SETTINGS: [(&str, &str); 4] = [
    ("CHANCERY_SETTING_OUTBOUND__ALLOWED_NETWORKS", "127.0.0.0/8"),
    ("CHANCERY_SETTING_OUTBOUND__TIMEOUT", "2"),
    ("CHANCERY_SETTING_WEBHOOKS__CONCURRENCY", "32"),
    (
        "CHANCERY_SETTING_WEBHOOKS__SCHEDULE",
        "[0, 1, 1, 2, 2, 3, 3, 5, 5, 5, 5, 5]",
    ),
];

fn events() -> usize {
    std::env::var("CHANCERY_DRILL_EVENTS")
        .map_or(5_000, |count| count.parse().expect("a whole number"))
}

type Taken = Arc<Mutex<BTreeMap<String, usize>>>;

/// A person with an endpoint, and what that has taken.
struct Told {
    manner: Manner,
    email: String,
    receiver: Receiver,
    taken: Taken,
    /// Whether a receiver that was gone is back.
    back: Arc<AtomicBool>,
    id: String,
    secret: String,
    user: reqwest::Client,
    /// How many events there were of the person.
    made: usize,
}

impl Told {
    async fn new(url: &str, server: &Server, at: usize, manner: Manner) -> Self {
        let (taken, back) = (Taken::default(), Arc::<AtomicBool>::default());
        let receiver = receiver(manner, Arc::clone(&taken), Arc::clone(&back)).await;
        let email = format!("drill{at}@example.test");
        person(url, &email).await;
        let user = sign_in_as(&server.base, &email).await;
        let (id, secret) = endpoint(&user, &server.base, &receiver, "run.created").await;
        Self {
            manner,
            email,
            receiver,
            taken,
            back,
            id,
            secret,
            user,
            made: 0,
        }
    }

    fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }

    /// How many came more than once.
    fn twice(&self) -> usize {
        let taken = self.taken.lock().unwrap();
        taken.values().map(|count| count - 1).sum()
    }

    fn place(&self, server: &Server) -> String {
        format!("{}/api/v1/webhook-endpoints/{}", server.base, self.id)
    }

    /// Wait until it has all.
    async fn has_all(&self, until: Instant) {
        while self.count() < self.made {
            let left = self.made - self.count();
            assert!(
                Instant::now() < until,
                "{:?}: {left} are missing",
                self.manner
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(self.count(), self.made, "{:?}: none invented", self.manner);
    }
}

async fn receiver(manner: Manner, taken: Taken, back: Arc<AtomicBool>) -> Receiver {
    let hung = AtomicUsize::new(0);
    let seen: Mutex<BTreeSet<String>> = Mutex::default();
    let receiver = Receiver::start(move |_, letter: &Letter| {
        let id = letter.header("webhook-id").to_owned();
        let first = seen.lock().unwrap().insert(id.clone());
        match manner {
            Manner::Gone if !back.load(Ordering::SeqCst) => return Reply::status(410),
            Manner::Fails if first => return Reply::status(500),
            Manner::Redirects if first => {
                let to = "location: http://127.0.0.1:1/\r\n".to_owned();
                return Reply::Say(302, to, Vec::new());
            }
            Manner::Hangs if first && hung.fetch_add(1, Ordering::Relaxed) < HANG => {
                return Reply::Hang;
            }
            _ => {}
        }
        *taken.lock().unwrap().entry(id).or_default() += 1;
        Reply::status(204)
    });
    receiver.await
}

/// An endpoint: its id and its secret.
async fn endpoint(
    user: &reqwest::Client,
    base: &str,
    receiver: &Receiver,
    event: &str,
) -> (String, String) {
    let body = json!({ "url": receiver.url, "event_types": [event] });
    let made = user.post(format!("{base}/api/v1/webhook-endpoints"));
    let made: Value = made.json(&body).send().await.unwrap().json().await.unwrap();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of some minutes: .ci/run webhooks"]
async fn no_event_is_lost() {
    let letters = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/webhooks.jsonl");
    let mut letters = std::io::BufWriter::new(std::fs::File::create(letters).unwrap());
    for database in Database::each() {
        let (engine, url) = (database.engine, &database.url);
        drill(engine, url, database.data(), &mut letters).await;
    }
}

async fn drill(engine: &str, url: &str, data: &Path, letters: &mut impl std::io::Write) {
    Server::prepare(url, data, EMAIL, PASSWORD);
    let mut server = Server::serve(url, data, &SETTINGS);
    let mut told = Vec::new();
    for (at, manner) in MANNERS.into_iter().enumerate() {
        told.push(Told::new(url, &server, at, manner).await);
    }
    // The one who is gone has another endpoint, which hears of that.
    let gone = told.len() - 1;
    let watch = Receiver::good().await;
    let event = "webhook_endpoint.disabled";
    endpoint(&told[gone].user, &server.base, &watch, event).await;

    let (begun, since) = (Instant::now(), Utc::now() - TimeDelta::minutes(1));
    make(events() / 2, &server, &mut told).await;
    // Dropped first: it is killed, with half of the deliveries still to make.
    drop(server);
    server = Server::serve(url, data, &SETTINGS);
    println!(
        "{engine}: killed and started again after {:.1?}",
        begun.elapsed()
    );
    for one in &mut told {
        one.user = sign_in_as(&server.base, &one.email).await;
    }
    make(events() - events() / 2, &server, &mut told).await;
    println!(
        "{engine}: {} events after {:.1?}",
        events(),
        begun.elapsed()
    );

    let until = Instant::now() + Duration::from_mins(5) * patience();
    for one in told.iter().filter(|one| one.manner != Manner::Gone) {
        one.has_all(until).await;
    }
    println!("{engine}: all delivered after {:.1?}", begun.elapsed());
    announced(engine, url, &server, &told[gone], &watch).await;
    replayed(engine, &server, &told[gone], since, until).await;

    let mut twice = 0;
    for one in &told {
        println!(
            "{engine}: {:?}: {} messages, {} of them twice",
            one.manner,
            one.made,
            one.twice()
        );
        twice += one.twice();
        write_down(one, letters);
    }
    assert!(
        twice <= UNDER_WAY,
        "{twice} came twice, {UNDER_WAY} were under way"
    );
    assert!(server.stop(), "it ends well");
}

/// So many events, of everybody alike.
async fn make(count: usize, server: &Server, told: &mut [Told]) {
    let mut made = 0;
    while made < count {
        let runs = told.iter().map(|one| {
            let run = one.user.post(format!("{}/api/v1/runs", server.base));
            run.json(&tests::run_body("a.pdf")).send()
        });
        let answers = futures::future::join_all(runs).await;
        for (one, answer) in told.iter_mut().zip(answers) {
            assert_eq!(answer.unwrap().status(), 201);
            one.made += 1;
            made += 1;
        }
    }
}

/// The one who is gone was told no more, and hears of it twice: by event and as a notification.
async fn announced(engine: &str, url: &str, server: &Server, gone: &Told, watch: &Receiver) {
    let shown = gone.user.get(gone.place(server)).send().await.unwrap();
    let shown: Value = shown.json().await.unwrap();
    assert_eq!((&shown["status"], gone.count()), (&json!("disabled"), 0));
    let heard = tests::eventually(async || watch.heard().pop()).await;
    assert_eq!(heard.json()["data"]["id"], json!(gone.id), "{engine}");
    assert_eq!(watch.heard().len(), 1, "{engine}: it is told once");
    let admin = sign_in(&server.base).await;
    let question = json!({ "query": "{ notifications(first: 10) { nodes { title data } } }" });
    let answer = admin
        .post(format!("{}/graphql", server.base))
        .json(&question);
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    let all = answer["data"]["notifications"]["nodes"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{engine}: {answer}");
    assert_eq!(
        all[0]["data"]["webhook_endpoint_id"],
        json!(gone.id),
        "{url}"
    );
    let tries = gone.receiver.heard().len();
    println!("{engine}: {tries} tries at the one that is gone; it was told of it");
    assert!(tries <= UNDER_WAY, "{tries} tries at one that is gone");
}

/// Once it is back, it can have what it missed.
async fn replayed(
    engine: &str,
    server: &Server,
    gone: &Told,
    since: DateTime<Utc>,
    until: Instant,
) {
    gone.back.store(true, Ordering::SeqCst);
    let place = gone.place(server);
    let enable = gone
        .user
        .patch(&place)
        .json(&json!({ "status": "enabled" }));
    assert_eq!(enable.send().await.unwrap().status(), 200);
    let mut count = 0;
    for what in ["failed", "missing"] {
        let asked = json!({ "what": what, "since": since });
        let answer = gone.user.post(format!("{place}/replay")).json(&asked);
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["more"], false, "{engine}: {answer}");
        count += answer["count"].as_u64().unwrap();
    }
    assert_eq!(count, gone.made as u64, "{engine}: all of what it missed");
    gone.has_all(until).await;
    println!("{engine}: {count} sent again to the one that is back");
}

/// What was sent, for the libraries of other languages to check.
fn write_down(one: &Told, letters: &mut impl std::io::Write) {
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for letter in one.receiver.heard() {
        let id = letter.header("webhook-id").to_owned();
        let first = bodies.entry(id).or_insert_with(|| letter.body.clone());
        assert_eq!(*first, letter.body, "the same bytes at every try");
        let line = json!({
            "secret": one.secret, "id": letter.header("webhook-id"),
            "timestamp": letter.header("webhook-timestamp"),
            "signature": letter.header("webhook-signature"),
            "body": String::from_utf8(letter.body.clone()).unwrap(),
        });
        writeln!(letters, "{line}").unwrap();
    }
}

/// Make a person, straight in the database: there is no door for it.
async fn person(url: &str, email: &str) {
    use sea_orm::ConnectionTrait as _;
    let db = migration::connect(url).await.unwrap();
    let id = uuid::Uuid::now_v7();
    let (id, role) = if url.starts_with("sqlite") {
        (format!("X'{}'", id.simple()), "'user'")
    } else {
        (format!("'{id}'::uuid"), "'user'::user_role")
    };
    let sql = format!(
        "INSERT INTO users (id, email, email_key, password_hash, role, status, version, created_at, updated_at) \
         SELECT {id}, '{email}', '{email}', password_hash, {role}, status, 1, created_at, updated_at \
         FROM users LIMIT 1"
    );
    db.execute_unprepared(&sql).await.unwrap();
    db.close().await.unwrap();
}
