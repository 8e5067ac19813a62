//! A hierarchical timer wheel: deadlines go in and out in constant time.
//!
//! Guarantees: a timer never fires early; it fires in the first [`TimerWheel::advance`] whose
//! `now` is [`RESOLUTION_US`] past its deadline, most often sooner; timers fire in the order of
//! their deadlines rounded up to the resolution, those of one tick in the order they were set. An
//! id of a timer that fired or was cancelled is never taken for another's. Memory is 32 bytes for
//! each of the most timers ever set at once, and 5 KiB.
//!
//! Time is microseconds since the shard started and is cut into ticks of 64 us: a power of two, a
//! third of the 200 us that a turn may last, finer than any commit timer asks for. A tick's number
//! has 58 bits, in digits of 6:
//!
//! ```text
//! level    0       1       2       3       4      5      6    7     8      9
//! slot   64 us   4.1 ms  262 ms  16.8 s  17.9 m  19 h   51 d  9 y  571 y  36,534 y
//! ```
//!
//! A timer lies at the level of the highest digit in which its tick differs from the current one,
//! in the slot which that digit names. Hence, for the current tick and all timers waiting:
//! - a level's occupied slots all lie ahead of the current digit, so that none is ever ambiguous;
//! - everything at a level is due before anything at a higher one;
//! - when the current tick reaches a slot's first tick, its timers move to lower levels (at most
//!   nine times in a timer's life), keeping their order.
//!
//! Ten levels span all of `u64`, so that no deadline is out of range and none needs a second list.
//!
//! Does not know the clock, nor what a key stands for.

#[cfg(test)]
mod tests;

/// The length of a tick, in microseconds: the most that a timer fires late by itself.
pub const RESOLUTION_US: u64 = 1 << RESOLUTION_BITS;

const RESOLUTION_BITS: u32 = 6;
const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: u32 = 10;

/// No entry: the end of a list.
const NONE: u32 = u32::MAX;

// Rounding up can make a tick of 59 bits.
const _: () = assert!(LEVELS * DIGIT_BITS > u64::BITS - RESOLUTION_BITS);
// An occupancy map is one word.
const _: () = assert!(SLOTS == u64::BITS as usize);
// The promise made above.
const _: () = assert!(size_of::<Entry>() == 32);

/// Names one timer for [`TimerWheel::cancel`]; worth nothing once it has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

/// The timers of one shard. Each carries a key, which is what `advance` gives back.
#[derive(Debug)]
pub struct TimerWheel {
    /// The current tick: timers up to and including it have fired, but for those set since.
    tick: u64,
    entries: Vec<Entry>,
    /// The first unused entry, linked through `next`.
    unused: u32,
    waiting: usize,
    /// Bit `l`: level `l` holds a timer.
    levels_occupied: u16,
    levels: [Level; LEVELS as usize],
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// Bit `s`: slot `s` holds a timer.
    occupied: u64,
    slots: [List; SLOTS],
}

/// A doubly linked list of entries; both ends are [`NONE`] if it is empty.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
}

const EMPTY: List = List { first: NONE, last: NONE };

#[derive(Debug)]
struct Entry {
    /// The first tick at which it may fire.
    tick: u64,
    previous: u32,
    next: u32,
    /// Counts the timers that this entry has been; it must match the id's.
    generation: u32,
    key: u32,
    waits: bool,
}

impl Default for TimerWheel {
    fn default() -> Self {
        Self::new()
    }
}

impl TimerWheel {
    /// An empty wheel at time 0.
    pub fn new() -> Self {
        Self {
            tick: 0,
            entries: Vec::new(),
            unused: NONE,
            waiting: 0,
            levels_occupied: 0,
            levels: [Level { occupied: 0, slots: [EMPTY; SLOTS] }; LEVELS as usize],
        }
    }

    /// How many timers wait.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether no timer waits.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Sets a timer. A deadline that has passed fires at the next `advance`, whatever its `now`.
    /// A deadline in the last tick of `u64` is no time at all and never fires.
    pub fn insert(&mut self, deadline_us: u64, key: u32) -> TimerId {
        let tick = deadline_us.div_ceil(RESOLUTION_US).max(self.tick);
        let index = self.take_entry();
        let entry = &mut self.entries[index as usize];
        assert!(!entry.waits, "an unused entry does not wait");
        entry.tick = tick;
        entry.key = key;
        entry.waits = true;
        let generation = entry.generation;
        self.link(index);
        self.waiting += 1;
        TimerId { index, generation }
    }

    /// Takes a timer back: its key, or `None` if it has fired or was cancelled before.
    pub fn cancel(&mut self, id: TimerId) -> Option<u32> {
        let entry = self.entries.get(id.index as usize)?;
        if !entry.waits || entry.generation != id.generation {
            return None;
        }
        let key = entry.key;
        self.unlink(id.index);
        self.give_entry(id.index);
        Some(key)
    }

    /// When `advance` has something to do, in microseconds; `None` if nothing will ever be due.
    ///
    /// Never after the moment the next timer fires. It may come before it: a far timer moves to a
    /// finer level on the way, once a level, so the wheel asks to be advanced up to nine times for
    /// it. It is past or present only if a timer set meanwhile is already due.
    pub fn next_deadline(&self) -> Option<u64> {
        let (level, slot) = self.next_slot()?;
        self.slot_tick(level, slot).checked_mul(RESOLUTION_US)
    }

    /// Moves time on to `now_us` and appends the keys of all timers due to `fired`. Time does not
    /// go back: an earlier `now_us` than the last only fires what was set too late.
    pub fn advance(&mut self, now_us: u64, fired: &mut Vec<u32>) {
        let target = (now_us >> RESOLUTION_BITS).max(self.tick);
        while let Some((level, slot)) = self.next_slot() {
            let tick = self.slot_tick(level, slot);
            if tick > target {
                break;
            }
            assert!(tick >= self.tick, "timers wait ahead of the current tick");
            self.tick = tick;
            let mut index = self.take_slot(level, slot);
            while index != NONE {
                let next = self.entries[index as usize].next;
                if level == 0 {
                    fired.push(self.entries[index as usize].key);
                    self.give_entry(index);
                } else {
                    self.link(index);
                }
                index = next;
            }
        }
        self.tick = target;
    }

    /// The level and slot that come first.
    fn next_slot(&self) -> Option<(u32, u32)> {
        if self.levels_occupied == 0 {
            return None;
        }
        let level = self.levels_occupied.trailing_zeros();
        Some((level, self.levels[level as usize].occupied.trailing_zeros()))
    }

    /// The first tick of a slot that lies ahead: the current tick's higher digits, then the slot.
    fn slot_tick(&self, level: u32, slot: u32) -> u64 {
        let shift = DIGIT_BITS * level;
        let above = self.tick >> shift >> DIGIT_BITS << DIGIT_BITS;
        (above | u64::from(slot)) << shift
    }

    /// Where a timer of `tick` lies while the current tick is what it is.
    fn place(&self, tick: u64) -> (u32, u32) {
        assert!(tick >= self.tick, "a timer waits for a tick to come");
        let differing = (tick ^ self.tick) | 1;
        let level = differing.ilog2() / DIGIT_BITS;
        let digit = tick >> (DIGIT_BITS * level) & (SLOTS as u64 - 1);
        (level, u32::try_from(digit).expect("a digit has six bits"))
    }

    /// Appends an entry to the list of its slot.
    fn link(&mut self, index: u32) {
        let (level, slot) = self.place(self.entries[index as usize].tick);
        let list = &mut self.levels[level as usize].slots[slot as usize];
        let previous = std::mem::replace(&mut list.last, index);
        if previous == NONE {
            list.first = index;
            self.levels[level as usize].occupied |= 1 << slot;
            self.levels_occupied |= 1 << level;
        } else {
            self.entries[previous as usize].next = index;
        }
        let entry = &mut self.entries[index as usize];
        entry.previous = previous;
        entry.next = NONE;
    }

    /// Takes an entry out of the list of its slot.
    fn unlink(&mut self, index: u32) {
        let Entry { tick, previous, next, .. } = self.entries[index as usize];
        let (level, slot) = self.place(tick);
        let list = &mut self.levels[level as usize].slots[slot as usize];
        match previous {
            NONE => list.first = next,
            _ => self.entries[previous as usize].next = next,
        }
        match next {
            NONE => list.last = previous,
            _ => self.entries[next as usize].previous = previous,
        }
        if list.first == NONE {
            self.mark_empty(level, slot);
        }
    }

    /// Empties a slot and returns the first of its entries, which are still linked to each other.
    fn take_slot(&mut self, level: u32, slot: u32) -> u32 {
        let slots = &mut self.levels[level as usize].slots;
        let list = std::mem::replace(&mut slots[slot as usize], EMPTY);
        assert!(list.first != NONE, "an occupied slot holds a timer");
        self.mark_empty(level, slot);
        list.first
    }

    fn mark_empty(&mut self, level: u32, slot: u32) {
        let occupied = &mut self.levels[level as usize].occupied;
        *occupied &= !(1 << slot);
        if *occupied == 0 {
            self.levels_occupied &= !(1 << level);
        }
    }

    /// An unused entry, a new one only if there is none.
    fn take_entry(&mut self) -> u32 {
        if self.unused != NONE {
            let index = self.unused;
            self.unused = self.entries[index as usize].next;
            return index;
        }
        let index = u32::try_from(self.entries.len()).expect("fewer than 2^32 timers");
        assert!(index != NONE, "fewer than 2^32 timers");
        self.entries.push(Entry {
            tick: 0,
            previous: NONE,
            next: NONE,
            generation: 0,
            key: 0,
            waits: false,
        });
        index
    }

    /// Ends a timer: its id is worth nothing from here on.
    fn give_entry(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        assert!(entry.waits, "a timer ends once");
        entry.waits = false;
        self.waiting -= 1;
        // An entry that has been 2^32 timers is left unused for good, as the next id would repeat
        // the first: 32 bytes lost every four thousand million timers.
        if let Some(generation) = entry.generation.checked_add(1) {
            entry.generation = generation;
            entry.next = self.unused;
            self.unused = index;
        }
    }
}
