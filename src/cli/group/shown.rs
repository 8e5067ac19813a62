//! A group as `tidemill group describe` shows it: to a person, or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use net::client::{GroupDescription, GroupMember, GroupProtocol, TopicPartitions};
use serde::Serialize;

use super::lag::{PartitionLag, Progress};
use crate::cli::table::{Table, printable};

/// For a person: a line about the group, its partitions, and its members if they are wanted.
pub(super) fn text(progress: &Progress, with_members: bool) -> String {
    let (group, partitions) = (&progress.group, progress.partitions());
    let mut text = format!("{}\n  {}\n", printable(&group.name), summary(group, &partitions));
    if !partitions.is_empty() {
        push_indented(&mut text, &partition_table(&partitions));
    }
    if with_members && !group.members.is_empty() {
        push_indented(&mut text, &member_table(&group.members));
    }
    text
}

fn push_indented(text: &mut String, table: &str) {
    for line in table.lines() {
        writeln!(text, "  {line}").expect("writing to a String does not fail");
    }
}

fn summary(group: &GroupDescription, partitions: &[PartitionLag<'_>]) -> String {
    let mut parts = vec![format!("state {}", printable(&group.state))];
    match &group.protocol {
        GroupProtocol::Classic { protocol_type, protocol } => {
            parts.push("type classic".to_owned());
            let told = [("protocol type", protocol_type), ("assignor", protocol)].into_iter();
            let told = told.filter(|(_, value)| !value.is_empty());
            parts.extend(told.map(|(name, value)| format!("{name} {}", printable(value))));
        }
        GroupProtocol::Consumer { epoch, assignment_epoch, assignor } => {
            parts.push("type consumer".to_owned());
            parts.push(format!("assignor {}", printable(assignor)));
            parts.push(format!("epoch {} (assigned: {})", epoch.0, assignment_epoch.0));
        }
    }
    parts.push(members(group.members.len()));
    parts.push(lag(partitions));
    parts.join(", ")
}

/// How many members there are, in words.
pub(super) fn members(count: usize) -> String {
    match count {
        0 => "no members".to_owned(),
        1 => "1 member".to_owned(),
        count => format!("{count} members"),
    }
}

fn lag(partitions: &[PartitionLag<'_>]) -> String {
    let unknown = partitions.iter().filter(|partition| partition.lag().is_none()).count();
    match (partitions.len(), unknown) {
        (0, _) => "no offsets".to_owned(),
        (_, 0) => format!("lag {}", total(partitions)),
        (_, unknown) => format!("lag {}, and of {unknown} unknown", total(partitions)),
    }
}

fn total(partitions: &[PartitionLag<'_>]) -> i64 {
    partitions.iter().filter_map(PartitionLag::lag).fold(0, i64::saturating_add)
}

fn partition_table(partitions: &[PartitionLag<'_>]) -> String {
    let mut table =
        Table::new(["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "CLIENT", "HOST", "MEMBER"]);
    for row in partitions {
        let number = |number: Option<i64>| number.map_or_else(String::new, |it| it.to_string());
        let of_member = |what: fn(&GroupMember) -> &String| {
            row.member.map_or_else(String::new, |member| what(member).clone())
        };
        table.push([
            row.topic.to_owned(),
            row.partition.to_string(),
            number(row.committed.map(|offset| offset.0)),
            number(row.end.map(|offset| offset.0)),
            number(row.lag()),
            of_member(|member| &member.client_id),
            of_member(|member| &member.client_host),
            of_member(|member| &member.id),
        ]);
    }
    table.to_string()
}

fn member_table(members: &[GroupMember]) -> String {
    let mut table = Table::new(["MEMBER", "CLIENT", "HOST", "INSTANCE", "EPOCH", "PARTITIONS"]);
    for member in members {
        table.push([
            member.id.clone(),
            member.client_id.clone(),
            member.client_host.clone(),
            member.instance_id.clone().unwrap_or_default(),
            member.epoch.map_or_else(String::new, |epoch| epoch.0.to_string()),
            member.assignment.as_ref().map_or_else(|| "not readable".to_owned(), assignment),
        ]);
    }
    table.to_string()
}

/// In the form that `--topic` takes.
fn assignment(partitions: &TopicPartitions) -> String {
    let topics = partitions.iter().map(|(topic, partitions)| {
        let list: Vec<_> = partitions.iter().map(ToString::to_string).collect();
        format!("{topic}:{}", list.join(","))
    });
    topics.collect::<Vec<_>>().join(" ")
}

#[derive(Serialize)]
struct JsonGroup<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    group_type: &'static str,
    state: &'a str,
    protocol_type: &'a str,
    assignor: &'a str,
    epoch: Option<i32>,
    assignment_epoch: Option<i32>,
    lag: i64,
    partitions: Vec<JsonPartition<'a>>,
    members: Vec<JsonMember<'a>>,
}

#[derive(Serialize)]
struct JsonPartition<'a> {
    topic: &'a str,
    partition: i32,
    committed: Option<i64>,
    end: Option<i64>,
    lag: Option<i64>,
    member_id: Option<&'a str>,
    client_id: Option<&'a str>,
    host: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonMember<'a> {
    member_id: &'a str,
    instance_id: Option<&'a str>,
    client_id: &'a str,
    host: &'a str,
    epoch: Option<i32>,
    /// By topic; null if it can not be understood.
    partitions: Option<BTreeMap<&'a str, Vec<i32>>>,
}

/// As one JSON object and a line's end. What is not known is null.
pub(super) fn json(progress: &Progress) -> String {
    let (group, partitions) = (&progress.group, progress.partitions());
    let (group_type, protocol_type, assignor, epochs) = match &group.protocol {
        GroupProtocol::Classic { protocol_type, protocol } => {
            ("classic", protocol_type.as_str(), protocol, None)
        }
        GroupProtocol::Consumer { epoch, assignment_epoch, assignor } => {
            ("consumer", "consumer", assignor, Some((epoch.0, assignment_epoch.0)))
        }
    };
    let json = JsonGroup {
        name: &group.name,
        group_type,
        state: &group.state,
        protocol_type,
        assignor,
        epoch: epochs.map(|(epoch, _)| epoch),
        assignment_epoch: epochs.map(|(_, assigned)| assigned),
        lag: total(&partitions),
        partitions: partitions.iter().map(json_partition).collect(),
        members: group.members.iter().map(json_member).collect(),
    };
    serde_json::to_string(&json).expect("plain values can be written as JSON") + "\n"
}

fn json_partition<'a>(row: &PartitionLag<'a>) -> JsonPartition<'a> {
    JsonPartition {
        topic: row.topic,
        partition: row.partition.0,
        committed: row.committed.map(|offset| offset.0),
        end: row.end.map(|offset| offset.0),
        lag: row.lag(),
        member_id: row.member.map(|member| member.id.as_str()),
        client_id: row.member.map(|member| member.client_id.as_str()),
        host: row.member.map(|member| member.client_host.as_str()),
    }
}

fn json_member(member: &GroupMember) -> JsonMember<'_> {
    let partitions = member.assignment.as_ref().map(|assignment| {
        let topics = assignment.iter().map(|(topic, partitions)| {
            (topic.as_str(), partitions.iter().map(|partition| partition.0).collect())
        });
        topics.collect()
    });
    JsonMember {
        member_id: &member.id,
        instance_id: member.instance_id.as_deref(),
        client_id: &member.client_id,
        host: &member.client_host,
        epoch: member.epoch.map(|epoch| epoch.0),
        partitions,
    }
}

#[cfg(test)]
mod tests {
    use net::kafka::group::{GroupEpoch, MemberEpoch};

    use super::super::lag::tests::progress;
    use super::*;

    #[test]
    fn a_group_is_described_in_a_table() {
        assert_eq!(
            text(&progress(), true),
            "g\n  \
             state Stable, type classic, protocol type consumer, assignor range, 1 member, lag 0, \
             and of 2 unknown\n  \
             TOPIC  PARTITION  COMMITTED  END  LAG  CLIENT  HOST       MEMBER\n  \
             gone   0          4          -    -    -       -          -\n  \
             t      0          9          9    0    -       -          -\n  \
             t      1          7          10   3    app     /10.0.0.1  m-1\n  \
             t      2          -          6    -    app     /10.0.0.1  m-1\n  \
             t      3          5          2    -3   -       -          -\n  \
             MEMBER  CLIENT  HOST       INSTANCE  EPOCH  PARTITIONS\n  \
             m-1     app     /10.0.0.1  -         -      t:1,2\n"
        );
    }

    #[test]
    fn epochs_are_those_of_a_consumer_group() {
        let mut progress = progress();
        progress.group.protocol = GroupProtocol::Consumer {
            epoch: GroupEpoch(5),
            assignment_epoch: GroupEpoch(4),
            assignor: "uniform".to_owned(),
        };
        progress.group.members[0].epoch = Some(MemberEpoch(4));
        progress.group.members[0].assignment = None;
        let text = text(&progress, false);
        assert!(
            text.contains("type consumer, assignor uniform, epoch 5 (assigned: 4), "),
            "{text}"
        );
        let json: serde_json::Value = serde_json::from_str(&json(&progress)).unwrap();
        assert_eq!((&json["epoch"], &json["assignment_epoch"]), (&5.into(), &4.into()));
        assert_eq!(json["members"][0]["epoch"], 4);
        assert!(json["members"][0]["partitions"].is_null(), "{json}");
        assert!(json["partitions"][0]["end"].is_null(), "{json}");
    }
}
