//! `RocketMQ` by its remoting protocol: a topic whose queues are the partitions, on the one broker
//! that the workload names. The topic is the broker's to have; see its `start`.

use std::cell::Cell;
use std::future::Future;

use bytes::Bytes;
use serde_json::json;

use super::pump::Lane;
use super::remoting::{Connection, RequestCode};
use super::{System, said};
use crate::lab::workload::Workload;

/// A broker.
#[derive(Default)]
pub(super) struct RocketMq {
    control: Option<Connection>,
}

/// A producer with a connection of its own.
pub(super) struct Publisher {
    connection: Connection,
    topic: String,
    number: u32,
    sent: Cell<u64>,
}

impl Lane for Publisher {
    fn publish(
        &self,
        record: Bytes,
        partition: u32,
    ) -> impl Future<Output = Result<(), String>> + use<> {
        let number = self.sent.replace(self.sent.get() + 1);
        let id = format!("{:016X}{number:016X}", self.number);
        let fields = fields(&self.topic, partition, &id, runtime::wall_millis());
        let connection = self.connection.clone();
        async move {
            let answer = connection.ask(RequestCode::SendV2, fields, record).await?;
            match answer.code {
                0 => Ok(()),
                // A record that is stored and was not flushed in time is an error too.
                code => Err(format!("publish: {code} {}", answer.remark.unwrap_or_default())),
            }
        }
    }
}

/// A record's header, as the official client fills it: a record has an id, which the broker
/// indexes, and waits for what the broker's `flushDiskType` says.
fn fields(topic: &str, queue: u32, id: &str, millis: i64) -> String {
    let properties = format!("UNIQ_KEY\u{1}{id}\u{2}WAIT\u{1}true\u{2}");
    json!({
        "a": "tidemill-bench", "b": topic, "c": "TBW102", "d": "4", "e": queue.to_string(),
        "f": "0", "g": millis.to_string(), "h": "0", "i": properties, "j": "0", "k": "false",
        "l": "0", "m": "false",
    })
    .to_string()
}

impl System for RocketMq {
    type Lane = Publisher;
    const HAS_THREADS: bool = false;

    fn name(&self) -> (String, String) {
        ("rocketmq".to_owned(), String::new())
    }

    async fn connect(&mut self, workload: &Workload) -> Result<Vec<Publisher>, String> {
        let mut lanes = Vec::new();
        for number in 0..workload.connections {
            let connection = Connection::open(&workload.bootstrap).await?;
            let topic = workload.topic.clone();
            lanes.push(Publisher { connection, topic, number, sent: Cell::new(0) });
        }
        self.control = Some(Connection::open(&workload.bootstrap).await?);
        Ok(lanes)
    }

    async fn records(&mut self, workload: &Workload) -> Result<u64, String> {
        let control = self.control.as_ref().ok_or("not connected")?;
        let mut records = 0;
        for queue in 0..workload.partitions {
            let topic = &workload.topic;
            let fields = json!({ "topic": topic, "queueId": queue.to_string() }).to_string();
            let answer = control.ask(RequestCode::MaxOffset, fields, Bytes::new()).await?;
            let offset = answer.fields.get("offset").ok_or_else(|| {
                format!("the queue's end: {} {}", answer.code, answer.remark.unwrap_or_default())
            })?;
            records += offset.parse::<u64>().map_err(said("the queue's end"))?;
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_an_id_and_its_fields_are_text() {
        let fields = fields("t", 3, "A1", 5);
        let fields: serde_json::Value = serde_json::from_str(&fields).unwrap();
        assert!(fields.as_object().unwrap().values().all(serde_json::Value::is_string));
        assert_eq!((&fields["b"], &fields["e"]), (&"t".into(), &"3".into()));
        assert!(fields["i"].as_str().unwrap().starts_with("UNIQ_KEY\u{1}A1\u{2}"));
    }
}
