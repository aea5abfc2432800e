//! What a door saw, as fields: logs, metrics and dashboards read these. The sentence for a person ([`Display`]) is made
//! where a person reads it.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::Serialize;

use super::redact::{REDACTED, excerpt, is_secret};

/// What a door saw. Doors redact secrets before they put values in here, and cut long ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// The class of a detector's finding: `sql`, `html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// The confidence of a detector's finding: `low`, `medium`, `high`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<&'static str>,
    /// The reason, in words.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'static, str>,
    /// The name of the input, as settings such as `exempt` name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// In words, where an input stands that no such setting names: `the name of selector.$gt`, `the path`, `a stream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Cow<'static, str>>,
    /// The place of the input in a JSON body, as a JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The byte of the value at which the finding begins, as near as the detector can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// The text around the finding; control characters are escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// What had to be decoded before the finding could be seen, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decodings: Vec<&'static str>,
    /// Values that should have been equal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<Compared>,
    /// The names concerned: properties, parameters or headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What is invalid, place by place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<Invalid>,
    /// The rules that matched, most severe first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<MatchedRule>,
}

/// One of the values that a door compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Where it comes from.
    pub side: Side,
    /// Its name there: an input, a JSON Pointer, a claim.
    pub name: String,
    /// The value; `None` if there is none.
    pub value: Option<String>,
}

/// Where a compared value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The request.
    Request,
    /// The object that a response or a read shows.
    Object,
    /// The verified caller.
    Caller,
}

/// A place of a message and what is invalid there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invalid {
    /// A parameter or a JSON Pointer.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

/// A rule of the rule set that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchedRule {
    /// Its id.
    pub id: u64,
    /// Its message.
    pub message: String,
    /// The variable that matched.
    pub variable: String,
}

impl Evidence {
    /// Names that one event shows.
    const MOST_NAMES: usize = 50;

    /// A value from outside and nothing else.
    pub(crate) fn value(value: &[u8]) -> Self {
        Evidence { window: Some(excerpt(value)), ..Evidence::default() }
    }

    /// Names from outside and nothing else.
    pub(crate) fn names<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().take(Self::MOST_NAMES).map(|name| excerpt(name.as_ref().as_bytes()));
        Evidence { names: names.collect(), ..Evidence::default() }
    }

    /// Places and what is invalid there.
    pub(crate) fn invalid(errors: &[(String, String)]) -> Self {
        let errors = errors.iter().take(Self::MOST_NAMES);
        let invalid = errors.map(|(place, reason)| Invalid {
            place: excerpt(place.as_bytes()),
            reason: excerpt(reason.as_bytes()),
        });
        Evidence { invalid: invalid.collect(), ..Evidence::default() }
    }

    /// Adds a value that was compared; what is secret by its name is not shown.
    #[must_use]
    pub(crate) fn compared(mut self, side: Side, name: impl Display, value: Option<&str>) -> Self {
        let name = name.to_string();
        let value =
            value.map(|value| if is_secret(&name) { REDACTED.into() } else { excerpt(value.as_bytes()) });
        self.compared.push(Compared { side, name, value });
        self
    }
}

impl From<&'static str> for Evidence {
    fn from(reason: &'static str) -> Self {
        Evidence { reason: Cow::Borrowed(reason), ..Evidence::default() }
    }
}

impl From<String> for Evidence {
    fn from(reason: String) -> Self {
        Evidence { reason: Cow::Owned(reason), ..Evidence::default() }
    }
}

/// One sentence: `id: a condition that is always true after url: ' OR 1=1`, `/user_id is 1; the caller's sub is "2"`.
impl Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Parts { f, any: false };
        if self.parameter.is_some()
            || self.place.is_some()
            || !self.reason.is_empty()
            || self.window.is_some()
        {
            parts.next("")?;
            self.finding(parts.f)?;
        }
        for compared in &self.compared {
            parts.next("; ")?;
            compared.fmt(parts.f)?;
        }
        for (nth, name) in self.names.iter().enumerate() {
            parts.next(if nth == 0 { "; " } else { ", " })?;
            parts.f.write_str(name)?;
        }
        for Invalid { place, reason } in &self.invalid {
            parts.next("; ")?;
            write!(parts.f, "{place} {reason}")?;
        }
        for MatchedRule { id, message, variable } in &self.rules {
            parts.next("; ")?;
            write!(parts.f, "{id} {message} ({variable})")?;
        }
        Ok(())
    }
}

impl Evidence {
    fn finding(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(input) = self.parameter.as_deref().or(self.place.as_deref()) {
            f.write_str(input)?;
            separator = ": ";
        }
        if !self.reason.is_empty() {
            write!(f, "{separator}{}", self.reason)?;
            separator = ": ";
        }
        for (nth, decoding) in self.decodings.iter().enumerate() {
            write!(f, "{}{decoding}", if nth == 0 { " after " } else { ", " })?;
        }
        match &self.window {
            Some(window) => write!(f, "{separator}{window}"),
            None => Ok(()),
        }
    }
}

impl Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = if self.side == Side::Caller { "the caller's " } else { "" };
        let value = self.value.as_deref().unwrap_or("missing");
        write!(f, "{whose}{} is {value}", self.name)
    }
}

/// Writes parts of a sentence with separators between them.
struct Parts<'f, 'b> {
    f: &'f mut fmt::Formatter<'b>,
    any: bool,
}

impl Parts<'_, '_> {
    fn next(&mut self, separator: &str) -> fmt::Result {
        let separator = if self.any { separator } else { "" };
        self.any = true;
        self.f.write_str(separator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence() {
        let finding = Evidence {
            class: Some("sql"),
            confidence: Some("high"),
            reason: "a condition that is always true".into(),
            parameter: Some("id".into()),
            pointer: Some("/id".into()),
            offset: Some(3),
            window: Some("' OR 1=1".into()),
            decodings: vec!["url", "base64"],
            ..Evidence::default()
        };
        let name = Evidence {
            parameter: None,
            place: Some("the name of a.$ne".into()),
            decodings: Vec::new(),
            window: Some("$ne".into()),
            reason: "an operator".into(),
            ..finding.clone()
        };
        let owner = Evidence::default().compared(Side::Object, "/user_id", Some("1"));
        let owner = owner.compared(Side::Caller, "sub", Some("\"2\""));
        let unowned = Evidence::from("no owner is named").compared(Side::Caller, "sub", None);
        let invalid = |place: &str| Invalid { place: place.into(), reason: "is required".into() };
        let invalid = Evidence { invalid: vec![invalid("/a"), invalid("/b")], ..Evidence::default() };
        let rule = |id| MatchedRule { id, message: "SQL".into(), variable: "ARGS:q".into() };
        let rules = Evidence { rules: vec![rule(942_100), rule(942_190)], ..Evidence::default() };
        for (evidence, sentence) in [
            (finding, "id: a condition that is always true after url, base64: ' OR 1=1"),
            (name, "the name of a.$ne: an operator: $ne"),
            (owner, "/user_id is 1; the caller's sub is \"2\""),
            (unowned, "no owner is named; the caller's sub is missing"),
            (Evidence::from("no User-Agent"), "no User-Agent"),
            (Evidence::value(b"GE\0T"), "GE\\0T"),
            (Evidence::names(["/role", "/is_admin"]), "/role, /is_admin"),
            (invalid, "/a is required; /b is required"),
            (rules, "942100 SQL (ARGS:q); 942190 SQL (ARGS:q)"),
            (Evidence::default(), ""),
        ] {
            assert_eq!(evidence.to_string(), sentence);
        }
    }

    #[test]
    fn names_and_values_from_outside_do_not_grow_the_line() {
        let evidence = Evidence::names(std::iter::repeat_n("n".repeat(10_000), 10_000));
        assert!(evidence.to_string().len() < 10_000);
        let compared = Evidence::default().compared(Side::Request, "path.id", Some(&"v".repeat(10_000)));
        assert!(compared.to_string().len() < 1_000);
    }

    #[test]
    fn only_fields_that_say_something_are_written() {
        let written = serde_json::to_value(Evidence::from("no User-Agent")).unwrap();
        assert_eq!(written, serde_json::json!({ "reason": "no User-Agent" }));
    }
}
