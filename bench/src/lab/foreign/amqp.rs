//! AMQP 0-9-1 with publisher confirms through `lapin`: a durable quorum queue for each partition,
//! asked by the default exchange, with persistent records.

use std::future::Future;

use async_rs::TokioRuntime;
use bytes::Bytes;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use super::pump::Lane;
use super::{System, said};
use crate::lab::workload::Workload;

/// A record that survives the end of the server, in AMQP's words.
const PERSISTENT: u8 = 2;

/// A server.
#[derive(Default)]
pub(super) struct Amqp {
    version: String,
    control: Option<Channel>,
    connections: Vec<Connection>,
}

/// A connection with one channel.
pub(super) struct Publisher {
    channel: Channel,
    topic: String,
}

impl Lane for Publisher {
    fn publish(
        &self,
        record: Bytes,
        partition: u32,
    ) -> impl Future<Output = Result<(), String>> + use<> {
        let (channel, queue) = (self.channel.clone(), queue(&self.topic, partition));
        async move {
            let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
            // Without `mandatory` a record without a queue would be confirmed, and gone.
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let sent = channel.basic_publish("".into(), queue, options, &record, properties).await;
            let confirmed = sent.map_err(said("publish"))?.await.map_err(said("the confirm"))?;
            let taken = confirmed.is_ack() && confirmed.take_message().is_none();
            if taken { Ok(()) } else { Err("the record was refused or returned".to_owned()) }
        }
    }
}

impl System for Amqp {
    type Lane = Publisher;
    const HAS_THREADS: bool = true;

    fn name(&self) -> (String, String) {
        ("rabbitmq".to_owned(), self.version.clone())
    }

    async fn connect(&mut self, workload: &Workload) -> Result<Vec<Publisher>, String> {
        let mut lanes = Vec::new();
        for _ in 0..workload.connections {
            let channel = self.open(&workload.bootstrap).await?;
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await
                .map_err(said("ask for confirms"))?;
            lanes.push(Publisher { channel, topic: workload.topic.clone() });
        }
        let control = self.open(&workload.bootstrap).await?;
        for partition in 0..workload.partitions {
            let mut arguments = FieldTable::default();
            let quorum = AMQPValue::LongString("quorum".into());
            arguments.insert("x-queue-type".into(), quorum);
            let name = queue(&workload.topic, partition);
            control
                .queue_declare(name, QueueDeclareOptions::durable(), arguments)
                .await
                .map_err(said("declare the queue"))?;
        }
        self.control = Some(control);
        Ok(lanes)
    }

    async fn records(&mut self, workload: &Workload) -> Result<u64, String> {
        let control = self.control.as_ref().ok_or("not connected")?;
        let mut records = 0;
        for partition in 0..workload.partitions {
            let options = QueueDeclareOptions::durable().passive();
            let name = queue(&workload.topic, partition);
            let queue = control.queue_declare(name, options, FieldTable::default()).await;
            records += u64::from(queue.map_err(said("ask the queue"))?.message_count());
        }
        Ok(records)
    }
}

impl Amqp {
    /// A channel on a connection of its own.
    async fn open(&mut self, bootstrap: &str) -> Result<Channel, String> {
        let uri = format!("amqp://guest:guest@{bootstrap}/%2f");
        let runtime = TokioRuntime::tokio_current();
        let properties = ConnectionProperties::default();
        let connection = Connection::connect_with_runtime(&uri, properties, runtime)
            .await
            .map_err(said("connect"))?;
        let channel = connection.create_channel().await.map_err(said("open a channel"))?;
        self.connections.push(connection);
        Ok(channel)
    }
}

fn queue(topic: &str, partition: u32) -> ShortString {
    format!("{topic}-{partition}").into()
}
