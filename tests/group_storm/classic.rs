//! A member of the classic protocol. Whoever leads deals the partitions out in turn.

use std::io;
use std::time::Instant;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::error::ResponseError as E;
use kafka_protocol::messages::JoinGroupResponse;

use super::member::{GROUP, Role, TOPIC};
use super::readout::Readout;
use super::trouble::Trouble;
use crate::support::classic_group::{Join, Seat, error, subscription};
use crate::support::connection::Connection;

/// A member, in a generation or on its way into one.
pub(crate) struct Classic {
    connection: Connection,
    join: Join,
    seat: Option<Seat>,
    readout: Readout,
    role: Role,
    last_beat: Instant,
}

impl Classic {
    pub(crate) fn new(role: &Role, readout: Readout) -> Self {
        let session_ms = i32::try_from(role.session.as_millis()).expect("a short session");
        let join = Join {
            session_ms,
            rebalance_ms: session_ms,
            protocols: vec![("range".to_owned(), subscription(&[TOPIC]))],
            ..Join::new(GROUP)
        };
        Self {
            connection: role.connect(),
            join,
            seat: None,
            readout,
            role: role.clone(),
            last_beat: Instant::now(),
        }
    }

    /// One round: a heartbeat if it is time, what there is to process, a commit if it is time.
    pub(crate) fn step(&mut self) {
        let result = match self.seat.clone() {
            None => self.enter(),
            Some(seat) => self.work(&seat),
        };
        match result {
            Ok(()) => {}
            // It has its seat still, for as long as its session lasts.
            Err(Trouble::Broken(error)) => self.reconnect(&error),
            Err(Trouble::Refused(error)) => self.refused(error),
        }
    }

    /// Leaves a broker that is there.
    pub(crate) fn leave(&mut self) {
        let Some(seat) = self.seat.take() else { return };
        if self.role.broker_dies {
            self.connection = self.role.connect();
        }
        let partitions = self.readout.partitions();
        let committed = self.readout.commit_if_may(&mut self.connection, &seat, &partitions);
        committed.expect("an answer to OffsetCommit");
        self.connection.leave(3, GROUP, &[(&seat.member, None)]);
    }

    fn reconnect(&mut self, error: &io::Error) {
        self.connection = self.role.reconnect(error);
        self.readout.reconnect(error);
    }

    fn refused(&mut self, error: E) {
        match error {
            // Where there is no coordinator yet, a client asks again.
            E::CoordinatorNotAvailable | E::NotCoordinator => {}
            // Whatever it may still commit it does, and joins again.
            E::RebalanceInProgress => {
                let partitions = self.readout.partitions();
                let seat = self.seat.take();
                let committed = seat.map_or(Ok(()), |seat| {
                    self.readout.commit_if_may(&mut self.connection, &seat, &partitions)
                });
                self.readout.forget(&partitions);
                if let Err(error) = committed {
                    self.reconnect(&error);
                }
            }
            E::UnknownMemberId | E::IllegalGeneration => {
                self.readout.fenced(error);
                self.seat = None;
                if error == E::UnknownMemberId {
                    self.join.member.clear();
                }
            }
            error => panic!("{error:?}"),
        }
    }

    fn work(&mut self, seat: &Seat) -> Result<(), Trouble> {
        if self.last_beat.elapsed() >= self.role.beat_interval() {
            self.last_beat = Instant::now();
            self.connection.try_beat(seat)?.map_or(Ok(()), Err)?;
        }
        self.readout.read(seat.generation)?;
        if self.readout.is_due() {
            let partitions = self.readout.partitions();
            self.readout.commit(&mut self.connection, seat, &partitions)?;
        }
        Ok(())
    }

    /// Joins, assigns if it leads, and takes up what it gets.
    fn enter(&mut self) -> Result<(), Trouble> {
        let joined = self.connection.try_join(&self.join)?;
        match error(joined.error_code) {
            None => {}
            Some(E::MemberIdRequired) => {
                self.join.member = joined.member_id.to_string();
                return Ok(());
            }
            Some(error) => return Err(error.into()),
        }
        let seat = self.join.seat(&joined);
        self.join.member.clone_from(&seat.member);
        let assignments = self.deal(&joined);
        let assignments: Vec<_> =
            assignments.iter().map(|(member, all)| (member.as_str(), all.clone())).collect();
        let synced = self.connection.try_sync(&seat, &assignments)?;
        self.last_beat = Instant::now();
        error(synced.error_code).map_or(Ok(()), Err)?;
        let partitions = decode(synced.assignment);
        let asker = Seat { member: String::new(), generation: -1, ..seat.clone() };
        self.readout.take_up(&mut self.connection, &asker, &partitions)?;
        self.readout.entered(seat.generation);
        self.seat = Some(seat);
        Ok(())
    }

    /// What each member gets, if this one leads: nobody keeps much of what it had.
    fn deal(&self, joined: &JoinGroupResponse) -> Vec<(String, Bytes)> {
        let count = joined.members.len();
        let members = joined.members.iter().zip(0..);
        let dealt = members.map(|(member, place)| {
            let turn = usize::try_from(joined.generation_id).expect("a generation");
            let place: usize = (place + turn) % count;
            let all = (0..self.role.partitions).skip(place).step_by(count);
            (member.member_id.to_string(), encode(all))
        });
        dealt.collect()
    }
}

fn encode(partitions: impl Iterator<Item = i32>) -> Bytes {
    let mut bytes = BytesMut::new();
    for partition in partitions {
        bytes.put_i32(partition);
    }
    bytes.freeze()
}

fn decode(mut assignment: Bytes) -> Vec<i32> {
    let mut partitions = Vec::new();
    while assignment.has_remaining() {
        partitions.push(assignment.get_i32());
    }
    partitions
}
