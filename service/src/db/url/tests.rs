//! Tables of URLs and what becomes of them.

use super::*;

/// Each URL with how it is shown, or with what is wrong.
#[test]
fn urls_are_read_or_refused_with_a_sentence() {
    let good = [
        ("postgres://u:secret@h/db", "postgres://u:***@h/db"),
        (
            "postgresql://u:secret@h:5433/db?schema=app",
            "postgresql://u:***@h:5433/db?schema=app",
        ),
        ("  postgres://u@h/db ", "postgres://u@h/db"),
        (
            "postgres://u:p%40ss%2Fword@[::1]:5432/db",
            "postgres://u:***@[::1]:5432/db",
        ),
        ("postgres://h/db", "postgres://h/db"),
        (
            "postgres:///db?host=/run/postgresql",
            "postgres:///db?host=/run/postgresql",
        ),
        (
            "postgres://u@h/db?password=secret",
            "postgres://u@h/db?password=***",
        ),
        (
            "postgres://u@h/db?sslkey=/k.pem&sslmode=require",
            "postgres://u@h/db?sslkey=***&sslmode=require",
        ),
        ("sqlite://data.db", "sqlite://data.db"),
        ("sqlite:data.db", "sqlite://data.db"),
        (
            "sqlite:///var/lib/c.db?mode=ro",
            "sqlite:///var/lib/c.db?mode=ro",
        ),
        ("sqlite://./a b.db", "sqlite://./a b.db"),
        ("sqlite::memory:", "sqlite::memory:"),
        ("sqlite://:memory:", "sqlite::memory:"),
        ("file:./dev.db?connection_limit=1", "sqlite://./dev.db"),
        ("SQLITE://data.db", "sqlite://data.db"),
    ];
    for (raw, shown) in good {
        let url = DatabaseUrl::parse(raw).unwrap_or_else(|error| panic!("{raw}: {error}"));
        assert_eq!(url.to_string(), shown, "{raw}");
        assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
    }
    let bad = [
        ("", UrlError::Empty),
        ("   ", UrlError::Empty),
        ("\"postgres://h/db\"", UrlError::Quoted),
        ("hunter2", UrlError::NoScheme),
        ("postgres:h/db", UrlError::NoScheme),
        ("postgre://h/db", UrlError::NoScheme),
        ("mysql://u:p@h/db", UrlError::Scheme("mysql")),
        ("mongodb+srv://u:p@h/db", UrlError::Scheme("mongodb+srv")),
        ("postgres://u:p@h", UrlError::NoDatabase),
        ("postgres://u:p@h/", UrlError::NoDatabase),
        ("postgres:///db", UrlError::NoHost),
        ("postgres://a,b/db", UrlError::SeveralHosts),
        ("postgres://u:p ss@h/db", UrlError::Blank),
        (
            "postgres://u:p#ss@h/db",
            UrlError::Syntax("the port is not a number up to 65535"),
        ),
        (
            "postgres://u@h:99999/db",
            UrlError::Syntax("the port is not a number up to 65535"),
        ),
        ("postgres://u@h:0/db", UrlError::Syntax("the port is 0")),
        (
            "postgres://u@h/db#x",
            UrlError::Syntax("a # stands in it; write %23"),
        ),
        ("sqlite://", UrlError::NoFile),
        ("sqlite:", UrlError::NoFile),
    ];
    for (raw, error) in bad {
        assert_eq!(DatabaseUrl::parse(raw).unwrap_err(), error, "{raw}");
        let check = DatabaseUrl::check(raw);
        assert!(!check.valid);
        assert_eq!(check.errors, [error.to_string()]);
    }
}

#[test]
fn parameters_of_prisma_are_translated_and_taken_out() {
    let url = DatabaseUrl::parse(
        "postgres://u:p@h/db?connection_limit=7&pool_timeout=3&connect_timeout=9&schema=app\
         &pgbouncer=true&socket_timeout=4&statement_cache_size=0&sslmode=require&sslaccept=strict\
         &channel_binding=require&application_name=old",
    )
    .unwrap();
    assert_eq!(
        url.parameters(),
        &Parameters {
            pool_size: Some(7),
            connection_timeout: Some(std::time::Duration::from_secs(3)),
            statement_deadline: Some(std::time::Duration::from_secs(4)),
            schema: Some("app".into()),
            pgbouncer: true,
            statement_cache: Some(0),
        }
    );
    assert_eq!(
        url.cleaned().expose_secret(),
        "postgres://u:p@h/db?sslmode=require&sslmode=verify-full&application_name=old"
    );
    assert_eq!(
        url.warnings(),
        ["the parameter channel_binding of the database URL is not known and is ignored"]
    );
    let bad = [
        ("connection_limit=0", "connection_limit"),
        ("connection_limit=many", "connection_limit"),
        ("pool_timeout=-1", "pool_timeout"),
        ("schema=a;drop", "schema"),
        ("pgbouncer=perhaps", "pgbouncer"),
        ("sslmode=on", "sslmode"),
        ("sslidentity=x.p12", "sslidentity"),
        ("port=0", "port"),
    ];
    for (query, expected) in bad {
        match DatabaseUrl::parse(&format!("postgres://u:p@h/db?{query}")) {
            Err(UrlError::Parameter { key, .. }) => assert_eq!(key, expected),
            other => panic!("{query}: {other:?}"),
        }
    }
    let forever = DatabaseUrl::parse("sqlite://x.db?pool_timeout=0").unwrap();
    assert_eq!(forever.parameters().connection_timeout, None);
}

#[test]
fn the_driver_gets_a_url_that_it_understands() {
    for (raw, cleaned) in [
        (
            "postgresql://u:p@h/db?schema=app&connection_limit=3",
            "postgres://u:p@h/db?options%5Bsearch_path%5D=app",
        ),
        (
            "postgres://u:p@h/db?schema=app&pgbouncer=true",
            "postgres://u:p@h/db",
        ),
        ("sqlite:data.db", "sqlite://data.db?mode=rwc"),
        (
            "sqlite://data.db?mode=ro&cache=private",
            "sqlite://data.db?mode=ro&cache=private",
        ),
        ("sqlite::memory:", "sqlite::memory:"),
    ] {
        assert_eq!(
            DatabaseUrl::parse(raw).unwrap().cleaned().expose_secret(),
            cleaned,
            "{raw}"
        );
    }
}

#[test]
fn sanitising_hides_rather_too_much() {
    let table = [
        ("postgres://u:p/w@h/db", "postgres://***"),
        ("postgres://u:p?w@h/db", "postgres://***"),
        ("postgres://u:p@w@h/db", "postgres://u:***@h/db"),
        ("postgres://u:pw@h/db?password=a@b", "postgres://***"),
        (
            "postgres://u:pw@h/db?token=abc&schema=s",
            "postgres://u:***@h/db?token=***&schema=s",
        ),
        (
            "postgres://u:pw@h/db?p%61ssword=x",
            "postgres://u:***@h/db?***",
        ),
        ("postgres://h/db#secret", "postgres://h/db#***"),
        ("hunter2", "***"),
        ("user:hunter2@host", "***"),
        ("", ""),
        (
            "postgres://u:p\n@h/db\nroot logged in",
            "postgres://u:***@h/db\u{fffd}root logged in",
        ),
        ("mysql://u:pw@h/db", "mysql://u:***@h/db"),
    ];
    for (raw, shown) in table {
        assert_eq!(sanitise(raw), shown, "{raw}");
    }
    assert_eq!(
        sanitise_text("cannot reach `postgres://u:pw@h/db`, (see postgres://a:b@c/d)."),
        "cannot reach `postgres://u:***@h/db`, (see postgres://a:***@c/d)."
    );
    let url = DatabaseUrl::parse("postgres://u:s%40cret@h/db").unwrap();
    assert_eq!(
        url.scrub("password s@cret is wrong"),
        "password *** is wrong"
    );
}

#[test]
fn only_a_database_in_memory_is_in_memory() {
    for (raw, memory) in [
        ("sqlite::memory:", true),
        ("sqlite://x?mode=memory", true),
        ("sqlite://x.db", false),
        ("postgres://h/memory", false),
    ] {
        assert_eq!(
            DatabaseUrl::parse(raw).unwrap().is_in_memory(),
            memory,
            "{raw}"
        );
    }
}

#[test]
fn two_ways_lead_to_one_database_by_all_that_is_known() {
    for (one, other, may_be) in [
        (
            "postgres://a/chancery",
            "postgres://b:6432/chancery?schema=x",
            true,
        ),
        ("postgres://a/chancery", "postgres://a/staging", false),
        (
            "postgres://a/chancery?pgbouncer=true",
            "postgres://a/real",
            true,
        ),
        ("postgres://a/na%6De", "postgres://a/name", true),
        (
            "postgres://a/x?dbname=chancery",
            "postgres://b/chancery",
            true,
        ),
        ("sqlite://a.db", "postgres://a/a.db", false),
        ("sqlite://a.db", "sqlite://a.db?mode=rw", true),
        ("sqlite://a.db", "sqlite://b.db", false),
    ] {
        let url = |raw| DatabaseUrl::parse(raw).unwrap();
        assert_eq!(url(one).may_be(&url(other)), may_be, "{one} {other}");
    }
}
