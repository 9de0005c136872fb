//! What `pull` writes, kept to be compiled: a test holds it to what `pull` writes today.

pub mod music;
pub mod neuroagent;
