//! What of an answer says that an attempt failed, where the gate cannot know.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What says that an attempt failed: a status, or a member of the JSON in the answer. One of them is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Statuses of a failure.
    #[serde(default)]
    pub status: Vec<u16>,
    /// A member of the JSON: `/status == fail`, `/ok != true`, or `/error`, which is there and neither `null` nor `false`.
    #[serde(default)]
    pub json: Option<JsonTest>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for status in &self.status {
            write!(f, "{separator}{status}")?;
            separator = ", ";
        }
        self.json.as_ref().map_or(Ok(()), |json| write!(f, "{separator}{json}"))
    }
}

/// A test of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonTest {
    /// A JSON Pointer (RFC 6901).
    pointer: String,
    comparison: Comparison,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Comparison {
    IsThere,
    Is(String),
    IsNot(String),
}

impl JsonTest {
    /// Whether a document passes.
    pub fn holds(&self, document: &Value) -> bool {
        let value = document.pointer(&self.pointer);
        let is = |text: &str| match value {
            Some(Value::String(value)) => value == text,
            Some(other) => other.to_string().as_str() == text,
            None => false,
        };
        match &self.comparison {
            Comparison::IsThere => !matches!(value, None | Some(Value::Null | Value::Bool(false))),
            Comparison::Is(text) => is(text),
            Comparison::IsNot(text) => !is(text),
        }
    }
}

impl FromStr for JsonTest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        let (pointer, comparison) = if let Some((pointer, value)) = text.split_once("==") {
            (pointer, Comparison::Is(unquoted(value)))
        } else if let Some((pointer, value)) = text.split_once("!=") {
            (pointer, Comparison::IsNot(unquoted(value)))
        } else {
            (text, Comparison::IsThere)
        };
        let pointer = pointer.trim();
        if !pointer.starts_with('/') || pointer.contains(char::is_whitespace) {
            return Err(format!(
                "`{text}` tests no member; write `/status == fail`, `/ok != true` or `/error`"
            ));
        }
        Ok(JsonTest { pointer: pointer.to_owned(), comparison })
    }
}

impl fmt::Display for JsonTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pointer)?;
        match &self.comparison {
            Comparison::IsThere => Ok(()),
            Comparison::Is(value) => write!(f, " == {value}"),
            Comparison::IsNot(value) => write!(f, " != {value}"),
        }
    }
}

impl<'de> Deserialize<'de> for JsonTest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_test_reads_a_member_of_the_document() {
        for (test, document, holds) in [
            ("/status == fail", json!({ "status": "fail" }), true),
            ("/status == 'fail'", json!({ "status": "ok" }), false),
            ("/status == fail", json!({}), false),
            ("/ok != true", json!({ "ok": true }), false),
            ("/ok != true", json!({ "ok": false }), true),
            ("/ok != true", json!([]), true),
            ("/code == 7", json!({ "code": 7 }), true),
            ("/error", json!({ "error": "no" }), true),
            ("/error", json!({ "error": null }), false),
            ("/a/b", json!({ "a": { "b": 0 } }), true),
        ] {
            assert_eq!(test.parse::<JsonTest>().unwrap().holds(&document), holds, "{test} {document}");
        }
        for wrong in ["status == fail", "", "/a b == c"] {
            assert!(wrong.parse::<JsonTest>().is_err(), "{wrong}");
        }
    }
}
