use openapi::Source;
use serde_json::json;

use super::*;

fn surface(document: &str) -> Surface {
    Surface::of(&Document::parse(&Source::new("api.yaml", document), None).unwrap())
}

/// One operation, with what stands beside it in the document.
fn one(operation: Value) -> Endpoint {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "a", "version": "1" },
        "paths": { "/things": { "post": operation } },
        "components": {
            "parameters": { "Q": { "name": "q", "in": "query", "schema": { "$ref": "#/components/schemas/Text" } } },
            "schemas": {
                "Text": { "type": "string" },
                "Circle": { "$ref": "#/components/schemas/Circle" },
                "Order": { "allOf": [{ "$ref": "#/components/schemas/Thing" }, { "type": "object", "properties": {
                    "note": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                    "owner": { "$ref": "#/components/schemas/Thing" },
                    "related": { "type": "array", "items": { "$ref": "#/components/schemas/Order" } },
                } }] },
                "Thing": { "type": "object", "properties": {
                    "id": { "type": "integer", "readOnly": true },
                    "name": { "$ref": "#/components/schemas/Text" },
                    "mail": { "type": "string", "format": "email" },
                } },
            },
        },
    });
    let surface = surface(&document.to_string());
    let [endpoint] = &surface.endpoints[..] else { panic!("{surface:?}") };
    endpoint.clone()
}

const OK: fn() -> Value = || json!({ "200": { "description": "fine" } });

fn paths(document: &str) -> Surface {
    let paths = openapi::read_value(&Source::new("paths.yaml", document)).unwrap();
    let document = json!({ "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "paths": paths });
    surface(&document.to_string())
}

#[test]
fn an_operation_stands_once_at_the_first_of_the_servers() {
    for (servers, base_path) in [
        (json!([]), ""),
        (json!([{ "url": "/" }]), ""),
        (json!([{ "url": "https://shop.example/v1/" }]), "/v1"),
        (json!([{ "url": "/v2" }, { "url": "/v1" }]), "/v2"),
        (json!([{ "url": "/{v}", "variables": { "v": { "default": "v3" } } }, { "url": "/{w}" }]), "/v3"),
    ] {
        let operation = json!({ "responses": OK() });
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "servers": servers,
            "paths": { "/things": { "post": operation, "get": operation }, "/a": { "get": operation } },
        });
        let surface = surface(&document.to_string());
        let found: Vec<_> = surface.endpoints.iter().map(|e| format!("{} {}", e.method, e.path)).collect();
        assert_eq!(found, ["GET /things", "POST /things", "GET /a"], "{document}");
        assert_eq!(surface.base_path, base_path, "{document}");
    }
}

#[test]
fn parameters_of_the_path_are_those_of_its_operations() {
    let own = "get: { parameters: [{ name: q, in: query, schema: { type: integer } }], responses: {} }";
    let of_path = "parameters: [{ name: q, in: query, schema: { type: string } }, { name: ids, in: query, schema: { type: array } }]";
    let surface = paths(&format!("/a: {{ {of_path}, {own}, delete: {{ responses: {{}} }} }}"));
    let found: Vec<_> = surface.endpoints.iter().map(|e| (e.query.len(), e.lists.len())).collect();
    assert_eq!(found, [(0, 1), (1, 1)]);
}

#[test]
fn json_is_found_under_its_media_types() {
    let thing = || json!({ "schema": { "$ref": "#/components/schemas/Thing" } });
    for (range, sent_as) in [
        ("application/json", Some("application/json")),
        ("application/json; charset=utf-8", Some("application/json")),
        ("Application/JSON", Some("Application/JSON")),
        ("application/vnd.shop.v1+json", Some("application/vnd.shop.v1+json")),
        ("application/*", Some("application/json")),
        ("*/*", Some("application/json")),
        ("application/xml", None),
        ("text/plain", None),
    ] {
        let content = json!({ "content": { "text/csv": {}, range: thing() } });
        let endpoint = one(json!({ "requestBody": content, "responses": { "2XX": content } }));
        let sent = match &endpoint.body {
            RequestBody::Json { media_type, .. } => Some(media_type.as_str()),
            _ => None,
        };
        assert_eq!(sent, sent_as, "{range}");
        assert_eq!(endpoint.response.is_empty(), sent_as.is_none(), "{range}");
        let written = endpoint.request(&json!({})).body.unwrap().media_type;
        assert_eq!(written, sent_as.unwrap_or("application/json"), "{range}");
    }
}

#[test]
fn all_of_is_one_object_and_circles_end() {
    let content = json!({ "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Order" } } } });
    let endpoint = one(json!({ "requestBody": content, "responses": { "200": content } }));
    assert_eq!(endpoint.texts(), ["name", "note"]);
    assert_eq!(endpoint.response, ["id", "name", "mail", "note", "owner", "related"]);
    let inside: Vec<_> = endpoint
        .body
        .properties()
        .iter()
        .flat_map(|p| p.read_only_inside.iter().map(|i| (&*p.name, &**i)))
        .collect();
    assert_eq!(inside, [("owner", "id")]);
    let circle = json!({ "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Circle" } } } });
    assert_eq!(one(json!({ "requestBody": circle, "responses": OK() })).example(), json!({}));
}

#[test]
fn bodies_and_responses_are_shared() {
    let document = json!({
        "openapi": "3.0.3", "info": { "title": "a", "version": "1" },
        "paths": {
            "/a": { "post": {
                "requestBody": { "$ref": "#/components/requestBodies/A" },
                "responses": { "201": { "$ref": "#/components/responses/B" } } } },
            "/b": { "$ref": "#/x-paths/b" },
        },
        "x-paths": { "b": { "get": { "responses": { "200": { "$ref": "#/components/responses/Page" } } } } },
        "components": {
            "requestBodies": { "A": { "$ref": "#/components/requestBodies/B" }, "B": { "content": { "application/json": {
                "schema": { "type": "object", "properties": { "note": { "type": "string", "nullable": true } } } } } } },
            "responses": {
                "B": { "description": "made", "content": { "application/json": { "schema": {
                    "type": "array", "items": { "type": "object", "properties": { "id": { "type": "integer" } } } } } } },
                "Page": { "description": "a page", "content": { "text/html; charset=utf-8": {} } },
            },
        },
    });
    let surface = surface(&document.to_string());
    let [write, page] = &surface.endpoints[..] else { panic!("{surface:?}") };
    assert_eq!((write.texts(), write.response.as_slice()), (vec!["note"], &["id".to_owned()][..]));
    assert!(page.html && !write.html);
}

#[test]
fn query_parameters_are_text_or_lists_through_references() {
    for (schema, query, lists) in [
        (json!({ "type": "string" }), &["q"][..], &[][..]),
        (json!({ "type": ["string", "null"] }), &["q"], &[]),
        (json!({ "$ref": "#/components/schemas/Text" }), &["q"], &[]),
        (json!({ "type": "array", "items": { "type": "integer" } }), &[], &["q"]),
        (json!({ "type": "integer" }), &[], &[]),
        (json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }), &["q"], &[]),
        (json!({ "allOf": [{ "$ref": "#/components/schemas/Text" }], "description": "a" }), &["q"], &[]),
        (json!({ "$ref": "#/components/schemas/Circle" }), &[], &[]),
        (json!({}), &[], &[]),
    ] {
        let parameter = json!({ "name": "q", "in": "query", "schema": schema });
        let endpoint = one(json!({ "parameters": [parameter], "responses": OK() }));
        assert_eq!((endpoint.query, endpoint.lists), (owned(query), owned(lists)), "{schema}");
    }
    let reference = json!({ "$ref": "#/components/parameters/Q" });
    assert_eq!(one(json!({ "parameters": [reference], "responses": OK() })).query, ["q"]);
    let header = json!({ "name": "q", "in": "header", "schema": { "type": "string" } });
    assert!(one(json!({ "parameters": [header], "responses": OK() })).query.is_empty());
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn examples_fill_what_may_be_written() {
    for (schema, value) in [
        (json!({ "type": "string" }), json!("ordinary")),
        (json!({ "type": "string", "example": "given" }), json!("given")),
        (json!({ "type": "string", "default": "usual" }), json!("usual")),
        (json!({ "type": "string", "enum": ["a", "b"] }), json!("a")),
        (json!({ "type": "string", "format": "date" }), json!("2026-01-31")),
        (json!({ "type": "integer" }), json!(1)),
        (json!({ "type": "integer", "minimum": 5 }), json!(5)),
        (json!({ "type": "boolean" }), json!(true)),
        (json!({ "type": "array", "items": {} }), json!([])),
        (json!({ "type": ["null", "integer"], "minimum": 2 }), json!(2)),
        (json!({ "type": "string", "examples": ["one", "two"] }), json!("one")),
        (json!({ "type": ["string", "null"], "enum": [null, "a"] }), json!("a")),
        (json!({ "const": "only" }), json!("only")),
        (
            json!({ "anyOf": [{ "type": "null" }, { "type": "string", "format": "uuid" }] }),
            json!("123e4567-e89b-42d3-a456-426614174000"),
        ),
        (json!({ "$ref": "#/components/schemas/Order" }), json!({})),
    ] {
        let body = json!({ "type": "object", "properties": {
            "field": schema, "id": { "type": "integer", "readOnly": true } } });
        let content = json!({ "content": { "application/json": { "schema": body } } });
        let endpoint = one(json!({ "requestBody": content, "responses": OK() }));
        assert_eq!(endpoint.example(), json!({ "field": value }), "{schema}");
    }
}

#[test]
fn texts_are_writable_and_have_no_format() {
    let content = json!({ "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Thing" } } } });
    let endpoint = one(json!({ "requestBody": content, "responses": { "201": content } }));
    assert_eq!(endpoint.texts(), ["name"]);
    assert_eq!(endpoint.response, ["id", "name", "mail"]);
    let list = json!({ "content": { "application/json": {
        "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } } } } });
    assert_eq!(one(json!({ "responses": { "200": list } })).response, ["id", "name", "mail"]);
}

#[test]
fn an_upload_has_a_file_and_a_caption() {
    let body = json!({ "type": "object", "properties": {
        "image": { "type": "string", "format": "binary" }, "caption": { "type": "string" } } });
    let content = json!({ "content": { "multipart/form-data": { "schema": body } } });
    let endpoint = one(json!({ "requestBody": content, "responses": OK() }));
    let upload = endpoint.upload("a.txt", b"content", "words").unwrap();
    assert_eq!(upload.media_type, "multipart/form-data; boundary=doorward-boundary-7d1f");
    assert_eq!(
        String::from_utf8_lossy(&upload.bytes),
        "--doorward-boundary-7d1f\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.txt\"\r\n\
         Content-Type: application/octet-stream\r\n\r\ncontent\r\n--doorward-boundary-7d1f\r\n\
         Content-Disposition: form-data; name=\"caption\"\r\n\r\nwords\r\n--doorward-boundary-7d1f--\r\n"
    );
    assert!(one(json!({ "responses": OK() })).upload("a.txt", b"", "").is_none());
}

#[test]
fn an_operation_is_secured_by_itself_or_by_the_document() {
    for (root, own, is_secured) in [
        (json!([{ "token": [] }]), None, true),
        (json!([{ "token": [] }]), Some(json!([])), false),
        (json!([]), Some(json!([{ "token": [] }])), true),
        (json!([]), None, false),
        (json!([{ "token": [] }]), Some(json!([{ "token": [] }, {}])), false),
    ] {
        let operation = match own {
            Some(own) => json!({ "responses": OK(), "security": own }),
            None => json!({ "responses": OK() }),
        };
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "security": root,
            "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
            "paths": { "/a": { "get": operation } },
        });
        let surface = surface(&document.to_string());
        assert_eq!(surface.secured_read().is_some(), is_secured, "{document}");
    }
}

#[test]
fn operations_are_found_by_what_they_are_for() {
    let read = "get: { responses: { '200': { description: fine } } }";
    for (path, is_login) in [
        ("/login", true),
        ("/auth/Sign-In", true),
        ("/api/token", true),
        ("/logins", false),
        ("/login/x", false),
    ] {
        let post = "post: { responses: { '200': { description: fine } } }";
        assert_eq!(paths(&format!("{path}: {{ {post} }}")).login().is_some(), is_login, "{path}");
        assert!(paths(&format!("{path}: {{ {read} }}")).login().is_none(), "{path}");
    }
    let parameters = "parameters: [{ name: id, in: path, required: true, schema: { type: integer } }, { name: user, in: path, required: true, schema: { type: integer } }]";
    for (path, collection) in [
        ("/orders/{id}", Some("/orders")),
        ("/api/v1/orders/{id}", Some("/api/v1/orders")),
        ("/users/{user}/orders/{id}", None),
        ("/orders/{id}/items", None),
        ("/orders", None),
    ] {
        let surface = paths(&format!("{path}: {{ {parameters}, {read} }}"));
        assert_eq!(surface.objects().next().map(|(_, collection)| collection), collection, "{path}");
    }
}
