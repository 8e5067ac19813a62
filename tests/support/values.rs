//! Logs of numbered values: written in order, and read back whole.

use super::batch;
use super::connection::Connection;
use super::fetch::Appetite;
use super::produce::{Partition, code};

const APPETITE: Appetite = Appetite { bytes_max: 1 << 20, wait_ms: 0 };

/// Values that are told apart: `count` of `len` bytes, from number `from` on.
pub(crate) fn values(from: usize, count: usize, len: usize) -> Vec<Vec<u8>> {
    (from..from + count).map(|number| format!("{number:0>len$}").into_bytes()).collect()
}

/// The connection must hold; what is refused is told by its error code.
impl Connection {
    /// Produces values as one batch; its base offset.
    pub(crate) fn append(
        &mut self,
        partition: &Partition,
        values: Vec<Vec<u8>>,
    ) -> Result<usize, i16> {
        let outcome = self.produce(partition, batch::encode(values, None));
        let outcome = outcome.expect("an answer to Produce");
        if outcome.error_code != code::NONE {
            return Err(outcome.error_code);
        }
        Ok(usize::try_from(outcome.base_offset).expect("an offset"))
    }

    /// Reads a log from its offset 0 to its end.
    pub(crate) fn read_all(&mut self, partition: &Partition) -> Result<Vec<Vec<u8>>, i16> {
        let (mut values, mut offset) = (Vec::new(), 0);
        loop {
            let fetched = self.fetch(partition, offset, APPETITE).expect("an answer to Fetch");
            if fetched.error_code != code::NONE {
                return Err(fetched.error_code);
            }
            let Some(last) = fetched.records.last() else {
                assert_eq!(offset, fetched.high_watermark, "a reader is never stuck");
                return Ok(values);
            };
            offset = last.offset + 1;
            let read = fetched.records.into_iter();
            values.extend(read.map(|record| record.value.expect("it has a value").to_vec()));
        }
    }
}
