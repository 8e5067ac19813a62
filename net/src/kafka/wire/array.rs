//! An array as a view: still in wire form, or a borrowed slice. Both read the same.

use std::fmt;

use super::error::{DecodeError, EncodeError};
use super::reader::Reader;
use super::value::Wire;
use super::writer::Writer;
use crate::kafka::version::Version;

/// An array in a message, a view that is copied freely and owns nothing.
///
/// Decoding walks the elements once to check them and keeps the bytes; iteration reads them
/// again, which can not fail. To encode, an array is made from a slice. Two arrays are equal if
/// their elements are, whichever their form.
#[derive(Clone, Copy)]
pub struct Array<'a, T> {
    form: Form<'a, T>,
}

#[derive(Clone, Copy)]
enum Form<'a, T> {
    Items(&'a [T]),
    Encoded { elements: Reader<'a>, count: usize, version: Version },
}

impl<'a, T> Array<'a, T> {
    /// The array without elements.
    pub const EMPTY: Self = Self::of(&[]);

    /// The array of these elements, in a constant too.
    pub const fn of(items: &'a [T]) -> Self {
        Self { form: Form::Items(items) }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self.form {
            Form::Items(items) => items.len(),
            Form::Encoded { count, .. } => count,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T: Wire<'a>> Array<'a, T> {
    /// The elements in order, each decoded when it is asked for.
    pub fn iter(&self) -> Iter<'a, T> {
        Iter { form: self.form }
    }

    pub(super) fn read_nullable(
        r: &mut Reader<'a>,
        v: Version,
    ) -> Result<Option<Self>, DecodeError> {
        let Some(count) = r.array_count(v, T::len_min(v))? else { return Ok(None) };
        let elements = r.unlimited();
        for _ in 0..count {
            T::read(r, v)?;
        }
        Ok(Some(Self { form: Form::Encoded { elements, count, version: v } }))
    }
}

impl<'a, T> From<&'a [T]> for Array<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self::of(items)
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for Array<'a, T> {
    fn from(items: &'a [T; N]) -> Self {
        Self::of(items)
    }
}

impl<'a, T> From<&'a Vec<T>> for Array<'a, T> {
    fn from(items: &'a Vec<T>) -> Self {
        Self::of(items)
    }
}

impl<T> Default for Array<'_, T> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a, T: Wire<'a> + PartialEq> PartialEq for Array<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Wire<'a> + Eq> Eq for Array<'a, T> {}

impl<'a, T: Wire<'a> + fmt::Debug> fmt::Debug for Array<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Wire<'a>> IntoIterator for Array<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Wire<'a>> IntoIterator for &Array<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Array<'a, T> {
    fn len_min(v: Version) -> usize {
        <Option<Self> as Wire<'a>>::len_min(v)
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        let at = r.position();
        Self::read_nullable(r, v)?.ok_or_else(|| Reader::null_array(at))
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        w.array_count(v, Some(self.len()))?;
        self.iter().try_for_each(|element| element.write(w, v))
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Option<Array<'a, T>> {
    fn len_min(v: Version) -> usize {
        if v.is_flexible() { 1 } else { 4 }
    }

    fn read(r: &mut Reader<'a>, v: Version) -> Result<Self, DecodeError> {
        Array::read_nullable(r, v)
    }

    fn write(&self, w: &mut Writer<'_>, v: Version) -> Result<(), EncodeError> {
        match self {
            Some(array) => array.write(w, v),
            None => w.array_count(v, None),
        }
    }
}

/// The elements of an [`Array`].
#[derive(Clone)]
pub struct Iter<'a, T> {
    form: Form<'a, T>,
}

impl<'a, T: Wire<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.form {
            Form::Items(items) => {
                let (first, rest) = items.split_first()?;
                *items = rest;
                Some(*first)
            }
            Form::Encoded { elements, count, version } => {
                *count = count.checked_sub(1)?;
                // Reading is a function of bytes and version, neither of which can change while
                // they are borrowed, so what was read without an error is again.
                Some(T::read(elements, *version).expect("was read when the array was"))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = Array { form: self.form }.len();
        (len, Some(len))
    }
}

impl<'a, T: Wire<'a>> ExactSizeIterator for Iter<'a, T> {}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::api_key::ApiKey;

    #[test]
    fn an_array_is_the_same_in_both_forms() {
        for number in [11, 12] {
            let v = ApiKey::Fetch.version(number).unwrap();
            let items = ["a", "", "c"];
            let made = Array::from(&items);
            let mut bytes = Vec::new();
            made.write(&mut Writer::new(&mut bytes), v).unwrap();
            let read = Array::<&str>::read(&mut Reader::request(&bytes), v).unwrap();
            assert_eq!(read, made);
            assert_eq!(read.iter().collect::<Vec<_>>(), items);
            assert_eq!((read.len(), read.iter().len(), read.is_empty()), (3, 3, false));
            assert_eq!(format!("{read:?}"), format!("{items:?}"));
            assert_ne!(read, Array::from(&["a", "", "d"]));
            assert_ne!(read, Array::EMPTY);
        }
    }

    #[test]
    fn null_and_empty_are_told_apart() {
        for number in [11, 12] {
            let v = ApiKey::Fetch.version(number).unwrap();
            for array in [None, Some(Array::<i32>::EMPTY)] {
                let mut bytes = Vec::new();
                array.write(&mut Writer::new(&mut bytes), v).unwrap();
                assert_eq!(Option::read(&mut Reader::request(&bytes), v), Ok(array));
            }
        }
    }
}
