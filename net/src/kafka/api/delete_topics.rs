//! `DeleteTopics`, key 20, versions 1-6, flexible from 4.
//!
//! - 3: `TOPIC_DELETION_DISABLED` may be answered.
//! - 5: error messages; `THROTTLING_QUOTA_EXCEEDED` may be answered (KIP-599).
//! - 6: topics by name or by id (KIP-516).
//!
//! Version 2 changes nothing on the wire.

use record::TopicId;

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for topics to be deleted.
    pub struct DeleteTopicsRequest<'a> {
        /// The topics, from version 6.
        topics: Array<'a, DeleteTopic<'a>> [6.., strict];
        /// The topics, up to version 5.
        topic_names: Array<'a, &'a str> [..=5, ignorable];
        /// How long to wait for their deletion.
        timeout_ms: i32;
    }
}

wire_struct! {
    /// A topic to delete.
    pub struct DeleteTopic<'a> {
        /// Its name, null if it is given by id.
        name: Option<&'a str>;
        /// Its id, all zero if it is given by name.
        topic_id: TopicId;
    }
}

wire_struct! {
    /// What became of the topics.
    pub struct DeleteTopicsResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// The topics.
        responses: Array<'a, DeletedTopic<'a>>;
    }
}

wire_struct! {
    /// What became of a topic.
    pub struct DeletedTopic<'a> {
        /// Its name; null for an id that is unknown or may not be seen.
        name: Option<&'a str> [null 6..] = Some("");
        /// Its id.
        topic_id: TopicId [6.., ignorable];
        /// Whether it was deleted.
        error_code: ErrorCode;
        /// Why not, in words.
        error_message: Option<&'a str> [5.., ignorable];
    }
}
