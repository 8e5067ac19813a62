//! The administrative requests that change nothing: what there is to configure, how much the
//! directory holds, which producers are known, elections that nobody needs, and replicas that have
//! one place only.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod support;

use kafka_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use kafka_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_producers_response::ProducerState;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::describe_quorum_response;
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::list_partition_reassignments_request as listing;
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterReplicaLogDirsRequest, BrokerId,
    DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeProducersRequest,
    DescribeQuorumRequest, DescribeQuorumResponse, ElectLeadersRequest, ElectLeadersResponse,
    ListConfigResourcesRequest, ListPartitionReassignmentsRequest,
};
use kafka_protocol::protocol::StrBytes;
use support::batch::{self, Identity};
use support::broker::{Broker, Setup, Site};
use support::configs::{Change, Resource};
use support::connection::Connection;
use support::produce::{Partition, code, topic_name};
use support::topics::Blueprint;
use support::values::values;

const INVALID_TOPIC: i16 = 17;
const UNSUPPORTED_VERSION: i16 = 35;
const INVALID_REPLICA_ASSIGNMENT: i16 = 39;
const INVALID_REQUEST: i16 = 42;
const LOG_DIR_NOT_FOUND: i16 = 57;
const ELECTION_NOT_NEEDED: i16 = 84;
const NO_REASSIGNMENT_IN_PROGRESS: i16 = 85;

/// A broker of two shards with the topics `a` and `b` of three partitions each.
fn start(site: &mut Site) -> (Broker, Connection) {
    let (broker, _) = site.start(&Setup { shards: 2, ..Setup::small() });
    let mut connection = broker.connect();
    for topic in ["a", "b"] {
        let created = connection.create_topic(&Blueprint::new(topic, 3, &[])).unwrap();
        assert_eq!(created, code::NONE);
    }
    (broker, connection)
}

/// Error codes by topic and partition.
fn elected(answer: ElectLeadersResponse) -> Vec<(String, Vec<(i32, i16)>)> {
    let topics = answer.replica_election_results.into_iter().map(|topic| {
        let partitions = topic.partition_result.into_iter();
        let partitions = partitions.map(|part| (part.partition_id, part.error_code));
        (topic.topic.0.to_string(), partitions.collect())
    });
    topics.collect()
}

#[test]
fn no_election_is_needed() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let asked = [("a", vec![0, 2, 3]), ("no", vec![0])].map(|(topic, partitions)| {
        TopicPartitions::default().with_topic(topic_name(topic)).with_partitions(partitions)
    });
    let request = ElectLeadersRequest::default().with_topic_partitions(Some(asked.to_vec()));
    for (version, election_type) in [(0, 0), (1, 1), (2, 0)] {
        let request = request.clone().with_election_type(election_type);
        let answer = connection.call(&request, version).unwrap();
        assert_eq!(answer.error_code, code::NONE);
        let unknown = code::UNKNOWN_TOPIC_OR_PARTITION;
        let a = vec![(0, ELECTION_NOT_NEEDED), (2, ELECTION_NOT_NEEDED), (3, unknown)];
        let expected = [("a".to_owned(), a), ("no".to_owned(), vec![(0, unknown)])];
        assert_eq!(elected(answer), expected);
    }
    let everywhere = ElectLeadersRequest::default().with_topic_partitions(None);
    let answer = connection.call(&everywhere, 2).unwrap();
    assert_eq!(elected(answer), [("a".to_owned(), vec![]), ("b".to_owned(), vec![])]);
    let answer = connection.call(&request.with_election_type(2), 2).unwrap();
    assert_eq!((answer.error_code, elected(answer)), (INVALID_REQUEST, vec![]));
    broker.stop();
}

/// Sizes by topic and partition.
fn sizes(answer: &DescribeLogDirsResponse) -> Vec<(String, Vec<(i32, i64)>)> {
    assert_eq!(answer.error_code, code::NONE);
    let [directory] = &answer.results[..] else { panic!("one directory: {answer:?}") };
    assert_eq!(directory.error_code, code::NONE);
    let topics = directory.topics.iter().map(|topic| {
        let mut partitions: Vec<_> = topic
            .partitions
            .iter()
            .map(|part| {
                assert_eq!((part.offset_lag, part.is_future_key), (0, false));
                (part.partition_index, part.partition_size)
            })
            .collect();
        partitions.sort_unstable();
        (topic.name.0.to_string(), partitions)
    });
    topics.collect()
}

#[test]
fn the_directory_and_what_it_holds() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let batch = batch::encode(values(0, 10, 100), None);
    let len = i64::try_from(batch.len()).unwrap();
    for index in [0, 1, 1] {
        let produced = connection.produce(&Partition::new("a", index), batch.clone()).unwrap();
        assert_eq!(produced.error_code, code::NONE);
    }
    let all = DescribeLogDirsRequest::default().with_topics(None);
    let a = ("a".to_owned(), vec![(0, len), (1, 2 * len), (2, 0)]);
    let b = ("b".to_owned(), vec![(0, 0), (1, 0), (2, 0)]);
    for version in 1..=4 {
        let answer = connection.call(&all, version).unwrap();
        let directory = &answer.results[0];
        let path = std::fs::canonicalize(directory.log_dir.to_string()).unwrap();
        assert_eq!(path, std::fs::canonicalize(site.data()).unwrap());
        if version >= 4 {
            assert!(directory.total_bytes >= directory.usable_bytes && directory.usable_bytes > 0);
        }
        assert_eq!(sizes(&answer), [a.clone(), b.clone()]);
    }
    let asked = [("a", vec![1, 1, 9]), ("no", vec![0])].map(|(topic, partitions)| {
        DescribableLogDirTopic::default().with_topic(topic_name(topic)).with_partitions(partitions)
    });
    let some = DescribeLogDirsRequest::default().with_topics(Some(asked.to_vec()));
    let answer = connection.call(&some, 4).unwrap();
    assert_eq!(sizes(&answer), [("a".to_owned(), vec![(1, 2 * len)])]);
    let none = DescribeLogDirsRequest::default().with_topics(Some(Vec::new()));
    assert_eq!(sizes(&connection.call(&none, 4).unwrap()), []);
    broker.stop();
}

/// What has configurations, in version 1: kinds and names.
fn listed(connection: &mut Connection, kinds: &[i8]) -> Result<Vec<(i8, String)>, i16> {
    let request = ListConfigResourcesRequest::default().with_resource_types(kinds.to_vec());
    let answer = connection.call(&request, 1).unwrap();
    if answer.error_code != code::NONE {
        assert!(answer.config_resources.is_empty());
        return Err(answer.error_code);
    }
    let listed = answer.config_resources.into_iter();
    Ok(listed.map(|one| (one.resource_type, one.resource_name.to_string())).collect())
}

#[test]
fn what_has_configurations() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let session = Change::Set("consumer.session.timeout.ms", "50000");
    for group in ["h", "g"] {
        connection.alter(&Resource::group(group), &[session]).unwrap();
    }
    let owned = |pairs: &[(i8, &str)]| -> Vec<(i8, String)> {
        pairs.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect()
    };
    let everything = owned(&[(32, "g"), (32, "h"), (4, "1"), (2, "a"), (2, "b")]);
    assert_eq!(listed(&mut connection, &[]), Ok(everything));
    assert_eq!(listed(&mut connection, &[2]), Ok(owned(&[(2, "a"), (2, "b")])));
    assert_eq!(listed(&mut connection, &[4, 16]), Ok(owned(&[(4, "1")])));
    assert_eq!(listed(&mut connection, &[2, 3]), Err(UNSUPPORTED_VERSION));
    let answer = connection.call(&ListConfigResourcesRequest::default(), 0).unwrap();
    assert_eq!((answer.error_code, answer.config_resources), (code::NONE, vec![]));
    broker.stop();
}

/// What is said of each partition asked about: an error, or the producers.
fn producers(
    connection: &mut Connection,
    asked: &[(&str, &[i32])],
) -> Vec<Result<Vec<ProducerState>, i16>> {
    let topics = asked.iter().map(|(topic, partitions)| {
        TopicRequest::default()
            .with_name(topic_name(topic))
            .with_partition_indexes(partitions.to_vec())
    });
    let request = DescribeProducersRequest::default().with_topics(topics.collect());
    let answer = connection.call(&request, 0).unwrap();
    let partitions = answer.topics.into_iter().flat_map(|topic| topic.partitions);
    partitions
        .map(|part| match part.error_code {
            code::NONE => Ok(part.active_producers),
            error => Err(error),
        })
        .collect()
}

#[test]
fn the_producers_that_a_partition_knows() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let identities: Vec<Identity> =
        (0..2).map(|_| connection.init_producer_id().unwrap()).collect();
    for (index, identity, sequence) in [(0, 0, 0), (0, 1, 0), (0, 0, 10), (1, 1, 0)] {
        let batch = batch::encode(values(0, 10, 50), Some((identities[identity], sequence)));
        let produced = connection.produce(&Partition::new("a", index), batch).unwrap();
        assert_eq!(produced.error_code, code::NONE);
    }
    for restarted in [false, true] {
        let answers = producers(&mut connection, &[("a", &[0, 1, 2])]);
        let known = |states: &Result<Vec<ProducerState>, i16>| -> Vec<(i64, i32)> {
            let states = states.as_ref().unwrap().iter().map(|state| {
                assert_eq!((state.coordinator_epoch, state.current_txn_start_offset), (-1, -1));
                assert_eq!(state.producer_epoch, 0);
                assert!(state.last_timestamp > 1_600_000_000_000, "{state:?}");
                (state.producer_id.0, state.last_sequence)
            });
            states.collect()
        };
        let [first, second] = [identities[0].producer_id, identities[1].producer_id];
        assert_eq!(known(&answers[0]), [(first, 19), (second, 9)], "restarted: {restarted}");
        assert_eq!(known(&answers[1]), [(second, 9)]);
        assert_eq!(known(&answers[2]), []);
        broker.kill();
        (broker, _) = site.start(&Setup { shards: 2, ..Setup::small() });
        connection = broker.connect();
    }
    let unknown = code::UNKNOWN_TOPIC_OR_PARTITION;
    let answers = producers(&mut connection, &[("a", &[3, -1]), ("no", &[0]), ("a b", &[0])]);
    assert_eq!(answers, [Err(unknown), Err(unknown), Err(unknown), Err(INVALID_TOPIC)]);
    let answers = producers(&mut connection, &[("a", &[0, 1]), ("a", &[0])]);
    assert_eq!(answers[0], Err(INVALID_REQUEST), "asked about twice");
    assert!(answers[1].is_ok() && answers[2] == Err(INVALID_REQUEST));
    broker.stop();
}

/// A directory, and replicas that are to be in it.
fn directory(path: &str, replicas: &[(&str, &[i32])]) -> AlterReplicaLogDir {
    let topics = replicas.iter().map(|(topic, partitions)| {
        AlterReplicaLogDirTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(partitions.to_vec())
    });
    AlterReplicaLogDir::default()
        .with_path(StrBytes::from_string(path.to_owned()))
        .with_topics(topics.collect())
}

#[test]
fn replicas_are_in_the_one_directory_and_go_to_no_other() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let all = DescribeLogDirsRequest::default().with_topics(None);
    let path = connection.call(&all, 4).unwrap().results[0].log_dir.to_string();
    let elsewhere = format!("{path}-2");
    // The last directory counts for replica 1 of `a`.
    let dirs = vec![
        directory(&elsewhere, &[("a", &[1]), ("b", &[0]), ("no", &[1])]),
        directory(&path, &[("no", &[0]), ("a", &[2, 1, 0, 3, 0])]),
        directory("", &[("b", &[2])]),
    ];
    let request = AlterReplicaLogDirsRequest::default().with_dirs(dirs);
    let unknown = code::UNKNOWN_TOPIC_OR_PARTITION;
    for version in 1..=2 {
        let answer = connection.call(&request, version).unwrap();
        let results = answer.results.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter();
            let partitions = partitions.map(|part| (part.partition_index, part.error_code));
            (topic.topic_name.0.to_string(), partitions.collect::<Vec<_>>())
        });
        let a = vec![(0, code::NONE), (1, code::NONE), (2, code::NONE), (3, unknown)];
        let b = vec![(0, LOG_DIR_NOT_FOUND), (2, LOG_DIR_NOT_FOUND)];
        let no = vec![(0, unknown), (1, LOG_DIR_NOT_FOUND)];
        let expected = [("a".to_owned(), a), ("b".to_owned(), b), ("no".to_owned(), no)];
        assert_eq!(results.collect::<Vec<_>>(), expected);
    }
    broker.stop();
}

#[test]
fn partitions_are_on_the_one_node_and_none_is_being_reassigned() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let on = |partition, replicas: Option<&[i32]>| {
        let replicas = replicas.map(|nodes| nodes.iter().copied().map(BrokerId).collect());
        ReassignablePartition::default().with_partition_index(partition).with_replicas(replicas)
    };
    let a = vec![on(0, Some(&[1])), on(1, None), on(2, Some(&[1, 2])), on(3, Some(&[1]))];
    let topics = [("a", a), ("no", vec![on(0, None)])].map(|(topic, partitions)| {
        ReassignableTopic::default().with_name(topic_name(topic)).with_partitions(partitions)
    });
    let request = AlterPartitionReassignmentsRequest::default().with_topics(topics.to_vec());
    for (version, growing) in [(0, true), (1, true), (1, false)] {
        let request = request.clone().with_allow_replication_factor_change(growing);
        let answer = connection.call(&request, version).unwrap();
        assert_eq!((answer.error_code, answer.error_message), (code::NONE, None));
        assert_eq!(answer.allow_replication_factor_change, growing);
        let [a, no] = &answer.responses[..] else { panic!("two topics") };
        assert_eq!((&*a.name.0, &*no.name.0), ("a", "no"));
        let codes: Vec<_> =
            a.partitions.iter().map(|part| (part.partition_index, part.error_code)).collect();
        let unknown = code::UNKNOWN_TOPIC_OR_PARTITION;
        let expected = [
            (0, code::NONE),
            (1, NO_REASSIGNMENT_IN_PROGRESS),
            (2, INVALID_REPLICA_ASSIGNMENT),
            (3, unknown),
        ];
        assert_eq!(codes, expected);
        assert_eq!(a.partitions[0].error_message, None);
        let words = "The manual partition assignment includes broker 2, but no such broker is \
                     registered.";
        assert_eq!(a.partitions[2].error_message.as_deref(), Some(words));
        assert_eq!(no.partitions[0].error_code, unknown);
    }
    let asked = ["a", "no"].map(|topic| {
        listing::ListPartitionReassignmentsTopics::default()
            .with_name(topic_name(topic))
            .with_partition_indexes(vec![0, 9])
    });
    for topics in [None, Some(asked.to_vec())] {
        let request = ListPartitionReassignmentsRequest::default().with_topics(topics);
        let answer = connection.call(&request, 0).unwrap();
        assert_eq!((answer.error_code, answer.error_message), (code::NONE, None));
        assert_eq!(answer.topics, []);
    }
    broker.stop();
}

fn quorums(connection: &mut Connection, asked: &[(&str, &[i32])], version: i16) -> Quorums {
    let topics = asked.iter().map(|(topic, partitions)| {
        let partitions = partitions.iter().copied();
        let partitions = partitions.map(|part| PartitionData::default().with_partition_index(part));
        TopicData::default()
            .with_topic_name(topic_name(topic))
            .with_partitions(partitions.collect())
    });
    let request = DescribeQuorumRequest::default().with_topics(topics.collect());
    let answer = connection.call(&request, version).unwrap();
    assert_eq!(answer.error_code, code::NONE);
    let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions).cloned();
    Quorums { partitions: partitions.collect(), answer }
}

/// An answer, and its partitions whatever their topic.
struct Quorums {
    answer: DescribeQuorumResponse,
    partitions: Vec<describe_quorum_response::PartitionData>,
}

#[test]
fn the_metadata_has_one_voter_which_leads() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let name = "__cluster_metadata";
    let metadata = [(name, &[0][..])];
    let mut before = 0;
    for restarted in [false, true] {
        for version in 0..=2 {
            let Quorums { answer, partitions } = quorums(&mut connection, &metadata, version);
            assert_eq!(&*answer.topics[0].topic_name.0, name);
            let [partition] = &partitions[..] else { panic!("one partition: {partitions:?}") };
            assert_eq!((partition.partition_index, partition.error_code), (0, code::NONE));
            assert_eq!((partition.leader_id.0, partition.leader_epoch >= 0), (1, true));
            assert!(partition.high_watermark >= before, "restarted: {restarted}");
            before = partition.high_watermark;
            assert_eq!(partition.observers, []);
            let [voter] = &partition.current_voters[..] else { panic!("one voter") };
            assert_eq!(voter.replica_id.0, 1);
            assert!(voter.log_end_offset >= partition.high_watermark);
            let times = [voter.last_fetch_timestamp, voter.last_caught_up_timestamp];
            let known = times.map(|time| time > 1_600_000_000_000);
            assert_eq!(known, [version >= 1; 2]);
            let nodes: Vec<_> = answer.nodes.iter().map(|node| node.node_id.0).collect();
            assert_eq!(nodes, if version >= 2 { vec![1] } else { vec![] });
            for listener in answer.nodes.iter().flat_map(|node| &node.listeners) {
                assert_eq!(&*listener.name, "PLAINTEXT");
                let address = format!("{}:{}", listener.host, listener.port);
                assert_eq!(address, broker.kafka().to_string());
            }
        }
        // Two topics were created: at least as many events.
        assert!(before >= 2, "{before}");
        let created = connection.create_topic(&Blueprint::new(&format!("c-{restarted}"), 1, &[]));
        assert_eq!(created.unwrap(), code::NONE);
        let after = quorums(&mut connection, &metadata, 2).partitions[0].high_watermark;
        assert!(after > before, "a topic was created");
        broker.kill();
        (broker, _) = site.start(&Setup { shards: 2, ..Setup::small() });
        connection = broker.connect();
    }
    let refused: [&[(&str, &[i32])]; 3] =
        [&[("a", &[0, 1])], &[(name, &[0]), ("a", &[0])], &[(name, &[1])]];
    for others in refused {
        let Quorums { answer, partitions } = quorums(&mut connection, others, 2);
        let asked: usize = others.iter().map(|(_, partitions)| partitions.len()).sum();
        assert_eq!((partitions.len(), answer.nodes), (asked, vec![]));
        for partition in partitions {
            assert_eq!(partition.error_code, code::UNKNOWN_TOPIC_OR_PARTITION);
            assert_eq!(partition.current_voters, []);
        }
    }
    broker.stop();
}
