//! Random messages from random bytes: shorter and smaller bytes make simpler messages, so that a
//! failing case shrinks with them.

use kafka_protocol::messages::{BrokerId, GroupId, ProducerId, TopicName, TransactionalId};
use kafka_protocol::protocol::StrBytes;

/// A supply of bytes; zeros once it has run out.
pub(crate) struct Entropy<'e> {
    bytes: &'e [u8],
    /// The version to make messages for.
    pub(crate) version: i16,
    /// Whether every struct gets a tagged field that nobody knows.
    pub(crate) unknown_tags: bool,
    /// Whether fields are made for versions that must not have them.
    pub(crate) unrestricted: bool,
}

impl<'e> Entropy<'e> {
    pub(crate) fn new(bytes: &'e [u8], version: i16) -> Self {
        Self { bytes, version, unknown_tags: false, unrestricted: false }
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Bytes as text, to be made into theirs.
    pub(crate) fn text(&mut self) -> StrBytes {
        const PIECES: [&str; 4] = ["a", "topic-1.x_", "\u{fc}\u{4e16}", "\u{1f30a}"];
        let byte = usize::from(self.byte());
        let repeats = if byte == 255 { 300 } else { byte % 5 };
        StrBytes::from_string(PIECES[byte / 64].repeat(repeats))
    }

    /// A UUID in the form that theirs is parsed from.
    pub(crate) fn uuid(&mut self) -> String {
        record::TopicId(self.array()).to_hex()
    }
}

/// Something that is made from entropy.
pub(crate) trait Generate {
    fn generate(e: &mut Entropy<'_>) -> Self;
}

macro_rules! generate_numbers {
    ($($number:ty),*) => {$(
        impl Generate for $number {
            fn generate(e: &mut Entropy<'_>) -> Self {
                // Half of them small, so that small numbers are not rare in wide types.
                if e.byte() % 2 == 0 {
                    i8::from_be_bytes(e.array()).into()
                } else {
                    <$number>::from_be_bytes(e.array())
                }
            }
        }
    )*};
}

generate_numbers!(i8, i16, i32, i64);

impl Generate for u16 {
    fn generate(e: &mut Entropy<'_>) -> Self {
        Self::from_be_bytes(e.array())
    }
}

impl Generate for bool {
    fn generate(e: &mut Entropy<'_>) -> Self {
        e.byte() % 2 == 1
    }
}

impl Generate for StrBytes {
    fn generate(e: &mut Entropy<'_>) -> Self {
        e.text()
    }
}

impl Generate for TopicName {
    fn generate(e: &mut Entropy<'_>) -> Self {
        Self(e.text())
    }
}

impl Generate for GroupId {
    fn generate(e: &mut Entropy<'_>) -> Self {
        Self(e.text())
    }
}

impl Generate for TransactionalId {
    fn generate(e: &mut Entropy<'_>) -> Self {
        Self(e.text())
    }
}

impl Generate for BrokerId {
    fn generate(e: &mut Entropy<'_>) -> Self {
        Self(Generate::generate(e))
    }
}

impl Generate for ProducerId {
    fn generate(e: &mut Entropy<'_>) -> Self {
        Self(Generate::generate(e))
    }
}

impl<T: Generate> Generate for Option<T> {
    fn generate(e: &mut Entropy<'_>) -> Self {
        (!e.byte().is_multiple_of(4)).then(|| T::generate(e))
    }
}

impl<T: Generate> Generate for Vec<T> {
    fn generate(e: &mut Entropy<'_>) -> Self {
        let len = match e.byte() {
            250.. => 130,
            byte => byte % 4,
        };
        (0..len).map(|_| T::generate(e)).collect()
    }
}
