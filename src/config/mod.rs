//! Every setting of the broker: built in, then from a TOML file, then from the environment, then
//! from the command line, the later over the earlier.
//!
//! One table ([`SETTINGS`]) says what there is; parsing, ranges, the answer to `DescribeConfigs`
//! and the reference page all come from it. A name that is not in the table is refused wherever it
//! stands, with the nearest one that is. [`Config::load`] is pure: the file's text and the
//! environment's variables are given ([`read_file`], [`environment`]), so a start can be replayed.
//!
//! Knows no topic: what a topic may override is in `topic_config`, and knows no protocol.

mod byte_rate;
mod cores;
mod described;
mod dynamic;
mod environment;
mod error;
mod file;
mod form;
mod group_limits;
mod group_policy;
mod listen;
mod load;
mod origin;
mod plan;
mod policy;
mod ratio;
mod reading;
mod reference;
mod setting;
mod size;
mod suggestion;
mod table;
mod validate;

pub use byte_rate::ByteRate;
pub use cores::CoreList;
pub use described::{Described, DescribedSource, Synonym, ValueType};
pub use environment::{PREFIX, environment};
pub use error::{Clash, ConfigError, ConfigErrors, Given};
pub(crate) use form::{Boolean, Form, Number, Words, as_declared};
pub use form::{Range, Refusal};
pub use group_policy::{AssignorName, MigrationPolicy};
pub use listen::Endpoint;
pub use load::{Config, Flag, Sources};
pub use origin::Origin;
pub use plan::{Machine, Plan, ShardPlan};
pub use policy::{Cleanup, CleanupPolicy, Compression, Poll};
pub(crate) use policy::{CleanupForm, CompressionForm};
pub use ratio::Ratio;
pub(crate) use ratio::RatioForm;
pub use reading::read_file;
pub use reference::settings_reference;
pub use setting::{Setting, Spelling};
pub(crate) use suggestion::nearest;
pub use table::{SETTINGS, Settings};
