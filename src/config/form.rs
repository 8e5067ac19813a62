//! What a value may look like: how its text is read, checked and printed.
//!
//! A [`Form`] belongs to a row of a table and not to a Rust type, since the same number may be
//! written as a size in one setting and must be plain in another.

use std::marker::PhantomData;
use std::path::PathBuf;

use super::cores::CoreList;
use super::described::ValueType;
use super::listen::{self, Endpoint};
use super::size;

/// The smallest and the largest allowed number. Without meaning for what is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest.
    pub min: i64,
    /// The largest.
    pub max: i64,
}

impl Range {
    /// Every number of 64 bits.
    pub const ANY: Self = Self { min: i64::MIN, max: i64::MAX };

    pub(crate) const fn new(min: i64, max: i64) -> Self {
        assert!(min <= max, "a range is not empty");
        Self { min, max }
    }

    pub(crate) const fn from(min: i64) -> Self {
        Self::new(min, i64::MAX)
    }

    fn check(self, number: i64) -> Result<i64, Refusal> {
        if number < self.min {
            return Err(Refusal::Below { min: self.min });
        }
        if number > self.max {
            return Err(Refusal::Above { max: self.max });
        }
        Ok(number)
    }
}

/// Why a value is not taken, to be read after the setting's name and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not digits with or without a sign, or more than 64 bits.
    #[error("not a whole number of at most 64 bits")]
    NotANumber,
    /// Not a number with a fraction.
    #[error("not a number")]
    NotADecimal,
    /// Neither bytes nor a number with a unit.
    #[error("not a size in bytes such as 1048576, 64MiB or 1GiB")]
    NotASize,
    /// Too small.
    #[error("must be at least {min}")]
    Below {
        /// The smallest allowed value.
        min: i64,
    },
    /// Too large.
    #[error("must be at most {max}")]
    Above {
        /// The largest allowed value.
        max: i64,
    },
    /// Neither of two words.
    #[error("must be true or false")]
    NotABoolean,
    /// Not a word of the list.
    #[error("must be {choice}")]
    NotAmong {
        /// The words.
        choice: &'static str,
    },
    /// A value that exists, but that this broker does not serve.
    #[error("{why}")]
    NotOffered {
        /// Why, and what is.
        why: &'static str,
    },
    /// Nothing between two commas.
    #[error("an element of the list is empty")]
    EmptyElement,
    /// Not HOST:PORT.
    #[error("not an address such as 127.0.0.1:9092 or [::1]:9092")]
    NotAnAddress,
    /// An address that clients can not connect to.
    #[error("clients can not connect to that: it needs a host and a port")]
    NotReachable,
    /// A listener with encryption or authentication.
    #[error("only plain listeners are offered so far: HOST:PORT or PLAINTEXT://HOST:PORT")]
    NotPlaintext,
    /// Several listeners.
    #[error("only one listener is offered so far")]
    OneListener,
    /// Not a list of cores.
    #[error(transparent)]
    NotCores(#[from] super::cores::NotCores),
    /// Not a path.
    #[error("not the path of a directory")]
    NotAPath,
    /// Several directories.
    #[error("only one directory is offered: a broker has one data directory")]
    OneDirectory,
    /// Not an identifier.
    #[error("must be 1 to 64 letters, digits, dots, dashes or underscores")]
    NotAnIdentifier,
    /// A list that is too long to be kept.
    #[error("must have at most {max} bytes")]
    TooLong {
        /// The most.
        max: usize,
    },
    /// Not pairs of partition and broker.
    #[error("must be `*` or a list of PARTITION:BROKER such as 0:1,1:1")]
    NotReplicas,
}

/// How the value of a row is written.
pub(crate) trait Form {
    type Value;
    /// The type as Kafka's tools know it.
    const TYPE: ValueType;
    /// What may be written, for the reference page.
    const SYNTAX: &'static str;
    /// A word besides, for the absence of a value.
    const ABSENT: Option<&'static str> = None;

    /// The value of a text without white space around it.
    fn parse(text: &str, range: &Range) -> Result<Self::Value, Refusal>;

    /// The value as text that [`Form::parse`] takes.
    fn print(value: &Self::Value) -> String;
}

/// Reads a text and prints it again: the form in which values are kept and shown.
pub(crate) fn as_declared<F: Form>(text: &str, range: &Range) -> Result<String, Refusal> {
    F::parse(text.trim(), range).map(|value| F::print(&value))
}

/// A whole number.
pub(crate) trait Whole: Copy + TryFrom<i64> + TryInto<i64> {
    const TYPE: ValueType;
}

impl Whole for u16 {
    const TYPE: ValueType = ValueType::Int;
}
impl Whole for i32 {
    const TYPE: ValueType = ValueType::Int;
}
impl Whole for u32 {
    const TYPE: ValueType = ValueType::Int;
}
impl Whole for u64 {
    const TYPE: ValueType = ValueType::Long;
}
impl Whole for i64 {
    const TYPE: ValueType = ValueType::Long;
}
impl Whole for usize {
    const TYPE: ValueType = ValueType::Int;
}

fn fit<T: Whole>(number: i64, range: &Range) -> Result<T, Refusal> {
    let number = range.check(number)?;
    // The table's ranges lie within their types, which a test checks.
    T::try_from(number).map_err(|_| Refusal::NotANumber)
}

fn print_whole<T: Whole>(value: T) -> String {
    value.try_into().unwrap_or(i64::MAX).to_string()
}

/// A number and nothing else.
pub(crate) struct Number<T>(PhantomData<T>);

impl<T: Whole> Form for Number<T> {
    type Value = T;
    const TYPE: ValueType = T::TYPE;
    const SYNTAX: &'static str = "number";

    fn parse(text: &str, range: &Range) -> Result<T, Refusal> {
        fit(text.parse().map_err(|_| Refusal::NotANumber)?, range)
    }

    fn print(value: &T) -> String {
        print_whole(*value)
    }
}

/// Bytes, with or without a unit.
pub(crate) struct Size<T>(PhantomData<T>);

impl<T: Whole> Form for Size<T> {
    type Value = T;
    const TYPE: ValueType = T::TYPE;
    const SYNTAX: &'static str = "size";

    fn parse(text: &str, range: &Range) -> Result<T, Refusal> {
        fit(size::parse(text)?, range)
    }

    fn print(value: &T) -> String {
        print_whole(*value)
    }
}

/// `true` or `false`, in any case.
pub(crate) struct Boolean;

impl Form for Boolean {
    type Value = bool;
    const TYPE: ValueType = ValueType::Boolean;
    const SYNTAX: &'static str = "`true` or `false`";

    fn parse(text: &str, _: &Range) -> Result<bool, Refusal> {
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Refusal::NotABoolean),
        }
    }

    fn print(value: &bool) -> String {
        value.to_string()
    }
}

/// A type whose values each have a word.
pub(crate) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];
    const CHOICE: &'static str;
}

/// One word of a list.
pub(crate) struct Words<T>(PhantomData<T>);

impl<T: Word> Form for Words<T> {
    type Value = T;
    const TYPE: ValueType = ValueType::Text;
    const SYNTAX: &'static str = T::CHOICE;

    fn parse(text: &str, _: &Range) -> Result<T, Refusal> {
        let row = T::WORDS.iter().find(|(word, _)| *word == text);
        row.map(|(_, value)| *value).ok_or(Refusal::NotAmong { choice: T::CHOICE })
    }

    fn print(value: &T) -> String {
        let row = T::WORDS.iter().find(|(_, known)| known == value);
        row.map_or_else(String::new, |(word, _)| (*word).to_owned())
    }
}

/// Another form, or a word that stands for the absence of a value.
macro_rules! or_word {
    ($(#[doc = $doc:literal])* $name:ident, $word:literal) => {
        $(#[doc = $doc])*
        pub(crate) struct $name<F>(PhantomData<F>);

        impl<F: Form> Form for $name<F> {
            type Value = Option<F::Value>;
            const TYPE: ValueType = F::TYPE;
            const SYNTAX: &'static str = F::SYNTAX;
            const ABSENT: Option<&'static str> = Some($word);

            fn parse(text: &str, range: &Range) -> Result<Self::Value, Refusal> {
                if text == $word { Ok(None) } else { F::parse(text, range).map(Some) }
            }

            fn print(value: &Self::Value) -> String {
                value.as_ref().map_or_else(|| $word.to_owned(), F::print)
            }
        }
    };
}

or_word! {
    /// Found out by the broker unless given: `auto`.
    OrAuto, "auto"
}
or_word! {
    /// Nothing unless given: `none`, which overrides what an earlier place gave.
    OrNone, "none"
}

/// An address to listen on.
pub(crate) struct Listen;

impl Form for Listen {
    type Value = core::net::SocketAddr;
    const TYPE: ValueType = ValueType::Text;
    const SYNTAX: &'static str = "HOST:PORT";

    fn parse(text: &str, _: &Range) -> Result<Self::Value, Refusal> {
        listen::parse_listen(text)
    }

    fn print(value: &Self::Value) -> String {
        value.to_string()
    }
}

/// An address to connect to.
pub(crate) struct Connect;

impl Form for Connect {
    type Value = Endpoint;
    const TYPE: ValueType = ValueType::Text;
    const SYNTAX: &'static str = "HOST:PORT";

    fn parse(text: &str, _: &Range) -> Result<Endpoint, Refusal> {
        listen::parse_endpoint(text)
    }

    fn print(value: &Endpoint) -> String {
        value.to_string()
    }
}

/// An address for clients, shown as Kafka shows its listeners.
pub(crate) struct Plaintext<F>(PhantomData<F>);

impl<F: Form> Form for Plaintext<F> {
    type Value = F::Value;
    const TYPE: ValueType = F::TYPE;
    const SYNTAX: &'static str = F::SYNTAX;

    fn parse(text: &str, range: &Range) -> Result<Self::Value, Refusal> {
        F::parse(text, range)
    }

    fn print(value: &Self::Value) -> String {
        format!("{}{}", listen::PLAINTEXT, F::print(value))
    }
}

/// Some cores.
pub(crate) struct Cores;

impl Form for Cores {
    type Value = CoreList;
    const TYPE: ValueType = ValueType::List;
    const SYNTAX: &'static str = "cores such as `0,2-5`";

    fn parse(text: &str, _: &Range) -> Result<CoreList, Refusal> {
        Ok(text.parse()?)
    }

    fn print(value: &CoreList) -> String {
        value.to_string()
    }
}

/// One directory.
pub(crate) struct Directory;

impl Form for Directory {
    type Value = PathBuf;
    const TYPE: ValueType = ValueType::Text;
    const SYNTAX: &'static str = "path";

    fn parse(text: &str, _: &Range) -> Result<PathBuf, Refusal> {
        if text.is_empty() || text.contains('\0') {
            return Err(Refusal::NotAPath);
        }
        // Kafka's `log.dirs` is a list.
        if text.contains(',') {
            return Err(Refusal::OneDirectory);
        }
        Ok(PathBuf::from(text))
    }

    fn print(value: &PathBuf) -> String {
        value.display().to_string()
    }
}

/// A name that goes over the wire and into logs.
pub(crate) struct Identifier;

impl Form for Identifier {
    type Value = String;
    const TYPE: ValueType = ValueType::Text;
    const SYNTAX: &'static str = "identifier";

    fn parse(text: &str, _: &Range) -> Result<String, Refusal> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(Refusal::NotAnIdentifier);
        }
        Ok(text.to_owned())
    }

    fn print(value: &String) -> String {
        value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_and_sizes_may_have_units() {
        let range = Range::new(1, 1 << 30);
        assert_eq!(as_declared::<Number<u32>>(" +5 ", &range).unwrap(), "5");
        assert_eq!(as_declared::<Size<u32>>("64MiB", &range).unwrap(), "67108864");
        assert_eq!(as_declared::<Number<u32>>("64MiB", &range), Err(Refusal::NotANumber));
        assert_eq!(as_declared::<Number<u32>>("0", &range), Err(Refusal::Below { min: 1 }));
        assert_eq!(as_declared::<Size<u32>>("2GiB", &range), Err(Refusal::Above { max: 1 << 30 }));
        assert_eq!(as_declared::<Number<i64>>("9999999999999999999", &range), {
            Err(Refusal::NotANumber)
        });
    }

    #[test]
    fn an_absent_value_has_its_word() {
        let range = Range::from(1);
        assert_eq!(OrAuto::<Number<u16>>::parse("auto", &range), Ok(None));
        assert_eq!(OrAuto::<Number<u16>>::parse("3", &range), Ok(Some(3)));
        assert_eq!(OrNone::<Number<u16>>::parse("auto", &range), Err(Refusal::NotANumber));
        assert_eq!(as_declared::<OrNone<Number<u16>>>("none", &range).unwrap(), "none");
    }

    #[test]
    fn words_directories_and_identifiers() {
        assert_eq!(as_declared::<Boolean>("TRUE", &Range::ANY).unwrap(), "true");
        assert_eq!(as_declared::<Boolean>("", &Range::ANY), Err(Refusal::NotABoolean));
        assert_eq!(as_declared::<Directory>("/a/b", &Range::ANY).unwrap(), "/a/b");
        assert_eq!(as_declared::<Directory>("/a,/b", &Range::ANY), Err(Refusal::OneDirectory));
        assert_eq!(as_declared::<Directory>("", &Range::ANY), Err(Refusal::NotAPath));
        assert_eq!(as_declared::<Identifier>("a b", &Range::ANY), Err(Refusal::NotAnIdentifier));
        assert_eq!(as_declared::<Cores>("3,1-2", &Range::ANY).unwrap(), "1-3");
    }
}
