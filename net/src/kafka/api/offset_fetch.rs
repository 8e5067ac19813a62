//! `OffsetFetch`, key 9, versions 1-9, flexible from 6: how far groups have read.
//!
//! - 2: null for all of a group's topics; an error for the request as a whole.
//! - 3: throttle time.
//! - 5: the epoch of the last record read (KIP-320).
//! - 7: offsets of open transactions may be waited for (KIP-447).
//! - 8: many groups at once (KIP-709); the single one is gone.
//! - 9: who of a KIP-848 group asks.
//!
//! Version 4 changes nothing on the wire.

use record::{LeaderEpoch, Offset, PartitionIndex};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::group::MemberEpoch;
use crate::kafka::wire::{Array, wire_struct};

wire_struct! {
    /// Asks for committed offsets.
    pub struct OffsetFetchRequest<'a> {
        /// The one group, up to version 7.
        group_id: &'a str [..=7, strict];
        /// Its topics asked about, null for all, up to version 7.
        topics: Option<Array<'a, OffsetFetchTopic<'a>>> [..=7, strict, null 2..]
            = Some(Array::EMPTY);
        /// The groups, from version 8.
        groups: Array<'a, OffsetFetchGroup<'a>> [8.., strict];
        /// Whether an offset that an open transaction may change is refused.
        require_stable: bool [7.., strict];
    }
}

wire_struct! {
    /// A group asked about.
    pub struct OffsetFetchGroup<'a> {
        /// Its id.
        group_id: &'a str;
        /// The member of a KIP-848 group that asks.
        member_id: Option<&'a str> [9.., ignorable];
        /// Its epoch, -1 if it is none's.
        member_epoch: MemberEpoch [9.., ignorable] = MemberEpoch::NONE;
        /// The topics asked about, null for all.
        topics: Option<Array<'a, OffsetFetchTopic<'a>>> = Some(Array::EMPTY);
    }
}

wire_struct! {
    /// A topic asked about.
    pub struct OffsetFetchTopic<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions asked about.
        partitions: Array<'a, PartitionIndex>;
    }
}

wire_struct! {
    /// Committed offsets.
    pub struct OffsetFetchResponse<'a> {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32 [3.., ignorable];
        /// The one group's topics, up to version 7.
        topics: Array<'a, OffsetFetchTopicResult<'a>> [..=7, strict];
        /// Whether it went well for the one group, in versions 2 to 7.
        error_code: ErrorCode [2..=7, ignorable];
        /// The groups, from version 8.
        groups: Array<'a, OffsetFetchGroupResult<'a>> [8.., strict];
    }
}

wire_struct! {
    /// A group's committed offsets.
    pub struct OffsetFetchGroupResult<'a> {
        /// Its id.
        group_id: &'a str;
        /// Its topics.
        topics: Array<'a, OffsetFetchTopicResult<'a>>;
        /// Whether it went well for the group.
        error_code: ErrorCode;
    }
}

wire_struct! {
    /// A topic's committed offsets.
    pub struct OffsetFetchTopicResult<'a> {
        /// Its name.
        name: &'a str;
        /// Its partitions.
        partitions: Array<'a, CommittedOffset<'a>>;
    }
}

wire_struct! {
    /// A partition's committed offset.
    pub struct CommittedOffset<'a> {
        /// Which partition.
        partition: PartitionIndex;
        /// The offset to go on with, -1 if none is committed.
        committed_offset: Offset;
        /// The epoch of the last record read, -1 if unknown.
        committed_leader_epoch: LeaderEpoch [5.., ignorable] = LeaderEpoch::NONE;
        /// What the client wanted to keep with it.
        metadata: Option<&'a str> = Some("");
        /// Whether it went well.
        error_code: ErrorCode;
    }
}
