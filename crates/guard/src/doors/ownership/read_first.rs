//! A look at an object before a request about it is forwarded: read as the caller, judged by its owner.
//!
//! A write tells nothing of whose object it changed until it has changed it; so the object is read first. The answer
//! to the read goes nowhere: it is checked and dropped.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, COOKIE, ETAG, HOST, HeaderMap, HeaderName,
    HeaderValue, USER_AGENT,
};
use http::response::Parts;
use http::{Method, Request, StatusCode, Version};
use identity::Principal;
use inputs::{StructureLimits, parse_json};
use openapi::canonical_path;
use policy::{Owner, ReadPath};
use serde_json::Value;
use store::{FlagKey, LedgerKey, StoreError, millis};

use super::conditions::Validators;
use super::owner::{self as owners, Ownership};
use super::{self as ownership, cedar, issued, named};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::doors::{Door, Step, cookies, rate};
use crate::engine::Engine;
use crate::events::evidence::{Evidence, Side};
use crate::events::redact::excerpt;
use crate::exchange::Exchange;
use crate::exchange::target::Target;
use crate::forward::{ReadError, Reader, forwarded_to, identify, lead};
use crate::wire::content_encoding::decode;

/// The part of the ownership door that checks the objects which a request names.
pub(crate) struct Objects;

impl Door for Objects {
    fn id(&self) -> DoorId {
        policy::BuiltInDoor::Ownership.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_body<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        reader: &'a Reader,
    ) -> Step<'a> {
        if x.route.ownership.objects.is_empty() || owner(ruling, x).is_none() {
            return Step::PASS;
        }
        Step::later(async move {
            let Some(owner) = owner(ruling, x) else { return Decision::Pass };
            let refused = objects(ruling, x, owner, reader).await.err();
            refused.map_or(Decision::Pass, Decision::Refuse)
        })
    }

    fn admit_stream<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        reader: &'a Reader,
    ) -> Step<'a> {
        self.admit_body(ruling, x, reader)
    }
}

/// The part of the ownership door that reads an object before it is changed.
pub(crate) struct BeforeWrite;

impl Door for BeforeWrite {
    fn id(&self) -> DoorId {
        policy::BuiltInDoor::Ownership.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_body<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        reader: &'a Reader,
    ) -> Step<'a> {
        let Some(read) = &x.route.ownership.check_owner_before_write else { return Step::PASS };
        let is_judged = owner(ruling, x).is_some() || cedar::needs_object(x, ruling.engine);
        if !ownership::writes(&x.method) || !is_judged {
            return Step::PASS;
        }
        Step::later(async move {
            let judge = Judge { owner: owner(ruling, x), cedar: cedar::needs_object(x, ruling.engine) };
            match read_object(ruling, x, judge, read, None, reader).await {
                Ok(Some(read)) if enforced(x, policy::BuiltInDoor::Ownership) => guard(x, &read),
                Ok(_) => Decision::Pass,
                Err(refusal) => Decision::Refuse(refusal),
            }
        })
    }

    fn admit_stream<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        reader: &'a Reader,
    ) -> Step<'a> {
        self.admit_body(ruling, x, reader)
    }
}

/// Lets a write change nothing but the object that was read.
fn guard(x: &mut Exchange<'_>, read: &Validators) -> Decision {
    let Err(failed) = read.bind(&mut x.headers) else { return Decision::Pass };
    let text = |value: &HeaderValue| excerpt(value.as_bytes());
    let wanted = x.headers.get(&failed).map(text);
    let evidence = Evidence::default().compared(Side::Request, &failed, wanted.as_deref());
    let evidence = evidence.compared(Side::Object, ETAG, Some(&text(&read.tag)));
    Decision::Refuse(Refusal::new(StatusCode::PRECONDITION_FAILED, "precondition", evidence))
}

/// The owner that objects must have; `None` for callers that are exempt.
fn owner<'x>(ruling: Ruling<'_>, x: &'x Exchange<'_>) -> Option<&'x Principal> {
    x.principal.as_deref().filter(|principal| !ownership::is_exempt(principal, ruling.engine))
}

/// Every object that the request names is remembered as the caller's, or is when it is read.
async fn objects(
    ruling: Ruling<'_>,
    x: &Exchange<'_>,
    principal: &Principal,
    reader: &Reader,
) -> Result<(), Refusal> {
    let ledger = &ruling.state.stores.ledger;
    for object in &x.route.ownership.objects {
        for id in named::ids(x, object)? {
            let entry = object.kind.as_deref().map(|kind| LedgerKey::new(kind, &principal.subject, &id));
            if let Some(entry) = entry
                && ledger.contains(entry, x.unix_millis()).await.map_err(|e| gone(&e))?
            {
                continue;
            }
            let Some(read) = &object.read else {
                let evidence = Evidence::from("was not given to the caller");
                let evidence = evidence.compared(Side::Request, &object.input, Some(&id));
                return Err(ownership::refusal(ruling.engine, "object-unknown", evidence));
            };
            let judge = Judge { owner: Some(principal), cedar: false };
            read_object(ruling, x, judge, read, Some(&id), reader).await?;
            if let Some(entry) = entry {
                issued::remember(ruling, x, vec![entry]).await.map_err(|e| gone(&e))?;
            }
        }
    }
    Ok(())
}

fn gone(error: &StoreError) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", error.to_string())
}

/// The checks that an object has to pass.
#[derive(Clone, Copy)]
struct Judge<'p> {
    /// Its owner must be this principal, where the policy says how an owner is named.
    owner: Option<&'p Principal>,
    /// Cedar policies must permit it.
    cedar: bool,
}

/// Where an object is read. What is written is what is looked at: where the path of the read is the route's own, it is
/// spelled as it came.
fn path_to_read(x: &Exchange<'_>, read: &ReadPath, id: Option<&str>) -> Result<String, String> {
    if id.is_none() && x.route.template.as_ref().is_some_and(|own| own.as_str() == read.to_string()) {
        return Ok(x.target.sent_path().to_owned());
    }
    let value = |name: &str| id.filter(|_| name == "id").or_else(|| x.parameter(name));
    // What some server cuts off, or reads in another way, would be read elsewhere than it is used.
    let is_odd = |value: &str| value.contains([';', '\\', '\u{fffd}']) || value.ends_with(['.', ' ']);
    if id.is_some_and(|id| id.contains('/')) || read.names().filter_map(value).any(is_odd) {
        return Err("an id that servers read in different ways".into());
    }
    let path = read.fill(value).ok_or("a name of the path says nothing")?;
    let target = Target::parse(&path, None).map_err(|error| error.to_string())?;
    Ok(target.path().to_owned())
}

/// Reads an object as the caller. What names its state, when the judges agree.
async fn read_object(
    ruling: Ruling<'_>,
    x: &Exchange<'_>,
    judge: Judge<'_>,
    read: &ReadPath,
    id: Option<&str>,
    reader: &Reader,
) -> Result<Option<Validators>, Refusal> {
    let engine = ruling.engine;
    let refuse = |rule: &'static str, evidence: String| Err(ownership::refusal(engine, rule, evidence));
    let path = path_to_read(x, read, id).map_err(|why| ownership::refusal(engine, "look", why))?;
    let canonical = canonical_path(&path);
    let group = x.site.table.destination(&Method::GET, &canonical).group;
    // The same path is another object at another upstream, or under another host.
    let place = format!("{group} {} {path}", x.header(HOST).unwrap_or(""));
    let seen = FlagKey::new("look", x.subject().unwrap_or(""), &place);
    // A Cedar decision about one operation does not hold for another.
    let (now, cache) = (x.unix_millis(), engine.policy.ownership.check_cache_ttl.filter(|_| !judge.cedar));
    if cache.is_some() && ruling.state.stores.flags.is_raised(seen, now).await.unwrap_or(false) {
        return Ok(None);
    }
    let (read_route, _) = x.site.table.route(&Method::GET, &canonical);
    let owner = read_route.ownership.owner.as_ref().or(x.route.ownership.owner.as_ref());
    if owner.is_none() && !judge.cedar {
        if engine.policy.ownership.cedar.is_some() && cedar::is_judged(x) {
            // Cedar has permitted it without the object.
            return Ok(None);
        }
        return refuse("look", format!("nothing says where {path} names its owner"));
    }
    let request = request(engine, x, &path).ok_or_else(|| failed(format!("{path} is no target")))?;
    rate::count_read(ruling, x).await?;
    let answer = reader.read(request).await.map_err(|error| match error {
        ReadError::OverBudget(over) => over.into(),
        ReadError::Forward(error) => failed(error.to_string()),
        ReadError::Body => failed(format!("{path} cannot be held")),
    })?;
    let (parts, held) = answer.into_parts();
    let judged = object(engine, &parts, held).and_then(|object| judge.judge(x, engine, owner, object));
    match parts.status.as_u16() {
        200 => judged?,
        // It was judged all the same: the time tells nobody whether there is an object.
        status @ (401 | 403 | 404 | 410) => {
            let answered = format!("{path} answered {status}");
            let evidence = match (owner, judge.owner) {
                (Some(owner), Some(principal)) => ownership::absent(owner, principal, answered),
                _ => answered.into(),
            };
            return Err(ownership::refusal(engine, "look", evidence));
        }
        status => return Err(failed(format!("{path} answered {status}"))),
    }
    if let Some(cache) = cache {
        // A store that does not answer costs another read.
        let _ = ruling.state.stores.flags.raise(seen, now.saturating_add(millis(cache))).await;
    }
    Ok(Validators::of(&parts.headers))
}

fn failed(why: String) -> Refusal {
    Refusal::new(StatusCode::BAD_GATEWAY, "look-failed", why)
}

/// The object that an answer shows.
fn object(engine: &Engine, parts: &Parts, held: Bytes) -> Result<Value, Refusal> {
    let coding = parts.headers.get(CONTENT_ENCODING).map_or(&[][..], |value| value.as_bytes());
    let decoded = decode(coding, &held, &engine.policy.protocol).map_err(|e| failed(e.to_string()))?;
    let text = decoded.map_or(held, Bytes::from);
    let structure = StructureLimits { depth: 128, members: usize::MAX };
    parse_json(&text, structure).map_err(|_| ownership::unreadable(engine, "an object that is not JSON"))
}

impl Judge<'_> {
    fn judge(
        self,
        x: &Exchange<'_>,
        engine: &Engine,
        owner: Option<&Owner>,
        mut object: Value,
    ) -> Result<(), Refusal> {
        if let (Some(owner), Some(principal)) = (owner, self.owner)
            && owners::check(owner, principal, &mut object) != Ownership::Own
        {
            return Err(ownership::not_owner(engine, owner, principal, &object));
        }
        if self.cedar { cedar::admit_object(x, engine, &object) } else { Ok(()) }
    }
}

/// The read: a request with the caller's credentials, or the gate's own, and nothing about the write.
fn request(engine: &Engine, x: &Exchange<'_>, path: &str) -> Option<Request<()>> {
    let mut headers = HeaderMap::new();
    let key = &engine.policy.auth.api_key_header;
    let forwarded = HeaderName::from_static("x-forwarded-for");
    let credentials = [AUTHORIZATION, COOKIE, key.clone()];
    let credentials = credentials.iter().filter(|_| engine.policy.ownership.service_credential.is_none());
    for name in [HOST, USER_AGENT, forwarded].iter().chain(credentials) {
        for value in x.headers.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    if let Some((name, value)) = &engine.policy.ownership.service_credential {
        headers.insert(name, value.clone());
    }
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    identify(engine, x, &mut headers);
    cookies::take_out_own(&mut headers, engine.policy.auth.service.is_some());
    let mut request = Request::new(());
    let destination = x.site.table.destination(&Method::GET, &canonical_path(path));
    *request.uri_mut() = forwarded_to(destination, path, None)?;
    lead(destination, request.extensions_mut());
    // What the upstream gets of the caller with his own request, it gets here, too.
    let is_callers = engine.policy.ownership.service_credential.is_none();
    if let Some(principal) =
        x.principal.as_ref().filter(|_| is_callers && engine.policy.auth.service.is_some())
    {
        request.extensions_mut().insert(Arc::clone(principal));
    }
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    Some(request)
}
