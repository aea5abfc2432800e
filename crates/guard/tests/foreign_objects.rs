//! No byte of somebody else's object leaves, whatever is asked in whatever order, and however the API answers.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use guard::body::Forwarded;
use guard::{EventSink, Guard, Peer, Record, Transport};
use http::{Method, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use serde_json::{Value, json};

const POLICY: &str = r#"
[rate]
limits = []
[[auth.api_key]]
subject = "alice"
sha256 = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"
[[auth.api_key]]
subject = "bob"
sha256 = "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"
[[route]]
path = "/things"
methods = ["GET"]
owner = { field = "/owner", list = "/items", counts = ["/total"] }
remember = { thing = ["/items/*/id"] }
[[route]]
path = "/things"
methods = ["POST"]
owner = "/owner"
remember = { thing = ["/id"] }
[[route]]
path = "/things/{id}"
owner = "/owner"
before_write = true
[[route]]
path = "/batch"
objects = [{ id = "query.ids", kind = "thing", read = "/things/{id}" }]
"#;

/// How the API answers this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Plain,
    Gzip,
    Pieces,
    Partial,
    Html,
    Failure,
    Broken,
    OwnerTwice,
    Scalar,
}

#[derive(Debug, Clone)]
enum Ask {
    List,
    Read(usize),
    Head(usize),
    Write(usize),
    Delete(usize),
    Batch(Vec<usize>),
    Create,
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        Just(Ask::List),
        (0..8usize).prop_map(Ask::Read),
        (0..8usize).prop_map(Ask::Head),
        (0..8usize).prop_map(Ask::Write),
        (0..8usize).prop_map(Ask::Delete),
        prop::collection::vec(0..8usize, 1..4).prop_map(Ask::Batch),
        Just(Ask::Create),
    ]
}

fn manner() -> impl Strategy<Value = Manner> {
    use Manner::*;
    prop::sample::select(vec![
        Plain, Plain, Plain, Gzip, Pieces, Partial, Html, Failure, Broken, OwnerTwice, Scalar,
    ])
}

/// An API without any check: objects by id, each with a mark of its owner.
#[derive(Default)]
struct Api {
    things: Vec<Option<Value>>,
    changed_by_others: bool,
}

impl Api {
    fn new() -> Self {
        let owner = |i: usize| if i.is_multiple_of(2) { "alice" } else { "bob" };
        Api { things: (0..6).map(|i| Some(thing(i, owner(i)))).collect(), changed_by_others: false }
    }

    fn answer(&mut self, method: &Method, target: &str, caller: &str) -> (u16, Value) {
        let path = target.split('?').next().unwrap();
        let index = path.rsplit('/').next().unwrap().parse::<usize>().ok();
        match (method.as_str(), index) {
            ("GET", None) if path == "/things" => {
                let items: Vec<Value> = self.things.iter().flatten().cloned().collect();
                (200, json!({ "total": items.len(), "items": items }))
            }
            ("GET", None) => {
                let ids = target
                    .split("ids=")
                    .nth(1)
                    .unwrap_or("")
                    .split(',')
                    .filter_map(|i| i.parse::<usize>().ok());
                (200, ids.filter_map(|i| self.things.get(i).cloned().flatten()).collect())
            }
            ("POST", _) => {
                self.things.push(Some(thing(self.things.len(), caller)));
                (201, self.things.last().cloned().flatten().unwrap())
            }
            ("GET", Some(i)) => match self.things.get(i).cloned().flatten() {
                Some(thing) => (200, thing),
                None => (404, json!({ "error": "no such thing" })),
            },
            (method, Some(i)) => {
                let Some(slot) = self.things.get_mut(i) else { return (404, json!({})) };
                if slot.as_ref().is_some_and(|thing| thing["owner"] != caller) {
                    self.changed_by_others = true;
                }
                if method == "DELETE" {
                    *slot = None;
                }
                (200, slot.clone().unwrap_or(json!({ "done": true })))
            }
            _ => (404, json!({})),
        }
    }
}

fn thing(id: usize, owner: &str) -> Value {
    json!({ "id": id, "owner": owner, "note": format!("mark-of-{owner}") })
}

/// A body in pieces, which may break off.
struct Pieces(VecDeque<Bytes>, bool);

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.0.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if std::mem::take(&mut self.1) => {
                Poll::Ready(Some(Err(std::io::ErrorKind::BrokenPipe.into())))
            }
            None => Poll::Ready(None),
        }
    }
}

fn response(manner: Manner, status: u16, value: Value) -> Response<Pieces> {
    let text = match manner {
        Manner::OwnerTwice => {
            value.to_string().replace("\"owner\":", "\"owner\":\"bob\",\"owner\":\"alice\",\"other\":")
        }
        Manner::Scalar => json!(value.to_string()).to_string(),
        _ => value.to_string(),
    };
    let kind = if manner == Manner::Html { "text/html" } else { "application/json" };
    let status = match manner {
        Manner::Failure => 500,
        Manner::Partial => 206,
        _ => status,
    };
    let mut builder = Response::builder().status(status).header("content-type", kind);
    let body = match manner {
        Manner::Gzip => {
            builder = builder.header("content-encoding", "gzip");
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }
        _ => text.into_bytes(),
    };
    let size = if manner == Manner::Pieces { 7 } else { body.len().max(1) };
    let pieces = body.chunks(size).map(Bytes::copy_from_slice).collect();
    builder.body(Pieces(pieces, manner == Manner::Broken)).unwrap()
}

struct Silent;

impl EventSink for Silent {
    fn record(&self, _: &Record<'_>) {}

    fn wants_access(&self) -> bool {
        false
    }
}

/// One request through the guard. The status, and every byte that left.
fn send(guard: &Guard, api: &Mutex<Api>, manner: Manner, caller: &'static str, ask: &Ask) -> (u16, Vec<u8>) {
    let (method, target) = match ask {
        Ask::List => (Method::GET, "/things".to_owned()),
        Ask::Read(i) => (Method::GET, format!("/things/{i}")),
        Ask::Head(i) => (Method::HEAD, format!("/things/{i}")),
        Ask::Write(i) => (Method::PUT, format!("/things/{i}")),
        Ask::Delete(i) => (Method::DELETE, format!("/things/{i}")),
        Ask::Batch(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            (Method::GET, format!("/batch?ids={}", ids.join(",")))
        }
        Ask::Create => (Method::POST, "/things".to_owned()),
    };
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", "api.example")
        .header("user-agent", "test")
        .header("x-api-key", caller)
        .header("range", "bytes=3-")
        .body(Full::<Bytes>::default())
        .unwrap();
    let peer = Peer { address: [127, 0, 0, 1].into(), transport: Transport::Plain, violation: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let forward = |request: Request<Forwarded<Full<Bytes>>>, _| {
            let target = request.uri().to_string();
            let (status, value) = api.lock().unwrap().answer(request.method(), &target, caller);
            std::future::ready(Ok(response(manner, status, value)))
        };
        let answer = guard.handle(request, peer, forward).await;
        let (status, mut body) = (answer.status().as_u16(), answer.into_body());
        let mut left = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { break };
            left.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
        (status, left)
    })
}

fn guard() -> Guard {
    let inputs = policy::Inputs { text: Some(POLICY.into()), ..policy::Inputs::default() };
    let policy = policy::load(&inputs).unwrap_or_else(|e| unreachable!("{}", e.lines()));
    Guard::new(policy, Arc::new(Silent)).unwrap()
}

/// What left, decoded too, so that no coding hides a mark.
fn readable(left: &[u8]) -> String {
    use std::io::Read;
    let mut text = String::from_utf8_lossy(left).into_owned();
    let mut decoded = Vec::new();
    let _: Result<usize, _> = flate2::read::GzDecoder::new(left).read_to_end(&mut decoded);
    text.push_str(&String::from_utf8_lossy(&decoded));
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_byte_of_a_foreign_object_leaves(
        steps in prop::collection::vec((prop::bool::ANY, manner(), ask()), 1..25)
    ) {
        let (guard, api) = (guard(), Mutex::new(Api::new()));
        for (is_alice, manner, ask) in steps {
            let (caller, other) = if is_alice { ("alice", "bob") } else { ("bob", "alice") };
            let (status, left) = send(&guard, &api, manner, caller, &ask);
            let text = readable(&left);
            let mark = format!("mark-of-{other}");
            prop_assert!(!text.contains(&mark), "{caller} {ask:?} {manner:?}: {status} {text}");
        }
        prop_assert!(!api.lock().unwrap().changed_by_others);
    }

    #[test]
    fn ones_own_objects_are_served(ids in prop::collection::vec(0..3usize, 1..4)) {
        let (guard, api) = (guard(), Mutex::new(Api::new()));
        let own: Vec<usize> = ids.iter().map(|i| i * 2).collect();
        for ask in [Ask::List, Ask::Read(own[0]), Ask::Batch(own.clone()), Ask::Write(own[0]), Ask::Create] {
            let (status, left) = send(&guard, &api, Manner::Pieces, "alice", &ask);
            prop_assert!(status < 300 && readable(&left).contains("mark-of-alice"), "{ask:?}: {status}");
        }
    }
}
