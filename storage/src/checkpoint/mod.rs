//! The checkpoint: what is known of every log, so that recovery needs only the newest journal.

pub mod record;
pub mod writer;
