//! Judges the inputs of a request one by one, and adds up what is found.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use detect::{Class, Confidence, Finding};
use http::Method;
use http::header::COOKIE;
use inputs::{Input, InputKind, ParsedBody, bracket_pairs, cookie_readings, semicolon_pairs};
use policy::{MinConfidence, RoutePolicy};
use serde_json::Value;

use super::classes::{CALENDARS, FILES, NOT_FOLLOWED, PROSE, THRESHOLD, at_level};
use super::fields::{self, Judged};
use super::finding::refusal;
use super::fragments::pairs_of;
use super::source::{NamesOf, Source};
use super::{addresses, finding, fragments, records};
use crate::decision::Decision;
use crate::events::evidence::Evidence;
use crate::exchange::{Exchange, HeldBody};
use crate::wire::headers::media_type;

/// Findings of a body whose places are looked up. What is found beyond stands.
const MAX_PLACES: u32 = 64;

/// What was found so far, and is not enough by itself.
pub(super) struct Judging<'x> {
    route: &'x RoutePolicy,
    /// The score of what was found in the request.
    suspicion: &'x AtomicU32,
    rounds: usize,
    suspect: Option<(Class, Evidence)>,
    /// The JSON in the body.
    json: Option<&'x Value>,
    /// Whether the body is a file by itself.
    is_file: bool,
    /// Whether the body is a calendar or a list of contacts by itself.
    is_calendar: bool,
    /// The authority of this server, if the body is the document of a package that is published to it.
    registry: Option<&'x [u8]>,
    /// Which input of the body is judged, counted from 0.
    input: Option<usize>,
    /// How many more places of findings may be looked up: each costs a walk over the body.
    places: u32,
    /// Whether this was judged before in another reading: what is found again is no further suspicion.
    is_again: bool,
}

impl<'x> Judging<'x> {
    pub(super) fn new(route: &'x RoutePolicy, suspicion: &'x AtomicU32, rounds: usize) -> Self {
        Judging {
            route,
            suspicion,
            rounds,
            suspect: None,
            json: None,
            is_file: false,
            is_calendar: false,
            registry: None,
            input: None,
            places: MAX_PLACES,
            is_again: false,
        }
    }

    /// Judges the head of a request.
    pub(super) fn head(&mut self, x: &Exchange<'_>) -> Result<(), Decision> {
        let all = &detect::ALL[..];
        for segment in x.target.segments() {
            self.judge(Source::Place("the path"), &segment, all)?;
        }
        let query = x.target.query().unwrap_or("").as_bytes();
        let pairs = pairs_of(query);
        for (name, value) in &pairs {
            self.judge(Source::Value(name), value, all)?;
            self.judge(Source::Name(NamesOf::Query), name.as_bytes(), all)?;
        }
        if let [(name, _)] = &pairs[..]
            && !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]$:@".contains(&byte))
        {
            // Scripts that read the query as one value.
            let whole: Cow<'_, [u8]> = percent_encoding::percent_decode(query).into();
            self.again(Source::Place("the whole query"), &whole)?;
        }
        for (name, literal) in fragments::literals_of_query(x.target.query().unwrap_or_default()) {
            self.judge(Source::Value(&name), literal.as_bytes(), all)?;
        }
        self.parted_otherwise(query, NamesOf::Query)?;
        self.together(&pairs)?;
        x.headers.get_all(COOKIE).iter().try_for_each(|cookie| self.cookies(cookie.as_bytes()))?;
        for (name, value) in &x.headers {
            let (name, value) = (name.as_str(), value.as_bytes());
            let classes = if matches!(name, "user-agent" | "referer") { &NOT_FOLLOWED[..] } else { all };
            let value = addresses::own_destination(x, name, value).unwrap_or(value);
            match fields::judged(name, value) {
                Judged::Nothing => {}
                Judged::Whole => self.judge(Source::Value(name), value, classes)?,
                Judged::Texts(texts) => {
                    texts.into_iter().try_for_each(|text| self.judge(Source::Value(name), text, classes))?
                }
                Judged::User(user) => self.judge(Source::Value(name), &user, classes)?,
            }
        }
        Ok(())
    }

    /// Judges the cookies of a header in every way that a server may read them, and joined.
    fn cookies(&mut self, header: &[u8]) -> Result<(), Decision> {
        let mut pairs: Vec<fragments::Pair<'_>> = Vec::new();
        for (name, value) in cookie_readings(header) {
            let text = String::from_utf8_lossy(name);
            let source = Source::Value(&text);
            self.judge(source, value, &detect::ALL)?;
            if value.contains(&b'\\') {
                // Some servers undo any backslash in a quoted value.
                let plain: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'\\').collect();
                self.again(source, &plain)?;
                self.again(source, &unquoted(value))?;
            }
            if value.contains(&b'+') {
                // PHP decodes a cookie as it decodes a form.
                let blanks: Vec<u8> =
                    value.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
                self.again(source, &blanks)?;
            }
            // Old readers (RFC 2109) end a cookie at a comma, too.
            for piece in value.split(|byte| *byte == b',').skip(1) {
                let equals = memchr::memchr(b'=', piece).map_or(0, |at| at + 1);
                self.again(source, piece.get(equals..).unwrap_or_default().trim_ascii())?;
            }
            self.judge(Source::Name(NamesOf::Cookies), name, &detect::ALL)?;
            pairs.push((text, value.into()));
        }
        self.together(&pairs)
    }

    /// Judges a body in every way that a server may read it.
    pub(super) fn body(&mut self, x: &'x Exchange<'_>, body: &'x HeldBody) -> Result<(), Decision> {
        self.is_file = is_upload(x) && body.parsed == ParsedBody::Text;
        self.is_calendar = body.parsed == ParsedBody::Text && !self.is_file && is_calendar(x);
        self.registry = addresses::registry(x, &body.parsed);
        self.json = match &body.parsed {
            ParsedBody::Json(value) => Some(value),
            _ => None,
        };
        let is_page = self.is_file && is_page(&body.decoded);
        let others: Vec<_> = body.others.iter().filter(|_| !is_page).collect();
        let mut found = body.parsed.find_input(&body.decoded, |input| {
            self.input = Some(self.input.map_or(0, |nth| nth + 1));
            self.part_of_body(input).err()
        });
        (self.input, self.is_again) = (None, true);
        let (is_file, is_calendar) = (self.is_file, self.is_calendar);
        for other in &others {
            // What is read as JSON is no file and no calendar.
            let is_json = matches!(other, ParsedBody::Json(_));
            (self.is_file, self.is_calendar) = (is_file && !is_json, is_calendar && !is_json);
            found = found.or_else(|| other.find_input(&body.decoded, |input| self.part_of_body(input).err()));
        }
        (self.is_file, self.is_calendar) = (is_file, is_calendar);
        if let Some(refused) = found {
            return Err(refused);
        }
        if body.readings().any(|reading| matches!(reading, ParsedBody::Form(_))) {
            self.parted_otherwise(&body.decoded, NamesOf::Body)?;
        }
        let query = pairs_of(x.target.query().unwrap_or("").as_bytes());
        self.combined(&query, &body.parsed, &others, &body.decoded)
    }

    /// Judges what applications make of the values of a body: literals of a document in it, and values joined with
    /// others.
    fn combined(
        &mut self,
        query: &[fragments::Pair<'_>],
        parsed: &ParsedBody,
        others: &[&ParsedBody],
        raw: &[u8],
    ) -> Result<(), Decision> {
        // No server runs GraphQL that is stored as a file: scripts and templates look like it.
        let parsed_or_none = Some(parsed).filter(|_| !self.is_file);
        for reading in parsed_or_none.into_iter().chain(others.iter().copied()) {
            for (name, literal) in fragments::literals(reading, raw) {
                self.judge(Source::Value(&name), literal.as_bytes(), &detect::ALL)?;
            }
        }
        let joined = fragments::of_body(query, parsed, raw);
        joined.iter().try_for_each(|(name, value)| self.again(Source::Value(name), value))
    }

    /// Judges one input of a body.
    pub(super) fn part_of_body(&mut self, input: Input<'_>) -> Result<(), Decision> {
        match input.kind {
            InputKind::Name => self.judge(Source::Name(NamesOf::Body), input.value, &detect::ALL),
            InputKind::Value | InputKind::File => {
                let classes = match input.kind {
                    InputKind::Value if self.is_calendar => &CALENDARS[..],
                    InputKind::Value if !self.is_file => &detect::ALL,
                    _ => FILES,
                };
                let own_file =
                    self.registry.and_then(|own| addresses::own_file(own, input.name, input.value));
                self.judge(Source::Value(input.name), own_file.unwrap_or(input.value), classes)
            }
        }
    }

    /// Judges a query or a form as servers read it that part pairs at a semicolon, too, or a name from its value at a bracket.
    fn parted_otherwise(&mut self, text: &[u8], names: NamesOf) -> Result<(), Decision> {
        semicolon_pairs(text).chain(bracket_pairs(text)).try_for_each(|(name, value)| {
            self.again(Source::Value(&String::from_utf8_lossy(&name)), &value)?;
            self.again(Source::Name(names), &name)
        })
    }

    /// Judges the pairs of a form, or of a part of one.
    pub(super) fn form(&mut self, text: &[u8]) -> Result<(), Decision> {
        let pairs = pairs_of(text);
        for (name, value) in &pairs {
            self.again(Source::Value(name), value)?;
            self.again(Source::Name(NamesOf::Body), name.as_bytes())?;
        }
        self.parted_otherwise(text, NamesOf::Body)?;
        self.together(&pairs)
    }

    /// Judges values as applications put them together.
    pub(super) fn together(&mut self, pairs: &[fragments::Pair<'_>]) -> Result<(), Decision> {
        let all = fragments::joined(pairs);
        all.iter().try_for_each(|(name, value)| self.again(Source::Value(name), value))
    }

    /// Judges another reading of what was judged already.
    pub(super) fn again(&mut self, source: Source<'_>, value: &[u8]) -> Result<(), Decision> {
        let before = std::mem::replace(&mut self.is_again, true);
        let judged = self.judge(source, value, &detect::ALL);
        self.is_again = before;
        judged
    }

    /// Judges a text. What is found in a request adds up.
    fn judge(&mut self, source: Source<'_>, value: &[u8], classes: &[Class]) -> Result<(), Decision> {
        let classes = match source {
            Source::Value(name) => match self.classes_of(name, value, classes) {
                Some(classes) => classes,
                None => return Ok(()),
            },
            Source::Name(_) | Source::Place(_) => classes,
        };
        let levels = &self.route.injection.detectors;
        if levels.is_empty() {
            return match self.inspect(source, value, classes) {
                Some(finding) => self.found(source, value, &finding, THRESHOLD),
                None => Ok(()),
            };
        }
        for (level, threshold) in
            [(MinConfidence::High, THRESHOLD), (MinConfidence::Medium, Confidence::Medium.score())]
        {
            if let Some(finding) = self.inspect(source, value, &at_level(levels, classes, level)) {
                self.found(source, value, &finding, threshold)?;
            }
        }
        if let Some(finding) =
            detect::inspect(value, self.rounds, &at_level(levels, classes, MinConfidence::Observe))
        {
            self.suspect(source, value, &finding);
        }
        Ok(())
    }

    /// What these classes find in a text. What is no attack in its place is kept as a suspicion, and the other classes
    /// judge the text.
    fn inspect(&mut self, source: Source<'_>, value: &[u8], classes: &[Class]) -> Option<Finding> {
        let finding = detect::inspect(value, self.rounds, classes)?;
        let is_looked_up = matches!(source, Source::Value(_))
            && self.places > 0
            && records::may_be_harmless(&finding, value);
        self.places = self.places.saturating_sub(is_looked_up.into());
        let is_harmless = is_looked_up
            && self
                .json
                .zip(self.pointer())
                .is_some_and(|(body, pointer)| records::is_harmless(&finding, body, &pointer, value));
        if !is_harmless {
            return Some(finding);
        }
        self.suspect(source, value, &finding);
        let others: Vec<Class> = classes.iter().copied().filter(|class| *class != finding.class).collect();
        detect::inspect(value, self.rounds, &others)
    }

    /// What of these classes is judged in a value, by its name, which the policy may know. `None` where it is exempt.
    fn classes_of<'c>(&self, name: &str, value: &[u8], classes: &'c [Class]) -> Option<&'c [Class]> {
        let injection = &self.route.injection;
        if injection.exempt.iter().any(|exempt| exempt == name) {
            return None;
        }
        let is_prose = injection.prose.iter().any(|prose| prose == name);
        Some(match classes {
            FILES => FILES,
            _ if is_prose => PROSE,
            classes if addresses::is_of_client(name, value) && classes.contains(&Class::Ssrf) => {
                &NOT_FOLLOWED
            }
            classes => classes,
        })
    }

    /// Adds a finding up, and refuses at a score.
    fn found(
        &mut self,
        source: Source<'_>,
        value: &[u8],
        finding: &Finding,
        threshold: u32,
    ) -> Result<(), Decision> {
        let own = finding.confidence.score();
        let score = match self.is_again {
            true => own,
            false => own + self.suspicion.fetch_add(own, Ordering::Relaxed),
        };
        if own >= threshold || score >= THRESHOLD {
            return Err(Decision::Refuse(refusal(finding.class, self.evidence(source, value, finding))));
        }
        self.suspect(source, value, finding);
        Ok(())
    }

    /// Keeps the first finding that is not enough to refuse.
    fn suspect(&mut self, source: Source<'_>, value: &[u8], finding: &Finding) {
        if self.suspect.is_none() {
            self.suspect = Some((finding.class, self.evidence(source, value, finding)));
        }
    }

    fn evidence(&self, source: Source<'_>, value: &[u8], finding: &Finding) -> Evidence {
        finding::evidence(source, self.pointer(), value, finding, self.rounds)
    }

    /// The JSON Pointer of the input of the body that is judged.
    fn pointer(&self) -> Option<String> {
        self.input.and_then(|nth| finding::pointer_of(self.json?, nth))
    }

    /// What was found and is not enough to refuse.
    pub(super) fn reported(self) -> Decision {
        match self.suspect {
            Some((class, evidence)) => Decision::report(class.name(), evidence),
            None => Decision::Pass,
        }
    }
}

/// Whether a body is a file that is stored under its path (WebDAV, S3): PUT and PATCH send it as it is.
pub(super) fn is_upload(x: &Exchange<'_>) -> bool {
    [Method::PUT, Method::PATCH].contains(&x.method)
}

/// Whether a body says that it is a calendar or a list of contacts (RFC 5545, RFC 6350).
fn is_calendar(x: &Exchange<'_>) -> bool {
    ["text/calendar", "text/vcard"].contains(&media_type(&x.headers).as_str())
}

/// Whether a text is a page, which no server takes for a document of XML.
fn is_page(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let begins = |mark: &[u8]| text.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    begins(b"<!doctype html") || begins(b"<html")
}

/// A quoted cookie as Python reads it: three digits behind a backslash are a byte in octal, and any other character is
/// itself.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            plain.push(*first);
            continue;
        }
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            plain.push(byte);
            rest = after.get(3..).unwrap_or_default();
        } else if let Some((escaped, after)) = after.split_first() {
            plain.push(*escaped);
            rest = after;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn escapes_of_cookies_are_undone() {
        for (value, plain) in
            [(&br"Ada\040x\047\040UNIO\N"[..], &b"Ada x' UNION"[..]), (br"a\\b\", br"a\b"), (br"\9", b"9")]
        {
            assert_eq!(unquoted(value), plain);
        }
    }
}
