//! The floor: what this machine can do with no broker.

mod aligned;
mod append;
mod barrier;
mod clock;
mod commit;
mod device;
mod frame;
mod group;
mod journal;
mod load;
mod pin;
mod process;
mod provided;
mod ring;
mod sendfile;
mod server;
mod socket;
mod wire;

pub use append::{AppendConfig, AppendReport, append};
pub use barrier::{Barrier, BarrierProbe};
pub use device::{DeviceConfig, DeviceReport, Direction, device};
pub use journal::JournalConfig;
pub use load::{
    Arrivals, Drive, LoadConfig, LoadEnd, LoadReport, Outcome, Rotation, Tally, Verdict, load,
};
pub use pin::pin_to;
pub use process::{Child, ChildError};
pub use ring::Idle;
pub use sendfile::{SendfileConfig, SendfileReport, sendfile};
pub use server::{FloorConfig, FloorHandle, FloorReport, Work, serve};
pub use wire::{Outbox, Script, WireConfig, converse};
