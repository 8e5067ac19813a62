//! `DeleteTopics` (key 20), by name or by id. A deleted topic is gone on every shard before it is
//! answered, and its name is free; its files follow after `file.delete.delay.ms`.

use std::collections::BTreeSet;

use net::kafka::api::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse, DeletedTopic};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::TopicId;

use super::repeated::repeated;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::{Command, Outcome, TopicName};

/// The first version with ids.
const IDS_FROM: i16 = 6;

/// A topic as the request has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted<'a> {
    name: Option<&'a str>,
    id: TopicId,
}

/// A topic of the answer.
struct Answer {
    name: Option<String>,
    id: TopicId,
    result: Result<(), Problem>,
}

impl Connection {
    /// Deletes the topics one after the other.
    pub(in crate::frontend::kafka) async fn delete_topics(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DeleteTopicsRequest::decode(head.version, &mut reader)?;
        let wanted = wanted(&request, head.version.number());
        // Looked up before anything is deleted: what two entries name is the same topic.
        let ids: Vec<_> = wanted.iter().map(|wanted| self.id_of(*wanted)).collect();
        let same = repeated(ids.iter().copied().filter(|id| !id.is_nil()));
        let twice = repeated(wanted.iter().copied());
        let mut seen = BTreeSet::new();
        let mut answers = Vec::with_capacity(wanted.len());
        for (wanted, id) in wanted.into_iter().zip(ids) {
            if !seen.insert(wanted) {
                continue;
            }
            let answer = match check(wanted, twice.contains(&wanted), same.contains(&id)) {
                Ok(name) => self.delete_topic(wanted, name).await,
                Err(problem) => wanted.failed(problem),
            };
            self.shard.metrics.error(head.api(), error::code(&answer.result));
            answers.push(answer);
            self.shard.runtime.yield_if_needed().await;
        }
        let responses: Vec<_> = answers.iter().map(Answer::response).collect();
        let response =
            DeleteTopicsResponse { throttle_time_ms: 0, responses: Array::from(&responses[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// The topic's id; nil if there is no such topic.
    fn id_of(&self, wanted: Wanted<'_>) -> TopicId {
        let topics = self.shard.topics.borrow();
        let found = match wanted.name {
            Some(name) => topics.named(name),
            None => topics.with_id(wanted.id),
        };
        found.map_or(TopicId::NIL, |topic| topic.id)
    }

    async fn delete_topic(&self, wanted: Wanted<'_>, topic: TopicName) -> Answer {
        match self.shard.command(Command::DeleteTopic { topic }).await {
            Ok(Outcome::Topic { id, name, .. }) => Answer { name: Some(name), id, result: Ok(()) },
            Ok(Outcome::Altered | Outcome::ProducerIds { .. }) => {
                let code = ErrorCode::UNKNOWN_SERVER_ERROR;
                wanted.failed(Problem::new(code, "no topic was deleted"))
            }
            Err(error) => wanted.failed(error.into()),
        }
    }
}

impl Wanted<'_> {
    fn failed(self, problem: Problem) -> Answer {
        Answer { name: self.name.map(str::to_owned), id: self.id, result: Err(problem) }
    }
}

impl Answer {
    fn response(&self) -> DeletedTopic<'_> {
        DeletedTopic {
            name: self.name.as_deref(),
            topic_id: self.id,
            error_code: error::code(&self.result),
            error_message: error::message(&self.result),
        }
    }
}

fn wanted<'a>(request: &DeleteTopicsRequest<'a>, version: i16) -> Vec<Wanted<'a>> {
    if version < IDS_FROM {
        let names = request.topic_names.iter();
        return names.map(|name| Wanted { name: Some(name), id: TopicId::NIL }).collect();
    }
    let topics = request.topics.iter();
    topics.map(|topic| Wanted { name: topic.name, id: topic.topic_id }).collect()
}

/// How the registry is to be asked. `twice`: the very same entry is there again; `same`: another
/// entry means the same topic.
fn check(wanted: Wanted<'_>, twice: bool, same: bool) -> Result<TopicName, Problem> {
    let refuse = |text: &str| Err(Problem::invalid_request(text));
    match wanted.name {
        None if wanted.id.is_nil() => refuse("Neither topic name nor id were specified."),
        Some(_) if !wanted.id.is_nil() => {
            refuse("You may not specify both topic name and topic id.")
        }
        Some(_) if twice => refuse("Duplicate topic name."),
        None if twice => refuse("Duplicate topic id."),
        _ if same => refuse("The provided topic name maps to an ID that was already supplied."),
        Some(name) => Ok(TopicName::Name(name.to_owned())),
        None => Ok(TopicName::Id(wanted.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: TopicId = TopicId([5; 16]);
    const BY_NAME: Wanted<'static> = Wanted { name: Some("t"), id: TopicId::NIL };
    const BY_ID: Wanted<'static> = Wanted { name: None, id: ID };

    #[test]
    fn a_topic_is_named_by_its_name_or_by_its_id() {
        assert_eq!(check(BY_NAME, false, false), Ok(TopicName::Name("t".to_owned())));
        assert_eq!(check(BY_ID, false, false), Ok(TopicName::Id(ID)));
    }

    #[test]
    fn anything_else_is_refused_with_kafkas_words() {
        let neither = Wanted { name: None, id: TopicId::NIL };
        let both = Wanted { name: Some("t"), id: ID };
        for (wanted, twice, same, words) in [
            (neither, false, false, "Neither topic name nor id were specified."),
            (both, false, false, "You may not specify both topic name and topic id."),
            (BY_NAME, true, true, "Duplicate topic name."),
            (BY_ID, true, true, "Duplicate topic id."),
            (
                BY_NAME,
                false,
                true,
                "The provided topic name maps to an ID that was already supplied.",
            ),
        ] {
            assert_eq!(check(wanted, twice, same), Err(Problem::invalid_request(words)));
        }
    }

    #[test]
    fn names_come_from_where_the_version_has_them() {
        use net::kafka::api::delete_topics::DeleteTopic;
        let names = ["t"];
        let old = DeleteTopicsRequest {
            topic_names: Array::from(&names),
            ..DeleteTopicsRequest::default()
        };
        assert_eq!(wanted(&old, 5), [BY_NAME]);
        let topics = [DeleteTopic { name: None, topic_id: ID }];
        let new =
            DeleteTopicsRequest { topics: Array::from(&topics), ..DeleteTopicsRequest::default() };
        assert_eq!(wanted(&new, 6), [BY_ID]);
    }
}
