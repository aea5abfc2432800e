//! Fields in which markup is taken away instead of refused ([guide §3]).
//!
//! A text without markup stays as it is to the letter: `Tom & Jerry <3` is no HTML. What is HTML is parsed as a browser
//! does, and written anew without what may not stand in it.
//!
//! [guide §3]: https://github.com/doorward/doorward/blob/main/docs/guide.md#3-cross-site-scripting

use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use bytes::Bytes;
use http::StatusCode;
use inputs::{ParsedBody, Part, StructureLimits, is_same_name, pairs, parse_body, write_multipart};
use policy::Sanitize;
use serde_json::Value;

use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Change, Decision, Refusal, Rewrite};
use crate::doors::{Door, Step};
use crate::events::evidence::Evidence;
use crate::exchange::Exchange;
use crate::forward::Reader;

/// The part of the injection door that takes markup away.
pub(crate) struct Sanitizer;

impl Door for Sanitizer {
    fn id(&self) -> DoorId {
        policy::BuiltInDoor::Injection.into()
    }

    fn admit_head<'a, 'e>(&'a self, _: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        if x.route.injection.sanitize.is_empty() { Step::PASS } else { query(x).into() }
    }

    /// What is left of the body is judged from here on.
    fn admit_body<'a, 'e>(&'a self, _: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        let Some(held) = x.body.as_ref().filter(|_| !x.route.injection.sanitize.is_empty()) else {
            return Step::PASS;
        };
        // What was stripped before must not come back.
        let unlimited = StructureLimits { depth: 128, members: usize::MAX };
        let Ok(mut parsed) = parse_body(x.content_type(), &held.decoded, unlimited) else {
            return Step::PASS;
        };
        let decision = body(x, &mut parsed);
        if enforced(x, policy::BuiltInDoor::Injection)
            && let Some(held) = &mut x.body
        {
            held.parsed = parsed;
        }
        decision.into()
    }
}

/// How often a text may turn into markup again when its entities are resolved, as in `&amp;lt;b&amp;gt;`.
const ROUNDS: usize = 4;

/// No tag at all.
static STRIP: LazyLock<Builder<'static>> = LazyLock::new(Builder::empty);

/// Words, lists, links and code; nothing that loads, runs or looks like the page around it.
static BASIC: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .add_tags([
            "a",
            "b",
            "blockquote",
            "br",
            "code",
            "em",
            "i",
            "li",
            "ol",
            "p",
            "pre",
            "strong",
            "u",
            "ul",
        ])
        .add_tag_attributes("a", ["href"])
        .add_url_schemes(["http", "https", "mailto"])
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// A text without the markup that may not stand in it; `None` when there is none.
fn clean(text: &str, how: Sanitize) -> Option<String> {
    if !ammonia::is_html(text) {
        return None;
    }
    let cleaned = match how {
        Sanitize::Basic => BASIC.clean(text).to_string(),
        Sanitize::Strip => {
            let mut rest = STRIP.clean(text).to_string();
            for _ in 0..ROUNDS {
                let plain = unescape(&rest);
                if !ammonia::is_html(&plain) {
                    rest = plain;
                    break;
                }
                rest = STRIP.clean(&plain).to_string();
            }
            rest
        }
    };
    (cleaned != text).then_some(cleaned)
}

/// The characters that HTML text cannot hold as they are (HTML §13.3), which is all that the writer escapes.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}

fn setting(x: &Exchange<'_>, name: &str) -> Option<Sanitize> {
    x.route.injection.sanitize.iter().find(|(field, _)| is_same_name(field, name)).map(|(_, how)| *how)
}

/// What is taken from the query.
fn query(x: &Exchange<'_>) -> Decision {
    let text = x.target.query().unwrap_or("").as_bytes();
    let mut cleaned = Vec::new();
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs(text) {
        match setting(x, &name).and_then(|how| clean(&value, how)) {
            Some(value) => {
                serializer.append_pair(&name, &value);
                cleaned.push(name.into_owned());
            }
            None => {
                serializer.append_pair(&name, &value);
            }
        }
    }
    rewrite(&cleaned, || Change::Query(serializer.finish()))
}

/// What is taken from the body, and the body that is left.
fn body(x: &Exchange<'_>, parsed: &mut ParsedBody) -> Decision {
    let mut cleaned = Vec::new();
    match parsed {
        ParsedBody::Json(value) => {
            json(x, "", value, &mut cleaned);
            let value = &*value;
            rewrite(&cleaned, || Change::Body(Bytes::from(value.to_string())))
        }
        ParsedBody::Form(fields) => {
            for (name, value) in fields.iter_mut() {
                text(x, name, value, &mut cleaned);
            }
            let written =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.iter()).finish();
            rewrite(&cleaned, || Change::Body(Bytes::from(written)))
        }
        ParsedBody::Multipart(parts) => {
            for part in parts.iter_mut().filter(|part| !part.is_file) {
                multipart(x, part, &mut cleaned);
            }
            let written = write_multipart(x.content_type(), parts.iter().cloned()).unwrap_or_default();
            rewrite(&cleaned, || Change::Body(written))
        }
        // It cannot be written anew as it was.
        ParsedBody::Mixed(parts) => {
            for part in parts.iter_mut() {
                mixed(x, &mut part.body, &mut cleaned);
            }
            match cleaned.is_empty() {
                true => Decision::Pass,
                false => {
                    let evidence = Evidence::names(&cleaned);
                    Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "markup", evidence))
                }
            }
        }
        ParsedBody::Empty
        | ParsedBody::Xml(_)
        | ParsedBody::Grpc(_)
        | ParsedBody::Text
        | ParsedBody::Binary => Decision::Pass,
    }
}

fn text(x: &Exchange<'_>, name: &str, value: &mut String, cleaned: &mut Vec<String>) {
    if let Some(rest) = setting(x, name).and_then(|how| clean(value, how)) {
        *value = rest;
        cleaned.push(name.to_owned());
    }
}

fn json(x: &Exchange<'_>, name: &str, value: &mut Value, cleaned: &mut Vec<String>) {
    match value {
        Value::String(value) => text(x, name, value, cleaned),
        Value::Array(items) => items.iter_mut().for_each(|item| json(x, name, item, cleaned)),
        Value::Object(map) => map.iter_mut().for_each(|(name, item)| json(x, name, item, cleaned)),
        _ => {}
    }
}

fn mixed(x: &Exchange<'_>, body: &mut ParsedBody, cleaned: &mut Vec<String>) {
    match body {
        ParsedBody::Json(value) => json(x, "", value, cleaned),
        ParsedBody::Form(fields) => fields.iter_mut().for_each(|(name, value)| text(x, name, value, cleaned)),
        ParsedBody::Mixed(parts) => parts.iter_mut().for_each(|part| mixed(x, &mut part.body, cleaned)),
        _ => {}
    }
}

fn multipart(x: &Exchange<'_>, part: &mut Part, cleaned: &mut Vec<String>) {
    if part.is_json() {
        if let Ok(mut value) = serde_json::from_slice(&part.content) {
            let before = cleaned.len();
            json(x, &part.name, &mut value, cleaned);
            if cleaned.len() > before {
                part.content = Bytes::from(value.to_string());
            }
        }
        return;
    }
    if let Ok(mut value) = String::from_utf8(part.content.to_vec()) {
        let before = cleaned.len();
        text(x, &part.name, &mut value, cleaned);
        if cleaned.len() > before {
            part.content = Bytes::from(value);
        }
    }
}

fn rewrite(cleaned: &[String], change: impl FnOnce() -> Change) -> Decision {
    if cleaned.is_empty() {
        return Decision::Pass;
    }
    Decision::Rewrite(Rewrite::new("markup", Evidence::names(cleaned), change()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_text_stays() {
        for text in
            ["Tom & Jerry <3", "a < b and c > d", "O'Brien said \"no\"", "5 &lt; 6", "", "x<y", "&copy; 2026"]
        {
            for how in [Sanitize::Strip, Sanitize::Basic] {
                assert_eq!(clean(text, how), None, "{text}");
            }
        }
        for (text, stripped, basic) in [
            ("<b>Tom & Jerry</b>", "Tom & Jerry", "<b>Tom &amp; Jerry</b>"),
            ("a<script>alert(1)</script>b", "ab", "ab"),
            ("<img src=x onerror=alert(1)>hi", "hi", "hi"),
            (
                "<p onclick=x>hi <a href='javascript:x'>l</a></p>",
                "hi l",
                "<p>hi <a rel=\"noopener noreferrer nofollow\">l</a></p>",
            ),
            (
                "<a href='https://a.example/'>l</a>",
                "l",
                "<a href=\"https://a.example/\" rel=\"noopener noreferrer nofollow\">l</a>",
            ),
            ("<b>x</b>&lt;script&gt;y&lt;/script&gt;", "x", "<b>x</b>&lt;script&gt;y&lt;/script&gt;"),
            ("<svg><script>alert(1)</script></svg>", "", ""),
            ("<!-- a -->b", "b", "b"),
        ] {
            let or_same = |how| clean(text, how).unwrap_or_else(|| text.to_owned());
            assert_eq!(or_same(Sanitize::Strip), stripped, "{text}");
            assert_eq!(or_same(Sanitize::Basic), basic, "{text}");
        }
    }

    #[test]
    fn nothing_that_is_left_is_markup_again() {
        for text in [
            "<b>&amp;lt;script&amp;gt;",
            "<<b>script>alert(1)<</b>/script>",
            "<b>&lt;&lt;b&gt;script&gt;x",
            "<b>&amp;amp;amp;amp;amp;lt;img src=x&amp;amp;amp;amp;amp;gt;",
        ] {
            let rest = clean(text, Sanitize::Strip).unwrap();
            assert!(!ammonia::is_html(&rest), "{text}: {rest}");
        }
    }
}
