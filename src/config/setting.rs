//! One row of the table of settings, and the macro that makes the table and [`Settings`] out of
//! one list, so that neither can name what the other lacks.
//!
//! [`Settings`]: super::Settings

use super::described::ValueType;
use super::form::{Form, Range, Refusal};
use super::table::Settings;

/// Settings that can be changed while the broker runs, besides those that a topic can override.
const DYNAMIC: [&str; 3] =
    ["log.cleaner.io.max.bytes.per.second", "max.connections", "producer.id.expiration.ms"];

/// Another name under which a setting may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The name.
    pub name: &'static str,
    /// What a positive number under this name is multiplied by; 1 for a mere synonym.
    pub factor: i64,
}

/// One setting: everything there is to say about it but its value.
pub struct Setting {
    /// Its name, Kafka's where Kafka has it.
    pub key: &'static str,
    /// Its type as Kafka's tools know it.
    pub value_type: ValueType,
    /// What may be written.
    pub syntax: &'static str,
    /// A word besides, for the absence of a value.
    pub absent: Option<&'static str>,
    /// The built-in value, as it would be written.
    pub default: &'static str,
    /// The allowed numbers, if it is a number.
    pub range: Range,
    /// What it is for.
    pub documentation: &'static str,
    /// The topic configuration that overrides it.
    pub topic: Option<&'static str>,
    /// Its other names.
    pub spellings: &'static [Spelling],
    /// Reads a value into the settings and returns it as it is shown.
    pub(super) assign: fn(&mut Settings, &str, &Range) -> Result<String, Refusal>,
}

impl Setting {
    /// All names, the first being the key.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.key).chain(self.spellings.iter().map(|spelling| spelling.name))
    }

    /// Whether it can be changed while the broker runs, as in Kafka: what a topic can override,
    /// and what is looked at each time it is needed.
    pub fn is_dynamic(&self) -> bool {
        self.topic.is_some() || DYNAMIC.contains(&self.key)
    }

    /// The value of a text as it is kept and shown.
    pub(crate) fn check(&self, text: &str) -> Result<String, Refusal> {
        (self.assign)(&mut Settings::default(), text.trim(), &self.range)
    }

    /// By what a number is multiplied that is given under `name`.
    pub(super) fn factor(&self, name: &str) -> i64 {
        let spelling = self.spellings.iter().find(|spelling| spelling.name == name);
        spelling.map_or(1, |spelling| spelling.factor)
    }

    /// A value as it is described: nothing where "none" was said.
    pub(crate) fn described_value(&self, text: &str) -> Option<String> {
        (self.absent != Some("none") || text != "none").then(|| text.to_owned())
    }
}

/// The value of a default; the table's own tests read every one.
pub(super) fn built_in<F: Form>(text: &str, range: &Range) -> F::Value {
    F::parse(text, range).expect("the table's defaults are valid")
}

/// Makes `Settings`, its default and `SETTINGS` from rows of
/// `field: Type as Form = "key", "default" [, range] [, topic "name"] [, also [("name", factor)]];`
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $field:ident: $type:ty as $form:ty = $key:literal, $default:literal
            $(, $range:expr)? $(; topic $topic:literal)? $(; also $spellings:expr)?;
    )*) => {
        /// The value of every setting, as the broker's parts use them.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    $($field: $crate::config::setting::built_in::<$form>(
                        $default,
                        &settings!(@range $($range)?),
                    ),)*
                }
            }
        }

        /// Every setting, sorted by name.
        pub static SETTINGS: &[$crate::config::setting::Setting] = &[
            $($crate::config::setting::Setting {
                key: $key,
                value_type: <$form as $crate::config::form::Form>::TYPE,
                syntax: <$form as $crate::config::form::Form>::SYNTAX,
                absent: <$form as $crate::config::form::Form>::ABSENT,
                default: $default,
                range: settings!(@range $($range)?),
                documentation: concat!($($doc),+),
                topic: settings!(@option $($topic)?),
                spellings: settings!(@list $($spellings)?),
                assign: |settings, text, range| {
                    use $crate::config::form::Form;
                    let value = <$form>::parse(text, range)?;
                    let shown = <$form>::print(&value);
                    settings.$field = value;
                    Ok(shown)
                },
            },)*
        ];
    };
    (@range) => { $crate::config::form::Range::ANY };
    (@range $range:expr) => { $range };
    (@option) => { None };
    (@option $value:literal) => { Some($value) };
    (@list) => { &[] };
    (@list $value:expr) => { &$value };
}

pub(super) use settings;
