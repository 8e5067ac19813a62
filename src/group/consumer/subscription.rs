//! What members read: topics by name, and by regular expressions resolved against all names.
//!
//! Expressions run in time linear in the name, whatever they are (crate `regex`, whose syntax is
//! RE2's for all that topic names can hold), and have to match a name as a whole. Names are ASCII,
//! so classes of other letters are refused. An expression is resolved when its first member brings
//! it and when topics change, and is forgotten with its last member.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

use super::change::{Change, GroupMetadata};
use super::heartbeat::Refusal;
use super::limits::{REGEX_COMPILED_BYTES_MAX, REGEX_NEST_MAX};
use super::member::Metadata;
use super::state::ConsumerGroup;
use super::topics::Topics;
use crate::group::effects::GroupRecord;

/// What an expression found.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// The expression made ready; none if it came from a log and can not be compiled here.
    pub(crate) compiled: Option<Regex>,
    /// The names it matched, in order.
    pub(crate) topics: Arc<[Arc<str>]>,
    /// The version of the topics at that time.
    pub(crate) version: i64,
}

impl PartialEq for Resolved {
    fn eq(&self, other: &Self) -> bool {
        self.topics == other.topics && self.version == other.version
    }
}

impl Resolved {
    /// Makes an expression ready; as it is first, so that what stands around it then can not be
    /// closed by it.
    pub(crate) fn compile(regex: &str) -> Result<Regex, Refusal> {
        let build = |pattern: &str| {
            RegexBuilder::new(pattern)
                .unicode(false)
                .size_limit(REGEX_COMPILED_BYTES_MAX)
                .dfa_size_limit(REGEX_COMPILED_BYTES_MAX)
                .nest_limit(REGEX_NEST_MAX)
                .build()
                .map_err(|error| Refusal::InvalidRegularExpression(error.to_string()))
        };
        build(regex)?;
        build(&format!(r"\A(?:{regex})\z"))
    }

    /// Resolves an expression.
    pub(crate) fn new(compiled: Regex, topics: &dyn Topics) -> Self {
        let mut names = BTreeSet::<Arc<str>>::new();
        topics.each_name(&mut |name| {
            if compiled.is_match(name.as_bytes()) {
                names.insert(name.into());
            }
        });
        let topics_found = names.into_iter().collect();
        Self { compiled: Some(compiled), topics: topics_found, version: topics.version() }
    }
}

impl ConsumerGroup {
    /// The expression of a heartbeat, made ready; `None` if there is none, or it is known.
    pub(super) fn new_regex(&self, regex: Option<&Arc<str>>) -> Result<Option<Regex>, Refusal> {
        let regex = regex.filter(|regex| !regex.is_empty());
        let known = |regex: &str| self.regexes.get(regex).is_some_and(|it| it.compiled.is_some());
        match regex {
            Some(regex) if !known(regex) => Resolved::compile(regex).map(Some),
            _ => Ok(None),
        }
    }

    /// Resolves what a member brought.
    pub(super) fn add_regex(
        &mut self,
        regex: Arc<str>,
        compiled: Regex,
        topics: &dyn Topics,
        log: &mut Vec<GroupRecord>,
    ) {
        let resolved = Resolved::new(compiled, topics);
        self.change(Change::Regex(regex, Some(resolved)), log);
    }

    /// Forgets an expression that no member has any more.
    pub(super) fn drop_regex(&mut self, regex: Option<&Arc<str>>, log: &mut Vec<GroupRecord>) {
        let Some(regex) = regex else { return };
        let is_used = self.members.values().any(|it| it.metadata.regex.as_ref() == Some(regex));
        if !is_used && self.regexes.contains_key(regex) {
            self.change(Change::Regex(regex.clone(), None), log);
        }
    }

    /// All names that a member reads, some of them perhaps twice.
    pub(super) fn names<'a>(
        &'a self,
        metadata: &'a Metadata,
    ) -> impl Iterator<Item = &'a Arc<str>> {
        let resolved = metadata.regex.as_ref().and_then(|regex| self.regexes.get(regex));
        metadata.topics.iter().chain(resolved.into_iter().flat_map(|it| it.topics.iter()))
    }

    /// All names that any member reads. Neighbours often read the same.
    pub(super) fn all_names(&self) -> BTreeSet<&Arc<str>> {
        let mut names = BTreeSet::new();
        let mut before: Option<&Metadata> = None;
        for member in self.members.values() {
            if !before.is_some_and(|before| before.subscribes_like(&member.metadata)) {
                names.extend(self.names(&member.metadata));
            }
            before = Some(&member.metadata);
        }
        names
    }

    /// Whether any member reads the topic: its offsets then neither expire nor can be deleted.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.members.values().any(|it| self.names(&it.metadata).any(|name| &**name == topic))
    }

    /// Resolves expressions anew; a topic that appeared, went or grew is a new epoch, if any member
    /// reads it. The target is computed with the next heartbeat.
    pub(super) fn on_topics(&mut self, topics: &dyn Topics, log: &mut Vec<GroupRecord>) {
        if self.members.is_empty() {
            return;
        }
        let mut changed = Vec::new();
        for (regex, old) in &self.regexes {
            let Some(compiled) = &old.compiled else { continue };
            let new = Resolved::new(compiled.clone(), topics);
            if new.topics != old.topics {
                changed.push((regex.clone(), new));
            }
        }
        for (regex, new) in changed {
            self.change(Change::Regex(regex, Some(new)), log);
        }
        if self.hash_topics(topics) != self.metadata_hash {
            self.bump(topics, log);
        }
    }

    /// Begins a new group epoch.
    pub(super) fn bump(&mut self, topics: &dyn Topics, log: &mut Vec<GroupRecord>) {
        let metadata_hash = self.hash_topics(topics);
        let epoch = self.epoch.saturating_add(1);
        self.change(Change::Group(Some(GroupMetadata { epoch, metadata_hash })), log);
    }

    /// Tells subscribed topics apart from what they were; written down, so it is the same on every
    /// machine (FNV-1a). Never 0, which stands for none.
    fn hash_topics(&self, topics: &dyn Topics) -> i64 {
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for &byte in bytes {
                sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for name in self.all_names() {
            if let Some(topic) = topics.topic(name) {
                add(name.as_bytes());
                add(&[0]);
                add(&topic.id.0);
                add(&topic.partitions.to_le_bytes());
            }
        }
        i64::from_le_bytes(sum.max(1).to_le_bytes())
    }
}
