//! Writes a Fetch response straight into the reply, partition by partition, with the records as
//! extents: nothing is copied and no tree is built.

use record::TopicId;

use super::request::{SessionId, write_topic};
use super::response::{PartitionData, write_end, write_head};
use crate::kafka::announced::Announced;
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::header::CorrelationId;
use crate::kafka::leader::NodeEndpoint;
use crate::kafka::reply::{Extent, OpenFrame, Reply};
use crate::kafka::version::Version;
use crate::kafka::wire::{Array, EncodeError};

/// What a Fetch response starts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchResponseHead {
    /// How long the client should wait before its next request.
    pub throttle_time_ms: i32,
    /// Whether the session is in order; left out silently below version 7.
    pub error_code: ErrorCode,
    /// The session, 0 for none; from version 7.
    pub session_id: SessionId,
}

/// A Fetch response that is being written. Dropped before [`FetchResponseEncoder::end`], it leaves
/// the reply as it was; so it is to be dropped after an error.
#[derive(Debug)]
pub struct FetchResponseEncoder<'r, E: Extent> {
    frame: OpenFrame<'r, E>,
    version: Version,
    announced: Announced,
}

impl<'r, E: Extent> FetchResponseEncoder<'r, E> {
    /// Begins a response with so many topics. `version` is the request's.
    pub fn begin(
        reply: &'r mut Reply<E>,
        version: Version,
        correlation_id: CorrelationId,
        head: FetchResponseHead,
        topics: usize,
    ) -> Result<Self, EncodeError> {
        assert_eq!(version.api(), ApiKey::Fetch, "the version is this API's");
        let FetchResponseHead { throttle_time_ms, error_code, session_id } = head;
        let mut frame = OpenFrame::open(reply, version, correlation_id);
        let mut w = frame.writer();
        write_head(throttle_time_ms, error_code, session_id, &mut w, version)?;
        w.array_count(version, Some(topics))?;
        Ok(Self { frame, version, announced: Announced::new(topics) })
    }

    /// The next topic and how many partitions of it follow. The name is used up to version 12,
    /// the id from 13.
    pub fn topic(&mut self, name: &str, id: TopicId, partitions: usize) -> Result<(), EncodeError> {
        self.announced.topic(partitions)?;
        let mut w = self.frame.writer();
        write_topic(name, id, &mut w, self.version)?;
        w.array_count(self.version, Some(partitions))?;
        if partitions == 0 {
            w.tag_count(self.version, 0);
        }
        Ok(())
    }

    /// The next partition of the topic, and its records as extents in order: several, if they lie
    /// in several places, or none. No records are encoded as empty and not as null, which is what
    /// Kafka answers.
    pub fn partition(
        &mut self,
        data: &PartitionData<'_>,
        records: impl IntoIterator<Item = E>,
    ) -> Result<(), EncodeError> {
        let last = self.announced.partition()?;
        data.write_front(&mut self.frame.writer(), self.version)?;
        self.frame.extents(self.version, records)?;
        let mut w = self.frame.writer();
        data.write_tags(&mut w, self.version)?;
        if last {
            w.tag_count(self.version, 0);
        }
        Ok(())
    }

    /// Ends the response. The endpoints are those of the leaders named; there must be none below
    /// version 16.
    pub fn end(mut self, node_endpoints: &[NodeEndpoint<'_>]) -> Result<(), EncodeError> {
        self.announced.done()?;
        let endpoints = Array::from(node_endpoints);
        write_end(endpoints, &mut self.frame.writer(), self.version)?;
        self.frame.close()
    }
}
