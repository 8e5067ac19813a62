//! The kernel's release: the numbers that can be compared, and the text it came from.

use std::fmt;

/// A kernel release as `uname -r` prints it. Compared by its numbers only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRelease {
    /// 6 in `6.18.44-fc`.
    pub major: u32,
    /// 18 in `6.18.44-fc`.
    pub minor: u32,
    /// 44 in `6.18.44-fc`, 0 if there is none.
    pub patch: u32,
    /// The whole release, with what the distributor appended.
    pub text: String,
}

impl KernelRelease {
    /// Reads a release; `None` unless it begins with two numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut numbers = text.split('.').map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part.get(..end).unwrap_or_default().parse::<u32>()
        });
        let major = numbers.next()?.ok()?;
        let minor = numbers.next()?.ok()?;
        let patch = numbers.next().and_then(Result::ok).unwrap_or(0);
        Some(Self { major, minor, patch, text: text.to_owned() })
    }

    /// Whether this is `major.minor` or newer.
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for KernelRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_every_distributor_are_read() {
        for (text, numbers) in [
            ("6.18.44-fc-v669\n", (6, 18, 44)),
            ("6.1.0-18-amd64", (6, 1, 0)),
            ("6.12-rc3", (6, 12, 0)),
            ("5.14.0-427.13.1.el9_4.x86_64", (5, 14, 0)),
            ("6.6.87.2-microsoft-standard-WSL2", (6, 6, 87)),
        ] {
            let release = KernelRelease::parse(text).expect(text);
            assert_eq!((release.major, release.minor, release.patch), numbers);
            assert_eq!(release.to_string(), text.trim());
        }
        for text in ["", "6", "linux", "x.6.1", ".."] {
            assert_eq!(KernelRelease::parse(text), None, "{text}");
        }
    }

    #[test]
    fn releases_are_compared_by_number() {
        let release = KernelRelease::parse("6.10.3").expect("a release");
        assert!(release.is_at_least(6, 9) && release.is_at_least(6, 10));
        assert!(release.is_at_least(5, 19));
        assert!(!release.is_at_least(6, 11) && !release.is_at_least(7, 0));
    }
}
