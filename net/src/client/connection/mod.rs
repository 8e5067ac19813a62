//! One connection to one broker: requests are pipelined, answers come in their order.
//!
//! Two tasks belong to it, one that sends and one that receives; they end with the last handle.
//! Whatever goes wrong, goes wrong for the whole connection: every answer still awaited fails with
//! the same error, and so does every later request. A new connection is the only way on.

mod frames;
mod tasks;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use runtime::local::{Event, Permit, Promise, Semaphore, Waiting, promise};
use runtime::{Instant, Runtime, Stream, Task};

use super::endpoint::Endpoint;
use super::error::ConnectionError;
use super::versions::Versions;
use crate::kafka::api::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::header::{CorrelationId, RequestHeader, ResponseHeader};
use crate::kafka::message::{Request, Response};
use crate::kafka::version::Version;
use crate::kafka::wire::Reader;

/// The longest answer that is taken, in bytes: twice what a Fetch of this client asks for, and
/// still well over one batch of any size that a topic can be configured to.
const ANSWER_LEN_MAX: usize = 128 << 20;
/// Requests that may be under way on one connection.
const UNDER_WAY_MAX: usize = 64;

/// How connections are made.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// The client's name for itself, in every request.
    pub client_id: String,
    /// How long a connection attempt may take.
    pub connect_patience: Duration,
    /// How long an answer may take, beyond what the request itself asks to wait.
    pub request_patience: Duration,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            client_id: "tidemill".to_owned(),
            connect_patience: Duration::from_secs(10),
            request_patience: Duration::from_secs(30),
        }
    }
}

/// A connection whose versions are agreed.
pub struct Connection {
    shared: Rc<Shared>,
    versions: Versions,
    client_id: String,
    patience: Duration,
    under_way: Semaphore,
    next_id: Cell<i32>,
    _tasks: [Task<()>; 2],
}

/// What the connection and its two tasks have in common.
struct Shared {
    runtime: Runtime,
    stream: Stream,
    endpoint: Endpoint,
    /// Frames to be sent, and whether one is being sent.
    outgoing: RefCell<VecDeque<Outgoing>>,
    sending: Cell<bool>,
    /// Who waits for an answer, in the order of the requests.
    waiting: RefCell<VecDeque<Awaited>>,
    failed: RefCell<Option<ConnectionError>>,
    changed: Event,
}

struct Outgoing {
    frame: Vec<u8>,
    /// Held until the frame was sent, where no answer comes that could hold it.
    _permit: Option<Permit>,
}

struct Awaited {
    correlation_id: CorrelationId,
    version: Version,
    deadline: Instant,
    patience: Duration,
    answer: Promise<Result<Answer, ConnectionError>>,
    _permit: Permit,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    frame: Vec<u8>,
    version: Version,
}

impl Answer {
    /// The answer's body.
    pub fn body<'a, R: Response<'a>>(&'a self) -> Result<R, ConnectionError> {
        let mut reader = Reader::response(&self.frame);
        ResponseHeader::read(self.version, &mut reader)?;
        Ok(R::decode(self.version, &mut reader)?)
    }

    /// The bytes that ranges in the body refer to.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// The version of the request.
    pub fn version(&self) -> Version {
        self.version
    }
}

/// An answer that is still to come. Dropping it lets the request run its course.
pub type Awaiting = Waiting<Result<Answer, ConnectionError>>;

impl Connection {
    /// Connects and asks the broker what it serves.
    pub async fn open(
        runtime: &Runtime,
        endpoint: &Endpoint,
        config: &ConnectionConfig,
    ) -> Result<Self, ConnectionError> {
        let stream = tasks::connect(runtime, endpoint, config.connect_patience).await?;
        let shared = Rc::new(Shared {
            runtime: runtime.clone(),
            stream,
            endpoint: endpoint.clone(),
            outgoing: RefCell::default(),
            sending: Cell::new(false),
            waiting: RefCell::default(),
            failed: RefCell::default(),
            changed: Event::default(),
        });
        let tasks = [
            runtime.spawn(tasks::send(Rc::clone(&shared))),
            runtime.spawn(tasks::receive(Rc::clone(&shared))),
        ];
        let mut connection = Self {
            shared,
            versions: Versions::default(),
            client_id: config.client_id.clone(),
            patience: config.request_patience,
            under_way: Semaphore::new(UNDER_WAY_MAX),
            next_id: Cell::new(0),
            _tasks: tasks,
        };
        connection.versions = connection.agree(config.connect_patience).await?;
        Ok(connection)
    }

    /// Asks for the broker's versions; in an older one if the broker does not know the newest.
    async fn agree(&self, patience: Duration) -> Result<Versions, ConnectionError> {
        let mut version = ApiKey::ApiVersions.newest();
        loop {
            let request = ApiVersionsRequest {
                client_software_name: "tidemill",
                client_software_version: env!("CARGO_PKG_VERSION"),
            };
            let answer = self.ask_in(version, &request, patience).await?;
            let oldest = ApiKey::ApiVersions.version(0).expect("version 0 is served");
            // A broker that does not know the version answers in version 0 (KIP-511).
            let (code, versions) = match answer.body::<ApiVersionsResponse<'_>>() {
                Ok(body) => (body.error_code, Versions::of(body.api_keys)),
                Err(_) if version != oldest => {
                    (ErrorCode::UNSUPPORTED_VERSION, Versions::default())
                }
                Err(error) => return Err(error),
            };
            match code {
                ErrorCode::NONE => return Ok(versions),
                ErrorCode::UNSUPPORTED_VERSION if version != oldest => version = oldest,
                code => {
                    let endpoint = self.shared.endpoint.clone();
                    return Err(ConnectionError::Refused { endpoint, code });
                }
            }
        }
    }

    /// Where it leads to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// Whether it can still be used.
    pub fn is_open(&self) -> bool {
        self.shared.failed.borrow().is_none()
    }

    /// The newest version of an API that both sides speak, not above `limit`.
    pub fn version(&self, api: ApiKey, limit: i16) -> Result<Version, ConnectionError> {
        let endpoint = || self.shared.endpoint.clone();
        let version = self.versions.newest_up_to(api, limit);
        version.ok_or_else(|| ConnectionError::NoVersion { endpoint: endpoint(), api })
    }

    /// Sends a request in the newest common version and waits for its answer.
    pub async fn ask<'a, R: Request<'a>>(&self, request: &R) -> Result<Answer, ConnectionError> {
        let version = self.version(R::API, i16::MAX)?;
        self.ask_in(version, request, Duration::ZERO).await
    }

    /// As [`Connection::ask`], in a given version, for an answer that may take `longer` by the
    /// request's own wish.
    pub async fn ask_in<'a, R: Request<'a>>(
        &self,
        version: Version,
        request: &R,
        longer: Duration,
    ) -> Result<Answer, ConnectionError> {
        let waiting = self.start(version, request, longer).await?;
        self.finish(waiting).await
    }

    /// Waits for room among the requests under way, and queues the request to be sent. Requests
    /// reach the broker in the order in which these futures resolve.
    pub async fn start<'a, R: Request<'a>>(
        &self,
        version: Version,
        request: &R,
        longer: Duration,
    ) -> Result<Awaiting, ConnectionError> {
        let permit = self.under_way.acquire().await;
        let (correlation_id, frame) = self.encode(version, request)?;
        let (answer, waiting) = promise();
        let patience = self.patience.saturating_add(longer);
        let deadline = self.shared.runtime.now().after(patience);
        self.shared.waiting.borrow_mut().push_back(Awaited {
            correlation_id,
            version,
            deadline,
            patience,
            answer,
            _permit: permit,
        });
        self.shared.queue(Outgoing { frame, _permit: None });
        Ok(waiting)
    }

    /// Queues a request that has no answer: Produce without acknowledgement.
    pub async fn start_unanswered<'a, R: Request<'a>>(
        &self,
        version: Version,
        request: &R,
    ) -> Result<(), ConnectionError> {
        let permit = self.under_way.acquire().await;
        let (_, frame) = self.encode(version, request)?;
        self.shared.queue(Outgoing { frame, _permit: Some(permit) });
        Ok(())
    }

    /// The answer to a started request.
    pub async fn finish(&self, waiting: Awaiting) -> Result<Answer, ConnectionError> {
        waiting.await.unwrap_or_else(|_| Err(self.shared.failure()))
    }

    /// Resolves when everything queued has been given to the kernel, or can not be.
    pub async fn flush(&self) -> Result<(), ConnectionError> {
        let shared = &self.shared;
        let done = || {
            if let Some(error) = shared.failed.borrow().clone() {
                return Some(Err(error));
            }
            (shared.outgoing.borrow().is_empty() && !shared.sending.get()).then_some(Ok(()))
        };
        shared.changed.wait_until(done).await
    }

    fn encode<'a, R: Request<'a>>(
        &self,
        version: Version,
        request: &R,
    ) -> Result<(CorrelationId, Vec<u8>), ConnectionError> {
        if let Some(error) = self.shared.failed.borrow().clone() {
            return Err(error);
        }
        let correlation_id = CorrelationId(self.next_id.get());
        self.next_id.set(self.next_id.get().wrapping_add(1) & i32::MAX);
        let header = RequestHeader { version, correlation_id, client_id: Some(&self.client_id) };
        let mut frame = Vec::new();
        request.encode_frame(header, &mut frame)?;
        Ok((correlation_id, frame))
    }
}

impl Shared {
    fn queue(&self, outgoing: Outgoing) {
        self.outgoing.borrow_mut().push_back(outgoing);
        self.changed.notify();
    }

    /// Why the connection has ended.
    fn failure(&self) -> ConnectionError {
        let closed = || ConnectionError::Closed { endpoint: self.endpoint.clone() };
        self.failed.borrow().clone().unwrap_or_else(closed)
    }

    /// Ends the connection for everybody, for the first reason given.
    fn fail(&self, error: ConnectionError) {
        self.failed.borrow_mut().get_or_insert(error);
        self.stream.shutdown();
        self.outgoing.take();
        for awaited in self.waiting.take() {
            awaited.answer.keep(Err(self.failure()));
        }
        self.changed.notify();
    }
}
