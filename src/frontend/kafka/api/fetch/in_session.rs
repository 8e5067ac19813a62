//! Fetches in a session (KIP-227): what the session knows is read, and what is new is answered.

use std::rc::Rc;

use net::kafka::api::fetch::{FetchRequest, SessionEpoch, SessionId};
use net::kafka::error_code::ErrorCode;

use super::{Answer, Results, TOPIC_IDS_FROM, Wanted, topic_key};
use crate::broker::topics::Topics;
use crate::frontend::kafka::fetch_sessions::{
    Ask, Asked, Opened, Place, Proposal, Seen, Session, SessionError, SessionRequest, Turn,
};
use crate::frontend::kafka::moving::Drift;
use crate::frontend::kafka::outbox::Outgoing;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::metrics::{Counter, Gauge};
use crate::shard::Shard;

/// Whether a request is in a session, or begins or ends one. Below version 7 none is.
pub(super) fn concerns(request: &FetchRequest<'_>) -> bool {
    request.session_id != SessionId::NONE || request.session_epoch != SessionEpoch::FINAL
}

/// What a request says to the sessions, to be kept until its turn.
pub(super) fn session_request(
    head: Head,
    request: &FetchRequest<'_>,
    topics: &Topics,
) -> SessionRequest {
    let asked = request.topics.into_iter().map(|topic| Asked {
        topic: topic_key(head, topics, topic.name, topic.id),
        partitions: topic.partitions.into_iter().map(Ask::from).collect(),
    });
    let forgotten = request.forgotten_topics.into_iter().flat_map(|topic| {
        let key = topic_key(head, topics, topic.name, topic.id);
        topic.partitions.into_iter().map(move |partition| (key.clone(), partition))
    });
    SessionRequest {
        id: request.session_id,
        epoch: request.session_epoch,
        by_ids: head.version.number() >= TOPIC_IDS_FROM,
        asked: asked.collect(),
        forgotten: forgotten.collect(),
    }
}

impl Wanted {
    /// Answers when the session's earlier requests over this connection are answered.
    pub(super) async fn answer_in_session(
        mut self,
        request: SessionRequest,
        shard: &Rc<Shard>,
        drift: &Drift,
    ) -> Result<Outgoing, Hangup> {
        let started = shard.runtime.now();
        let by_ids = request.by_ids;
        let opened = shard.fetch_sessions.borrow_mut().open(request, started);
        show(shard);
        match opened {
            Err(error) => {
                self.refuse(error, shard);
                self.encode(Results::new(), shard, started)
            }
            Ok(Opened::Full { asked, wants_session }) => {
                self.add_all(&asked, shard, drift);
                let results = self.read(shard).await;
                if wants_session {
                    self.begin_session(by_ids, &asked, &results, shard);
                }
                self.encode(results, shard, started)
            }
            Ok(Opened::Incremental(Turn { id, next, asked, places })) => {
                self.add_all(&asked, shard, drift);
                let results = self.read(shard).await;
                self.session_id = id;
                match shard.fetch_sessions.borrow_mut().answering(id, next) {
                    Ok(Some(session)) => self.keep_new(&results, session, places),
                    Ok(None) => {}
                    Err(error) => {
                        self.topics.clear();
                        self.refuse(error, shard);
                    }
                }
                self.encode(results, shard, started)
            }
        }
    }

    fn add_all(&mut self, asked: &[Asked], shard: &Shard, drift: &Drift) {
        let topics = shard.topics.borrow();
        for Asked { topic, partitions } in asked {
            self.add_topic(&topics, topic.clone(), partitions.iter().copied());
        }
        drift.note(self.only_owner());
    }

    fn refuse(&mut self, error: SessionError, shard: &Shard) {
        self.refused = match error {
            SessionError::UnknownId => ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
            SessionError::Epoch => ErrorCode::INVALID_FETCH_SESSION_EPOCH,
            SessionError::TopicIds => ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
        };
        shard.metrics.error(self.head.api(), self.refused);
    }

    /// Keeps what was asked and is answered for the requests to come, if there is room.
    fn begin_session(&mut self, by_ids: bool, asked: &[Asked], results: &Results, shard: &Shard) {
        let partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
        let seen: Vec<Seen> = partitions
            .map(|(partition, answer)| Seen::of(&self.partition_data(*partition, answer, results)))
            .collect();
        let mut random = [0; 4];
        runtime::fill_random(&mut random);
        let random = u32::from_be_bytes(random);
        let proposal = Proposal { by_ids, asked, seen: &seen, random };
        let now = shard.runtime.now();
        let (id, evicted) = shard.fetch_sessions.borrow_mut().create(&proposal, now);
        self.session_id = id;
        shard.metrics.add(Counter::FetchSessionEvictions, evicted);
        show(shard);
    }

    /// Leaves out of the answer what its client knows already.
    fn keep_new(&mut self, results: &Results, session: &mut Session, places: Vec<Place>) {
        let mut topics = std::mem::take(&mut self.topics);
        let mut places = places.into_iter();
        for topic in &mut topics {
            topic.partitions.retain(|(partition, answer)| {
                let place = places.next().expect("each partition has a place");
                let data = self.partition_data(*partition, answer, results);
                session.must_answer(place, &data, has_records(answer, results))
            });
        }
        topics.retain(|topic| !topic.partitions.is_empty());
        self.topics = topics;
    }
}

fn has_records(answer: &Answer, results: &Results) -> bool {
    let Answer::Part(index) = answer else { return false };
    let Some(Ok(fetched)) = &results[*index] else { return false };
    fetched.range.as_ref().is_some_and(|range| range.remaining() > 0)
}

/// Shows how many sessions there are.
fn show(shard: &Shard) {
    let sessions = shard.fetch_sessions.borrow();
    shard.metrics.set(Gauge::FetchSessions, sessions.len() as u64);
    shard.metrics.set(Gauge::FetchSessionPartitions, sessions.partitions() as u64);
}
