//! A transaction: one HTTP exchange, the state of its rules, and their results.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

pub(crate) use inputs::rules::Pair;
use inputs::rules::json::JsonError;
use inputs::rules::multipart::Flags;
use inputs::rules::xml::Xml;
use inputs::rules::{self as body};
use inputs::slice::{cut, head, tail};

use crate::collection::Collection;
use crate::compiled_rule::{Allowed, CompiledRule};
use crate::ctl::Ctl;
use crate::filter::ValueCache;
use crate::id_ranges;
use crate::records::Records;
use crate::ruleset::RuleSet;
use crate::settings::EngineMode;
use crate::transform::Transformation;
use crate::tx::{Tx, TxName};
use crate::variable::Target;

/// A request without its body.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'r> {
    /// The method.
    pub method: &'r [u8],
    /// The request target as received.
    pub target: &'r [u8],
    /// The protocol: `HTTP/1.1`.
    pub protocol: &'r [u8],
    /// Names and values of headers, in order.
    pub headers: &'r [(&'r [u8], &'r [u8])],
    /// The client's address.
    pub client: Option<IpAddr>,
}

/// A response without its body.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'r> {
    /// The status code.
    pub status: u16,
    /// The protocol: `HTTP/1.1`.
    pub protocol: &'r [u8],
    /// Names and values of headers, in order.
    pub headers: &'r [(&'r [u8], &'r [u8])],
}

/// A rule that matched and logs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMatch {
    /// The rule's id.
    pub id: u64,
    /// The rule's file.
    pub file: Arc<str>,
    /// The rule's line, from 1.
    pub line: usize,
    /// `msg`, with macros expanded.
    pub message: String,
    /// `logdata`, with macros expanded.
    pub data: String,
    /// `tag`.
    pub tags: Vec<String>,
    /// `severity`, 0 the most severe (RFC 5424 §6.2.1).
    pub severity: Option<u8>,
    /// `ver`.
    pub version: Option<String>,
    /// The variable that matched last: `ARGS:id`.
    pub variable: String,
    /// Its value, transformed.
    pub value: Vec<u8>,
    /// The operator and its argument.
    pub operator: String,
}

/// A rule's request to refuse or redirect the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervention {
    /// The rule's id.
    pub rule: u64,
    /// The status code of the response.
    pub status: u16,
    /// The target of a redirect.
    pub location: Option<String>,
}

/// One exchange inspected by a rule set.
///
/// Add what is known of the exchange before the phase that inspects it: [`request_body`](Self::request_body) before
/// [`Phase::RequestBody`], [`response`](Self::response) before [`Phase::ResponseHeaders`],
/// [`response_body`](Self::response_body) before [`Phase::ResponseBody`].
///
/// ```
/// use std::path::Path;
/// use seclang::{Phase, RequestHead, ResponseHead, RuleSet, Transaction};
///
/// let rules = RuleSet::parse(
///     "a.conf",
///     r#"
/// SecRule ARGS:name "@rx ^[a-z]+$" "id:1,phase:2,pass,nolog,setvar:tx.names=+1"
/// SecRule RESPONSE_BODY "@contains ORA-" "id:2,phase:4,deny,status:502"
/// "#,
///     Path::new("."),
/// )?;
/// let head = RequestHead {
///     method: b"POST",
///     target: b"/users",
///     protocol: b"HTTP/1.1",
///     headers: &[(b"Content-Type", b"application/x-www-form-urlencoded")],
///     client: None,
/// };
/// let mut transaction = Transaction::new(&rules, &head, b"request-1");
/// transaction.run(Phase::RequestHeaders);
/// transaction.request_body(b"name=ada");
/// transaction.run(Phase::RequestBody);
/// assert_eq!(transaction.get("names"), Some(&b"1"[..]));
///
/// transaction.response(&ResponseHead { status: 500, protocol: b"HTTP/1.1", headers: &[] });
/// transaction.run(Phase::ResponseHeaders);
/// transaction.response_body(b"ORA-00942: table or view does not exist");
/// assert_eq!(transaction.run(Phase::ResponseBody).unwrap().status, 502);
/// # Ok::<(), seclang::SyntaxError>(())
/// ```
///
/// [`Phase::RequestBody`]: crate::Phase::RequestBody
/// [`Phase::ResponseHeaders`]: crate::Phase::ResponseHeaders
/// [`Phase::ResponseBody`]: crate::Phase::ResponseBody
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
    /// The query or the form has a percent sign that is no escape.
    pub(crate) urlencoded_error: bool,
    pub(crate) request_body: Vec<u8>,
    pub(crate) processor: Vec<u8>,
    pub(crate) body_error: Option<String>,
    /// Why there are arguments that no rule sees.
    unseen_arguments: Option<String>,
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
    /// The store of records, and the keys of those that are open.
    pub(crate) records: Option<&'s Records>,
    pub(crate) record_keys: HashMap<Collection, Vec<u8>>,
    pub(crate) began: Instant,
    pub(crate) highest_severity: Option<u8>,
    pub(crate) matched: Matched,
    pub(crate) controls: Vec<Ctl>,
    pub(crate) unique_id: Vec<u8>,
    /// Arguments that no rule inspects.
    pub(crate) exempt: Vec<String>,
    pub(crate) allowed: Option<Allowed>,
    pub(crate) current_rule: Option<&'s CompiledRule>,
    pub(crate) cache: ValueCache,
    /// Whether the filter excludes rules.
    pub(crate) filters: bool,
    /// A rule has just changed what `REQUEST_BODY` contains.
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
    /// Everything that the current link matched.
    pub(crate) all: Vec<Pair>,
}

impl<'s> Transaction<'s> {
    /// Starts a transaction with a request's head. No rule runs yet.
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
            unseen_arguments: None,
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
            cache: ValueCache::default(),
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
        if form.is_cut {
            transaction.unseen_arguments = Some(too_many("query", rules.settings.arguments_limit));
        }
        transaction.urlencoded_error = form.has_error;
        transaction.processor = processor_of(transaction.header(b"content-type").unwrap_or(b"")).to_vec();
        transaction
    }

    /// Sets the request body, without any content coding, before phase 2.
    pub fn request_body(&mut self, body: &[u8]) {
        self.request_body = body.to_vec();
    }

    /// Sets the response's head, before phase 3.
    pub fn response(&mut self, head: &ResponseHead<'_>) {
        self.response = Some(Response {
            status: head.status,
            protocol: head.protocol.to_vec(),
            headers: head.headers.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect(),
            body: Vec::new(),
        });
    }

    /// Sets the response's body, before phase 4.
    pub fn response_body(&mut self, body: &[u8]) {
        if let Some(response) = self.response.as_mut().filter(|_| self.reads_response_body) {
            response.body = body.to_vec();
        }
    }

    /// Shares the collections IP, SESSION, USER, GLOBAL and RESOURCE with other transactions. Otherwise they last as long
    /// as this one.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use seclang::{Phase, Records, RequestHead, RuleSet, Transaction};
    /// let rules = RuleSet::parse(
    ///     "a.conf",
    ///     r#"
    /// SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.requests=+1"
    /// SecRule IP:requests "@gt 2" "id:2,phase:1,deny,status:429"
    /// "#,
    ///     Path::new("."),
    /// )?;
    /// let records = Records::new(1000);
    /// # let head = RequestHead { method: b"GET", target: b"/", protocol: b"HTTP/1.1", headers: &[], client: Some([192, 0, 2, 7].into()) };
    /// let refused = [1, 2, 3].map(|_| {
    ///     let mut transaction = Transaction::new(&rules, &head, b"id");
    ///     transaction.keep_records(&records);
    ///     transaction.run(Phase::RequestHeaders).is_some()
    /// });
    /// assert_eq!(refused, [false, false, true]);
    /// # Ok::<(), seclang::SyntaxError>(())
    /// ```
    pub fn keep_records(&mut self, records: &'s Records) {
        self.records = Some(records);
    }

    /// Sets a `TX` variable before the first phase, as a `SecAction` with `setvar` would.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.tx.set(&TxName::new(name.as_bytes()), value);
    }

    /// Adds an argument that is neither in the query nor in the body: a path parameter.
    pub fn argument(&mut self, name: &str, value: &[u8]) {
        let value = if self.is_exempt(name.as_bytes()) { &[] } else { value };
        self.args_get.push((name.as_bytes().to_vec(), value.to_vec()));
    }

    /// Adds an argument of the body that the rule engine does not read by itself, before phase 2.
    pub fn body_argument(&mut self, name: &[u8], value: &[u8]) {
        let value = if self.is_exempt(name) { &[] } else { value };
        self.args_post.push((name.to_vec(), value.to_vec()));
    }

    /// Excludes the values of an argument from every rule, before the first phase: a parameter, a field or a member of
    /// JSON of this name, and the texts of a list that is such a member. Rules see an empty value, and the name. The
    /// body as a whole is excluded too, as it contains the argument.
    pub fn exempt(&mut self, name: &str) {
        let of_query = self.args_get.iter_mut().filter(|(known, _)| known == name.as_bytes());
        of_query.for_each(|(_, value)| value.clear());
        self.exempt.push(name.to_owned());
    }

    fn is_exempt(&self, name: &[u8]) -> bool {
        self.exempt.iter().any(|exempt| exempt.as_bytes() == name)
    }

    /// Whether the body is of a type that the rule engine reads: a form, JSON or XML.
    pub fn reads_structure(&self) -> bool {
        !self.processor.is_empty()
    }

    /// Returns a `TX` variable.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.tx.get(&TxName::new(name.as_bytes())).map(Vec::as_slice)
    }

    /// Runs every rule on every value, without the filter. Slow; tests compare the filter with it.
    pub fn without_filter(&mut self) {
        self.filters = false;
    }

    /// The logged matches so far, in order.
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

    /// Names and values of the request's arguments, as rules see them.
    pub fn arguments(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.args_get.iter().chain(&self.args_post).map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The request's body, as given.
    pub fn body(&self) -> &[u8] {
        &self.request_body
    }

    /// Whether rules may refuse the exchange, with `ctl:ruleEngine` so far.
    pub fn decides(&self) -> bool {
        self.mode == EngineMode::On
    }

    /// The values of `SecComponentSignature`: names and versions of rule sets.
    pub fn components(&self) -> &[String] {
        &self.rules.settings.signature
    }

    /// Why the request body could not be parsed.
    pub fn body_error(&self) -> Option<&str> {
        self.body_error.as_deref()
    }

    /// Why some arguments of the request were seen by no rule: there are more than `SecArgumentsLimit`, or their names are
    /// out of proportion. The rules cannot tell; who runs them refuses such a request.
    pub fn unseen_arguments(&self) -> Option<&str> {
        self.unseen_arguments.as_deref()
    }

    pub(crate) fn note(&mut self, found: RuleMatch) {
        self.matches.push(found);
    }

    pub(crate) fn header(&self, name: &[u8]) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    pub(crate) fn query(&self) -> &[u8] {
        memchr::memchr(b'?', &self.target).map_or(&[], |at| tail(&self.target, at + 1))
    }

    /// The target without scheme and host (origin-form, RFC 9112 §3.2.1).
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
        let rest = tail(target, scheme);
        memchr::memchr(b'/', rest).map_or(b"/", |at| tail(rest, at))
    }

    /// The path, decoded once.
    pub(crate) fn filename(&self) -> Vec<u8> {
        let target = self.origin_form();
        let path = memchr::memchr(b'?', target).map_or(target, |at| head(target, at));
        percent_decode(path)
    }

    /// Parses the request body with its body processor.
    pub(crate) fn read_body(&mut self) {
        if !self.reads_request_body {
            self.request_body.clear();
        }
        if self.request_body.is_empty() {
            return;
        }
        let settings = &self.rules.settings;
        let shown = |(name, mut value): Pair| {
            if self.exempt.iter().any(|exempt| exempt.as_bytes() == name) {
                value.clear();
            }
            (name, value)
        };
        match self.processor.as_slice() {
            b"URLENCODED" => {
                let form = body::form(
                    &self.request_body,
                    settings.argument_separator,
                    settings.arguments_limit,
                    url_decoded,
                );
                self.urlencoded_error |= form.has_error;
                self.args_post.extend(form.pairs.into_iter().map(shown));
                if form.is_cut {
                    self.body_error = Some("too many arguments".into());
                    self.unseen_arguments = Some(too_many("form", settings.arguments_limit));
                }
            }
            b"JSON" => {
                let limit = settings.json_arguments_limit;
                let is_exempt = |key: &[u8]| self.exempt.iter().any(|exempt| exempt.as_bytes() == key);
                let read = body::json::arguments(&self.request_body, limit, &is_exempt);
                self.args_post.extend(read.pairs);
                self.unseen_arguments = match read.error {
                    Some(JsonError::TooMany) => Some(too_many("JSON body", limit)),
                    Some(JsonError::LongNames) => {
                        Some("the names of the arguments are many times as long as the JSON body".into())
                    }
                    _ => self.unseen_arguments.take(),
                };
                self.body_error = read.error.map(|error| match error {
                    JsonError::TooMany => "too many arguments".into(),
                    error => format!("JSON parsing error: {error:?}"),
                });
            }
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
                        None => self.args_post.push(shown((part.name, part.content))),
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a `ctl` action removed a rule from this transaction.
    pub(crate) fn is_removed(&self, rule: &CompiledRule) -> bool {
        self.controls.iter().any(|ctl| match ctl {
            Ctl::RemoveById(ranges) => id_ranges::contains(ranges, rule.id),
            Ctl::RemoveByTag(regex) => rule.tags.iter().any(|tag| regex.is_match(&tag.expand(self))),
            Ctl::RemoveByMessage(regex) => {
                rule.message.as_ref().is_some_and(|message| regex.is_match(&message.expand(self)))
            }
            _ => false,
        })
    }

    /// Targets that `ctl` actions removed from a rule in this transaction.
    pub(crate) fn removed_targets(&self, rule: &CompiledRule) -> Vec<Target> {
        let by = |ctl: &Ctl| match ctl {
            Ctl::RemoveTargetById(ranges, target) => {
                id_ranges::contains(ranges, rule.id).then(|| target.clone())
            }
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

fn too_many(place: &str, limit: usize) -> String {
    format!("more arguments in the {place} than SecArgumentsLimit, which is {limit}")
}

/// The body processor for a media type.
fn processor_of(content_type: &[u8]) -> &'static [u8] {
    let end = content_type
        .iter()
        .position(|b| matches!(b, b';' | b' ' | b',' | b'\t'))
        .unwrap_or(content_type.len());
    let essence = head(content_type, end).to_ascii_lowercase();
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

/// Decodes percent escapes; `+` is no space in paths.
pub(crate) fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (plain, escape) = cut(rest, at);
        out.extend_from_slice(plain);
        match Transformation::UrlDecode.apply(escape.get(..3).unwrap_or_default()) {
            Some(decoded) if decoded.len() == 1 => {
                out.extend_from_slice(&decoded);
                rest = tail(escape, 3);
            }
            _ => {
                out.push(b'%');
                rest = tail(escape, 1);
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Decodes a part of a query or a form as ModSecurity does.
fn url_decoded(part: &[u8]) -> Vec<u8> {
    Transformation::UrlDecode.apply(part).unwrap_or_else(|| part.to_vec())
}
