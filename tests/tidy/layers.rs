//! The walls inside `src/`, where Cargo builds none.
//!
//! The broker's logic does not know which protocol asked, a front end knows the broker and its own
//! wire format only, and a state machine knows nothing but its events.

use super::offence::Offence;
use super::paths::{Path, from_root, paths};
use super::source::Source;

/// Directories under `src/` that mean the same to every protocol.
const NEUTRAL: [&str; 5] = ["broker", "group", "queue", "replication", "txn"];

/// The protocols: modules of `net`, and directories of `src/frontend/`.
const PROTOCOLS: [&str; 3] = ["amqp", "kafka", "native"];

/// What a front end does not reach for: where bytes lie and how they are moved.
const BELOW_FRONT_ENDS: [&[&str]; 8] = [
    &["runtime", "driver"],
    &["runtime", "executor"],
    &["runtime", "file"],
    &["runtime", "mesh"],
    &["storage", "file"],
    &["storage", "journal"],
    &["storage", "ring"],
    &["storage", "segment"],
];

/// What a state machine does not name.
const BESIDE_STATE: [&[&str]; 8] = [
    &["net"],
    &["runtime", "clock"],
    &["runtime", "driver"],
    &["runtime", "executor"],
    &["runtime", "file"],
    &["runtime", "socket"],
    &["runtime", "timer"],
    &["storage"],
];

/// The directory (or file) under `src/` that a source belongs to.
fn area(source: &Source) -> Option<&str> {
    let rest = source.path.strip_prefix("src/")?;
    Some(rest.split_once('/').map_or_else(|| rest.trim_end_matches(".rs"), |(area, _)| area))
}

/// Paths across a wall.
pub(crate) fn check(source: &Source) -> Vec<Offence> {
    let wall: fn(&Source, &Path) -> Option<&'static str> = match area(source) {
        Some(area) if NEUTRAL.contains(&area) => neutral_wall,
        Some("frontend") => front_end_wall,
        _ => return Vec::new(),
    };
    paths(source)
        .iter()
        .filter_map(|path| {
            let why = wall(source, path)?;
            Some(Offence::new(&source.path, path.line, format!("`{}`: {why}", path.to_text())))
        })
        .collect()
}

fn neutral_wall(source: &Source, path: &Path) -> Option<&'static str> {
    let root = from_root(source, path);
    let front_end = root.is_some_and(|root| root.first().is_some_and(|part| part == "frontend"));
    let protocol = PROTOCOLS.iter().any(|protocol| path.reaches(&["net", protocol]));
    (front_end || protocol).then_some("this code does not know which protocol asked")
}

fn front_end_wall(source: &Source, path: &Path) -> Option<&'static str> {
    if BELOW_FRONT_ENDS.iter().any(|below| path.reaches(below)) {
        return Some("a front end asks the broker, and knows no segment, file or ring");
    }
    let own = source.path.strip_prefix("src/frontend/")?.split(['/', '.']).next()?;
    let root = from_root(source, path).unwrap_or_default();
    let other = match root.as_slice() {
        [first, second, ..] if first == "frontend" => second.as_str(),
        _ => return None,
    };
    let is_other = PROTOCOLS.contains(&own) && PROTOCOLS.contains(&other) && own != other;
    is_other.then_some("front ends do not know each other")
}

/// Waiting, input or output in a state machine: `apply(event) -> effects` and nothing else.
pub(crate) fn check_state_machine(source: &Source) -> Vec<Offence> {
    let is_state = source.path.starts_with("src/") && source.path.ends_with("/state.rs");
    if !is_state && source.path != "src/cluster/metadata.rs" {
        return Vec::new();
    }
    let words = ["async", "await"].into_iter().flat_map(|word| {
        source.find_word(word).map(move |index| (source.tokens[index].line, word.to_owned()))
    });
    let found = paths(source);
    let named = found
        .iter()
        .filter(|path| BESIDE_STATE.iter().any(|beside| path.reaches(beside)))
        .map(|path| (path.line, path.to_text()));
    words
        .chain(named)
        .map(|(line, text)| {
            let what = format!("`{text}`: a state machine is `apply(event) -> effects`");
            Offence::new(&source.path, line, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Source::sample(path, text)).len()
    }

    #[test]
    fn the_broker_does_not_know_which_protocol_asked() {
        for bad in [
            "use crate::frontend::kafka::error;",
            "fn f() { crate::frontend::x() }",
            "use super::super::frontend;",
            "use net::kafka::api;",
            "use net::{native, transport};",
            "use net; type T = net::amqp::Frame;",
            "use net::*;",
        ] {
            for path in ["src/broker/fetch.rs", "src/queue/state.rs", "src/txn/a.rs"] {
                assert_eq!(count(path, bad), 1, "{path}: {bad}");
            }
            assert_eq!(count("src/server/listeners.rs", bad), 0, "{bad}");
        }
        for good in ["use crate::queue::frontend;", "use net::transport;", "use record::Offset;"] {
            assert_eq!(count("src/broker/fetch.rs", good), 0, "{good}");
        }
        assert_eq!(count("src/broker.rs", "use net::kafka;"), 1);
    }

    #[test]
    fn a_front_end_knows_no_segment_and_no_other_front_end() {
        for bad in [
            "use storage::segment::Set;",
            "use storage::{journal, Limits};",
            "fn f() { runtime::driver::submit() }",
            "use crate::frontend::native::service;",
            "use super::super::native;",
        ] {
            assert_eq!(count("src/frontend/kafka/service.rs", bad), 1, "{bad}");
        }
        for good in [
            "use crate::frontend::kafka::error;",
            "use crate::broker::fetch;",
            "use net::kafka::api;",
            "use runtime::Clock;",
        ] {
            assert_eq!(count("src/frontend/kafka/service.rs", good), 0, "{good}");
        }
        assert_eq!(count("src/frontend/mod.rs", "use self::kafka::service;"), 0);
    }

    #[test]
    fn a_state_machine_is_events_and_effects() {
        let count = |path, text| check_state_machine(&Source::sample(path, text)).len();
        for bad in [
            "async fn f() {}",
            "fn f() { a.await; }",
            "use runtime::driver;",
            "use storage::Log;",
            "use net::transport;",
        ] {
            assert_eq!(count("src/group/state.rs", bad), 1, "{bad}");
            assert_eq!(count("src/cluster/metadata.rs", bad), 1, "{bad}");
            assert_eq!(count("src/group/coordinator.rs", bad), 0, "{bad}");
        }
        assert_eq!(count("src/group/state.rs", "use runtime::FixedMap; use record::Offset;"), 0);
    }
}
