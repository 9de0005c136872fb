//! Where settings come from, and what is said of wrong ones.

use crate::process::Home;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddee";

fn public(home: &Home, words: &[&str]) -> String {
    let (status, body) = home.serve(words).get("/api/v1/config/public");
    assert_eq!(status, 200);
    body["urls"]["public"].as_str().unwrap().to_owned()
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let home = Home::new();
    home.file(
        "chancery.toml",
        "public_url = \"https://file.example\"\ncors_origins = [\"https://a.example\", \
         \"https://b.example\"]\ndb_log_queries = true\ndb_pool_size = 4\n",
    );
    assert_eq!(public(&home, &[]), "https://file.example/");
    let home = home.set("PUBLIC_URL", "https://environment.example");
    assert_eq!(public(&home, &["serve"]), "https://environment.example/");
    let words = ["serve", "--public-url", "https://flag.example"];
    assert_eq!(public(&home, &words), "https://flag.example/");
}

#[test]
fn the_file_is_where_the_environment_says() {
    let home = Home::new().set("CHANCERY_CONFIG", "other.toml");
    home.file("chancery.toml", "public_url = \"https://usual.example\"");
    let (code, said) = home.say(&["serve"]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("other.toml: No such file"), "{said}");
    home.file("other.toml", "public_url = \"https://other.example\"");
    assert_eq!(public(&home, &[]), "https://other.example/");
}

#[test]
fn a_wrong_setting_is_named_and_its_value_is_not_shown() {
    let secret = format!("secret_key = \"{KEY}");
    for (text, expected) in [
        (
            "db_pool_sise = 3",
            "chancery.toml: there is no setting `db_pool_sise`",
        ),
        ("[db]\npool_size = 3", "there is no setting `db`"),
        ("node_env = \"test\"", "there is no setting `node_env`"),
        ("db_pool_size = \"many\"", "`db_pool_size`: invalid digit"),
        ("db_pool_size = [3]", "`db_pool_size` is of another type"),
        ("db_log_queries = 1", "`db_log_queries` is of another type"),
        (
            "environment = \"prod\"",
            "write one of development, test, staging, production",
        ),
        (
            "public_url = \"https://ann:hunter2@x.example\"",
            "`public_url`: write an address such as",
        ),
        (
            "trusted_proxies = [\"10.0.0.0/8\", \"hunter2\"]",
            "`trusted_proxies`: invalid",
        ),
        (
            "database_url = [\"hunter2\"]",
            "`database_url` is of another type",
        ),
        (&format!("{secret}\""), "CHANCERY_SECRET_KEY must be 64"),
        (&secret, "TOML parse error at line 1"),
    ] {
        let home = Home::new();
        home.file("chancery.toml", text);
        let (code, said) = home.say(&["serve"]);
        assert_ne!(code, 0, "{text}");
        assert!(said.contains(expected), "{text}: {said}");
        assert!(!said.contains("hunter2") && !said.contains(KEY), "{said}");
    }
}

#[test]
fn no_error_and_no_help_shows_a_secret() {
    for (name, value) in [
        ("PUBLIC_URL", "https://ann:hunter2@x.example"),
        ("CHANCERY_CORS_ORIGINS", "https://ann:hunter2@x.example"),
        ("DATABASE_URL", "mysql://ann:hunter2@x.example/db"),
        ("DATABASE_URL", "hunter2"),
        ("CHANCERY_SECRET_KEY", "hunter2"),
    ] {
        let (code, said) = Home::new().set(name, value).say(&["serve"]);
        assert_ne!(code, 0, "{name}");
        assert!(!said.contains("hunter2"), "{name}: {said}");
        assert!(
            said.contains(name) || said.contains("--"),
            "{name} is not named: {said}"
        );
    }
    let home = Home::new().set("CHANCERY_SECRET_KEY", "hunter2");
    home.file(
        "chancery.toml",
        "database_url = \"postgres://ann:hunter2@x.example/db\"\ndb_pool_size = 77",
    );
    let (code, said) = home.say(&["--help"]);
    assert_eq!(code, 0);
    assert!(
        said.contains("[default: 77]") && !said.contains("hunter2"),
        "{said}"
    );
    assert!(said.contains("CHANCERY_CONFIG"), "{said}");
}

#[test]
#[cfg(unix)]
fn what_the_server_keeps_is_its_accounts_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let server = home.serve(&["serve"]);
    // By then all of it is there.
    server.ready();
    let mode = |name: &str| {
        let found = std::fs::metadata(home.path(name)).unwrap();
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode("data"), 0o700);
    for file in ["chancery.db", "chancery.db-wal", "secret.key"] {
        assert_eq!(mode(&format!("data/{file}")), 0o600, "{file}");
    }
}
