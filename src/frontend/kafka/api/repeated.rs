//! Finding what a request names more than once: Kafka refuses it, and so an answer is never much
//! larger than what there is to answer about.

use std::collections::BTreeSet;

/// The items that are there more than once.
pub(super) fn repeated<T: Ord + Copy>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| !seen.insert(*item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_more_than_once_is_found_once() {
        let found: Vec<_> = repeated(["b", "a", "b", "c", "a", "a"]).into_iter().collect();
        assert_eq!(found, ["a", "b"]);
        assert!(repeated(["a", "b"]).is_empty());
    }
}
