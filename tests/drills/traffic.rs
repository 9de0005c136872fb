//! People and programs who ask without end, and what they heard.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many ask at once: more than the pool has connections.
pub(crate) const CALLERS: usize = 16;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) caller: usize,
    pub(crate) what: &'static str,
    pub(crate) asked: Instant,
    pub(crate) took: Duration,
    /// 0 where the server did not answer at all.
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) retry_after: bool,
    /// What was made.
    pub(crate) made: Option<String>,
}

/// The traffic.
pub(crate) struct Traffic {
    log: Arc<Mutex<Vec<Heard>>>,
    news: watch::Receiver<usize>,
    tasks: JoinSet<()>,
}

impl Traffic {
    /// Begin to ask.
    pub(crate) fn start(http: &reqwest::Client, base: &str) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let (tell, news) = watch::channel(0);
        let mut tasks = JoinSet::new();
        for caller in 0..CALLERS {
            let (http, base) = (http.clone(), base.to_owned());
            let (log, tell) = (Arc::clone(&log), tell.clone());
            tasks.spawn(async move {
                for turn in caller.. {
                    let heard = ask(&http, &base, caller, turn).await;
                    // A caller who is turned away comes back, though not as late as it is told to:
                    // a drill is to be hard.
                    let pause = if heard.status == 503 { 100 } else { 5 };
                    log.lock().unwrap().push(heard);
                    tell.send_modify(|count| *count += 1);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            });
        }
        Self { log, news, tasks }
    }

    /// What was asked since `since` and is answered.
    pub(crate) fn since(&self, since: Instant) -> Vec<Heard> {
        let log = self.log.lock().unwrap();
        log.iter()
            .filter(|heard| heard.asked >= since)
            .cloned()
            .collect()
    }

    /// Everything.
    pub(crate) fn all(&self) -> Vec<Heard> {
        self.log.lock().unwrap().clone()
    }

    /// Wait until every caller has had such an answer to what it asked since `since`.
    pub(crate) async fn until(
        &mut self,
        since: Instant,
        most: Duration,
        such: impl Fn(&Heard) -> bool,
    ) {
        let all = async {
            loop {
                let heard = self.since(since);
                let had = |caller| heard.iter().any(|h| h.caller == caller && such(h));
                if (0..CALLERS).all(had) {
                    return;
                }
                self.news.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(most, all).await.is_err() {
            let heard = self.since(since);
            let last = heard.iter().rev().take(20).collect::<Vec<_>>();
            panic!("not everybody was answered so within {most:?}: {last:#?}");
        }
    }

    /// Ask no more.
    pub(crate) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn ask(http: &reqwest::Client, base: &str, caller: usize, turn: usize) -> Heard {
    let runs = format!("{base}/api/v1/runs");
    let (what, request) = match turn % 3 {
        0 => ("read the account", http.get(format!("{base}/api/v1/me"))),
        1 => ("list runs", http.get(runs)),
        _ => {
            let body = json!({
                "company_id": "drill", "company_name": "Drill",
                "document_name": format!("{caller}-{turn}.pdf"),
                "document_url": "https://files.example.com/drill.pdf",
            });
            ("ask for a run", http.post(runs).json(&body))
        }
    };
    let asked = Instant::now();
    let answer = request.send().await;
    let (mut status, mut retry_after, mut body) = (0, false, Value::Null);
    let mut code = String::new();
    match answer {
        Ok(answer) => {
            status = answer.status().as_u16();
            retry_after = answer.headers().contains_key("retry-after");
            body = answer.json().await.unwrap_or_default();
            body["code"]
                .as_str()
                .unwrap_or_default()
                .clone_into(&mut code);
        }
        Err(error) => code = format!("{error:?}"),
    }
    let made = (status == 201).then(|| body["id"].as_str().unwrap_or_default().to_owned());
    Heard {
        caller,
        what,
        asked,
        took: asked.elapsed(),
        status,
        code,
        retry_after,
        made,
    }
}
