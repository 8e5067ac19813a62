//! The control thread: its start, its end, and what it does by itself.

use core::net::SocketAddr;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::collector::Collector;
use super::connection::Listener;
use super::error::AdminError;
use super::http::{Control, router};
use super::readiness::Readiness;
use super::request::ShardHandle;
use super::slow::SlowRequests;
use crate::metrics::WINDOW;

/// The longest that a stop waits for answers under way.
const FAREWELL: Duration = Duration::from_secs(2);

/// How much strangers and slow shards can take.
#[derive(Clone, Copy, Debug)]
pub struct AdminLimits {
    /// How long to wait for a shard's answer.
    pub answer: Duration,
    /// How long a request may take.
    pub request: Duration,
    /// How long a connection may go without being given a byte.
    pub silence: Duration,
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
}

impl Default for AdminLimits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(1),
            request: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            connections: 64,
        }
    }
}

/// What the control plane is started with.
#[derive(Debug)]
pub struct Admin {
    /// From [`bind`].
    pub listener: TcpListener,
    /// The shards in their order; they may start later.
    pub shards: Vec<ShardHandle>,
    /// The cores that the thread may use; none for any.
    pub cores: Vec<usize>,
    /// When the process started, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// How much strangers and slow shards can take.
    pub limits: AdminLimits,
}

/// A running control plane. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct AdminHandle {
    address: SocketAddr,
    /// Closed to stop.
    stop: flume::Sender<()>,
    thread: JoinHandle<Result<(), AdminError>>,
}

/// Listens for HTTP. The error names the port and the setting.
pub fn bind(address: SocketAddr) -> Result<TcpListener, AdminError> {
    TcpListener::bind(address).map_err(|source| AdminError::Bind { address, source })
}

impl Admin {
    /// Starts the thread; when this returns, it serves.
    pub fn start(self) -> Result<AdminHandle, AdminError> {
        let address = self.listener.local_addr().map_err(system("name a listener"))?;
        let (stop, stopped) = flume::bounded(1);
        let (started, is_started) = flume::bounded(1);
        let thread = thread::Builder::new()
            .name("tm-control".to_owned())
            .spawn(move || self.run(&stopped, &started))
            .map_err(system("start the control thread"))?;
        let handle = AdminHandle { address, stop, thread };
        // A thread that ends before it has started says why when it is joined.
        if is_started.recv().is_err() {
            handle.stop()?;
            return Err(AdminError::Panicked);
        }
        Ok(handle)
    }

    fn run(
        self,
        stopped: &flume::Receiver<()>,
        started: &flume::Sender<()>,
    ) -> Result<(), AdminError> {
        if !self.cores.is_empty() {
            runtime::affinity::pin_to(&self.cores)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(system("start the control runtime"))?;
        let result = runtime.block_on(self.serve(stopped, started));
        // Connections that outstayed the farewell are cut.
        runtime.shutdown_background();
        result
    }

    async fn serve(
        self,
        stopped: &flume::Receiver<()>,
        started: &flume::Sender<()>,
    ) -> Result<(), AdminError> {
        let listener = self.listener;
        listener.set_nonblocking(true).map_err(system("prepare a listener"))?;
        let listener = tokio::net::TcpListener::from_std(listener);
        let listener = listener.map_err(system("prepare a listener"))?;
        let AdminLimits { answer, request, silence, connections } = self.limits;
        let listener = Listener::new(listener, connections, silence);
        let shards: Arc<[ShardHandle]> = self.shards.into();
        let collector = Collector::new(Arc::clone(&shards), answer, self.started_ms);
        let control = Arc::new(Control {
            collector: Mutex::new(collector),
            readiness: Mutex::new(Readiness::new(Arc::clone(&shards), answer)),
            slow: Mutex::new(SlowRequests::new(shards, answer)),
            request_timeout: request,
        });
        let windows = tokio::spawn(turn_windows(Arc::clone(&control)));
        let (farewell, leaving) = flume::bounded::<()>(1);
        let serving = axum::serve(listener, router(control)).with_graceful_shutdown(async move {
            let _ = leaving.recv_async().await;
        });
        let mut serving = tokio::spawn(async move { serving.await });
        let _ = started.send(());
        // Both the word to stop and the end of whoever could say it.
        let _ = stopped.recv_async().await;
        windows.abort();
        drop(farewell);
        match timeout(FAREWELL, &mut serving).await {
            Ok(Ok(result)) => result.map_err(system("serve HTTP")),
            Ok(Err(_)) => Err(AdminError::Panicked),
            // Whoever does not read the answer does not keep the broker.
            Err(_) => Ok(()),
        }
    }
}

impl AdminHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: takes no new connection, gives the answers under way two seconds, and waits for the
    /// thread's end.
    pub fn stop(self) -> Result<(), AdminError> {
        drop(self.stop);
        self.thread.join().map_err(|_| AdminError::Panicked)?
    }
}

async fn turn_windows(control: Arc<Control>) {
    let mut ticks = interval(WINDOW);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        control.collector.lock().await.turn().await;
    }
}

fn system(action: &'static str) -> impl FnOnce(io::Error) -> AdminError {
    move |source| AdminError::System { action, source }
}

#[cfg(test)]
mod tests;
