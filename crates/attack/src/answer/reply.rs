//! A reply: an answer with the request that it answers.

use std::time::Duration;

use report::Transcript;
use serde_json::Value;

use crate::probe::{Answer, Probe};
use crate::request::Draft;
use crate::surface::Endpoint;

/// An answer with the request that it answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// What was sent, with everything that had to be new.
    pub(crate) draft: Draft,
    /// The same as it was written.
    pub(crate) probe: Probe,
    /// The answer.
    pub(crate) answer: Answer,
    /// Both as evidence.
    pub(crate) seen: Transcript,
    /// A command that sends it again.
    pub(crate) repeat: String,
    /// How long the answer took.
    pub(crate) took: Duration,
    /// Whether the request was served: a success that is no error in its words.
    pub(crate) is_served: bool,
    /// What was answered as JSON: of GraphQL, the field that was asked for.
    pub(crate) value: Option<Value>,
}

/// Whether an answer serves the request, and what it says as JSON.
pub(crate) fn read(endpoint: &Endpoint, answer: &Answer) -> (bool, Option<Value>) {
    let json = answer.json();
    if let Some(field) = &endpoint.graphql {
        let value = json.as_ref().and_then(|whole| whole.get("data")?.get(&field.name).cloned());
        let value = value.filter(|value| !value.is_null());
        let has_errors = json.as_ref().and_then(|whole| whole.get("errors")).is_some_and(|e| !e.is_null());
        return (answer.is_success() && value.is_some() && !has_errors, value);
    }
    (answer.is_success() && !json.as_ref().is_some_and(says_error), json)
}

/// Whether an object says that it is an error, as APIs do that answer 200 to everything.
fn says_error(body: &Value) -> bool {
    let Value::Object(members) = body else { return false };
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_ascii_lowercase);
    let is_false = |name: &str| members.get(name) == Some(&Value::Bool(false));
    let is_error = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    };
    is_false("success")
        || is_false("ok")
        || text("status")
            .is_some_and(|status| ["fail", "failed", "failure", "error"].contains(&status.as_str()))
        || ["error", "errors"].iter().any(|name| members.get(*name).is_some_and(is_error))
            && !members.contains_key("data")
}

impl Reply {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        self.answer.text()
    }

    /// The status as a number.
    pub(crate) fn status(&self) -> u16 {
        self.answer.status.as_u16()
    }

    /// Whether the answer is a page.
    pub(crate) fn is_page(&self) -> bool {
        self.answer.header("content-type").is_some_and(|value| value.to_ascii_lowercase().contains("html"))
    }

    /// Whether it says that a credential is missing, wrong, or not enough.
    pub(crate) fn is_refusal_of_access(&self) -> bool {
        if matches!(self.status(), 401 | 403) {
            return true;
        }
        let text = self.text().to_ascii_lowercase();
        !self.is_served
            && [
                "unauthenticated",
                "unauthorized",
                "forbidden",
                "not authorized",
                "not authenticated",
                "log in",
                "permission",
            ]
            .iter()
            .any(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_success_that_says_error_serves_nothing() {
        for (body, is_error) in [
            (json!({ "success": false, "id": 1 }), true),
            (json!({ "status": "fail", "message": "no" }), true),
            (json!({ "error": "no" }), true),
            (json!({ "errors": [] }), false),
            (json!({ "error": null, "id": 1 }), false),
            (json!({ "status": "open" }), false),
            (json!([{ "error": "x" }]), false),
            (json!({ "data": [], "error": { "count": 0 } }), false),
        ] {
            assert_eq!(says_error(&body), is_error, "{body}");
        }
    }
}
