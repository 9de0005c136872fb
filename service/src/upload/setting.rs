//! What may be put here, and how much of it.

use std::time::Duration;

use crate::configuration::{Bounds, Setting};

const MIB: i64 = 1024 * 1024;
const GIB: i64 = 1024 * MIB;
const TIB: i64 = 1024 * GIB;

const fn setting<T>(
    key: &'static str,
    description: &'static str,
    default: fn() -> T,
    bounds: Bounds,
) -> Setting<T> {
    Setting {
        key,
        description,
        default,
        bounds,
        sensitive: false,
        live: true,
    }
}

/// How many bytes one person's files may have together.
pub const QUOTA: Setting<i64> = setting(
    "uploads.quota_bytes",
    "How many bytes one person's files may have together; unfinished ones count with their whole size.",
    || 5 * GIB,
    Bounds::of(0, i64::MAX),
);

/// How many files one person may have.
pub const FILES: Setting<i64> = setting(
    "uploads.files_per_user",
    "How many files one person may have.",
    || 10_000,
    Bounds::of(0, 1_000_000_000),
);

/// The largest avatar.
pub const AVATAR_BYTES: Setting<i64> = setting(
    "uploads.avatar_bytes",
    "The largest picture of a person, in bytes.",
    || 5 * MIB,
    Bounds::of(1, 64 * MIB),
);

/// How many pixels an avatar is decoded to.
pub const AVATAR_PIXELS: Setting<i64> = setting(
    "uploads.avatar_pixels",
    "How many pixels a picture of a person may have; each takes up to eight bytes while it is decoded.",
    || 25_000_000,
    Bounds::of(1, 400_000_000),
);

/// The longer side of a kept avatar.
pub const AVATAR_SIDE: Setting<i64> = setting(
    "uploads.avatar_side",
    "The longer side of a picture of a person as it is kept, in pixels; larger ones are made smaller.",
    || 1024,
    Bounds::of(16, 8192),
);

/// The largest document that comes in one request.
pub const DOCUMENT_BYTES: Setting<i64> = setting(
    "uploads.document_bytes",
    "The largest document that comes in one request, in bytes; larger ones go by tus.",
    || 20 * MIB,
    Bounds::of(1, 64 * MIB),
);

/// The largest document that comes by tus.
pub const TUS_BYTES: Setting<i64> = setting(
    "uploads.tus_bytes",
    "The largest document that comes by tus, in bytes.",
    || 5 * GIB,
    Bounds::of(1, TIB),
);

/// The types of documents.
pub const DOCUMENT_TYPES: Setting<Vec<String>> = setting(
    "uploads.document_types",
    "The media types of documents that are taken, out of those that Chancery can recognise by their content.",
    || {
        super::media::KNOWN
            .iter()
            .map(|media| media.name.to_owned())
            .collect()
    },
    Bounds::of(0, 100),
);

/// How long an unfinished upload waits for its next part.
pub const TUS_LIFETIME: Setting<Duration> = setting(
    "uploads.tus_lifetime",
    "How long an upload by tus waits for its next bytes before it is thrown away, in seconds.",
    || Duration::from_hours(24),
    Bounds::of(1, 30 * 24 * 3600),
);

/// How long a writer may say nothing.
pub const STALL: Setting<Duration> = setting(
    "uploads.stall",
    "How long the sender of a part may send nothing before another may go on, in seconds.",
    || Duration::from_secs(5),
    Bounds::of(1, 60),
);

/// How long the sweeper leaves alone what it does not know.
pub const GRACE: Setting<Duration> = setting(
    "uploads.orphan_grace",
    "How old bytes without a row, and rows without bytes, must be before the sweeper mends them, in seconds.",
    || Duration::from_hours(1),
    Bounds::of(60, 30 * 24 * 3600),
);
