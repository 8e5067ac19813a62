//! The slowest requests of each minute, and where their time went.
//!
//! A histogram says how slow; this says which. A shard keeps the slowest few requests of the
//! current minute in a heap and those of the minutes before as they were, for an hour. A request
//! that is not among them pays for two comparisons ([`SlowLog::takes`]); of a million in a minute,
//! some four hundred are written down at the default of 32, most of them in its first second.
//!
//! [`Slowest`] is pure: requests and time go in, minutes come out.

mod log;
mod request;
mod slowest;
mod step;

pub use log::SlowLog;
pub use request::SlowRequest;
pub use slowest::{MINUTE_MS, MINUTES_KEPT, SlowMinute, Slowest};
pub use step::{Course, Step, Took};
