//! A member of a KIP-848 group.

use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError as E;

use super::member::{GROUP, Role, TOPIC};
use super::readout::Readout;
use crate::support::classic_group::{Seat, error};
use crate::support::connection::Connection;
use crate::support::consumer_group::{Beat, Consumer};

/// A member, and what it reads.
pub(crate) struct Modern {
    connection: Connection,
    consumer: Consumer,
    readout: Readout,
    beat_interval: Duration,
    last_beat: Option<Instant>,
}

impl Modern {
    pub(crate) fn new(role: &Role, readout: Readout) -> Self {
        let rebalance_ms = i32::try_from(role.session.as_millis()).expect("a short session");
        let join = Beat { rebalance_ms, ..Beat::join(GROUP, &role.name, &[TOPIC]) };
        Self {
            connection: Connection::open(role.broker).expect("it can be connected to"),
            consumer: Consumer::new(join),
            readout,
            beat_interval: role.beat_interval(),
            last_beat: None,
        }
    }

    /// One round: a heartbeat if it is time, what there is to process, a commit if it is time.
    pub(crate) fn step(&mut self) {
        match self.work() {
            // Where there is no coordinator yet, a client asks again.
            Ok(()) | Err(E::CoordinatorNotAvailable | E::NotCoordinator) => {}
            Err(error @ (E::UnknownMemberId | E::FencedMemberEpoch | E::StaleMemberEpoch)) => {
                self.readout.fenced(error);
                self.consumer.start_over();
                self.last_beat = None;
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    pub(crate) fn leave(&mut self) {
        let partitions = self.readout.partitions();
        let seat = self.seat();
        self.readout.commit_if_may(&mut self.connection, &seat, &partitions);
        let leave = Beat::at(GROUP, self.consumer.member(), -1);
        self.connection.consumer_beat(&leave);
    }

    fn seat(&self) -> Seat {
        Seat::at_epoch(GROUP, self.consumer.member(), self.consumer.epoch)
    }

    fn work(&mut self) -> Result<(), E> {
        let is_late = self.last_beat.is_none_or(|last| last.elapsed() >= self.beat_interval);
        if is_late || self.consumer.is_eager() {
            self.last_beat = Some(Instant::now());
            self.beat()?;
        }
        self.readout.read(self.consumer.epoch);
        if self.readout.is_due() {
            let (seat, partitions) = (self.seat(), self.readout.partitions());
            self.readout.commit(&mut self.connection, &seat, &partitions)?;
        }
        Ok(())
    }

    /// What it is to give up it commits before it says so.
    fn beat(&mut self) -> Result<(), E> {
        let told = self.connection.try_consumer_beat(&self.consumer.next());
        let told = told.expect("an answer to ConsumerGroupHeartbeat");
        error(told.error_code).map_or(Ok(()), Err)?;
        let epoch = self.consumer.epoch;
        let has_changed = self.consumer.hear(&told);
        if has_changed {
            let new = self.consumer.indices();
            let old = self.readout.partitions();
            let lost: Vec<_> = old.iter().copied().filter(|index| !new.contains(index)).collect();
            let got: Vec<_> = new.iter().copied().filter(|index| !old.contains(index)).collect();
            let seat = self.seat();
            self.readout.commit(&mut self.connection, &seat, &lost)?;
            self.readout.forget(&lost);
            self.readout.take_up(&mut self.connection, &seat, &got)?;
        }
        if has_changed || self.consumer.epoch != epoch {
            self.readout.entered(self.consumer.epoch);
        }
        Ok(())
    }
}
