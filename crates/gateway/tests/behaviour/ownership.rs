//! An API that knows nothing of us and checks nothing: shut by policy alone, ordinary use unharmed.

use serde_json::{Value, json};

use crate::books::Books;
use crate::servers::Server;
use crate::support::{Recorder, Running, status};

#[test]
fn foreign_objects_are_shut_and_own_ones_open() {
    let books = Books::start("");
    // Bare, every door stands open.
    for (method, target, body) in [
        ("GET", "/users/alice", None),
        ("GET", "/books/1", None),
        ("PUT", "/books/1", Some(json!({ "title": "mine now" }))),
        ("GET", "/books/batch?ids=1,3", None),
        ("POST", "/loans", Some(json!({ "books": [1] }))),
        ("GET", "/users/bob/books/1", None),
        ("PUT", "/users/alice", Some(json!({ "email": "bob@books.example" }))),
        ("GET", "/debug", None),
        ("DELETE", "/books/2", None),
    ] {
        assert!(books.bare("bob", method, target, body).0 < 300, "bare {method} {target}");
    }
    books.bare("bob", "POST", "/reset", None);
    // Behind the gate, bob sees nothing of alice's and changes nothing.
    for (method, target, body) in [
        ("GET", "/users/alice", None),
        ("PUT", "/users/alice", Some(json!({ "email": "bob@books.example" }))),
        ("GET", "/books/1", None),
        ("GET", "/books/01", None),
        ("HEAD", "/books/1", None),
        ("PUT", "/books/1", Some(json!({ "title": "mine now" }))),
        ("DELETE", "/books/1", None),
        ("GET", "/books/batch?ids=1", None),
        ("GET", "/books/batch?ids=3,1,4", None),
        ("POST", "/loans", Some(json!({ "books": [1] }))),
        ("POST", "/loans", Some(json!({ "books": [3, 1] }))),
        ("POST", "/loans", Some(json!({ "books": ["3,1"] }))),
        ("POST", "/loans", Some(json!({ "books": [[1]] }))),
        ("GET", "/users/alice/books/1", None),
        ("GET", "/users/bob/books/1", None),
        ("GET", "/debug", None),
        ("POST", "/reset", None),
    ] {
        let (status, answer) = books.ask("bob", method, target, body);
        assert!((400..500).contains(&status), "{method} {target}: {status} {answer}");
        let text = answer.to_string();
        assert!(!text.contains("alice") && !text.contains("Emma"), "{method} {target}: {answer}");
    }
    assert_eq!(books.titles(), ["Emma", "Persuasion", "Ulysses", "Dubliners"]);
    let (_, alice) = books.bare("alice", "GET", "/users/alice", None);
    assert_eq!(alice["email"], "alice@books.example");
    // And bob's own use is what it was.
    let (_, own) = books.ask("bob", "GET", "/users/bob", None);
    assert_eq!(own, json!({ "name": "bob", "email": "bob@books.example", "admin": false }));
    let (_, list) = books.ask("bob", "GET", "/books", None);
    assert_eq!((&list["total"], &list["items"][0]["title"]), (&json!(2), &json!("Ulysses")), "{list}");
    assert_eq!(books.ask("bob", "GET", "/books/3", None).1["title"], "Ulysses");
    assert_eq!(books.ask("bob", "GET", "/books/batch?ids=3,4", None).0, 200);
    assert_eq!(
        books.ask("bob", "POST", "/loans", Some(json!({ "books": [3, 4] }))).0,
        200,
        "the list gave him these"
    );
    assert_eq!(books.ask("bob", "PUT", "/books/3", Some(json!({ "title": "Ulysses, again" }))).0, 200);
    let (status, made) = books.ask("bob", "POST", "/books", Some(json!({ "title": "Finnegans Wake" })));
    assert_eq!((status, &made["title"]), (201, &json!("Finnegans Wake")));
    assert_eq!(books.ask("bob", "POST", "/loans", Some(json!({ "books": [made["id"]] }))).0, 200);
    assert_eq!(books.ask("bob", "GET", "/users/bob/books/4", None).0, 200);
    assert_eq!(books.ask("bob", "DELETE", &format!("/books/{}", made["id"]), None).0, 204);
    assert_eq!(books.ask("bob", "GET", &format!("/books/{}", made["id"]), None).0, 404);
}

#[test]
fn what_may_not_be_assigned_is_not_however_deep() {
    let books = Books::start("");
    let evil = json!({ "title": "x", "owner": "alice", "meta": { "price": 0, "shelf": "b", "featured": true }, "promoted": 1 });
    let (_, bare) = books.bare("bob", "POST", "/books", Some(evil.clone()));
    assert_eq!((&bare["owner"], &bare["meta"]["price"]), (&json!("alice"), &json!(0)));
    books.bare("bob", "POST", "/reset", None);
    let (status, made) = books.ask("bob", "POST", "/books", Some(evil));
    assert_eq!(status, 201);
    assert_eq!((&made["owner"], &made["meta"]), (&json!("bob"), &json!({ "shelf": "b" })), "{made}");
    let (_, stored) = books.bare("bob", "GET", "/books/5", None);
    assert_eq!((&stored["promoted"], &stored["meta"]["featured"]), (&Value::Null, &Value::Null));
    books.ask("bob", "PUT", "/users/bob", Some(json!({ "email": "b@books.example", "admin": true })));
    let (_, bob) = books.bare("bob", "GET", "/users/bob", None);
    assert_eq!((&bob["admin"], &bob["email"]), (&json!(false), &json!("b@books.example")));
    assert!(books.gate.events.has(&["unknown-property", "rewritten", "/meta/price", "/promoted"]));
}

#[test]
fn a_write_holds_only_for_what_was_read() {
    let books = Books::start("");
    assert_eq!(books.ask("bob", "PUT", "/books/3", Some(json!({ "title": "one" }))).0, 200);
    // The gate read version 2 and says so; the API refuses anything else.
    let with = |condition: &str| {
        let body = Some(json!({ "title": "two" }));
        books.send(books.gate.address, &json!({ "sub": "bob" }), "PUT", "/books/3", body, condition).0
    };
    assert_eq!(with(""), 200);
    assert_eq!(with("If-Match: \"3-1\"\r\n"), 412, "the client's own condition stays");
    assert!(books.gate.events.all().iter().all(|line| !line.contains("look-failed")));
}

#[test]
fn whoever_tries_many_ids_is_seen_and_stopped() {
    let books = Books::start("[ownership.enumeration]\nids = 5\nwindow = '10 minutes'\nthen = 'throttle'");
    for _ in 0..20 {
        assert_eq!(books.ask("bob", "GET", "/books/1", None).0, 404, "one id again and again is one id");
    }
    let answers: Vec<u16> =
        (100..110).map(|id| books.ask("bob", "GET", &format!("/books/{id}"), None).0).collect();
    assert_eq!(answers[..5], [404; 5]);
    assert_eq!(answers[5..], [429; 5]);
    assert_eq!(books.ask("bob", "GET", "/books/3", None).0, 429);
    assert_eq!(books.ask("alice", "GET", "/books/1", None).0, 200, "others are served");
    assert!(books.gate.events.has(&["\"rule\":\"enumeration\"", "more than 5 different ids"]));
}

#[test]
fn what_was_given_is_remembered_after_a_restart_and_by_other_gateways() {
    let directory = tempfile::tempdir().unwrap();
    let (redis, postgres) = (Server::redis(), Server::postgres());
    let file = format!("file = '{}'", directory.path().join("ledger.db").display());
    for place in [file, format!("url = '{}'", redis.url), format!("url = '{}'", postgres.url)] {
        let policy = format!("[ownership.ledger]\n{place}");
        let loan = || Some(json!({ "books": [3] }));
        let (first, other) = (Books::start(&policy), Books::start(&policy));
        assert_eq!(first.ask("bob", "POST", "/loans", loan()).0, 404, "{place}: nobody gave him this yet");
        first.ask("bob", "GET", "/books", None);
        assert_eq!(first.ask("bob", "POST", "/loans", loan()).0, 200, "{place}");
        assert_eq!(other.ask("bob", "POST", "/loans", loan()).0, 200, "{place}: another gateway");
        drop((first, other));
        let second = Books::start(&policy);
        assert_eq!(second.ask("bob", "POST", "/loans", loan()).0, 200, "{place}");
        assert_eq!(second.ask("alice", "POST", "/loans", loan()).0, 404, "{place}");
    }
}

#[test]
fn a_ledger_that_is_gone_opens_nothing() {
    let redis = Server::redis();
    let books = Books::start(&format!("[ownership.ledger]\nurl = '{}'", redis.url));
    books.ask("bob", "GET", "/books", None);
    let loan = || Some(json!({ "books": [3] }));
    assert_eq!(books.ask("bob", "POST", "/loans", loan()).0, 200);
    drop(redis);
    assert_eq!(books.ask("bob", "POST", "/loans", loan()).0, 503);
    assert_eq!(books.ask("bob", "GET", "/books", None).0, 200, "what needs no ledger is served");
    assert!(books.gate.events.has(&["\"rule\":\"store\"", "redis at 127.0.0.1"]));
}

#[test]
fn a_door_that_observes_changes_nothing_and_says_what_it_would_do() {
    let books = Books::start("[doors]\nownership = 'observe'");
    assert_eq!(books.ask("bob", "GET", "/books/1", None).1["title"], "Emma");
    assert_eq!(books.ask("bob", "PUT", "/books/1", Some(json!({ "title": "seen" }))).0, 200);
    assert_eq!(books.ask("bob", "POST", "/loans", Some(json!({ "books": [1] }))).0, 200);
    for rule in ["\"rule\":\"owner\"", "\"rule\":\"object-unknown\""] {
        assert!(books.gate.events.has(&[rule, "would-refuse"]), "{rule}");
    }
}

#[test]
fn an_upgrade_does_not_carry_a_body_past_the_doors() {
    let books = Books::start("");
    let body = Some(json!({ "title": "' OR '1'='1", "owner": "alice" }));
    let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
    let (status, _) =
        books.send(books.gate.address, &json!({ "sub": "bob" }), "POST", "/books", body, upgrade);
    assert_eq!(status, 403);
    assert_eq!(books.titles().len(), 4);
}

#[test]
fn a_role_is_needed_of_everybody() {
    let books = Books::start(
        "[ownership]\nrole_claim = 'sub'\nexempt = ['sub=bob']\n[[route]]\npath = '/books'\nmethods = ['GET']\nroles = ['alice', 'carol']",
    );
    assert_eq!(books.ask("alice", "GET", "/books", None).0, 200);
    assert_eq!(books.ask("bob", "GET", "/books", None).0, 403, "who may see everything still needs the role");
    assert_eq!(books.ask("bob", "GET", "/books/1", None).0, 200);
    assert!(books.gate.events.has(&["\"rule\":\"role\"", "needs one of alice, carol", "bob"]));
}

/// Ids and claims in spellings that some framework reads as the plain one.
#[test]
fn no_spelling_of_an_id_gets_past_the_comparison() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"owner\":\"alice\"}";
    let upstream = Recorder::start(answer);
    let policy = "[[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n[rate]\nlimits = []\n\
        [[route]]\npath = '/things/{id}'\nowner = '/owner'\n\
        [[route]]\npath = '/batch'\nobjects = [{ id = 'query.ids', read = '/things/{id}' }, { id = 'body./ids', read = '/things/{id}' }]\n\
        [[route]]\npath = '/mine'\nbind = { 'query.user' = 'sub', 'body./user/id' = 'sub', 'header.x-user' = 'sub' }";
    let gate = Running::start(policy, &[upstream.url()]);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (target, kind, body) in [
        ("/batch?ids=1", json, ""),
        ("/batch?ids[]=1", json, ""),
        ("/batch?ids[0]=1", json, ""),
        ("/batch?IDS=1", json, ""),
        ("/batch?ids=..", json, ""),
        ("/batch?ids=1%2F..%2Fme", json, ""),
        ("/batch", json, r#"{"ids":[1]}"#),
        ("/batch", json, r#"{"Ids":["1"]}"#),
        ("/batch", form, "ids[0]=1"),
        ("/mine?user=alice", json, ""),
        ("/mine?user=bob&user=alice", json, ""),
        ("/mine?User=alice", json, ""),
        ("/mine", json, r#"{"user":{"id":"bob","ID":"alice"}}"#),
        ("/mine", json, r#"{"user":{"id":["alice"]}}"#),
        ("/mine", json, r#"{"user":{"id":true}}"#),
        ("/mine", "text/plain", "user"),
    ] {
        let headers = [("X-API-Key", "bob"), ("Content-Type", kind)];
        let answer = gate.ask("POST", target, &headers, body.as_bytes());
        assert!((400..500).contains(&status(&answer)), "{target} {body}: {answer}");
        let seen = upstream.take();
        assert!(!seen.contains("POST "), "{target} {body}: {seen}");
        assert!(!seen.contains("/things/.") && !seen.contains("/me"), "{target} {body}: {seen}");
    }
    let own = [("X-API-Key", "bob"), ("Content-Type", json), ("X-User", "bob")];
    assert_eq!(status(&gate.ask("POST", "/mine?user=bob", &own, br#"{"user":{"id":"bob"}}"#)), 200);
}

/// GraphQL: every argument, node id and way to send a document is compared.
#[test]
fn no_way_to_ask_graphql_gets_past_the_comparison() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"owner\":\"alice\"}";
    let upstream = Recorder::start(answer);
    let policy = "[[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n[rate]\nlimits = []\n\
        [[route]]\npath = '/things/{id}'\nowner = '/owner'\n\
        [[route]]\npath = '/graphql'\nbind = { 'graphql.*.userId' = 'sub' }\n\
        objects = [{ id = 'graphql.thing.id', read = '/things/{id}' }, { id = 'graphql.node.id', node = 'Thing', read = '/things/{id}' }]";
    let gate = Running::start(policy, &[upstream.url()]);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (target, kind, body) in [
        ("/graphql", json, r#"{"query":"{ thing(id: 1) { x } }"}"#),
        ("/graphql", json, r#"{"query":"{ a: me { x } b: thing(id: \"1\") { x } }"}"#),
        ("/graphql", json, r#"{"query":"query($i: ID) { thing(id: $i) { x } }","variables":{"i":1}}"#),
        ("/graphql", json, r#"[{"query":"{ me { x } }"},{"query":"{ thing(id: 1) { x } }"}]"#),
        ("/graphql", json, r#"{"query":"{ node(id: \"VGhpbmc6MQ==\") { x } }"}"#),
        ("/graphql", json, r#"{"query":"{ node(id: \"VXNlcjox\") { x } }"}"#),
        ("/graphql", json, r#"{"query":"{ node(id: \"1\") { x } }"}"#),
        ("/graphql", json, r#"{"query":"mutation { rename(userId: \"alice\") { x } }"}"#),
        ("/graphql", json, r#"{"query":"{ thing(id: 1"}"#),
        ("/graphql", json, r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"aa"}}}"#),
        ("/graphql?query=%7B%20thing(id%3A%201)%20%7B%20x%20%7D%20%7D", json, ""),
        ("/graphql?query=%7Bthing(id%3A1)%7Bx%7D%7D", json, r#"{"query":"{ me { x } }"}"#),
        ("/graphql", form, "query=%7Bthing(id%3A1)%7Bx%7D%7D"),
        ("/graphql", "application/graphql", "{ thing(id: 1) { x } }"),
        ("/graphql", "application/octet-stream", "{ thing(id: 1) { x } }"),
    ] {
        let headers = [("X-API-Key", "bob"), ("Content-Type", kind)];
        let answer = gate.ask("POST", target, &headers, body.as_bytes());
        assert!((400..500).contains(&status(&answer)), "{target} {body}: {answer}");
        assert!(!upstream.take().contains("POST "), "{target} {body}");
    }
    let own = [("X-API-Key", "bob"), ("Content-Type", json)];
    for body in [
        r#"{"query":"{ me { x } things(first: 10) { x } }"}"#,
        r#"{"query":"mutation { rename(userId: \"bob\", name: \"O'Brien\") { x } }"}"#,
        r#"[{"query":"query A($n: Int = 3) { things(first: $n, after: \"1\") { x } }","operationName":"A"}]"#,
    ] {
        let answer = gate.ask("POST", "/graphql", &own, body.as_bytes());
        assert_eq!(status(&answer), 200, "{body}: {answer} {:?}", gate.events.all().last());
    }
}

#[test]
fn objects_can_be_read_with_a_credential_of_the_gates_own() {
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"owner\":\"bob\"}";
    let upstream = Recorder::start(answer);
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path
    };
    write("credential", "Bearer of-the-gate\n");
    let policy = write(
        "doorward.toml",
        "[[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n\
         [ownership.service_credential]\nsecret_file = 'credential'\n[[route]]\npath = '/things/{id}'\nowner = '/owner'\ncheck_owner_before_write = true",
    );
    let gate = Running::from_file(&policy, &[upstream.url()]);
    assert_eq!(status(&gate.ask("PUT", "/things/7", &[("X-API-Key", "bob")], b"{}")), 200);
    let seen = upstream.take();
    let (read, write) = seen.split_at(seen.find("PUT ").unwrap());
    assert!(read.contains("authorization: Bearer of-the-gate") && !read.contains("x-api-key"), "{read}");
    assert!(write.contains("x-api-key: bob") && !write.contains("of-the-gate"), "{write}");
}

/// Whatever ids look like: numbers, UUIDs, slugs, hashids. They are compared as they are written.
#[test]
fn ids_of_every_kind_are_remembered_as_they_were_given() {
    let policy = "[[auth.api_key]]\nsubject = 'alice'\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n\
        [[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n\
        [rate]\nlimits = []\n[[route]]\npath = '/things'\nmethods = ['POST']\nremember = { thing = ['/id'] }\n\
        [[route]]\npath = '/things/{id}'\nobjects = [{ id = 'path.id', kind = 'thing' }]";
    for (given, others) in [
        ("7", ["8", "07"]),
        ("3f2b8c1e-5d4a-4c6b-9e7f-0a1b2c3d4e5f", ["3f2b8c1e-5d4a-4c6b-9e7f-0a1b2c3d4e50", "3f2b8c1e"]),
        ("a-blue-shirt", ["a-red-shirt", "a-blue"]),
        ("jR3kV", ["jr3kv", "kV3jR"]),
    ] {
        let body =
            if given == "7" { format!("{{\"id\":{given}}}") } else { format!("{{\"id\":\"{given}\"}}") };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let upstream = Recorder::start(answer.leak());
        let gate = Running::start(policy, &[upstream.url()]);
        let ask = |who: &str, method: &str, target: &str| {
            status(&gate.ask(
                method,
                target,
                &[("X-API-Key", who), ("Content-Type", "application/json")],
                b"",
            ))
        };
        assert_eq!(ask("bob", "GET", &format!("/things/{given}")), 404, "{given}: not given yet");
        assert_eq!(ask("bob", "POST", "/things"), 200);
        assert_eq!(ask("bob", "GET", &format!("/things/{given}")), 200, "{given}");
        assert_eq!(ask("alice", "GET", &format!("/things/{given}")), 404, "{given} is bob's");
        for other in others {
            assert_eq!(ask("bob", "GET", &format!("/things/{other}")), 404, "{other}");
        }
    }
}

/// The count is taken before the answer is there to be read.
#[test]
fn whoever_leaves_when_he_has_seen_the_status_is_counted() {
    let books = Books::start("[ownership.enumeration]\nids = 5\nwindow = '10 minutes'\nthen = 'throttle'");
    let statuses: Vec<u16> = (100..110).map(|id| books.glance("bob", &format!("/books/{id}"))).collect();
    // The sixth is the one that is too many.
    assert_eq!(statuses[..6], [404; 6]);
    assert_eq!(statuses[6..], [429; 4]);
    assert!(books.gate.events.has(&["\"rule\":\"enumeration\"", "more than 5 different ids"]));
}
