//! Each rule broken alone, and what is decided where nothing was said.

use super::*;
use crate::config::{Flag, Sources};

const GIB: u64 = 1 << 30;

fn machine(memory_bytes: u64, cores: usize) -> Machine {
    Machine { memory_bytes, cores: (0..cores).collect(), open_files: 1 << 20 }
}

fn config(settings: &[(&str, &str)]) -> Config {
    let flag = |(name, value): &(&str, &str)| Flag {
        flag: "--set".to_owned(),
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    let flags: Vec<_> = settings.iter().map(flag).collect();
    Config::load(Sources { flags: &flags, ..Sources::default() }).unwrap()
}

fn plan(settings: &[(&str, &str)], machine: &Machine) -> Plan {
    config(settings).plan(machine).unwrap_or_else(|errors| panic!("{errors}"))
}

fn complaint(settings: &[(&str, &str)], machine: &Machine) -> String {
    config(settings).plan(machine).unwrap_err().to_string()
}

#[test]
fn a_default_broker_has_a_shard_on_each_core() {
    let plan = plan(&[], &machine(64 * GIB, 4));
    let cores: Vec<_> = plan.shards.iter().map(|shard| shard.core).collect();
    assert_eq!(cores, [0, 1, 2, 3]);
    assert_eq!(plan.housekeeping, [0, 1, 2, 3]);
    assert_eq!(plan.tail_bytes, 512 << 20);
    assert_eq!(plan.partitions_max, 16_384);
    assert_eq!(plan.segment_files, 1024);
    assert_eq!(plan.connections_max, (1 << 20) - 4096 - 4 * (32 + 16) - 128);
}

#[test]
fn the_default_tail_shrinks_to_a_quarter_of_the_memory() {
    assert_eq!(plan(&[], &machine(4 * GIB, 4)).tail_bytes, 256 << 20);
    assert_eq!(plan(&[], &machine(GIB, 4)).tail_bytes, 64 << 20);
    assert_eq!(
        complaint(&[], &machine(GIB, 5)),
        "5 shards do not fit the memory: a quarter of it is 256MiB, and each needs a tail of \
         64MiB, twice socket.request.max.bytes = 33554432 (the default); \
         set fewer shards or a smaller request"
    );
}

#[test]
fn shards_keep_off_the_housekeeping_core_and_share_when_they_are_many() {
    let with = |settings: &[(&str, &str)], cores| {
        let plan = plan(settings, &machine(64 * GIB, cores));
        let shards: Vec<_> = plan.shards.iter().map(|shard| shard.core).collect();
        (shards, plan.housekeeping)
    };
    assert_eq!(with(&[("housekeeping.core", "0")], 3), (vec![1, 2], vec![0]));
    assert_eq!(with(&[("housekeeping.core", "0")], 1), (vec![0], vec![0]));
    assert_eq!(with(&[("shards", "3")], 2), (vec![0, 1, 0], vec![0, 1]));
    assert_eq!(with(&[("cores", "2-3")], 4), (vec![2, 3], vec![0, 1, 2, 3]));
    assert_eq!(with(&[("cores", "1"), ("shards", "2")], 4).0, [1, 1]);
}

#[test]
fn cores_outside_of_the_affinity_mask_are_refused() {
    let masked = Machine { cores: vec![1, 2, 3, 6], ..machine(64 * GIB, 0) };
    assert_eq!(
        complaint(&[("cores", "3-4")], &masked),
        "cores = 3-4 in --set: core 4 is not among those that this process may use: 1-3,6"
    );
    assert_eq!(
        complaint(&[("housekeeping.core", "0")], &masked),
        "housekeeping.core = 0 in --set: core 0 is not among those that this process may use: 1-3,6"
    );
}

#[test]
fn a_request_is_at_most_half_a_journal_file_and_a_batch_at_most_a_request() {
    let large = machine(64 * GIB, 1);
    assert!(complaint(&[("journal.file.bytes", "32MiB")], &large).starts_with(
        "socket.request.max.bytes = 33554432 (the default) is over half a journal file, \
             which is 16MiB: journal.file.bytes = 32MiB in --set"
    ));
    plan(&[("journal.file.bytes", "32MiB"), ("socket.request.max.bytes", "16MiB")], &large);
    assert_eq!(
        complaint(&[("message.max.bytes", "33554433")], &large),
        "message.max.bytes = 33554433 in --set is more than a request may have: \
         socket.request.max.bytes = 33554432 (the default)"
    );
    assert_eq!(
        complaint(&[("message.max.bytes", "2MiB"), ("log.segment.bytes", "1MiB")], &large),
        "message.max.bytes = 2MiB in --set is more than a segment may have: \
         log.segment.bytes = 1MiB in --set"
    );
    assert_eq!(
        complaint(&[("journal.file.bytes", "67108865")], &large),
        "journal.file.bytes = 67108865 in --set is not a whole number of MiB"
    );
}

#[test]
fn a_tail_that_was_asked_for_must_fit() {
    let small = machine(4 * GIB, 2);
    assert_eq!(plan(&[("tail.bytes", "512MiB")], &small).tail_bytes, 512 << 20);
    assert_eq!(
        complaint(&[("tail.bytes", "513MiB")], &small),
        "tail.bytes = 513MiB in --set for 2 shards is over a quarter of the memory, which is 1GiB"
    );
    assert_eq!(
        complaint(&[("tail.bytes", "63MiB")], &small),
        "tail.bytes = 63MiB in --set is under twice a request's limit: \
         socket.request.max.bytes = 33554432 (the default)"
    );
}

#[test]
fn what_the_machine_can_not_hold_is_refused() {
    let large = machine(64 * GIB, 2);
    assert_eq!(
        complaint(&[("num.partitions", "32769")], &large),
        "num.partitions = 32769 in --set is more than 2 shards hold, which is 32768"
    );
    assert_eq!(
        complaint(&[("default.replication.factor", "2")], &large),
        "default.replication.factor = 2 in --set is more than there are brokers: \
         replication comes later"
    );
    assert_eq!(
        complaint(&[("poll", "spin"), ("shards", "3")], &large),
        "poll = spin in --set needs a core for each shard: 3 shards on 2 cores"
    );
    assert_eq!(
        complaint(&[("http.listen", "127.0.0.1:9092")], &large),
        "listeners = PLAINTEXT://127.0.0.1:9092 (the default) and \
         http.listen = 127.0.0.1:9092 in --set are the same port"
    );
    assert!(complaint(&[("http.listen", ":9092")], &large).contains("are the same port"));
    plan(&[("http.listen", "127.0.0.2:9092")], &large);
    plan(&[("http.listen", "127.0.0.1:0"), ("listen", "127.0.0.1:0")], &large);
}

#[test]
fn open_files_are_shared_out_and_never_promised_twice() {
    let limited = |open_files| Machine { open_files, ..machine(64 * GIB, 2) };
    let tight = plan(&[], &limited(1024));
    assert_eq!(tight.segment_files, 256);
    assert_eq!(u64::from(tight.connections_max), 1024 - 512 - 2 * 48 - 128);
    let message = complaint(&[], &limited(256));
    assert!(message.starts_with("the limit of open files is 256, and 2 shards need 480"));
    plan(&[], &limited(480));
}

const CONSUMER: [(&str, &str, &str); 2] =
    [("session.timeout", "45000", "60000"), ("heartbeat.interval", "5000", "15000")];

#[test]
fn what_holds_for_groups_by_default_is_within_their_limits() {
    let machine = machine(64 * GIB, 2);
    for (what, least, most) in CONSUMER {
        let value = format!("group.consumer.{what}.ms");
        let [min, max] = ["min", "max"].map(|end| format!("group.consumer.{end}.{what}.ms"));
        let refused = |settings: &[(&str, &str)]| complaint(settings, &machine);
        assert_eq!(
            refused(&[(&value, "4999")]),
            format!("{min} = {least} (the default) is more than {value} = 4999 in --set")
        );
        assert_eq!(
            refused(&[(&value, "60001")]),
            format!("{value} = 60001 in --set is more than {max} = {most} (the default)")
        );
        // One mistake is told once, though no value lies between such limits.
        assert_eq!(
            refused(&[(&min, "60001")]),
            format!("{min} = 60001 in --set is more than {max} = {most} (the default)")
        );
        assert_eq!(
            refused(&[(&max, "4999")]),
            format!("{min} = {least} (the default) is more than {max} = 4999 in --set")
        );
    }
    let both = [
        ("group.consumer.min.session.timeout.ms", "6000"),
        ("group.consumer.session.timeout.ms", "6000"),
        ("group.consumer.max.session.timeout.ms", "6000"),
        ("group.consumer.min.heartbeat.interval.ms", "1"),
        ("group.consumer.heartbeat.interval.ms", "5999"),
    ];
    plan(&both, &machine);
}

#[test]
fn sessions_of_classic_groups_have_limits_the_right_way_round() {
    let machine = machine(64 * GIB, 2);
    let (least, most) = ("group.min.session.timeout.ms", "group.max.session.timeout.ms");
    assert_eq!(
        complaint(&[(least, "7000"), (most, "6999")], &machine),
        format!("{least} = 7000 in --set is more than {most} = 6999 in --set")
    );
    plan(&[(least, "7000"), (most, "7000")], &machine);
}

#[test]
fn a_session_outlasts_the_time_between_two_heartbeats() {
    let settings = [
        ("group.consumer.min.session.timeout.ms", "1000"),
        ("group.consumer.session.timeout.ms", "5000"),
    ];
    assert_eq!(
        complaint(&settings, &machine(64 * GIB, 2)),
        "group.consumer.session.timeout.ms = 5000 in --set is not more than \
         group.consumer.heartbeat.interval.ms = 5000 (the default)"
    );
}

#[test]
fn every_clash_is_found() {
    let settings = [("tail.bytes", "63MiB"), ("default.replication.factor", "3"), ("cores", "9")];
    assert_eq!(complaint(&settings, &machine(64 * GIB, 2)).lines().count(), 3);
}
