//! What can be wrong with a configuration, always with the place that says so.

use std::fmt;
use std::io;

use super::form::Refusal;
use super::origin::Origin;

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can not be read.
    #[error("can not read the configuration {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{path} line {line}: {message}")]
    NotToml {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A variable of ours is not UTF-8.
    #[error("the value of {variable} in the environment is not UTF-8")]
    NotUtf8 {
        /// The variable.
        variable: String,
    },
    /// A name that is not in the table.
    #[error("unknown setting '{name}' in {origin}{}", suggestion(.nearest.as_deref()))]
    Unknown {
        /// The name as it was written.
        name: String,
        /// Where.
        origin: Origin,
        /// What was probably meant, as it would be written there.
        nearest: Option<String>,
    },
    /// A value of a kind that no setting has.
    #[error("setting '{name}' in {origin} has no value that a setting can have: {found}")]
    NotAValue {
        /// The setting.
        name: String,
        /// Where.
        origin: Origin,
        /// What stands there.
        found: &'static str,
    },
    /// A value that the setting does not take.
    #[error("{given}: {reason}")]
    Refused {
        /// The setting and its value.
        given: Box<Given>,
        /// Why.
        reason: Refusal,
    },
    /// The same setting twice in one place, maybe under two names.
    #[error(
        "setting '{key}' is given twice: as '{}' in {}, and as '{}' in {}",
        .first.spelled(), .first.origin, .second.spelled(), .second.origin
    )]
    Twice {
        /// The setting.
        key: &'static str,
        /// Once.
        first: Box<Given>,
        /// Once more.
        second: Box<Given>,
    },
    /// Values that are each right but not together, or not on this machine.
    #[error(transparent)]
    Clash(#[from] Box<Clash>),
}

/// A setting's value, and where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The name under which it was given.
    pub name: String,
    /// The value as it was written.
    pub value: String,
    /// Where.
    pub origin: Origin,
}

impl Given {
    /// The name as it is written where it was given.
    fn spelled(&self) -> String {
        self.origin.spell(&self.name)
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, origin } = self;
        match origin {
            Origin::Environment { variable } => write!(f, "{variable}={value} in the environment"),
            Origin::Default => write!(f, "{name} = {value} (the default)"),
            _ => write!(f, "{name} = {value} in {origin}"),
        }
    }
}

/// Settings that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    /// A frame must fit half a journal file, or two frames could not share one.
    #[error("{frame} is over half a journal file, which is {half}: {journal}")]
    FrameOverHalfJournalFile {
        /// `socket.request.max.bytes`
        frame: Given,
        /// `journal.file.bytes`
        journal: Given,
        /// Half of it.
        half: String,
    },
    /// A batch comes in a frame.
    #[error("{message} is more than a request may have: {frame}")]
    MessageOverFrame {
        /// `message.max.bytes`
        message: Given,
        /// `socket.request.max.bytes`
        frame: Given,
    },
    /// A batch lies in one segment.
    #[error("{message} is more than a segment may have: {segment}")]
    MessageOverSegment {
        /// `message.max.bytes`
        message: Given,
        /// `log.segment.bytes`
        segment: Given,
    },
    /// Journal files are whole MiB.
    #[error("{journal} is not a whole number of MiB")]
    JournalFileNotWhole {
        /// `journal.file.bytes`
        journal: Given,
    },
    /// While half of the tail is flushed, the other half takes the next frame.
    #[error("{tail} is under twice a request's limit: {frame}")]
    TailUnderTwoFrames {
        /// `tail.bytes`
        tail: Given,
        /// `socket.request.max.bytes`
        frame: Given,
    },
    /// The tails of all shards together have at most a quarter of the memory.
    #[error("{tail} for {shards} shards is over a quarter of the memory, which is {quarter}")]
    TailOverMemory {
        /// `tail.bytes`
        tail: Given,
        /// How many shards.
        shards: usize,
        /// A quarter of the machine's memory.
        quarter: String,
    },
    /// Not even the smallest tails fit a quarter of the memory.
    #[error(
        "{shards} shards do not fit the memory: a quarter of it is {quarter}, and each needs a \
         tail of {smallest}, twice {frame}; set fewer shards or a smaller request"
    )]
    MemoryTooSmall {
        /// How many shards.
        shards: usize,
        /// A quarter of the machine's memory.
        quarter: String,
        /// The smallest tail.
        smallest: String,
        /// `socket.request.max.bytes`
        frame: Given,
    },
    /// A core that the process may not use.
    #[error("{cores}: core {core} is not among those that this process may use: {allowed}")]
    CoreNotAllowed {
        /// `cores` or `housekeeping.core`
        cores: Given,
        /// The core.
        core: usize,
        /// The affinity mask.
        allowed: String,
    },
    /// Shards that never sleep would starve each other.
    #[error("{poll} needs a core for each shard: {shards} shards on {cores} cores")]
    SpinWithoutCores {
        /// `poll`
        poll: Given,
        /// How many shards.
        shards: usize,
        /// How many cores.
        cores: usize,
    },
    /// A topic of the default number of partitions could not be created.
    #[error("{partitions} is more than {shards} shards hold, which is {capacity}")]
    TooManyPartitions {
        /// `num.partitions`
        partitions: Given,
        /// How many shards.
        shards: usize,
        /// What they hold.
        capacity: u64,
    },
    /// There is one machine.
    #[error("{factor} is more than there are brokers: replication comes later")]
    TooManyReplicas {
        /// `default.replication.factor`
        factor: Given,
    },
    /// Two listeners want one port.
    #[error("{listen} and {http} are the same port")]
    SamePort {
        /// `listeners`
        listen: Given,
        /// `http.listen`
        http: Given,
    },
    /// A limit of groups is over the other one, or what holds by default is outside of them.
    #[error("{lesser} is more than {greater}")]
    OutOfOrder {
        /// What must not be more.
        lesser: Given,
        /// Than this.
        greater: Given,
    },
    /// A member would be out before it is asked for its next heartbeat.
    #[error("{session} is not more than {heartbeat}")]
    SessionWithinHeartbeat {
        /// `group.consumer.session.timeout.ms`
        session: Given,
        /// `group.consumer.heartbeat.interval.ms`
        heartbeat: Given,
    },
    /// The limit of open files leaves too little.
    #[error(
        "the limit of open files is {limit}, and {shards} shards need {needed}; \
         raise it (ulimit -n, LimitNOFILE) or set fewer shards"
    )]
    TooFewFiles {
        /// The limit.
        limit: u64,
        /// How many shards.
        shards: usize,
        /// What they need at least.
        needed: u64,
    },
}

/// Everything that is wrong, the file's errors first; never empty.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{error}")?;
        }
        Ok(())
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl From<Clash> for ConfigError {
    fn from(clash: Clash) -> Self {
        Self::Clash(Box::new(clash))
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}
