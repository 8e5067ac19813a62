//! A shard: everything that one core owns, and how others reach it.

pub mod apply;
pub mod frames;
pub mod handlers;
pub mod leases;
pub mod message;
pub mod router;
pub mod upkeep;
pub mod watches;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use record::{ShardId, TopicPartition};
use runtime::local::Gate;
use runtime::mesh::{Endpoint, PeerGone};
use runtime::{Pipes, Runtime};
use storage::Store;

use self::frames::FrameBudget;
use self::leases::Leases;
use self::message::{Reply, Request};
use self::upkeep::{ConnectionCounts, Registered};
use self::watches::Watches;
use crate::broker::dynamic_configs::DynamicConfigs;
use crate::broker::groups::Groups;
use crate::broker::producer_ids::ProducerIds;
use crate::broker::topics::Topics;
use crate::config::Config;
use crate::frontend::kafka::fetch_sessions::FetchSessions;
use crate::metrics::ShardMetrics;
use crate::registry::authority::AuthorityHandle;

/// One core's share of the broker. Never leaves its thread.
pub struct Shard {
    /// Its number.
    pub id: ShardId,
    /// How many there are.
    pub shards: u16,
    /// Its loop.
    pub runtime: Runtime,
    /// Its logs.
    pub store: Store,
    /// What it knows of all topics.
    pub topics: RefCell<Topics>,
    /// Its side of the mesh; none if it is alone.
    pub mesh: Option<Endpoint<Request, Reply>>,
    /// What was configured at the start.
    pub config: Arc<Config>,
    /// What was configured since, and what it amounts to.
    pub dynamic: DynamicConfigs,
    /// What it counts and times.
    pub metrics: Rc<ShardMetrics>,
    /// What is planned for readers elsewhere.
    pub leases: Leases,
    /// Who waits where for new records.
    pub watches: Watches,
    /// Producer ids that it may give out.
    pub producer_ids: ProducerIds,
    /// The registry, on shard 0.
    pub authority: RefCell<Option<AuthorityHandle>>,
    /// What its consumers read, kept from request to request.
    pub fetch_sessions: RefCell<FetchSessions>,
    /// Its groups, and who waits here for groups elsewhere.
    pub groups: Groups,
    /// Memory of large frames.
    pub frames: FrameBudget,
    /// Pipes for splicing.
    pub pipes: Pipes,
    /// Connections under way; closed when the shard stops.
    pub connections: Gate,
    /// The same, to be found by upkeep.
    pub registered: Registered,
    /// How many connections each shard has.
    pub connection_counts: ConnectionCounts,
    /// The cluster's id, as clients see it.
    pub cluster_id: Rc<str>,
    /// All shards are up, and this one takes requests.
    pub ready: Cell<bool>,
}

impl Shard {
    /// Which shard owns a log.
    pub fn owner(&self, log: TopicPartition) -> ShardId {
        router::owner(log, self.shards)
    }

    /// Whether this shard owns a log.
    pub fn owns(&self, log: TopicPartition) -> bool {
        self.owner(log) == self.id
    }

    /// Asks another shard.
    pub async fn call(&self, to: ShardId, request: Request) -> Result<Reply, PeerGone> {
        assert_ne!(to, self.id, "a shard does not call itself");
        let mesh = self.mesh.as_ref().expect("there are other shards");
        mesh.call(to.index(), request).await
    }

    /// All shards but this one.
    pub fn others(&self) -> impl Iterator<Item = ShardId> + use<> {
        let id = self.id;
        (0..self.shards).map(ShardId).filter(move |other| *other != id)
    }
}
