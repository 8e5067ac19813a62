//! What was probably meant by a name that does not exist.

/// The candidate nearest to a name, if one is near: a third of its letters may be wrong, missing,
/// too many or swapped.
pub(crate) fn nearest<C: AsRef<str>>(
    name: &str,
    candidates: impl IntoIterator<Item = C>,
) -> Option<C> {
    // A hostile name is not worth a quadratic comparison.
    if name.len() > 100 {
        return None;
    }
    let distance = |candidate: &C| strsim::damerau_levenshtein(name, candidate.as_ref());
    let (distance, best) = candidates
        .into_iter()
        .map(|candidate| (distance(&candidate), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= (name.chars().count() / 3).max(1)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["log.retention.ms", "log.retention.bytes", "shards"];

    #[test]
    fn a_slip_is_understood() {
        assert_eq!(nearest("log.retension.ms", NAMES), Some("log.retention.ms"));
        assert_eq!(nearest("log.retention.byte", NAMES), Some("log.retention.bytes"));
        assert_eq!(nearest("shard", NAMES), Some("shards"));
        assert_eq!(nearest("retention.ms", NAMES), Some("log.retention.ms"));
    }

    #[test]
    fn nothing_is_suggested_for_something_else() {
        assert_eq!(nearest("zookeeper.connect", NAMES), None);
        assert_eq!(nearest("", NAMES), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), NAMES), None);
    }
}
