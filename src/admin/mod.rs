//! The control plane: one thread, tokio, HTTP for people, orchestrators and Prometheus.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while the process lives |
//! | `/readyz` | 200 when every shard serves and no journal has failed, else 503 with reasons |
//! | `/metrics` | Prometheus' text format |
//! | `/debug/slow` | the slowest requests of the last minutes, and where their time went |
//! | `/debug/stages` | the histogram of every stage since the start |
//!
//! It shares no memory with a shard: it asks through a bounded channel ([`ShardHandle`]) and waits
//! a bounded time. A shard that does not answer is named, keeps nobody else from being answered,
//! and is asked again only once it has answered; what it recorded meanwhile is not lost. Everything
//! a stranger can take is bounded too: connections, the time one may be silent, requests at once.
//!
//! Here and nowhere else the broker knows tokio and HTTP. It knows no topic and no log.

mod ask;
mod collector;
mod connection;
mod error;
mod http;
mod process;
mod readiness;
mod request;
mod server;
mod slow;
mod stages;

pub use error::AdminError;
pub use request::{ControlRequest, Health, ShardHandle, ShardState};
pub use server::{Admin, AdminHandle, AdminLimits, bind};
