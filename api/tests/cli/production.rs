//! What production refuses to start with, and what it starts with.

use crate::process::Home;

const KEY: &str = "8f1d3a5c7e9b2d4f60718293a4b5c6d7e8f9010213243546576879808a9bacbd";

/// Settings that production is content with.
fn safe() -> Home {
    Home::new()
        .set("CHANCERY_ENV", "production")
        .set("CHANCERY_SECRET_KEY", KEY)
        .set("PUBLIC_URL", "https://chancery.example.com")
}

#[test]
fn production_starts_with_safe_settings() {
    let server = safe()
        .set("CHANCERY_TRUSTED_PROXIES", "10.0.0.0/8")
        .set("CHANCERY_CORS_ORIGINS", "https://app.example.com")
        .serve(&[]);
    server.ready();
    let (_, public) = server.get("/api/v1/config/public");
    assert_eq!(public["environment"], "production");
}

#[test]
fn production_refuses_what_opens_a_door_or_loses_something() {
    for (name, value, expected) in [
        ("CHANCERY_SECRET_KEY", "", "CHANCERY_SECRET_KEY must be set"),
        (
            "CHANCERY_SECRET_KEY",
            &"00".repeat(32),
            "CHANCERY_SECRET_KEY must be made by chance",
        ),
        ("PUBLIC_URL", "", "PUBLIC_URL must be set"),
        (
            "PUBLIC_URL",
            "http://chancery.example.com",
            "PUBLIC_URL must begin with https",
        ),
        (
            "CHANCERY_CORS_ORIGINS",
            "https://a.example,http://b.example",
            "CHANCERY_CORS_ORIGINS: http://b.example is not https",
        ),
        (
            "CHANCERY_TRUSTED_PROXIES",
            "0.0.0.0/0",
            "CHANCERY_TRUSTED_PROXIES: 0.0.0.0/0 lets every caller",
        ),
        (
            "DATABASE_URL",
            "sqlite::memory:",
            "DATABASE_URL: a database in memory is lost",
        ),
    ] {
        let (code, said) = safe().set(name, value).say(&["serve"]);
        assert_eq!(code, 1, "{name}={value}: {said}");
        assert!(said.contains(expected), "{name}={value}: {said}");
    }
    // All of it at once, whatever the environment is called by.
    let (code, said) = Home::new().set("NODE_ENV", "production").say(&["serve"]);
    assert_eq!(code, 1);
    for name in ["CHANCERY_SECRET_KEY", "PUBLIC_URL"] {
        assert!(said.contains(&format!("{name} must be set")), "{said}");
    }
}

#[test]
fn production_is_never_emptied_or_shown_off() {
    let (code, said) = safe().say(&["demo"]);
    assert_eq!(
        (code, said.contains("not for production")),
        (1, true),
        "{said}"
    );
    let (code, said) = safe().say(&["migrate", "fresh"]);
    assert_eq!((code, said.contains("production")), (5, true), "{said}");
}

#[test]
fn elsewhere_a_machine_needs_no_settings() {
    let home = Home::new().set("NODE_ENV", "production");
    let server = home.set("CHANCERY_ENV", "staging").serve(&[]);
    server.ready();
}
