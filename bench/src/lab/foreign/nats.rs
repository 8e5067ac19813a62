//! NATS `JetStream` through `async-nats`: a stream for each partition, on files, without replicas.

use std::future::Future;

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{Config, StorageType};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions};
use bytes::Bytes;

use super::pump::Lane;
use super::{System, said};
use crate::lab::workload::Workload;

/// A server.
#[derive(Default)]
pub(super) struct Nats {
    version: String,
    context: Option<Context>,
}

/// A connection of its own: what is published on it is acknowledged one by one.
pub(super) struct Publisher {
    context: Context,
    topic: String,
}

impl Lane for Publisher {
    fn publish(
        &self,
        record: Bytes,
        partition: u32,
    ) -> impl Future<Output = Result<(), String>> + use<> {
        let (context, subject) = (self.context.clone(), subject(&self.topic, partition));
        async move {
            let acknowledged = context.publish(subject, record).await.map_err(said("publish"))?;
            acknowledged.await.map(drop).map_err(said("the acknowledgement"))
        }
    }
}

impl System for Nats {
    type Lane = Publisher;
    const HAS_THREADS: bool = false;

    fn name(&self) -> (String, String) {
        ("nats".to_owned(), self.version.clone())
    }

    async fn connect(&mut self, workload: &Workload) -> Result<Vec<Publisher>, String> {
        let mut lanes = Vec::new();
        for _ in 0..workload.connections {
            let context = open(workload).await.map(|client| context(client, workload))?;
            lanes.push(Publisher { context, topic: workload.topic.clone() });
        }
        let client = open(workload).await?;
        self.version = client.server_info().version;
        let context = self.context.insert(context(client, workload));
        for partition in 0..workload.partitions {
            let config = Config {
                name: stream(&workload.topic, partition),
                subjects: vec![subject(&workload.topic, partition)],
                storage: StorageType::File,
                num_replicas: 1,
                ..Config::default()
            };
            context.get_or_create_stream(config).await.map_err(said("make the stream"))?;
        }
        Ok(lanes)
    }

    async fn records(&mut self, workload: &Workload) -> Result<u64, String> {
        let context = self.context.as_ref().ok_or("not connected")?;
        let mut records = 0;
        for partition in 0..workload.partitions {
            let name = stream(&workload.topic, partition);
            let mut stream = context.get_stream(name).await.map_err(said("ask for the stream"))?;
            records += stream.info().await.map_err(said("ask the stream"))?.state.messages;
        }
        Ok(records)
    }
}

async fn open(workload: &Workload) -> Result<Client, String> {
    // A record is given up by the workload's own time, and not asked for again.
    let options = ConnectOptions::new().request_timeout(Some(workload.timeout));
    options.connect(&workload.bootstrap).await.map_err(said("connect"))
}

fn context(client: Client, workload: &Workload) -> Context {
    let context: ContextBuilder<jetstream::context::Yes> = ContextBuilder::new();
    let bound = workload.timeout + workload.drain + workload.timeout;
    // The bound on what is out is the workload's, never the library's.
    context.timeout(bound).ack_timeout(bound).backpressure_on_inflight(false).build(client)
}

fn stream(topic: &str, partition: u32) -> String {
    format!("{}-{partition}", topic.replace('.', "-"))
}

fn subject(topic: &str, partition: u32) -> String {
    format!("{topic}.{partition}")
}
