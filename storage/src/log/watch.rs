//! Waiting for any of many logs: each change marks only itself, so that a reader of thousands of
//! partitions looks only at those that moved.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::Log;

/// Collects the tags of logs that changed.
#[derive(Default)]
pub struct Watch {
    marked: RefCell<Vec<u32>>,
    waker: RefCell<Option<Waker>>,
}

impl Watch {
    /// Waits until something was marked, and takes all marks; a tag may come more than once.
    pub async fn changed(&self) -> Vec<u32> {
        poll_fn(|context| {
            let marked = self.marked.take();
            if !marked.is_empty() {
                return Poll::Ready(marked);
            }
            *self.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Marks a tag.
    pub fn mark(&self, tag: u32) {
        let mut marked = self.marked.borrow_mut();
        if marked.last() != Some(&tag) {
            marked.push(tag);
        }
        drop(marked);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// Who watches one log.
#[derive(Default)]
pub(super) struct Watchers {
    list: RefCell<BTreeMap<usize, (Rc<Watch>, u32)>>,
    next: Cell<usize>,
}

impl Watchers {
    pub(super) fn add(&self, watch: &Rc<Watch>, tag: u32) -> usize {
        let key = self.next.get();
        self.next.set(key + 1);
        self.list.borrow_mut().insert(key, (Rc::clone(watch), tag));
        key
    }

    pub(super) fn remove(&self, key: usize) {
        self.list.borrow_mut().remove(&key);
    }

    pub(super) fn notify(&self) {
        self.list.borrow().values().for_each(|(watch, tag)| watch.mark(*tag));
    }
}

/// Watches a log until it is dropped.
pub struct WatchGuard {
    log: Rc<Log>,
    key: usize,
}

impl WatchGuard {
    pub(super) fn new(log: Rc<Log>, key: usize) -> Self {
        Self { log, key }
    }
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.log.unwatch(self.key);
    }
}
