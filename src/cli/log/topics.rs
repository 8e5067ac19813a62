//! The names of topics, from the registry's log.

use std::collections::BTreeMap;

use record::{BatchView, Decompressor, TopicId};
use storage::inspect::{RecoveredReport, inspect_recovery};
use storage::recovery::journal::journal_directory;

use super::dump::Dump;
use crate::registry::event::Event;
use crate::registry::log::REGISTRY_LOG;
use crate::registry::state::RegistryState;

/// What the registry's own log is called.
const REGISTRY_NAME: &str = "(registry)";

/// Names by id. Empty if the registry can not be read: then ids must do.
#[derive(Default)]
pub(super) struct Topics(BTreeMap<TopicId, String>);

impl Topics {
    /// Reads the names as a start would.
    pub(super) async fn read(dump: &Dump) -> Self {
        let directory = journal_directory(&dump.data, 0);
        let (runtime, housekeeping) = (&dump.runtime, &dump.housekeeping);
        let found = inspect_recovery(runtime, housekeeping, &directory, &dump.layout).await;
        let Ok(Some(logs)) = found else { return Self::default() };
        let registry = logs.iter().find(|log| log.id == REGISTRY_LOG);
        match registry {
            Some(registry) => Self::of(dump, registry).await,
            None => Self::default(),
        }
    }

    /// Reads the names out of the registry's log.
    pub(super) async fn of(dump: &Dump, registry: &RecoveredReport) -> Self {
        let bytes = registry.bytes(&dump.runtime, &dump.data).await.unwrap_or_default();
        let state = replay(&bytes, registry.offsets().0.0);
        let names = state.topics().map(|topic| (topic.id, topic.name.clone()));
        Self(names.collect())
    }

    /// The name of a topic, or its id in hex.
    pub(super) fn name(&self, id: TopicId) -> String {
        if id == REGISTRY_LOG.topic {
            return REGISTRY_NAME.to_owned();
        }
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_hex())
    }

    /// The topic with a name, an id in hex, or an id as Kafka's tools print it.
    pub(super) fn find(&self, text: &str) -> Option<TopicId> {
        if text == REGISTRY_NAME {
            return Some(REGISTRY_LOG.topic);
        }
        let named = self.0.iter().find(|(id, name)| *name == text || id.to_string() == text);
        named.map(|(id, _)| *id).or_else(|| TopicId::from_hex(text))
    }
}

fn replay(bytes: &[u8], log_start: i64) -> RegistryState {
    let mut state = RegistryState::default();
    let mut scratch = Decompressor::new();
    let mut rest = bytes;
    while let Ok((batch, behind)) = BatchView::parse(rest) {
        rest = behind;
        if !batch.crc_is_valid() || batch.base_offset().0 < log_start {
            continue;
        }
        let Ok(records) = batch.records(&mut scratch, usize::MAX) else { continue };
        for record in records.iter().filter_map(Result::ok) {
            if let Ok(event) = Event::decode(record.value.unwrap_or_default()) {
                state.apply(&event);
            }
        }
    }
    state
}
