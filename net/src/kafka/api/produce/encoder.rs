//! Writes a Produce response straight into the reply, partition by partition, so that the broker
//! needs no tree of results.

use record::TopicId;

use super::response::{PartitionProduceResponse, ProduceResponse, TopicProduceResponse};
use crate::kafka::announced::Announced;
use crate::kafka::api_key::ApiKey;
use crate::kafka::header::CorrelationId;
use crate::kafka::leader::NodeEndpoint;
use crate::kafka::reply::{Extent, OpenFrame, Reply};
use crate::kafka::version::Version;
use crate::kafka::wire::{Array, EncodeError, Wire};

/// A Produce response that is being written. Dropped before [`ProduceResponseEncoder::end`], it
/// leaves the reply as it was; so it is to be dropped after an error.
#[derive(Debug)]
pub struct ProduceResponseEncoder<'r, E: Extent> {
    frame: OpenFrame<'r, E>,
    version: Version,
    announced: Announced,
}

impl<'r, E: Extent> ProduceResponseEncoder<'r, E> {
    /// Begins a response with so many topics. `version` is the request's.
    pub fn begin(
        reply: &'r mut Reply<E>,
        version: Version,
        correlation_id: CorrelationId,
        topics: usize,
    ) -> Result<Self, EncodeError> {
        assert_eq!(version.api(), ApiKey::Produce, "the version is this API's");
        let mut frame = OpenFrame::open(reply, version, correlation_id);
        frame.writer().array_count(version, Some(topics))?;
        Ok(Self { frame, version, announced: Announced::new(topics) })
    }

    /// The next topic and how many partitions of it follow. The name is used up to version 12,
    /// the id from 13.
    pub fn topic(&mut self, name: &str, id: TopicId, partitions: usize) -> Result<(), EncodeError> {
        self.announced.topic(partitions)?;
        let mut w = self.frame.writer();
        TopicProduceResponse::write_topic(name, id, &mut w, self.version)?;
        w.array_count(self.version, Some(partitions))?;
        if partitions == 0 {
            w.tag_count(self.version, 0);
        }
        Ok(())
    }

    /// The next partition of the topic.
    pub fn partition(
        &mut self,
        partition: &PartitionProduceResponse<'_>,
    ) -> Result<(), EncodeError> {
        let last = self.announced.partition()?;
        let mut w = self.frame.writer();
        partition.write(&mut w, self.version)?;
        if last {
            w.tag_count(self.version, 0);
        }
        Ok(())
    }

    /// Ends the response. The endpoints are those of the leaders named; there must be none below
    /// version 10.
    pub fn end(
        mut self,
        throttle_time_ms: i32,
        node_endpoints: &[NodeEndpoint<'_>],
    ) -> Result<(), EncodeError> {
        self.announced.done()?;
        let endpoints = Array::from(node_endpoints);
        let mut w = self.frame.writer();
        ProduceResponse::write_end(throttle_time_ms, endpoints, &mut w, self.version)?;
        self.frame.close()
    }
}
