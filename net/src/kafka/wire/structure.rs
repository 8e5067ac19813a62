//! Structs as a list of fields, each with the versions that have it.
//!
//! ```text
//! wire_struct! {
//!     /// Documentation.
//!     pub struct Partition<'a> {
//!         /// In every version.
//!         partition: PartitionIndex;
//!         /// From version 4; left out silently below, where it reads as the value given.
//!         leader_epoch: LeaderEpoch [4.., ignorable] = LeaderEpoch::NONE;
//!         /// From version 8; below, encoding any value but the default is refused.
//!         limit: i32 [8.., strict];
//!         /// In every version, but null only from version 10.
//!         name: Option<&'a str> [null 10..] = Some("");
//!         /// Up to version 7, but null only from version 2.
//!         topics: Option<Array<'a, i32>> [..=7, strict, null 2..];
//!     }
//!     tagged {
//!         /// A tagged field; written only if it is not the default.
//!         0 => leader: CurrentLeader [10.., ignorable];
//!     }
//! }
//! ```
//!
//! What comes out: the struct, with every field public, `Default` with the values given (the
//! schema's defaults), and [`super::Wire`]. A field of an absent version costs nothing to read.

/// Declares a struct that can stand in a message; see the module's documentation.
macro_rules! wire_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(<$life:lifetime>)? {
            $(
                $(#[$field_meta:meta])*
                $field:ident : $ty:ty $([$($rule:tt)+])? $(= $default:expr)? ;
            )*
        }
        $(tagged {
            $(
                $(#[$tag_meta:meta])*
                $tag:literal => $tag_field:ident : $tag_ty:ty
                    [$($tag_rule:tt)+] $(= $tag_default:expr)? ;
            )*
        })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name $(<$life>)? {
            $($(#[$field_meta])* pub $field: $ty,)*
            $($($(#[$tag_meta])* pub $tag_field: $tag_ty,)*)?
        }

        impl $(<$life>)? Default for $name $(<$life>)? {
            fn default() -> Self {
                Self {
                    $($field: wire_struct!(@default $($default)?),)*
                    $($($tag_field: wire_struct!(@default $($tag_default)?),)*)?
                }
            }
        }

        impl<'a> $crate::kafka::wire::Wire<'a> for $name $(<$life>)? {
            fn len_min(v: $crate::kafka::version::Version) -> usize {
                usize::from(v.is_flexible())
                    $(+ if wire_struct!(@present v $($($rule)+)?) {
                        <$ty as $crate::kafka::wire::Wire<'a>>::len_min(v)
                    } else {
                        0
                    })*
            }

            fn read(
                r: &mut $crate::kafka::wire::Reader<'a>,
                v: $crate::kafka::version::Version,
            ) -> Result<Self, $crate::kafka::wire::DecodeError> {
                let mut value = Self::default();
                $(if wire_struct!(@present v $($($rule)+)?) {
                    const FIELD: &str = wire_struct!(@name $name $field);
                    let at = r.position();
                    value.$field = $crate::kafka::wire::Wire::read(r, v)
                        .map_err(|error| error.in_field(FIELD))?;
                    wire_struct!(@read_null v at (value.$field) FIELD $($($rule)+)?);
                })*
                wire_struct!(@read_tags r v value $name
                    $($($tag $tag_field [$($tag_rule)+])*)?);
                Ok(value)
            }

            fn write(
                &self,
                w: &mut $crate::kafka::wire::Writer<'_>,
                v: $crate::kafka::version::Version,
            ) -> Result<(), $crate::kafka::wire::EncodeError> {
                $(if wire_struct!(@present v $($($rule)+)?) {
                    wire_struct!(@write_null v (self.$field) $name $field $($($rule)+)?);
                    $crate::kafka::wire::Wire::write(&self.$field, w, v)?;
                } else {
                    wire_struct!(@absent v self $name $field $($($rule)+)?);
                })*
                wire_struct!(@write_tags w v self $name
                    $($($tag $tag_field [$($tag_rule)+])*)?);
                Ok(())
            }
        }
    };

    (@name $name:ident $field:ident) => {
        concat!(stringify!($name), ".", stringify!($field))
    };

    (@default) => { Default::default() };
    (@default $default:expr) => { $default };

    (@present $v:ident) => { true };
    (@present $v:ident null $range:expr) => { true };
    (@present $v:ident $range:expr, $policy:ident $(, null $nulls:expr)?) => {
        ($range).contains(&$v.number())
    };

    (@read_null $v:ident $at:ident ($value:expr) $field:ident null $range:expr) => {
        if $value.is_none() && !($range).contains(&$v.number()) {
            return Err($crate::kafka::wire::Reader::null_not_allowed($at).in_field($field));
        }
    };
    (@read_null $v:ident $at:ident ($value:expr) $field:ident
        $range:expr, $policy:ident, null $nulls:expr
    ) => {
        wire_struct!(@read_null $v $at ($value) $field null $nulls);
    };
    (@read_null $v:ident $at:ident ($value:expr) $field:ident $($rule:tt)*) => {
        let _ = $at;
    };

    (@write_null $v:ident ($value:expr) $name:ident $field:ident null $range:expr) => {
        if $value.is_none() && !($range).contains(&$v.number()) {
            let field = wire_struct!(@name $name $field);
            return Err($crate::kafka::wire::EncodeError::Null { field, version: $v.number() });
        }
    };
    (@write_null $v:ident ($value:expr) $name:ident $field:ident
        $range:expr, $policy:ident, null $nulls:expr
    ) => {
        wire_struct!(@write_null $v ($value) $name $field null $nulls);
    };
    (@write_null $v:ident ($value:expr) $name:ident $field:ident $($rule:tt)*) => {};

    (@absent $v:ident $this:ident $name:ident $field:ident
        $range:expr, strict $(, null $nulls:expr)?
    ) => {
        if $this.$field != Self::default().$field {
            let field = wire_struct!(@name $name $field);
            let version = $v.number();
            return Err($crate::kafka::wire::EncodeError::NotInVersion { field, version });
        }
    };
    (@absent $v:ident $this:ident $name:ident $field:ident $($rule:tt)*) => {};

    (@read_tags $r:ident $v:ident $value:ident $name:ident) => {
        $r.skip_tags($v)?;
    };
    (@read_tags $r:ident $v:ident $value:ident $name:ident
        $($tag:literal $field:ident [$range:expr, $policy:ident])+
    ) => {
        $r.tags($v, |tag, r| match tag {
            $($tag => {
                const FIELD: &str = wire_struct!(@name $name $field);
                if !($range).contains(&$v.number()) {
                    return Err(r.tag_not_in_version().in_field(FIELD));
                }
                $value.$field = $crate::kafka::wire::Wire::read(r, $v)
                    .map_err(|error| error.in_field(FIELD))?;
                Ok(true)
            })+
            _ => Ok(false),
        })?;
    };

    (@write_tags $w:ident $v:ident $this:ident $name:ident) => { $w.tag_count($v, 0); };
    (@write_tags $w:ident $v:ident $this:ident $name:ident
        $($tag:literal $field:ident [$range:expr, $policy:ident])+
    ) => {
        let mut count = 0;
        $(if $this.$field != Self::default().$field {
            if ($range).contains(&$v.number()) {
                count += 1;
            } else {
                wire_struct!(@absent $v $this $name $field $range, $policy);
            }
        })+
        $w.tag_count($v, count);
        $(if ($range).contains(&$v.number()) && $this.$field != Self::default().$field {
            $w.tag($tag, |w| $crate::kafka::wire::Wire::write(&$this.$field, w, $v))?;
        })+
    };
}
pub(in crate::kafka) use wire_struct;
