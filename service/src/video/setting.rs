//! What can be set of videos.

use std::time::Duration;

use url::Url;

use crate::configuration::{Bounds, Setting};

/// Where videos are made.
pub const GENERATOR: Setting<Option<Url>> = Setting {
    key: "videos.generator",
    description: "Where the generator of videos takes jobs on: an address that takes POST. Without one \
                  no videos can be asked for",
    default: || None,
    bounds: Bounds::NONE,
    sensitive: false,
    live: true,
};

/// What proves to the generator who we are.
pub const GENERATOR_KEY: Setting<Option<String>> = Setting {
    key: "videos.generator_key",
    description: "What the generator is sent as `Authorization: Bearer`",
    default: || None,
    bounds: Bounds::of(1, 4_096),
    sensitive: true,
    live: true,
};

/// Whose webhooks the generator's are.
pub const SOURCE: Setting<String> = Setting {
    key: "videos.source",
    description: "The webhook source by which the generator says what became of a job; videos have it \
                  as their provider",
    default: || "video-generator".to_owned(),
    bounds: Bounds::of(1, 64),
    sensitive: false,
    live: true,
};

/// How long the generator may take.
pub const TIMEOUT: Setting<Duration> = Setting {
    key: "videos.timeout",
    description: "After what time without a word of the generator a video has failed, in seconds",
    default: || Duration::from_hours(1),
    bounds: Bounds::of(60, 30 * 86_400),
    sensitive: false,
    live: true,
};

/// How long others may keep the public list.
pub const PUBLIC_AGE: Setting<Duration> = Setting {
    key: "videos.public_max_age",
    description: "How long browsers and caches may keep a page of the public videos, in seconds",
    default: || Duration::from_mins(1),
    bounds: Bounds::of(0, 86_400),
    sensitive: false,
    live: true,
};
