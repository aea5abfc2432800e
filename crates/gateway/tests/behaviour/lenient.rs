//! What a lenient parser makes of a request: another spelling of a name is that name, one item is a list, a part stands in
//! a variable. Beside each, what an honest client sends.

use crate::frames::Http2;
use crate::support::{Recorder, Running, status};

/// Whose key is their name; every object that the upstream has is alice's, but those that are called `mine`.
const KEY: &str = "[[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n[rate]\nlimits = []\n";

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=B";
const PATCH: &str = "application/json-patch+json";

fn upstream() -> Recorder {
    Recorder::answering(|head| {
        let owner = if head.contains("/things/mine") { "bob" } else { "alice" };
        let body = format!("{{\"owner\":\"{owner}\"}}");
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    })
}

fn with_document(policy: &str, files: &[(&str, &str)], upstream: &Recorder) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, format!("[gateway]\nopenapi = 'api.yaml'\n{KEY}{policy}")).unwrap();
    (Running::from_file(&file, &[upstream.url()]), directory)
}

/// Sends each request as bob. The status, and what the upstream has to get of it; nothing is what a refused request sends.
fn all(gate: &Running, upstream: &Recorder, method: &str, cases: &[(&str, &str, String, u16, &str)]) {
    for (target, kind, body, expected, seen) in cases {
        let headers = [("X-API-Key", "bob"), ("Content-Type", *kind)];
        let answer = gate.ask(method, target, &headers, body.as_bytes());
        let last = gate.events.all();
        assert_eq!(status(&answer), *expected, "{target} {body}: {answer} {:?}", last.last());
        let sent = upstream.take();
        assert!(sent.contains(seen), "{target} {body} became {sent}");
        assert!(*expected == 200 || !sent.contains(&format!("{method} ")), "{target} {body}: {sent}");
    }
}

fn parts(parts: &[(&str, &str)]) -> String {
    let all = parts.iter().map(|(disposition, content)| {
        format!("--B\r\nContent-Disposition: form-data; name={disposition}\r\n\r\n{content}\r\n")
    });
    all.collect::<String>() + "--B--\r\n"
}

#[test]
fn an_upload_puts_nothing_into_a_graphql_argument_that_is_compared() {
    let upstream = upstream();
    let policy = format!(
        "{KEY}[[route]]\npath = '/things/{{id}}'\nowner = '/owner'\n[[route]]\npath = '/graphql'\n\
         objects = [{{ id = 'graphql.thing.id', read = '/things/{{id}}' }}, {{ id = 'graphql.save.input.id', read = '/things/{{id}}' }}]"
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let query = r#""query":"query($i:ID,$f:Upload){thing(id:$i){x} upload(file:$f){x}}""#;
    let save = r#""query":"mutation($in:In){save(input:$in){x}}""#;
    let thing = |variables: &str, map: &str, content: &str| {
        let operations = format!("{{{query},\"variables\":{variables}}}");
        parts(&[("operations", &operations), ("map", map), ("0", content)])
    };
    let saved = |variables: &str, map: &str| {
        let operations = format!("{{{save},\"variables\":{variables}}}");
        parts(&[("operations", &operations), ("map", map), ("0; filename=a.txt", "2")])
    };
    let batch = |map: &str| {
        let operations = format!("[{{{query},\"variables\":{{\"i\":\"mine\",\"f\":null}}}}]");
        parts(&[("operations", &operations), ("map", map), ("0; filename=a.txt", "2")])
    };
    let own = r#"{"i":"mine","f":null}"#;
    let refused = [
        thing(own, r#"{"0":["variables.i"]}"#, "2"),
        thing(r#"{"f":null}"#, r#"{"0":["variables.i"]}"#, "2"),
        thing("null", r#"{"0":["variables.i"]}"#, "2"),
        thing(own, r#"{"0":["variables.f","variables.i"]}"#, "2"),
        thing(own, r#"{"0":["query"]}"#, "{thing(id:2){x}}"),
        thing(own, r#"{"0":["variables"]}"#, r#"{"i":2}"#),
        thing(own, r#"{"0":["variables[i]"]}"#, "2"),
        thing(own, r#"{"0":["0.variables.i"]}"#, "2"),
        thing(own, r#"{"0":"variables.i"}"#, "2"),
        thing(r#""{\"i\":\"mine\"}""#, r#"{"0":["variables.f"]}"#, "2"),
        saved(r#"{"in":{"id":"mine"}}"#, r#"{"0":["variables.in.id"]}"#),
        saved(r#"{"in":{"id":"mine"}}"#, r#"{"0":["variables.in"]}"#),
        batch(r#"{"0":["0.variables.i"]}"#),
        batch(r#"{"0":["variables.f"]}"#),
        parts(&[("operations", &format!("{{{query},\"variables\":{own}}}")), ("map", "{}"), ("map", "{}")]),
        parts(&[
            ("operations", &format!("{{{query},\"variables\":{own}}}")),
            ("Map", r#"{"0":["variables.i"]}"#),
        ]),
    ];
    let passed = [
        thing(own, r#"{"0":["variables.f"]}"#, "hello"),
        thing(own, "{}", "hello"),
        saved(
            r#"{"in":{"id":"mine","file":null,"more":[null,null]}}"#,
            r#"{"0":["variables.in.file","variables.in.more.1"]}"#,
        ),
        batch(r#"{"0":["0.variables.f"]}"#),
    ];
    let refused = refused.into_iter().map(|body| ("/graphql", MULTIPART, body, 400, ""));
    let passed = passed.into_iter().map(|body| ("/graphql", MULTIPART, body, 200, "POST /graphql"));
    all(&gate, &upstream, "POST", &refused.chain(passed).collect::<Vec<_>>());
}

/// Behind an upgrade nobody compares anything.
#[test]
fn a_route_that_compares_what_is_sent_is_not_upgraded() {
    let upstream = upstream();
    let policy = format!(
        "{KEY}[[route]]\npath = '/things/{{id}}'\nowner = '/owner'\n\
         [[route]]\npath = '/graphql'\nobjects = [{{ id = 'graphql.thing.id', read = '/things/{{id}}' }}]\n\
         [[route]]\npath = '/body'\nbind = {{ 'body./user_id' = 'sub' }}\n[[route]]\npath = '/fields'\nfields = ['a']\n\
         [[route]]\npath = '/live/{{user}}'\nbind = {{ 'path.user' = 'sub' }}"
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let ask = |target: &str, connection: &str, protocol: &str| {
        let headers = [("X-API-Key", "bob"), ("Connection", connection), ("Upgrade", protocol)];
        (status(&gate.ask("GET", target, &headers, b"")), upstream.take())
    };
    for (target, setting) in [
        ("/graphql", "`bind` or `objects`"),
        ("/Graphql/", "`bind` or `objects`"),
        ("/body", "`bind` or `objects`"),
        ("/things/mine", "`owner`"),
        ("/fields", "`fields`"),
    ] {
        let (status, seen) = ask(target, "Upgrade", "WebSocket");
        assert_eq!((status, seen.as_str()), (403, ""), "{target}");
        assert!(gate.events.has(&["\"rule\":\"upgrade\"", setting]), "{target}: {:?}", gate.events.all());
    }
    for (target, connection, protocol) in [
        ("/live/bob", "Upgrade", "websocket"),
        ("/elsewhere", "Upgrade", "websocket"),
        ("/graphql?query=%7Bme%7Bx%7D%7D", "keep-alive", "websocket"),
        ("/graphql?query=%7Bme%7Bx%7D%7D", "Upgrade, HTTP2-Settings", "h2c"),
        ("/things/mine", "keep-alive", ""),
    ] {
        let (status, seen) = ask(target, connection, protocol);
        assert!(status == 200 && seen.contains("GET /"), "{target} {protocol}: {status} {seen}");
    }
}

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: { title: things, version: "1" }
paths:
  /open:
    post:
      operationId: open
      requestBody:
        content:
          application/json: { schema: { $ref: "#/components/schemas/Open" } }
          application/x-www-form-urlencoded: { schema: { $ref: "#/components/schemas/Open" } }
      responses: { "200": { description: fine } }
  /refusing:
    post:
      operationId: refusing
      x-doorward: { unknown_properties: refuse, allow_properties: [Name] }
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Open" } } } }
      responses: { "200": { description: fine } }
  /both:
    post:
      operationId: both
      requestBody: { content: { application/json: { schema: { type: object, properties: { id: {}, ID: {} } } } } }
      responses: { "200": { description: fine } }
  /map:
    post:
      operationId: map
      requestBody: { content: { application/json: { schema: { type: object, additionalProperties: { type: integer } } } } }
      responses: { "200": { description: fine } }
  /priced:
    post:
      operationId: priced
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Priced" } } } }
      responses: { "200": { description: fine } }
  /listed:
    post:
      operationId: listed
      parameters: [{ name: limit, in: query, schema: { type: integer } }, { name: tag, in: query, schema: { type: array, items: { type: string } } }]
      responses: { "200": { description: fine } }
  /patched:
    post:
      operationId: patched
      x-doorward: { patch_paths: [/name] }
      requestBody: { content: { application/json-patch+json: {} } }
      responses: { "200": { description: fine } }
components:
  schemas:
    Open:
      type: object
      additionalProperties: true
      properties:
        name: { type: string, maxLength: 5 }
        role: { type: string, readOnly: true }
        inner: { type: object, additionalProperties: { type: string }, properties: { user_id: { type: string } } }
    Priced:
      type: object
      additionalProperties: true
      properties:
        price: { type: integer }
        weight: { type: number }
        Weight: { type: number }
        lines: { type: array, items: { type: object, additionalProperties: true, required: [price], properties: { price: { type: integer } } } }
"##;

#[test]
fn another_spelling_of_a_declared_name_is_no_other_name() {
    let upstream = upstream();
    let (gate, _directory) = with_document("", &[("api.yaml", DOCUMENT)], &upstream);
    let stripped = |target, kind, body: &str, kept| (target, kind, body.to_owned(), 200, kept);
    let cases = [
        stripped("/open", JSON, r#"{"name":"a","Role":"admin"}"#, "\r\n\r\n{\"name\":\"a\"}"),
        stripped("/open", JSON, r#"{"rol\u0065":"admin","NAME":"toolong"}"#, "\r\n\r\n{}"),
        stripped(
            "/open",
            JSON,
            r#"{"inner":{"userId":"a","other":"b"}}"#,
            "\r\n\r\n{\"inner\":{\"other\":\"b\"}}",
        ),
        stripped("/open", FORM, "name=a&Role=admin&colour=red", "\r\n\r\nname=a&colour=red"),
        stripped(
            "/open",
            JSON,
            r#"{"name":"a","colour":"red","roles":1}"#,
            r#"{"name":"a","colour":"red","roles":1}"#,
        ),
        stripped("/refusing", JSON, r#"{"name":"a","Name":"b"}"#, r#""Name":"b""#),
        stripped("/both", JSON, r#"{"id":1,"ID":2}"#, r#"{"id":1,"ID":2}"#),
        stripped("/map", JSON, r#"{"a":1,"A":2,"a_":3}"#, r#"{"a":1,"A":2,"a_":3}"#),
        ("/refusing", JSON, r#"{"name":"a","RoLe":"b"}"#.into(), 422, ""),
        ("/patched", PATCH, r#"[{"op":"replace","path":"/name","PATH":"/role","value":1}]"#.into(), 422, ""),
        ("/patched", PATCH, r#"[{"OP":"replace","PATH":"/role","VALUE":1}]"#.into(), 422, ""),
        ("/patched", PATCH, r#"[{"op":"move","path":"/name","From":"/role"}]"#.into(), 422, ""),
        ("/patched", PATCH, r#"{"op":"replace","path":"/role"}"#.into(), 422, ""),
        stripped(
            "/patched",
            PATCH,
            r#"[{"op":"add","path":"/name","value":{"Path":1},"note":"x"}]"#,
            "\"Path\":1",
        ),
    ];
    all(&gate, &upstream, "POST", &cases);
}

#[test]
fn policies_see_every_spelling_of_what_they_look_at() {
    let upstream = upstream();
    let cedar = "permit (principal, action, resource);\n\
        forbid (principal, action == Action::\"priced\", resource) when { resource has body && resource.body has price && resource.body.price > 100 };\n\
        forbid (principal, action == Action::\"priced\", resource) when { resource has body && resource.body has lines && resource.body.lines.contains({\"price\": 7}) };\n\
        forbid (principal, action == Action::\"listed\", resource) when { resource.query has limit && resource.query.limit > 100 };";
    for policy in [
        "[doors]\nschema = 'observe'\n",
        "[schema]\nunknown_properties = 'allow'\nunknown_parameters = 'allow'\n",
    ] {
        let policy = format!("{policy}[cedar]\npolicies = ['p.cedar']");
        let files = [("api.yaml", DOCUMENT), ("p.cedar", cedar)];
        let (gate, _directory) = with_document(&policy, &files, &upstream);
        let priced = |body: &str, status| ("/priced", JSON, body.to_owned(), status, "");
        let mut cases = vec![
            priced(r#"{"price":5,"colour":"red","weight":1.5,"Weight":2}"#, 200),
            priced(r#"{"lines":[{"price":5,"colour":"red"}]}"#, 200),
            priced(r#"{"price":500}"#, 403),
            priced(r#"{"Price":500}"#, 403),
            priced(r#"{"price":5,"PRICE":500}"#, 403),
            priced(r#"{"pr\u0069ce":500}"#, 403),
            priced(r#"{"lines":[{"price":5,"Price":7}]}"#, 403),
        ];
        let listed = |target, status| (target, JSON, String::new(), status, "");
        cases.extend([
            listed("/listed?limit=5&tag=a&tag=b&other=1", 200),
            listed("/listed?limit=500", 403),
            listed("/listed?LIMIT=500", 403),
            listed("/listed?limit[]=500", 403),
        ]);
        // A schema that is enforced refuses a parameter that stands twice.
        let twice = if policy.starts_with("[doors]") { 403 } else { 400 };
        cases.push(listed("/listed?limit=500&limit=5", twice));
        cases.push(listed("/listed?limit=5&limit=500", twice));
        all(&gate, &upstream, "POST", &cases);
    }
}

#[test]
fn a_patch_changes_what_is_listed_without_a_document() {
    let upstream = upstream();
    let policy = format!(
        "{KEY}[[route]]\npath = '/p'\npatch_paths = ['/name', '/tags/*']\n\
         [[route]]\npath = '/q'\npatch_paths = ['/name']\nfields = ['name']"
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let case = |target, kind, body: &str, status, seen| (target, kind, body.to_owned(), status, seen);
    let cases = [
        case("/p", PATCH, r#"[{"op":"replace","path":"/role","value":1}]"#, 422, ""),
        case("/p", PATCH, r#"[{"op":"replace","path":"","value":{"role":1}}]"#, 422, ""),
        case("/p", PATCH, r#"[{"op":"move","from":"/role","path":"/name"}]"#, 422, ""),
        case("/p", PATCH, r#"[{"op":"replace","path":"/name","Path":"/role"}]"#, 422, ""),
        case("/p", PATCH, r#"{"op":"replace","path":"/role","value":1}"#, 422, ""),
        case("/p", PATCH, r#"[[{"op":"replace","path":"/role","value":1}]]"#, 422, ""),
        case("/p", JSON, r#"[{"op":"replace","path":"/role","value":1}]"#, 422, ""),
        case("/p", "text/plain", r#"[{"OP":"replace","PATH":"/role","value":1}]"#, 422, ""),
        case("/p", FORM, r#"[{"op":"replace","path":"/role","value":1}]"#, 422, ""),
        case("/p", PATCH, r#"[{"op":"add","path":"/tags/-","value":1}]"#, 200, "/tags/-"),
        case("/p", PATCH, "[]", 200, "[]"),
        case("/p", JSON, r#"{"role":1}"#, 200, "role"),
        case("/p", JSON, r#"[{"path":"/role"}]"#, 200, "role"),
        case("/q", PATCH, r#"[{"op":"replace","path":"/name","value":1}]"#, 200, r#""path":"/name""#),
        case("/q", PATCH, r#"[{"op":"replace","path":"/role","value":1}]"#, 422, ""),
        case("/q", JSON, r#"{"name":1,"role":2}"#, 200, "\r\n\r\n{\"name\":1}"),
    ];
    all(&gate, &upstream, "PATCH", &cases);
}

#[test]
fn one_item_in_the_place_of_a_list_and_json_in_a_part_are_compared() {
    let upstream = upstream();
    let policy = format!(
        "{KEY}[[route]]\npath = '/things/{{id}}'\nowner = '/owner'\n\
         [[route]]\npath = '/ids'\nobjects = [{{ id = 'body./ids/*', read = '/things/{{id}}' }}]\n\
         [[route]]\npath = '/items'\nbind = {{ 'body./items/*/user_id' = 'sub' }}\n\
         [[route]]\npath = '/order'\nbind = {{ 'body./order/user_id' = 'sub' }}"
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let case = |target, kind, body: &str, status| (target, kind, body.to_owned(), status, "");
    let part = |disposition: &str, content: &str, status| {
        ("/order", MULTIPART, parts(&[("note", "[draft]"), (disposition, content)]), status, "")
    };
    let typed = "order; filename=o.json\r\nContent-Type: application/json";
    let (own, foreign) = (r#"{"user_id":"bob"}"#, r#"{"user_id":"alice"}"#);
    let cases = [
        case("/ids", JSON, r#"{"ids":["mine"]}"#, 200),
        case("/ids", JSON, r#"{"ids":"mine"}"#, 200),
        case("/ids", JSON, r#"{"ids":null}"#, 200),
        case("/ids", JSON, r#"{"ids":{"0":"mine"}}"#, 200),
        case("/ids", JSON, r#"{"ids":2}"#, 404),
        case("/ids", JSON, r#"{"ids":"mine,2"}"#, 404),
        case("/ids", JSON, r#"{"ids":{"0":2}}"#, 404),
        case("/ids", JSON, r#"{"ids":true}"#, 400),
        case("/items", JSON, r#"{"items":[{"user_id":"bob"}]}"#, 200),
        case("/items", JSON, r#"{"items":{"user_id":"bob","note":"alice"}}"#, 200),
        case("/items", JSON, r#"{"items":{"user_id":"alice"}}"#, 404),
        case("/items", JSON, r#"{"items":[[{"user_id":"alice"}]]}"#, 404),
        case("/order", JSON, r#"{"order":{"user_id":"bob"}}"#, 200),
        case("/order", JSON, r#"{"order":[{"user_id":"alice"}]}"#, 404),
        case("/order", FORM, "order[user_id]=bob&order[note]=[draft]", 200),
        case("/order", FORM, r#"order={"user_id":"alice"}"#, 404),
        part(typed, own, 200),
        part(typed, foreign, 404),
        part("order; filename=o.json", foreign, 404),
        part("order; filename=o.txt\r\nContent-Type: text/plain", foreign, 404),
        part("order", foreign, 404),
        part("order", own, 200),
        part("other; filename=o.json", foreign, 200),
    ];
    all(&gate, &upstream, "POST", &cases);
}

/// A stream that is no file could be a form, whose field `_method` nobody sees.
#[test]
fn a_streamed_body_has_the_declared_type() {
    const UPLOAD: &str = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {/up: {post: {x-doorward: {body: stream},\
        requestBody: {content: {application/octet-stream: {}}}, responses: {'200': {description: a}}}}}";
    let upstream = upstream();
    let (gate, _directory) = with_document("", &[("api.yaml", UPLOAD)], &upstream);
    let case = |kind, status, seen| ("/up", kind, "_method=DELETE".to_owned(), status, seen);
    let cases = [case("application/octet-stream", 200, "_method"), case(FORM, 415, ""), case(JSON, 415, "")];
    all(&gate, &upstream, "POST", &cases);
}

#[test]
fn a_body_is_grpc_where_the_document_says_so() {
    const SERVICE: &str = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {\
        /act: {post: {responses: {'200': {description: a}}}},\
        /call: {post: {requestBody: {content: {application/grpc: {}}}, responses: {'200': {description: a}}}}}";
    let upstream = upstream();
    // A gateway that lets everything pass speaks HTTP/2 in front of it.
    let behind =
        Running::start("[doors]\nprotocol = 'off'\ninjection = 'off'\nrate = 'off'", &[upstream.url()]);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), SERVICE).unwrap();
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, "[gateway]\nopenapi = 'api.yaml'").unwrap();
    let gate = Running::from_file(&file, &[format!("h2c://{}", behind.address)]);
    for (path, arrives) in [("/act", false), ("/call", true)] {
        let mut client = Http2::connect(gate.address, 65_535);
        let headers = [("content-type", "application/grpc"), ("te", "trailers")];
        let stream = client.request("POST", path, &headers);
        client.data(stream, b"\0\0\0\0\x0a{\"role\":1}", true);
        assert!(client.answer(stream).1.is_ok(), "{path}");
        let seen = upstream.take();
        assert!(seen.contains("POST ") && seen.contains("role") == arrives, "{path}: {seen}");
    }
}
