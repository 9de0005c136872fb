//! Tells the program what it is made with: the compiler, and the libraries as the lock file has them.

#![expect(
    clippy::disallowed_methods,
    reason = "that is how a build script is asked"
)]

use std::process::Command;

fn main() {
    let lock = "../Cargo.lock";
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={lock}");
    let lock = std::fs::read_to_string(lock).unwrap_or_default();
    for name in ["sea-orm", "async-graphql"] {
        let version = version(&lock, name).unwrap_or("unknown");
        let variable = name.to_uppercase().replace('-', "_");
        println!("cargo:rustc-env=CHANCERY_{variable}={version}");
    }
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let said = Command::new(rustc).arg("--version").output();
    let said = said.map_or_else(
        |_| "unknown".to_owned(),
        |said| String::from_utf8_lossy(&said.stdout).trim().to_owned(),
    );
    println!("cargo:rustc-env=CHANCERY_RUSTC={said}");
}

/// The version that the lock file has of the package `name`.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let head = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&head)?;
    rest.split('"').next()
}
