//! What a counter or a gauge is called, and the macro that makes an enum of such rows.

/// The name, help and label of one row. Rows of one family differ by their label and stand side by
/// side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The metric's name.
    pub name: &'static str,
    /// What it says, the same in the whole family.
    pub help: &'static str,
    /// A label besides the shard, and its value.
    pub label: Option<(&'static str, &'static str)>,
}

/// Makes an enum whose variants index an array, with a `Family` each.
macro_rules! rows {
    (
        $(#[doc = $enum_doc:literal])+
        pub enum $enum:ident {
            $($variant:ident = $name:literal $({ $label:ident = $value:literal })?, $help:literal;)*
        }
    ) => {
        $(#[doc = $enum_doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $enum {
            $(#[doc = $help] $variant,)*
        }

        impl $enum {
            /// All of them; a variant is the index of its row.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What it is called.
            pub const fn family(self) -> $crate::metrics::row::Family {
                match self {
                    $(Self::$variant => $crate::metrics::row::Family {
                        name: $name,
                        help: $help,
                        label: rows!(@label $($label $value)?),
                    },)*
                }
            }

            /// Its place in an array of all of them.
            pub(super) const fn index(self) -> usize {
                self as usize
            }
        }
    };
    (@label) => { None };
    (@label $label:ident $value:literal) => { Some((stringify!($label), $value)) };
}

pub(super) use rows;
