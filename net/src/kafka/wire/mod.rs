//! The primitive types of Kafka's wire format, read with every length checked and written with
//! every limit checked. Knows no message.
//!
//! ```text
//! int8..int64      1, 2, 4, 8 bytes, big-endian      bool   1 byte, 0 is false
//! uuid             16 bytes                           uvarint  1..5 bytes, 7 bits each, low first
//!
//!                  before flexible versions           flexible versions (KIP-482)
//! string           int16 length, bytes (UTF-8)        uvarint length + 1, bytes
//!   null           -1                                 0
//! bytes, records   int32 length, bytes                uvarint length + 1, bytes
//!   null           -1                                 0
//! array            int32 count, elements              uvarint count + 1, elements
//!   null           -1                                 0
//! nullable struct  int8: -1 null, 1 present           the same
//! end of a struct  -                                  uvarint n, n x (uvarint tag, uvarint size,
//!                                                     size bytes), tags ascending
//! ```
//!
//! Decoding allocates nothing: strings, records and arrays borrow the frame. What is decoded is
//! linear in the frame's length, since every array element takes at least one byte, and capped by
//! [`ELEMENTS_MAX_REQUEST`] and [`ELEMENTS_MAX_RESPONSE`].

mod array;
mod error;
mod reader;
mod records;
mod structure;
mod value;
mod varint;
mod writer;

pub use array::{Array, Iter};
pub use error::{DecodeError, EncodeError, Fault, Reading};
pub(in crate::kafka) use error::{in_field, refuse_below};
pub use reader::{ELEMENTS_MAX_REQUEST, ELEMENTS_MAX_RESPONSE, Reader};
pub use records::Records;
pub(in crate::kafka) use structure::wire_struct;
pub use value::Wire;
pub(in crate::kafka) use value::{wire_newtype, wire_nullable};
pub use writer::Writer;

/// The longest string that is read or written, in bytes: Kafka's limit, in both encodings.
pub const STRING_LEN_MAX: usize = 32_767;
