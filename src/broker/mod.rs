//! What the broker does, whichever protocol asked: topics, produce, fetch, offsets.

pub mod dynamic_configs;
pub mod fetch;
pub mod groups;
pub mod own_log;
pub mod produce;
pub mod producer_ids;
pub mod producers;
pub mod queries;
pub mod query;
pub mod range;
pub mod topics;
