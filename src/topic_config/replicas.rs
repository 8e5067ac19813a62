//! `leader.replication.throttled.replicas` and its twin: `*`, or pairs of partition and broker.

use crate::config::{Form, Range, Refusal, ValueType};

/// A longer list is refused: it is kept with the topic, and compared when it is changed.
pub(super) const LIST_BYTES_MAX: usize = 32 << 10;

/// A list of `PARTITION:BROKER`, or `*` alone, or nothing.
pub(super) struct ReplicaList;

impl Form for ReplicaList {
    type Value = Vec<String>;
    const TYPE: ValueType = ValueType::List;
    const SYNTAX: &'static str = "`*` or PARTITION:BROKER,...";

    fn parse(text: &str, _: &Range) -> Result<Vec<String>, Refusal> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        if text.len() > LIST_BYTES_MAX {
            return Err(Refusal::TooLong { max: LIST_BYTES_MAX });
        }
        let replicas: Vec<_> = text.split(',').map(|replica| replica.trim().to_owned()).collect();
        let is_pair = |replica: &String| {
            replica.split_once(':').is_some_and(|(partition, broker)| {
                [partition, broker].iter().all(|number| {
                    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                })
            })
        };
        if text == "*" || replicas.iter().all(is_pair) {
            Ok(replicas)
        } else {
            Err(Refusal::NotReplicas)
        }
    }

    fn print(value: &Vec<String>) -> String {
        value.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::as_declared;

    #[test]
    fn all_replicas_or_pairs() {
        let parse = |text: &str| as_declared::<ReplicaList>(text, &Range::ANY);
        assert_eq!(parse("*").unwrap(), "*");
        assert_eq!(parse("").unwrap(), "");
        assert_eq!(parse("1:2, 3:4").unwrap(), "1:2,3:4");
        for text in ["abc", "1", "1:", ":1", "*,1:1", "1:1,", "1:1:1", "1:-1", "a:b"] {
            assert_eq!(parse(text), Err(Refusal::NotReplicas), "{text}");
        }
        let longest = vec!["1:1"; 8192].join(",") + "1";
        assert!(longest.len() == LIST_BYTES_MAX && parse(&longest).is_ok());
        assert_eq!(parse(&(longest + "1")), Err(Refusal::TooLong { max: 32_768 }));
    }
}
