//! `owner` of a route: where a response names the owner of an object.

use std::fmt;
use std::marker::PhantomData;

use openapi::Pointer;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `owner = "/user_id"`, or `owner = { field = ["/author", "/editors/*"], claim = "sub" }` of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerConfig {
    /// Where an object names its owner; several, of which any must equal the claim, or all.
    pub field: Vec<Pointer>,
    /// Whether one of the fields is enough.
    pub when: Quantifier,
    /// The claim that must equal it.
    pub claim: String,
    /// Where the objects are when the response holds a list; a response that is an array needs none.
    pub list: Option<Pointer>,
    /// Where counts of the list are, which are lowered by what was filtered out.
    pub counts: Vec<Pointer>,
}

/// How many of several fields must name the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantifier {
    /// One is enough.
    #[default]
    Any,
    /// Every one.
    All,
}

impl<'de> Deserialize<'de> for OwnerConfig {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            field: OneOrMany,
            #[serde(default)]
            when: Quantifier,
            #[serde(default = "sub")]
            claim: String,
            list: Option<Pointer>,
            #[serde(default)]
            counts: Vec<Pointer>,
        }
        let table = match Shorthand::<Table>::deserialize(d)? {
            Shorthand::Text(text) => Table {
                field: OneOrMany(vec![text.parse().map_err(D::Error::custom)?]),
                when: Quantifier::Any,
                claim: sub(),
                list: None,
                counts: Vec::new(),
            },
            Shorthand::Table(table) => table,
        };
        let Table { field: OneOrMany(field), when, claim, list, counts } = table;
        Ok(OwnerConfig { field, when, claim, list, counts })
    }
}

fn sub() -> String {
    "sub".into()
}

impl OwnerConfig {
    pub(crate) fn compile(self) -> Owner {
        let OwnerConfig { field, when, claim, list, counts } = self;
        Owner { fields: field, when, claim, list, counts }
    }
}

/// Where a response says whose object it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Where an object names its owner.
    pub fields: Vec<Pointer>,
    /// Whether one of the fields is enough.
    pub when: Quantifier,
    /// The claim that must equal it.
    pub claim: String,
    /// Where the list of objects is.
    pub list: Option<Pointer>,
    /// Where counts of the list are.
    pub counts: Vec<Pointer>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.when == Quantifier::Any { " or " } else { " and " };
        let fields: Vec<&str> = self.fields.iter().map(Pointer::as_str).collect();
        write!(f, "{} = {}", fields.join(word), self.claim)
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OneOrMany(Vec<Pointer>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a JSON Pointer or a list of them")]
        enum Raw {
            One(String),
            Many(Vec<String>),
        }
        let texts = match Raw::deserialize(d)? {
            Raw::One(text) => vec![text],
            Raw::Many(texts) => texts,
        };
        if texts.is_empty() {
            return Err(D::Error::custom("an empty list names no field"));
        }
        texts.iter().map(|t| t.parse().map_err(D::Error::custom)).collect::<Result<_, _>>().map(OneOrMany)
    }
}

/// A text for the usual case, a table for the others; errors in the table are reported as such.
enum Shorthand<T> {
    Text(String),
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shorthand<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Shorthand<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON Pointer or a table")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Shorthand::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Shorthand::Table)
            }
        }
        d.deserialize_any(Either(PhantomData))
    }
}
