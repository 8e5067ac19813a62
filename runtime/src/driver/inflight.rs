//! What is in flight: each operation, its owner, and a name for it that is never a descriptor.
//!
//! The table owns an operation, and with it the memory that the kernel uses, until its last
//! completion has come, whether or not anybody still waits for it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Waker;

use slab::Slab;

use super::op::Op;

/// An operation's name: slot and generation, so that a slot's next life has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    pub(crate) fn to_user_data(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    fn from_user_data(data: u64) -> Self {
        let index = u32::try_from(data & u64::from(u32::MAX)).expect("masked to 32 bits");
        let generation = u32::try_from(data >> 32).expect("shifted to 32 bits");
        Self { index, generation }
    }
}

/// What the kernel said: a count or a negative error number, and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) result: i32,
    pub(crate) flags: u32,
}

/// Completions of an operation that completes many times, in their order.
#[derive(Default)]
pub(crate) struct Stream {
    events: RefCell<VecDeque<Completion>>,
    waker: RefCell<Option<Waker>>,
    /// The last completion has come: the operation is no longer in flight.
    finished: Cell<bool>,
    /// The owner is gone; completions that still come are orphans.
    closed: Cell<bool>,
}

impl Stream {
    /// The operation is submitted, perhaps again.
    pub(crate) fn start(&self) {
        self.finished.set(false);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished.get()
    }

    /// The owner goes away.
    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    pub(crate) fn pop(&self) -> Option<Completion> {
        self.events.borrow_mut().pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.borrow().is_empty()
    }

    pub(crate) fn wake_with(&self, waker: &Waker) {
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    fn push(&self, completion: Completion, more: bool) {
        self.finished.set(!more);
        self.events.borrow_mut().push_back(completion);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

enum Owner {
    /// A future that waits, once it has been polled.
    Waiting(Option<Waker>),
    /// A future that has yet to see its result.
    Finished(Completion),
    /// A socket or listener that takes completions as they come.
    Stream(Rc<Stream>),
    /// Nobody: the operation ends in the table.
    Nobody,
}

struct Entry {
    generation: u32,
    op: Op,
    owner: Owner,
}

/// All operations of one ring that the kernel has or will have.
#[derive(Default)]
pub(crate) struct Inflight {
    entries: Slab<Entry>,
    generation: u32,
    /// Operations that the kernel still has and whose end is near.
    soon: usize,
}

impl Inflight {
    /// Takes an operation that one future waits for.
    pub(crate) fn insert(&mut self, op: Op) -> Key {
        self.insert_owned(op, Owner::Waiting(None))
    }

    /// Takes an operation whose completions all go to `stream`.
    pub(crate) fn insert_stream(&mut self, op: Op, stream: Rc<Stream>) -> Key {
        self.insert_owned(op, Owner::Stream(stream))
    }

    /// Takes an operation whose result nobody waits for.
    pub(crate) fn insert_forgotten(&mut self, op: Op) -> Key {
        self.insert_owned(op, Owner::Nobody)
    }

    fn insert_owned(&mut self, op: Op, owner: Owner) -> Key {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        self.soon += usize::from(op.ends_soon());
        let index = self.entries.insert(Entry { generation, op, owner });
        Key { index: u32::try_from(index).expect("fewer than 2^32 operations"), generation }
    }

    /// Whether the kernel has an operation whose end is worth looking out for.
    pub(crate) fn ends_soon(&self) -> bool {
        self.soon > 0
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }

    /// The operation, to point the kernel at its memory.
    pub(crate) fn op_mut(&mut self, key: Key) -> &mut Op {
        let entry = &mut self.entries[key.index as usize];
        assert_eq!(entry.generation, key.generation, "a key names a live operation");
        &mut entry.op
    }

    /// Hands a completion to its owner. `more` says that others will follow.
    pub(crate) fn complete(&mut self, data: u64, event: Completion, more: bool) -> Outcome {
        let key = Key::from_user_data(data);
        let index = key.index as usize;
        let entry = self.entries.get_mut(index).expect("completions are for live operations");
        assert_eq!(entry.generation, key.generation, "completions are for live operations");
        let gives_descriptor = matches!(entry.op, Op::Accept { .. } | Op::Open { .. });
        self.soon -= usize::from(!more && entry.op.ends_soon());
        let mut orphan = None;
        match &mut entry.owner {
            Owner::Waiting(waker) => {
                assert!(!more, "a single operation completes once");
                let waker = waker.take();
                entry.owner = Owner::Finished(event);
                if let Some(waker) = waker {
                    waker.wake();
                }
                return Outcome { ended: None, orphan };
            }
            Owner::Finished(_) => panic!("a single operation completes once"),
            Owner::Stream(stream) if !stream.closed.get() => stream.push(event, more),
            Owner::Stream(_) | Owner::Nobody => orphan = Some(Orphan { event, gives_descriptor }),
        }
        Outcome { ended: (!more).then(|| self.entries.remove(index).op), orphan }
    }

    /// The result, if there is one; else `waker` is called when there is.
    pub(crate) fn poll(&mut self, key: Key, waker: &Waker) -> Option<(Op, Completion)> {
        let index = key.index as usize;
        let entry = &mut self.entries[index];
        assert_eq!(entry.generation, key.generation, "a future polls its own operation");
        match &mut entry.owner {
            Owner::Waiting(slot) => {
                if !slot.as_ref().is_some_and(|old| old.will_wake(waker)) {
                    *slot = Some(waker.clone());
                }
                None
            }
            Owner::Finished(completion) => {
                let completion = *completion;
                Some((self.entries.remove(index).op, completion))
            }
            Owner::Stream(_) | Owner::Nobody => panic!("only single operations are polled"),
        }
    }

    /// The owner of a single operation goes away. Its end, if it has come already, is returned;
    /// else the table keeps the operation until the kernel lets go.
    pub(crate) fn abandon(&mut self, key: Key) -> Outcome {
        let index = key.index as usize;
        let entry = self.entries.get_mut(index).filter(|entry| entry.generation == key.generation);
        let Some(entry) = entry else { return Outcome { ended: None, orphan: None } };
        let Owner::Finished(event) = entry.owner else {
            entry.owner = Owner::Nobody;
            return Outcome { ended: None, orphan: None };
        };
        let gives_descriptor = matches!(entry.op, Op::Accept { .. } | Op::Open { .. });
        let ended = Some(self.entries.remove(index).op);
        Outcome { ended, orphan: Some(Orphan { event, gives_descriptor }) }
    }
}

/// What is left of a completion, to be dealt with by a caller who does not hold the table.
#[must_use]
pub(crate) struct Outcome {
    /// The operation, if it has ended and nobody waits for it.
    pub(crate) ended: Option<Op>,
    /// A completion that nobody took: it may carry a buffer or a descriptor.
    pub(crate) orphan: Option<Orphan>,
}

/// A completion without an owner.
pub(crate) struct Orphan {
    pub(crate) event: Completion,
    /// A result that is not an error is a new descriptor.
    pub(crate) gives_descriptor: bool,
}

/// What [`Inflight::disown_all`] found.
pub(crate) struct Orphans {
    /// Every operation that the kernel still has and that can be cancelled or waited for.
    pub(crate) live: Vec<Key>,
    /// Their owners' wakers, to be dropped by a caller who does not hold the table.
    pub(crate) wakers: Vec<Waker>,
}

impl Inflight {
    /// Takes every operation from its owner: the loop ends.
    pub(crate) fn disown_all(&mut self) -> Orphans {
        let mut orphans = Orphans { live: Vec::new(), wakers: Vec::new() };
        for (index, entry) in &mut self.entries {
            match &mut entry.owner {
                Owner::Finished(_) => continue,
                Owner::Nobody => {}
                Owner::Waiting(waker) => orphans.wakers.extend(waker.take()),
                Owner::Stream(stream) => orphans.wakers.extend(stream.waker.take()),
            }
            entry.owner = Owner::Nobody;
            if !matches!(entry.op, Op::Cancel { .. }) {
                let index = u32::try_from(index).expect("fewer than 2^32 operations");
                orphans.live.push(Key { index, generation: entry.generation });
            }
        }
        orphans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(result: i32) -> Completion {
        Completion { result, flags: 0 }
    }

    #[test]
    fn a_result_waits_for_its_future() {
        let mut table = Inflight::default();
        let key = table.insert(Op::Cancel { target: 7 });
        assert!(table.poll(key, Waker::noop()).is_none());
        assert!(table.complete(key.to_user_data(), completion(5), false).ended.is_none());
        let (op, result) = table.poll(key, Waker::noop()).unwrap();
        assert!(matches!(op, Op::Cancel { target: 7 }));
        assert_eq!(result.result, 5);
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn a_barrier_is_looked_out_for_until_it_has_come() {
        let mut table = Inflight::default();
        let sync = || {
            let file = std::fs::File::open("/dev/null").unwrap();
            let file = crate::descriptor::Fd::new(file.into(), &Rc::default());
            Op::Sync { file, metadata: false }
        };
        let (waited, abandoned) = (table.insert(sync()), table.insert(sync()));
        table.insert_forgotten(Op::Cancel { target: 7 });
        assert!(table.abandon(abandoned).ended.is_none());
        assert!(table.complete(waited.to_user_data(), completion(0), false).ended.is_none());
        assert!(table.ends_soon(), "the kernel still has the other one");
        let _ = table.complete(abandoned.to_user_data(), completion(0), false);
        assert!(!table.ends_soon());
    }

    #[test]
    fn an_abandoned_operation_is_kept_until_the_kernel_lets_go() {
        let mut table = Inflight::default();
        let key = table.insert(Op::Cancel { target: 7 });
        assert!(table.abandon(key).ended.is_none());
        assert_eq!(table.len(), 1);
        let outcome = table.complete(key.to_user_data(), completion(0), false);
        assert!(outcome.ended.is_some() && outcome.orphan.is_some());
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn a_slot_has_another_name_in_its_next_life() {
        let mut table = Inflight::default();
        let first = table.insert_forgotten(Op::Cancel { target: 1 });
        let outcome = table.complete(first.to_user_data(), completion(0), false);
        assert!(outcome.ended.is_some());
        let second = table.insert(Op::Cancel { target: 2 });
        assert_ne!(first, second);
        assert!(table.abandon(first).ended.is_none());
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_stream_takes_every_completion_in_order() {
        let mut table = Inflight::default();
        let stream = Rc::new(Stream::default());
        let key = table.insert_stream(Op::Cancel { target: 1 }, Rc::clone(&stream));
        assert!(table.complete(key.to_user_data(), completion(1), true).ended.is_none());
        assert!(!stream.is_finished());
        assert!(table.complete(key.to_user_data(), completion(2), false).ended.is_some());
        assert!(stream.is_finished());
        assert_eq!(stream.pop(), Some(completion(1)));
        assert_eq!(stream.pop(), Some(completion(2)));
        assert!(stream.is_empty());
    }
}
