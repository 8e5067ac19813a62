//! `tidemill group reset-offsets`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use net::client::{Client, ClientError, Groups, TopicOffsets, TopicPartitions};
use net::kafka::api::list_offsets::{EARLIEST, LATEST};
use net::kafka::error_code::ErrorCode;
use record::{Offset, PartitionIndex, Timestamp};

use super::changes::{self, Change};
use super::explain::{explain_for_group, stop_members};
use super::selection::{Selection, resolve};
use super::shown;
use super::target::{Known, Target};
use crate::cli::bootstrap::{Bootstrap, explain_for};
use crate::cli::failure::Failure;
use crate::cli::table::printable;
use crate::cli::time::Moment;

/// A group that can be reset has no members, and so is in one of these states.
const IDLE: [&str; 2] = ["Empty", "Dead"];

/// Sets the offsets at which a group without members goes on.
#[derive(clap::Args, Debug)]
#[command(group(
    clap::ArgGroup::new("which").required(true).args(["selections", "all_topics"])
))]
pub(super) struct ResetArgs {
    /// The group
    group: String,
    /// A topic, or some of its partitions; may be repeated
    #[arg(long = "topic", value_name = "TOPIC[:P,P...]")]
    selections: Vec<Selection>,
    /// All partitions that the group has committed an offset of
    #[arg(long)]
    all_topics: bool,
    #[command(flatten)]
    place: Place,
    /// Make the group if there is none of this name
    #[arg(long)]
    create: bool,
    /// Only write what would be changed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Where to: one of them.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
struct Place {
    /// To the first record that there is
    #[arg(long)]
    to_earliest: bool,
    /// Behind the last record
    #[arg(long)]
    to_latest: bool,
    /// To this offset
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    to_offset: Option<i64>,
    /// To the first record that is not older than a time such as 2026-11-21T09:30:00Z, a time ago
    /// such as -10m, or @ and milliseconds since 1970
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to_time: Option<Moment>,
    /// So many records on from what is committed, back if it is below zero
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    shift_by: Option<i64>,
}

/// Runs the command.
pub(super) fn run(arguments: ResetArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(|client| async move { reset(&client, &arguments).await })
}

async fn reset(client: &Client, arguments: &ResetArgs) -> Result<ExitCode, Failure> {
    let group = &arguments.group;
    let groups = Groups::new(client.clone());
    check_idle(client, arguments).await?;
    let committed = match groups.committed(group).await {
        Ok(committed) => committed,
        Err(error) => return Err(explain_for_group(client, group, error).await),
    };
    let changes = match plan(client, arguments, &committed).await {
        Ok(changes) => changes,
        Err(error) => return Err(explain_for(client, error).await),
    };
    let mut offsets = TopicOffsets::new();
    for change in &changes {
        if let Some(offset) = change.after {
            let of_topic = offsets.entry(change.topic.clone()).or_default();
            of_topic.insert(change.partition, offset);
        }
    }
    let count: usize = offsets.values().map(BTreeMap::len).sum();
    let group_name = printable(group);
    if count == 0 {
        let failure = Failure::new(format_args!(
            "group '{group_name}' has committed no offset of what is to be reset"
        ));
        return Err(failure.hint(
            "name topics with --topic, and where to with --to-earliest, --to-latest, --to-offset \
             or --to-time",
        ));
    }
    if !arguments.dry_run
        && let Err(error) = groups.commit(group, &offsets).await
    {
        return Err(explain_for_group(client, group, error).await);
    }
    let done = format!("reset {} of {group_name}", changes::offsets(count));
    changes::print(&changes, &done, arguments.dry_run)
}

/// Whether the group is there, or may be made, and has no members: a reset would be undone by what
/// they commit next. The broker refuses one that joins in between.
async fn check_idle(client: &Client, arguments: &ResetArgs) -> Result<(), Failure> {
    let group = &arguments.group;
    let description = match Groups::new(client.clone()).describe(group).await {
        Ok(description) => description,
        Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) && arguments.create => {
            return Ok(());
        }
        Err(error) => return Err(explain_for_group(client, group, error).await),
    };
    let state = description.state.as_str();
    if description.members.is_empty() && IDLE.contains(&state) {
        return Ok(());
    }
    let (name, members) = (printable(group), shown::members(description.members.len()));
    let failure = Failure::new(format_args!(
        "group '{name}' is in use and can not be reset: {}, {members}",
        printable(state)
    ));
    Err(failure.hint(stop_members(&name)))
}

/// What becomes of each partition; one that is left alone has nothing committed.
async fn plan(
    client: &Client,
    arguments: &ResetArgs,
    committed: &TopicOffsets,
) -> Result<Vec<Change>, ClientError> {
    let partitions = if arguments.all_topics {
        let topics = committed.iter();
        topics.map(|(topic, offsets)| (topic.clone(), offsets.keys().copied().collect())).collect()
    } else {
        resolve(client, &arguments.selections).await?
    };
    let (target, time) = arguments.place.target(client.runtime().wall_millis());
    let mut changes = Vec::new();
    for (topic, known) in known(client, &partitions, committed, time).await? {
        changes.extend(known.into_iter().map(|(partition, known)| {
            let moved = target.of(known);
            Change {
                topic: topic.clone(),
                partition,
                before: known.committed,
                after: moved.to,
                note: moved.note,
            }
        }));
    }
    Ok(changes)
}

type KnownPartitions = Vec<(PartitionIndex, Known)>;

/// What logs and group say of the partitions, in order.
async fn known(
    client: &Client,
    partitions: &TopicPartitions,
    committed: &TopicOffsets,
    time: Option<Timestamp>,
) -> Result<Vec<(String, KnownPartitions)>, ClientError> {
    let mut all = Vec::with_capacity(partitions.len());
    for (topic, partitions) in partitions {
        let partitions: Vec<_> = partitions.iter().copied().collect();
        let first = client.offsets(topic, &partitions, EARLIEST).await?;
        let end = client.offsets(topic, &partitions, LATEST).await?;
        let at_time = match time {
            Some(time) => client.offsets(topic, &partitions, time).await?,
            None => BTreeMap::new(),
        };
        let committed = committed.get(topic);
        let known = partitions.into_iter().filter_map(|partition| {
            let at_time = at_time.get(&partition).copied();
            let known = Known {
                first: *first.get(&partition)?,
                end: *end.get(&partition)?,
                committed: committed.and_then(|offsets| offsets.get(&partition)).copied(),
                at_time: at_time.filter(|offset| *offset > Offset::NONE),
            };
            Some((partition, known))
        });
        all.push((topic.clone(), known.collect()));
    }
    Ok(all)
}

impl Place {
    /// Where to, and the time that has to be looked up for it. Clap sees to it that there is one.
    fn target(&self, now: i64) -> (Target, Option<Timestamp>) {
        if let Some(offset) = self.to_offset {
            return (Target::Offset(Offset(offset)), None);
        }
        if let Some(moment) = self.to_time {
            return (Target::Time, Some(moment.time(now)));
        }
        if let Some(by) = self.shift_by {
            return (Target::Shift(by), None);
        }
        (if self.to_latest { Target::Latest } else { Target::Earliest }, None)
    }
}
