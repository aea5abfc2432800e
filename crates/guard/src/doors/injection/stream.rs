//! Judges a body that passes as it comes: a form by its parts, anything else by windows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use detect::{Class, Confidence};
use http::header::CONTENT_ENCODING;
use inputs::{Part, grpc, is_binary_file, texts_of_window};
use policy::{MinConfidence, NativeDetectors, RoutePolicy};

use super::classes::{FILES, at_level};
use super::finding::refusal;
use super::judging::{Judging, is_upload};
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
            fields: Vec::new(),
            room: Self::ROOM,
        }
    }

    fn judge_message(&self, message: &[u8]) -> Option<Refusal> {
        let mut judging = Judging::new(&self.route, &self.suspicion, self.rounds);
        match grpc::find_input(message, &mut |input| judging.part_of_body(input).err()) {
            Some(Decision::Refuse(refusal)) => Some(refusal),
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
    is_file: Option<bool>,
    classes: Vec<Class>,
    rounds: usize,
}

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
            may_be_form: kind.is_empty() && !is_upload(x),
            kind,
            is_file: None,
            classes,
            rounds: engine.policy.injection.max_decode_depth,
        }
    }

    /// Judges each line, be it text or not.
    fn judge(&mut self, window: &[u8]) -> Option<Refusal> {
        let is_file = *self.is_file.get_or_insert_with(|| is_binary_file(&self.kind, window));
        // A coded stream is not decoded here; text in it is judged all the same.
        if is_file || (self.is_coded && std::str::from_utf8(window).is_err()) {
            return None;
        }
        let mut lines =
            texts_of_window(window).into_iter().flat_map(|text| text.split(|byte| *byte == b'\n'));
        lines.find_map(|line| {
            let pairs = line.split(|byte| matches!(byte, b'&' | b'=')).filter(|_| self.may_be_form);
            std::iter::once(line).chain(pairs).find_map(|text| self.judge_text(text))
        })
    }

    fn judge_text(&self, text: &[u8]) -> Option<Refusal> {
        let finding = detect::inspect(text, self.rounds, &self.classes)?;
        let evidence = || finding::evidence("stream", None, text, &finding, self.rounds);
        (finding.confidence == Confidence::High).then(|| refusal(finding.class, evidence()))
    }
}
