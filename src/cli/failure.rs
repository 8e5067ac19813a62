//! Why a command failed, in words that a person can act on: what, where, what to try.

use std::fmt;
use std::process::ExitCode;

/// A command's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    message: String,
    hint: Option<String>,
    is_usage: bool,
}

impl Failure {
    /// The command could not do what it was asked: exit code 1.
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), hint: None, is_usage: false }
    }

    /// The command was asked for something that makes no sense: exit code 2.
    pub(super) fn usage(message: impl fmt::Display) -> Self {
        Self { is_usage: true, ..Self::new(message) }
    }

    /// With something to try.
    pub(super) fn hint(self, hint: impl fmt::Display) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }

    /// As the reason of something else, which is told first.
    pub(super) fn because_of(self, what: impl fmt::Display) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// What the process ends with.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.is_usage { 2 } else { 1 })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tidemill: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  {hint}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_on_a_line_of_its_own() {
        let failure = Failure::new("no such topic").hint("create it");
        assert_eq!(failure.to_string(), "tidemill: no such topic\n  create it");
        assert_eq!(Failure::usage("what?").to_string(), "tidemill: what?");
    }
}
