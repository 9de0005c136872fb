//! What the same columns cost with nothing around them: prepared statements of `tokio-postgres`, rows
//! to JSON by `serde`, two routes of `axum`. No sign-in, no scope, no limits: a bound, not a peer.
//!
//! `raw 127.0.0.1:8080 postgres://…` answers `GET /list/{user}` and `GET /nested`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const POOL: usize = 10;
const LIST: &str = "SELECT id, user_id, company_id, company_name, document_name, document_url, status::text, \
    current_stage, error_message, completed_at, created_at, updated_at \
    FROM runs WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 20";
const RUNS: &str = "SELECT r.id, r.company_name, r.status::text, r.created_at, u.email \
    FROM runs r LEFT JOIN users u ON u.id = r.user_id ORDER BY r.created_at DESC, r.id DESC LIMIT 20";
const CARDS: &str = "SELECT p.k, x.* FROM unnest($1::uuid[]) p(k) CROSS JOIN LATERAL \
    (SELECT id, number, title, tagline, starred FROM opportunity_cards c \
     WHERE c.run_id = p.k ORDER BY number LIMIT 5) x";

struct Connection {
    client: Client,
    list: Statement,
    runs: Statement,
    cards: Statement,
}

struct Pool {
    connections: Vec<Connection>,
    next: AtomicUsize,
}

impl Pool {
    async fn open(url: &str) -> Result<Self, Failure> {
        let mut connections = Vec::new();
        for _ in 0..POOL {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            connections.push(Connection {
                list: client.prepare(LIST).await?,
                runs: client.prepare(RUNS).await?,
                cards: client.prepare(CARDS).await?,
                client,
            });
        }
        Ok(Self {
            connections,
            next: AtomicUsize::new(0),
        })
    }

    fn next(&self) -> &Connection {
        &self.connections[self.next.fetch_add(1, Ordering::Relaxed) % POOL]
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    id: Uuid,
    user_id: Uuid,
    company_id: Option<String>,
    company_name: Option<String>,
    document_name: Option<String>,
    document_url: Option<String>,
    status: String,
    current_stage: i32,
    error_message: Option<String>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Nested {
    id: Uuid,
    company_name: Option<String>,
    status: String,
    created_at: DateTime<Utc>,
    user: Option<User>,
    cards: Vec<Card>,
}

#[derive(Serialize)]
struct User {
    email: Option<String>,
}

#[derive(Serialize)]
struct Card {
    id: Uuid,
    number: i32,
    title: String,
    tagline: Option<String>,
    starred: bool,
}

async fn list(State(pool): State<Arc<Pool>>, Path(user): Path<Uuid>) -> Json<Vec<Run>> {
    let connection = pool.next();
    let rows = connection.client.query(&connection.list, &[&user]).await;
    Json(rows.expect("the list").iter().map(run).collect())
}

fn run(row: &Row) -> Run {
    Run {
        id: row.get(0),
        user_id: row.get(1),
        company_id: row.get(2),
        company_name: row.get(3),
        document_name: row.get(4),
        document_url: row.get(5),
        status: row.get(6),
        current_stage: row.get(7),
        error_message: row.get(8),
        completed_at: row.get(9),
        created_at: row.get(10),
        updated_at: row.get(11),
    }
}

async fn nested(State(pool): State<Arc<Pool>>) -> Json<Vec<Nested>> {
    let connection = pool.next();
    let rows = connection.client.query(&connection.runs, &[]).await;
    let mut runs: Vec<Nested> = rows
        .expect("the runs")
        .iter()
        .map(|row| Nested {
            id: row.get(0),
            company_name: row.get(1),
            status: row.get(2),
            created_at: row.get(3),
            user: Some(User { email: row.get(4) }),
            cards: Vec::new(),
        })
        .collect();
    let keys: Vec<Uuid> = runs.iter().map(|run| run.id).collect();
    let places: HashMap<Uuid, usize> = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    let rows = connection.client.query(&connection.cards, &[&keys]).await;
    for row in rows.expect("the cards") {
        let key: Uuid = row.get(0);
        runs[places[&key]].cards.push(Card {
            id: row.get(1),
            number: row.get(2),
            title: row.get(3),
            tagline: row.get(4),
            starred: row.get(5),
        });
    }
    Json(runs)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut given = std::env::args().skip(1);
    let (Some(listen), Some(url)) = (given.next(), given.next()) else {
        return Err("raw LISTEN DATABASE_URL".into());
    };
    let pool = Arc::new(Pool::open(&url).await?);
    let routes = Router::new()
        .route("/list/{user}", get(list))
        .route("/nested", get(nested))
        .with_state(pool);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}
