//! How a draft is written as a request.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::draft::{Draft, scalar_text};
use super::fresh::fresh;
use crate::probe::{Content, Probe};
use crate::surface::shape::FRESH;
use crate::surface::{BodyFormat, Endpoint};

/// Everything but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands in a name of a query as it is: brackets and the sign of an operator.
const NAME: &AsciiSet = &RESERVED.remove(b'[').remove(b']').remove(b'$');

const BOUNDARY: &str = "doorward-boundary-7d1f";

impl Draft {
    /// The same with a text of its own wherever one must be new.
    #[must_use]
    pub(crate) fn settled(&self) -> Draft {
        let mark = fresh();
        let mut draft = self.clone();
        let texts = draft.path.iter_mut().chain(&mut draft.headers).chain(&mut draft.cookies);
        texts.for_each(|(_, text)| *text = text.replace(FRESH, &mark));
        draft.query.iter_mut().for_each(|(_, value)| settle(value, &mark));
        if let Some(body) = &mut draft.body {
            settle(body, &mark);
        }
        draft
    }

    /// The request, by nobody. What must be new is taken as it stands: see [`Draft::settled`].
    pub(crate) fn probe(&self, endpoint: &Endpoint) -> Probe {
        let mut target: String = endpoint.path.clone();
        for (name, value) in &self.path {
            let written = utf8_percent_encode(value, RESERVED).to_string();
            // Dots alone would be taken for a step in the path.
            let written = if value == "." || value == ".." { written.replace('.', "%2E") } else { written };
            target = target.replace(&format!("{{{name}}}"), &written);
        }
        let mut pairs = Vec::new();
        for (name, value) in &self.query {
            let list = match value {
                Value::Array(items) => items.clone(),
                other => vec![other.clone()],
            };
            for item in list {
                let text = scalar_text(&item).unwrap_or_else(|| item.to_string());
                let name = utf8_percent_encode(name, NAME).to_string();
                pairs.push(format!("{name}={}", utf8_percent_encode(&text, RESERVED)));
            }
        }
        if !pairs.is_empty() {
            target.push('?');
            target.push_str(&pairs.join("&"));
        }
        let mut probe = Probe { method: endpoint.method.clone(), ..Probe::get(target) };
        probe.headers.clone_from(&self.headers);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            probe.headers.push(("cookie".into(), cookies.join("; ")));
        }
        probe.body = self.content(endpoint);
        probe
    }

    fn content(&self, endpoint: &Endpoint) -> Option<Content> {
        let empty = Value::Object(serde_json::Map::new());
        let body = self.body.as_ref().or_else(|| endpoint.graphql.as_ref().map(|_| &empty))?;
        let format = endpoint.body.as_ref().map_or(&BodyFormat::Graphql, |body| &body.format);
        let content = |media_type: &str, text: String| {
            Some(Content { media_type: media_type.to_owned(), bytes: Bytes::from(text) })
        };
        match format {
            BodyFormat::Json(media_type) => content(media_type, body.to_string()),
            BodyFormat::Graphql => match (&endpoint.graphql, body) {
                (Some(field), Value::Object(arguments)) => {
                    content("application/json", field.request(arguments).to_string())
                }
                _ => content("application/json", body.to_string()),
            },
            BodyFormat::Form => {
                let write = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
                let pairs: Vec<String> = pairs(body)
                    .iter()
                    .map(|(name, value)| format!("{}={}", write(name), write(value)))
                    .collect();
                content("application/x-www-form-urlencoded", pairs.join("&"))
            }
            BodyFormat::Multipart(files) => {
                let mut text = String::new();
                for (name, value) in pairs(body) {
                    let head = match files.contains(&name) {
                        true => "; filename=\"note.txt\"\r\nContent-Type: text/plain",
                        false => "",
                    };
                    text.push_str(&format!(
                        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{head}\r\n\r\n{value}\r\n"
                    ));
                }
                text.push_str(&format!("--{BOUNDARY}--\r\n"));
                content(&format!("multipart/form-data; boundary={BOUNDARY}"), text)
            }
            BodyFormat::Xml(root) => {
                content("application/xml", format!("<?xml version=\"1.0\"?>{}", xml(root, body)))
            }
        }
    }
}

fn settle(value: &mut Value, mark: &str) {
    match value {
        Value::String(text) if text.contains(FRESH) => *text = text.replace(FRESH, mark),
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, mark)),
        Value::Object(members) => members.values_mut().for_each(|member| settle(member, mark)),
        _ => {}
    }
}

/// The pairs of a form: a list repeats its name, an object stands in brackets.
fn pairs(body: &Value) -> Vec<(String, String)> {
    fn add(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| add(name, item, pairs)),
            Value::Object(members) => {
                members.iter().for_each(|(inner, member)| add(&format!("{name}[{inner}]"), member, pairs));
            }
            scalar => pairs.push((name.to_owned(), scalar_text(scalar).unwrap_or_default())),
        }
    }
    let mut pairs = Vec::new();
    if let Value::Object(members) = body {
        members.iter().for_each(|(name, member)| add(name, member, &mut pairs));
    }
    pairs
}

fn xml(name: &str, value: &Value) -> String {
    let inner = match value {
        Value::Object(members) => members.iter().map(|(name, member)| xml(name, member)).collect(),
        Value::Array(items) => return items.iter().map(|item| xml(name, item)).collect(),
        scalar => {
            let text = scalar_text(scalar).unwrap_or_default();
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
        }
    };
    format!("<{name}>{inner}</{name}>")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_must_be_new_is_new_in_every_request_and_one_text_within_it() {
        let mail = format!("dw{FRESH}@example.com");
        let draft = Draft { body: Some(json!({ "a": mail, "b": [mail] })), ..Draft::empty(0) };
        let (one, other) = (draft.settled().body.unwrap(), draft.settled().body.unwrap());
        assert_eq!(one["a"], one["b"][0]);
        assert_ne!(one["a"], other["a"]);
        assert!(!one.to_string().contains(FRESH));
    }

    #[test]
    fn forms_have_pairs_and_xml_has_elements() {
        let body = json!({ "a": 1, "list": ["x", "y"], "user": { "name": "n" } });
        let texts: Vec<String> = pairs(&body).iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(texts, ["a=1", "list=x", "list=y", "user[name]=n"]);
        let written = xml("r", &body);
        assert_eq!(written, "<r><a>1</a><list>x</list><list>y</list><user><name>n</name></user></r>");
    }
}
