use base64::Engine;
use http::Method;
use serde_json::json;

use super::*;
use openapi::{Document, Found, Source};

fn observation(
    method: Method,
    path: &str,
    sub: &str,
    request: Option<Value>,
    response: Value,
) -> Observation {
    Observation {
        method,
        path: path.into(),
        request: request.map(|value| ("application/json".into(), value)),
        status: 200,
        response: Some(("application/json".into(), Some(response))),
        claims: json!({ "sub": sub }).as_object().cloned().unwrap(),
        ..Observation::default()
    }
}

fn orders() -> Learner {
    let mut learner = Learner::default();
    for i in 0..40 {
        let (user, foreign) = (if i % 2 == 0 { "7" } else { "8" }, i == 5);
        let owner: i64 = if foreign { 9 } else { user.parse().unwrap() };
        let state = if i % 3 == 0 { "open" } else { "sent" };
        let order = json!({ "id": i, "user_id": owner, "state": state, "note": format!("note {i}"), "made": "2026-11-24T10:00:00Z" });
        learner.observe(observation(Method::GET, &format!("/orders/{i}"), user, None, order.clone()));
        let mut list =
            observation(Method::GET, "/orders", user, None, json!({ "items": [order], "total": 1 }));
        list.query.push(("page".into(), "2".into()));
        learner.observe(list);
        learner.observe(observation(
            Method::PUT,
            &format!("/users/{user}"),
            user,
            Some(json!({ "email": "a@b.example" })),
            json!({}),
        ));
    }
    learner.observe(Observation { status: 404, path: "/wp-admin".into(), ..Observation::default() });
    learner
}

#[test]
fn operations_types_and_owners_are_learnt() {
    let (document, guesses) = orders().document();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/orders", "/orders/{orderId}", "/users/{userId}"]);
    let one = &paths["/orders/{orderId}"]["get"];
    assert_eq!(one["parameters"][0]["schema"]["type"], "integer");
    let schema = &one["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["properties"]["state"]["enum"], json!(["open", "sent"]));
    assert_eq!(schema["properties"]["made"]["format"], "date-time");
    assert_eq!(schema["required"].as_array().unwrap().len(), 5);
    assert_eq!(one["security"], json!([{ "token": [] }]));
    assert_eq!(one["x-doorward"], json!({ "owner": "/user_id" }));
    assert_eq!(
        paths["/orders"]["get"]["x-doorward"]["owner"],
        json!({ "field": "/user_id", "list": "/items" })
    );
    assert_eq!(paths["/users/{userId}"]["put"]["x-doorward"], json!({ "bind": { "path.userId": "sub" } }));
    assert!(
        guesses.iter().any(|g| g.contains("39 of 40 objects; today it shows objects of others")),
        "{guesses:?}"
    );
}

#[test]
fn what_is_learnt_is_a_document_that_holds_what_was_seen() {
    let (document, _) = orders().document();
    let read = Document::parse(&Source::new("learnt.json", document.to_string()), None).unwrap();
    let Found::Operation(operation, ..) = read.find(&Method::PUT, "/users/7") else { panic!() };
    let body = &operation.body.as_ref().unwrap().content[0];
    assert!(body.errors(&json!({ "email": "c@d.example" }), 5).is_empty());
    assert_eq!(body.errors(&json!({ "email": 7 }), 5).len(), 1);
}

#[test]
fn what_a_person_wrote_stays() {
    let existing = json!({
        "openapi": "3.1.0", "info": { "title": "mine", "version": "1" },
        "paths": { "/orders/{id}": { "get": { "operationId": "mine", "responses": { "200": { "description": "an order", "content": { "application/json": { "schema": { "type": "object", "properties": { "id": { "type": "integer", "minimum": 1 } } } } } } } } } }
    });
    let (merged, _) = orders().merged(&existing);
    let get = &merged["paths"]["/orders/{id}"]["get"];
    assert_eq!(get["operationId"], "mine");
    let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["properties"]["id"], json!({ "type": "integer", "minimum": 1 }));
    assert!(schema["properties"]["note"].is_object() && schema.get("required").is_none());
    assert!(merged["paths"]["/orders"].is_object() && merged["paths"].get("/orders/{orderId}").is_none());
}

#[test]
fn archives_are_read() {
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"sub":"7"}"#);
    let har = json!({ "log": { "entries": [
        { "request": { "method": "POST", "url": "https://api.example/notes?draft=true", "headers": [{ "name": "Authorization", "value": format!("Bearer e.{claims}.s") }],
            "postData": { "mimeType": "application/json; charset=utf-8", "text": "{\"a\":1}" } },
          "response": { "status": 201, "content": { "mimeType": "application/json", "text": "{\"id\":5}" } } },
        { "request": { "method": "GET", "url": "https://cdn.example/x.js" }, "response": { "status": 200, "content": {} } },
        { "request": {} }
    ] } });
    let read = read_har(&har.to_string(), Some("api.example")).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].path.as_str(), read[0].status), ("/notes", 201));
    assert_eq!(read[0].claims["sub"], "7");
    assert_eq!(read[0].request, Some(("application/json".into(), json!({ "a": 1 }))));
    assert_eq!(read_har("{}", None).unwrap_err(), HarError::NoEntries);
}

#[test]
fn many_words_in_one_place_are_values() {
    let mut learner = Learner::default();
    for i in 0..30u8 {
        let word = format!("word-{}", char::from(b'a' + i % 26).to_string().repeat(usize::from(i) / 26 + 1));
        learner.observe(observation(Method::GET, &format!("/pages/{word}/edit"), "7", None, json!({})));
    }
    let (document, _) = learner.document();
    assert_eq!(document["paths"].as_object().unwrap().keys().collect::<Vec<_>>(), ["/pages/{pageId}/edit"]);
}
