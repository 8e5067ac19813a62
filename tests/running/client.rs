//! A Kafka client of few words: creates topics, produces numbered records, and reads them back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    CreateTopicsRequest, FetchRequest, ProduceRequest, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use record::{BatchBuilder, BatchView, Decompressor, NewRecord, Seal, Timestamp};

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    correlation: i32,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).unwrap(), correlation: 0 }
    }

    fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.correlation += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_static_str("test")));
        let mut frame = vec![0; 4];
        header.encode(&mut frame, R::header_version(version)).unwrap();
        request.encode(&mut frame, version).unwrap();
        let len = u32::try_from(frame.len() - 4).unwrap();
        frame[..4].copy_from_slice(&len.to_be_bytes());
        self.stream.write_all(&frame).unwrap();
        let mut len = [0; 4];
        self.stream.read_exact(&mut len).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(len) as usize];
        self.stream.read_exact(&mut answer).unwrap();
        let mut answer = answer.as_slice();
        let header_version = R::Response::header_version(version);
        let header = ResponseHeader::decode(&mut answer, header_version).unwrap();
        assert_eq!(header.correlation_id, self.correlation);
        R::Response::decode(&mut answer, version).unwrap()
    }

    /// Creates a topic.
    pub(crate) fn create_topic(&mut self, name: &str, partitions: i32) {
        let topic = CreatableTopic::default()
            .with_name(topic_name(name))
            .with_num_partitions(partitions)
            .with_replication_factor(1);
        let request =
            CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000);
        let answer = self.call(5, &request);
        assert_eq!(answer.topics[0].error_code, 0, "{answer:?}");
    }

    /// Produces one batch, `acks=all`; the error code, or its base offset.
    pub(crate) fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        values: &[Vec<u8>],
    ) -> Result<usize, i16> {
        let data = PartitionProduceData::default()
            .with_index(partition)
            .with_records(Some(batch(values).into()));
        let topic = TopicProduceData::default()
            .with_name(topic_name(topic))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![topic]);
        let answer = self.call(9, &request);
        let partition = &answer.responses[0].partition_responses[0];
        if partition.error_code != 0 {
            return Err(partition.error_code);
        }
        Ok(usize::try_from(partition.base_offset).unwrap())
    }

    /// Reads a partition from `offset` to its end; the error code, or the values.
    pub(crate) fn read_all(&mut self, topic: &str, partition: i32) -> Result<Vec<Vec<u8>>, i16> {
        let (mut values, mut offset) = (Vec::new(), 0);
        loop {
            let wanted = FetchPartition::default()
                .with_partition(partition)
                .with_fetch_offset(offset)
                .with_partition_max_bytes(1 << 20);
            let topic =
                FetchTopic::default().with_topic(topic_name(topic)).with_partitions(vec![wanted]);
            let request = FetchRequest::default()
                .with_max_bytes(1 << 20)
                .with_min_bytes(0)
                .with_session_epoch(-1)
                .with_topics(vec![topic]);
            let answer = self.call(12, &request);
            let found = &answer.responses[0].partitions[0];
            if found.error_code != 0 {
                return Err(found.error_code);
            }
            let records = found.records.clone().unwrap_or_default();
            let before = offset;
            let mut rest = &records[..];
            while let Ok((batch, behind)) = BatchView::parse(rest) {
                assert!(batch.crc_is_valid(), "a consumer never gets a damaged batch");
                let mut scratch = Decompressor::new();
                let records = batch.records(&mut scratch, 1 << 30).unwrap();
                for record in &records {
                    let record = record.unwrap();
                    if records.offset(&record).0 >= offset {
                        values.push(record.value.unwrap().to_vec());
                    }
                }
                (offset, rest) = (batch.next_offset().0, behind);
            }
            if offset == before {
                assert_eq!(offset, found.high_watermark, "a reader is never stuck");
                return Ok(values);
            }
        }
    }
}

fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

fn batch(values: &[Vec<u8>]) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    // Retention must leave them alone: as if produced now.
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let timestamp = Timestamp(i64::try_from(now).unwrap());
    for value in values {
        builder
            .append(&NewRecord { timestamp, key: Some(b"key"), value: Some(value), headers: &[] })
            .unwrap();
    }
    builder.seal(&Seal::default()).unwrap()
}

/// Values that are told apart: `count` of `len` bytes, from number `from` on.
pub(crate) fn values(from: usize, count: usize, len: usize) -> Vec<Vec<u8>> {
    (from..from + count).map(|number| format!("{number:0>len$}").into_bytes()).collect()
}
