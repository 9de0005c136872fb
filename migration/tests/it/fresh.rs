//! `fresh` leaves nothing, whatever there was.

use migration::engine::Engine;
use migration::schema::{LiveSchema, difference};
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{code, command, migrate};
use crate::database::{self, Scratch};
use crate::history::rows;

const POSTGRES: &str = "CREATE TYPE span AS RANGE (SUBTYPE = float8);
    CREATE TYPE pair AS (a integer, b span);
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
    CREATE SEQUENCE loose;
    CREATE TABLE \"Odd \"\"one\" (id serial PRIMARY KEY, a pair, b mood, c percent, d span);
    CREATE TABLE parent (id integer) PARTITION BY RANGE (id);
    CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (9);
    CREATE INDEX parent_idx ON parent (id);
    CREATE TABLE heir (more text) INHERITS (\"Odd \"\"one\");
    CREATE STATISTICS both_of ON id, more FROM heir;
    CREATE VIEW seen AS SELECT * FROM heir;
    CREATE MATERIALIZED VIEW held AS SELECT * FROM seen;
    CREATE FUNCTION half(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a / 2';
    CREATE FUNCTION of_pair(a pair, VARIADIC b mood[]) RETURNS span LANGUAGE sql AS 'SELECT $1.b';
    CREATE PROCEDURE nothing(a integer) LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION added(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
    CREATE AGGREGATE total (integer) (SFUNC = added, STYPE = integer);
    CREATE FUNCTION same(a mood, b mood) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2';
    CREATE OPERATOR === (LEFTARG = mood, RIGHTARG = mood, FUNCTION = same);
    CREATE OPERATOR FAMILY kin USING btree;
    CREATE COLLATION plain (LOCALE = 'C');
    CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
    CREATE TEXT SEARCH CONFIGURATION searched (COPY = simple);
    CREATE CONVERSION turned FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;";

const SQLITE: &str = "CREATE TABLE \"a\"\"b\" (id integer PRIMARY KEY, \"order\" text);
    CREATE TABLE \"c d\" (a integer REFERENCES \"a\"\"b\" (id));
    INSERT INTO \"a\"\"b\" VALUES (1, 'x'); INSERT INTO \"c d\" VALUES (1);
    CREATE VIEW \"v\"\"w\" AS SELECT * FROM \"a\"\"b\";
    CREATE VIRTUAL TABLE \"f\"\"t\" USING fts5 (x);
    CREATE TRIGGER \"t\"\"r\" AFTER INSERT ON \"a\"\"b\" BEGIN SELECT 1; END;";

#[tokio::test]
async fn fresh_drops_whatever_there_is_and_begins_again() {
    for engine in database::engines() {
        let (scratch, other) = (Scratch::new(engine).await, Scratch::new(engine).await);
        up(&other.db).await.expect("up");
        up(&scratch.db).await.expect("up");
        let more = match engine {
            Engine::Sqlite => SQLITE,
            Engine::Postgres => POSTGRES,
        };
        scratch.db.execute_unprepared(more).await.expect("objects");
        let told = migrate(&scratch, &["fresh"]);
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(code(&told), Some(0), "{said}");
        let (was, is) = (
            LiveSchema::read(&other.db).await.expect("a schema"),
            LiveSchema::read(&scratch.db).await.expect("a schema"),
        );
        let found: Vec<String> = difference(&was, &is)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, Vec::<String>::new());
        if engine == Engine::Postgres {
            // Also of what no schema as data has.
            let left = "SELECT n.classid::regclass::text AS class, count(*)::text AS many FROM pg_depend n
                WHERE n.refclassid = 'pg_namespace'::regclass AND n.refobjid = 'public'::regnamespace
                GROUP BY 1 ORDER BY 1";
            assert_eq!(rows(&scratch.db, left).await, rows(&other.db, left).await);
        }
    }
}

#[tokio::test]
async fn a_schema_in_capitals_is_not_its_neighbour() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let make = "CREATE SCHEMA \"Tenant\"; CREATE SCHEMA tenant;
        CREATE TABLE tenant.precious (a integer); INSERT INTO tenant.precious VALUES (1)";
    scratch.db.execute_unprepared(make).await.expect("schemas");
    let url = format!("{}&options=-csearch_path%3D%22Tenant%22", scratch.url);
    for (arguments, ends) in [
        (&["up"][..], 0),
        (&["status", "--check-drift"], 0),
        (&["drift"], 0),
        (&["diff", "--from", "database", "--to", "entities"], 0),
        (&["lint"], 0),
        (&["fresh"], 0),
        (&["plan"], 0),
        // Whoever is behind a pooler has a row for a lock, and keeps it.
        (&["fresh", "--lock", "lease"], 0),
        (&["drift"], 0),
    ] {
        let mut command = command(&scratch, arguments);
        let told = command.env("DATABASE_URL", &url).output();
        let told = told.expect("the binary");
        let said = [&told.stdout[..], &told.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(code(&told), Some(ends), "{arguments:?}: {said}");
    }
    let left = rows(&scratch.db, "SELECT a::text FROM tenant.precious").await;
    assert_eq!(left, [["1"]]);
    let table =
        "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'Tenant' AND tablename = 'runs'";
    assert_eq!(rows(&scratch.db, table).await, [["1"]]);
}
