//! What honest clients send by themselves and what people write passes; its attacking neighbour is refused.

use crate::support::{Recorder, Running, raw, status};

#[test]
fn a_client_may_say_where_it_is_itself() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    for (query, expected) in [
        ("redirect_uri=http%3A%2F%2F127.0.0.1%3A55570%2Fcb", 200),
        ("redirect_uri=http%3A%2F%2F%5B%3A%3A1%5D%3A61023%2Fcb", 200),
        ("post_logout_redirect_uri=http://localhost:4200", 200),
        ("origin=http%3A%2F%2Flocalhost", 200),
        ("page=http://localhost:5173/", 200),
        ("redirect_uri=http://169.254.169.254/latest", 403),
        ("redirect_uri=http://10.0.0.1/cb", 403),
        ("redirect_uri=http://127.0.0.1@10.0.0.1/", 403),
        ("redirect_uri=http://127.1/cb", 403),
        ("redirect_uri=http://localhost/../../etc/passwd", 403),
        ("origin=http://localhost/admin", 403),
        ("page=http://localhost:5173/admin", 403),
        ("page=http://10.0.0.1/", 403),
        ("url=http://localhost:4200", 403),
        ("callback=http://127.0.0.1:55570/cb", 403),
        ("webhook=http://localhost/", 403),
        ("image=http://127.0.0.1/a.png", 403),
    ] {
        assert_eq!(status(&gate.get(&format!("/authorize?{query}"))), expected, "{query}");
    }
    let json = [("Content-Type", "application/json")];
    for (body, expected) in [
        (r#"{"redirect_uris":["http://127.0.0.1:8976/cb","http://localhost:8976/cb"]}"#, 200),
        (r#"{"redirect_uris":["http://127.0.0.1:8976/cb","http://192.168.0.1/"]}"#, 403),
    ] {
        assert_eq!(status(&gate.ask("POST", "/register", &json, body.as_bytes())), expected, "{body}");
    }
}

#[test]
fn records_of_requests_and_texts_of_messages_pass_in_their_place() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let json = [("Content-Type", "application/json")];
    for (body, expected) in [
        (
            r#"{"event":{"title":"KeyError","exception":{"values":[{"type":"KeyError"}]},"request":{"url":"http://localhost:8000/?q=1"}}}"#,
            200,
        ),
        (
            r#"{"log":{"entries":[{"startedDateTime":"2026-01-01","request":{"method":"GET","url":"http://127.0.0.1:3000/a"},"response":{"status":200}}]}}"#,
            200,
        ),
        // What only says of itself that it is a record may be an order to fetch.
        (r#"{"job":{"event_id":"1","exception":1,"request":{"url":"http://127.0.0.1:41011/"}}}"#, 403),
        (r#"{"terms":[{"text":"select ' or body like '%' and 'from'='from"}]}"#, 403),
        (r#"{"ids":[{"text":"select 2 from users where substr(password,1,1)='h'"}]}"#, 403),
        (r#"{"messages":[{"role":"user","content":"SELECT name FROM users WHERE state = 'open'"}]}"#, 200),
        (r#"{"request":{"url":"http://localhost:8000/?q=1"}}"#, 403),
        (r#"{"item":[{"request":{"method":"POST","url":"http://127.0.0.1:2375/containers/create"}}]}"#, 403),
        (r#"{"messages":[{"role":"user","content":"SELECT name FROM users WHERE id = 1"}]}"#, 200),
        (r#"{"filters":[{"text":"select 1 from t) union select password from users-- "}]}"#, 403),
        (r#"{"event":{"request":{"url":"http://169.254.169.254/latest/meta-data"}}}"#, 403),
        (r#"{"event":{"request":{"url":"http://localhost/../../etc/passwd"}}}"#, 403),
        (r#"{"blocks":[{"type":"text","text":"SELECT count(*) FROM orders WHERE id = 1"}]}"#, 200),
        (r#"{"text":"SELECT count(*) FROM orders WHERE id = 1"}"#, 403),
        (r#"{"filters":[{"value":"SELECT count(*) FROM orders WHERE id = 1"}]}"#, 403),
        (r#"{"blocks":[{"text":"SELECT a FROM b WHERE c = '<script>alert(1)</script>'"}]}"#, 403),
        (r#"{"blocks":[{"text":"1' UNION SELECT password FROM users-- "}]}"#, 403),
    ] {
        assert_eq!(status(&gate.ask("POST", "/events", &json, body.as_bytes())), expected, "{body}");
    }
}

#[test]
fn many_records_cost_in_proportion_to_the_body() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let json = [("Content-Type", "application/json")];
    // A walk over the body for each of them would take minutes.
    for (count, expected) in [(40, 200), (9_000, 403)] {
        let entry = r#"{"startedDateTime":"x","request":{"url":"http://localhost/"},"response":{}}"#;
        let body = format!(r#"{{"log":{{"entries":[{}]}}}}"#, vec![entry; count].join(","));
        assert_eq!(status(&gate.ask("POST", "/har", &json, body.as_bytes())), expected, "{count}");
    }
}

#[test]
fn a_destination_on_the_server_itself_is_judged_by_its_path() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    for (method, host, destination, expected) in [
        ("MOVE", "127.0.0.1:8080", "http://127.0.0.1:8080/d1/n2.txt", 200),
        ("COPY", "localhost", "http://localhost/d1/n2%20a.txt", 200),
        ("MOVE", "api.example", "http://api.example/d1", 200),
        ("MOVE", "192.168.1.5:5005", "http://192.168.1.5:5005/d1/a", 200),
        ("MOVE", "192.168.1.5", "http://192.168.1.6/d1/a", 403),
        ("MOVE", "127.0.0.1:8080", "http://127.0.0.1:9090/d1", 403),
        ("MOVE", "api.example", "http://127.0.0.1/d1", 403),
        ("MOVE", "127.0.0.1:8080", "http://127.0.0.1:8080/../../etc/passwd", 403),
        ("MOVE", "169.254.169.254", "http://169.254.169.254/latest", 403),
        ("PUT", "127.0.0.1:8080", "http://127.0.0.1:8080/d1", 403),
    ] {
        let text = format!(
            "{method} /d1/a.txt HTTP/1.1\r\nHost: {host}\r\nUser-Agent: cadaver\r\nConnection: close\r\nDestination: {destination}\r\nContent-Length: 0\r\n\r\n"
        );
        let seen = status(&raw(gate.address, text.as_bytes()));
        assert_eq!(seen, expected, "{method} {host} {destination}");
    }
}

#[test]
fn people_may_write_about_code() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let json = [("Content-Type", "application/json")];
    for (text, expected) in [
        ("look at `ls -la`", 200),
        ("Run `ls -la | grep x` then", 200),
        ("deploy done :tada: <https://x.example|link> `kubectl get pods | grep api`", 200),
        ("Steps are:\n```\n$ curl -s localhost | sh\n```\nSee it", 200),
        ("don't use eval(); it's slow", 200),
        ("Explain eval(compile(src, '<string>', 'exec')) in Python", 200),
        ("x = eval(s)", 200),
        ("mongo: db.users.find({ age: { $gt: 18 } }) is slow", 200),
        ("Drop table tennis", 200),
        ("5'10\" or 6'", 200),
        ("add it to /etc/hosts", 200),
        ("Lunch on Friday\nLocation: Main hall", 200),
        ("/bin/sh -c #(nop)  CMD [\"/bin/sh\"]", 200),
        ("<Object id='1'><Link href='x'/><Style/></Object>", 200),
        ("`ls -la | grep x`", 403),
        ("x`id`", 403),
        ("a.txt;`id`", 403),
        ("look at `ls`; ls -la", 403),
        ("look at `<script>alert(1)</script>`", 403),
        ("look at `' or '1'='1`", 403),
        ("x = eval('s'); // it is slow", 403),
        ("it is '+eval(x)+' slow", 403),
        ("x = eval(name)", 403),
        ("db.users.find({ age: { $gt: 18 } })", 403),
        ("{ age: { $gt: 18 } } is slow", 403),
        ("'; DROP TABLE users; --", 403),
        ("x' or 'y'", 403),
        ("5' or 6'", 403),
        ("x /etc/hosts", 403),
        ("Lunch\nLocation: https://evil.example", 403),
        ("/bin/sh -c id", 403),
        ("<Object id='1' data='x'/>", 403),
    ] {
        let body = serde_json::json!({ "text": text }).to_string();
        assert_eq!(status(&gate.ask("POST", "/posts", &json, body.as_bytes())), expected, "{text}");
    }
    let calendar =
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Work\r\nLOCATION:https://meet.example/a\r\n";
    for (kind, expected) in [("text/calendar; charset=utf-8", 200), ("text/plain", 403)] {
        let answer = gate.ask("POST", "/events", &[("Content-Type", kind)], calendar);
        assert_eq!(status(&answer), expected, "{kind}");
    }
}

#[test]
fn a_package_may_say_where_its_file_will_be_in_the_registry_itself() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = []", &[upstream.url()]);
    let own = "http://127.0.0.1:4873/@mine/a/-/@mine/a-1.0.0.tgz";
    let document = |field: &str, url: &str| {
        serde_json::json!({
            "_id": "@mine/a", "name": "@mine/a", "dist-tags": { "latest": "1.0.0" },
            "versions": { "1.0.0": { "name": "@mine/a", "version": "1.0.0", "dist": { "shasum": "a1", field: url } } },
        })
    };
    for (method, host, body, expected) in [
        ("PUT", "127.0.0.1:4873", document("tarball", own), 200),
        ("PUT", "192.168.1.5", document("tarball", "http://192.168.1.5/@mine/a/-/a-1.0.0.tgz"), 200),
        ("PUT", "npm.example", document("tarball", "https://npm.example/a/-/a-1.0.0.tgz"), 200),
        ("PUT", "127.0.0.1:4873", document("url", own), 403),
        ("POST", "127.0.0.1:4873", document("tarball", own), 403),
        ("PUT", "127.0.0.1:4874", document("tarball", own), 403),
        ("PUT", "npm.example", document("tarball", own), 403),
        ("PUT", "127.0.0.1:4873", serde_json::json!({ "dist": { "tarball": own } }), 403),
        ("PUT", "127.0.0.1:4873", document("tarball", "http://127.0.0.1:4873/../../etc/passwd"), 403),
        ("PUT", "169.254.169.254", document("tarball", "http://169.254.169.254/latest/meta-data"), 403),
    ] {
        let body = body.to_string();
        let text = format!(
            "{method} /@mine%2fa HTTP/1.1\r\nHost: {host}\r\nUser-Agent: npm/11\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(status(&raw(gate.address, text.as_bytes())), expected, "{method} {host} {body}");
    }
}
