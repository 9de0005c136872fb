//! The process around the routes: metrics, time limits, foreign origins, health.

mod docs;
mod graphiql;
mod health;
mod keep_alive;
mod metrics;
mod origins;
mod slow;
