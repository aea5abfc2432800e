//! Relations beyond one owner, written as Cedar policies and kept by the gate.

use serde_json::{Value, json};

use crate::books::Books;
use crate::support::until;

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: { title: Books, version: "1" }
paths:
  /books:
    get:
      operationId: listBooks
      tags: [catalogue]
      x-doorward: { owner: { field: /id, list: /items, counts: [/total] } }
      responses: { "200": { description: Books, content: { application/json: { schema: { $ref: "#/components/schemas/List" } } } } }
    post:
      operationId: addBook
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/New" } } } }
      responses: { "201": { description: The book, content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } } }
  /books/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get:
      operationId: getBook
      responses: { "200": { description: The book, content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } } }
    put:
      operationId: changeBook
      x-doorward: { check_owner_before_write: true }
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/New" } } } }
      responses: { "200": { description: The book, content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } } }
    delete:
      operationId: removeBook
      x-doorward: { check_owner_before_write: true }
      responses: { "204": { description: Gone } }
components:
  schemas:
    List:
      type: object
      required: [items]
      properties: { items: { type: array, items: { $ref: "#/components/schemas/Book" } }, total: { type: integer } }
    New:
      type: object
      properties:
        title: { type: string }
        meta: { type: object, properties: { price: { type: integer } } }
    Book:
      type: object
      required: [owner, meta]
      properties:
        id: { type: integer }
        owner: { type: string }
        title: { type: string }
        meta: { type: object, required: [shelf], properties: { price: { type: integer }, shelf: { type: string } } }
"##;

const POLICIES: &str = r#"
@id("readers and their own")
permit (principal, action in [Action::"getBook", Action::"changeBook"], resource)
when { resource.object.owner == principal.sub };

@id("curators and their shelves")
permit (principal in Role::"curator", action in [Action::"getBook", Action::"changeBook", Action::"listBooks"], resource)
when { principal has shelves && principal.shelves.contains(resource.object.meta.shelf) };

@id("whoever is known adds")
permit (principal, action == Action::"addBook", resource) when { principal.authenticated };

@id("only book 4 can go")
permit (principal, action == Action::"removeBook", resource) when { resource.path.id == 4 };

@id("nothing gets dear")
forbid (principal, action in Action::"method:write", resource)
when { resource has body && resource.body has meta && resource.body.meta has price && resource.body.meta.price > 100 };
"#;

const POLICY: &str = "[ownership]\nexempt = ['role=curator']\n[cedar]\npolicies = ['books.cedar']\nclaims = { shelves = 'strings' }\n";

fn start() -> Books {
    Books::with(POLICY, &[("books.yaml", DOCUMENT), ("books.cedar", POLICIES)])
}

fn curator(shelf: &str) -> Value {
    json!({ "sub": "carol", "role": ["curator"], "shelves": [shelf] })
}

#[test]
fn policies_decide_by_role_claim_parameter_body_and_object() {
    let books = start();
    // Reads are judged by what comes back.
    assert_eq!(books.ask("bob", "GET", "/books/3", None).1["title"], "Ulysses");
    let (status, answer) = books.ask("bob", "GET", "/books/1", None);
    assert_eq!((status, answer.to_string().contains("Emma")), (404, false), "{answer}");
    assert_eq!(books.ask("bob", "HEAD", "/books/1", None).0, 404);
    assert_eq!(books.ask_as(&curator("a"), "GET", "/books/1", None).0, 200);
    assert_eq!(books.ask_as(&curator("b"), "GET", "/books/1", None).0, 404);
    // Lists keep what is permitted.
    let (_, all) = books.ask_as(&curator("a"), "GET", "/books", None);
    assert_eq!(all["items"].as_array().unwrap().len(), 4, "{all}");
    let (_, none) = books.ask_as(&curator("b"), "GET", "/books", None);
    assert_eq!(none["items"], json!([]), "{none}");
    // Writes are judged by what was read before.
    let title = |title: &str| Some(json!({ "title": title }));
    assert_eq!(books.ask("bob", "PUT", "/books/1", title("mine now")).0, 404);
    assert_eq!(books.ask_as(&curator("b"), "PUT", "/books/1", title("mine now")).0, 404);
    assert_eq!(books.titles()[0], "Emma");
    assert_eq!(books.ask("bob", "PUT", "/books/3", title("Ulysses, again")).0, 200);
    assert_eq!(books.ask_as(&curator("a"), "PUT", "/books/1", title("Emma, revised")).0, 200);
    // By a body, and a `forbid` has the last word.
    let priced = |price: u32| Some(json!({ "title": "x", "meta": { "price": price } }));
    assert_eq!(books.ask("bob", "POST", "/books", priced(100)).0, 201);
    assert_eq!(books.ask("bob", "POST", "/books", priced(101)).0, 403);
    assert_eq!(books.ask("bob", "PUT", "/books/3", priced(101)).0, 404);
    let with_fraction = Some(json!({ "title": "x", "meta": { "price": 101.0 } }));
    assert_eq!(books.ask("bob", "POST", "/books", with_fraction).0, 403, "the same number");
    assert_eq!(books.titles().len(), 5);
    // By the path alone.
    assert_eq!(books.ask("bob", "DELETE", "/books/3", None).0, 403);
    assert_eq!(books.ask("bob", "DELETE", "/books/4", None).0, 204);
    for words in [
        ["\"rule\":\"cedar\"", "no policy permits getBook; subject bob"],
        ["\"rule\":\"cedar\"", "policy nothing gets dear forbids addBook"],
        ["\"rule\":\"cedar-filter\"", "4 objects that no policy permits"],
    ] {
        assert!(books.gate.events.has(&words), "{words:?}");
    }
}

#[test]
fn nobody_is_a_principal_without_rights() {
    let books = start();
    let ask = |method: &str, target: &str| {
        crate::support::status(&books.gate.ask(
            method,
            target,
            &[("Content-Type", "application/json")],
            b"{}",
        ))
    };
    assert_eq!(ask("GET", "/books/1"), 404);
    assert_eq!(ask("POST", "/books"), 401);
    assert_eq!(ask("DELETE", "/books/3"), 401);
    assert_eq!(books.titles().len(), 4);
}

#[test]
fn other_policies_hold_without_a_restart_and_wrong_ones_do_not() {
    let books = start();
    let file = books.directory.path().join("books.cedar");
    let answers = |wanted: u16| {
        until("other policies hold", || books.ask("bob", "GET", "/books/1", None).0 == wanted);
    };
    std::fs::write(&file, "permit (principal, action, resource);").unwrap();
    answers(200);
    std::fs::write(&file, "permit (principal, action, resource) when { principal.nonsense };").unwrap();
    let told = ["was not reloaded", "books.cedar:1:", "nonsense"];
    until("the bad policy is refused", || books.gate.events.has(&told));
    assert_eq!(books.ask("bob", "GET", "/books/1", None).0, 200, "what held before holds on");
    std::fs::write(&file, POLICIES).unwrap();
    answers(404);
}
