//! The real binary, as far as it can be tried: against a real `PostgreSQL` that goes away and comes back
//! under traffic, and in the files beside this one killed, frozen, replaced and filled, on both engines.
//!
//! `.ci/run drill`, or by hand `cargo build --workspace && cargo test --workspace --test drill --
//! --ignored --nocapture`. `CHANCERY_DRILL_PATIENCE=3` gives everything three times the time, for a
//! machine that is busy with other things.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a drill fails by panicking, tells what it saw, and is called by its environment"
)]

mod database;
mod deploy;
mod export;
mod frozen;
mod jobs;
mod journey;
mod rolling;
mod server;
mod traffic;
mod upload;
mod webhook;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::cluster::Cluster;

use server::Server;
use traffic::{Heard, Traffic};

const EMAIL: &str = "drill@example.test";
const PASSWORD: &str = "correct horse battery";
/// No request takes longer: a statement is given up after 14 s.
const ANSWER: Duration = Duration::from_secs(15);
/// The service is back, by itself, this long after its database.
const RECOVERY: Duration = Duration::from_secs(35);

/// How the database goes away and comes back.
type Turn = (&'static str, fn(&Cluster), fn(&Cluster));

const OUTAGES: [Turn; 3] = [
    ("stopped", Cluster::down, Cluster::up),
    ("frozen", Cluster::freeze, Cluster::thaw),
    ("stopped again", Cluster::down, Cluster::up),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of a minute or two: .ci/run drill"]
async fn the_service_outlives_its_database() {
    service::tls::install();
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let patience = patience();
    let mut server = Server::start(&cluster.url("postgres"), EMAIL, PASSWORD);
    let http = sign_in(&server.base).await;
    let mut traffic = Traffic::start(&http, &server.base);
    let answered = |heard: &Heard| heard.status == 200 || heard.status == 201;
    let refused = |heard: &Heard| heard.status == 503;
    traffic
        .until(Instant::now(), ANSWER * patience, answered)
        .await;

    for (name, leave, come_back) in OUTAGES {
        let calm = traffic.all().len();
        let leaving = Instant::now();
        tokio::task::block_in_place(|| leave(&cluster));
        let gone = Instant::now();
        traffic.until(gone, 2 * ANSWER * patience, refused).await;
        assert_eq!(ready(&http, &server.base).await, 503, "readiness says so");

        tokio::task::block_in_place(|| come_back(&cluster));
        let back = Instant::now();
        traffic.until(back, RECOVERY * patience, answered).await;
        let recovery = back.elapsed();
        let heard: Vec<Heard> = traffic.all().split_off(calm);
        tell(name, &heard, recovery);
        judge(&heard, leaving, patience);
        while ready(&http, &server.base).await != 200 {
            assert!(
                back.elapsed() < RECOVERY * patience,
                "readiness says so, too"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(server.runs());
    }

    let made: Vec<String> = traffic.all().into_iter().filter_map(|h| h.made).collect();
    traffic.stop().await;
    assert!(!made.is_empty());
    for id in &made {
        let run = http.get(format!("{}/api/v1/runs/{id}", server.base));
        let run = run.send().await.unwrap();
        assert_eq!(run.status(), 200, "what was answered with 201 is there");
    }
    let stopping = Instant::now();
    assert!(server.stop(), "it ends well");
    println!(
        "{} runs made, none lost; stopped in {:?}",
        made.len(),
        stopping.elapsed()
    );
    assert!(stopping.elapsed() < Duration::from_secs(30) * patience);
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// How many times the usual time everything gets.
fn patience() -> u32 {
    std::env::var("CHANCERY_DRILL_PATIENCE")
        .map_or(1, |factor| factor.parse().expect("a whole number"))
}

/// Every answer is in time, and is a result or a refusal that says when to come again.
fn judge(heard: &[Heard], leaving: Instant, patience: u32) {
    for heard in heard {
        assert!(heard.took <= ANSWER * patience, "{heard:?} hung");
        let fine = match heard.status {
            200 | 201 => true,
            503 => heard.retry_after && heard.asked + heard.took >= leaving,
            _ => false,
        };
        assert!(fine, "{heard:?}");
    }
}

fn tell(name: &str, heard: &[Heard], recovery: Duration) {
    println!("database {name}: everybody served {recovery:.1?} after it was back");
    let mut by_answer: BTreeMap<(u16, &str, &str), (usize, Duration)> = BTreeMap::new();
    for heard in heard {
        let key = (heard.status, heard.code.as_str(), heard.what);
        let (count, worst) = by_answer.entry(key).or_default();
        *count += 1;
        *worst = (*worst).max(heard.took);
    }
    for ((status, code, what), (count, worst)) in by_answer {
        println!("  {status} {code:<22} {what:<18} {count:>6} times, at worst {worst:.1?}");
    }
}

async fn sign_in(base: &str) -> reqwest::Client {
    sign_in_as(base, EMAIL).await
}

async fn sign_in_as(base: &str, email: &str) -> reqwest::Client {
    service::tls::install();
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("origin", base.parse().unwrap());
    headers.insert("x-requested-with", "drill".parse().unwrap());
    let http = reqwest::Client::builder()
        .cookie_store(true)
        .default_headers(headers)
        .timeout(Duration::from_mins(2))
        .build()
        .unwrap();
    let body = json!({ "email": email, "password": PASSWORD });
    let session = http.post(format!("{base}/api/v1/session")).json(&body);
    assert_eq!(session.send().await.unwrap().status(), 200);
    http
}

async fn ready(http: &reqwest::Client, base: &str) -> u16 {
    let answer = http.get(format!("{base}/health/ready")).send().await;
    answer.unwrap().status().as_u16()
}
