//! Asking the logs of the partitions that a request names by topic: all at once, whichever shard
//! has them, with the answers in the request's order.

use net::kafka::error_code::ErrorCode;
use net::kafka::wire::{Array, Wire};
use record::PartitionIndex;

use crate::frontend::kafka::error;
use crate::shard::Shard;
use crate::shard::message::{LogAnswer, LogQuery};

/// What is asked of a partition, or why it is not even asked.
pub(super) type Question = Result<LogQuery, ErrorCode>;

/// A topic of the request: each partition as it was asked for, with its answer.
pub(super) struct Answered<'a, P> {
    /// The topic's name, as the request has it.
    pub(super) topic: &'a str,
    /// The partitions.
    pub(super) partitions: Vec<(P, Result<LogAnswer, ErrorCode>)>,
}

/// Asks what `question` makes of each partition.
pub(super) async fn ask<'a, P: Wire<'a> + 'a>(
    shard: &Shard,
    topics: impl Iterator<Item = (&'a str, Array<'a, P>)>,
    question: impl Fn(&'a str, &P) -> (PartitionIndex, Question),
) -> Vec<Answered<'a, P>> {
    let mut questions = Vec::new();
    let mut asked = Vec::with_capacity(topics.size_hint().0);
    for (name, partitions) in topics {
        let topic = shard.topics.borrow().named(name).cloned();
        let mut parts = Vec::with_capacity(partitions.len());
        for part in &partitions {
            let (index, query) = question(name, &part);
            let known = topic.as_ref().filter(|topic| topic.partition(index).is_some());
            let at = match (query, known) {
                (Err(code), _) => Err(code),
                (Ok(_), None) => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                (Ok(query), Some(topic)) => {
                    questions.push((topic.log_id(index), query));
                    Ok(questions.len() - 1)
                }
            };
            parts.push((part, at));
            shard.runtime.yield_if_needed().await;
        }
        asked.push((name, parts));
    }
    let answers = shard.query_all(&questions).await;
    let answer = |at: usize| answers[at].clone().map_err(|failure| error::of_log(&failure));
    asked
        .into_iter()
        .map(|(topic, parts)| {
            let parts = parts.into_iter().map(|(part, at)| (part, at.and_then(answer)));
            Answered { topic, partitions: parts.collect() }
        })
        .collect()
}
