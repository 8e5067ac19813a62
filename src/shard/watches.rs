//! Waiting for records on other shards, both sides of it.
//!
//! A watch holds no credit of the mesh while it waits: it is asked for, and answered by a request
//! the other way. It fires at most once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use record::Offset;
use runtime::Task;
use runtime::local::Event;
use storage::log::{Log, Watch};

use super::message::WatchNumber;

/// The watches of one shard.
#[derive(Default)]
pub struct Watches {
    next: Cell<u64>,
    /// What this shard's readers wait for elsewhere.
    waiting: RefCell<BTreeMap<WatchNumber, Rc<Fired>>>,
    /// What this shard watches for readers elsewhere, by their shard and number.
    serving: RefCell<BTreeMap<(usize, WatchNumber), Task<()>>>,
}

/// Whether a watch has fired.
#[derive(Default)]
pub struct Fired {
    fired: Cell<bool>,
    changed: Event,
}

impl Fired {
    /// Waits until it fires.
    pub async fn wait(&self) {
        self.changed.wait_until(|| self.fired.get().then_some(())).await;
    }

    fn fire(&self) {
        self.fired.set(true);
        self.changed.notify();
    }
}

impl Watches {
    /// Registers a reader of this shard.
    pub fn begin(&self) -> (WatchNumber, Rc<Fired>) {
        let number = WatchNumber(self.next.get());
        self.next.set(number.0 + 1);
        let fired = Rc::new(Fired::default());
        self.waiting.borrow_mut().insert(number, Rc::clone(&fired));
        (number, fired)
    }

    /// The reader does not wait any more.
    pub fn end(&self, number: WatchNumber) {
        self.waiting.borrow_mut().remove(&number);
    }

    /// Another shard says that there is more to read. Too late is no harm.
    pub fn fire(&self, number: WatchNumber) {
        if let Some(fired) = self.waiting.borrow().get(&number) {
            fired.fire();
        }
    }

    /// Keeps the task that watches for a reader elsewhere.
    pub fn serve(&self, shard: usize, number: WatchNumber, task: Task<()>) {
        let mut serving = self.serving.borrow_mut();
        serving.retain(|_, task| !task.is_finished());
        serving.insert((shard, number), task);
    }

    /// Ends a task: its reader is gone.
    pub fn unserve(&self, shard: usize, number: WatchNumber) {
        let task = self.serving.borrow_mut().remove(&(shard, number));
        drop(task);
    }
}

/// Waits until any of these logs can be read beyond its offset, or can not be read any more.
pub async fn until_readable(parts: Vec<(Rc<Log>, Offset)>) {
    let watch = Rc::new(Watch::default());
    let tagged = (0_u32..).zip(&parts);
    let _guards: Vec<_> = tagged.map(|(tag, (log, _))| log.watch(&watch, tag)).collect();
    let is_ready = |(log, offset): &(Rc<Log>, Offset)| {
        !log.is_online() || log.state().visible.offset > *offset || log.state().log_start > *offset
    };
    if parts.iter().any(is_ready) {
        return;
    }
    loop {
        let changed = watch.changed().await;
        if changed.iter().any(|tag| is_ready(&parts[*tag as usize])) {
            return;
        }
    }
}
