//! Produce requests of records that became due together.
//!
//! Records of one size that carry nothing of their own are encoded once for each number of them
//! and sent again with another partition; all others are made one by one.

use std::collections::BTreeMap;

use net::client::partition_of_key;
use net::kafka::api::produce::{Acks, PartitionProduce, ProduceRequest, TopicProduce};
use net::kafka::api_key::ApiKey;
use net::kafka::header::{CorrelationId, RequestHeader};
use net::kafka::message::Request;
use record::{BatchBuilder, NewRecord, PartitionIndex, Seal};

use super::super::workload::Workload;
use super::now_timestamp;
use crate::error::BenchError;
use crate::produce::acks;
use crate::random::Random;
use crate::request::{Ingredients, TIMEOUT_MS, Template, VERSION};

/// Bytes of requests that are kept to be sent again.
const TEMPLATE_BYTES_MAX: usize = 64 << 20;

/// Bytes at the start of a value that say which run it is of, and when it was due.
const STAMP_BYTES: usize = 16;

/// Makes requests.
pub(super) struct Composer {
    topic: String,
    partitions: u32,
    acks: Acks,
    sizes: super::super::sizes::Sizes,
    keys: super::super::sizes::Keys,
    /// Records carry when they were due: somebody reads them.
    stamps: Option<Mark>,
    random: Random,
    /// By number of records.
    templates: BTreeMap<usize, Template>,
    template_bytes: usize,
    value: Vec<u8>,
}

/// What tells the records of a run from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(pub(super) u64);

/// What a request holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// When its records were due, partition by partition.
    pub(super) due_ns: Vec<u64>,
    /// The partitions, and how many of the records each has.
    pub(super) parts: Vec<(i32, u32)>,
    /// Bytes of keys and values.
    pub(super) bytes: u64,
}

impl Mark {
    /// When a value of this run was due.
    pub(super) fn due_ns(self, value: &[u8]) -> Option<u64> {
        let (mark, rest) = value.split_first_chunk()?;
        let (due_ns, _) = rest.split_first_chunk()?;
        (u64::from_be_bytes(*mark) == self.0).then(|| u64::from_be_bytes(*due_ns))
    }
}

impl Composer {
    /// For a workload; with a mark, records carry it and when they were due.
    pub(super) fn new(workload: &Workload, stamps: Option<Mark>) -> Self {
        Self {
            topic: workload.topic.clone(),
            partitions: workload.partitions,
            acks: acks(workload.acks),
            sizes: workload.record_size.clone(),
            keys: workload.keys,
            stamps,
            random: Random::new(workload.seed ^ 0x5EED),
            templates: BTreeMap::new(),
            template_bytes: 0,
            value: vec![0xA5; (workload.record_size.max() as usize).max(STAMP_BYTES)],
        }
    }

    /// Appends the request of records that were due at `due_ns` to `bytes`. Without keys, all go to
    /// partition `turn`, modulo their number.
    pub(super) fn compose(
        &mut self,
        due_ns: Vec<u64>,
        turn: u64,
        correlation_id: i32,
        bytes: &mut Vec<u8>,
    ) -> Result<Content, BenchError> {
        let partition = i32::try_from(turn % u64::from(self.partitions)).unwrap_or(0);
        if self.keys != super::super::sizes::Keys::None {
            return self.compose_keyed(&due_ns, correlation_id, bytes);
        }
        if self.stamps.is_none()
            && let Some(size) = self.sizes.fixed()
            && self.template_bytes < TEMPLATE_BYTES_MAX
        {
            let count = u32::try_from(due_ns.len()).unwrap_or(u32::MAX);
            self.repeat(count, size, partition, correlation_id, bytes)?;
            let parts = vec![(partition, count)];
            return Ok(Content { due_ns, parts, bytes: u64::from(count) * u64::from(size) });
        }
        let mut builder = BatchBuilder::new();
        let mut payload = 0;
        for due_ns in &due_ns {
            payload += self.append(&mut builder, None, *due_ns)?;
        }
        let count = u32::try_from(due_ns.len()).unwrap_or(u32::MAX);
        self.encode(vec![(partition, builder)], correlation_id, bytes)?;
        Ok(Content { due_ns, parts: vec![(partition, count)], bytes: payload })
    }

    /// Records go where their keys belong, several batches to a request, as Kafka's clients do.
    fn compose_keyed(
        &mut self,
        due_ns: &[u64],
        correlation_id: i32,
        bytes: &mut Vec<u8>,
    ) -> Result<Content, BenchError> {
        let mut batches: BTreeMap<i32, (BatchBuilder, Vec<u64>)> = BTreeMap::new();
        let mut payload = 0;
        for due_ns in due_ns {
            let key = self.keys.draw(&mut self.random).unwrap_or(0);
            let key = format!("key-{key:010}");
            let PartitionIndex(partition) = partition_of_key(key.as_bytes(), self.partitions);
            let batch = batches.entry(partition);
            let (builder, due) = batch.or_insert_with(|| (BatchBuilder::new(), Vec::new()));
            payload += self.append(builder, Some(key.as_bytes()), *due_ns)?;
            due.push(*due_ns);
        }
        let mut content = Content { bytes: payload, ..Content::default() };
        let mut builders = Vec::with_capacity(batches.len());
        for (partition, (builder, due)) in batches {
            content.parts.push((partition, u32::try_from(due.len()).unwrap_or(u32::MAX)));
            content.due_ns.extend(due);
            builders.push((partition, builder));
        }
        self.encode(builders, correlation_id, bytes)?;
        Ok(content)
    }

    /// Appends a record; returns the bytes of its key and value.
    fn append(
        &mut self,
        builder: &mut BatchBuilder,
        key: Option<&[u8]>,
        due_ns: u64,
    ) -> Result<u64, BenchError> {
        let mut size = self.sizes.draw(&mut self.random);
        if let Some(Mark(mark)) = self.stamps {
            size = size.max(STAMP_BYTES);
            self.value[..8].copy_from_slice(&mark.to_be_bytes());
            self.value[8..STAMP_BYTES].copy_from_slice(&due_ns.to_be_bytes());
        }
        let value = self.value.get(..size);
        builder.append(&NewRecord { timestamp: now_timestamp(), key, value, headers: &[] })?;
        Ok((size + key.map_or(0, <[u8]>::len)) as u64)
    }

    fn encode(
        &self,
        builders: Vec<(i32, BatchBuilder)>,
        correlation_id: i32,
        bytes: &mut Vec<u8>,
    ) -> Result<(), BenchError> {
        let mut batches = Vec::with_capacity(builders.len());
        for (partition, builder) in builders {
            batches.push((partition, builder.seal(&Seal::default())?));
        }
        let partitions: Vec<PartitionProduce<'_>> = batches
            .iter()
            .map(|(partition, batch)| PartitionProduce {
                partition: PartitionIndex(*partition),
                records: Some(batch.as_slice().into()),
            })
            .collect();
        let topics = [TopicProduce {
            name: &self.topic,
            partitions: partitions.as_slice().into(),
            ..TopicProduce::default()
        }];
        let request = ProduceRequest {
            acks: self.acks,
            timeout_ms: TIMEOUT_MS,
            topics: (&topics).into(),
            ..ProduceRequest::default()
        };
        let header = RequestHeader {
            version: ApiKey::Produce.version(VERSION)?,
            correlation_id: CorrelationId(correlation_id),
            client_id: Some("tidemill-bench"),
        };
        Ok(request.encode_frame(header, bytes)?)
    }

    /// Appends a request that has been made before, or makes it.
    fn repeat(
        &mut self,
        records: u32,
        record_bytes: u32,
        partition: i32,
        correlation_id: i32,
        bytes: &mut Vec<u8>,
    ) -> Result<(), BenchError> {
        let template = match self.templates.entry(records as usize) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let (topic, partitions, acks) = (self.topic.as_str(), self.partitions, self.acks);
                let of = Ingredients { topic, partitions, records, record_bytes, acks, key: None };
                let template = Template::new(&of)?;
                self.template_bytes += template.request.len();
                entry.insert(template)
            }
        };
        let start = bytes.len();
        bytes.extend_from_slice(&template.request);
        let at = start + template.rotation.at;
        bytes[at..at + 4].copy_from_slice(&partition.to_be_bytes());
        bytes[start + 8..start + 12].copy_from_slice(&correlation_id.to_be_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::flags::WorkloadFlags;
    use super::*;
    use net::kafka::header::Preamble;
    use net::kafka::wire::Reader;

    fn composer(text: &str, stamps: Option<Mark>) -> Composer {
        let flags: WorkloadFlags = toml::from_str(text).unwrap();
        Composer::new(&flags.resolve(String::new()).unwrap(), stamps)
    }

    /// The partitions of a frame, and the values of their records.
    fn decode(frame: &[u8]) -> Vec<(i32, Vec<Vec<u8>>)> {
        let mut r = Reader::request(&frame[4..]);
        let preamble = Preamble::read(&mut r).unwrap();
        let version = ApiKey::Produce.version(VERSION).unwrap();
        RequestHeader::read_after(preamble, version, &mut r).unwrap();
        let request = ProduceRequest::decode(version, &mut r).unwrap();
        let topic = request.topics.iter().next().unwrap();
        let partitions = topic.partitions.iter().map(|partition| {
            let bytes = partition.records.unwrap().bytes();
            let (batch, rest) = record::BatchView::parse(bytes).unwrap();
            assert!(batch.crc_is_valid() && rest.is_empty());
            let records = batch.plain_records().unwrap();
            let values = records.iter().map(|record| record.unwrap().value.unwrap().to_vec());
            (partition.partition.0, values.collect())
        });
        partitions.collect()
    }

    #[test]
    fn equal_records_are_encoded_once_and_sent_to_any_partition() {
        let mut composer = composer("partitions = 3\nrecord_size = 100", None);
        for turn in 0..4 {
            let mut bytes = Vec::new();
            let content = composer.compose(vec![5, 6], turn, 77, &mut bytes).unwrap();
            let partition = i32::try_from(turn % 3).unwrap();
            assert_eq!(decode(&bytes), [(partition, vec![vec![0xA5; 100]; 2])]);
            assert_eq!(content.parts, [(partition, 2)]);
            assert_eq!((content.due_ns, content.bytes), (vec![5, 6], 200));
            assert_eq!(bytes[8..12], [0, 0, 0, 77]);
        }
        assert_eq!(composer.templates.len(), 1);
    }

    #[test]
    fn a_stamped_record_says_when_it_was_due() {
        let mark = Mark(0xFEED);
        let mut composer = composer("record_size = 8", Some(mark));
        let mut bytes = Vec::new();
        composer.compose(vec![5, 6], 0, 1, &mut bytes).unwrap();
        let (_, values) = decode(&bytes).remove(0);
        let due: Vec<_> = values.iter().map(|value| mark.due_ns(value)).collect();
        assert_eq!(due, [Some(5), Some(6)]);
        assert_eq!((Mark(1).due_ns(&values[0]), mark.due_ns(&values[0][..15])), (None, None));
    }

    #[test]
    fn keyed_records_go_where_their_keys_belong() {
        let mut composer = composer("partitions = 4\nkeys = 100\nrecord_size = \"1..9\"", None);
        let mut bytes = Vec::new();
        let content = composer.compose((0..50).collect(), 0, 1, &mut bytes).unwrap();
        let decoded = decode(&bytes);
        let counts: Vec<_> = decoded
            .iter()
            .map(|(partition, values)| (*partition, u32::try_from(values.len()).unwrap()))
            .collect();
        assert_eq!((&content.parts, content.parts.len()), (&counts, 4));
        let mut due = content.due_ns.clone();
        due.sort_unstable();
        assert_eq!(due, (0..50).collect::<Vec<_>>());
    }
}
