//! The request before the rule set: its phases 1 and 2.

use std::sync::atomic::Ordering;

use http::header::{CONTENT_ENCODING, HeaderName};
use http::{Method, StatusCode, Version};
use policy::{CoreRuleSet, CrsProfile};
use seclang::{Intervention, Phase, Records, RequestHead, RuleMatch, Transaction};

use super::readings;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::events::evidence::{Evidence, MatchedRule};
use crate::events::redact::excerpt;
use crate::exchange::{Declared, Exchange};
use crate::wire::headers::media_type;

/// Media types that APIs speak besides those of [`is_spoken`], in the form of CRS's variable.
const MEDIA_TYPES: &str = "|application/x-www-form-urlencoded| |multipart/form-data| |application/xml| \
    |application/json| |application/graphql| |application/csp-report| |application/x-ndjson| |application/ndjson| \
    |application/json-seq| |application/octet-stream| |application/grpc| |application/grpc-web| |application/pdf| \
    |application/cbor| |application/msgpack| |application/x-msgpack| |application/vnd.msgpack| \
    |application/protobuf| |application/x-protobuf| |application/vnd.google.protobuf| |application/avro| \
    |application/yaml| |application/x-yaml| |application/toml| |application/sql| |application/zip| |application/gzip| \
    |application/x-gzip| |application/x-tar| |application/zstd| |application/jwt| |application/jose| \
    |application/offset+octet-stream| |application/sparql-query| |application/sparql-update| |application/sdp| \
    |application/pkcs10| |application/ocsp-request| |application/timestamp-query| |application/dns-message|";

/// Runs the request phases.
pub(super) fn admit<'e>(ruling: Ruling<'e>, x: &mut Exchange<'e>) -> Decision {
    let Some(rules) = &ruling.engine.policy.injection.core_rule_set else { return Decision::Pass };
    let (transaction, intervention) = evaluate(x, rules, &ruling.state.records);
    let intervention = intervention.or_else(|| combined_score(x, &transaction, rules));
    let matches = transaction.matches();
    let evidence = evidence(matches);
    let is_suspect = matches.iter().any(|found| found.severity.is_some());
    // What no rule has seen, no rule can have judged.
    let unseen = transaction.unseen_arguments().filter(|_| transaction.decides()).map(str::to_owned);
    x.rules = Some(Box::new(transaction));
    match intervention {
        Some(intervention) => Decision::Refuse(refusal(&intervention, evidence)),
        None if unseen.is_some() => Decision::Refuse(Refusal::new(
            StatusCode::BAD_REQUEST,
            "crs-arguments",
            unseen.unwrap_or_default(),
        )),
        // What was found and is not enough to refuse.
        None if is_suspect => Decision::report("crs", evidence),
        None => Decision::Pass,
    }
}

/// What rules and detectors found, and what is enough only together.
fn combined_score(
    x: &Exchange<'_>,
    transaction: &Transaction<'_>,
    rules: &CoreRuleSet,
) -> Option<Intervention> {
    let score =
        transaction.get("blocking_inbound_anomaly_score").and_then(|score| std::str::from_utf8(score).ok());
    let score: u32 = score.and_then(|score| score.trim().parse().ok()).unwrap_or(0);
    let own = x.suspicion.load(Ordering::Relaxed);
    let enough = score > 0 && own > 0 && score.saturating_add(own) >= rules.threshold;
    (enough && transaction.decides()).then_some(Intervention { rule: 0, status: 403, location: None })
}

pub(super) fn refusal(intervention: &Intervention, evidence: Evidence) -> Refusal {
    let status = StatusCode::from_u16(intervention.status).unwrap_or(StatusCode::FORBIDDEN);
    Refusal::new(status, "crs", evidence)
}

fn evaluate<'e>(
    x: &Exchange<'e>,
    rules: &'e CoreRuleSet,
    records: &'e Records,
) -> (Transaction<'e>, Option<Intervention>) {
    let target = sent_target(x);
    // A body is judged without its coding, which is gone then.
    let decoded = x.body.as_ref().is_some_and(|body| body.wire != body.decoded);
    let is_shown = |name: &HeaderName| !(decoded && name == CONTENT_ENCODING);
    let names = names(x);
    let mut rest = names.as_slice();
    let mut headers: Vec<(&[u8], &[u8])> = Vec::with_capacity(x.headers.len());
    for (name, value) in &x.headers {
        let (written, after) = rest.split_at(name.as_str().len());
        rest = after;
        if is_shown(name) {
            headers.push((written, value.as_bytes()));
        }
    }
    let head = RequestHead {
        method: x.method.as_str().as_bytes(),
        target: target.as_bytes(),
        protocol: protocol(x.version),
        headers: &headers,
        client: Some(x.client),
    };
    let id = x.id.to_string();
    let mut transaction = Transaction::new(&rules.rules, &head, id.as_bytes());
    transaction.keep_records(records);
    transaction.set("blocking_paranoia_level", rules.paranoia.to_string().as_bytes());
    // The name of it in version 3.
    transaction.set("paranoia_level", rules.paranoia.to_string().as_bytes());
    transaction.set("inbound_anomaly_score_threshold", rules.threshold.to_string().as_bytes());
    transaction.set("outbound_anomaly_score_threshold", rules.response_threshold.to_string().as_bytes());
    if rules.profile == CrsProfile::Api {
        made_for_apis(x, &mut transaction);
    }
    for name in x.route.injection.exempt.iter().chain(&x.route.injection.prose) {
        transaction.exempt(name);
    }
    readings::of_query(x, &mut transaction);
    let mut intervention = transaction.run(Phase::RequestHeaders);
    if intervention.is_none() {
        if let Some(body) = &x.body {
            readings::of_body(x, body, &mut transaction);
        }
        transaction.request_body(x.body.as_ref().map_or(&[][..], |body| &body.decoded));
        intervention = transaction.run(Phase::RequestBody);
    }
    (transaction, intervention)
}

/// The target as received. HTTP/2 always has an authority, HTTP/1.1 where the client wrote one.
fn sent_target(x: &Exchange<'_>) -> String {
    if x.version < Version::HTTP_2 && x.sent.authority().is_some() {
        return x.sent.to_string();
    }
    x.sent.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string)
}

/// The names of headers one after the other, as HTTP/1.1 usually writes them and rules show them: `User-Agent`.
fn names(x: &Exchange<'_>) -> Vec<u8> {
    let mut names = Vec::with_capacity(512);
    for name in x.headers.iter().map(|(name, _)| name.as_str().as_bytes()) {
        let start = names.len();
        names.extend_from_slice(name);
        if x.version < Version::HTTP_2 {
            let mut begins = true;
            for byte in names.iter_mut().skip(start) {
                if begins {
                    byte.make_ascii_uppercase();
                }
                begins = *byte == b'-';
            }
        }
    }
    names
}

/// What the rule set's defaults for websites do not know.
fn made_for_apis(x: &Exchange<'_>, transaction: &mut Transaction<'_>) {
    transaction.set("allowed_methods", methods(x).as_bytes());
    transaction.set("allowed_request_content_type", media_types(x).as_bytes());
    for (number, segment) in x.target.segments().enumerate() {
        let segment = String::from_utf8_lossy(&segment).into_owned();
        let parameter = x.parameters.iter().find(|(_, value)| *value == segment);
        let name = parameter.map_or_else(|| format!("path.{number}"), |(name, _)| format!("path.{name}"));
        transaction.argument(&name, segment.as_bytes());
    }
}

pub(super) fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::HTTP_10 => b"HTTP/1.0",
        Version::HTTP_2 => b"HTTP/2.0",
        Version::HTTP_3 => b"HTTP/3.0",
        _ => b"HTTP/1.1",
    }
}

/// The methods of the route, or of the document, or those that APIs have.
fn methods(x: &Exchange<'_>) -> String {
    let join = |methods: &[&Method]| methods.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(" ");
    match &x.declared {
        // It is declared, or it is the schema door's to refuse.
        Declared::Operation(..) | Declared::OtherMethods(_) | Declared::Nothing => {
            x.method.as_str().to_owned()
        }
        Declared::NoDocument if !x.route.methods.is_empty() => {
            join(&x.route.methods.iter().collect::<Vec<_>>())
        }
        Declared::NoDocument => "GET HEAD POST OPTIONS PUT PATCH DELETE".to_owned(),
    }
}

fn media_types(x: &Exchange<'_>) -> String {
    let mut types = MEDIA_TYPES.to_owned();
    let sent = media_type(&x.headers);
    if is_spoken(&sent) {
        types.push_str(&format!(" |{sent}|"));
    }
    let declared = x.operation().and_then(|operation| operation.body.as_ref());
    for media in declared.iter().flat_map(|body| &body.content) {
        types.push_str(&format!(" |{}|", media.range.to_ascii_lowercase()));
    }
    types
}

/// Whether a media type is of a family that APIs speak. All of it is read before a rule runs.
fn is_spoken(kind: &str) -> bool {
    const FAMILIES: [&str; 6] = ["text/", "image/", "audio/", "video/", "font/", "multipart/"];
    const SUFFIXES: [&str; 4] = ["+json", "+xml", "+cbor", "+zip"];
    FAMILIES.iter().any(|family| kind.starts_with(family))
        || SUFFIXES.iter().any(|suffix| kind.ends_with(suffix))
        || kind.starts_with("application/vnd.")
}

/// The rules that matched, most severe first.
pub(super) fn evidence(matches: &[RuleMatch]) -> Evidence {
    let mut by_severity: Vec<&RuleMatch> = matches.iter().filter(|found| found.severity.is_some()).collect();
    by_severity.sort_by_key(|found| found.severity.unwrap_or(u8::MAX));
    let rules = by_severity.into_iter().map(|found| MatchedRule {
        id: found.id,
        message: excerpt(found.message.as_bytes()),
        variable: excerpt(found.variable.as_bytes()),
    });
    Evidence { rules: rules.collect(), ..Evidence::default() }
}
