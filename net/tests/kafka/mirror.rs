//! Their messages as ours, in the form that is made from slices. What they need is leaked: the
//! tests are short.

use kafka_protocol::messages::{
    BrokerId, GroupId, ProducerId as TheirProducerId, TopicName, TransactionalId,
};
use kafka_protocol::protocol::StrBytes;
use net::kafka::api::consumer_group_describe::MemberType;
use net::kafka::api::elect_leaders::ElectionType;
use net::kafka::api::fetch::{SessionEpoch, SessionId};
use net::kafka::api::find_coordinator::CoordinatorType;
use net::kafka::api::produce::Acks;
use net::kafka::config::{ConfigOperation, ConfigSource, ConfigType, ResourceType};
use net::kafka::error_code::ErrorCode;
use net::kafka::group::{GenerationId, GroupEpoch, MemberEpoch};
use net::kafka::isolation::IsolationLevel;
use net::kafka::wire::Array;
use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerEpoch, ProducerId, Timestamp};

/// Their value as ours.
pub(crate) trait Mirror<Ours> {
    fn mirror(&self) -> Ours;
}

macro_rules! mirror_numbers {
    ($($theirs:ty => $($ours:ident),*;)*) => {$(
        impl Mirror<$theirs> for $theirs {
            fn mirror(&self) -> $theirs {
                *self
            }
        }
        $(impl Mirror<$ours> for $theirs {
            fn mirror(&self) -> $ours {
                $ours(*self)
            }
        })*
    )*};
}

mirror_numbers! {
    bool => ;
    i8 => ConfigOperation, ConfigSource, ConfigType, CoordinatorType, ElectionType, IsolationLevel,
        MemberType, ResourceType;
    i16 => Acks, ErrorCode, ProducerEpoch;
    u16 => ;
    i32 => GenerationId, GroupEpoch, LeaderEpoch, MemberEpoch, PartitionIndex, SessionEpoch,
        SessionId;
    i64 => Offset, Timestamp;
}

impl Mirror<NodeId> for BrokerId {
    fn mirror(&self) -> NodeId {
        NodeId(self.0)
    }
}

impl Mirror<ProducerId> for TheirProducerId {
    fn mirror(&self) -> ProducerId {
        ProducerId(self.0)
    }
}

impl Mirror<&'static str> for StrBytes {
    fn mirror(&self) -> &'static str {
        self.to_string().leak()
    }
}

impl Mirror<&'static str> for TopicName {
    fn mirror(&self) -> &'static str {
        self.0.mirror()
    }
}

impl Mirror<&'static str> for GroupId {
    fn mirror(&self) -> &'static str {
        self.0.mirror()
    }
}

impl Mirror<&'static str> for TransactionalId {
    fn mirror(&self) -> &'static str {
        self.0.mirror()
    }
}

impl<T: Mirror<O>, O> Mirror<Option<O>> for Option<T> {
    fn mirror(&self) -> Option<O> {
        self.as_ref().map(Mirror::mirror)
    }
}

impl<T: Mirror<O>, O: 'static> Mirror<Array<'static, O>> for Vec<T> {
    fn mirror(&self) -> Array<'static, O> {
        let items: Vec<O> = self.iter().map(Mirror::mirror).collect();
        Array::of(items.leak())
    }
}

/// The names of a struct's fields, from how it prints itself.
pub(crate) fn field_names(value: &impl std::fmt::Debug) -> Vec<String> {
    format!("{value:#?}")
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name != "unknown_tagged_fields")
        .collect()
}

/// Pairs their struct with ours, field by field, and so makes both [`crate::entropy::Generate`]
/// and [`Mirror`]. A range says for which versions a field is made; a field without one is made
/// for all, which shows that where the version does not have it, both sides leave it out. `null`
/// and a range says for which versions it may be null, alone or behind the other one. `@bytes`,
/// `@opaque` (bytes that are never null) and `@uuid` are for types of theirs that can not be named
/// here, `@unserved` for fields of versions that we do not serve. `[untagged]` is for structs that
/// have no flexible version. A field of theirs that is not listed fails `every_field_is_paired`.
macro_rules! pairs {
    ($($theirs:path => $ours:path $([$untagged:ident])? {
        $($(@$kind:ident)? $field:ident $([$($rule:tt)+])? $(=> $($our_field:ident).+)?),* $(,)?
    })*) => {
        $(
            impl $crate::entropy::Generate for $theirs {
                #[allow(clippy::field_reassign_with_default)]
                fn generate(e: &mut $crate::entropy::Entropy<'_>) -> Self {
                    let mut value = Self::default();
                    $(pairs!(@generate e value $field [$($kind)?] $($($rule)+)?);)*
                    pairs!(@unknown e value $($untagged)?);
                    value
                }
            }

            impl $crate::mirror::Mirror<$ours> for $theirs {
                #[allow(clippy::field_reassign_with_default)]
                fn mirror(&self) -> $ours {
                    let mut ours = <$ours>::default();
                    $(pairs!(@mirror self ours $field [$($kind)?] $($($our_field).+)?);)*
                    ours
                }
            }
        )*

        #[test]
        fn every_field_is_paired() {
            $(
                let listed = [$(stringify!($field)),*];
                let mut listed = listed.map(str::to_owned);
                let mut fields = $crate::mirror::field_names(&<$theirs>::default());
                listed.sort();
                fields.sort();
                assert_eq!(fields, listed, "{}", stringify!($theirs));
            )*
        }
    };

    (@unknown $e:ident $value:ident untagged) => {};
    (@unknown $e:ident $value:ident) => {
        if $e.unknown_tags {
            let text = kafka_protocol::protocol::StrBytes::from_static_str("unknown");
            $value.unknown_tagged_fields.insert(1_000, text.into_bytes());
        }
    };

    (@generate $e:ident $value:ident $field:ident [opaque]) => {
        $value.$field = $e.text().into_bytes();
    };
    (@generate $e:ident $value:ident $field:ident [bytes]) => {
        let text: Option<_> = $crate::entropy::Generate::generate($e);
        $value.$field = text.map(kafka_protocol::protocol::StrBytes::into_bytes);
    };
    (@generate $e:ident $value:ident $field:ident [uuid]) => {
        $value.$field = $e.uuid().parse().expect("a UUID");
    };
    (@generate $e:ident $value:ident $field:ident [uuid] $range:expr) => {
        let made = $e.uuid().parse().expect("a UUID");
        if $e.unrestricted || ($range).contains(&$e.version) {
            $value.$field = made;
        }
    };
    (@generate $e:ident $value:ident $field:ident [unserved]) => {};
    (@generate $e:ident $value:ident $field:ident []) => {
        $value.$field = $crate::entropy::Generate::generate($e);
    };
    (@generate $e:ident $value:ident $field:ident [] null $range:expr) => {
        let made: Option<_> = $crate::entropy::Generate::generate($e);
        if made.is_some() || ($range).contains(&$e.version) {
            $value.$field = made;
        }
    };
    (@generate $e:ident $value:ident $field:ident [] $range:expr, null $nulls:expr) => {
        let made: Option<_> = $crate::entropy::Generate::generate($e);
        let has_field = $e.unrestricted || ($range).contains(&$e.version);
        if has_field && (made.is_some() || ($nulls).contains(&$e.version)) {
            $value.$field = made;
        }
    };
    (@generate $e:ident $value:ident $field:ident [] $range:expr) => {
        let made = $crate::entropy::Generate::generate($e);
        if $e.unrestricted || ($range).contains(&$e.version) {
            $value.$field = made;
        }
    };

    (@mirror $this:ident $ours:ident $field:ident [unserved]) => {};
    (@mirror $this:ident $ours:ident $field:ident [$($kind:ident)?]) => {
        pairs!(@mirror $this $ours $field [$($kind)?] $field);
    };
    (@mirror $this:ident $ours:ident $field:ident [] $($our_field:ident).+) => {
        $ours.$($our_field).+ = $crate::mirror::Mirror::mirror(&$this.$field);
    };
    (@mirror $this:ident $ours:ident $field:ident [bytes] $($our_field:ident).+) => {
        $ours.$($our_field).+ = $this.$field.as_deref().map(|bytes: &[u8]| {
            let bytes: &'static [u8] = bytes.to_vec().leak();
            bytes.into()
        });
    };
    (@mirror $this:ident $ours:ident $field:ident [opaque] $($our_field:ident).+) => {
        $ours.$($our_field).+ = $this.$field.to_vec().leak();
    };
    (@mirror $this:ident $ours:ident $field:ident [uuid] $($our_field:ident).+) => {
        $ours.$($our_field).+ = record::TopicId(*$this.$field.as_bytes());
    };
}
pub(crate) use pairs;
