use http::Method;
use serde_json::{Value, json};

use super::*;

const SHOP: &str = r##"
openapi: 3.0.3
info: { title: shop, version: "1" }
servers: [ { url: https://shop.example/api } ]
security: [ { bearer: [] } ]
paths:
  /users/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }
    get:
      operationId: getUser
      parameters:
        - { name: tag, in: query, schema: { type: array, items: { type: string, maxLength: 5 } } }
        - { name: deep, in: query, style: deepObject, explode: true, schema: { type: object } }
      responses:
        "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/User" } } } }
    patch:
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/User" } } }
      responses: { "2XX": { description: ok } }
  /login:
    post:
      security: []
      responses: { default: { description: any } }
components:
  schemas:
    User:
      type: object
      required: [id, name]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, nullable: true }
        password: { type: string, writeOnly: true }
        friends: { type: array, items: { $ref: "#/components/schemas/User" } }
        labels: { type: object, additionalProperties: { type: string } }
        free: { type: object }
"##;

fn shop() -> Document {
    Document::parse(&Source::new("shop.yaml", SHOP), None).unwrap()
}

fn operation<'d>(document: &'d Document, method: Method, path: &str) -> &'d Operation {
    match document.find(&method, path) {
        Found::Operation(operation, ..) => operation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn operations_are_found_under_the_base_path() {
    let d = shop();
    assert_eq!(&*operation(&d, Method::GET, "/api/users/7").id, "getUser");
    assert_eq!(&*operation(&d, Method::HEAD, "/api/users/7").id, "getUser");
    assert!(matches!(d.find(&Method::DELETE, "/api/users/7"), Found::Method(allowed) if allowed.len() == 2));
    assert!(matches!(d.find(&Method::GET, "/users/7"), Found::Nothing));
    assert!(operation(&d, Method::GET, "/api/users/7").security.is_needed());
    assert!(!operation(&d, Method::POST, "/api/login").security.is_needed());
}

#[test]
fn parameters_are_typed() {
    let d = shop();
    let get = operation(&d, Method::GET, "/api/users/7");
    let id = get.parameters.iter().find(|p| &*p.name == "id").unwrap();
    let one = |text| [("id", text)];
    assert!(id.check(&one("7")).is_ok());
    for bad in ["0", "1 OR 1=1", "7.0", "+7", "", "٧"] {
        assert!(id.check(&one(bad)).is_err(), "{bad}");
    }
    assert_eq!(id.check(&[("id", "7"), ("id", "8")]), Err(ParameterError::Repeated));
    assert_eq!(id.check(&[]), Err(ParameterError::Missing));
    let tag = get.parameters.iter().find(|p| &*p.name == "tag").unwrap();
    assert!(tag.check(&[("tag", "a"), ("tag", "b")]).is_ok());
    assert!(tag.check(&[("tag", "a"), ("tag", "toolong")]).is_err());
    let deep = get.parameters.iter().find(|p| &*p.name == "deep").unwrap();
    assert!(deep.owns("deep[key]") && !deep.owns("deeper"));
}

#[test]
fn only_declared_and_writable_properties_remain() {
    let d = shop();
    let body = operation(&d, Method::PATCH, "/api/users/7").body.as_ref().unwrap();
    let media = MediaType::select(&body.content, "application/json").unwrap();
    let mut value = json!({
        "id": 1, "name": "x", "role": "admin", "labels": {"a": "b"}, "free": {"any": 1},
        "friends": [{"name": "y", "is_admin": true, "friends": [{"id": 2, "name": "z"}]}]
    });
    let removed = d.shapes.strip(media.shape.unwrap(), &mut value, Direction::Request, &[]);
    assert_eq!(removed, ["/id", "/role", "/friends/0/is_admin", "/friends/0/friends/0/id"]);
    assert!(
        media.errors(&value, 10).is_empty(),
        "readOnly properties are not required of a request: {:?}",
        media.errors(&value, 10)
    );
    assert_eq!(media.errors(&json!({"name": 7}), 10).len(), 1);
    assert!(media.errors(&json!({"name": null}), 10).is_empty());
}

#[test]
fn what_is_write_only_does_not_leave() {
    let d = shop();
    let get = operation(&d, Method::GET, "/api/users/7");
    let media = MediaType::select(&get.response(200).unwrap().content, "application/json").unwrap();
    let mut value = json!({"id": 1, "name": "x", "password": "p", "ssn": "s"});
    assert_eq!(
        d.shapes.strip(media.shape.unwrap(), &mut value, Direction::Response, &[]),
        ["/password", "/ssn"]
    );
}

#[test]
fn errors_do_not_echo_values() {
    let d = shop();
    let body = operation(&d, Method::PATCH, "/api/users/7").body.as_ref().unwrap();
    let errors = body.content[0].errors(&json!({"name": {"s3cret": 1}}), 10);
    assert!(!errors.is_empty() && !format!("{errors:?}").contains("s3cret"), "{errors:?}");
}

#[test]
fn broken_documents_say_where() {
    for (text, expected) in [
        ("openapi: 2.0\npaths: {}", "openapi"),
        ("{ \"openapi\": \"3.0.0\", ", "JSON"),
        ("openapi: [", "YAML"),
        ("openapi: 3.1.0", "paths"),
        (
            "openapi: 3.1.0\npaths: { /a: { get: { parameters: [ { $ref: 'other.yaml#/p' } ] } } }",
            "leaves the document",
        ),
        ("openapi: 3.1.0\npaths: { 'a': { get: { responses: {} } } }", "begin with"),
    ] {
        let problem = Document::parse(&Source::new("broken", text), None).unwrap_err();
        assert!(problem.to_string().contains(expected), "{problem}");
    }
}

#[test]
fn every_style_is_read() {
    let fits = |location: &str, style: &str, explode: bool, schema: &str, texts: &[(&str, &str)]| {
        let text = format!(
            "openapi: 3.1.0\npaths: {{ /a: {{ get: {{ responses: {{}}, parameters: [ {{ name: p, in: {location}, style: {style}, explode: {explode}, schema: {schema} }} ] }} }} }}"
        );
        let document = Document::parse(&Source::new("styles", text), None).unwrap();
        let parameter = &operation(&document, Method::GET, "/a").parameters[0];
        let owned = parameter.location != Location::Query || texts.iter().all(|(n, _)| parameter.owns(n));
        owned && parameter.check(texts).is_ok()
    };
    let numbers = "{ type: array, items: { type: integer } }";
    let point = "{ type: object, required: [x, y], additionalProperties: false, properties: { x: { type: integer }, y: { type: integer } } }";
    for (location, style, explode, schema, good, bad) in [
        ("query", "form", true, numbers, &[("p", "1"), ("p", "2")][..], &[("p", "1,2")][..]),
        ("query", "form", false, numbers, &[("p", "1,2")], &[("p", "1|2")]),
        ("query", "spaceDelimited", false, numbers, &[("p", "1 2")], &[("p", "1,2")]),
        ("query", "pipeDelimited", false, numbers, &[("p", "1|2")], &[("p", "1|b")]),
        (
            "query",
            "deepObject",
            true,
            point,
            &[("p[x]", "1"), ("p[y]", "2")],
            &[("p[x]", "1"), ("p[z]", "2")],
        ),
        ("query", "form", true, point, &[("x", "1"), ("y", "2")], &[("x", "1"), ("y", "b")]),
        ("query", "form", false, point, &[("p", "x,1,y,2")], &[("p", "x,1,y")]),
        ("path", "simple", false, numbers, &[("p", "1,2")], &[("p", "1.2")]),
        ("path", "label", true, numbers, &[("p", ".1.2")], &[("p", "1.2")]),
        ("path", "label", false, point, &[("p", ".x,1,y,2")], &[("p", ".x=1,y=2")]),
        ("path", "matrix", true, numbers, &[("p", ";p=1;p=2")], &[("p", ";q=1")]),
        ("path", "matrix", true, point, &[("p", ";x=1;y=2")], &[("p", ";x=1;z=2")]),
        ("path", "matrix", false, numbers, &[("p", ";p=1,2")], &[("p", "1,2")]),
        ("header", "simple", true, point, &[("p", "x=1,y=2")], &[("p", "x=1")]),
        ("header", "simple", false, numbers, &[("p", "1, 2")], &[("p", "1; 2")]),
        (
            "query",
            "form",
            true,
            "{ oneOf: [ { type: integer }, { enum: [all] } ] }",
            &[("p", "7")],
            &[("p", "b")],
        ),
    ] {
        assert!(fits(location, style, explode, schema, good), "{location} {style} {explode}: {good:?}");
        assert!(!fits(location, style, explode, schema, bad), "{location} {style} {explode}: {bad:?}");
    }
}

#[test]
fn operations_know_their_path_and_their_server() {
    let text = SHOP.replacen(
        "servers:",
        "servers: [ { url: /v1 }, { url: \"/{v}\", variables: { v: { default: v2 } } } ]\nx-servers:",
        1,
    );
    let d = Document::parse(&Source::new("shop.yaml", text), None).unwrap();
    let paths: Vec<_> = d.servers().iter().map(|s| (&*s.base_path, &*s.default_path)).collect();
    assert_eq!(paths, [("/v1", "/v1"), ("/{v}", "/v2")]);
    let found: Vec<_> = d.operations().map(|(at, _, op)| (at.as_str(), &*op.base_path, &*op.path)).collect();
    assert_eq!(found.len(), 6);
    assert_eq!(found[0], ("/v1/users/{id}", "/v1", "/users/{id}"));
    assert!(found.iter().all(|(template, base, path)| format!("{base}{path}") == *template), "{found:?}");
}

#[test]
fn a_shared_schema_is_compiled_once_for_each_direction() {
    let text = SHOP.replacen("security:", "x-none:", 1);
    let d = Document::parse(&Source::new("shop.yaml", text), None).unwrap();
    let body = &operation(&d, Method::PATCH, "/api/users/7").body.as_ref().unwrap().content[0];
    let shown = &operation(&d, Method::GET, "/api/users/7").responses[0].content[0];
    assert_eq!(
        body.schema.as_deref(),
        Some("/paths/~1users~1{id}/patch/requestBody/content/application~1json/schema")
    );
    // One is required to have an `id`, the other may not have one.
    let nameless = json!({ "name": "x" });
    assert!(body.errors(&nameless, 1).is_empty() && !shown.errors(&nameless, 1).is_empty());
    assert_eq!(d.schema(body.schema.as_deref().unwrap()).properties().len(), 6);
    let same = d.operations().flat_map(|(.., op)| op.responses.iter().flat_map(|r| &r.content));
    assert!(
        same.filter_map(|m| m.validator.as_ref())
            .all(|v| std::sync::Arc::ptr_eq(v, shown.validator.as_ref().unwrap()))
    );
}

#[test]
fn paths_with_any_character_are_read() {
    for path in ["/token#refresh", "/a b", "/a%20b", "/{id}:cancel", "/a[0]|^`\\\"<>", "/größe"] {
        let schema = json!({ "content": { "application/json": { "schema": { "type": "integer" } } } });
        let text = json!({ "openapi": "3.1.0", "paths": { path: { "post": { "requestBody": schema } } } });
        let d = Document::parse(&Source::new("paths.json", text.to_string()), None).unwrap();
        let (_, _, operation) = d.operations().next().unwrap();
        let media = &operation.body.as_ref().unwrap().content[0];
        assert_eq!((media.errors(&json!(7), 9).len(), media.errors(&json!("7"), 9).len()), (0, 1), "{path}");
    }
}

#[test]
fn json_is_selected_by_how_it_is_written() {
    for (ranges, selected) in [
        (&["text/csv", "application/json; charset=utf-8"][..], Some("application/json")),
        (&["application/problem+json", "application/json"], Some("application/json")),
        (&["*/*", "application/vnd.shop+json"], Some("application/vnd.shop+json")),
        (&["*/*", "application/*"], Some("application/*")),
        (&["text/html"], None),
        (&[], None),
    ] {
        let content: serde_json::Map<String, Value> =
            ranges.iter().map(|range| ((*range).to_owned(), json!({ "schema": {} }))).collect();
        let text = json!({ "openapi": "3.1.0", "paths": { "/a": { "post": { "requestBody": { "content": content } } } } });
        let d = Document::parse(&Source::new("ranges.json", text.to_string()), None).unwrap();
        let (_, _, operation) = d.operations().next().unwrap();
        let found = MediaType::json(&operation.body.as_ref().unwrap().content);
        assert_eq!(found.map(|media| &*media.range), selected, "{ranges:?}");
    }
}

#[test]
fn references_into_paths_are_followed_however_they_are_written() {
    for reference in [
        "#/paths/~1users~1{id}/x-user",
        "#/paths/~1users~1%7Bid%7D/x-user",
        "#/paths/%7e1users~1%7bid%7D/x%2Duser",
    ] {
        let body = json!({ "content": { "application/json": { "schema": { "$ref": reference } } } });
        let text = json!({ "openapi": "3.1.0", "paths": { "/users/{id}": {
            "x-user": { "type": "object", "properties": { "name": { "type": "string" }, "friend": { "$ref": reference } } },
            "put": { "requestBody": body },
        } } });
        let d = Document::parse(&Source::new("paths.json", text.to_string()), None).unwrap();
        let media = &operation(&d, Method::PUT, "/users/7").body.as_ref().unwrap().content[0];
        assert_eq!(media.errors(&json!({ "friend": { "name": 7 } }), 9).len(), 1, "{reference}");
        let mut value = json!({ "name": "x", "friend": { "role": "admin" } });
        let removed = d.shapes.strip(media.shape.unwrap(), &mut value, Direction::Request, &[]);
        assert_eq!(removed, ["/friend/role"], "{reference}");
        assert_eq!(d.schema(media.schema.as_deref().unwrap()).properties().len(), 2, "{reference}");
    }
}

#[test]
fn an_object_and_a_list_of_them_are_held_to_the_same_shape() {
    let document = r##"
openapi: 3.1.0
paths:
  /one: { get: { responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/One" } } } } } } }
  /many: { get: { responses: { "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/One" } } } } } } } }
components:
  schemas:
    One: { type: object, properties: { id: {}, note: { type: [string, 'null'] }, either: { oneOf: [{ type: string }, { type: object }] }, tags: { type: array, items: { type: object, properties: { name: {} } } } } }
"##;
    let document = Document::parse(&Source::new("api.yaml", document), None).unwrap();
    for (path, value, unknown) in [
        ("/one", json!({ "id": 1, "secret": 2 }), &["/secret"][..]),
        ("/one", json!([{ "id": 1, "secret": 2 }]), &["/0/secret"]),
        ("/one", json!([[{ "id": 1, "secret": 2 }]]), &["/0/0/secret"]),
        ("/many", json!([{ "id": 1, "secret": 2 }]), &["/0/secret"]),
        ("/many", json!({ "id": 1, "secret": 2 }), &["/secret"]),
        ("/one", json!({ "tags": { "name": 1, "secret": 2 } }), &["/tags/secret"]),
        ("/one", json!({ "note": { "secret": 2 } }), &["/note/secret"]),
        ("/one", json!({ "note": [{ "secret": 2 }] }), &["/note/0/secret"]),
        ("/one", json!({ "either": { "x": 2 }, "id": { "x": 1 }, "note": null }), &[]),
        ("/one", json!({ "id": [1, 2], "tags": [{ "name": 1 }] }), &[]),
    ] {
        let operation = operation(&document, Method::GET, path);
        let shape = operation.responses[0].content[0].shape.unwrap();
        assert_eq!(
            document.shapes.unknown(shape, &value, Direction::Response, &[]),
            unknown,
            "{path} {value}"
        );
    }
}

#[test]
fn recursive_alternatives_cost_in_proportion_to_the_value() {
    let document = r##"
openapi: 3.1.0
paths:
  /filters: { post: { requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Filter" } } } } } }
components:
  schemas:
    Filter: { oneOf: [{ $ref: "#/components/schemas/And" }, { $ref: "#/components/schemas/Not" }, { $ref: "#/components/schemas/Leaf" }] }
    And: { type: object, required: [op, left], properties: { op: { const: and }, left: { $ref: "#/components/schemas/Filter" }, right: { $ref: "#/components/schemas/Filter" } } }
    Not: { type: object, required: [op, left], properties: { op: { const: not }, left: { $ref: "#/components/schemas/Filter" } } }
    Leaf: { type: object, required: [field], properties: { field: { type: string }, any: { anyOf: [{ type: array, items: { $ref: "#/components/schemas/Leaf" } }, { $ref: "#/components/schemas/Leaf" }] } } }
"##;
    let document = Document::parse(&Source::new("api.yaml", document), None).unwrap();
    let media = &operation(&document, Method::POST, "/filters").body.as_ref().unwrap().content[0];
    let nested = |depth: usize, leaf: &Value| {
        (0..depth).fold(leaf.clone(), |inner, _| json!({ "op": "not", "left": inner }))
    };
    for (leaf, unknown, is_valid) in [
        (json!({ "field": "a" }), 0, true),
        (json!({ "field": "a", "secret": 1 }), 1, true),
        (json!({ "field": 7 }), 0, false),
    ] {
        // If the work doubled at each level, it would not end.
        for (depth, is_valid) in [(0, is_valid), (12, is_valid), (60, false)] {
            let value = nested(depth, &leaf);
            let found = document.shapes.unknown(media.shape.unwrap(), &value, Direction::Request, &[]);
            assert_eq!(found.len(), unknown, "{depth} {leaf}");
            let errors = media.errors(&value, 9);
            assert_eq!(errors.is_empty(), is_valid, "{depth} {leaf}: {errors:?}");
            assert_eq!(errors.iter().any(|(_, why)| why.contains("nested too deeply")), depth == 60);
            // Deep down, it is not said where: the errors of all alternatives of all levels would be kept for that.
            assert_eq!(
                errors.iter().any(|(_, why)| why.contains("fits none")),
                depth == 12 && !is_valid,
                "{errors:?}"
            );
        }
    }
}
