//! No byte of somebody else's object leaves, whatever is asked in whatever order, and however the API answers.

#![allow(clippy::unwrap_used)]

mod things;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::Bytes;
use guard::body::Forwarded;
use guard::{FanOut, Guard, Peer, Transport};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use serde_json::Value;

use things::{Api, Ask, Manner, POLICY, ask, manner, readable};

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

fn response(manner: Manner, status: u16, value: &Value) -> Response<Pieces> {
    let sent = manner.send(status, value);
    let builder =
        sent.headers.iter().fold(Response::builder().status(sent.status), |builder, (name, value)| {
            builder.header(*name, *value)
        });
    let size = if manner == Manner::Pieces { 7 } else { sent.body.len().max(1) };
    let pieces = sent.body.chunks(size).map(Bytes::copy_from_slice).collect();
    builder.body(Pieces(pieces, manner == Manner::Broken)).unwrap()
}

/// One request through the guard. The status, and every byte that left.
fn send(guard: &Guard, api: &Mutex<Api>, manner: Manner, caller: &'static str, ask: &Ask) -> (u16, Vec<u8>) {
    let (method, target) = ask.request();
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
            std::future::ready(Ok(response(manner, status, &value)))
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
    let stores = guard::open_stores(&policy).unwrap();
    Guard::new(policy, stores, FanOut::new()).unwrap()
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
