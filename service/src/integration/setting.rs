//! What can be set of integrations.

use std::time::Duration;

use super::provider::Provider;
use crate::configuration::{Bounds, Setting};

/// The providers that people can connect.
pub const PROVIDERS: Setting<Vec<Provider>> = Setting {
    key: "integrations.providers",
    description: "The services that people can connect by OAuth 2: a list of objects with `name`, \
                  `authorize_url`, `token_url`, `client_id`, `client_secret`, and perhaps `scopes`, \
                  `authorize_parameters` and `client_authentication` (`basic` or `body`).",
    default: Vec::new,
    bounds: Bounds::of(0, 100),
    sensitive: true,
    live: true,
};

/// How long before its end what opens an account is renewed.
pub const RENEW_BEFORE: Setting<Duration> = Setting {
    key: "integrations.renew_before",
    description: "How long before it runs out what opens a connected account is renewed, in seconds. \
                  It is looked for every five minutes.",
    default: || Duration::from_mins(15),
    bounds: Bounds::of(60, 7 * 86_400),
    sensitive: false,
    live: true,
};
