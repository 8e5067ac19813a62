//! What a setting that can be put back is worth: which there are, what to write down before one is
//! changed, and what a difference between runs means.

mod knob;
mod undo;
mod verdict;

pub use knob::{Change, Knob, KnobError};
pub use undo::{Undo, UndoError};
pub use verdict::{Effect, PAIRS_MIN, Side, order};
