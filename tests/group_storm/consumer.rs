//! A member of a KIP-848 group.

use std::time::Instant;

use kafka_protocol::error::ResponseError as E;

use super::member::{GROUP, Role, TOPIC};
use super::readout::Readout;
use super::trouble::Trouble;
use crate::support::classic_group::{Seat, error};
use crate::support::connection::Connection;
use crate::support::consumer_group::{Beat, Consumer};

/// A member, and what it reads.
pub(crate) struct Modern {
    connection: Connection,
    consumer: Consumer,
    readout: Readout,
    role: Role,
    last_beat: Option<Instant>,
}

impl Modern {
    pub(crate) fn new(role: &Role, readout: Readout) -> Self {
        let rebalance_ms = i32::try_from(role.session.as_millis()).expect("a short session");
        let join = Beat { rebalance_ms, ..Beat::join(GROUP, &role.name, &[TOPIC]) };
        Self {
            connection: role.connect(),
            consumer: Consumer::new(join),
            readout,
            role: role.clone(),
            last_beat: None,
        }
    }

    /// One round: a heartbeat if it is time, what there is to process, a commit if it is time.
    pub(crate) fn step(&mut self) {
        match self.work() {
            // Where there is no coordinator yet, a client asks again.
            Ok(()) | Err(Trouble::Refused(E::CoordinatorNotAvailable | E::NotCoordinator)) => {}
            // What was said last may not have been heard, nor what was answered.
            Err(Trouble::Broken(error)) => {
                self.connection = self.role.reconnect(&error);
                self.readout.reconnect(&error);
                self.consumer.say_all();
            }
            Err(Trouble::Refused(
                error @ (E::UnknownMemberId | E::FencedMemberEpoch | E::StaleMemberEpoch),
            )) => {
                self.readout.fenced(error);
                self.consumer.start_over();
                self.last_beat = None;
            }
            Err(Trouble::Refused(error)) => panic!("{error:?}"),
        }
    }

    /// Leaves a broker that is there.
    pub(crate) fn leave(&mut self) {
        if self.role.broker_dies {
            self.connection = self.role.connect();
        }
        let partitions = self.readout.partitions();
        let seat = self.seat();
        let committed = self.readout.commit_if_may(&mut self.connection, &seat, &partitions);
        committed.expect("an answer to OffsetCommit");
        let leave = Beat::at(GROUP, self.consumer.member(), -1);
        self.connection.consumer_beat(&leave);
    }

    fn seat(&self) -> Seat {
        Seat::at_epoch(GROUP, self.consumer.member(), self.consumer.epoch)
    }

    fn work(&mut self) -> Result<(), Trouble> {
        // What it was told before its connection broke comes before what it says next.
        self.take_over()?;
        let interval = self.role.beat_interval();
        let is_late = self.last_beat.is_none_or(|last| last.elapsed() >= interval);
        if is_late || self.consumer.is_eager() {
            self.last_beat = Some(Instant::now());
            self.beat()?;
        }
        self.readout.read(self.consumer.epoch)?;
        if self.readout.is_due() {
            let (seat, partitions) = (self.seat(), self.readout.partitions());
            self.readout.commit(&mut self.connection, &seat, &partitions)?;
        }
        Ok(())
    }

    fn beat(&mut self) -> Result<(), Trouble> {
        let told = self.connection.try_consumer_beat(&self.consumer.next())?;
        error(told.error_code).map_or(Ok(()), Err)?;
        let epoch = self.consumer.epoch;
        let has_changed = self.consumer.hear(&told);
        self.take_over()?;
        if has_changed || self.consumer.epoch != epoch {
            self.readout.entered(self.consumer.epoch);
        }
        Ok(())
    }

    /// Gives up what it has no more, which it commits before it says so, and takes up what is new.
    fn take_over(&mut self) -> Result<(), Trouble> {
        let (new, old) = (self.consumer.indices(), self.readout.partitions());
        let lost: Vec<_> = old.iter().copied().filter(|index| !new.contains(index)).collect();
        let got: Vec<_> = new.iter().copied().filter(|index| !old.contains(index)).collect();
        if lost.is_empty() && got.is_empty() {
            return Ok(());
        }
        let seat = self.seat();
        self.readout.commit(&mut self.connection, &seat, &lost)?;
        self.readout.forget(&lost);
        self.readout.take_up(&mut self.connection, &seat, &got)
    }
}
