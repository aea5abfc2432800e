//! A transaction: one exchange, what is known of it, and what rules made of it.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use inputs::rules::multipart::Flags;
use inputs::rules::xml::Xml;
use inputs::rules::{self as body};

use crate::ctl::{self, Ctl};
use crate::filter::Known;
use crate::macros::Expand;
use crate::records::Records;
use crate::ruleset::{EngineMode, RuleSet};
use crate::transform::Transformation;
use crate::tx::{Tx, TxName};
use crate::variable::{Collection, Target};

pub(crate) use inputs::rules::Pair;

/// What a request is, apart from its body.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'r> {
    /// The method.
    pub method: &'r [u8],
    /// The target as it came.
    pub target: &'r [u8],
    /// `HTTP/1.1`.
    pub protocol: &'r [u8],
    /// Names and values of headers, in order.
    pub headers: &'r [(&'r [u8], &'r [u8])],
    /// The client.
    pub client: Option<IpAddr>,
}

/// What a response is, apart from its body.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'r> {
    /// The status.
    pub status: u16,
    /// `HTTP/1.1`.
    pub protocol: &'r [u8],
    /// Names and values of headers, in order.
    pub headers: &'r [(&'r [u8], &'r [u8])],
}

/// A rule that matched and says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMatch {
    /// Its id.
    pub id: u64,
    /// Where it stands.
    pub file: Arc<str>,
    /// The line there.
    pub line: usize,
    /// What it says.
    pub message: String,
    /// What it says of the value.
    pub data: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its severity, zero the worst.
    pub severity: Option<u8>,
    /// `ver`.
    pub version: Option<String>,
    /// The variable that matched last.
    pub variable: String,
    /// Its value, transformed.
    pub value: Vec<u8>,
    /// The operator with its argument.
    pub operator: String,
}

/// What rules ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervention {
    /// The rule that asks.
    pub rule: u64,
    /// The status of the answer.
    pub status: u16,
    /// Where the client is sent.
    pub location: Option<String>,
}

/// One exchange under the eyes of a rule set.
#[derive(Debug)]
pub struct Transaction<'s> {
    pub(crate) rules: &'s RuleSet,
    pub(crate) mode: EngineMode,
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) protocol: Vec<u8>,
    pub(crate) client: Option<IpAddr>,
    pub(crate) headers: Vec<Pair>,
    pub(crate) cookies: Vec<Pair>,
    pub(crate) args_get: Vec<Pair>,
    pub(crate) args_post: Vec<Pair>,
    /// Query or form with a percent sign that is none.
    pub(crate) urlencoded_error: bool,
    pub(crate) request_body: Vec<u8>,
    pub(crate) processor: Vec<u8>,
    pub(crate) body_error: Option<String>,
    pub(crate) force_body: bool,
    pub(crate) reads_request_body: bool,
    pub(crate) reads_response_body: bool,
    pub(crate) multipart: Flags,
    pub(crate) part_headers: Vec<Pair>,
    /// Field, file name, content.
    pub(crate) files: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    pub(crate) xml: Option<Xml>,
    pub(crate) response: Option<Response>,
    pub(crate) tx: Tx,
    pub(crate) persistent: HashMap<Collection, BTreeMap<Vec<u8>, Vec<u8>>>,
    /// Where records are kept, and which this transaction has.
    pub(crate) records: Option<&'s Records>,
    pub(crate) record_keys: HashMap<Collection, Vec<u8>>,
    pub(crate) began: Instant,
    pub(crate) highest_severity: Option<u8>,
    pub(crate) matched: Matched,
    pub(crate) controls: Vec<Ctl>,
    pub(crate) unique_id: Vec<u8>,
    /// Arguments that no rule looks at.
    pub(crate) exempt: Vec<String>,
    pub(crate) allowed: Option<crate::ruleset::Allowed>,
    pub(crate) current_rule: Option<&'s crate::ruleset::Rule>,
    pub(crate) known: Known,
    pub(crate) filters: bool,
    /// Whether a rule has just changed what `REQUEST_BODY` is.
    pub(crate) body_changed: bool,
    matches: Vec<RuleMatch>,
}

#[derive(Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) protocol: Vec<u8>,
    pub(crate) headers: Vec<Pair>,
    pub(crate) body: Vec<u8>,
}

/// What the last link matched.
#[derive(Debug, Default, Clone)]
pub(crate) struct Matched {
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
    /// All of the chain's present link.
    pub(crate) all: Vec<Pair>,
}

impl<'s> Transaction<'s> {
    /// A transaction with a request's head. Nothing is evaluated yet.
    pub fn new(rules: &'s RuleSet, head: &RequestHead<'_>, unique_id: &[u8]) -> Transaction<'s> {
        let own = |pairs: &[(&[u8], &[u8])]| {
            pairs.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect::<Vec<_>>()
        };
        let mut transaction = Transaction {
            rules,
            mode: rules.settings.mode,
            method: head.method.to_vec(),
            target: head.target.to_vec(),
            protocol: head.protocol.to_vec(),
            client: head.client,
            headers: own(head.headers),
            cookies: Vec::new(),
            args_get: Vec::new(),
            args_post: Vec::new(),
            urlencoded_error: false,
            request_body: Vec::new(),
            processor: Vec::new(),
            body_error: None,
            force_body: false,
            reads_request_body: true,
            reads_response_body: true,
            multipart: Flags::default(),
            part_headers: Vec::new(),
            files: Vec::new(),
            xml: None,
            response: None,
            tx: Tx::default(),
            persistent: HashMap::new(),
            records: None,
            record_keys: HashMap::new(),
            began: Instant::now(),
            highest_severity: None,
            matched: Matched::default(),
            controls: Vec::new(),
            unique_id: unique_id.to_vec(),
            exempt: Vec::new(),
            allowed: None,
            current_rule: None,
            known: Known::default(),
            filters: true,
            body_changed: false,
            matches: Vec::new(),
        };
        for (name, value) in head.headers {
            if name.eq_ignore_ascii_case(b"cookie") {
                let cookies = body::cookies(value).map(|(name, value)| (name.to_vec(), value.to_vec()));
                transaction.cookies.extend(cookies);
            }
        }
        let form = body::form(
            transaction.query(),
            rules.settings.argument_separator,
            rules.settings.arguments_limit,
            url_decoded,
        );
        transaction.args_get = form.pairs;
        transaction.urlencoded_error = form.has_error;
        transaction.processor = processor_of(transaction.header(b"content-type").unwrap_or(b"")).to_vec();
        transaction
    }

    /// The request's body, decoded from any content coding, to be read before phase 2.
    pub fn request_body(&mut self, body: &[u8]) {
        self.request_body = body.to_vec();
    }

    /// The response's head, before phase 3.
    pub fn response(&mut self, head: &ResponseHead<'_>) {
        self.response = Some(Response {
            status: head.status,
            protocol: head.protocol.to_vec(),
            headers: head.headers.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect(),
            body: Vec::new(),
        });
    }

    /// The response's body, before phase 4.
    pub fn response_body(&mut self, body: &[u8]) {
        if let Some(response) = self.response.as_mut().filter(|_| self.reads_response_body) {
            response.body = body.to_vec();
        }
    }

    /// Keeps the collections IP, SESSION, USER, GLOBAL and RESOURCE where other transactions find them. Without it they
    /// last as long as this one.
    pub fn keep_records(&mut self, records: &'s Records) {
        self.records = Some(records);
    }

    /// Sets a variable of `TX` before the first phase: what the operator would write into a `SecAction`.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.tx.set(&TxName::new(name.as_bytes()), value);
    }

    /// Adds an argument that stands neither in the query nor in the body: a parameter of the path.
    pub fn argument(&mut self, name: &str, value: &[u8]) {
        self.args_get.push((name.as_bytes().to_vec(), value.to_vec()));
    }

    /// Leaves an argument out of every rule: by its name, or the last part of its name in JSON. What is in it is not
    /// found in the body as a whole either.
    pub fn exempt(&mut self, name: &str) {
        self.exempt.push(name.to_owned());
    }

    /// Whether a member of a collection is an argument that is left out.
    pub(crate) fn is_exempt(&self, collection: Collection, name: &[u8]) -> bool {
        let arguments = matches!(collection, Collection::Args | Collection::ArgsGet | Collection::ArgsPost);
        let last = name.rsplit(|b| *b == b'.').next().unwrap_or(name);
        let in_json = name.starts_with(b"json.");
        arguments
            && self
                .exempt
                .iter()
                .any(|exempt| exempt.as_bytes() == name || (in_json && exempt.as_bytes() == last))
    }

    /// A variable of `TX`.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.tx.get(&TxName::new(name.as_bytes())).map(Vec::as_slice)
    }

    /// Evaluates every rule on every value, without the filter that leaves out those that cannot match: the truth that
    /// the filter is held to.
    pub fn without_filter(&mut self) {
        self.filters = false;
    }

    /// The rules that matched and are logged, so far.
    pub fn matches(&self) -> &[RuleMatch] {
        &self.matches
    }

    /// The request's method.
    pub fn method(&self) -> &[u8] {
        &self.method
    }

    /// The request's target.
    pub fn target(&self) -> &[u8] {
        &self.target
    }

    /// The request's protocol.
    pub fn protocol(&self) -> &[u8] {
        &self.protocol
    }

    /// The request's headers.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Whether rules decide, by now.
    pub fn decides(&self) -> bool {
        self.mode == EngineMode::On
    }

    /// What `SecComponentSignature` says of the rules.
    pub fn components(&self) -> &[String] {
        &self.rules.settings.signature
    }

    /// Why the request's body could not be read.
    pub fn body_error(&self) -> Option<&str> {
        self.body_error.as_deref()
    }

    pub(crate) fn note(&mut self, found: RuleMatch) {
        self.matches.push(found);
    }

    pub(crate) fn header(&self, name: &[u8]) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    pub(crate) fn query(&self) -> &[u8] {
        memchr::memchr(b'?', &self.target).map_or(&b""[..], |at| &self.target[at + 1..])
    }

    /// The target without a fragment's scheme and host: what HTTP/1.1 sends to an origin.
    pub(crate) fn origin_form(&self) -> &[u8] {
        let target = &self.target[..];
        let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
        let scheme = if lower.starts_with(b"http://") {
            7
        } else if lower.starts_with(b"https://") {
            8
        } else {
            return target;
        };
        memchr::memchr(b'/', &target[scheme..]).map_or(&b"/"[..], |at| &target[scheme + at..])
    }

    /// The path, decoded once.
    pub(crate) fn filename(&self) -> Vec<u8> {
        let target = self.origin_form();
        let path = memchr::memchr(b'?', target).map_or(target, |at| &target[..at]);
        percent_decode(path)
    }

    /// Reads the body by its processor.
    pub(crate) fn read_body(&mut self) {
        if !self.reads_request_body {
            self.request_body.clear();
        }
        if self.request_body.is_empty() {
            return;
        }
        if self.processor.is_empty() && self.force_body {
            self.processor = b"URLENCODED".to_vec();
        }
        let settings = &self.rules.settings;
        match self.processor.as_slice() {
            b"URLENCODED" => {
                let form = body::form(
                    &self.request_body,
                    settings.argument_separator,
                    settings.arguments_limit,
                    url_decoded,
                );
                self.urlencoded_error |= form.has_error;
                self.args_post = form.pairs;
                if form.is_cut {
                    self.body_error = Some("too many arguments".into());
                }
            }
            b"JSON" => match body::json::arguments(&self.request_body) {
                Ok(arguments) => self.args_post = arguments,
                Err(error) => self.body_error = Some(format!("JSON parsing error: {error:?}")),
            },
            b"XML" => match body::xml::read(&self.request_body) {
                Some(xml) => self.xml = Some(xml),
                None => self.body_error = Some("XML parsing error: not well formed".into()),
            },
            b"MULTIPART" => {
                let read =
                    body::multipart::read(self.header(b"content-type").unwrap_or(b""), &self.request_body);
                self.multipart = read.flags;
                self.body_error = read.error.map(|error| format!("Multipart parsing error: {error}"));
                for part in read.parts {
                    let headers = part.headers.into_iter().map(|line| (part.name.clone(), line));
                    self.part_headers.extend(headers);
                    match part.file_name {
                        Some(file_name) => self.files.push((part.name, file_name, part.content)),
                        None => self.args_post.push((part.name, part.content)),
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a rule is left out of this transaction.
    pub(crate) fn is_removed(&self, rule: &crate::ruleset::Rule) -> bool {
        self.controls.iter().any(|ctl| match ctl {
            Ctl::RemoveById(ranges) => ctl::names(ranges, rule.id),
            Ctl::RemoveByTag(regex) => rule.tags.iter().any(|tag| regex.is_match(&tag.expand(self))),
            Ctl::RemoveByMessage(regex) => {
                rule.message.as_ref().is_some_and(|message| regex.is_match(&message.expand(self)))
            }
            _ => false,
        })
    }

    /// Targets that are left out of a rule in this transaction.
    pub(crate) fn removed_targets(&self, rule: &crate::ruleset::Rule) -> Vec<Target> {
        let by = |ctl: &Ctl| match ctl {
            Ctl::RemoveTargetById(ranges, target) => ctl::names(ranges, rule.id).then(|| target.clone()),
            Ctl::RemoveTargetByTag(regex, target) => {
                rule.tags.iter().any(|tag| regex.is_match(&tag.expand(self))).then(|| target.clone())
            }
            Ctl::RemoveTargetByMessage(regex, target) => rule
                .message
                .as_ref()
                .is_some_and(|message| regex.is_match(&message.expand(self)))
                .then(|| target.clone()),
            _ => None,
        };
        self.controls.iter().filter_map(by).collect()
    }
}

/// The processor of a media type.
fn processor_of(content_type: &[u8]) -> &'static [u8] {
    let end = content_type
        .iter()
        .position(|b| matches!(b, b';' | b' ' | b',' | b'\t'))
        .unwrap_or(content_type.len());
    let essence = content_type[..end].to_ascii_lowercase();
    match essence.as_slice() {
        b"application/x-www-form-urlencoded" => b"URLENCODED",
        b"multipart/form-data" => b"MULTIPART",
        b"application/json" => b"JSON",
        b"text/xml" | b"application/xml" => b"XML",
        other if other.ends_with(b"+json") => b"JSON",
        other if other.ends_with(b"+xml") => b"XML",
        _ => b"",
    }
}

/// `%41` is `A`; what is no escape stays.
pub(crate) fn percent_decode(text: &[u8]) -> Vec<u8> {
    // `+` is a space in queries, not in paths.
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        match Transformation::UrlDecode.apply(rest.get(at..at + 3).unwrap_or(b"")) {
            Some(decoded) if decoded.len() == 1 => {
                out.extend_from_slice(&decoded);
                rest = &rest[at + 3..];
            }
            _ => {
                out.push(b'%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

impl Expand for Transaction<'_> {
    fn expand_tx(&self, name: &TxName, out: &mut Vec<u8>) {
        out.extend_from_slice(self.tx.get(name).map_or(&[][..], Vec::as_slice));
    }

    fn expand(&self, collection: Collection, key: Option<&str>, out: &mut Vec<u8>) {
        let mut first = true;
        self.visit(collection, &mut |name, value| {
            let meant = key.is_none_or(|key| key.as_bytes().eq_ignore_ascii_case(name));
            if meant && first {
                out.extend_from_slice(value);
                first = false;
            }
        });
    }
}
/// A part of a query or a form as ModSecurity decodes it.
fn url_decoded(part: &[u8]) -> Vec<u8> {
    Transformation::UrlDecode.apply(part).unwrap_or_else(|| part.to_vec())
}
