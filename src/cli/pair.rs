//! `NAME=VALUE` on the command line.

/// A name and a value. The value may be empty, and have further `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

/// A text that is no pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not NAME=VALUE")]
pub(super) struct NotAPair;

impl std::str::FromStr for Pair {
    type Err = NotAPair;

    fn from_str(text: &str) -> Result<Self, NotAPair> {
        let (name, value) = text.split_once('=').ok_or(NotAPair)?;
        if name.is_empty() {
            return Err(NotAPair);
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_separates() {
        let pair: Pair = "a=b=c".parse().unwrap();
        assert_eq!((pair.name.as_str(), pair.value.as_str()), ("a", "b=c"));
        assert_eq!("a=".parse::<Pair>().unwrap().value, "");
        assert_eq!("=a".parse::<Pair>(), Err(NotAPair));
        assert_eq!("a".parse::<Pair>(), Err(NotAPair));
    }
}
