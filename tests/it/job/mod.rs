//! Jobs: queued with the writes that they follow, done at least once, by one worker at a time.

mod claims;
mod queue;
mod schedule;
mod steer;
mod turns;

use std::sync::{Arc, Mutex};

use entity::id::JobId;
use entity::identity::user::UserRole;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::configuration::Given;
use service::ctx::Ctx;
use service::error::{Common, Error, Result};
use service::job::{Ending, Halt, Held, NewJob, Task, enqueue, ours};
use tests::{Client, Plan, TestApp};
use tokio::sync::Semaphore;

/// A task that does as its payload says, and what the test and it tell each other.
#[derive(Clone, Debug)]
struct Bench {
    log: Arc<Mutex<Vec<String>>>,
    /// Something has begun that waits to be let go.
    begun: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Act {
    name: String,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    Note,
    /// For reasons of our own, which nobody is to read.
    Fail,
    /// With a sentence that is for everybody.
    Refuse,
    Panic,
    /// Again after a minute.
    Again,
    Hopeless,
    /// Until it is let go, or told to stop.
    Wait,
    /// Until it is told to stop, and then until it is let go.
    Linger,
    /// Until it is let go; then it has an effect, and ends in the write of the effect.
    Finish,
    /// Tells how far it is.
    Portions,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            log: Arc::default(),
            begun: Arc::new(Semaphore::new(0)),
            go: Arc::new(Semaphore::new(0)),
        }
    }
}

impl Bench {
    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn plan(&self) -> Plan {
        Plan {
            kinds: ours().with(self.clone()),
            ..Plan::default()
        }
    }

    fn plan_with(&self, given: Given) -> Plan {
        let mut plan = self.plan();
        plan.settings.given = given;
        plan
    }

    async fn wait(&self) {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
    }
}

impl Task for Bench {
    const KIND: &'static str = "test.act";
    const TRIES: i32 = 3;
    type Payload = Act;

    async fn run(&self, ctx: &Ctx, act: Act, held: &Held) -> Result<Ending> {
        let failed = Error::internal("the password is hunter2");
        match act.what {
            What::Note => {}
            What::Fail => return Err(failed),
            What::Refuse => return Err(Common::NotFound { what: "door" }.into()),
            What::Panic => panic!("the password is hunter2"),
            What::Again => {
                let after = std::time::Duration::from_mins(1);
                let because = "not yet".to_owned();
                return Ok(Ending::Again { after, because });
            }
            What::Hopeless => {
                let because = "there is no such door".to_owned();
                return Ok(Ending::Dead { because });
            }
            What::Wait => tokio::select! {
                () = self.wait() => {}
                () = held.halted() => {
                    self.log.lock().unwrap().push(format!("{} {:?}", act.name, held.halt()));
                    return Err(failed);
                }
            },
            What::Linger => {
                self.begun.add_permits(1);
                held.halted().await;
                self.go.acquire().await.unwrap().forget();
                let said = format!("{} {:?}", act.name, held.halt());
                self.log.lock().unwrap().push(said);
                return Err(failed);
            }
            What::Finish => {
                self.wait().await;
                let tx = ctx.write().await?;
                enqueue(&tx, note(&format!("follows {}", act.name))).await?;
                held.finish(&tx).await?;
                tx.commit().await?;
            }
            What::Portions => {
                for percent in [25, 50, 75] {
                    held.check()?;
                    held.progress(percent).await?;
                    self.wait().await;
                }
            }
        }
        self.log.lock().unwrap().push(act.name);
        Ok(Ending::Done)
    }
}

fn act(name: &str, what: What) -> NewJob {
    let name = name.to_owned();
    NewJob::of::<Bench>(&Act { name, what }).unwrap()
}

fn note(name: &str) -> NewJob {
    act(name, What::Note)
}

/// Queue a job.
async fn put(app: &TestApp, new: NewJob) -> JobId {
    let tx = app.system().write().await.unwrap();
    let id = enqueue(&tx, new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// The answer's data, of an answer without errors.
async fn good(who: &Client, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let answer = who.post("/graphql", body).await;
    assert_eq!(
        answer.body["errors"],
        Value::Null,
        "{query}: {}",
        answer.body
    );
    answer.body["data"].clone()
}

/// The code of what is refused.
async fn refused(who: &Client, query: &str, variables: Value) -> String {
    let body = json!({ "query": query, "variables": variables });
    let answer = who.post("/graphql", body).await;
    let extensions = &answer.body["errors"][0]["extensions"];
    let code = extensions["code"].as_str();
    code.unwrap_or_else(|| panic!("{query}: {}", answer.body))
        .to_owned()
}

async fn operator(app: &TestApp) -> Client {
    app.user("operator", UserRole::Operator).await
}

/// A job as the staff sees it.
async fn job(who: &Client, id: JobId) -> Value {
    let query = "query($id: UUID!) { job(id: $id) {
        state attempt priority runAt progress worker lastError finishedAt cancelRequestedAt
    } }";
    good(who, query, json!({ "id": id })).await["job"].clone()
}

/// That a job stands so after so many tries.
#[track_caller]
fn stands(job: &Value, state: &str, attempt: i32) {
    assert_eq!(
        (&job["state"], &job["attempt"]),
        (&json!(state), &json!(attempt)),
        "{job}"
    );
}

/// The halt that a waiting task hears of, as it notes it.
fn heard(name: &str, halt: Halt) -> String {
    format!("{name} {:?}", Some(halt))
}
