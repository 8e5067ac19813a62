//! A sealed batch on its way to the broker, and the sequence that it is known by.

use record::{
    BatchHeader, BuildError, Codec, Crc32c, ProducerEpoch, ProducerId, Seal, SealProducer,
    Sequence, UNSUMMED_BYTES,
};
use runtime::Instant;

use super::batching::Batch;

/// An idempotent producer's id and the sequence of its next record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: ProducerId,
    pub(super) epoch: ProducerEpoch,
    pub(super) next: Sequence,
}

impl Identity {
    /// The place of so many records.
    fn place(&mut self, records: i32) -> SealProducer {
        let base_sequence = self.next;
        self.next = self.next.advanced_by(records);
        SealProducer { id: self.id, epoch: self.epoch, base_sequence, transactional: false }
    }
}

/// A batch as it is sent, as often as it takes.
#[derive(Debug)]
pub(super) struct SealedBatch {
    pub(super) bytes: Vec<u8>,
    pub(super) records: i32,
    pub(super) reserved: usize,
    pub(super) begun: Instant,
}

impl SealedBatch {
    /// Compresses a batch and gives it the next sequences, if there are any.
    pub(super) fn seal(
        batch: Batch,
        codec: Codec,
        identity: Option<&mut Identity>,
    ) -> Result<Self, BuildError> {
        let Batch { builder, reserved, begun } = batch;
        let records = builder.record_count();
        let producer = identity.map(|identity| identity.place(records));
        let bytes = builder.seal(&Seal { codec, producer, ..Seal::default() })?;
        Ok(Self { bytes, records, reserved, begun })
    }

    /// Gives the batch the next sequences of another identity.
    pub(super) fn restamp(&mut self, identity: &mut Identity) {
        let place = identity.place(self.records);
        let mut header = BatchHeader::decode(&self.bytes).expect("it was sealed here");
        header.producer_id = place.id;
        header.producer_epoch = place.epoch;
        header.base_sequence = place.base_sequence;
        self.write(&header);
        header.crc = Crc32c::of(self.bytes.split_at(UNSUMMED_BYTES).1);
        self.write(&header);
    }

    fn write(&mut self, header: &BatchHeader) {
        let place = self.bytes.first_chunk_mut().expect("a batch has a header");
        *place = header.encode();
    }
}

#[cfg(test)]
mod tests {
    use record::{BatchBuilder, BatchView, NewRecord, Timestamp};

    use super::*;

    fn identity(id: i64) -> Identity {
        Identity { id: ProducerId(id), epoch: ProducerEpoch(0), next: Sequence(0) }
    }

    fn batch(records: i32) -> Batch {
        let mut builder = BatchBuilder::new();
        for _ in 0..records {
            let value = Some(&b"value"[..]);
            let record = NewRecord { timestamp: Timestamp(1), key: None, value, headers: &[] };
            builder.append(&record).unwrap();
        }
        Batch { builder, reserved: 1, begun: Instant::default() }
    }

    #[test]
    fn sequences_go_on_from_batch_to_batch() {
        let mut identity = identity(9);
        let sequences: Vec<_> = [3, 2, 1]
            .into_iter()
            .map(|records| {
                let sealed = SealedBatch::seal(batch(records), Codec::Lz4, Some(&mut identity));
                BatchHeader::decode(&sealed.unwrap().bytes).unwrap().base_sequence
            })
            .collect();
        assert_eq!(sequences, [Sequence(0), Sequence(3), Sequence(5)]);
        assert_eq!(identity.next, Sequence(6));
    }

    #[test]
    fn a_batch_with_another_identity_is_valid_and_otherwise_the_same() {
        let mut first = identity(9);
        let mut sealed = SealedBatch::seal(batch(3), Codec::Zstd, Some(&mut first)).unwrap();
        let before = BatchHeader::decode(&sealed.bytes).unwrap();
        let mut second = Identity { next: Sequence(7), ..identity(10) };
        sealed.restamp(&mut second);
        let (view, rest) = BatchView::parse(&sealed.bytes).unwrap();
        assert!(rest.is_empty() && view.crc_is_valid());
        let after = view.header().decode();
        assert_eq!((after.producer_id, after.base_sequence), (ProducerId(10), Sequence(7)));
        assert_eq!((second.next, after.record_count), (Sequence(10), before.record_count));
        assert_eq!(after.attributes, before.attributes);
    }

    #[test]
    fn without_an_identity_there_are_no_sequences() {
        let sealed = SealedBatch::seal(batch(1), Codec::None, None).unwrap();
        let header = BatchHeader::decode(&sealed.bytes).unwrap();
        assert_eq!((header.producer_id, header.base_sequence), (ProducerId::NONE, Sequence::NONE));
    }
}
