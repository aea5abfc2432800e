//! Injection: "will the server execute what I put in this field?" ([guide §1], [guide §3], [guide §9])
//!
//! [guide §1]: https://github.com/doorward/doorward/blob/main/docs/guide.md#1-sql-injection
//! [guide §3]: https://github.com/doorward/doorward/blob/main/docs/guide.md#3-cross-site-scripting
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

mod fields;
mod finding;
mod fragments;
#[cfg(feature = "rules")]
pub(crate) mod rules;
pub(crate) mod sanitize;

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use detect::{Class, Confidence, Finding};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, COOKIE};
use inputs::{Input, InputKind, ParsedBody, cookie_readings, is_binary_file, semicolon_pairs};
use policy::{BuiltInDoor, DetectorLevels, MinConfidence, NativeDetectors, RoutePolicy};

use self::fields::Judged;
use self::fragments::pairs_of;
use super::{Step, StreamJudge};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
use crate::events::evidence::Evidence;
use crate::exchange::{Exchange, HeldBody};
use crate::forward::Reader;
use crate::wire::headers::media_type;

/// What is no prose even where people write.
const PROSE: &[Class] = &[Class::Html, Class::Lookup, Class::Serialized, Class::Xml];
/// What harms in an agent or a referrer: these are no URLs that a server follows.
const AGENTS: [Class; 13] = [
    Class::Sql,
    Class::Html,
    Class::Lookup,
    Class::Shell,
    Class::Path,
    Class::Template,
    Class::NoSql,
    Class::Ldap,
    Class::Xml,
    Class::Headers,
    Class::Serialized,
    Class::Scanner,
    Class::Code,
];
/// What is judged in the text of a file, which may be a page, a script or a statement by itself.
const FILES: &[Class] = &[Class::Lookup, Class::Serialized, Class::Xml];
/// The score of findings at which a request is refused.
const THRESHOLD: u32 = Confidence::High.score();

/// The detectors.
pub(crate) struct Detectors;

impl super::Door for Detectors {
    fn id(&self) -> DoorId {
        BuiltInDoor::Injection.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit_head(x, ruling.engine).into()
    }

    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        admit_body(x, ruling.engine).into()
    }

    fn stream_judge(&self, ruling: Ruling<'_>, x: &Exchange<'_>) -> Option<StreamJudge> {
        let rounds = ruling.engine.policy.injection.max_decode_depth;
        let classes = of_streams(x.route);
        let kind = media_type(&x.headers);
        let is_coded = x.headers.contains_key(CONTENT_ENCODING);
        let mut is_file = None;
        Some(Box::new(move |window| {
            let is_file = *is_file.get_or_insert_with(|| is_binary_file(&kind, window));
            // A coded stream is not decoded here; text in it is judged all the same.
            let is_opaque = is_file || (is_coded && std::str::from_utf8(window).is_err());
            if is_opaque { None } else { judge_window(window, rounds, &classes) }
        }))
    }
}

/// Judges path segments, query, cookies and headers.
fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if engine.policy.injection.detectors == NativeDetectors::Off {
        return Decision::Pass;
    }
    let mut judging = Judging {
        x,
        rounds: engine.policy.injection.max_decode_depth,
        suspect: None,
        input: None,
        is_again: false,
    };
    match judging.head() {
        Err(refused) => refused,
        Ok(()) => judging.reported(),
    }
}

/// Judges every input of the body.
fn admit_body(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(body) = x.body.as_ref().filter(|_| engine.policy.injection.detectors == NativeDetectors::On)
    else {
        return Decision::Pass;
    };
    let mut judging = Judging {
        x,
        rounds: engine.policy.injection.max_decode_depth,
        suspect: None,
        input: None,
        is_again: false,
    };
    match judging.body(body) {
        Err(refused) => refused,
        Ok(()) => judging.reported(),
    }
}

/// What was found so far, and is not enough by itself.
struct Judging<'x, 'e> {
    x: &'x Exchange<'e>,
    rounds: usize,
    suspect: Option<(Class, Evidence)>,
    /// Which input of the body is judged, counted from 0.
    input: Option<usize>,
    /// Whether this was judged before in another reading: what is found again is no further suspicion.
    is_again: bool,
}

impl Judging<'_, '_> {
    fn head(&mut self) -> Result<(), Decision> {
        let x = self.x;
        let all = &detect::ALL[..];
        for segment in x.target.segments() {
            self.value("path", &segment, all)?;
        }
        let query = x.target.query().unwrap_or("").as_bytes();
        let pairs = pairs_of(query);
        for (name, value) in &pairs {
            self.named(name, value, all)?;
            self.value("query name", name.as_bytes(), all)?;
        }
        if let [(name, _)] = &pairs[..]
            && !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]$:@".contains(&byte))
        {
            // Scripts that read the query as one value.
            let whole: Cow<'_, [u8]> = percent_encoding::percent_decode(query).into();
            self.again("query", &whole)?;
        }
        self.semicolons(query)?;
        self.together(&pairs)?;
        x.headers.get_all(COOKIE).iter().try_for_each(|cookie| self.cookies(cookie.as_bytes()))?;
        for (name, value) in &x.headers {
            let (name, value) = (name.as_str(), value.as_bytes());
            let classes = if matches!(name, "user-agent" | "referer") { &AGENTS[..] } else { all };
            match fields::judged(name, value) {
                Judged::Nothing => {}
                Judged::Whole => self.named(name, value, classes)?,
                Judged::Texts(texts) => {
                    texts.into_iter().try_for_each(|text| self.named(name, text, classes))?
                }
                Judged::User(user) => self.named(name, &user, classes)?,
            }
        }
        Ok(())
    }

    /// Judges the cookies of a header in every way that a server may read them, and joined.
    fn cookies(&mut self, header: &[u8]) -> Result<(), Decision> {
        let mut pairs: Vec<fragments::Pair<'_>> = Vec::new();
        for (name, value) in cookie_readings(header) {
            let text = String::from_utf8_lossy(name);
            self.named(&text, value, &detect::ALL)?;
            if value.contains(&b'\\') {
                // Some servers undo any backslash in a quoted value.
                let plain: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'\\').collect();
                self.again(&text, &plain)?;
            }
            if value.contains(&b'+') {
                // PHP decodes a cookie as it decodes a form.
                let blanks: Vec<u8> =
                    value.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
                self.again(&text, &blanks)?;
            }
            // Old readers (RFC 2109) end a cookie at a comma, too.
            for piece in value.split(|byte| *byte == b',').skip(1) {
                let equals = memchr::memchr(b'=', piece).map_or(0, |at| at + 1);
                self.again(&text, piece.get(equals..).unwrap_or_default().trim_ascii())?;
            }
            self.value("cookie name", name, &detect::ALL)?;
            pairs.push((text, value.into()));
        }
        self.together(&pairs)
    }

    /// Judges a body in every way that a server may read it.
    fn body(&mut self, body: &HeldBody) -> Result<(), Decision> {
        let mut found = body.parsed.find_input(&body.decoded, |input| {
            self.input = Some(self.input.map_or(0, |nth| nth + 1));
            self.part_of_body(input).err()
        });
        (self.input, self.is_again) = (None, true);
        if let Some(other) = &body.other {
            found = found.or_else(|| other.find_input(&body.decoded, |input| self.part_of_body(input).err()));
        }
        if let Some(refused) = found {
            return Err(refused);
        }
        if body.readings().any(|reading| matches!(reading, ParsedBody::Form(_))) {
            self.semicolons(&body.decoded)?;
        }
        let query = pairs_of(self.x.target.query().unwrap_or("").as_bytes());
        self.combined(&query, &body.parsed, body.other.as_ref(), &body.decoded)
    }

    /// Judges what applications make of the values of a body: literals of a document in it, and values joined with
    /// others.
    fn combined(
        &mut self,
        query: &[fragments::Pair<'_>],
        parsed: &ParsedBody,
        other: Option<&ParsedBody>,
        raw: &[u8],
    ) -> Result<(), Decision> {
        for reading in std::iter::once(parsed).chain(other) {
            for (name, literal) in fragments::literals(reading, raw) {
                self.named(&name, literal.as_bytes(), &detect::ALL)?;
            }
        }
        fragments::of_body(query, parsed, raw).iter().try_for_each(|(name, value)| self.again(name, value))
    }

    /// Judges one input of a body. The names of members are judged whatever is exempt.
    fn part_of_body(&mut self, input: Input<'_>) -> Result<(), Decision> {
        match input.kind {
            InputKind::Name => self.value("member name", input.value, &detect::ALL),
            InputKind::Value => self.named(input.name, input.value, &detect::ALL),
            InputKind::File => self.named(input.name, input.value, FILES),
        }
    }

    /// Judges a query or a form as servers read it that part pairs at a semicolon, too.
    fn semicolons(&mut self, text: &[u8]) -> Result<(), Decision> {
        let before = std::mem::replace(&mut self.is_again, true);
        for (name, value) in semicolon_pairs(text) {
            self.named(&String::from_utf8_lossy(&name), &value, &detect::ALL)?;
            self.value("query name", &name, &detect::ALL)?;
        }
        self.is_again = before;
        Ok(())
    }

    /// Judges values as applications put them together.
    fn together(&mut self, pairs: &[fragments::Pair<'_>]) -> Result<(), Decision> {
        let all = fragments::joined(pairs);
        all.iter().try_for_each(|(name, value)| self.again(name, value))
    }

    /// Judges another reading of what was judged already.
    fn again(&mut self, name: &str, value: &[u8]) -> Result<(), Decision> {
        let before = std::mem::replace(&mut self.is_again, true);
        let judged = self.named(name, value, &detect::ALL);
        self.is_again = before;
        judged
    }

    /// Judges a value by its name, which the policy may know.
    fn named(&mut self, name: &str, value: &[u8], classes: &[Class]) -> Result<(), Decision> {
        let route = self.x.route;
        if route.injection.exempt.iter().any(|exempt| exempt == name) {
            return Ok(());
        }
        let is_prose = route.injection.prose.iter().any(|prose| prose == name);
        self.value(name, value, if is_prose && classes != FILES { PROSE } else { classes })
    }

    /// Judges a value. What is found in a request adds up.
    fn value(&mut self, name: &str, value: &[u8], classes: &[Class]) -> Result<(), Decision> {
        let levels = &self.x.route.injection.detectors;
        if levels.is_empty() {
            return match detect::inspect(value, self.rounds, classes) {
                Some(finding) => self.found(name, value, &finding, THRESHOLD),
                None => Ok(()),
            };
        }
        for (level, threshold) in
            [(MinConfidence::High, THRESHOLD), (MinConfidence::Medium, Confidence::Medium.score())]
        {
            if let Some(finding) = detect::inspect(value, self.rounds, &at_level(levels, classes, level)) {
                self.found(name, value, &finding, threshold)?;
            }
        }
        if let Some(finding) =
            detect::inspect(value, self.rounds, &at_level(levels, classes, MinConfidence::Observe))
        {
            self.suspect(name, value, &finding);
        }
        Ok(())
    }

    /// Adds a finding up, and refuses at a score.
    fn found(&mut self, name: &str, value: &[u8], finding: &Finding, threshold: u32) -> Result<(), Decision> {
        let own = finding.confidence.score();
        let score = match self.is_again {
            true => own,
            false => own + self.x.suspicion.fetch_add(own, Ordering::Relaxed),
        };
        if own >= threshold || score >= THRESHOLD {
            return Err(Decision::Refuse(refusal(finding.class, self.evidence(name, value, finding))));
        }
        self.suspect(name, value, finding);
        Ok(())
    }

    /// Keeps the first finding that is not enough to refuse.
    fn suspect(&mut self, name: &str, value: &[u8], finding: &Finding) {
        if self.suspect.is_none() {
            self.suspect = Some((finding.class, self.evidence(name, value, finding)));
        }
    }

    fn evidence(&self, name: &str, value: &[u8], finding: &Finding) -> Evidence {
        let pointer = self.input.and_then(|nth| match &self.x.body.as_ref()?.parsed {
            ParsedBody::Json(body) => finding::pointer_of(body, nth),
            _ => None,
        });
        finding::evidence(name, pointer, value, finding, self.rounds)
    }

    /// What was found and is not enough to refuse.
    fn reported(self) -> Decision {
        match self.suspect {
            Some((class, evidence)) => Decision::report(class.name(), evidence),
            None => Decision::Pass,
        }
    }
}

/// The classes whose detectors refuse from this confidence.
fn at_level(levels: &DetectorLevels, classes: &[Class], level: MinConfidence) -> Vec<Class> {
    let is_so = |class: &Class| levels.of(*class) == level;
    classes.iter().copied().filter(is_so).collect()
}

/// Judges a window of a streamed body: each line in it, be it text or not.
fn judge_window(window: &[u8], rounds: usize, classes: &[Class]) -> Option<Refusal> {
    window.split(|b| *b == b'\n').find_map(|line| {
        let finding = detect::inspect(line, rounds, classes)?;
        let evidence = || finding::evidence("stream", None, line, &finding, rounds);
        (finding.confidence == Confidence::High).then(|| refusal(finding.class, evidence()))
    })
}

/// The classes that may refuse what streams by on a route.
fn of_streams(route: &RoutePolicy) -> Vec<Class> {
    let (high, medium) = (MinConfidence::High, MinConfidence::Medium);
    let mut classes = at_level(&route.injection.detectors, &detect::ALL, high);
    classes.extend(at_level(&route.injection.detectors, &detect::ALL, medium));
    classes
}

fn refusal(class: Class, evidence: Evidence) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, class.name(), evidence)
}
