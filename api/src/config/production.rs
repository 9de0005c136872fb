//! What production does not start with: settings that are right on a developer's machine and open a
//! door, or lose something, out there.

use ipnet::IpNet;
use secrecy::ExposeSecret;
use service::db::DatabaseUrl;
use url::{Host, Url};

use super::{Config, Env};

/// A secret key has at least this many different bytes; one that is made by chance always has.
const VARIED: usize = 8;

impl Config {
    /// What is wrong with the settings for production, all of it; nothing elsewhere.
    pub fn unsafe_settings(&self) -> Vec<String> {
        if self.env() != Env::Production {
            return Vec::new();
        }
        let mut wrong = Vec::new();
        match &self.secret_key {
            None => wrong.push("CHANCERY_SECRET_KEY must be set".to_owned()),
            Some(key) if is_dull(key.expose_secret()) => {
                let sentence = "CHANCERY_SECRET_KEY must be made by chance: openssl rand -hex 32";
                wrong.push(sentence.to_owned());
            }
            Some(_) => {}
        }
        match &self.public_url {
            None => wrong.push("PUBLIC_URL must be set".to_owned()),
            Some(url) if is_open(url) => {
                wrong.push("PUBLIC_URL must begin with https, or name this machine".to_owned());
            }
            Some(_) => {}
        }
        let origins = self.cors_origins.iter();
        for origin in origins.filter(|origin| Url::parse(origin).is_ok_and(|url| is_open(&url))) {
            let sentence = "is not https: whoever is on the line could act as its visitors";
            wrong.push(format!("CHANCERY_CORS_ORIGINS: {origin} {sentence}"));
        }
        for everybody in self.trusted_proxies.iter().filter(|net| is_everybody(net)) {
            let sentence = "lets every caller say where it comes from";
            wrong.push(format!("CHANCERY_TRUSTED_PROXIES: {everybody} {sentence}"));
        }
        let database = self.database_url.as_ref();
        let database = database.and_then(|url| DatabaseUrl::parse(url.expose_secret()).ok());
        if database.is_some_and(|url| url.is_in_memory()) {
            wrong.push("DATABASE_URL: a database in memory is lost with the process".to_owned());
        }
        wrong
    }
}

/// Whether somebody on the way could read along.
fn is_open(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() != "https" && !here
}

fn is_everybody(net: &IpNet) -> bool {
    net.prefix_len() == 0
}

/// Whether a key was typed rather than made.
fn is_dull(key: &str) -> bool {
    let pairs = key.trim().as_bytes().chunks(2);
    let different: std::collections::BTreeSet<&[u8]> = pairs.collect();
    different.len() < VARIED
}
