//! JSON. Raw values are slices of the text, and tell by that where they stand.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::budget::{Budget, Lines};
use super::node::{Node, Value};
use crate::deps::limits::Limits;
use crate::deps::package::TextFault;

/// Reads a document.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Node, TextFault> {
    let raw: &RawValue = serde_json::from_str(text)
        .map_err(|error| TextFault::new(error.line().max(1), format!("this is no JSON: {error}")))?;
    let mut reader =
        Reader { start: text.as_ptr().addr(), lines: Lines::of(text), budget: Budget::new(limits) };
    reader.node(raw, 0)
}

struct Reader {
    start: usize,
    lines: Lines,
    budget: Budget,
}

impl Reader {
    fn node(&mut self, raw: &RawValue, depth: usize) -> Result<Node, TextFault> {
        let text = raw.get();
        let line = self.lines.at(text.as_ptr().addr().saturating_sub(self.start));
        self.budget.take(depth, line)?;
        let fault = |error: serde_json::Error| TextFault::new(line, format!("this is no JSON: {error}"));
        let value = match text.bytes().next() {
            Some(b'{') => {
                let members: Members<'_> = serde_json::from_str(text).map_err(fault)?;
                let members = members.0.into_iter();
                Value::Map(
                    members
                        .map(|(name, raw)| Ok((name, self.node(raw, depth + 1)?)))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(fault)?;
                Value::List(items.into_iter().map(|raw| self.node(raw, depth + 1)).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Value::Scalar(serde_json::from_str(text).map_err(fault)?),
            Some(b'n') => Value::Null,
            _ => Value::Scalar(text.to_owned()),
        };
        Ok(Node { line, value })
    }
}

/// The members of an object, in order, each as its text.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'t> Visitor<'t> for Collect {
            type Value = Members<'t>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'t>>(self, mut map: M) -> Result<Members<'t>, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
