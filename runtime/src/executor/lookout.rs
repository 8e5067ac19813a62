//! [`Lookout`]: whether it pays to look around for a while before going to sleep.
//!
//! To be woken costs about as much as a short look-out, so looking pays where it finds something
//! at least every other time. That is learnt: while it does not pay, only one wait in
//! [`PROBE_EVERY`] is looked out for, to notice when it does again. Waits for the device and all
//! others are judged apart, as both the odds and the price differ.

use std::time::Duration;

/// How long an adaptive loop looks out for the end of a write or a barrier: about as long as a good
/// device takes. To sleep and be woken costs as much again on a virtual machine.
pub const DEVICE_SPIN: Duration = Duration::from_micros(250);
/// Of so many waits one is looked out for though it does not seem to pay.
const PROBE_EVERY: u32 = 16;
/// A look-out that always finds something.
const CERTAIN: u32 = 1 << 16;
/// The weight of the last look-out is one in so many.
const MEMORY: u32 = 8;

/// What a look-out is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// A write or a barrier that the device has.
    Device,
    /// Whatever comes.
    Other,
}

#[derive(Debug)]
struct Odds {
    /// How often it was worth it lately, of [`CERTAIN`].
    found: u32,
    /// Waits without a look-out.
    asleep: u32,
}

impl Odds {
    const HOPEFUL: Self = Self { found: CERTAIN, asleep: 0 };

    fn pays(&mut self) -> bool {
        if self.found >= CERTAIN / 2 {
            return true;
        }
        self.asleep = (self.asleep + 1) % PROBE_EVERY;
        self.asleep == 0
    }

    fn note(&mut self, found: bool) {
        let this = if found { CERTAIN / MEMORY } else { 0 };
        self.found = self.found - self.found / MEMORY + this;
    }
}

/// Decides for one loop.
#[derive(Debug)]
pub(super) struct Lookout {
    device: Odds,
    other: Odds,
}

impl Default for Lookout {
    fn default() -> Self {
        Self { device: Odds::HOPEFUL, other: Odds::HOPEFUL }
    }
}

impl Lookout {
    /// What to look out for now that there is nothing to do; none if to sleep is better.
    pub(super) fn begin(&mut self, device_is_at_work: bool) -> Option<Wait> {
        if device_is_at_work && self.device.pays() {
            return Some(Wait::Device);
        }
        self.other.pays().then_some(Wait::Other)
    }

    /// How a look-out went.
    pub(super) fn end(&mut self, wait: Wait, found: bool) {
        match wait {
            Wait::Device => self.device.note(found),
            Wait::Other => self.other.note(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `waits` are looked out for, if every `nth` look-out finds something.
    fn looks(lookout: &mut Lookout, device: bool, waits: u32, nth: u32) -> u32 {
        let mut looks = 0;
        for _ in 0..waits {
            if let Some(wait) = lookout.begin(device) {
                looks += 1;
                lookout.end(wait, looks % nth == 0);
            }
        }
        looks
    }

    #[test]
    fn what_always_finds_something_goes_on() {
        assert_eq!(looks(&mut Lookout::default(), false, 1_000, 1), 1_000);
        assert_eq!(looks(&mut Lookout::default(), true, 1_000, 1), 1_000);
    }

    #[test]
    fn what_is_in_vain_stops_but_for_a_probe_now_and_then() {
        let mut lookout = Lookout::default();
        let looked = looks(&mut lookout, false, 1_600, u32::MAX);
        assert!((100..120).contains(&looked), "{looked}");
        assert_eq!(looks(&mut lookout, true, 10, 1), 10, "the device is judged apart");
    }

    #[test]
    fn every_fourth_time_is_too_seldom() {
        let looked = looks(&mut Lookout::default(), false, 16_000, 4);
        assert!(looked < 2_000, "{looked}");
    }

    #[test]
    fn a_change_for_the_better_is_noticed_within_a_few_probes() {
        let mut lookout = Lookout::default();
        looks(&mut lookout, false, 1_000, u32::MAX);
        looks(&mut lookout, false, 8 * PROBE_EVERY, 1);
        assert_eq!(looks(&mut lookout, false, 100, 1), 100);
    }

    #[test]
    fn a_device_too_slow_to_look_out_for_is_waited_for_like_anything() {
        let mut lookout = Lookout::default();
        looks(&mut lookout, true, 1_000, u32::MAX);
        let other = (0..PROBE_EVERY * 2).filter_map(|_| lookout.begin(true));
        assert!(other.filter(|wait| *wait == Wait::Other).count() >= 2);
    }
}
