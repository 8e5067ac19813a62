//! What can stand in a message: primitive values, identifiers, and structs made of them.

use record::{
    LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerEpoch, ProducerId, Timestamp, TopicId,
};

use super::error::{DecodeError, EncodeError};
use super::reader::Reader;
use super::records::Records;
use super::writer::Writer;
use crate::kafka::version::Version;

/// A value on the wire. All are `Copy`: a decoded value owns no memory, whatever its bytes say.
///
/// Reading must be a function of the bytes and the version alone, as [`super::Array`] reads its
/// elements a second time and relies on the same outcome.
pub trait Wire<'a>: Copy {
    /// The fewest bytes that a value takes in this version; at least one.
    fn len_min(v: Version) -> usize;

    /// Reads one value.
    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError>;

    /// Appends the value. What the writer holds after an error is to be thrown away.
    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError>;
}

macro_rules! wire_number {
    ($($number:ident),*) => {$(
        impl<'a> Wire<'a> for $number {
            fn len_min(_: Version) -> usize {
                size_of::<$number>()
            }

            fn read(r: &mut Reader<'a>, _: Version) -> Result<Self, DecodeError> {
                r.$number()
            }

            fn write(&self, w: &mut Writer<'_>, _: Version) -> Result<(), EncodeError> {
                w.$number(*self);
                Ok(())
            }
        }
    )*};
}

wire_number!(bool, i8, i16, u16, i32, i64);

/// Implements [`Wire`] for tuple structs around one other value.
macro_rules! wire_newtype {
    ($($name:ident($inner:ty)),* $(,)?) => {$(
        impl<'a> $crate::kafka::wire::Wire<'a> for $name {
            fn len_min(v: $crate::kafka::version::Version) -> usize {
                <$inner as $crate::kafka::wire::Wire<'a>>::len_min(v)
            }

            fn read(
                r: &mut $crate::kafka::wire::Reader<'a>,
                v: $crate::kafka::version::Version,
            ) -> Result<Self, $crate::kafka::wire::DecodeError> {
                <$inner as $crate::kafka::wire::Wire<'a>>::read(r, v).map(Self)
            }

            fn write(
                &self,
                w: &mut $crate::kafka::wire::Writer<'_>,
                v: $crate::kafka::version::Version,
            ) -> Result<(), $crate::kafka::wire::EncodeError> {
                self.0.write(w, v)
            }
        }
    )*};
}
pub(in crate::kafka) use wire_newtype;

/// Implements [`Wire`] for structs that may be null: a byte, negative for null, before the fields.
macro_rules! wire_nullable {
    ($name:ident<$life:lifetime>) => {
        impl<$life> $crate::kafka::wire::Wire<$life> for Option<$name<$life>> {
            fn len_min(_: $crate::kafka::version::Version) -> usize {
                1
            }

            fn read(
                r: &mut $crate::kafka::wire::Reader<$life>,
                v: $crate::kafka::version::Version,
            ) -> Result<Self, $crate::kafka::wire::DecodeError> {
                if r.i8()? < 0 { Ok(None) } else { $name::read(r, v).map(Some) }
            }

            fn write(
                &self,
                w: &mut $crate::kafka::wire::Writer<'_>,
                v: $crate::kafka::version::Version,
            ) -> Result<(), $crate::kafka::wire::EncodeError> {
                w.i8(if self.is_some() { 1 } else { -1 });
                self.map_or(Ok(()), |value| value.write(w, v))
            }
        }
    };
}
pub(in crate::kafka) use wire_nullable;

wire_newtype!(
    LeaderEpoch(i32),
    NodeId(i32),
    Offset(i64),
    PartitionIndex(i32),
    ProducerEpoch(i16),
    ProducerId(i64),
    Timestamp(i64),
);

impl<'a> Wire<'a> for TopicId {
    fn len_min(_: Version) -> usize {
        16
    }

    fn read(r: &mut Reader<'a>, _: Version) -> Result<Self, DecodeError> {
        r.uuid()
    }

    fn write(&self, w: &mut Writer<'_>, _: Version) -> Result<(), EncodeError> {
        w.uuid(*self);
        Ok(())
    }
}

impl<'a> Wire<'a> for &'a str {
    fn len_min(v: Version) -> usize {
        <Option<&'a str> as Wire<'a>>::len_min(v)
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        r.string(v)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.nullable_string(v, Some(self))
    }
}

impl<'a> Wire<'a> for Option<&'a str> {
    fn len_min(v: Version) -> usize {
        if v.is_flexible() { 1 } else { 2 }
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        r.nullable_string(v)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.nullable_string(v, *self)
    }
}

impl<'a> Wire<'a> for &'a [u8] {
    fn len_min(v: Version) -> usize {
        <Option<&'a [u8]> as Wire<'a>>::len_min(v)
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        r.bytes(v)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.nullable_bytes(v, Some(self))
    }
}

impl<'a> Wire<'a> for Option<&'a [u8]> {
    fn len_min(v: Version) -> usize {
        if v.is_flexible() { 1 } else { 4 }
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        r.nullable_bytes(v)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.nullable_bytes(v, *self)
    }
}

impl<'a> Wire<'a> for Option<Records<'a>> {
    fn len_min(v: Version) -> usize {
        if v.is_flexible() { 1 } else { 4 }
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        r.nullable_records(v)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.nullable_bytes(v, self.map(Records::bytes))
    }
}
