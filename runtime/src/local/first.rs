//! [`first`]: the result of whichever future is ready first; the other is dropped.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Runs both and returns the first result, the left one's if both are ready. Only for futures
/// that may be dropped at any point: timers, events, queues; never one with I/O in flight.
pub async fn first<T>(left: impl Future<Output = T>, right: impl Future<Output = T>) -> T {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|context| {
        if let Poll::Ready(result) = left.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        right.as_mut().poll(context)
    })
    .await
}
