//! The floor: what this machine can do with no broker.

mod aligned;
mod append;
mod barrier;
mod clock;
mod commit;
mod commits;
mod delay;
mod device;
mod frame;
mod gaps;
mod group;
mod journal;
mod load;
mod memory;
mod nop;
mod pin;
mod process;
mod provided;
mod ring;
mod sendfile;
mod server;
mod socket;
mod timers;
mod wire;

pub use append::{AppendConfig, AppendReport, append};
pub use barrier::{Barrier, BarrierProbe};
pub use commits::Commits;
pub use delay::{DelayServer, Delayed};
pub use device::{DeviceConfig, DeviceReport, Direction, device};
pub use gaps::{Gap, GapConfig, gaps};
pub use journal::JournalConfig;
pub use load::{
    Arrivals, Drive, LoadConfig, LoadEnd, LoadReport, Outcome, Rotation, Tally, Verdict, load,
};
pub use memory::{CopyReport, copy};
pub use nop::nops;
pub use pin::pin_to;
pub use process::{Child, ChildError, Ran, run};
pub use ring::Idle;
pub use sendfile::{SendfileConfig, SendfileReport, sendfile};
pub use server::{FloorConfig, FloorHandle, FloorReport, Work, serve};
pub use timers::timers;
pub use wire::{Outbox, Script, WireConfig, converse};
