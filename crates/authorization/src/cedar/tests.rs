//! Policies against the schema of a document.

#![allow(clippy::unwrap_used)]

use http::Method;
use serde_json::json;

use super::*;
use crate::visibility::{ObjectFrom, Visibility};

const DOCUMENT: &str = r##"
openapi: 3.1.0
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get:
      operationId: getOrder
      tags: [orders]
      parameters:
        - { name: full, in: query, schema: { type: boolean } }
        - { name: ratio, in: query, schema: { type: number } }
      responses: { "200": { description: One, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
    put:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: {}
components:
  schemas:
    Order:
      type: object
      required: [user_id, note, lines]
      properties:
        user_id: { type: integer }
        note: { type: [string, "null"] }
        secret: { type: string, writeOnly: true }
        total: { type: number }
        "ship-to": { allOf: [{ type: object, required: [city], properties: { city: { type: string } } }] }
        lines: { type: array, items: { type: object, properties: { sku: { oneOf: [{ type: string }, { type: "null" }] } } } }
        parent: { $ref: "#/components/schemas/Order" }
"##;

fn seen(method: &Method, _: &str) -> Visibility<'static> {
    let object = if *method == Method::GET { ObjectFrom::Response(None) } else { ObjectFrom::Nowhere };
    Visibility { body: true, object }
}

fn compile(policies: &str) -> Result<Cedar, Vec<Problem>> {
    let document = Document::parse(&Source::new("api.yaml", DOCUMENT), None).unwrap();
    let claims = [("tenant".to_owned(), ClaimType::Integer)].into();
    Cedar::compile(&document, &claims, &[Source::new("shop.cedar", policies)], &seen)
}

#[test]
fn the_schema_is_that_of_the_document() {
    let document = Document::parse(&Source::new("api.yaml", DOCUMENT), None).unwrap();
    let schema = Cedar::schema_of(&document, &BTreeMap::new(), &seen);
    for line in [
        r#"action "getOrder" in ["method:read", "tag:orders"] appliesTo"#,
        r#"action "PUT /orders/{id}" in ["method:write"] appliesTo { principal: [User], resource: [PutOrdersId]"#,
        r#""path": { "id": Long }, "query": { "full"?: Bool }"#,
        r#""object": { "user_id": Long, "note"?: String, "ship-to"?: { "city": String }, "lines": Set<{ "sku"?: String }> }"#,
    ] {
        assert!(schema.contains(line), "{line}\n{schema}");
    }
    let read = schema.lines().find(|line| line.starts_with("entity GetOrder")).unwrap();
    assert!(!read.contains("secret") && !read.contains("total") && !read.contains("ratio"), "{read}");
    let write = schema.lines().find(|line| line.starts_with("entity PutOrdersId")).unwrap();
    assert!(
        write.contains("\"secret\"") && write.contains("\"body\"?") && !write.contains("\"object\""),
        "{write}"
    );
}

#[test]
fn what_is_wrong_in_a_policy_has_a_place() {
    for (policy, place, words) in [
        ("permit (principal, action, resource)\nwhen {", (2, 7), "unexpected end"),
        ("permit (principal, action == Action::\"getOrdr\", resource);", (1, 30), "getOrdr"),
        (
            "permit (principal, action == Action::\"getOrder\", resource)\n  when { resource.object.usr_id == 7 };",
            (2, 10),
            "usr_id",
        ),
        (
            "permit (principal, action == Action::\"getOrder\", resource)\n  when { resource.object.user_id == \"7\" };",
            (2, 10),
            "type",
        ),
        (
            "permit (principal, action == Action::\"getOrder\", resource)\n  when { principal.tenant == 7 };",
            (2, 10),
            "tenant",
        ),
        ("permit (principal == ?principal, action, resource);", (1, 1), "template"),
    ] {
        let problems = compile(policy).unwrap_err();
        let problem = &problems[0];
        assert!(problem.to_string().contains(words), "{policy}: {problem}");
        assert_eq!(problem.file(), "shop.cedar");
        if words != "template" {
            assert_eq!(problem.position(), Some(place), "{policy}: {problem}");
        }
    }
}

fn ask(cedar: &Cedar, claims: Value, object: Value) -> AuthorizationDecision {
    let claims = claims.as_object().cloned().unwrap();
    let (path, query) = (json!({ "id": 1 }), json!({}));
    cedar.decide(
        "getOrder",
        &AuthorizationRequest {
            requester: Some(Requester { subject: "7", scopes: &[], claims: &claims, role_claim: "role" }),
            client: [10, 0, 0, 1].into(),
            unix_millis: 1_700_000_000_000,
            method: &Method::GET,
            route: "/orders/{id}",
            path: &path,
            query: &query,
            body: None,
            object: Some(&object),
        },
    )
}

#[test]
fn decisions_follow_the_policies_and_fail_closed() {
    let cedar = compile(
        "@id(\"own\") permit (principal, action, resource) when { principal has id && resource has object && resource.object.user_id == principal.id };
         @id(\"locked\") forbid (principal, action == Action::\"getOrder\", resource) when { resource.object.lines.isEmpty() };
         @id(\"office\") permit (principal in Role::\"clerk\", action in Action::\"tag:orders\", resource) when { context.ip.isInRange(ip(\"10.0.0.0/8\")) && context.now > datetime(\"2020-01-01\") };",
    )
    .unwrap();
    assert_eq!(cedar.needs("getOrder"), Needs { body: false, object: true });
    assert_eq!(cedar.needs("PUT /orders/{id}"), Needs { body: false, object: false });
    let order = |user: u32| json!({ "user_id": user, "lines": [{ "sku": "a" }] });
    assert_eq!(ask(&cedar, json!({}), order(7)), AuthorizationDecision::Permitted);
    assert_eq!(ask(&cedar, json!({ "role": "clerk" }), order(8)), AuthorizationDecision::Permitted);
    let denied = |verdict: AuthorizationDecision, words: &str| match verdict {
        AuthorizationDecision::Denied(why) => assert!(why.contains(words), "{why}"),
        AuthorizationDecision::Permitted => unreachable!("{words}"),
    };
    denied(ask(&cedar, json!({ "role": "guest" }), order(8)), "no policy permits getOrder");
    denied(ask(&cedar, json!({}), json!({ "user_id": 7, "lines": [] })), "policy locked forbids");
    // What `locked` would have said cannot be known.
    denied(ask(&cedar, json!({}), json!({ "user_id": 7 })), "could not be evaluated");
    denied(ask(&cedar, json!({}), json!({ "user_id": 7, "lines": "a" })), "could not be evaluated");
    denied(ask(&cedar, json!({}), json!("text")), "could not be evaluated");
    // A whole number with a fraction of zero is one; what is there and of another type is not taken for missing.
    assert_eq!(
        ask(&cedar, json!({}), json!({ "user_id": 7.0, "lines": [{}] })),
        AuthorizationDecision::Permitted
    );
    denied(
        ask(&cedar, json!({ "role": "clerk" }), json!({ "user_id": 7.5, "lines": [{}] })),
        "not as declared",
    );
    denied(
        cedar.decide(
            "elsewhere",
            &AuthorizationRequest {
                requester: None,
                client: [10, 0, 0, 1].into(),
                unix_millis: 0,
                method: &Method::GET,
                route: "",
                path: &json!({}),
                query: &json!({}),
                body: None,
                object: None,
            },
        ),
        "undeclared",
    );
}
