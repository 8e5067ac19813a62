//! A cluster as a client sees it: what it knows of it, and a connection to each broker it asks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use record::{NodeId, PartitionIndex};
use runtime::Runtime;
use runtime::local::Semaphore;

use super::backoff::Backoff;
use super::connection::{Connection, ConnectionConfig};
use super::endpoint::Endpoint;
use super::error::ClientError;
use super::metadata::{ClusterMetadata, PartitionInfo, TopicInfo};
use crate::kafka::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::Array;

/// How a cluster is reached.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Brokers to begin with; one that answers is enough.
    pub bootstrap: Vec<Endpoint>,
    /// How connections are made.
    pub connection: ConnectionConfig,
    /// How often a request is sent again after an error that may pass.
    pub retries: u32,
    /// The wait before the first retry; each later one is twice as long.
    pub retry_wait_first: Duration,
    /// The longest wait before a retry.
    pub retry_wait_max: Duration,
}

impl ClientConfig {
    /// The defaults, with brokers to begin with.
    pub fn new(bootstrap: Vec<Endpoint>) -> Self {
        Self {
            bootstrap,
            connection: ConnectionConfig::default(),
            retries: 10,
            retry_wait_first: Duration::from_millis(50),
            retry_wait_max: Duration::from_secs(1),
        }
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff::new(self.retry_wait_first, self.retry_wait_max, self.retries)
    }
}

/// A client of one cluster. Cheap to clone; clones share connections and what is known.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    runtime: Runtime,
    config: ClientConfig,
    known: RefCell<ClusterMetadata>,
    connections: RefCell<BTreeMap<Endpoint, Rc<Connection>>>,
    /// One connection is made at a time, so that no broker gets two from one client.
    connecting: Semaphore,
}

impl Client {
    /// Connects to one of the brokers given and learns which others there are. Tries each address
    /// once: whoever wants to wait for a broker calls again.
    pub async fn connect(runtime: &Runtime, config: ClientConfig) -> Result<Self, ClientError> {
        assert!(!config.bootstrap.is_empty(), "there is a broker to begin with");
        let client = Self(Rc::new(Inner {
            runtime: runtime.clone(),
            config,
            known: RefCell::default(),
            connections: RefCell::default(),
            connecting: Semaphore::new(1),
        }));
        client.describe(Some(&[])).await?;
        Ok(client)
    }

    /// The runtime that it lives on.
    pub fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    /// Its configuration.
    pub fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    /// Asks for the topics named, or for all; none is created by asking. What is learnt of brokers
    /// is kept, and of topics as far as [`Client::topic`] asked for them.
    pub async fn describe(&self, topics: Option<&[&str]>) -> Result<ClusterMetadata, ClientError> {
        let names: Option<Vec<_>> = topics.map(|topics| {
            let by_name = topics.iter().map(|name| MetadataRequestTopic {
                name: Some(name),
                ..MetadataRequestTopic::default()
            });
            by_name.collect()
        });
        let request = MetadataRequest {
            topics: names.as_ref().map(Array::from),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let answer = self.any().await?.ask(&request).await?;
        let response = answer.body::<MetadataResponse<'_>>()?;
        ClientError::check(response.error_code, None, || "describe the cluster".to_owned())?;
        let found = ClusterMetadata::of(&response);
        let mut known = self.0.known.borrow_mut();
        known.brokers.clone_from(&found.brokers);
        known.controller = found.controller;
        known.cluster_id.clone_from(&found.cluster_id);
        Ok(found)
    }

    /// A topic as it is known, asked for if it is not.
    pub async fn topic(&self, name: &str) -> Result<TopicInfo, ClientError> {
        let known = self.0.known.borrow().topics.get(name).cloned();
        match known {
            Some(topic) => Ok(topic),
            None => self.refresh(name).await,
        }
    }

    /// Asks for a topic anew.
    pub async fn refresh(&self, name: &str) -> Result<TopicInfo, ClientError> {
        let mut found = self.describe(Some(&[name])).await?;
        let incomplete = ClientError::Incomplete { api: ApiKey::Metadata };
        let topic = found.topics.remove(name).ok_or(incomplete)?;
        self.0.known.borrow_mut().topics.remove(name);
        match topic.code {
            ErrorCode::NONE => {}
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                return Err(ClientError::UnknownTopic { topic: name.to_owned() });
            }
            code => ClientError::check(code, None, || format!("look up topic '{name}'"))?,
        }
        self.0.known.borrow_mut().topics.insert(name.to_owned(), topic.clone());
        Ok(topic)
    }

    /// A partition and a connection to its leader, as far as is known.
    pub async fn leader(
        &self,
        topic: &str,
        partition: PartitionIndex,
    ) -> Result<(TopicInfo, PartitionInfo, Rc<Connection>), ClientError> {
        let info = self.topic(topic).await?;
        let Some(found) = info.partition(partition).cloned() else {
            let (topic, partitions) = (topic.to_owned(), info.partitions.len());
            return Err(ClientError::UnknownPartition { topic, partition, partitions });
        };
        let no_leader = || ClientError::NoLeader { topic: topic.to_owned(), partition };
        if found.leader.0 < 0 {
            return Err(no_leader());
        }
        let connection = self.node(found.leader).await?.ok_or_else(no_leader)?;
        Ok((info, found, connection))
    }

    /// A connection to a broker; `None` if no such broker is known.
    pub async fn node(&self, node: NodeId) -> Result<Option<Rc<Connection>>, ClientError> {
        let endpoint = self.0.known.borrow().endpoint(node).cloned();
        match endpoint {
            Some(endpoint) => self.connection(&endpoint).await.map(Some),
            None => Ok(None),
        }
    }

    /// A connection to the controller, or to any broker if none is known: it passes requests on,
    /// or says that it is not the controller.
    pub async fn controller(&self) -> Result<Rc<Connection>, ClientError> {
        let controller = self.0.known.borrow().controller;
        match self.node(controller).await {
            Ok(Some(connection)) => Ok(connection),
            Ok(None) | Err(_) => self.any().await,
        }
    }

    /// A connection to some broker: one that is open, or else to the first that can be reached.
    pub async fn any(&self) -> Result<Rc<Connection>, ClientError> {
        let open = self.0.connections.borrow().values().find(|known| known.is_open()).cloned();
        if let Some(connection) = open {
            return Ok(connection);
        }
        let known: Vec<_> =
            self.0.known.borrow().brokers.iter().map(|broker| broker.endpoint.clone()).collect();
        let mut last = None;
        // The addresses given come first: they are what the user can do something about.
        let given = self.0.config.bootstrap.iter();
        let others = known.iter().filter(|endpoint| !self.0.config.bootstrap.contains(endpoint));
        for endpoint in given.chain(others) {
            match self.connection(endpoint).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = last.or(Some(error)),
            }
        }
        Err(last.expect("there is a broker to begin with"))
    }

    async fn connection(&self, endpoint: &Endpoint) -> Result<Rc<Connection>, ClientError> {
        if let Some(connection) = self.open_connection(endpoint) {
            return Ok(connection);
        }
        let _turn = self.0.connecting.acquire().await;
        if let Some(connection) = self.open_connection(endpoint) {
            return Ok(connection);
        }
        let config = &self.0.config.connection;
        let connection = Rc::new(Connection::open(&self.0.runtime, endpoint, config).await?);
        let mut connections = self.0.connections.borrow_mut();
        connections.retain(|_, connection| connection.is_open());
        connections.insert(endpoint.clone(), Rc::clone(&connection));
        Ok(connection)
    }

    fn open_connection(&self, endpoint: &Endpoint) -> Option<Rc<Connection>> {
        let connections = self.0.connections.borrow();
        connections.get(endpoint).filter(|connection| connection.is_open()).cloned()
    }
}
