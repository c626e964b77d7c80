//! The JSON of a stamp: one meaning for every reader.
//!
//! JSON leaves open what a key means that stands twice, and how large a number or how deep a document may be. A stamp's
//! JSON is narrower, and all of it is held to that, keys that nobody knows included: `docs/reference/stamp-format.md`.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// How deep arrays and objects may stand in each other.
const DEPTH_LIMIT: usize = 32;

/// Parse the JSON of a part.
pub(crate) fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Narrow { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .and_then(|()| serde_json::from_slice(bytes))
        .map_err(|error| error.to_string())
}

/// Checks a value, and keeps nothing of it.
#[derive(Clone, Copy)]
struct Narrow {
    depth: usize,
}

impl Narrow {
    fn descend<E: Error>(self) -> Result<Self, E> {
        match self.depth < DEPTH_LIMIT {
            true => Ok(Self {
                depth: self.depth + 1,
            }),
            false => Err(E::custom(format!(
                "arrays and objects are more than {DEPTH_LIMIT} deep"
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Narrow {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Narrow {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an integer of 64 bits")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(_) => Ok(()),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.descend()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.descend()?;
        let mut last: Option<String> = None;
        while let Some(key) = entries.next_key::<String>()? {
            if last.as_ref().is_some_and(|last| *last >= key) {
                return Err(A::Error::custom(format!("the key {key:?} is out of order")));
            }
            last = Some(key);
            entries.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn nest(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn what_the_format_page_allows_is_read() {
        for text in [
            r#"{"a":[1,-1,null,true,{"b":"","c":{}}],"b":"é"}"#,
            r#" {"a" : 9223372036854775807, "b":-9223372036854775808} "#,
            r#"{"A":0,"a":0,"é":0,"😀":0}"#,
            &nest(32),
        ] {
            assert!(parse::<Value>(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn whatever_readers_could_take_differently_is_refused() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"b":1,"a":2}"#,
            r#"{"x":{"b":1,"b":1}}"#,
            r#"{"😀":0,"é":0}"#,
            "9223372036854775808",
            "-9223372036854775809",
            "1.0",
            "1e3",
            "-0",
            &"9".repeat(5000),
            r#""\ud800""#,
            "\"\u{1}\"",
            "NaN",
            "1 2",
            "\u{feff}1",
            "",
            &nest(33),
        ] {
            assert!(parse::<Value>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse::<Value>(b"\"\xff\"").is_err());
    }
}
