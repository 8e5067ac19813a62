//! [`Endpoint`]: a shard's side of the mesh. A call sends a request and waits for its reply.
//!
//! A call takes a credit of its target, which reserves a place in both rings: neither is ever
//! full, so a reply never waits. Requests of one caller to one target arrive in their order;
//! replies come as they are ready. A handler must not wait for a call of its own: two shards that
//! had spent their credits on each other would wait for ever.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use slab::Slab;

use super::spsc;
use crate::bell::Bell;
use crate::executor::Runtime;
use crate::local::{Permit, Promise, Semaphore, Waiting, promise};

type Bells = Arc<[OnceLock<Arc<Bell>>]>;

/// What one shard needs to join the mesh; made for all at once, then sent to each.
pub struct Wiring<Q, R> {
    shard: usize,
    credits: usize,
    bells: Bells,
    links: Vec<Option<Link<Q, R>>>,
}

/// Both directions between this shard and another.
struct Link<Q, R> {
    requests_out: spsc::Sender<Parcel<Q>>,
    requests_in: spsc::Receiver<Parcel<Q>>,
    replies_out: spsc::Sender<Parcel<R>>,
    replies_in: spsc::Receiver<Parcel<R>>,
}

struct Parcel<T> {
    call: usize,
    content: T,
}

/// Joins `shards` shards, each pair with `credits` calls under way at most, each way.
pub fn wire<Q: Send, R: Send>(shards: usize, credits: usize) -> Vec<Wiring<Q, R>> {
    let bells: Bells = (0..shards).map(|_| OnceLock::new()).collect();
    let mut wirings: Vec<Wiring<Q, R>> = (0..shards)
        .map(|shard| {
            let links = (0..shards).map(|_| None).collect();
            Wiring { shard, credits, bells: Arc::clone(&bells), links }
        })
        .collect();
    for low in 0..shards {
        for high in low + 1..shards {
            let (to_high, at_high) = spsc::channel(credits);
            let (to_low, at_low) = spsc::channel(credits);
            let (back_to_high, back_at_high) = spsc::channel(credits);
            let (back_to_low, back_at_low) = spsc::channel(credits);
            wirings[low].links[high] = Some(Link {
                requests_out: to_high,
                requests_in: at_low,
                replies_out: back_to_high,
                replies_in: back_at_low,
            });
            wirings[high].links[low] = Some(Link {
                requests_out: to_low,
                requests_in: at_high,
                replies_out: back_to_low,
                replies_in: back_at_high,
            });
        }
    }
    wirings
}

/// The shard that was called has ended, or let the request go without a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other shard has ended")]
pub struct PeerGone;

/// A shard's side of the mesh. Cheap to clone; stays on its shard.
pub struct Endpoint<Q, R>(Rc<Inner<Q, R>>);

impl<Q, R> Clone for Endpoint<Q, R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Inner<Q, R> {
    runtime: Runtime,
    shard: usize,
    bells: Bells,
    links: Vec<Option<Joined<Q, R>>>,
}

struct Joined<Q, R> {
    link: RefCell<Link<Q, R>>,
    credits: Semaphore,
    /// Who waits for which reply, with the credit that keeps a place for it.
    calls: RefCell<Slab<(Promise<R>, Permit)>>,
}

impl<Q: Send + 'static, R: Send + 'static> Endpoint<Q, R> {
    /// Joins the mesh from the shard's own thread.
    pub fn join(runtime: &Runtime, wiring: Wiring<Q, R>) -> Self {
        let Wiring { shard, credits, bells, links } = wiring;
        let bell = runtime.bell();
        assert!(bells[shard].set(Arc::clone(&bell)).is_ok(), "a shard joins once");
        // What was sent before the bell hung there was not rung for.
        bell.post();
        let links = links
            .into_iter()
            .map(|link| {
                link.map(|link| Joined {
                    link: RefCell::new(link),
                    credits: Semaphore::new(credits),
                    calls: RefCell::default(),
                })
            })
            .collect();
        Self(Rc::new(Inner { runtime: runtime.clone(), shard, bells, links }))
    }

    /// Which shard this is.
    pub fn shard(&self) -> usize {
        self.0.shard
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.0.links.len()
    }

    /// Sends a request to another shard and waits for its reply. Waits for a credit first.
    /// Dropping the future drops the reply, not the request.
    pub async fn call(&self, to: usize, request: Q) -> Result<R, PeerGone> {
        self.begin(to, request).await.await
    }

    /// The same in two steps: when the first has resolved, the request is in the other shard's
    /// ring, behind all that were sent there before.
    pub async fn begin(&self, to: usize, request: Q) -> Call<R> {
        let joined = self.joined(to);
        let credit = joined.credits.acquire().await;
        let (kept, reply) = promise();
        let call = joined.calls.borrow_mut().insert((kept, credit));
        let parcel = Parcel { call, content: request };
        let sent = joined.link.borrow_mut().requests_out.try_send(parcel);
        assert!(sent.is_ok(), "a credit is a place in the ring");
        self.ring(to);
        Call(reply)
    }

    /// Calls under way to a shard could take this many more at once.
    pub fn credits(&self, to: usize) -> usize {
        self.joined(to).credits.free()
    }

    /// Serves requests, and hands out replies, for as long as the shard lives. `handle` must not
    /// wait: it answers at once or moves the responder to a task.
    pub async fn run(&self, mut handle: impl FnMut(usize, Q, Responder<Q, R>)) {
        poll_fn(|context| {
            self.0.runtime.listen(context.waker());
            for from in 0..self.0.links.len() {
                if from != self.0.shard {
                    self.take_replies(from);
                    self.take_requests(from, &mut handle);
                }
            }
            Poll::<()>::Pending
        })
        .await;
    }

    fn take_replies(&self, from: usize) {
        let joined = self.joined(from);
        loop {
            let reply = joined.link.borrow_mut().replies_in.try_recv();
            let Some(Parcel { call, content }) = reply else { return };
            let (promise, credit) = joined.calls.borrow_mut().remove(call);
            drop(credit);
            promise.keep(content);
        }
    }

    fn take_requests(&self, from: usize, handle: &mut impl FnMut(usize, Q, Responder<Q, R>)) {
        loop {
            let request = self.joined(from).link.borrow_mut().requests_in.try_recv();
            let Some(Parcel { call, content }) = request else { return };
            handle(from, content, Responder { endpoint: self.clone(), to: from, call });
        }
    }

    fn reply(&self, to: usize, call: usize, reply: R) {
        let parcel = Parcel { call, content: reply };
        let sent = self.joined(to).link.borrow_mut().replies_out.try_send(parcel);
        assert!(sent.is_ok(), "the call's credit is a place in the ring");
        self.ring(to);
    }

    fn joined(&self, shard: usize) -> &Joined<Q, R> {
        self.0.links[shard].as_ref().expect("a shard does not call itself")
    }

    fn ring(&self, shard: usize) {
        // A shard that has not joined yet looks into its rings when it does.
        if let Some(bell) = self.0.bells[shard].get() {
            bell.post();
        }
    }
}

/// A request that was sent; awaits its reply. Dropped before, it lets the reply come to nobody.
pub struct Call<R>(Waiting<R>);

impl<R> Future for Call<R> {
    type Output = Result<R, PeerGone>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| PeerGone)
    }
}

/// The duty to answer one request. A request that is never answered keeps its credit: the caller
/// waits until its own shard ends.
#[must_use = "the caller waits for a reply"]
pub struct Responder<Q, R> {
    endpoint: Endpoint<Q, R>,
    to: usize,
    call: usize,
}

impl<Q: Send + 'static, R: Send + 'static> Responder<Q, R> {
    /// Answers.
    pub fn send(self, reply: R) {
        self.endpoint.reply(self.to, self.call, reply);
    }

    /// Who asked.
    pub fn caller(&self) -> usize {
        self.to
    }
}
