//! `tidemill topic describe`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use net::client::{Admin, Client, ClientError, ConfigEntry, ConfigResource, TopicInfo};
use net::kafka::api::list_offsets::{EARLIEST, LATEST};
use net::kafka::config::ConfigSource;
use record::{NodeId, Offset, PartitionIndex};

use crate::cli::bootstrap::{Bootstrap, explain, explain_for};
use crate::cli::failure::Failure;
use crate::cli::output::Output;

/// Writes partitions and configurations of a topic, or of all.
#[derive(clap::Args, Debug)]
pub(super) struct DescribeArgs {
    /// Its name [default: all topics]
    name: Option<String>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: DescribeArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let names = if let Some(name) = arguments.name {
            vec![name]
        } else {
            let cluster = client.describe(None).await.map_err(|error| explain(&error))?;
            cluster.topics.into_keys().collect()
        };
        let mut output = Output::new();
        for (index, name) in names.iter().enumerate() {
            let text = match describe(&client, name).await {
                Ok(text) => text,
                Err(error) => {
                    output.flush()?;
                    return Err(explain_for(&client, error).await);
                }
            };
            if index > 0 {
                output.write(b"\n")?;
            }
            output.write(text.as_bytes())?;
        }
        output.flush()?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn describe(client: &Client, name: &str) -> Result<String, ClientError> {
    let info = client.refresh(name).await?;
    let configs = Admin::new(client.clone()).describe_configs(ConfigResource::Topic(name)).await?;
    // Offsets of what has no leader can not be asked for.
    let led = info.partitions.iter().filter(|partition| partition.leader.0 >= 0);
    let led: Vec<_> = led.map(|partition| partition.index).collect();
    let first = client.offsets(name, &led, EARLIEST).await?;
    let next = client.offsets(name, &led, LATEST).await?;
    Ok(text(name, &info, &configs, &Offsets { first, next }))
}

/// Where each partition begins, and where it ends.
struct Offsets {
    first: BTreeMap<PartitionIndex, Offset>,
    next: BTreeMap<PartitionIndex, Offset>,
}

fn text(name: &str, info: &TopicInfo, configs: &[ConfigEntry], offsets: &Offsets) -> String {
    let mut text = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| {
        writeln!(text, "{line}").expect("writing to a String does not fail");
    };
    let internal = if info.is_internal { ", internal" } else { "" };
    line(format_args!("{name}"));
    line(format_args!("  id {}, {} partitions{internal}", info.id, info.partitions.len()));
    for partition in &info.partitions {
        let index = partition.index;
        let range = match (offsets.first.get(&index), offsets.next.get(&index)) {
            (Some(first), Some(next)) => format!("offsets {first} to {next}"),
            _ => "offline".to_owned(),
        };
        line(format_args!(
            "  partition {index}: leader {}, epoch {}, replicas {}, in sync {}, {range}",
            partition.leader,
            partition.leader_epoch.0,
            list(&partition.replicas),
            list(&partition.in_sync)
        ));
    }
    for config in configs {
        let value = config.value.as_deref().unwrap_or("(secret)");
        line(format_args!("  {} = {value}{}", config.name, origin(config.source)));
    }
    text
}

fn list(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// What is said of a value that is not the default.
fn origin(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::TOPIC => "  (set on the topic)",
        ConfigSource::STATIC_BROKER => "  (set on the broker)",
        ConfigSource::DYNAMIC_BROKER | ConfigSource::DYNAMIC_DEFAULT_BROKER => {
            "  (set on the broker, dynamically)"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use net::client::PartitionInfo;
    use net::kafka::error_code::ErrorCode;
    use record::{LeaderEpoch, TopicId};

    use super::*;

    fn partition(index: i32, leader: i32) -> PartitionInfo {
        PartitionInfo {
            index: PartitionIndex(index),
            code: ErrorCode::NONE,
            leader: NodeId(leader),
            leader_epoch: LeaderEpoch(4),
            replicas: vec![NodeId(1), NodeId(2)],
            in_sync: vec![NodeId(1)],
        }
    }

    #[test]
    fn a_topic_is_described_in_lines() {
        let partitions = vec![partition(0, 1), partition(1, -1)];
        let info =
            TopicInfo { code: ErrorCode::NONE, id: TopicId::NIL, is_internal: false, partitions };
        let config = |name: &str, value: Option<&str>, source| ConfigEntry {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            source,
            default: None,
            read_only: false,
        };
        let configs =
            [config("a", Some("5"), ConfigSource::TOPIC), config("b", None, ConfigSource::DEFAULT)];
        let at = |offset| BTreeMap::from([(PartitionIndex(0), Offset(offset))]);
        let offsets = Offsets { first: at(3), next: at(9) };
        assert_eq!(
            text("t", &info, &configs, &offsets),
            "t\n  id AAAAAAAAAAAAAAAAAAAAAA, 2 partitions\n  \
             partition 0: leader 1, epoch 4, replicas 1,2, in sync 1, offsets 3 to 9\n  \
             partition 1: leader -1, epoch 4, replicas 1,2, in sync 1, offline\n  \
             a = 5  (set on the topic)\n  b = (secret)\n"
        );
    }
}
