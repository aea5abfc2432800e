//! The body of a request: held and read, or found too long for that.

use std::ops::RangeInclusive;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{Method, StatusCode};
use http_body::Body;
use inputs::grpc::GrpcError;
use inputs::{
    BodyError, ContentTypeError, JsonError, ParsedBody, Part, StructureLimits, may_stream, other_readings,
    parse_body, with_types,
};
use policy::{BuiltInDoor, ByteSize, OtherCharsets};

use super::readers::{READERS, is_judged, reads_body};
use super::stream::{coding, needs_whole};
use crate::decision::ruling::{Interruption, Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::exchange::{Exchange, HeldBody};
use crate::held::Share;
use crate::wire::collect::{CollectError, Unheld, collect, collect_start};
use crate::wire::content_encoding::decode;
use crate::wire::headers::media_type;
use crate::wire::messages::decompressed;

/// A body that is too long to be held, or passes as it comes, and of which the beginning is here.
pub(super) struct Unfinished<B> {
    /// What was read of it.
    pub(super) read: Bytes,
    /// The rest, unless that was all.
    pub(super) body: Option<Pin<Box<B>>>,
    /// What counts `read`.
    pub(super) share: Share,
}

/// Holds the body and reads it, or returns one that may pass without.
pub(super) async fn hold<'e, B>(
    ruling: Ruling<'e>,
    x: &mut Exchange<'e>,
    body: B,
) -> Result<Option<Unfinished<B>>, Interruption>
where
    B: Body<Data = Bytes>,
{
    let policy = &ruling.engine.policy;
    let mut share = ruling.state.held.share(x.client, policy.gateway.held);
    let patience = policy.gateway.timeouts.body.0;
    let longest = longest_body(x);
    let whole = policy.protocol.max_decoded_body.min(longest);
    let expected = ByteSize(body.size_hint().lower());
    let wire = if expected > longest {
        return Err(unheld(ruling, x, Unheld::TooLarge, (longest, "max_body")));
    } else if body.is_end_stream() || needs_whole(ruling.engine, x) {
        match collect(body, whole.as_usize(), patience, &mut share).await {
            Ok(held) => held.bytes,
            Err(error) => return Err(unheld(ruling, x, error.why, limit_of_whole(whole, longest))),
        }
    } else {
        let first = policy.protocol.max_held_body.min(longest);
        let mut body = Box::pin(body);
        match collect_start(body.as_mut(), first.as_usize(), patience, &mut share).await {
            Ok(held) => held.bytes,
            Err(CollectError { why: Unheld::TooLarge, read }) if first < longest => {
                let is_post = x.method == Method::POST;
                if !is_judged(x) || may_stream(&media_type(&x.headers), &read, is_post) {
                    return Ok(Some(Unfinished { read, body: Some(body), share }));
                }
                // It turns out to be of a kind that is read as a whole.
                let left = whole.as_usize().saturating_sub(read.len());
                match collect(body, left, patience, &mut share).await {
                    Ok(rest) => [read, rest.bytes].concat().into(),
                    Err(error) => return Err(unheld(ruling, x, error.why, limit_of_whole(whole, longest))),
                }
            }
            Err(error) => return Err(unheld(ruling, x, error.why, (first, "max_body"))),
        }
    };
    read(ruling, x, wire, share).map(|()| None)
}

/// Reads the beginning of a body that passes as it comes.
pub(super) async fn begin<'e, B>(
    ruling: Ruling<'e>,
    x: &mut Exchange<'e>,
    body: B,
) -> Result<Unfinished<B>, Interruption>
where
    B: Body<Data = Bytes>,
{
    /// The heads of its first parts stand in it.
    const BEGINNING: usize = 64 << 10;
    let gateway = &ruling.engine.policy.gateway;
    let mut share = ruling.state.held.share(x.client, gateway.held);
    let longest = longest_body(x);
    let mut body = Box::pin(body);
    match collect_start(body.as_mut(), BEGINNING, gateway.timeouts.body.0, &mut share).await {
        Ok(held) => Ok(Unfinished { read: held.bytes, body: None, share }),
        Err(CollectError { why: Unheld::TooLarge, read }) => Ok(Unfinished { read, body: Some(body), share }),
        Err(error) => Err(unheld(ruling, x, error.why, (longest, "max_body"))),
    }
}

/// The limit that a body beyond `whole` meets, with its setting.
fn limit_of_whole(whole: ByteSize, longest: ByteSize) -> (ByteSize, &'static str) {
    if whole < longest { (whole, "max_decoded_body") } else { (longest, "max_body") }
}

/// A body that could not be held. Not even an observing door can pass on a body that is not there.
fn unheld(
    ruling: Ruling<'_>,
    x: &Exchange<'_>,
    why: Unheld,
    (limit, setting): (ByteSize, &'static str),
) -> Interruption {
    let refusal = match why {
        Unheld::TooLarge => too_large(limit, setting),
        Unheld::TooSlow => Refusal::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "did not come in time"),
        Unheld::Broken => Refusal::new(StatusCode::BAD_REQUEST, "body-broken", "broke off"),
        Unheld::OverBudget(over) => over.into(),
    };
    ruling.refuse(x, &BuiltInDoor::Protocol.into(), refusal)
}

/// The refusal of a body over a limit.
pub(super) fn too_large(limit: ByteSize, setting: &str) -> Refusal {
    let why = match setting {
        "max_decoded_body" => {
            format!("over {limit}, and doors read it as a whole (`[protocol] max_decoded_body`)")
        }
        setting => format!("over {limit} (`{setting}`)"),
    };
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", why)
}

/// The longest body that the routes of all readings take.
fn longest_body(x: &Exchange<'_>) -> ByteSize {
    x.routes().map(|route| route.protocol.max_body).min().unwrap_or(x.route.protocol.max_body)
}

/// The longest body that all of some readings take.
pub(super) fn shortest_limit(x: &mut Exchange<'_>, places: RangeInclusive<usize>) -> Option<ByteSize> {
    let limits = places.map(|place| {
        x.read_as(place);
        x.route.protocol.max_body
    });
    let shortest = limits.min();
    x.read_as(0);
    shortest
}

/// Reads a body that is held.
fn read(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    mut wire: Bytes,
    mut share: Share,
) -> Result<(), Interruption> {
    if !wire.is_empty() && inputs::grpc::is_grpc(&media_type(&x.headers)) {
        match decompressed(&wire, &coding(x, &ruling.engine.policy)) {
            Ok(None) => {}
            Ok(Some(plain)) => {
                x.headers.remove(CONTENT_LENGTH);
                wire = plain;
            }
            Err(error) => ruling.settle(x, &BuiltInDoor::Protocol.into(), Decision::Refuse(error.into()))?,
        }
    }
    if wire.is_empty() {
        let empty = HeldBody {
            wire: Bytes::new(),
            decoded: Bytes::new(),
            parsed: ParsedBody::Empty,
            others: Vec::new(),
        };
        x.body = Some(empty);
    } else if !reads_body(x) {
        x.body =
            Some(HeldBody { decoded: wire.clone(), wire, parsed: ParsedBody::Binary, others: Vec::new() });
    } else if let Err(refusal) = read_body(ruling, x, wire) {
        ruling.settle(x, &BuiltInDoor::Protocol.into(), Decision::Refuse(refusal))?;
    }
    let held = x.body.as_ref().map_or(0, HeldBody::bytes);
    let over = share.resize(held).err();
    x.held = Some(share);
    // Not even an observing door has room for it.
    over.map_or(Ok(()), |over| Err(ruling.refuse(x, &BuiltInDoor::Protocol.into(), over.into())))
}

/// Decodes and parses a body. One that cannot be read is still held, as bytes, for doors that only observe.
fn read_body(ruling: Ruling<'_>, x: &mut Exchange<'_>, wire: Bytes) -> Result<(), Refusal> {
    let limits = &ruling.engine.policy.protocol;
    let refuse = |status, rule, evidence: String| Err(Refusal::new(status, rule, evidence));
    let coding: Vec<&[u8]> =
        x.headers.get_all(CONTENT_ENCODING).iter().map(|value| value.as_bytes()).collect();
    let (wire, decoded) = match decode(&coding.join(&b","[..]), &wire, limits) {
        Ok(None) => (wire.clone(), wire),
        Ok(Some(decoded)) => forwarded(x, wire, decoded.into()),
        Err(error) => {
            x.body = Some(HeldBody {
                wire,
                decoded: Bytes::new(),
                parsed: ParsedBody::Binary,
                others: Vec::new(),
            });
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", error.to_string());
        }
    };
    let structure = StructureLimits { depth: limits.max_depth, members: limits.max_members };
    let (kind, is_posted) = (x.content_type(), x.method == Method::POST);
    let read = parse_body(kind, &decoded, structure)
        .and_then(|parsed| Ok((other_readings(kind, &parsed, &decoded, is_posted, structure)?, parsed)));
    match read {
        Ok((others, mut parsed)) => {
            let (wire, decoded) = match &mut parsed {
                ParsedBody::Multipart(parts) => typed(x, parts).unwrap_or((wire, decoded)),
                _ => (wire, decoded),
            };
            x.body = Some(HeldBody { wire, decoded, parsed, others });
            Ok(())
        }
        Err(error) => {
            // Rules may still read it as a whole.
            x.body = Some(HeldBody { wire, decoded, parsed: ParsedBody::Binary, others: Vec::new() });
            let is_charset = error == BodyError::ContentType(ContentTypeError::Charset);
            if is_charset && x.route.protocol.other_charsets == OtherCharsets::Pass {
                return Ok(());
            }
            let is_too_much = matches!(
                error,
                BodyError::TooMany
                    | BodyError::Json(JsonError::TooMany)
                    | BodyError::Grpc(GrpcError::TooMany(_))
            );
            if is_too_much {
                let evidence = format!("over {} values (`[protocol] max_members`)", limits.max_members);
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, "body-too-many-values", evidence);
            }
            let is_too_deep = matches!(error, BodyError::TooDeep | BodyError::Json(JsonError::TooDeep));
            let evidence = match is_too_deep {
                true => format!("nested deeper than {} (`[protocol] max_depth`)", limits.max_depth),
                false => error.to_string(),
            };
            refuse(StatusCode::BAD_REQUEST, "body-unreadable", evidence)
        }
    }
}

/// A form with the media types that its files came without, twice as [`forwarded`] returns it. Nothing where all have one,
/// or no door may change anything.
fn typed(x: &mut Exchange<'_>, parts: &mut [Part]) -> Option<(Bytes, Bytes)> {
    if !READERS.into_iter().any(|door| enforced(x, door)) {
        return None;
    }
    let body = with_types(x.content_type(), parts)?;
    Some(forwarded(x, Bytes::new(), body))
}

/// The body as it is forwarded, and decoded: the same, because most servers do not undo a request's coding, and would
/// read what no door judged. Where no door may change anything, the body stays coded.
fn forwarded(x: &mut Exchange<'_>, wire: Bytes, decoded: Bytes) -> (Bytes, Bytes) {
    if !READERS.into_iter().any(|door| enforced(x, door)) {
        return (wire, decoded);
    }
    x.headers.remove(CONTENT_ENCODING);
    // A chunked body has no length to correct.
    if x.headers.contains_key(CONTENT_LENGTH) {
        x.headers.insert(CONTENT_LENGTH, decoded.len().into());
    }
    (decoded.clone(), decoded)
}
