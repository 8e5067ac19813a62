//! The Kafka front end: connections, the order of their requests, and one file an API.

pub mod api;
mod assembly;
pub mod connection;
mod error;
pub mod fetch_sessions;
mod large;
mod moving;
mod outbox;
mod request;
mod service;
mod slow;
mod writer;
