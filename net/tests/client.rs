//! The client against a broker that answers by script: what goes wrong between the two, and what
//! the client makes of it.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod client {
    mod consumer;
    mod groups;
    mod producer;
    pub(crate) mod script;
}
