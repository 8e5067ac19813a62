//! How `consume` writes a record: by a format with kcat's tokens, or as JSON.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use net::client::ConsumedRecord;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// A format: text between tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Token(Token),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Topic,
    Partition,
    Offset,
    Timestamp,
    Key,
    KeyLength,
    Value,
    ValueLength,
    Headers,
}

/// A format that can not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadFormat {
    #[error("%{0} is no token; there are %t %p %o %T %k %K %s %S %h and %%")]
    Token(char),
    #[error("\\{0} is no escape; there are \\n \\t \\r \\0 \\\\ and \\xHH")]
    Escape(char),
    #[error("it ends in the middle of a token or an escape")]
    CutOff,
}

impl std::str::FromStr for Format {
    type Err = BadFormat;

    fn from_str(text: &str) -> Result<Self, BadFormat> {
        let mut pieces = Vec::new();
        let mut plain = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => plain.push(escaped(&mut letters)?),
                '%' => match letters.next().ok_or(BadFormat::CutOff)? {
                    '%' => plain.push(b'%'),
                    letter => {
                        let token = Token::of(letter).ok_or(BadFormat::Token(letter))?;
                        if !plain.is_empty() {
                            pieces.push(Piece::Text(std::mem::take(&mut plain)));
                        }
                        pieces.push(Piece::Token(token));
                    }
                },
                letter => plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }
}

fn escaped(letters: &mut std::str::Chars<'_>) -> Result<u8, BadFormat> {
    let hex = |letter: Option<char>| {
        let letter = letter.ok_or(BadFormat::CutOff)?;
        let digit = letter.to_digit(16).ok_or(BadFormat::Escape('x'))?;
        Ok(u8::try_from(digit).unwrap_or_default())
    };
    match letters.next().ok_or(BadFormat::CutOff)? {
        'n' => Ok(b'\n'),
        't' => Ok(b'\t'),
        'r' => Ok(b'\r'),
        '0' => Ok(0),
        '\\' => Ok(b'\\'),
        'x' => Ok(hex(letters.next())? << 4 | hex(letters.next())?),
        letter => Err(BadFormat::Escape(letter)),
    }
}

impl Token {
    fn of(letter: char) -> Option<Self> {
        Some(match letter {
            't' => Self::Topic,
            'p' => Self::Partition,
            'o' => Self::Offset,
            'T' => Self::Timestamp,
            'k' => Self::Key,
            'K' => Self::KeyLength,
            's' => Self::Value,
            'S' => Self::ValueLength,
            'h' => Self::Headers,
            _ => return None,
        })
    }
}

impl Format {
    /// Appends a record as the format says. Null is nothing, and its length -1.
    pub(super) fn write(&self, topic: &str, record: &ConsumedRecord<'_>, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Token(token) => write_token(*token, topic, record, out),
            }
        }
    }
}

fn write_token(token: Token, topic: &str, record: &ConsumedRecord<'_>, out: &mut Vec<u8>) {
    let length = |bytes: Option<&[u8]>| {
        bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX))
    };
    match token {
        Token::Topic => out.extend_from_slice(topic.as_bytes()),
        Token::Partition => write_number(record.partition.0.into(), out),
        Token::Offset => write_number(record.offset.0, out),
        Token::Timestamp => write_number(record.timestamp.0, out),
        Token::Key => out.extend_from_slice(record.key.unwrap_or_default()),
        Token::KeyLength => write_number(length(record.key), out),
        Token::Value => out.extend_from_slice(record.value.unwrap_or_default()),
        Token::ValueLength => write_number(length(record.value), out),
        Token::Headers => {
            for (index, header) in record.headers.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(header.key);
                out.push(b'=');
                out.extend_from_slice(header.value.unwrap_or(b"NULL"));
            }
        }
    }
}

fn write_number(number: i64, out: &mut Vec<u8>) {
    write!(out, "{number}").expect("writing to a Vec does not fail");
}

/// Appends a record as one JSON object and a line's end. What is not UTF-8 stands as base64 under
/// `key_base64`, `value_base64`, and in a header `name_base64`, `value_base64`.
pub(super) fn write_json(topic: &str, record: &ConsumedRecord<'_>, out: &mut Vec<u8>) {
    let record = JsonRecord { topic, record };
    serde_json::to_writer(&mut *out, &record).expect("writing to a Vec does not fail");
    out.push(b'\n');
}

struct JsonRecord<'a> {
    topic: &'a str,
    record: &'a ConsumedRecord<'a>,
}

impl Serialize for JsonRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("topic", self.topic)?;
        map.serialize_entry("partition", &self.record.partition.0)?;
        map.serialize_entry("offset", &self.record.offset.0)?;
        map.serialize_entry("timestamp", &self.record.timestamp.0)?;
        write_bytes(&mut map, ["key", "key_base64"], self.record.key)?;
        write_bytes(&mut map, ["value", "value_base64"], self.record.value)?;
        map.serialize_entry("headers", &JsonHeaders(self.record.headers))?;
        map.end()
    }
}

struct JsonHeaders<'a>(record::Headers<'a>);

impl Serialize for JsonHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for header in self.0 {
            list.serialize_element(&JsonHeader(header))?;
        }
        list.end()
    }
}

struct JsonHeader<'a>(record::Header<'a>);

impl Serialize for JsonHeader<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write_bytes(&mut map, ["name", "name_base64"], Some(self.0.key))?;
        write_bytes(&mut map, ["value", "value_base64"], self.0.value)?;
        map.end()
    }
}

/// Under the first name as text, or under the second as base64.
fn write_bytes<M: SerializeMap>(
    map: &mut M,
    [text, base64]: [&str; 2],
    bytes: Option<&[u8]>,
) -> Result<(), M::Error> {
    match bytes.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => map.serialize_entry(text, &()),
        Some((Ok(string), _)) => map.serialize_entry(text, string),
        Some((Err(_), bytes)) => map.serialize_entry(base64, &STANDARD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use record::{
        BatchBuilder, BatchView, Decompressor, Header, NewRecord, Offset, PartitionIndex, Seal,
        Timestamp,
    };

    use super::*;

    /// What is written of a record with this key, value and headers.
    fn written(
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
        write: impl Fn(&ConsumedRecord<'_>, &mut Vec<u8>),
    ) -> String {
        let mut builder = BatchBuilder::new();
        builder.append(&NewRecord { timestamp: Timestamp(5), key, value, headers }).unwrap();
        let batch = builder.seal(&Seal::default()).unwrap();
        let (view, _) = BatchView::parse(&batch).unwrap();
        let mut decompressor = Decompressor::new();
        let records = view.records(&mut decompressor, 1 << 20).unwrap();
        let record = records.iter().next().unwrap().unwrap();
        let consumed = ConsumedRecord {
            partition: PartitionIndex(3),
            offset: Offset(42),
            timestamp: Timestamp(5),
            key: record.key,
            value: record.value,
            headers: record.headers,
        };
        let mut out = Vec::new();
        write(&consumed, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn formatted(format: &str, key: Option<&[u8]>, headers: &[Header<'_>]) -> String {
        let format: Format = format.parse().unwrap();
        written(key, Some(b"value"), headers, |record, out| format.write("topic", record, out))
    }

    const HEADERS: [Header<'static>; 2] =
        [Header { key: b"a", value: Some(b"1") }, Header { key: b"b", value: None }];

    #[test]
    fn tokens_and_escapes_are_kcats() {
        let all = formatted(r"%t %p %o %T %k %K %s %S %h%%\t\n\\\x41", Some(b"key"), &HEADERS);
        assert_eq!(all, "topic 3 42 5 key 3 value 5 a=1,b=NULL%\t\n\\A");
        assert_eq!(formatted("[%k:%K]", None, &[]), "[:-1]");
        assert_eq!(formatted("", None, &[]), "");
        assert_eq!(formatted("é%s", None, &[]), "évalue");
    }

    #[test]
    fn what_is_no_token_or_escape_is_refused() {
        let refused = |text: &str| text.parse::<Format>().unwrap_err();
        assert_eq!(refused("%x"), BadFormat::Token('x'));
        assert_eq!(refused("%"), BadFormat::CutOff);
        assert_eq!(refused(r"\q"), BadFormat::Escape('q'));
        assert_eq!(refused(r"\xG0"), BadFormat::Escape('x'));
        assert_eq!(refused(r"\x4"), BadFormat::CutOff);
        assert_eq!(refused("\\"), BadFormat::CutOff);
    }

    #[test]
    fn json_is_one_object_a_line() {
        let json = |record: &ConsumedRecord<'_>, out: &mut Vec<u8>| write_json("t", record, out);
        assert_eq!(
            written(Some(b"k\""), Some(b"v\n"), &HEADERS, json),
            concat!(
                r#"{"topic":"t","partition":3,"offset":42,"timestamp":5,"key":"k\"","#,
                r#""value":"v\n","headers":[{"name":"a","value":"1"},{"name":"b","value":null}]}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_is_not_utf_8_is_base64_under_another_name() {
        let json = |record: &ConsumedRecord<'_>, out: &mut Vec<u8>| write_json("t", record, out);
        let headers = [Header { key: b"\xff", value: Some(b"\xfe") }];
        assert_eq!(
            written(Some(b"\xff\x00"), None, &headers, json),
            concat!(
                r#"{"topic":"t","partition":3,"offset":42,"timestamp":5,"key_base64":"/wA=","#,
                r#""value":null,"headers":[{"name_base64":"/w==","value_base64":"/g=="}]}"#,
                "\n"
            )
        );
    }
}
