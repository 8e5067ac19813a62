//! What the floor's server keeps for one connection.
//!
//! One send is in flight at a time; answers that come meanwhile wait and leave together. Nothing
//! here does I/O.

use super::super::frame::Splitter;
use super::super::ring::Token;

/// One slot of the table of connections; used again, with the next generation, after a close.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) generation: u32,
    pub(super) life: Life,
    /// Operations in flight that name this slot.
    pub(super) operations: u32,
    pub(super) receiving: Receiving,
    pub(super) splitter: Splitter,
    pub(super) outbox: Outbox,
}

/// Whether the slot has a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Free,
    Open,
    /// Shut down; it is free again when its last operation has ended.
    Closing,
}

/// What receives from the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Receiving {
    #[default]
    Nothing,
    /// A multishot receive into shared buffers.
    Multishot,
    /// A multishot receive that has been asked to end.
    Leaving,
    /// A receive straight into a big frame's buffer.
    Direct,
}

impl Connection {
    pub(super) fn token(&self, kind: u8, slot: u32) -> Token {
        Token { kind, generation: self.generation, slot }
    }

    /// Makes the slot new for the next connection.
    pub(super) fn reset(&mut self) {
        assert!(self.operations == 0, "the kernel has let go of everything");
        let generation = (self.generation + 1) & Token::GENERATION_MASK;
        *self = Connection { generation, ..Connection::default() };
    }
}

/// Answers on their way out.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Vec<u8>,
    flying: Vec<u8>,
    busy: bool,
    /// The connection is on the server's list of those with something to send.
    pub(super) listed: bool,
}

impl Outbox {
    /// Adds an answer: `template` with the correlation id in bytes 4..8.
    pub(super) fn push(&mut self, template: &[u8], correlation_id: [u8; 4]) {
        let start = self.waiting.len();
        self.waiting.extend_from_slice(template);
        self.waiting[start + 4..start + 8].copy_from_slice(&correlation_id);
    }

    /// The bytes to send now, if there are any and no send is in flight. They stay where they are
    /// until `sent`.
    pub(super) fn take(&mut self) -> Option<&[u8]> {
        if self.busy || self.waiting.is_empty() {
            return None;
        }
        std::mem::swap(&mut self.waiting, &mut self.flying);
        self.busy = true;
        Some(&self.flying)
    }

    /// Ends the send in flight. Returns whether all `count` bytes of it went.
    pub(super) fn sent(&mut self, count: usize) -> bool {
        assert!(self.busy, "a send has been started");
        self.busy = false;
        let whole = count == self.flying.len();
        self.flying.clear();
        whole
    }

    pub(super) fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_come_during_a_send_leave_together_after_it() {
        let template = [0, 0, 0, 6, 0, 0, 0, 0, 0, 0];
        let mut outbox = Outbox::default();
        outbox.push(&template, [1; 4]);
        assert_eq!(outbox.take(), Some(&[0, 0, 0, 6, 1, 1, 1, 1, 0, 0][..]));
        outbox.push(&template, [2; 4]);
        outbox.push(&template, [3; 4]);
        assert_eq!(outbox.take(), None);
        assert!(outbox.sent(10));
        assert!(outbox.has_more());
        assert_eq!(outbox.take().map(<[u8]>::len), Some(20));
        assert!(!outbox.sent(19));
    }
}
