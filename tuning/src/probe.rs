//! What was measured of a machine, what took its cores away, and what a broker will make of it:
//! pure functions of figures that somebody else took.

mod gap;
mod measured;
mod noise;
mod outlook;
mod sampler;
mod simulate;
mod verify;

pub use gap::{Cause, CoreCounters, GapSummary, attribute};
pub use measured::{CommitTimes, Measured, histogram};
pub use noise::{Noise, NoiseSource, parse_noise};
pub use outlook::outlook;
pub use sampler::Random;
pub use simulate::{Answers, Prediction, Term, simulate};
pub use verify::{Comparison, Quantile};
