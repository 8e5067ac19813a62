//! Asking many logs at once, wherever they are.

use std::cell::RefCell;
use std::convert::Infallible;

use record::{LeaderEpoch, TopicPartition};
use runtime::local::for_each_concurrently;

use crate::shard::Shard;
use crate::shard::message::{LogAnswer, LogFailure, LogQuery};

/// Questions under way at once; enough to hide the way to another shard, and few beside the
/// credits of the mesh.
const AT_ONCE: usize = 32;
/// Questions about times, each of which may read a file and unpack a batch in memory.
const TIMES_AT_ONCE: usize = 4;

impl Shard {
    /// Asks many logs. The answers are in the order of the questions; questions about one log
    /// may be answered in any order.
    pub async fn query_all(
        &self,
        questions: &[(TopicPartition, LogQuery)],
    ) -> Vec<Result<LogAnswer, LogFailure>> {
        let answers = RefCell::new(vec![None; questions.len()]);
        let ask = |(index, (log, query)): (usize, &(TopicPartition, LogQuery))| {
            let (log, query, answers) = (*log, *query, &answers);
            async move {
                let answer = self.query(log, query).await;
                answers.borrow_mut()[index] = Some(answer);
                self.runtime.yield_if_needed().await;
                Ok::<(), Infallible>(())
            }
        };
        let asked = questions.iter().enumerate();
        let Ok(()) = for_each_concurrently(asked, width(questions), ask).await;
        let answers = answers.into_inner().into_iter();
        answers.map(|answer| answer.expect("every question was asked")).collect()
    }

    /// The leader epochs in force, in the order of the logs; none for a log that can not be asked.
    pub async fn leader_epochs(&self, logs: &[TopicPartition]) -> Vec<LeaderEpoch> {
        // Which epoch's end is asked for does not matter: the answer has the one in force too,
        // even if the log can not be read.
        let query = LogQuery::EpochEnd(LeaderEpoch::FIRST);
        let questions: Vec<_> = logs.iter().map(|log| (*log, query)).collect();
        let answers = self.query_all(&questions).await;
        answers
            .into_iter()
            .map(|answer| match answer {
                Ok(LogAnswer::EpochEnd { leader_epoch, .. }) => leader_epoch,
                Ok(_) | Err(_) => LeaderEpoch::NONE,
            })
            .collect()
    }
}

fn width(questions: &[(TopicPartition, LogQuery)]) -> usize {
    let has_times = questions.iter().any(|(_, query)| matches!(query, LogQuery::Time(_)));
    if has_times { TIMES_AT_ONCE } else { AT_ONCE }
}

#[cfg(test)]
mod tests {
    use storage::TimeMatch;

    use super::*;

    #[test]
    fn few_questions_about_times_are_under_way_at_once() {
        let log = TopicPartition::default();
        assert_eq!(width(&[(log, LogQuery::Bounds)]), AT_ONCE);
        let time = LogQuery::Time(TimeMatch::Largest);
        assert_eq!(width(&[(log, LogQuery::Bounds), (log, time)]), TIMES_AT_ONCE);
    }
}
