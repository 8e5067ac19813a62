//! Connections that drift to the shard that owns their data: no client notices.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod support;

use support::batch;
use support::broker::{Broker, Setup, Site};
use support::connection::Connection;
use support::fetch::Appetite;
use support::metrics::Metrics;
use support::payload::Mark;
use support::produce::{Partition, code};
use support::topics::Blueprint;

const PARTITIONS: i32 = 6;
const IN_FLIGHT: usize = 5;
const APPETITE: Appetite = Appetite { bytes_max: 1 << 20, wait_ms: 0 };

fn start(site: &mut Site) -> (Broker, Connection) {
    let (broker, _) = site.start(&Setup::new(
        2,
        &[
            ("journal.file.bytes", "16MiB"),
            ("journal.files", "4"),
            ("socket.request.max.bytes", "8MiB"),
        ],
    ));
    let mut connection = Connection::open(broker.kafka()).unwrap();
    connection.create_topic(&Blueprint::new("t", PARTITIONS, &[])).unwrap();
    (broker, connection)
}

fn moved(broker: &Broker) -> u64 {
    Metrics::scrape(broker.http()).sum("tidemill_connections_moved_total", "")
}

fn value(counter: u64, len: usize) -> Vec<u8> {
    Mark { producer: 0, log: 0, counter }.write(len)
}

#[test]
fn a_client_that_asks_one_thing_after_the_other_moves_unnoticed() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    for index in (0..PARTITIONS).cycle().take(30) {
        let partition = Partition::new("t", index);
        let start = connection.latest(&partition).unwrap();
        for counter in 0..40 {
            let bytes = batch::encode([value(counter, 500)], None);
            let outcome = connection.produce(&partition, bytes).unwrap();
            assert_eq!(outcome.error_code, code::NONE);
            let fetched = connection.fetch(&partition, outcome.base_offset, APPETITE).unwrap();
            assert_eq!(fetched.records.len(), 1);
        }
        assert_eq!(connection.latest(&partition).unwrap(), start + 40);
    }
    println!("moved {} times", moved(&broker));
    assert!(moved(&broker) > 0, "it drifts");
    broker.stop();
}

/// Frames of both sizes: small ones and such that are received into a buffer of their own.
#[test]
fn a_client_that_keeps_requests_in_flight_loses_none_of_them() {
    let mut site = Site::new();
    let (mut broker, _) = start(&mut site);
    for len in [300, 90_000] {
        let mut connection = Connection::open(broker.kafka()).unwrap();
        for index in 0..PARTITIONS {
            let partition = Partition::new("t", index);
            let mut next = None;
            for counter in 0..120 {
                let bytes = batch::encode([value(counter, len)], None);
                connection.send_produce(&[(partition.clone(), bytes)]).unwrap();
                if connection.in_flight() >= IN_FLIGHT {
                    next = Some(take_answer(&mut connection, next));
                }
            }
            while connection.in_flight() > 0 {
                next = Some(take_answer(&mut connection, next));
            }
        }
    }
    println!("moved {} times", moved(&broker));
    assert!(moved(&broker) > 0, "it drifts");
    broker.stop();
}

/// The offset behind an answer's, which must be the one that is due.
fn take_answer(connection: &mut Connection, due: Option<i64>) -> i64 {
    let outcome = connection.receive_produce().unwrap().pop().unwrap();
    assert_eq!(outcome.error_code, code::NONE);
    assert!(due.is_none_or(|due| due == outcome.base_offset), "{outcome:?}, {due:?} is due");
    outcome.base_offset + 1
}
