//! Placing replicas by hand: on one node there is one place, but what is asked for is checked as
//! Kafka does, with its words.

use net::kafka::error_code::ErrorCode;
use net::kafka::wire::Array;
use record::NodeId;

use super::repeated::repeated;
use crate::frontend::kafka::error::Problem;

/// Checks the replicas of one partition: this node, and no other.
pub(super) fn check_replicas(replicas: Array<'_, NodeId>, node: NodeId) -> Result<(), Problem> {
    let refuse = |text: String| Err(Problem::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
    if replicas.is_empty() {
        return refuse("The manual partition assignment includes an empty replica list.".into());
    }
    if let Some(other) = replicas.iter().find(|replica| *replica != node) {
        return refuse(format!(
            "The manual partition assignment includes broker {other}, but no such broker is \
             registered."
        ));
    }
    if let Some(twice) = repeated(replicas.iter()).first() {
        return refuse(format!(
            "The manual partition assignment includes the broker {twice} more than once."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_node_is_the_one_place() {
        let check = |replicas: &[i32]| {
            let replicas: Vec<_> = replicas.iter().copied().map(NodeId).collect();
            check_replicas(Array::from(&replicas[..]), NodeId(1))
        };
        assert_eq!(check(&[1]), Ok(()));
        for (replicas, words) in [
            (&[][..], "an empty replica list."),
            (&[1, 9], "broker 9, but no such broker is registered."),
            (&[1, 1], "the broker 1 more than once."),
        ] {
            let problem = check(replicas).unwrap_err();
            assert_eq!(problem.code, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
            let expected = format!("The manual partition assignment includes {words}");
            assert_eq!(problem.message, expected);
        }
    }
}
