//! Stories told to the real binary: its settings, its start, its stop, its doctor.

#![expect(
    clippy::unwrap_used,
    reason = "what a story shares between its steps may fail it as the steps do"
)]

mod process;
mod production;
mod settings;
