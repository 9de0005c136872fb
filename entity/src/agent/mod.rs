//! Agents: templates, the agents made from them, workflows, their executions, and the accounts they
//! use.

pub mod execution;
pub mod execution_event;
pub mod integration;
pub mod template;
pub mod user_agent;
pub mod workflow;
