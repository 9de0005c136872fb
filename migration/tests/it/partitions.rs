//! Tables of `PostgreSQL` that are cut into partitions, made by what `diff` prints for an empty database.

use migration::engine::Engine;
use migration::schema::change::{self, Options};
use migration::schema::{LiveSchema, difference};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{code, migrate, text};
use crate::catalogue::run;
use crate::database::{self, Scratch, one};
use crate::writing::schema;

/// Each with a row, and where it goes.
const CUT: &[(&str, &str, &str)] = &[
    (
        "CREATE TABLE ev (a integer PRIMARY KEY, p text) PARTITION BY RANGE (a);
         CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM (1) TO (10) PARTITION BY RANGE (a);
         CREATE TABLE ev11 PARTITION OF ev1 FOR VALUES FROM (1) TO (5) PARTITION BY RANGE (a);
         CREATE TABLE ev111 PARTITION OF ev11 DEFAULT;
         CREATE INDEX ON ev (lower(p)) WHERE a > 3",
        "INSERT INTO ev VALUES (1, 'x')",
        "SELECT tableoid::regclass::text || p FROM ev",
    ),
    (
        "CREATE TABLE ev (a integer, p text DEFAULT 'p', q text DEFAULT 'q', r text, \"s t\" text)
             PARTITION BY LIST (a);
         CREATE TABLE \"ev 1\" PARTITION OF ev FOR VALUES IN (1);
         ALTER TABLE \"ev 1\" ALTER p SET DEFAULT 'x', ALTER q DROP DEFAULT, ALTER r SET NOT NULL,
             ALTER \"s t\" SET DEFAULT 'y', ALTER \"s t\" SET NOT NULL",
        "INSERT INTO \"ev 1\" (a, r) VALUES (1, 'r')",
        "SELECT tableoid::regclass::text || concat(p, q, r, \"s t\") FROM ev",
    ),
    (
        "CREATE TABLE ev (a integer NOT NULL, p text, UNIQUE (a)) PARTITION BY RANGE (a);
         CREATE TABLE ev1 (p text, a integer NOT NULL, CHECK (a > 0));
         ALTER TABLE ev ATTACH PARTITION ev1 FOR VALUES FROM (1) TO (10);
         CREATE INDEX by_p ON ev (p); CREATE INDEX alone ON ONLY ev (p, a)",
        "INSERT INTO ev (a, p) VALUES (1, 'x')",
        "SELECT tableoid::regclass::text || p FROM ev",
    ),
];

#[tokio::test]
async fn what_is_printed_for_an_empty_database_makes_each_partition_as_it_is() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    for (making, row, place) in CUT {
        let wanted = Scratch::new(Engine::Postgres).await;
        wanted.run(making).await;
        let live = schema(&wanted).await;
        let made = Scratch::new(Engine::Postgres).await;
        let none = LiveSchema::read(&made.db).await.expect("a catalogue");
        let statements = change::statements(&none, &live, &Options::default());
        run(&made.db, &statements).await;
        assert_eq!(difference(&live, &schema(&made).await), [], "{making}");
        made.db.execute_unprepared(row).await.expect("a row");
        wanted.run(row).await;
        assert_eq!(one(&made.db, place).await, one(&wanted.db, place).await);

        // The same by what `pull` writes.
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().join("pulled");
        let place = place.to_str().expect("a path");
        let told = migrate(&wanted, &["pull", "--out", place]);
        assert_eq!(code(&told), Some(0), "{}", text(&told));
        let told = migrate(&wanted, &["diff", "--from", place, "--to", "database"]);
        assert_eq!(code(&told), Some(0), "{making}: {}", text(&told));
    }
}
