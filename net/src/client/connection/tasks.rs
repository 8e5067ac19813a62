//! A connection's beginning, and the two tasks that live as long as it does.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use runtime::local::first;
use runtime::{ReceiveBuffer, Runtime, Stream};

use super::frames::Frames;
use super::{ANSWER_LEN_MAX, Answer, Awaited, Endpoint, Shared};
use crate::client::error::ConnectionError;
use crate::kafka::header::ResponseHeader;
use crate::kafka::wire::Reader;

/// Tries the host's addresses in the resolver's order, all within `patience`.
pub(super) async fn connect(
    runtime: &Runtime,
    endpoint: &Endpoint,
    patience: Duration,
) -> Result<Stream, ConnectionError> {
    let deadline = runtime.now().after(patience);
    let resolving = async {
        let found = runtime::resolve(&endpoint.host, endpoint.port).await;
        found.map_err(|error| error.to_string())
    };
    let late = async {
        runtime.sleep_until(deadline).await;
        Err(format!("no answer within {patience:?}"))
    };
    let addresses = first(resolving, late).await;
    let addresses = addresses.map_err(|reason| {
        let endpoint = endpoint.clone();
        ConnectionError::Resolve { endpoint, reason }
    })?;
    let mut kind = io::ErrorKind::TimedOut;
    for address in addresses {
        let left = runtime.now().until(deadline);
        if left.is_zero() {
            break;
        }
        match Stream::connect_within(runtime, address, left).await {
            Ok(stream) => return Ok(stream),
            Err(error) => kind = error.kind(),
        }
    }
    Err(ConnectionError::Connect { endpoint: endpoint.clone(), kind })
}

/// Sends what is queued, in order, until the connection fails.
pub(super) async fn send(shared: Rc<Shared>) {
    loop {
        let next = || {
            if shared.failed.borrow().is_some() {
                return Some(None);
            }
            shared.outgoing.borrow_mut().pop_front().map(Some)
        };
        let Some(outgoing) = shared.changed.wait_until(next).await else { return };
        shared.sending.set(true);
        let sent = shared.stream.send(outgoing.frame).await;
        shared.sending.set(false);
        shared.changed.notify();
        if let Err(error) = sent {
            let endpoint = shared.endpoint.clone();
            shared.fail(ConnectionError::Broken { endpoint, kind: error.kind() });
            return;
        }
    }
}

/// Receives answers and gives each to who waits for it, until the connection fails, ends, or stays
/// silent for too long.
pub(super) async fn receive(shared: Rc<Shared>) {
    let error = receive_until_error(&shared).await;
    shared.fail(error);
}

enum Woke {
    Received(io::Result<Option<ReceiveBuffer>>),
    Asked,
    Late,
}

async fn receive_until_error(shared: &Shared) -> ConnectionError {
    let endpoint = || shared.endpoint.clone();
    let mut frames = Frames::new(ANSWER_LEN_MAX);
    loop {
        // The front's deadline is no later than any other's that counts: answers come in order.
        let front = shared.waiting.borrow().front().map(|front| (front.deadline, front.patience));
        let receiving = async { Woke::Received(shared.stream.receive().await) };
        let waiting = async {
            let Some((deadline, _)) = front else {
                let asked = || (!shared.waiting.borrow().is_empty()).then_some(Woke::Asked);
                return shared.changed.wait_until(asked).await;
            };
            shared.runtime.sleep_until(deadline).await;
            Woke::Late
        };
        let buffer = match first(receiving, waiting).await {
            Woke::Received(Ok(Some(buffer))) => buffer,
            Woke::Received(Ok(None)) => return ConnectionError::Closed { endpoint: endpoint() },
            Woke::Received(Err(error)) => {
                return ConnectionError::Broken { endpoint: endpoint(), kind: error.kind() };
            }
            Woke::Asked => continue,
            Woke::Late => {
                let patience = front.map(|(_, patience)| patience).unwrap_or_default();
                return ConnectionError::Silent { endpoint: endpoint(), patience };
            }
        };
        let mut bytes = buffer.as_slice();
        loop {
            match frames.take(&mut bytes) {
                Ok(Some(frame)) => {
                    if let Err(error) = deliver(shared, frame) {
                        return error;
                    }
                }
                Ok(None) => break,
                Err(source) => return ConnectionError::Frame { endpoint: endpoint(), source },
            }
        }
    }
}

/// Gives an answer to the request at the front, which it must belong to.
fn deliver(shared: &Shared, frame: Vec<u8>) -> Result<(), ConnectionError> {
    let endpoint = || shared.endpoint.clone();
    let Some(awaited) = shared.waiting.borrow_mut().pop_front() else {
        return Err(ConnectionError::OutOfStep { endpoint: endpoint(), got: 0, wanted: -1 });
    };
    let Awaited { correlation_id, version, answer, .. } = awaited;
    let got = ResponseHeader::read(version, &mut Reader::response(&frame))?.correlation_id;
    if got != correlation_id {
        let (got, wanted) = (got.0, correlation_id.0);
        return Err(ConnectionError::OutOfStep { endpoint: endpoint(), got, wanted });
    }
    answer.keep(Ok(Answer { frame, version }));
    Ok(())
}
