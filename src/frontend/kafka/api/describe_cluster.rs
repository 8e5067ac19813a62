//! `DescribeCluster` (key 60): the one node, which is the controller too.

use net::kafka::api::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse, ENDPOINT_BROKERS,
    ENDPOINT_CONTROLLERS,
};
use net::kafka::api::metadata::OPERATIONS_NOT_ASKED;
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::operations;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};

impl Connection {
    /// Answers at once.
    pub(in crate::frontend::kafka) fn describe_cluster(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DescribeClusterRequest::decode(head.version, &mut reader)?;
        let checked = check(request.endpoint_type);
        self.shard.metrics.error(head.api(), error::code(&checked));
        let node = self.node();
        let brokers = [DescribeClusterBroker {
            broker_id: node.id,
            host: &node.host,
            port: node.port.into(),
            rack: None,
            is_fenced: false,
        }];
        let answer = DescribeClusterResponse {
            error_code: error::code(&checked),
            error_message: error::message(&checked),
            ..DescribeClusterResponse::default()
        };
        let operations_asked = request.include_cluster_authorized_operations;
        let response = match &checked {
            Ok(()) => DescribeClusterResponse {
                cluster_id: &self.shard.cluster_id,
                controller_id: node.id,
                brokers: Array::from(&brokers),
                cluster_authorized_operations: if operations_asked {
                    operations::ON_CLUSTER
                } else {
                    OPERATIONS_NOT_ASKED
                },
                ..answer
            },
            Err(_) => answer,
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

/// Brokers are listed here; controllers have no listener of their own.
fn check(endpoint_type: i8) -> Result<(), Problem> {
    match endpoint_type {
        ENDPOINT_BROKERS => Ok(()),
        ENDPOINT_CONTROLLERS => Err(Problem::new(
            ErrorCode::MISMATCHED_ENDPOINT_TYPE,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of \
             type CONTROLLER",
        )),
        other => Err(Problem::new(
            ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
            format!("Unsupported endpoint type {other}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brokers_are_listed() {
        assert_eq!(check(1), Ok(()));
        assert_eq!(check(2).unwrap_err().code, ErrorCode::MISMATCHED_ENDPOINT_TYPE);
        assert_eq!(check(0).unwrap_err().code, ErrorCode::UNSUPPORTED_ENDPOINT_TYPE);
        assert_eq!(check(-1).unwrap_err().code, ErrorCode::UNSUPPORTED_ENDPOINT_TYPE);
    }
}
