//! Judges a body that passes as it comes: a form by its parts, anything else by windows.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use detect::{Class, Confidence};
use http::header::CONTENT_ENCODING;
use inputs::slice::{cut, tail};
use inputs::{Part, begins_structured, grpc, is_binary_file, is_json, texts_of_window};
use policy::{MinConfidence, NativeDetectors, RoutePolicy};

use super::classes::{FILES, at_level};
use super::finding::refusal;
use super::judging::{Judging, is_upload};
use super::source::{NamesOf, Source};
use super::{finding, fragments};
use crate::decision::{Decision, Refusal};
use crate::doors::{Passing, StreamJudge};
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::wire::headers::media_type;

/// What judges the body of a request.
pub(super) fn judge(engine: &Engine, x: &Exchange<'_>) -> Option<StreamJudge> {
    if engine.policy.injection.detectors == NativeDetectors::Off {
        return None;
    }
    let mut parts = Parts::new(engine, x);
    let mut windows = Windows::new(engine, x);
    Some(Box::new(move |passing| match passing {
        Passing::Window(window) => windows.judge(window),
        Passing::Message(message) => parts.judge_message(message),
        Passing::Part(part) => parts.judge(part),
    }))
}

/// The parts of a form, or the messages of gRPC.
struct Parts {
    route: Arc<RoutePolicy>,
    suspicion: AtomicU32,
    rounds: usize,
    /// The most fields of a message.
    most_fields: usize,
    /// The fields that came, for values that are put together.
    fields: Vec<(String, Vec<u8>)>,
    room: usize,
}

impl Parts {
    /// The most bytes of fields that are kept.
    const ROOM: usize = 16 << 10;
    const MOST_FIELDS: usize = 64;

    fn new(engine: &Engine, x: &Exchange<'_>) -> Self {
        Parts {
            route: Arc::clone(x.route),
            suspicion: AtomicU32::new(x.suspicion.load(Ordering::Relaxed)),
            rounds: engine.policy.injection.max_decode_depth,
            most_fields: engine.policy.protocol.max_members,
            fields: Vec::new(),
            room: Self::ROOM,
        }
    }

    fn judge_message(&self, message: &[u8]) -> Option<Refusal> {
        let mut judging = Judging::new(&self.route, &self.suspicion, self.rounds);
        match grpc::find_input(message, self.most_fields, &mut |input| judging.part_of_body(input).err()) {
            Ok(Some(Decision::Refuse(refusal))) => Some(refusal),
            _ => None,
        }
    }

    fn judge(&mut self, part: &Part) -> Option<Refusal> {
        let mut judging = Judging::new(&self.route, &self.suspicion, self.rounds);
        let found = part.find_input(&mut |input| judging.part_of_body(input).err());
        if let Some(Decision::Refuse(refusal)) = found {
            return Some(refusal);
        }
        let length = part.name.len() + part.content.len();
        if !part.is_field() || self.fields.len() >= Self::MOST_FIELDS || length > self.room {
            return None;
        }
        self.room -= length;
        self.fields.push((part.name.clone(), part.content.to_vec()));
        let fields: Vec<fragments::Pair<'_>> =
            self.fields.iter().map(|(name, value)| (name.as_str().into(), value.as_slice().into())).collect();
        match judging.together(&fields) {
            Err(Decision::Refuse(refusal)) => Some(refusal),
            _ => None,
        }
    }
}

/// Windows of bytes.
struct Windows {
    kind: String,
    is_coded: bool,
    /// Whether a server may read a form in it.
    may_be_form: bool,
    /// Whether a server may read JSON in it, once something of it is seen.
    is_json: Option<bool>,
    is_file: Option<bool>,
    classes: Vec<Class>,
    rounds: usize,
    route: Arc<RoutePolicy>,
    /// Nothing adds up: windows overlap.
    suspicion: AtomicU32,
}

const FORM: &str = "application/x-www-form-urlencoded";

impl Windows {
    fn new(engine: &Engine, x: &Exchange<'_>) -> Self {
        let kind = media_type(&x.headers);
        let (high, medium) = (MinConfidence::High, MinConfidence::Medium);
        // What is stored under its path is a file, which may be a page, a script or a statement by itself.
        let all = if is_upload(x) { FILES } else { &detect::ALL[..] };
        let mut classes = at_level(&x.route.injection.detectors, all, high);
        classes.extend(at_level(&x.route.injection.detectors, all, medium));
        Windows {
            is_coded: x.headers.contains_key(CONTENT_ENCODING),
            may_be_form: kind == FORM || (kind.is_empty() && !is_upload(x)),
            is_json: if is_json(&kind) { Some(true) } else { Some(false).filter(|_| is_upload(x)) },
            kind,
            is_file: None,
            classes,
            rounds: engine.policy.injection.max_decode_depth,
            route: Arc::clone(x.route),
            suspicion: AtomicU32::new(0),
        }
    }

    /// Judges a form's pairs, the strings of JSON, and each line, be it text or not.
    fn judge(&mut self, window: &[u8]) -> Option<Refusal> {
        let is_file = *self.is_file.get_or_insert_with(|| is_binary_file(&self.kind, window));
        // A coded stream is not decoded here; text in it is judged all the same.
        if is_file || (self.is_coded && std::str::from_utf8(window).is_err()) {
            return None;
        }
        if self.is_json.is_none() && !window.trim_ascii_start().is_empty() {
            self.is_json = Some(begins_structured(window));
        }
        let mut judging = Judging::new(&self.route, &self.suspicion, self.rounds);
        let mut structured = Ok(());
        if self.may_be_form {
            structured = judging.form(window);
        }
        if self.is_json == Some(true) {
            structured =
                structured.and_then(|()| strings(window, &mut |source, text| judging.again(source, text)));
        }
        if let Err(Decision::Refuse(refusal)) = structured {
            return Some(refusal);
        }
        // A form is one line, in which nothing is decoded yet.
        if self.kind == FORM && self.is_json != Some(true) {
            return None;
        }
        let mut lines =
            texts_of_window(window).into_iter().flat_map(|text| text.split(|byte| *byte == b'\n'));
        lines.find_map(|line| self.judge_text(line))
    }

    fn judge_text(&self, text: &[u8]) -> Option<Refusal> {
        let finding = detect::inspect(text, self.rounds, &self.classes)?;
        let evidence = || finding::evidence(Source::Place("a stream"), None, text, &finding, self.rounds);
        (finding.confidence == Confidence::High).then(|| refusal(finding.class, evidence()))
    }
}

/// Calls `each` with what stands between quotes in a window of JSON, unescaped, under the name before it, and the names. Where the window
/// begins is not known: what stands between strings is passed over only where it is punctuation.
fn strings(
    window: &[u8],
    each: &mut impl FnMut(Source<'_>, &[u8]) -> Result<(), Decision>,
) -> Result<(), Decision> {
    let mut name = String::new();
    let mut rest = window;
    while !rest.is_empty() {
        let end = quote(rest).unwrap_or(rest.len());
        let (text, after) = cut(rest, end);
        rest = tail(after, 1);
        if !text.iter().any(u8::is_ascii_alphanumeric) && text.len() < 8 {
            continue;
        }
        let text = unescaped(text);
        if rest.trim_ascii_start().starts_with(b":") {
            each(Source::Name(NamesOf::Body), &text)?;
            name = String::from_utf8_lossy(&text).into_owned();
        } else {
            each(Source::Value(&name), &text)?;
        }
    }
    Ok(())
}

/// Where the next quote stands that no backslash escapes.
fn quote(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'"', text).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

/// A string of JSON without its escapes; as it is, where it is none.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let quoted = [b"\"", text, b"\""].concat();
    match serde_json::from_slice::<String>(&quoted) {
        Ok(plain) => Cow::Owned(plain.into_bytes()),
        Err(_) => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_json_are_found_wherever_a_window_begins() {
        let seen = |window: &str| {
            let mut seen = Vec::new();
            let found = strings(window.as_bytes(), &mut |source, text| {
                let text = String::from_utf8_lossy(text);
                seen.push(match source {
                    Source::Value(name) => format!("{name}={text}"),
                    Source::Name(_) | Source::Place(_) => format!("the name {text}"),
                });
                Ok(())
            });
            assert!(found.is_ok());
            seen
        };
        assert_eq!(
            seen(r#"{"a":"x\r\ny","b" : ["c\"d", 1]}"#),
            ["the name a", "a=x\r\ny", "the name b", "b=c\"d", "b=, 1]}"]
        );
        assert_eq!(seen(r#"of one","q":"\\\\a\\b"#), ["=of one", "the name q", r"q=\\a\b"]);
        assert_eq!(seen(r#"cut \u00"#), [r"=cut \u00"]);
    }
}
