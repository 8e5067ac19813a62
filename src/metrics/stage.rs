//! The stages of a request whose time is measured.

/// A stretch of a request's way through a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// From the bytes of a whole frame to a decoded, checked request.
    Parse,
    /// From a checked batch to the start of the commit that it is in.
    Queue,
    /// The write of a commit, from its submission to its completion.
    JournalWrite,
    /// The barrier of a commit, from its write's completion to its own.
    Barrier,
    /// From an answer's being ready to the kernel's having taken it.
    Reply,
    /// A produce request, from its last byte to its answer's being taken.
    EndToEnd,
    /// A fetch request that was answered from memory; its wait for records does not count.
    FetchHot,
    /// A fetch request that was answered at least partly from segments.
    FetchCold,
}

impl Stage {
    /// All of them, in the order of a request's way.
    pub const ALL: [Self; 8] = [
        Self::Parse,
        Self::Queue,
        Self::JournalWrite,
        Self::Barrier,
        Self::Reply,
        Self::EndToEnd,
        Self::FetchHot,
        Self::FetchCold,
    ];

    /// Its label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Queue => "queue",
            Self::JournalWrite => "journal_write",
            Self::Barrier => "barrier",
            Self::Reply => "reply",
            Self::EndToEnd => "end_to_end",
            Self::FetchHot => "fetch_hot",
            Self::FetchCold => "fetch_cold",
        }
    }

    /// Its place in an array of all of them.
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// How many there are.
pub(super) const STAGES: usize = Stage::ALL.len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_the_index_of_its_row() {
        for (index, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage.index(), index);
        }
    }
}
