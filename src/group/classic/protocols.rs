//! The protocols of a member, and the choice of one among all members.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A protocol that a member supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: Arc<str>,
    /// What the member says of itself in it: for its peers, opaque here.
    pub metadata: Arc<[u8]>,
}

/// A member's protocols, the one it likes best first, no name twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protocols(Arc<[Protocol]>);

impl Protocols {
    /// Keeps the first of those with the same name.
    pub fn new(mut protocols: Vec<Protocol>) -> Self {
        let mut seen = std::collections::BTreeSet::new();
        protocols.retain(|protocol| seen.insert(protocol.name.clone()));
        Self(protocols.into())
    }

    /// In the member's order.
    pub fn iter(&self) -> std::slice::Iter<'_, Protocol> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the member says of itself in a protocol; empty for one that it does not support.
    pub fn metadata(&self, name: Option<&str>) -> Arc<[u8]> {
        let found = self.iter().find(|protocol| Some(&*protocol.name) == name);
        found.map_or_else(|| Arc::from([]), |protocol| protocol.metadata.clone())
    }
}

impl<'a> IntoIterator for &'a Protocols {
    type Item = &'a Protocol;
    type IntoIter = std::slice::Iter<'a, Protocol>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// How many members support each protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Support(BTreeMap<Arc<str>, usize>);

impl Support {
    pub(super) fn add(&mut self, protocols: &Protocols) {
        for protocol in protocols {
            *self.0.entry(protocol.name.clone()).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, protocols: &Protocols) {
        for protocol in protocols {
            let count = self.0.get_mut(&protocol.name).expect("it was added");
            *count -= 1;
            if *count == 0 {
                self.0.remove(&protocol.name);
            }
        }
    }

    /// Whether all of `members` support it.
    pub(super) fn by_all(&self, name: &str, members: usize) -> bool {
        self.0.get(name).copied().unwrap_or_default() == members
    }

    /// The protocol that most members like best among those that all support; of two with as
    /// many votes the first by name. None without members.
    pub(super) fn choose<'a>(
        &self,
        members: impl ExactSizeIterator<Item = &'a Protocols>,
    ) -> Option<Arc<str>> {
        let count = members.len();
        let mut votes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for member in members {
            let vote = member.iter().find(|protocol| self.by_all(&protocol.name, count));
            *votes.entry(&vote?.name).or_default() += 1;
        }
        let most = votes.into_iter().rev().max_by_key(|(_, count)| *count);
        most.map(|(name, _)| name.clone())
    }
}
