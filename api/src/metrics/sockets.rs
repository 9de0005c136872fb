//! What becomes of sockets.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const OPEN: &str = "chancery_sockets_open";
const REFUSED: &str = "chancery_sockets_refused_total";
const CLOSED: &str = "chancery_sockets_closed_total";

/// Whether it is known whose a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Known,
    Unknown,
}

/// Why a socket gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There are too many at all.
    All,
    /// One person has too many.
    Person,
    /// There are too many of whom nobody knows yet whose they are.
    Unknown,
    /// Too many of those come from one address.
    Address,
}

impl Caller {
    const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
        }
    }
}

impl Refused {
    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Person => "person",
            Self::Unknown => "unknown",
            Self::Address => "address",
        }
    }
}

pub(super) fn describe() {
    describe_gauge!(OPEN, "Open WebSockets, by whether their caller is known.");
    describe_counter!(
        REFUSED,
        "WebSockets that got no place: too many at all, of a person, of callers not yet known, or \
         of those from one address."
    );
    describe_counter!(CLOSED, "WebSockets that ended, by the reason.");
    for caller in [Caller::Known, Caller::Unknown] {
        gauge!(OPEN, "caller" => caller.name()).set(0.0);
    }
}

/// One more is open.
pub(crate) fn open_one(caller: Caller) {
    gauge!(OPEN, "caller" => caller.name()).increment(1.0);
}

/// One fewer is open.
pub(crate) fn close_one(caller: Caller) {
    gauge!(OPEN, "caller" => caller.name()).decrement(1.0);
}

/// One got no place.
pub(crate) fn refused(why: Refused) {
    counter!(REFUSED, "reason" => why.name()).increment(1);
}

/// One ended, for `reason`.
pub(crate) fn closed(reason: &'static str) {
    counter!(CLOSED, "reason" => reason).increment(1);
}
