//! What becomes of a frame: an answer at once, or a place in the open commit.
//!
//! Nothing here does I/O.

use std::io;

use super::super::commit::Answer;
use super::super::frame::{BigFrame, BigPool, FrameSink, correlation_id};
use super::super::group::GroupCommit;
use super::super::ring::Token;
use super::connection::Outbox;

/// What all connections share.
pub(super) struct Stage {
    /// An answer with correlation id zero.
    pub(super) template: Vec<u8>,
    pub(super) group: Option<GroupCommit>,
    /// Connections with answers to send, each once.
    pub(super) dirty: Vec<u32>,
    /// Frames answered.
    pub(super) answered: u64,
}

impl Stage {
    /// Answers are `answer_bytes` long.
    pub(super) fn new(answer_bytes: usize, group: Option<GroupCommit>) -> Stage {
        let body = u32::try_from(answer_bytes - 4).expect("checked with the configuration");
        let mut template = vec![0; answer_bytes];
        template[..4].copy_from_slice(&body.to_be_bytes());
        Stage { template, group, dirty: Vec::new(), answered: 0 }
    }

    /// Puts an answer into a connection's outbox, and the connection on the list.
    pub(super) fn answer(&mut self, outbox: &mut Outbox, answer: Answer) {
        outbox.push(&self.template, answer.correlation_id);
        self.answered += 1;
        self.list(outbox, answer.slot);
    }

    /// Puts a connection on the list of those with answers to send, once.
    pub(super) fn list(&mut self, outbox: &mut Outbox, slot: u32) {
        if !outbox.listed {
            outbox.listed = true;
            self.dirty.push(slot);
        }
    }
}

/// Stages the frames of one connection.
pub(super) struct Intake<'a> {
    pub(super) token: Token,
    pub(super) stage: &'a mut Stage,
    pub(super) outbox: &'a mut Outbox,
}

impl Intake<'_> {
    fn owed(&self, frame: &[u8]) -> Answer {
        let Token { slot, generation, .. } = self.token;
        Answer { slot, generation, correlation_id: correlation_id(frame) }
    }
}

impl FrameSink for Intake<'_> {
    fn small(&mut self, frame: &[u8]) -> io::Result<()> {
        let answer = self.owed(frame);
        if let Some(group) = &mut self.stage.group {
            return group.stage(frame, answer);
        }
        self.stage.answer(self.outbox, answer);
        Ok(())
    }

    fn big(&mut self, frame: BigFrame, pool: &mut BigPool) -> io::Result<()> {
        let answer = self.owed(frame.bytes());
        if let Some(group) = &mut self.stage.group {
            return group.stage_big(frame, answer);
        }
        self.stage.answer(self.outbox, answer);
        pool.put(frame.buffer);
        Ok(())
    }
}
