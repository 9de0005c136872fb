//! Settings and feature flags, for the staff.

pub mod flag;
pub mod setting;

use serde::Deserialize;
use service::configuration::{EVERYWHERE, Name};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

use super::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(setting::routes())
        .merge(flag::routes())
}

fn everywhere() -> String {
    EVERYWHERE.to_owned()
}

/// Where it holds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Where {
    /// The environment, or `all`, which it is unless said.
    #[serde(default = "everywhere")]
    #[param(required = false, example = "production")]
    environment: String,
}

impl Where {
    fn named(self, key: String) -> Name {
        let environment = self.environment;
        Name { key, environment }
    }
}

/// The same for a list, which has more parameters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Within {
    /// The environment, or `all`, which it is unless said.
    #[serde(default = "everywhere")]
    #[param(required = false, example = "production")]
    environment: String,
}

impl Within {
    fn named(self, key: String) -> Name {
        let environment = self.environment;
        Name { key, environment }
    }
}

/// Where it holds, and why it goes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Going {
    /// The environment, or `all`, which it is unless said.
    #[serde(default = "everywhere")]
    #[param(required = false, example = "production")]
    environment: String,
    /// Why, for the history.
    reason: Option<String>,
}

impl Going {
    fn named(self, key: String) -> (Name, Option<String>) {
        let environment = self.environment;
        (Name { key, environment }, self.reason)
    }
}
