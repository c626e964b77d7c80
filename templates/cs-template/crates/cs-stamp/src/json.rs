//! The JSON of a stamp: one meaning for every reader.
//!
//! JSON leaves open what a repeated key means, and how large a number or how deep a document may be. A stamp's
//! JSON is narrower, and all of it must follow that, unknown keys included: `docs/reference/stamp-format.md`.
//!
//! Derived readers take more than that page says: a list of values for an object, and an object for a word. What is
//! here takes neither.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::{Deserialize, Deserializer};

/// How deep arrays and objects may be nested.
const DEPTH_LIMIT: usize = 32;

/// Why a part cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It follows a schema that this crate does not know.
    Schema {
        /// The version in the part.
        found: i64,
        /// The versions that this crate reads.
        supported: &'static [i64],
    },
    /// It breaks a rule.
    Broken(String),
}

impl From<String> for Flaw {
    fn from(why: String) -> Self {
        Self::Broken(why)
    }
}

/// Refuse a part whose schema this crate does not know; it may look different then.
pub(crate) fn check_schema(bytes: &[u8], supported: &'static [i64]) -> Result<(), Flaw> {
    #[derive(Deserialize)]
    struct Schema {
        schema_version: i64,
    }
    let Schema {
        schema_version: found,
    } = parse(bytes)?;
    if supported.contains(&found) {
        Ok(())
    } else {
        Err(Flaw::Schema { found, supported })
    }
}

/// Parse an object within a document that has been checked.
pub(crate) fn object<'de, T: Deserialize<'de>, E: Error>(text: &'de str) -> Result<T, E> {
    let object = serde_json::from_str(text);
    object.map(|Object(value)| value).map_err(E::custom)
}

/// Parse the JSON of a part, which is an object.
pub(crate) fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, String> {
    check(bytes)
        .and_then(|()| serde_json::from_slice(bytes))
        .map(|Object(value)| value)
        .map_err(|error| error.to_string())
}

/// Look at every value and key.
fn check(bytes: &[u8]) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Narrow { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Read one of several words.
pub(crate) fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Word::deserialize(deserializer).map(|Word(value)| value)
}

/// Read one of several words, for a key that may be left out.
pub(crate) fn present_word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    word(deserializer).map(Some)
}

/// Read one of several words, or null.
pub(crate) fn optional_word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|Word(value)| value))
}

/// Read an object, or null.
pub(crate) fn optional_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|Object(value)| value))
}

/// Read a list of objects.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items: Vec<Object<T>> = Vec::deserialize(deserializer)?;
    Ok(items.into_iter().map(|Object(value)| value).collect())
}

/// A value that is written as a word.
struct Word<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::deserialize(text.into_deserializer()).map(Self)
    }
}

/// A value that is written as an object.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Object)
    }
}

/// Checks a value, and keeps nothing of it.
#[derive(Clone, Copy)]
struct Narrow {
    depth: usize,
}

impl Narrow {
    fn descend<E: Error>(self) -> Result<Self, E> {
        if self.depth < DEPTH_LIMIT {
            Ok(Self {
                depth: self.depth + 1,
            })
        } else {
            Err(E::custom(format!(
                "arrays and objects are more than {DEPTH_LIMIT} deep"
            )))
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
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Place {
        Here,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        #[serde(deserialize_with = "objects")]
        all: Vec<Inner>,
        #[serde(deserialize_with = "optional_word")]
        maybe: Option<Place>,
        #[serde(deserialize_with = "optional_object")]
        one: Option<Inner>,
        #[serde(deserialize_with = "word")]
        place: Place,
    }

    fn nest(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn everything_that_the_format_page_allows_is_read() {
        for text in [
            r#"{"a":[1,-1,null,true,{"b":"","c":{}}],"b":"é"}"#,
            r#" {"a" : 9223372036854775807, "b":-9223372036854775808} "#,
            r#"{"A":0,"a":0,"é":0,"😀":0}"#,
            &nest(32),
        ] {
            assert!(check(text.as_bytes()).is_ok(), "{text}");
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
            assert!(check(text.as_bytes()).is_err(), "{text}");
        }
        assert!(check(b"\"\xff\"").is_err());
    }

    #[test]
    fn objects_are_objects_and_words_are_words() {
        let read = |text: &str| parse::<Outer>(text.as_bytes());
        let whole = r#"{"all":[{"a":1}],"maybe":"here","one":{"a":2},"place":"here"}"#;
        let expected = Outer {
            all: vec![Inner { a: 1 }],
            maybe: Some(Place::Here),
            one: Some(Inner { a: 2 }),
            place: Place::Here,
        };
        assert_eq!(read(whole), Ok(expected));
        assert!(read(r#"{"all":[],"maybe":null,"one":null,"place":"here"}"#).is_ok());
        for text in [
            r#"[[{"a":1}],"here",{"a":2},"here"]"#,
            r#"{"all":[[1]],"maybe":"here","one":{"a":2},"place":"here"}"#,
            r#"{"all":[{"a":1}],"maybe":{"here":null},"one":{"a":2},"place":"here"}"#,
            r#"{"all":[{"a":1}],"maybe":"here","one":[2],"place":"here"}"#,
            r#"{"all":[{"a":1}],"maybe":"here","one":{"a":2},"place":{"here":null}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
