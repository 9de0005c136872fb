//! What can be set of agents.

use std::time::Duration;

use crate::configuration::{Bounds, Setting};

/// How many agents one person may have.
pub const MAX_AGENTS_PER_USER: Setting<i64> = Setting {
    key: "features.max_agents_per_user",
    description: "How many agents one person may have. Lowering it takes nobody's agents away.",
    default: || 10,
    bounds: Bounds::of(0, 100_000),
    sensitive: false,
    live: true,
};

/// The model in the configuration of a new agent.
pub const DEFAULT_MODEL: Setting<Option<String>> = Setting {
    key: "agents.default_model",
    description: "`model` in the configuration of a new agent whose template names none.",
    default: || None,
    bounds: Bounds::of(1, 255),
    sensitive: false,
    live: true,
};

/// The temperature in the configuration of a new agent.
pub const DEFAULT_TEMPERATURE: Setting<f64> = Setting {
    key: "agents.default_temperature",
    description: "`temperature` in the configuration of a new agent whose template names none.",
    default: || 0.2,
    bounds: Bounds::of(0, 2),
    sensitive: false,
    live: true,
};

/// How many steps a new agent may take.
pub const DEFAULT_MAX_STEPS: Setting<i64> = Setting {
    key: "agents.default_max_steps",
    description: "`max_steps` in the configuration of a new agent whose template names none.",
    default: || 8,
    bounds: Bounds::of(1, 1_000),
    sensitive: false,
    live: true,
};

/// How long a worker's claim on an execution lasts.
pub const EXECUTION_LEASE: Setting<Duration> = Setting {
    key: "executions.lease",
    description: "How long a worker's claim on an execution lasts unless it is renewed, in seconds.",
    default: || Duration::from_mins(1),
    bounds: Bounds::of(5, 24 * 60 * 60),
    sensitive: false,
    live: true,
};
