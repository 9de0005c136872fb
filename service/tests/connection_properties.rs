//! The twelve properties of the connection manager.
//!
//! Where a wait matters the clock is tokio's own, paused: it leaps from timer to timer, so that
//! minutes of retries take no time and every delay is exact.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, SqlxError, Statement};
use service::clock::{Clock, SystemClock};
use service::db::retry::{delay, jittered};
use service::db::{
    Category, ConnectionManager, ConnectionResult, DatabaseHealth, DatabaseUrl, DbSettings, Kind,
    LastError, PoolStatus, State, Status, UrlError, classify, sanitise,
};
use support::scripted::{Does, Script, in_no_time, manager, settings};
use tokio::time::Instant;

const CAP: Duration = Duration::from_secs(30);

fn statement() -> Statement {
    Statement::from_string(DbBackend::Postgres, "SELECT 1")
}

fn network_kind() -> impl Strategy<Value = ErrorKind> {
    prop_oneof![
        Just(ErrorKind::ConnectionRefused),
        Just(ErrorKind::ConnectionReset),
        Just(ErrorKind::ConnectionAborted),
        Just(ErrorKind::TimedOut),
        Just(ErrorKind::HostUnreachable),
        Just(ErrorKind::NetworkUnreachable),
        Just(ErrorKind::BrokenPipe),
        Just(ErrorKind::UnexpectedEof),
    ]
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every handle of one set of services belongs to the same manager; there is no other.
    #[test]
    fn property_01_every_handle_is_of_the_same_manager(ways in vec(0..4_u8, 1..20)) {
        in_no_time(async {
            let script = Script::new();
            let (manager, _) = manager(&script, settings());
            assert!(manager.connect().await.success);
            for way in ways {
                match way {
                    0 => assert!(Arc::ptr_eq(manager.read().unwrap().manager(), &manager)),
                    1 => assert!(Arc::ptr_eq(manager.analytics().unwrap().manager(), &manager)),
                    2 => assert!(Arc::ptr_eq(manager.read().unwrap().clone().manager(), &manager)),
                    _ => {
                        let before = manager.read().unwrap();
                        assert!(manager.reconnect().await.success);
                        assert!(Arc::ptr_eq(before.manager(), &manager));
                        assert!(before.query_all_raw(statement()).await.is_ok());
                    }
                }
            }
            manager.disconnect().await;
        });
    }

    /// The wait before retry i is base x 2^(i-1), at most 30 s; with jitter, up to a quarter less.
    #[test]
    fn property_02_delays_double_up_to_the_cap(
        base in millis(1..5_000), retries in 0..12_u32, jitter: bool,
    ) {
        let (attempts, count) = in_no_time(async {
            let script = Script::new();
            script.open(Does::REFUSE);
            let mut settings = settings();
            settings.retry_base_delay = base;
            settings.max_retries = retries;
            settings.retry_jitter = jitter;
            let (manager, _) = manager(&script, settings);
            let result = manager.connect().await;
            assert!(!result.success);
            let attempts = script.attempts();
            manager.disconnect().await;
            (attempts, result.retry_count)
        });
        prop_assert_eq!(attempts.len(), retries as usize + 1);
        prop_assert_eq!(count, retries);
        for (i, pair) in (1..).zip(attempts.windows(2)) {
            let waited = pair[1] - pair[0];
            let full = base.saturating_mul(1 << (i - 1)).min(CAP);
            prop_assert_eq!(delay(base, CAP, i), full);
            let expected = if jitter { full.mul_f64(0.875) } else { full };
            // Timers have a grain of a millisecond.
            prop_assert!(waited >= expected && waited <= expected + Duration::from_millis(2),
                "retry {}: {:?} instead of {:?}", i, waited, expected);
        }
    }

    /// A URL made of sound parts is valid; the same URL with one defect is refused for that defect.
    #[test]
    fn property_03_urls_are_judged_by_their_parts(
        scheme in "postgres|postgresql", user in "[a-z]{1,8}", password in "\\PC{0,12}",
        host in "[a-z]{1,10}(\\.test)?", port in 1..=u16::MAX, name in "[a-z_]{1,10}", defect in 0..9_u8,
    ) {
        let password: String = url::form_urlencoded::byte_serialize(password.as_bytes()).collect();
        let login = format!("{user}:{password}");
        let good = format!("{scheme}://{login}@{host}:{port}/{name}");
        let checked = DatabaseUrl::check(&good);
        prop_assert!(checked.valid && checked.errors.is_empty(), "{:?}", checked);
        let (bad, expected) = match defect {
            0 => (String::new(), UrlError::Empty),
            1 => (format!("'{good}'"), UrlError::Quoted),
            2 => (format!("{scheme}://{login}@{host}:{port}"), UrlError::NoDatabase),
            3 => (format!("{scheme}:///{name}"), UrlError::NoHost),
            4 => (format!("{scheme}://{login}@{host},{host}/{name}"), UrlError::SeveralHosts),
            5 => (format!("{scheme}://{login}@{host} x/{name}"), UrlError::Blank),
            6 => (format!("mysql://{login}@{host}/{name}"), UrlError::Scheme("mysql")),
            7 => (format!("{scheme}x://{login}@{host}/{name}"), UrlError::NoScheme),
            _ => (format!("{scheme}://{login}@{host}:70000/{name}"),
                UrlError::Syntax("the port is not a number up to 65535")),
        };
        let checked = DatabaseUrl::check(&bad);
        prop_assert!(!checked.valid);
        prop_assert_eq!(checked.errors, vec![expected.to_string()]);
        prop_assert_eq!(DatabaseUrl::parse(&bad).unwrap_err(), expected);
    }

    /// Whatever is given as a URL is judged without a panic, and alike by every way of asking.
    #[test]
    fn property_03_no_text_is_too_strange(raw in "\\PC*|(postgres|sqlite|file|x)(:|://)\\PC*") {
        let checked = DatabaseUrl::check(&raw);
        let parsed = DatabaseUrl::parse(&raw);
        prop_assert_eq!(checked.valid, parsed.is_ok());
        prop_assert_eq!(raw.parse::<DatabaseUrl>().is_ok(), parsed.is_ok());
    }

    /// Trouble with the network or the resolver is temporary, and comes with steps.
    #[test]
    fn property_04_network_errors_are_temporary(kind in network_kind(), stage in 0..3_u8, dns: bool) {
        let cause = if dns {
            io::Error::other("failed to lookup address information: Name or service not known")
        } else {
            kind.into()
        };
        let cause = RuntimeErr::SqlxError(Arc::new(SqlxError::Io(cause)));
        let error = match stage {
            0 => DbErr::Conn(cause),
            1 => DbErr::Exec(cause),
            _ => DbErr::Query(cause),
        };
        let classified = classify(&error);
        let expected = if dns { Category::DnsError } else { Category::NetworkError };
        prop_assert_eq!(classified.category, expected);
        prop_assert_eq!(classified.kind, Kind::Temporary);
        prop_assert!(!classified.steps().is_empty());
    }

    /// A disconnect is over within 5 s, whatever the pool, a caller or an attempt to connect does.
    #[test]
    fn property_05_disconnect_ends_in_time(
        open in 0..3_u8, close in 0..3_u8, pause in millis(0..20_000), held in 0..3_usize,
        meddle: bool,
    ) {
        let does = |which| match which {
            0 => Does::Work(pause),
            1 => Does::Fail(pause, ErrorKind::ConnectionReset),
            _ => Does::Hang,
        };
        let (took, status) = in_no_time(async {
            let script = Script::new();
            let (manager, _) = manager(&script, settings());
            assert!(manager.connect().await.success);
            let mut transactions = Vec::new();
            for _ in 0..held {
                transactions.push(manager.begin().await.unwrap());
            }
            script.open(does(open));
            script.close(does(close));
            let mut busy = tokio::task::JoinSet::new();
            if meddle {
                // Somebody is in the middle of a reconnect.
                let other = Arc::clone(&manager);
                busy.spawn(async move { other.reconnect().await });
            }
            tokio::task::yield_now().await;
            let started = Instant::now();
            let end = tokio::time::timeout(Duration::from_mins(10), manager.disconnect());
            end.await.unwrap();
            let took = started.elapsed();
            busy.join_all().await;
            drop(transactions);
            (took, manager.status())
        });
        prop_assert!(took <= Duration::from_millis(5_002), "{:?}", took);
        prop_assert_eq!(status.state, State::Closed);
        prop_assert!(!status.connected);
    }

    /// A failed connection is probed every 30 s, counted from beginning to beginning, until it is
    /// back, even when the probes themselves take their time.
    #[test]
    fn property_06_a_failed_connection_is_probed_every_30_seconds(
        failures in 1..8_u32, slow in millis(0..9_000),
    ) {
        let (attempts, status) = in_no_time(async {
            let script = Script::new();
            script.open(Does::Fail(slow, ErrorKind::ConnectionRefused));
            let mut settings = settings();
            settings.max_retries = 0;
            let (manager, _) = manager(&script, settings);
            assert!(!manager.connect().await.success);
            assert_eq!(manager.status().state, State::Failed);
            while script.attempts().len() <= failures as usize {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            script.open(Does::WORK);
            let mut watch = manager.watch();
            watch.wait_for(|status| status.connected).await.unwrap();
            let attempts = script.attempts();
            // Back means back: nobody probes any more.
            tokio::time::sleep(Duration::from_mins(5)).await;
            assert_eq!(script.attempts().len(), attempts.len());
            let status = manager.status();
            manager.disconnect().await;
            (attempts, status)
        });
        prop_assert!(status.connected && status.retry_count == 0);
        prop_assert!(attempts.len() > failures as usize);
        for pair in attempts[1..].windows(2) {
            let gap = pair[1] - pair[0];
            prop_assert!(gap >= CAP && gap <= CAP + Duration::from_millis(5), "{:?}", gap);
        }
    }

    /// A connection that is lost while serving is failed by itself, says so at once to everybody,
    /// and never waits longer than the interval for the next probe.
    #[test]
    fn property_06_a_lost_connection_comes_back(away in millis(0..200_000), kind in network_kind()) {
        in_no_time(async {
            let script = Script::new();
            let (manager, _) = manager(&script, settings());
            assert!(manager.connect().await.success);
            let db = manager.read().unwrap();
            script.open(Does::Fail(Duration::ZERO, kind));
            script.ping(Does::Fail(Duration::ZERO, kind));
            assert!(db.query_all_raw(statement()).await.is_err());
            let mut watch = manager.watch();
            watch.wait_for(|status| !status.connected).await.unwrap();
            let asked = Instant::now();
            assert!(manager.read().is_err() && manager.begin().await.is_err());
            assert!(db.query_all_raw(statement()).await.is_err());
            assert_eq!(asked.elapsed(), Duration::ZERO, "nobody waits for what is away");
            assert_eq!(manager.status().last_error.unwrap().category, Category::NetworkError);
            tokio::time::sleep(away).await;
            script.open(Does::WORK);
            script.ping(Does::WORK);
            let back = Instant::now();
            watch.wait_for(|status| status.connected).await.unwrap();
            assert!(back.elapsed() <= Duration::from_millis(30_005), "{:?}", back.elapsed());
            assert!(db.query_all_raw(statement()).await.is_ok(), "old handles work again");
            manager.disconnect().await;
        });
    }

    /// Connected means: connected, since now, no error, and a client to work with.
    #[test]
    fn property_07_a_connection_that_was_made_is_whole(failures in 0..5_u32, later in 0..1_000_000_i64) {
        in_no_time(async {
            let script = Script::new();
            script.fail_first(failures);
            let (manager, clock) = manager(&script, settings());
            clock.advance(TimeDelta::milliseconds(later));
            let result = manager.connect().await;
            assert_eq!(result, ConnectionResult { success: true, error: None, retry_count: failures });
            assert_eq!(manager.status(), Status {
                connected: true,
                state: State::Connected,
                last_connected_at: Some(clock.now()),
                last_error: None,
                retry_count: 0,
            });
            assert!(manager.read().is_ok());
            assert!(manager.begin().await.is_ok());
            manager.disconnect().await;
        });
    }

    /// The reports keep their keys, and come back from JSON as they went in.
    #[test]
    fn property_09_reports_keep_their_keys(
        connected: bool, at in proptest::option::of(0..4_000_000_000_i64), retry_count: u32,
        failed in proptest::option::of((0..8_usize, "\\PC{0,20}")), counts in any::<[u32; 5]>(),
    ) {
        let error = failed.map(|(category, message)| {
            let category = Category::ALL[category];
            let steps = category.steps().iter().map(ToString::to_string).collect();
            LastError { category, kind: category.kind(), code: None, message, steps }
        });
        let status = Status {
            connected,
            state: if connected { State::Connected } else { State::Failed },
            last_connected_at: at.and_then(|at| chrono::DateTime::from_timestamp(at, 0)),
            last_error: error.clone(),
            retry_count,
        };
        let [max, size, idle, in_use, waiting] = counts;
        let pool = PoolStatus { max, size, idle, in_use, waiting };
        let health = DatabaseHealth {
            healthy: connected, latency_ms: 1, connection: status.clone(), pool, error: error.clone(),
        };
        let result = ConnectionResult { success: connected, error: error.clone(), retry_count };
        keeps(&status, &["connected", "state", "last_connected_at", "last_error", "retry_count"]);
        keeps(&result, &["success", "error", "retry_count"]);
        keeps(&health, &["healthy", "latency_ms", "connection", "pool", "error"]);
        keeps(&pool, &["max", "size", "idle", "in_use", "waiting"]);
        keeps(&DatabaseUrl::check("sqlite://x.db"), &["valid", "url", "errors", "warnings"]);
        if let Some(error) = error {
            keeps(&error, &["category", "kind", "code", "message", "steps"]);
        }
    }

    /// A sanitised URL shows no password, is sanitised for good, and nothing makes it panic.
    #[test]
    fn property_10_sanitising_hides_every_password(
        secret in "[a-zA-Z0-9!$&*+,;=:/?#@%. -]{6,20}", place in 0..4_u8, junk in "\\PC{0,40}",
    ) {
        // A marker that cannot be part of anything else.
        let secret = format!("Zq9{secret}9qZ");
        let raw = match place {
            0 => format!("postgres://ann:{secret}@db.test:5432/app?schema=s"),
            1 => format!("postgresql://db.test/app?password={secret}"),
            2 => format!("mysql://{junk}:{secret}@db.test/app"),
            // A text that is no URL; one with these signs in its middle may be read as one.
            _ => secret.replace("://", ":/"),
        };
        let shown = sanitise(&raw);
        prop_assert!(!shown.contains("Zq9") && !shown.contains("9qZ"), "{} of {}", shown, raw);
        let again = sanitise(&shown);
        prop_assert!(!again.contains("Zq9"));
        prop_assert!(sanitise(&junk).chars().all(|c| !c.is_control()));
        if let Ok(url) = DatabaseUrl::parse(&raw) {
            let everything = format!("{url} {url:?} {:?}", url.warnings());
            prop_assert!(!everything.contains("Zq9"), "{}", everything);
        }
    }

    /// Sleeping takes as long as was asked, whatever was asked; a jitter only ever shortens it.
    #[test]
    fn property_10_pauses_are_as_long_as_asked(
        base in millis(0..100_000_000), retry: u32, chance in -1.0..2.0_f64,
    ) {
        let wait = delay(base, CAP, retry);
        prop_assert!(wait <= CAP);
        prop_assert!(retry < 2 || wait >= delay(base, CAP, retry - 1));
        let shorter = jittered(wait, chance);
        prop_assert!(shorter <= wait && shorter >= wait.mul_f64(0.749));
        let slept = in_no_time(async {
            let started = Instant::now();
            tokio::time::sleep(wait).await;
            started.elapsed()
        });
        prop_assert!(slept >= wait && slept <= wait + Duration::from_millis(2));
    }

    /// The probe is good exactly when a connection is had and answers; so is a reconnect.
    #[test]
    fn property_11_the_probe_tells_whether_statements_run(
        open in 0..3_u8, ping in 0..3_u8, wait in millis(0..30_000), crowd in 0..4_u32,
    ) {
        let does = |which| match which {
            0 => Does::WORK,
            1 => Does::REFUSE,
            _ => Does::Hang,
        };
        in_no_time(async {
            let script = Script::new();
            let mut settings = settings();
            settings.pool_size = 3;
            let (manager, _) = manager(&script, settings);
            assert!(manager.connect().await.success);
            let mut transactions = Vec::new();
            for _ in 0..crowd.min(3) {
                transactions.push(manager.begin().await.unwrap());
            }
            // Idle sessions are given up after a while; then the probe has to open one.
            tokio::time::sleep(wait).await;
            let idle = manager.pool_status().idle > 0;
            script.open(does(open));
            script.ping(does(ping));
            let full = crowd >= 3;
            let good = !full && ping == 0 && (idle || open == 0);
            let health = manager.health().await;
            assert_eq!(health.healthy, good, "{health:?}");
            assert_eq!(health.error.is_none(), good);
            let fresh = manager.reconnect().await.success;
            assert_eq!(fresh, open == 0 && ping == 0);
            assert_eq!(manager.probe().await.is_ok(), fresh);
            script.ping(Does::WORK);
            drop(transactions);
            manager.disconnect().await;
            assert!(manager.probe().await.is_err());
        });
    }

    /// Connect, reconnect and disconnect mean the same the second time, in any order.
    #[test]
    fn property_12_verbs_are_idempotent_and_mean_what_they_say(steps in vec((0..3_u8, any::<bool>()), 1..12)) {
        in_no_time(async {
            let script = Script::new();
            let mut settings = settings();
            settings.max_retries = 1;
            let (manager, _) = manager(&script, settings);
            let mut connected = false;
            for (verb, up) in steps {
                script.open(if up { Does::WORK } else { Does::REFUSE });
                for _ in 0..2 {
                    match verb {
                        // Connected already, it stays so without asking the server.
                        0 => {
                            connected = connected || up;
                            assert_eq!(manager.connect().await.success, connected);
                        }
                        // Made anew, it is as good as the server is.
                        1 => {
                            connected = up;
                            assert_eq!(manager.reconnect().await.success, connected);
                        }
                        _ => {
                            connected = false;
                            manager.disconnect().await;
                        }
                    }
                    let status = manager.status();
                    assert_eq!(status.connected, connected);
                    assert_eq!(status.state, match (verb, connected) {
                        (_, true) => State::Connected,
                        (2, false) => State::Closed,
                        (_, false) => State::Failed,
                    });
                    assert_eq!(status.last_error.is_some(), status.state == State::Failed);
                    assert_eq!(manager.read().is_ok(), connected);
                }
            }
            manager.disconnect().await;
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whoever asks after a connect can read, on a real database.
    #[test]
    fn property_08_every_reader_reads_after_connect(before in 0..3_u8, readers in 1..5_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = DatabaseUrl::parse("sqlite::memory:").unwrap();
            let manager = ConnectionManager::new(DbSettings::new(url), Arc::new(SystemClock)).unwrap();
            assert!(manager.read().is_err() && manager.analytics().is_err());
            for _ in 0..before {
                assert!(manager.connect().await.success);
                manager.disconnect().await;
            }
            assert!(manager.connect().await.success);
            for _ in 0..readers {
                for db in [manager.read().unwrap(), manager.analytics().unwrap()] {
                    let select = Statement::from_string(DbBackend::Sqlite, "SELECT 42 AS answer");
                    let row = db.query_one_raw(select).await.unwrap().unwrap();
                    assert_eq!(row.try_get::<i32>("", "answer").unwrap(), 42);
                }
            }
            manager.disconnect().await;
        });
    }
}

/// `report` has exactly `keys`, and is the same again after a round trip.
fn keeps<T>(report: &T, keys: &[&str])
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let json = serde_json::to_value(report).unwrap();
    let mut found: Vec<_> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut keys = keys.to_vec();
    found.sort_unstable();
    keys.sort_unstable();
    assert_eq!(found, keys);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), report);
}
