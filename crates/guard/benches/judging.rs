//! What judging costs, apart from sockets: `cargo bench -p guard`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)]

use std::hint::black_box;

use authorization::{AuthorizationDecision, AuthorizationRequest, Requester};
use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use guard::body::Forwarded;
use guard::{FanOut, Guard, Peer, Transport};
use http::{Method, Request, Response};
use http_body_util::Full;
use inputs::{StructureLimits, parse_json};
use openapi::{Direction, Document, Found, MediaType, Source};
use policy::Inputs;
use serde_json::{Value, json};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

const DOCUMENT: &str = r##"
openapi: 3.1.0
paths:
  /things:
    post:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Things" } } } }
      responses: {}
components:
  schemas:
    Things:
      type: object
      required: [items]
      properties: { items: { type: array, maxItems: 1000, items: { $ref: "#/components/schemas/Thing" } } }
    Thing:
      type: object
      required: [id, owner]
      properties:
        id: { type: integer, minimum: 0 }
        owner: { type: string, maxLength: 20 }
        name: { type: string, maxLength: 100, pattern: "^[a-z0-9 ]*$" }
        email: { type: string, format: email }
        tags: { type: array, maxItems: 10, items: { type: string, maxLength: 20 } }
        address: { type: object, properties: { city: { type: string }, zip: { type: string, maxLength: 10 } } }
"##;

/// Things of one owner, about so many bytes of JSON.
fn things(bytes: usize) -> Value {
    let thing = |id: usize| {
        json!({ "id": id, "owner": "alice", "name": "a thing of some kind", "email": "alice@things.example",
                "tags": ["red", "round"], "address": { "city": "Berlin", "zip": "10115" } })
    };
    let mut items: Vec<Value> = Vec::new();
    while json!({ "items": items }).to_string().len() < bytes {
        items.push(thing(items.len()));
    }
    json!({ "items": items })
}

/// Undeclared properties looked for, and the rest validated: what the schema door does with a body that is parsed.
#[divan::bench(args = [500, 10_240])]
fn validate(bencher: Bencher<'_, '_>, bytes: usize) {
    let document = Document::parse(&Source::new("bench", DOCUMENT), None).unwrap();
    let Found::Operation(operation, ..) = document.find(&Method::POST, "/things") else { unreachable!() };
    let media: &MediaType = &operation.body.as_ref().unwrap().content[0];
    let body = things(bytes);
    bencher.counter(BytesCount::new(body.to_string().len())).bench_local(|| {
        let body = black_box(&body);
        let removed = document.shapes.unknown(media.shape.unwrap(), body, Direction::Request, &[]);
        assert!(removed.is_empty() && media.errors(body, 20).is_empty());
    });
}

/// The strict parser: one reading only.
#[divan::bench(args = [500, 10_240])]
fn parse(bencher: Bencher<'_, '_>, bytes: usize) {
    let body = things(bytes).to_string();
    let limits = StructureLimits { depth: 64, members: 10_000 };
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| assert!(parse_json(black_box(body.as_bytes()), limits).is_ok()));
}

/// A whole exchange with a list of 10 KiB as its answer: without an owner, and with one that is checked item by item.
#[divan::bench(args = ["", "owner = { field = '/owner', list = '/items' }"])]
fn answer_of_10_kib(bencher: Bencher<'_, '_>, owner: &str) {
    let policy = format!(
        "[rate]\nlimits = []\n[[auth.api_key]]\nsubject = 'alice'\nsha256 = '{}'\n[[route]]\npath = '/things'\n{owner}",
        "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"
    );
    let policy = policy::load(&Inputs { text: Some(policy), ..Inputs::default() }).unwrap();
    let stores = guard::open_stores(&policy).unwrap();
    let guard = Guard::new(policy, stores, FanOut::new()).unwrap();
    let peer = Peer { address: [127, 0, 0, 1].into(), transport: Transport::Plain, violation: None };
    let text = Bytes::from(things(10_240).to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    bencher.bench_local(|| {
        let request = Request::builder()
            .uri("/things")
            .header("host", "things.example")
            .header("user-agent", "bench")
            .header("x-api-key", "alice")
            .body(Full::<Bytes>::default())
            .unwrap();
        let forward = |_: Request<Forwarded<Full<Bytes>>>, _| {
            let response = Response::builder().header("content-type", "application/json");
            std::future::ready(Ok(response.body(Full::new(text.clone())).unwrap()))
        };
        let answer = runtime.block_on(guard.handle(request, peer, forward));
        assert_eq!(answer.status(), 200);
    });
}

/// One Cedar decision about an object, of twenty policies of which three can speak of the operation.
#[divan::bench]
fn cedar_decision(bencher: Bencher<'_, '_>) {
    let directory = tempfile::tempdir().unwrap();
    let mut policies = String::from(
        "permit (principal, action == Action::\"getThing\", resource) when { resource.object.owner == principal.sub };
         permit (principal in Role::\"keeper\", action in Action::\"method:read\", resource);
         forbid (principal, action, resource) when { !principal.authenticated };",
    );
    for number in 0..17 {
        policies.push_str(&format!(
            "permit (principal, action == Action::\"addThing{number}\", resource) when {{ resource.path.id == {number} }};"
        ));
    }
    let operation = |method: &str, id: &str| {
        format!(
            "    {method}: {{ operationId: {id}, responses: {{ '200': {{ content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Thing' }} }} }} }} }} }}\n"
        )
    };
    let mut document = String::from("openapi: 3.1.0\npaths:\n");
    for number in 0..18 {
        document.push_str(&format!("  /things{number}/{{id}}:\n    parameters: [{{ name: id, in: path, required: true, schema: {{ type: integer }} }}]\n"));
        document.push_str(&match number {
            17 => operation("get", "getThing"),
            _ => operation("post", &format!("addThing{number}")),
        });
    }
    document.push_str(&DOCUMENT[DOCUMENT.find("components:").unwrap()..]);
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("api.yaml", &document);
    write("things.cedar", &policies);
    write("doorward.toml", "[gateway]\nopenapi = 'api.yaml'\n[cedar]\npolicies = ['things.cedar']");
    let file = Some(directory.path().join("doorward.toml"));
    let policy = policy::load(&Inputs { file, ..Inputs::default() }).unwrap();
    let cedar = policy.ownership.cedar.as_ref().unwrap();
    let claims = json!({ "sub": "alice", "role": ["reader", "writer"], "exp": 1 });
    let (path, query) = (json!({ "id": 7 }), json!({}));
    let object = things(200)["items"][0].clone();
    let question = AuthorizationRequest {
        requester: Some(Requester {
            subject: "alice",
            scopes: &[],
            claims: claims.as_object().unwrap(),
            role_claim: "role",
        }),
        client: [10, 0, 0, 1].into(),
        unix_millis: 0,
        method: &Method::GET,
        route: "/things17/{id}",
        path: &path,
        query: &query,
        body: None,
        object: Some(&object),
    };
    bencher.bench_local(|| {
        assert_eq!(cedar.decide("getThing", black_box(&question)), AuthorizationDecision::Permitted);
    });
}
