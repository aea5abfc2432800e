//! What the OpenAPI document lets through, in every form that a body may have.

use crate::support::{Recorder, Running, status};

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: { title: people, version: "1" }
x-doorward: { patch_paths: [/name, "/tags/*"] }
paths:
  /people:
    post:
      requestBody:
        required: true
        content:
          application/json: { schema: { $ref: "#/components/schemas/Person" } }
          application/merge-patch+json: { schema: { $ref: "#/components/schemas/Person" } }
          application/json-patch+json: { schema: { type: array, items: { type: object, required: [op, path] } } }
          application/x-www-form-urlencoded: { schema: { $ref: "#/components/schemas/Person" } }
          application/xml: { schema: { $ref: "#/components/schemas/Person" } }
          multipart/form-data:
            schema: { allOf: [{ $ref: "#/components/schemas/Person" }, { properties: { photo: { type: string, format: binary } } }] }
            encoding: { photo: { contentType: "image/png, image/jpeg" } }
      responses: { "200": { description: fine, content: { text/plain: {} } } }
    get:
      deprecated: true
      parameters: [{ name: page, in: query, schema: { type: integer, maximum: 100 } }]
      responses: { "204": { description: nothing } }
  /strict:
    post:
      x-doorward: { unknown_properties: refuse, allow_properties: [client_version] }
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Person" } } } }
      responses: { "200": { description: fine } }
components:
  schemas:
    Person:
      type: object
      properties:
        id: { type: integer, readOnly: true, xml: { attribute: true } }
        name: { type: string, maxLength: 20 }
        age: { type: integer, maximum: 150 }
        tags: { type: array, xml: { wrapped: true }, items: { type: string, maxLength: 5, xml: { name: tag } } }
        address: { type: object, properties: { city: { type: string }, verified: { type: boolean, readOnly: true } } }
"##;

fn gate(upstream: &Recorder) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), DOCUMENT).unwrap();
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, "[gateway]\nopenapi = 'api.yaml'\n[rate]\nlimits = []").unwrap();
    (Running::from_file(&file, &[upstream.url()]), directory)
}

/// Body by body: its type, what is sent, the status, what the upstream gets of it.
#[test]
fn every_form_of_a_body_is_held_to_its_schema() {
    let upstream = Recorder::plain();
    let (gate, _directory) = gate(&upstream);
    let part = |name: &str, headers: &str, text: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{headers}\r\n\r\n{text}\r\n")
    };
    let json_part =
        part("address", "\r\nContent-Type: application/json", r#"{"city":"Berlin","verified":"no"}"#);
    let png = part("photo", "; filename=\"p.png\"\r\nContent-Type: image/png", "\u{1}PNG");
    let svg = part("photo", "; filename=\"p.svg\"\r\nContent-Type: image/svg+xml", "svg");
    let multipart = |parts: &[&str]| format!("{}--B--\r\n", parts.concat());
    let (form, many) = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=B");
    let (merge, patch) = ("application/merge-patch+json", "application/json-patch+json");
    let cases: Vec<(&str, String, u16, &str)> = vec![
        (
            "application/json",
            r#"{"name":"a","role":"admin","address":{"city":"b","verified":true}}"#.into(),
            200,
            r#"{"name":"a","address":{"city":"b"}}"#,
        ),
        ("application/json", r#"{"age":1e400}"#.into(), 400, ""),
        ("application/json", r#"{"age":NaN}"#.into(), 400, ""),
        ("application/json", r#"{"age":99999999999999999999}"#.into(), 400, ""),
        ("application/json", r#"{"age":151}"#.into(), 422, ""),
        (form, "name=a&role=admin&age=7".into(), 200, "name=a&age=7"),
        (form, "name=a&address[city]=b&address[verified]=true".into(), 200, "name=a&address%5Bcity%5D=b"),
        (form, "name=a&tags[]=x&tags[]=y".into(), 200, "name=a&tags[]=x&tags[]=y"),
        (form, "age=7+OR+1".into(), 422, ""),
        (form, "age=7&age=8".into(), 422, ""),
        (form, "tags[]=toolong".into(), 422, ""),
        (many, multipart(&[&part("name", "", "a"), &part("role", "", "admin"), &png]), 200, "PNG"),
        (many, multipart(&[&part("age", "", "151")]), 422, ""),
        (many, multipart(&[&svg]), 415, ""),
        (many, multipart(&[&json_part]), 200, "Berlin"),
        (many, multipart(&[&part("address", "", r#"{"city":"Bern","verified":true}"#)]), 200, "Bern"),
        (many, multipart(&[&json_part, &json_part]), 422, ""),
        (many, multipart(&[&json_part, &part("address", "", "{}")]), 400, ""),
        (merge, r#"{"name":null,"admin":null}"#.into(), 200, r#"{"name":null}"#),
        (
            patch,
            r#"[{"op":"replace","path":"/name","value":"b"},{"op":"add","path":"/tags/-","value":"x"}]"#
                .into(),
            200,
            "/tags/-",
        ),
        (patch, r#"[{"op":"replace","path":"/role","value":"admin"}]"#.into(), 422, ""),
        (patch, r#"[{"op":"move","from":"/role","path":"/name"}]"#.into(), 422, ""),
        (
            "application/xml",
            "<person><name>a</name><tags><tag>x</tag><tag>y</tag></tags></person>".into(),
            200,
            "<tag>y</tag>",
        ),
        ("application/xml", "<person><name>a</name><role>admin</role></person>".into(), 422, ""),
        ("application/xml", "<person id='7'><name>a</name></person>".into(), 422, ""),
        ("application/xml", "<person><age>151</age></person>".into(), 422, ""),
        ("application/xml", "<person><tags><tag>toolong</tag></tags></person>".into(), 422, ""),
        ("application/xml", "<person><name>&lt;script&gt;x</name></person>".into(), 403, ""),
        ("application/xml", "<!DOCTYPE p [<!ENTITY x 'y'>]><person/>".into(), 400, ""),
        ("text/csv", "a,b".into(), 415, ""),
    ];
    for (kind, body, expected, seen) in cases {
        let answer = gate.ask("POST", "/people", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(status(&answer), expected, "{kind}: {body}: {answer}");
        let sent = upstream.take();
        assert!(sent.contains(seen) && (expected == 200 || sent.is_empty()), "{kind}: {body} became {sent}");
        for word in ["role", "verified", "admin"] {
            assert!(!sent.contains(word), "{kind}: {body} became {sent}");
        }
        assert!(expected != 422 || !answer.contains("toolong") && answer.contains("\"errors\""), "{answer}");
    }
}

#[test]
fn what_is_stripped_elsewhere_may_be_refused_or_allowed_here() {
    let upstream = Recorder::plain();
    let (gate, _directory) = gate(&upstream);
    let json = [("Content-Type", "application/json")];
    let allowed = gate.ask("POST", "/strict", &json, br#"{"name":"a","client_version":3}"#);
    assert_eq!(status(&allowed), 200);
    assert!(upstream.take().contains("client_version"));
    let refused = gate.ask("POST", "/strict", &json, br#"{"name":"a","role":"x"}"#);
    assert!(status(&refused) == 422 && refused.contains("/role"), "{refused}");
    let read_only = gate.ask("POST", "/strict", &json, br#"{"id":7}"#);
    assert_eq!(status(&read_only), 422);
    assert_eq!(upstream.take(), "");
}

#[test]
fn what_the_document_does_not_say_is_reported() {
    let upstream = Recorder::plain();
    let (gate, _directory) = gate(&upstream);
    assert_eq!(status(&gate.get("/people?page=2")), 200);
    for rule in ["\"rule\":\"deprecated\"", "\"rule\":\"undeclared-status\""] {
        assert!(gate.events.has(&[rule, "reported"]), "{rule}: {:?}", gate.events.all());
    }
    let other = gate.ask("DELETE", "/people", &[], b"");
    assert!(status(&other) == 405 && other.contains("allow: GET, POST"), "{other}");
    assert_eq!(status(&gate.get("/people?page=101")), 400);
    assert_eq!(status(&gate.get("/hidden")), 404);
}
