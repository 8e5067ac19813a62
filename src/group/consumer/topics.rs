//! What a group sees of the cluster's topics.

use record::TopicId;

/// A topic that can be assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id; a topic made again under the same name has another.
    pub id: TopicId,
    /// How many partitions it has.
    pub partitions: i32,
}

/// The topics as they are at one moment.
pub trait Topics {
    /// A number that grows with each change of any topic; written down beside what it led to.
    fn version(&self) -> i64;

    /// The topic of that name.
    fn topic(&self, name: &str) -> Option<Topic>;

    /// Calls `visit` with the name of each topic that a regular expression may find, in any order.
    fn each_name(&self, visit: &mut dyn FnMut(&str));
}
