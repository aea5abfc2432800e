//! Doors of the tests' own, in a guard that has no others.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use policy::{Inputs, Mode};

use super::Doors;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::doors::headers::Headers;
use crate::doors::inspector::{Extent, Head, Held, Inspector};
use crate::doors::{Door, Step, StreamJudge};
use crate::engine::Engine;
use crate::events::exposition::Exposition;
use crate::events::fan_out::FanOut;
use crate::events::sinks::{AccessSink, EventSink};
use crate::events::{Access, Record};
use crate::exchange::Exchange;
use crate::exchange::peer::{Peer, Transport};
use crate::forward::{ForwardError, Reader};
use crate::guard::Guard;
use crate::wire::body::{Forwarded, Outgoing};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    AdmitHead,
    AdmitHeadLater,
    AdmitBody,
    AdmitBodyLater,
    AdmitStream,
    StreamJudge,
    Window,
    Expects,
    ReleaseHead,
    Wants,
    Inspect,
    InspectLater,
    Unseen,
    TooLarge,
    Finish,
    FinishLater,
}

/// A door that panics at one moment.
struct Panics(Moment);

impl Panics {
    fn at(&self, moment: Moment) {
        assert!(self.0 != moment, "on purpose, at {moment:?}");
    }

    fn step(&self, now: Moment, later: Moment) -> Step<'static> {
        self.at(now);
        if self.0 == later { Step::later(async { panic!("on purpose, later") }) } else { Step::PASS }
    }
}

fn id() -> DoorId {
    DoorId::Named(Cow::Borrowed("house"), Mode::Enforce)
}

impl Door for Panics {
    fn id(&self) -> DoorId {
        id()
    }

    fn admit_head<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>) -> Step<'a> {
        self.step(Moment::AdmitHead, Moment::AdmitHeadLater)
    }

    fn admit_body<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        self.step(Moment::AdmitBody, Moment::AdmitBodyLater)
    }

    fn admit_stream<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        self.at(Moment::AdmitStream);
        Step::PASS
    }

    fn stream_judge(&self, _: Ruling<'_>, _: &Exchange<'_>) -> Option<StreamJudge> {
        self.at(Moment::StreamJudge);
        let panics = self.0 == Moment::Window;
        Some(Box::new(move |_| {
            assert!(!panics, "on purpose, in a window");
            None
        }))
    }

    fn release_head<'e>(&self, _: Ruling<'e>, _: &mut Exchange<'e>, _: &Parts) -> Decision {
        self.at(Moment::ReleaseHead);
        Decision::Pass
    }

    fn finish<'a, 'e>(
        &'a self,
        _: Ruling<'e>,
        _: &'a mut Exchange<'e>,
        _: StatusCode,
        _: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        self.at(Moment::Finish);
        if self.0 == Moment::FinishLater {
            return Step::later(async { panic!("on purpose, later") });
        }
        Step::Now(())
    }
}

impl Inspector for Panics {
    fn door(&self) -> Option<DoorId> {
        Some(id())
    }

    fn expects(&self, _: &Engine, _: &Exchange<'_>) -> Option<Extent> {
        self.at(Moment::Expects);
        Some(Extent::Any)
    }

    fn wants(&self, _: &Engine, _: &Exchange<'_>, _: &Head) -> bool {
        self.at(Moment::Wants);
        self.0 != Moment::Unseen
    }

    fn inspect<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>, _: &'a mut Held) -> Step<'a> {
        self.step(Moment::Inspect, Moment::InspectLater)
    }

    fn unseen<'e>(&self, _: Ruling<'e>, _: &mut Exchange<'e>, _: &Head) -> Decision {
        self.at(Moment::Unseen);
        Decision::Pass
    }

    fn too_large<'e>(&self, _: Ruling<'e>, _: &mut Exchange<'e>, _: &Head, _: &[u8]) -> Decision {
        self.at(Moment::TooLarge);
        Decision::Pass
    }
}

/// Keeps events as `door rule verdict`.
#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl EventSink for Events {
    fn record(&self, record: &Record<'_>) {
        if let Record::Event(event) = record {
            let line = format!("{} {} {}", event.door, event.rule, event.verdict.name());
            self.0.lock().unwrap().push(line);
        }
    }
}

impl AccessSink for Events {
    fn access(&self, _: &Access<'_>) {}
}

/// What came of a request.
struct Outcome {
    response: Response<Outgoing<Full<Bytes>>>,
    events: Vec<String>,
    /// The body that the upstream got, or nothing when it got none whole.
    forwarded: Vec<Option<Bytes>>,
    metrics: String,
}

/// A request with a body through a guard with these doors.
async fn run(
    doors: &'static [&'static dyn Door],
    inspectors: &'static [&'static dyn Inspector],
    body: &str,
    answer: usize,
) -> Outcome {
    let text =
        format!("[protocol]\nmax_decoded_body = \"64KiB\"\n[[route]]\npath = \"/\"\nbody = \"{body}\"");
    let policy = policy::load(&Inputs { text: Some(text), ..Inputs::default() }).unwrap();
    let events = Arc::new(Events::default());
    let stores = crate::open_stores(&policy).unwrap();
    let sinks = FanOut::new().events(events.clone()).access(events.clone());
    let doors: &'static Doors = Box::leak(Box::new(Doors { doors, inspectors }));
    let guard = Guard::with_doors(policy, stores, sinks, doors).unwrap();
    let peer = Peer { address: [192, 0, 2, 1].into(), transport: Transport::Plain, violation: None };
    let request = Request::post("/").header("host", "api.example").body(Full::from("text")).unwrap();
    let forwarded = Mutex::new(Vec::new());
    let forward = async |request: Request<Forwarded<Full<Bytes>>>, _| {
        let body = request.into_body().collect().await;
        let is_whole = body.is_ok();
        forwarded.lock().unwrap().push(body.ok().map(|body| body.to_bytes()));
        match is_whole {
            true => Ok(Response::new(Full::from(vec![b'a'; answer]))),
            false => Err(ForwardError::Broken("the body".into())),
        }
    };
    let response = guard.handle(request, peer, forward).await;
    let forwarded = std::mem::take(&mut *forwarded.lock().unwrap());
    let events = events.0.lock().unwrap().clone();
    Outcome { response, events, forwarded, metrics: guard.metrics().text(Exposition::Text, 0) }
}

#[tokio::test]
async fn a_panic_at_any_moment_is_a_refusal_with_an_event() {
    use Moment::*;
    for (moment, body, answer, reaches_upstream) in [
        (AdmitHead, "hold", 1, false),
        (AdmitHeadLater, "hold", 1, false),
        (AdmitBody, "hold", 1, false),
        (AdmitBodyLater, "hold", 1, false),
        (AdmitStream, "stream", 1, false),
        (StreamJudge, "stream", 1, false),
        (Expects, "hold", 1, false),
        (ReleaseHead, "hold", 1, true),
        (Wants, "hold", 1, true),
        (Inspect, "hold", 1, true),
        (InspectLater, "hold", 1, true),
        (Unseen, "hold", 1, true),
        (TooLarge, "hold", 100_000, true),
        (Finish, "hold", 1, true),
        (FinishLater, "hold", 1, true),
    ] {
        let door: &'static Panics = Box::leak(Box::new(Panics(moment)));
        let doors: &'static [&'static dyn Door] = Box::leak(Box::new([&Headers as &dyn Door, door]));
        let inspectors: &'static [&'static dyn Inspector] = Box::leak(Box::new([door as &dyn Inspector]));
        let outcome = run(doors, inspectors, body, answer).await;
        assert_eq!(outcome.events, ["guard panic failed"], "{moment:?}");
        assert_eq!(!outcome.forwarded.is_empty(), reaches_upstream, "{moment:?}");
        let (head, body) = outcome.response.into_parts();
        assert_eq!(head.status, 500, "{moment:?}");
        assert_eq!(head.headers["content-type"], "application/problem+json", "{moment:?}");
        assert!(head.headers.contains_key("x-request-id"), "{moment:?}");
        // The doors after it have their word all the same.
        assert_eq!(head.headers["x-content-type-options"], "nosniff", "{moment:?}");
        assert!(!body.collect().await.unwrap().to_bytes().contains(&b'\r'), "{moment:?}");
    }
}

#[tokio::test]
async fn a_panic_over_a_streamed_body_ends_the_stream() {
    let outcome = run(&[&Panics(Moment::Window)], &[], "stream", 1).await;
    assert_eq!(outcome.forwarded, [None]);
    assert_eq!(outcome.events, ["guard panic failed", "upstream broken failed"]);
    assert_eq!(outcome.response.status(), 502);
}

#[tokio::test]
async fn a_door_can_bring_its_own_name_and_make_up_its_rules() {
    struct House;

    impl Door for House {
        fn id(&self) -> DoorId {
            id()
        }

        fn admit_head<'a, 'e>(&'a self, _: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
            let rule = format!("no-{}", x.method.as_str().to_lowercase());
            Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, rule, "not in this house")).into()
        }
    }

    let outcome = run(&[&House], &[], "hold", 1).await;
    assert_eq!(outcome.response.status(), 403);
    assert_eq!(outcome.events, ["house no-post refused"]);
    assert!(
        outcome.metrics.contains(r#"door="house",rule="no-post",verdict="refused""#),
        "{}",
        outcome.metrics
    );
}

#[tokio::test]
async fn a_door_can_answer_with_a_body() {
    struct Page(bool);

    impl Door for Page {
        fn id(&self) -> DoorId {
            id()
        }

        fn admit_head<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>) -> Step<'a> {
            let body = if self.0 { "<p>Sign in</p>" } else { "" };
            let response = Response::builder().header("content-type", "text/html").body(Bytes::from(body));
            Decision::Answer(response.unwrap()).into()
        }
    }

    let outcome = run(&[&Page(true)], &[], "hold", 1).await;
    assert!(outcome.forwarded.is_empty() && outcome.events.is_empty());
    assert_eq!(outcome.response.headers()["content-type"], "text/html");
    assert_eq!(outcome.response.into_body().collect().await.unwrap().to_bytes(), "<p>Sign in</p>");
    let outcome = run(&[&Page(false)], &[], "hold", 1).await;
    assert!(!outcome.response.headers().contains_key("content-type"));
}
