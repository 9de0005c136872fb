//! The tables of the database, one file each. What an entity cannot say is in `extra.sql`.

pub mod album;
pub mod artist;
pub mod employee;
pub mod playlist_track;
pub mod setting;
pub mod track;
