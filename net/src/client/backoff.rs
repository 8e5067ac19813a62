//! How long to wait before the next try, and when to give up.

use std::time::Duration;

/// A bounded series of waits, each twice the one before up to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    next: Duration,
    limit: Duration,
    left: u32,
}

impl Backoff {
    /// A series of so many waits.
    pub(super) fn new(first: Duration, limit: Duration, tries: u32) -> Self {
        Self { next: first.min(limit), limit, left: tries }
    }

    /// The next wait, `None` when it is time to give up.
    pub(super) fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.limit);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limit_and_end() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(50), ms(150), 4);
        let waits: Vec<_> = std::iter::from_fn(|| backoff.next()).collect();
        assert_eq!(waits, [ms(50), ms(100), ms(150), ms(150)]);
        assert_eq!(backoff.next(), None);
    }
}
