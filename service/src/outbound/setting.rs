//! What can be set about calls that leave the process.

use std::time::Duration;

use ipnet::IpNet;

use crate::configuration::{Bounds, Setting};

/// Networks that are called though they are not the public Internet's.
pub const ALLOWED_NETWORKS: Setting<Vec<IpNet>> = Setting {
    key: "outbound.allowed_networks",
    description: "Networks that may be called though they are not public, such as 10.20.0.0/16; \
                  whoever may name an address (of a webhook) then reaches them through us",
    default: Vec::new,
    bounds: Bounds::of(0, 100),
    sensitive: false,
    live: true,
};

/// Whether addresses without TLS are called.
pub const ALLOW_HTTP: Setting<Option<bool>> = Setting {
    key: "outbound.allow_http",
    description: "Whether http:// addresses are called; where it is not set, everywhere but in \
                  production",
    default: || None,
    bounds: Bounds::NONE,
    sensitive: false,
    live: true,
};

/// How long a connection may take.
pub const CONNECT_TIMEOUT: Setting<Duration> = Setting {
    key: "outbound.connect_timeout",
    description: "How long resolving, connecting and the TLS handshake may take each, in seconds",
    default: || Duration::from_secs(5),
    bounds: Bounds::of(0, 60),
    sensitive: false,
    live: true,
};

/// How long a whole call may take.
pub const TIMEOUT: Setting<Duration> = Setting {
    key: "outbound.timeout",
    description: "How long a call may take from the look-up of its name to the end of its answer, \
                  in seconds",
    default: || Duration::from_secs(15),
    bounds: Bounds::of(0, 25),
    sensitive: false,
    live: true,
};
