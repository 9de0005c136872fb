//! What `PostgreSQL` alone has, and few schemas: it is seen, named, undone, pulled and backed up.

use migration::engine::Engine;
use migration::schema::change::{self, Options};
use migration::schema::{LiveSchema, Object, Renames, difference};
use migration::up;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::binary::{migrate, words};
use crate::database::{self, Scratch, one};
use crate::writing::schema;

const BASE: &str = include_str!("../data/catalogue.postgres.sql");

/// What is done behind the history's back, and what is seen of it.
const DONE: &[(&str, &[&str])] = &[
    (
        "CREATE FUNCTION url() RETURNS text LANGUAGE sql AS $$ SELECT 'https://public.example.org' $$",
        &["function url()"],
    ),
    (
        "CREATE OR REPLACE FUNCTION pair_text(p pair) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '' || p.a $$",
        &["function pair_text(pair)"],
    ),
    (
        "ALTER FUNCTION pair_text(pair) SET search_path = public",
        &["function pair_text(pair)"],
    ),
    (
        "CREATE TABLE child () INHERITS (one, two)",
        &["table child"],
    ),
    (
        "ALTER TABLE two ADD COLUMN extra integer, ALTER COLUMN n TYPE bigint, ADD CONSTRAINT two_extra CHECK (extra > 0)",
        &[
            "column both_of.",
            "column two.",
            "constraint both_of.two_extra",
            "constraint two.two_extra",
            "constraint both_of.two_n_check",
            "constraint two.two_n_check",
        ],
    ),
    (
        "ALTER TABLE two DROP CONSTRAINT two_n_check",
        &[
            "constraint both_of.two_n_check",
            "constraint two.two_n_check",
        ],
    ),
    (
        "ALTER TABLE both_of NO INHERIT two",
        &["option both_of: INHERITS two"],
    ),
    (
        "ALTER TABLE both_of NO INHERIT one; ALTER TABLE both_of NO INHERIT two; CREATE TABLE three (); \
         ALTER TABLE both_of INHERIT three",
        &[
            "option both_of: INHERITS one",
            "option both_of: INHERITS t",
            "table three",
        ],
    ),
    (
        "ALTER TABLE kept DISABLE TRIGGER ALL",
        &["constraint kept.kept_one_id_fkey"],
    ),
    (
        "ALTER TABLE one DISABLE TRIGGER ALL",
        &["constraint kept.kept_one_id_fkey"],
    ),
    (
        "DROP TRIGGER shown_insert ON shown",
        &["trigger shown.shown_insert"],
    ),
    (
        "CREATE TRIGGER stray INSTEAD OF UPDATE ON shown FOR EACH ROW EXECUTE FUNCTION instead()",
        &["trigger shown.stray"],
    ),
    (
        "CREATE OR REPLACE RULE shown_delete AS ON DELETE TO shown DO INSTEAD SELECT 1",
        &["trigger shown.shown_delete"],
    ),
    (
        "DROP VIEW shown; CREATE VIEW shown AS SELECT id FROM kept",
        &["view shown", "trigger shown."],
    ),
    ("DROP VIEW shown", &["view shown"]),
    (
        "CREATE OR REPLACE RULE kept_delete AS ON DELETE TO kept WHERE old.body = 'kept' DO INSTEAD NOTHING",
        &["trigger kept.kept_delete"],
    ),
    (
        "ALTER TABLE kept DISABLE RULE kept_delete",
        &["trigger kept.kept_delete"],
    ),
    (
        "ALTER TABLE kept REPLICA IDENTITY USING INDEX kept_pkey",
        &["option kept: REPLICA IDENTITY"],
    ),
    (
        "ALTER TABLE one REPLICA IDENTITY NOTHING",
        &["option one: REPLICA IDENTITY NOTHING"],
    ),
    (
        "ALTER TABLE kept SET WITHOUT CLUSTER; ALTER TABLE one CLUSTER ON one_pkey",
        &[
            "option kept: CLUSTER ON kept_n",
            "option one: CLUSTER ON one_pkey",
        ],
    ),
    (
        "DROP INDEX kept_n",
        &["index kept.kept_n", "option kept: CLUSTER ON kept_n"],
    ),
    (
        "ALTER TABLE kept RESET (toast.autovacuum_enabled); ALTER TABLE one SET (toast.vacuum_truncate = false)",
        &["option kept: toast.", "option one: toast."],
    ),
    (
        "ALTER TABLE kept ALTER body SET STORAGE EXTENDED, ALTER body SET COMPRESSION default, \
         ALTER n SET STATISTICS -1, ALTER n RESET (n_distinct)",
        &[
            "option kept: COLUMN body SET ",
            "option kept: COLUMN n SET ",
        ],
    ),
    (
        "ALTER TABLE one ALTER name SET STORAGE MAIN, ALTER name SET COMPRESSION pglz, \
         ALTER id SET STATISTICS 0, ALTER id SET (n_distinct = -0.5, n_distinct_inherited = 7)",
        &[
            "option one: COLUMN name SET ",
            "option one: COLUMN id SET ",
            "option both_of: COLUMN ",
        ],
    ),
    (
        "ALTER TABLE kept RENAME COLUMN body TO called",
        &[
            "column kept.",
            "option kept: COLUMN ",
            "trigger kept.kept_delete",
        ],
    ),
    (
        "ALTER TABLE kept DROP COLUMN body CASCADE",
        &[
            "column kept.body",
            "option kept: COLUMN body",
            "trigger kept.kept_delete",
        ],
    ),
    (
        "ALTER TABLE kept ALTER id SET INCREMENT BY 7 SET NO CYCLE",
        &["option kept: COLUMN id SET START"],
    ),
    (
        "ALTER TABLE kept ALTER plain_id SET INCREMENT BY 7 SET MAXVALUE 700",
        &["option kept: COLUMN plain_id SET START"],
    ),
    (
        "DROP AGGREGATE total(integer)",
        &["aggregate total(integer)"],
    ),
    (
        "CREATE AGGREGATE stray(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0')",
        &["aggregate stray(*)"],
    ),
    (
        "DROP OPERATOR <<< (pair, pair)",
        &["operator <<< (pair, pair)"],
    ),
    (
        "DROP CAST (pair AS text); CREATE CAST (pair AS text) WITH FUNCTION pair_text(pair)",
        &["cast (pair AS text)"],
    ),
    (
        "CREATE COLLATION stray FROM \"POSIX\"",
        &["collation stray"],
    ),
    (
        "ALTER TEXT SEARCH CONFIGURATION found DROP MAPPING FOR word",
        &["text search configuration found"],
    ),
    (
        "DROP TEXT SEARCH CONFIGURATION found",
        &["text search configuration found"],
    ),
    (
        "DROP TYPE span; CREATE TYPE span AS RANGE (SUBTYPE = double precision)",
        &["type span"],
    ),
    (
        "CREATE TYPE stray AS RANGE (SUBTYPE = integer)",
        &["type stray"],
    ),
    (
        "CREATE FOREIGN TABLE stray (a text) SERVER files OPTIONS (filename '/dev/null')",
        &["foreign table stray"],
    ),
    (
        "CREATE VIEW stray AS SELECT id FROM kept; COMMENT ON VIEW stray IS 'a'; \
         COMMENT ON COLUMN stray.id IS 'b'",
        &["view stray"],
    ),
    (
        "COMMENT ON COLUMN counted.many IS 'how many'; COMMENT ON RULE kept_delete ON kept IS 'a rule'",
        &[
            "comment on COLUMN counted.many",
            "comment on RULE kept_delete on kept",
        ],
    ),
    (
        "DROP MATERIALIZED VIEW counted; CREATE MATERIALIZED VIEW counted AS SELECT n, 1 AS other FROM kept; \
         CREATE INDEX counted_n ON counted (n); COMMENT ON COLUMN counted.other IS 'a'; \
         COMMENT ON INDEX counted_n IS 'b'",
        &["view counted", "comment on INDEX counted_n"],
    ),
    (
        "CREATE RULE stray AS ON UPDATE TO kept DO INSTEAD NOTHING; COMMENT ON RULE stray ON kept IS 'a'",
        &["trigger kept.stray"],
    ),
    (
        "CREATE STATISTICS stray ON n, id FROM kept; COMMENT ON STATISTICS stray IS 'a'",
        &["index kept.stray"],
    ),
];

pub(crate) async fn run(db: &DatabaseConnection, statements: &[change::Statement]) {
    let script: String = statements
        .iter()
        .flat_map(|one| [one.sql.as_str(), ";\n"])
        .collect();
    let done = db
        .execute_unprepared(&format!("BEGIN;\n{script}COMMIT"))
        .await;
    done.unwrap_or_else(|error| panic!("{error}:\n{script}"));
}

pub(crate) async fn base() -> Option<Scratch> {
    if !database::engines().contains(&Engine::Postgres) {
        return None;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let made = scratch.db.execute_unprepared(BASE).await;
    made.expect("the base");
    Some(scratch)
}

#[tokio::test]
async fn what_few_schemas_have_is_seen_named_and_undone() {
    let Some(scratch) = base().await else { return };
    let db = database::connect_once(&scratch.url).await;
    let server = "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw";
    db.execute_unprepared(server).await.expect("a server");
    let right = schema(&scratch).await;
    for (done, expected) in DONE {
        let by_hand = db.execute_unprepared(done).await;
        by_hand.unwrap_or_else(|error| panic!("{error}: {done}"));
        let wrong = LiveSchema::read(&db).await.expect("a catalogue");
        let seen = difference(&right, &wrong);
        // A column that came back stands at the end.
        let seen: Vec<String> = seen
            .iter()
            .filter(|one| !matches!(one.object, Object::Order(_)))
            .map(|one| one.object.to_string())
            .collect();
        for name in *expected {
            let is_seen = seen.iter().any(|one| one.starts_with(name));
            assert!(is_seen, "{name} of {done}: {seen:?}");
        }
        for one in &seen {
            let is_expected = expected.iter().any(|name| one.starts_with(name));
            assert!(is_expected, "{one} of {done}: {seen:?}");
        }
        assert_ne!(right.fingerprint(), wrong.fingerprint(), "{done}");
        let options = Options {
            renames: Renames::between(&wrong, &right, &Renames::default()),
            ..Options::default()
        };
        let undo = change::statements(&wrong, &right, &options);
        run(&db, &undo).await;
        let back = LiveSchema::read(&db).await.expect("a catalogue");
        let mut left = difference(&right, &back);
        left.retain(|one| !matches!(one.object, Object::Order(_)));
        assert_eq!(left, [], "{done}\n{undo:#?}");
    }
}

#[tokio::test]
async fn what_few_schemas_have_is_pulled_and_backed_up() {
    let Some(scratch) = base().await else { return };
    let off = "ALTER TABLE kept DISABLE TRIGGER ALL; ALTER TABLE kept DISABLE RULE kept_delete";
    scratch.db.execute_unprepared(off).await.expect("off");
    let dir = tempfile::tempdir().expect("a directory");
    let place = |name: &str| dir.path().join(name).display().to_string();
    let out = place("pulled");
    for _ in 0..2 {
        let told = migrate(&scratch, &["pull", "--out", &out]);
        assert_eq!(told.status.code(), Some(0), "{}", words(&told));
        let told = migrate(&scratch, &["diff", "--from", &out, "--to", "database"]);
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.status.code(), Some(0), "{said}{}", words(&told));
    }
    let extra = std::fs::read_to_string(format!("{out}/extra.sql")).expect("a file");
    let again = scratch.db.execute_unprepared(&extra).await;
    again.expect("it may run again");
    let kept = place("kept");
    std::fs::create_dir(&kept).expect("a directory");
    let told = migrate(&scratch, &["backup", &kept, "--method", "copy"]);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
}

#[tokio::test]
async fn a_body_is_the_word_of_whoever_wrote_it() {
    let Some(scratch) = base().await else { return };
    let fresh = Scratch::new(Engine::Postgres).await;
    up(&fresh.db).await.expect("up");
    let told = migrate(&fresh, &["drift"]);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
    let body = one(
        &fresh.db,
        "SELECT pg_get_functiondef('count_runs()'::regprocedure)",
    )
    .await;
    for other in [
        body.replace(" run_deltas", " public.run_deltas"),
        body.replace("\nAS $", "\n SET search_path TO 'public'\nAS $"),
    ] {
        assert_ne!(body, other);
        fresh.db.execute_unprepared(&other).await.expect("drift");
        let told = migrate(&fresh, &["drift", "--revert-sql"]);
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.status.code(), Some(3), "{said}");
        let (_, undo) = said
            .split_once("-- brings the database back\n")
            .expect(&said);
        fresh
            .db
            .execute_unprepared(undo)
            .await
            .expect("the way back");
        let told = migrate(&fresh, &["drift"]);
        assert_eq!(told.status.code(), Some(0), "{}", words(&told));
    }
    let make = "CREATE SCHEMA a; SET search_path = a; CREATE TABLE data (id integer);
        COMMENT ON COLUMN data.id IS 'of data'; CREATE TYPE mood AS ENUM ('ok');
        CREATE FUNCTION say(m mood) RETURNS text LANGUAGE sql AS $$ SELECT 'a.b data.x' $$;
        COMMENT ON FUNCTION say IS 'says'";
    let one_session = database::connect_once(&scratch.url).await;
    one_session
        .execute_unprepared(make)
        .await
        .expect("a schema");
    let live = LiveSchema::read(&one_session).await.expect("a catalogue");
    assert!(live.functions["say(mood)"].contains("'a.b data.x'"));
    let comments: Vec<&String> = live.comments.keys().collect();
    assert_eq!(comments, ["COLUMN data.id", "FUNCTION say(mood)"]);
}

#[tokio::test]
async fn a_search_path_that_names_no_schema_is_refused() {
    let Some(mut scratch) = base().await else {
        return;
    };
    let sign = if scratch.url.contains('?') { '&' } else { '?' };
    scratch.url = format!("{}{sign}options=-csearch_path%3Dnowhere", scratch.url);
    for command in [&["up"][..], &["status"], &["drift"], &["plan"], &["diff"]] {
        let told = migrate(&scratch, command);
        assert_eq!(told.status.code(), Some(1), "{command:?}");
        let said = words(&told);
        assert!(said.contains("search_path names no schema"), "{said}");
    }
    let db = database::connect_once(&scratch.url).await;
    let refused = LiveSchema::read(&db).await.expect_err("a refusal");
    assert!(refused.to_string().contains("search_path"), "{refused}");
}
