//! The way from one `PostgreSQL` schema to another, and back: whatever depends on what, every statement
//! runs, in one transaction, and no row is lost.

use migration::engine::Engine;
use migration::schema::change::{self, Options, Statement};
use migration::schema::{LiveSchema, Object, Renames, difference};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::database::{self, Scratch, one};

/// What there is, and what becomes of it.
const WAYS: &[(&str, &str)] = &[
    // Functions and what they are made of.
    (
        "",
        "CREATE TABLE a (id integer); CREATE FUNCTION all_a() RETURNS SETOF a LANGUAGE sql AS 'SELECT * FROM a'",
    ),
    (
        "CREATE TABLE a (id integer)",
        "CREATE VIEW seen AS SELECT id FROM a;
         CREATE FUNCTION all_seen() RETURNS SETOF seen LANGUAGE sql AS 'SELECT * FROM seen'",
    ),
    (
        "",
        "CREATE FUNCTION zwei() RETURNS integer LANGUAGE sql AS 'SELECT 2';
         CREATE FUNCTION eins() RETURNS integer LANGUAGE sql AS 'SELECT zwei() - 1'",
    ),
    (
        "",
        "CREATE FUNCTION zwei() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 2; END;
         CREATE FUNCTION eins() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT zwei() - 1; END",
    ),
    (
        "CREATE FUNCTION f(n integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n';
         CREATE TABLE a (id integer DEFAULT f(1), n integer, m integer GENERATED ALWAYS AS (f(n)) STORED,
             CONSTRAINT a_check CHECK (f(n) > 0));
         CREATE INDEX a_f ON a (f(n)); CREATE VIEW seen AS SELECT f(id) AS one FROM a;
         INSERT INTO a (n) VALUES (1), (2)",
        "DROP VIEW seen; DROP INDEX a_f; ALTER TABLE a DROP COLUMN m, DROP CONSTRAINT a_check, ALTER id DROP DEFAULT;
         DROP FUNCTION f; CREATE FUNCTION f(m integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT m::bigint';
         ALTER TABLE a ALTER id SET DEFAULT f(1), ADD CONSTRAINT a_check CHECK (f(n) > 0);
         ALTER TABLE a ADD COLUMN m integer GENERATED ALWAYS AS (f(n)) STORED;
         CREATE INDEX a_f ON a (f(n)); CREATE VIEW seen AS SELECT f(id) AS one FROM a",
    ),
    (
        "CREATE TABLE a (id integer); CREATE FUNCTION id_of(a) RETURNS integer LANGUAGE sql AS 'SELECT $1.id'",
        "DROP TABLE a CASCADE",
    ),
    (
        "CREATE TABLE a (id integer, name text); INSERT INTO a VALUES (1, 'one');
         CREATE FUNCTION id_of(a) RETURNS integer LANGUAGE sql AS 'SELECT $1.id'",
        "ALTER TABLE a DROP COLUMN id; ALTER TABLE a ADD COLUMN id integer",
    ),
    (
        "CREATE TABLE a (id integer)",
        "ALTER TABLE a ADD COLUMN more text;
         CREATE FUNCTION mores() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT more FROM a; END",
    ),
    (
        "CREATE TABLE a (id integer, more varchar(10));
         CREATE FUNCTION mores() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT more FROM a; END",
        "DROP FUNCTION mores; ALTER TABLE a ALTER more TYPE text;
         CREATE FUNCTION mores() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT more FROM a; END",
    ),
    // Types.
    (
        "CREATE DOMAIN share AS integer CONSTRAINT low CHECK (VALUE >= 0);
         CREATE TABLE a (s share); INSERT INTO a VALUES (5)",
        "ALTER DOMAIN share DROP CONSTRAINT low; ALTER DOMAIN share SET DEFAULT 1;
         ALTER DOMAIN share ADD CONSTRAINT high CHECK (VALUE <= 100)",
    ),
    (
        "CREATE DOMAIN share AS integer; CREATE TABLE a (s share DEFAULT 3, t share); INSERT INTO a VALUES (5, 6);
         CREATE VIEW seen AS SELECT s FROM a",
        "DROP VIEW seen; ALTER TABLE a ALTER s TYPE bigint, ALTER t TYPE bigint; DROP DOMAIN share;
         CREATE DOMAIN share AS bigint; ALTER TABLE a ALTER s TYPE share, ALTER t TYPE share;
         CREATE VIEW seen AS SELECT s FROM a",
    ),
    (
        "CREATE TYPE pair AS (a integer, b text); CREATE TABLE t (p pair); INSERT INTO t VALUES ((1, 'x'))",
        "ALTER TYPE pair ADD ATTRIBUTE c date",
    ),
    (
        "CREATE TYPE pair AS (a integer, b text); CREATE TABLE t (p pair); INSERT INTO t VALUES ((1, '2'));
         CREATE FUNCTION a_of(pair) RETURNS integer LANGUAGE sql AS 'SELECT $1.a'",
        "DROP FUNCTION a_of; ALTER TABLE t ALTER p TYPE text USING p::text; DROP TYPE pair;
         CREATE TYPE pair AS (a bigint, b integer); ALTER TABLE t ALTER p TYPE pair USING p::pair;
         CREATE FUNCTION a_of(pair) RETURNS integer LANGUAGE sql AS 'SELECT $1.a::integer'",
    ),
    (
        "",
        "CREATE DOMAIN zz AS integer; CREATE TYPE aa AS (z zz); CREATE TYPE zmood AS ENUM ('a');
         CREATE TYPE am AS (m zmood); CREATE FUNCTION odd(n integer) RETURNS boolean LANGUAGE sql IMMUTABLE \
         AS 'SELECT n % 2 = 1'; CREATE DOMAIN odds AS integer CONSTRAINT odd CHECK (odd(VALUE))",
    ),
    (
        "CREATE TABLE a (n integer, double_n integer GENERATED ALWAYS AS (n * 2) STORED, last text);
         CREATE INDEX a_double ON a (double_n); CREATE VIEW seen AS SELECT double_n FROM a;
         INSERT INTO a (n) VALUES (4)",
        "DROP VIEW seen; ALTER TABLE a DROP COLUMN double_n; ALTER TABLE a ALTER n TYPE bigint;
         ALTER TABLE a ADD COLUMN double_n integer GENERATED ALWAYS AS (n * 2) STORED;
         CREATE INDEX a_double ON a (double_n); CREATE VIEW seen AS SELECT double_n FROM a",
    ),
    (
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN moods AS mood[]; CREATE TYPE held AS (m mood);
         CREATE TABLE a (m mood DEFAULT 'ok', ms moods, h held, arr mood[],
             is_sad boolean GENERATED ALWAYS AS (m = 'sad') STORED);
         CREATE VIEW seen AS SELECT m FROM a; CREATE INDEX a_sad ON a (m) WHERE m = 'sad';
         CREATE FUNCTION next_mood(mood) RETURNS mood LANGUAGE sql AS 'SELECT $1';
         INSERT INTO a VALUES ('sad', '{ok,sad}', row('ok'), '{ok}')",
        "DROP FUNCTION next_mood; DROP VIEW seen; DROP TABLE a; DROP TYPE held; DROP DOMAIN moods; DROP TYPE mood;
         CREATE TYPE mood AS ENUM ('merry', 'ok', 'sad'); CREATE DOMAIN moods AS mood[]; CREATE TYPE held AS (m mood);
         CREATE TABLE a (m mood DEFAULT 'ok', ms moods, h held, arr mood[],
             is_sad boolean GENERATED ALWAYS AS (m = 'sad') STORED);
         CREATE VIEW seen AS SELECT m FROM a; CREATE INDEX a_sad ON a (m) WHERE m = 'sad';
         CREATE FUNCTION next_mood(mood) RETURNS mood LANGUAGE sql AS 'SELECT $1';
         INSERT INTO a VALUES ('merry', '{ok,merry}', row('merry'), '{ok}'); DELETE FROM a;
         INSERT INTO a VALUES ('sad', '{ok,sad}', row('ok'), '{ok}')",
    ),
    (
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE a (m mood DEFAULT 'sad'); INSERT INTO a VALUES ('sad')",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
    ),
    (
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE a (m mood DEFAULT 'sad'); INSERT INTO a VALUES ('sad')",
        "ALTER TYPE mood RENAME TO humour",
    ),
    (
        "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (m mood DEFAULT 'sad'); INSERT INTO a VALUES ('sad')",
        "ALTER TYPE mood ADD VALUE 'ok'; COMMIT; ALTER TABLE a ALTER m SET DEFAULT 'ok'",
    ),
    // Partitions.
    (
        "",
        "CREATE TABLE zz (id integer, n integer) PARTITION BY RANGE (id);
         CREATE TABLE aa PARTITION OF zz FOR VALUES FROM (0) TO (10); CREATE INDEX zz_n ON zz (n)",
    ),
    (
        "CREATE TABLE zz (id integer, n integer, o text) PARTITION BY RANGE (id);
         CREATE TABLE aa PARTITION OF zz FOR VALUES FROM (0) TO (10); INSERT INTO zz VALUES (1, 2, 'x')",
        "ALTER TABLE zz ADD COLUMN more text, ALTER n TYPE bigint; ALTER TABLE zz DROP COLUMN o;
         CREATE INDEX zz_n ON zz (n); ALTER TABLE zz ADD PRIMARY KEY (id)",
    ),
    (
        "CREATE TABLE zz (id integer, n integer) PARTITION BY RANGE (id); CREATE INDEX zz_n ON zz (n);
         CREATE TABLE aa PARTITION OF zz FOR VALUES FROM (0) TO (10); INSERT INTO zz VALUES (1, 2)",
        "ALTER TABLE zz DETACH PARTITION aa",
    ),
    (
        "CREATE TABLE zz (id integer, n integer GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY RANGE (id);
         CREATE TABLE aa PARTITION OF zz FOR VALUES FROM (0) TO (10); INSERT INTO zz VALUES (1)",
        "ALTER TABLE zz DROP COLUMN n; ALTER TABLE zz ADD COLUMN n integer GENERATED ALWAYS AS (id * 3) STORED",
    ),
    // Parents and children.
    (
        "CREATE TABLE one (id integer, n integer); CREATE TABLE kid (more text) INHERITS (one);
         INSERT INTO kid VALUES (1, 2, 'x'); INSERT INTO one VALUES (3, 4)",
        "ALTER TABLE one ADD COLUMN o text, ALTER n TYPE bigint; ALTER TABLE one DROP COLUMN id",
    ),
    (
        "CREATE TYPE mood AS ENUM ('sad', 'ok');
         CREATE TABLE one (m mood DEFAULT 'ok', n integer, d integer GENERATED ALWAYS AS (n * 2) STORED);
         CREATE TABLE kid (more text) INHERITS (one); INSERT INTO kid (m, n) VALUES ('sad', 3)",
        "DROP TABLE kid, one; DROP TYPE mood; CREATE TYPE mood AS ENUM ('ok', 'sad');
         CREATE TABLE one (m mood DEFAULT 'ok', n integer, d integer GENERATED ALWAYS AS (n * 3) STORED);
         CREATE TABLE kid (more text) INHERITS (one); INSERT INTO kid (m, n) VALUES ('sad', 3)",
    ),
    // What few schemas have.
    (
        "CREATE FUNCTION add_one(s integer, n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT s + n';
         CREATE AGGREGATE total(integer) (SFUNC = add_one, STYPE = integer, INITCOND = '0');
         CREATE OPERATOR <+> (FUNCTION = add_one, LEFTARG = integer, RIGHTARG = integer);
         CREATE TABLE a (n integer DEFAULT 1 <+> 2); INSERT INTO a VALUES (1);
         CREATE VIEW sums AS SELECT total(n) AS t FROM a; CREATE INDEX a_more ON a ((n <+> 1))",
        "DROP VIEW sums; DROP INDEX a_more; ALTER TABLE a ALTER n DROP DEFAULT; DROP AGGREGATE total(integer);
         DROP OPERATOR <+> (integer, integer); DROP FUNCTION add_one;
         CREATE FUNCTION add_one(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
         CREATE AGGREGATE total(integer) (SFUNC = add_one, STYPE = integer, INITCOND = '1');
         CREATE OPERATOR <+> (FUNCTION = add_one, LEFTARG = integer, RIGHTARG = integer);
         ALTER TABLE a ALTER n SET DEFAULT 1 <+> 2;
         CREATE VIEW sums AS SELECT total(n) AS t FROM a; CREATE INDEX a_more ON a ((n <+> 1))",
    ),
    (
        "CREATE TYPE span AS RANGE (SUBTYPE = integer); CREATE TABLE a (s span); INSERT INTO a VALUES ('[1,2)')",
        "ALTER TABLE a ALTER s TYPE text; DROP TYPE span; CREATE TYPE span AS RANGE (SUBTYPE = bigint);
         ALTER TABLE a ALTER s TYPE span USING s::span",
    ),
    (
        "CREATE TABLE a (n integer, m integer GENERATED ALWAYS AS (n * 2) STORED); CREATE TABLE b (id integer);
         CREATE VIEW seen AS SELECT id FROM b; INSERT INTO a VALUES (1);
         CREATE RULE seen_insert AS ON INSERT TO seen DO INSTEAD INSERT INTO a (n) SELECT a.m FROM a;
         CREATE RULE b_insert AS ON INSERT TO b DO ALSO INSERT INTO a (n) SELECT a.m FROM a",
        "DROP RULE b_insert ON b; DROP RULE seen_insert ON seen; ALTER TABLE a DROP COLUMN m;
         ALTER TABLE a ADD COLUMN m integer GENERATED ALWAYS AS (n * 3) STORED;
         CREATE RULE seen_insert AS ON INSERT TO seen DO INSTEAD INSERT INTO a (n) SELECT a.m FROM a;
         CREATE RULE b_insert AS ON INSERT TO b DO ALSO INSERT INTO a (n) SELECT a.m FROM a",
    ),
    // Names.
    (
        "CREATE TABLE a (id integer PRIMARY KEY, n integer UNIQUE); CREATE INDEX a_n ON a (n); INSERT INTO a VALUES (1, 1)",
        "CREATE TABLE copy (LIKE a INCLUDING ALL); INSERT INTO copy SELECT * FROM a; ALTER TABLE a RENAME TO old;
         ALTER TABLE copy RENAME TO a; DELETE FROM old",
    ),
];

/// Run the statements in one transaction, and tell in what the schema differs from `to` then.
async fn left(scratch: &Scratch, way: &[Statement], to: &LiveSchema) -> Vec<String> {
    let sql: Vec<&str> = way.iter().map(|one| one.sql.as_str()).collect();
    let script = format!("BEGIN;\n{};\nCOMMIT", sql.join(";\n"));
    let db = database::connect_once(&scratch.url).await;
    if let Err(error) = db.execute_unprepared(&script).await {
        return vec![error.to_string()];
    }
    let is = LiveSchema::read(&db).await.expect("a catalogue");
    let is_cut = |table: &String| {
        let mut options = is.tables[table].options.iter();
        options.any(|one| one.starts_with("PARTITION"))
    };
    let mut left = difference(to, &is);
    left.retain(|one| !matches!(&one.object, Object::Order(table) if is_cut(table)));
    left.iter().map(ToString::to_string).collect()
}

async fn made(scripts: &[&str]) -> (Scratch, LiveSchema) {
    let scratch = Scratch::new(Engine::Postgres).await;
    for script in scripts.iter().flat_map(|script| script.split("COMMIT;")) {
        let done = scratch.db.execute_unprepared(script).await;
        done.unwrap_or_else(|error| panic!("{error}: {script}"));
    }
    let schema = LiveSchema::read(&scratch.db).await.expect("a catalogue");
    (scratch, schema)
}

/// How many rows there are in all tables.
async fn rows(db: &DatabaseConnection) -> String {
    let live = LiveSchema::read(db).await.expect("a catalogue");
    let mut found = Vec::new();
    for (name, table) in &live.tables {
        let is_part = table
            .options
            .iter()
            .any(|one| one.starts_with("PARTITION OF"));
        if !is_part {
            found.push(format!("(SELECT count(*) FROM {name})"));
        }
    }
    found.push("0".to_owned());
    one(db, &format!("SELECT ({})::text", found.join(" + "))).await
}

#[tokio::test]
async fn every_way_leads_there_and_back_with_all_rows() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let mut wrong = Vec::new();
    for (base, done) in WAYS {
        let (here, from) = made(&[base]).await;
        let (there, to) = made(&[base, done]).await;
        for (scratch, from, to, in_order) in
            [(&here, &from, &to, false), (&there, &to, &from, true)]
        {
            let before = rows(&scratch.db).await;
            let options = Options {
                renames: Renames::between(from, to, &Renames::default()),
                in_order,
                ..Options::default()
            };
            let way = change::statements(from, to, &options);
            let mut left = left(scratch, &way, to).await;
            // Only an undo has columns stand where they stood.
            left.retain(|one| in_order || !one.starts_with("order of"));
            let after = rows(&scratch.db).await;
            if !left.is_empty() || after != before {
                let way: Vec<_> = way.into_iter().map(|one| one.sql).collect();
                let way = way.join(";\n    ");
                wrong.push(format!(
                    "{done}\n  {before} rows, then {after}: {left:?}\n    {way}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn a_counter_that_comes_goes_on_behind_the_rows() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let rows = "INSERT INTO a (id) VALUES (1), (2), (7)";
    for (base, done) in [
        (
            "CREATE TABLE a (id integer PRIMARY KEY)",
            "ALTER TABLE a ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        ),
        (
            "CREATE TABLE a (id serial PRIMARY KEY)",
            "ALTER TABLE a ALTER id DROP DEFAULT; DROP SEQUENCE a_id_seq",
        ),
        (
            "CREATE TABLE a (id serial PRIMARY KEY)",
            "ALTER TABLE a ALTER id DROP DEFAULT; DROP SEQUENCE a_id_seq;
             ALTER TABLE a ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",
        ),
        (
            "CREATE TABLE a (id integer PRIMARY KEY)",
            "CREATE SEQUENCE s; ALTER TABLE a ALTER id SET DEFAULT nextval('s')",
        ),
    ] {
        let (here, from) = made(&[base, rows]).await;
        let (there, to) = made(&[base, rows, done]).await;
        for (scratch, from, to) in [(&here, &from, &to), (&there, &to, &from)] {
            let way = change::statements(from, to, &Options::default());
            assert_eq!(left(scratch, &way, to).await, [""; 0], "{done}\n{way:#?}");
            if to.tables["a"].columns[0].filling.is_some() {
                let next = one(
                    &scratch.db,
                    "INSERT INTO a DEFAULT VALUES RETURNING id::text",
                )
                .await;
                assert_eq!(next, "8", "{done}\n{way:#?}");
            }
        }
    }
    let (here, from) = made(&["CREATE TABLE a (id serial PRIMARY KEY)", rows]).await;
    let (_there, to) = made(&["CREATE TABLE b (id serial PRIMARY KEY)"]).await;
    let options = Options {
        renames: Renames {
            tables: [("a".to_owned(), "b".to_owned())].into(),
            ..Renames::default()
        },
        ..Options::default()
    };
    let way = change::statements(&from, &to, &options);
    assert_eq!(left(&here, &way, &to).await, [""; 0], "{way:#?}");
}

#[tokio::test]
async fn a_type_that_does_not_hold_all_says_so_and_cuts_no_text() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    for (old, new, value, loses, runs) in [
        ("text", "varchar(3)", "'a long text'", false, false),
        ("text", "varchar(30)", "'a long text'", false, true),
        ("varchar(3)", "text", "'abc'", false, true),
        ("numeric(8,4)", "numeric(8,2)", "1.2345", true, true),
        ("timestamptz", "date", "now()", true, true),
        ("timestamptz", "timestamptz(0)", "now()", true, true),
        ("double precision", "integer", "1.5", true, true),
        ("bigint", "integer", "5000000000", false, false),
        ("integer", "bigint", "5", false, true),
        ("integer", "uuid", "5", false, false),
        ("text", "text[]", "'a'", false, false),
    ] {
        let base = format!("CREATE TABLE a (c {old}); INSERT INTO a VALUES ({value})");
        let (here, from) = made(&[&base]).await;
        let (_there, to) = made(&[&format!("CREATE TABLE a (c {new})")]).await;
        let way = change::statements(&from, &to, &Options::default());
        assert_eq!(
            way.iter().any(|one| one.loses.is_some()),
            loses,
            "{old} {new}"
        );
        let sql: Vec<&str> = way.iter().map(|one| one.sql.as_str()).collect();
        let done = here.db.execute_unprepared(&sql.join(";\n")).await;
        assert_eq!(done.is_ok(), runs, "{old} {new}: {done:?} {sql:?}");
    }
}

#[tokio::test]
async fn what_no_statement_makes_is_said() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    for (old, new, says) in [
        (
            "CREATE TABLE a (c integer)",
            "CREATE TABLE a (c uuid)",
            "nothing makes a value of uuid",
        ),
        (
            "CREATE TABLE a (c integer)",
            "CREATE TABLE a (c integer) PARTITION BY LIST (c)",
            "no statement makes of a one partitioned by LIST (c)",
        ),
    ] {
        let (here, from) = made(&[old]).await;
        let (_there, to) = made(&[new]).await;
        let way = change::statements(&from, &to, &Options::default());
        let done = here.db.execute_unprepared(&way[0].sql).await;
        let told = done.expect_err("there is no way").to_string();
        assert!(told.contains(says), "{told}");
    }
}
