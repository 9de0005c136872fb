//! Types of `PostgreSQL` that become others under rows, keys, views and children: the way there and back is
//! right, or refused in words.

use migration::engine::Engine;
use migration::schema::change::{self, Options};
use migration::schema::difference;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::catalogue::run;
use crate::database::{self, Scratch, one};
use crate::writing::schema;

struct Case {
    from: &'static str,
    to: &'static str,
    rows: &'static str,
    /// What is the same at first, there, and when it is back.
    same: &'static str,
}

const KEPT: &[Case] = &[
    Case {
        from: "CREATE TYPE myrange AS RANGE (SUBTYPE = float8);
            CREATE DOMAIN an_own AS mymultirange;
            CREATE TABLE t (r myrange, m mymultirange, o an_own, all_of mymultirange[])",
        to: "CREATE TYPE myrange AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
            CREATE DOMAIN an_own AS mymultirange;
            CREATE TABLE t (r myrange, m mymultirange, o an_own, all_of mymultirange[])",
        rows: "INSERT INTO t VALUES ('[1,2)', '{[1,2),[5,6)}', '{[3,4)}', ARRAY['{[1,2)}'::mymultirange])",
        same: "SELECT concat(r, m, o, all_of) FROM t",
    },
    Case {
        from: "CREATE TYPE span AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = spans);
            CREATE TABLE t (m spans)",
        to: "CREATE TYPE span AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = more_spans);
            CREATE TABLE t (m more_spans)",
        rows: "INSERT INTO t VALUES ('{[1,2),[5,6)}')",
        same: "SELECT m::text FROM t",
    },
    Case {
        from: "CREATE TYPE myrange AS RANGE (SUBTYPE = float8);
            CREATE TABLE t (r myrange DEFAULT myrange(1, 2), m mymultirange)",
        to: "CREATE TYPE herrange AS RANGE (SUBTYPE = float8);
            CREATE TABLE t (r herrange DEFAULT herrange(1, 2), m hermultirange)",
        rows: "INSERT INTO t VALUES ('[1,2)', '{[1,2),[5,6)}')",
        same: "SELECT concat(r, m) FROM t",
    },
    Case {
        from: "CREATE FUNCTION fits(v text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT v > '' $$;
            CREATE FUNCTION usual(n integer) RETURNS text LANGUAGE sql AS $$ SELECT 'abc' $$;
            CREATE DOMAIN word AS text DEFAULT usual(1) CONSTRAINT fitting CHECK (fits(VALUE));
            COMMENT ON CONSTRAINT fitting ON DOMAIN word IS 'told'; CREATE TABLE t (v word)",
        to: "CREATE FUNCTION fits(w text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT w > '' $$;
            CREATE FUNCTION usual(m integer) RETURNS text LANGUAGE sql AS $$ SELECT 'abc' $$;
            CREATE DOMAIN word AS text DEFAULT usual(1) CONSTRAINT fitting CHECK (fits(VALUE));
            COMMENT ON CONSTRAINT fitting ON DOMAIN word IS 'told'; CREATE TABLE t (v word)",
        rows: "INSERT INTO t VALUES ('abc')",
        same: "SELECT v::text FROM t",
    },
    Case {
        from: "CREATE TABLE a (n integer DEFAULT 1, e text); CREATE TABLE b (n integer DEFAULT 2) INHERITS (a);
            CREATE TABLE c (n integer DEFAULT 9) INHERITS (b)",
        to: "CREATE TABLE a (n integer DEFAULT 3, e text NOT NULL, new integer DEFAULT 1);
            CREATE TABLE b (n integer DEFAULT 2, new integer DEFAULT 5) INHERITS (a);
            CREATE TABLE c (n integer DEFAULT 9) INHERITS (b)",
        rows: "INSERT INTO a VALUES (1, 'a'); INSERT INTO b (e) VALUES ('b'); INSERT INTO c (e) VALUES ('c')",
        same: "SELECT string_agg(concat(n, e), ',' ORDER BY e) FROM a",
    },
    Case {
        from: "CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE a (n integer, m mood);
            CREATE TABLE b (n integer DEFAULT 2, m mood DEFAULT 'b') INHERITS (a)",
        to: "CREATE TYPE mood AS ENUM ('b', 'a'); CREATE TABLE a (n text DEFAULT 'q', m mood);
            CREATE TABLE b (n text DEFAULT '2', m mood DEFAULT 'b') INHERITS (a)",
        rows: "INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (2, 'b')",
        same: "SELECT string_agg(concat(n, m), ',' ORDER BY n) FROM a",
    },
    Case {
        from: "CREATE TABLE p (id integer, n integer DEFAULT 1) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); ALTER TABLE p1 ALTER n SET DEFAULT 7",
        to: "CREATE TABLE p (id integer, n bigint DEFAULT 2) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); ALTER TABLE p1 ALTER n SET DEFAULT 7",
        rows: "INSERT INTO p1 (id) VALUES (1)",
        same: "SELECT concat(id, n) FROM p",
    },
    Case {
        from: "CREATE TYPE pair AS (a integer, \"b c\" integer, z text);
            CREATE TABLE t (id integer, p pair); CREATE VIEW v AS SELECT id, (p).a FROM t",
        to: "CREATE TYPE pair AS (\"b c\" integer, n integer, a bigint);
            CREATE TABLE t (id integer, p pair); CREATE VIEW v AS SELECT id, (p).a FROM t",
        rows: "INSERT INTO t VALUES (1, '(1,2,x)'), (2, NULL), (3, '(,,)')",
        same: "SELECT string_agg(concat(v.a, (p).\"b c\", p IS DISTINCT FROM NULL), ',' ORDER BY t.id)
            FROM t JOIN v USING (id)",
    },
    Case {
        from: "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE a (id text PRIMARY KEY, m mood UNIQUE);
            CREATE TABLE b (a_id text REFERENCES a (id), m mood REFERENCES a (m))",
        to: "CREATE TYPE mood AS ENUM ('b', 'a'); CREATE TABLE a (id uuid PRIMARY KEY, m mood UNIQUE);
            CREATE TABLE b (a_id uuid REFERENCES a (id), m mood REFERENCES a (m))",
        rows: "INSERT INTO a VALUES ('11111111-1111-1111-1111-111111111111', 'a');
            INSERT INTO b VALUES ('11111111-1111-1111-1111-111111111111', 'a')",
        same: "SELECT concat(b.a_id, b.m) FROM b JOIN a ON a.id = b.a_id",
    },
    Case {
        from: "CREATE TABLE a (code text); CREATE UNIQUE INDEX a_code ON a (code);
            CREATE TABLE b (code text REFERENCES a (code))",
        to: "CREATE TABLE a (code text UNIQUE); CREATE TABLE b (code text REFERENCES a (code))",
        rows: "INSERT INTO a VALUES ('x'); INSERT INTO b VALUES ('x')",
        same: "SELECT code FROM b",
    },
    Case {
        from: "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood DEFAULT 'a')",
        to: "CREATE TYPE feel AS ENUM ('b', 'a'); CREATE TABLE t (m feel DEFAULT 'a')",
        rows: "INSERT INTO t VALUES ('b')",
        same: "SELECT m::text FROM t",
    },
    Case {
        from: "CREATE TABLE p (id integer PRIMARY KEY, r int4range) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); CREATE TABLE c (p_id integer REFERENCES p)",
        to: "CREATE TABLE p (id integer PRIMARY KEY, r int8range) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); CREATE TABLE c (p_id integer REFERENCES p);
            CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (9) TO (19)",
        rows: "INSERT INTO p VALUES (1, '[1,3)'); INSERT INTO c VALUES (1)",
        same: "SELECT concat(p_id, r) FROM c JOIN p ON p_id = id",
    },
    Case {
        from: "CREATE TABLE t (id integer, n integer)",
        to: "CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY, n integer)",
        rows: "INSERT INTO t VALUES (1, 2)",
        same: "SELECT concat(id, n) FROM t",
    },
];

/// What no statement makes: from, to, and the words that say so.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "CREATE TABLE p (id integer) PARTITION BY RANGE (id)",
        "CREATE TABLE p (id bigint) PARTITION BY RANGE (id)",
        "no statement gives p.id another type",
    ),
    (
        "CREATE TABLE a (n integer); CREATE TABLE b (n integer); CREATE TABLE c () INHERITS (a, b)",
        "CREATE TABLE a (n bigint); CREATE TABLE b (n bigint); CREATE TABLE c () INHERITS (a, b)",
        "no statement gives c.n another type while it is inherited from both a and b",
    ),
    (
        "CREATE TYPE pair AS (a integer, b integer); CREATE TABLE t (p pair[])",
        "CREATE TYPE pair AS (b integer, a integer); CREATE TABLE t (p pair[])",
        "no expression makes of t.p one of the other fields of pair",
    ),
    (
        "CREATE FUNCTION apart(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT a - b $$;
         CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = apart); CREATE TABLE t (r span)",
        "CREATE FUNCTION apart(c float8, d float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT c - d $$;
         CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = apart); CREATE TABLE t (r span)",
        "no statement makes anew a function that the range span is made of",
    ),
];

async fn made(script: &str) -> Scratch {
    let scratch = Scratch::new(Engine::Postgres).await;
    let made = scratch.db.execute_unprepared(script).await;
    made.unwrap_or_else(|error| panic!("{error}: {script}"));
    scratch
}

#[tokio::test]
async fn a_type_becomes_another_under_its_rows_and_back() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    for case in KEPT {
        let (here, there) = (made(case.from).await, made(case.to).await);
        let (from, to) = (schema(&here).await, schema(&there).await);
        let rows = here.db.execute_unprepared(case.rows).await;
        rows.unwrap_or_else(|error| panic!("{error}: {}", case.rows));
        let before = one(&here.db, case.same).await;
        for (was, wanted) in [(&from, &to), (&to, &from)] {
            let way = change::statements(was, wanted, &Options::default());
            // The catalogue of a connection is that of its last look.
            let db = database::connect_once(&here.url).await;
            run(&db, &way).await;
            let left = difference(wanted, &schema(&here).await);
            assert_eq!(left, [], "{}\n{way:#?}", case.to);
            assert_eq!(one(&db, case.same).await, before, "{}", case.to);
        }
    }
}

#[tokio::test]
async fn what_no_statement_makes_is_told() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    for (from, to, why) in REFUSED {
        let (here, there) = (made(from).await, made(to).await);
        let (from, to) = (schema(&here).await, schema(&there).await);
        let way = change::statements(&from, &to, &Options::default());
        let told = way.iter().any(|one| one.sql.contains(why));
        assert!(told, "{why}: {way:#?}");
    }
}
