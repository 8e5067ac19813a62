//! What the members process: records that say which they are, produced all the while.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::member::{TOPIC, connect};
use crate::support::batch;
use crate::support::connection::Connection;
use crate::support::payload::Mark;
use crate::support::produce::{Partition, code};
use crate::support::random::Random;

/// Partitions that one request writes to.
const PARTITIONS_TOGETHER: usize = 10;
/// Records of one batch, at most.
const RECORDS_MAX: u64 = 6;
const VALUE_BYTES: usize = 64;

/// A thread that produces until it is told to stop.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<i64>>,
}

impl Load {
    /// Starts it. Of a broker that may die it knows what was acknowledged, and asks for the rest.
    pub(crate) fn start(
        broker: SocketAddr,
        partitions: i32,
        random: Random,
        broker_dies: bool,
    ) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut ends = vec![0; usize::try_from(partitions).expect("a count")];
            let mut random = random;
            let mut connection = connect(broker, broker_dies);
            while !stop.load(Ordering::Acquire) {
                let mut outcome = produce(&mut connection, &mut ends, &mut random);
                while let Err(error) = outcome {
                    assert!(broker_dies, "{error}");
                    connection = connect(broker, broker_dies);
                    outcome = look_at_ends(&mut connection, &mut ends);
                }
            }
            ends
        });
        Self { is_over, thread }
    }

    /// The ends of all logs.
    pub(crate) fn stop(self) -> Vec<i64> {
        self.is_over.store(true, Ordering::Release);
        self.thread.join().expect("every record was acknowledged")
    }
}

/// Produces one request; `ends` says what was acknowledged.
fn produce(connection: &mut Connection, ends: &mut [i64], random: &mut Random) -> io::Result<()> {
    let mut batches = Vec::new();
    let mut added = Vec::new();
    let first = random.index(ends.len());
    for step in 0..PARTITIONS_TOGETHER {
        let index = (first + step * 7) % ends.len();
        let partition = Partition::new(TOPIC, i32::try_from(index).expect("few partitions"));
        if batches.iter().any(|(there, _)| *there == partition) {
            continue;
        }
        let count = i64::try_from(random.range(1, RECORDS_MAX + 1)).expect("few");
        let values = (ends[index]..ends[index] + count).map(|offset| {
            let (log, counter) = (u32::try_from(index), u64::try_from(offset));
            let mark = Mark {
                producer: 0,
                log: log.expect("few partitions"),
                counter: counter.expect("an offset"),
            };
            mark.write(VALUE_BYTES)
        });
        let batch = batch::encode(values, None);
        batches.push((partition, batch));
        added.push((index, count));
    }
    connection.send_produce(&batches)?;
    for outcome in connection.receive_produce()? {
        assert_eq!(outcome.error_code, code::NONE, "{outcome:?}");
    }
    for (index, count) in added {
        ends[index] += count;
    }
    Ok(())
}

/// What became of a request that was not answered: each batch of it is there whole, or not at all.
fn look_at_ends(connection: &mut Connection, ends: &mut [i64]) -> io::Result<()> {
    for (index, end) in (0..).zip(ends) {
        let found = connection.latest(&Partition::new(TOPIC, index))?;
        let most = *end + i64::try_from(RECORDS_MAX).expect("few");
        assert!((*end..=most).contains(&found), "partition {index} ends at {found}, not {end}");
        *end = found;
    }
    Ok(())
}
