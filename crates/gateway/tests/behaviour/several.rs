//! Several upstreams behind one gate: by host and path, with paths stripped, rewritten and redirected, a document for each.

use std::path::Path;

use super::support::{Recorder, Running, output, status};

/// An API that says its name, the target that it got, and the prefix that it is told of.
fn api(name: &'static str) -> Recorder {
    Recorder::answering(move |head| {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let prefix = head.lines().find_map(|line| line.strip_prefix("x-forwarded-prefix: ")).unwrap_or("-");
        let text = format!("{name} {target} {prefix}");
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
    })
}

fn at(gate: &Running, host: &str, method: &str, target: &str) -> String {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    gate.raw(request.as_bytes())
}

/// What is behind the head of an answer, or its status.
fn seen(answer: &str) -> String {
    match status(answer) {
        200 => answer.split_once("\r\n\r\n").unwrap().1.to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn requests_go_by_host_and_path() {
    let (app, orders, admin) = (api("app"), api("orders"), api("admin"));
    let policy = format!(
        r#"
        [[upstream]]
        name = "orders"
        urls = ["{}"]
        [[upstream]]
        name = "admin"
        urls = ["{}"]

        [[route]]
        path = "/orders/**"
        upstream = "orders"
        strip_prefix = "/orders"
        # Says nothing of where it goes: as the route above it.
        [[route]]
        path = "/orders/{{id}}"
        methods = ["DELETE"]
        deny = true
        [[route]]
        path = "/orders/public/**"
        upstream = "gateway"
        [[route]]
        path = "/users/{{id}}/orders"
        upstream = "orders"
        rewrite = "/of/{{id}}"
        [[route]]
        path = "/orders/export"
        methods = ["POST"]
        upstream = "admin"
        [[route]]
        path = "/**"
        host = ["admin.example", "*.admin.example"]
        upstream = "admin"
        [[route]]
        path = "/old/**"
        redirect = "https://new.example/x/**"
        [[route]]
        path = "/here"
        redirect = {{ to = "/there?a=b", status = 303 }}
        "#,
        orders.url(),
        admin.url()
    );
    let gate = Running::start(&policy, &[app.url()]);
    for (host, method, target, expected) in [
        ("a.example", "GET", "/", "app / -"),
        ("a.example", "GET", "/orders/7?q=1", "orders /7?q=1 /orders"),
        ("a.example", "GET", "/orders", "orders / /orders"),
        ("a.example", "GET", "/orders/a%2Fb/%7e", "orders /a%2Fb/%7e /orders"),
        // The route holds for each spelling, and so does where it leads.
        ("a.example", "GET", "/Orders/7", "orders /7 /orders"),
        ("a.example", "GET", "/%6Frders/7", "orders /7 /orders"),
        ("a.example", "GET", "/orders;a=b/7", "orders /7 /orders"),
        // An escaped slash is no slash to who leads, and the routes of both readings hold.
        ("a.example", "GET", "/orders%2F7", "app /orders%2F7 -"),
        ("a.example", "DELETE", "/orders%2F7", "404"),
        ("a.example", "DELETE", "/orders/7", "404"),
        ("a.example", "DELETE", "/orders/7/lines", "orders /7/lines /orders"),
        ("a.example", "GET", "/orders/public/x", "app /orders/public/x -"),
        ("a.example", "GET", "/users/bob%20b/orders", "orders /of/bob%20b -"),
        ("a.example", "POST", "/orders/export", "admin /orders/export -"),
        ("a.example", "GET", "/orders/export", "orders /export /orders"),
        ("admin.example", "GET", "/", "admin / -"),
        ("ADMIN.example.:8080", "GET", "/x", "admin /x -"),
        ("eu.admin.example", "GET", "/", "admin / -"),
        ("x.eu.admin.example", "GET", "/", "app / -"),
        // Routes without a host hold at each.
        ("admin.example", "DELETE", "/orders/7", "404"),
        ("admin.example", "GET", "/orders/7", "orders /7 /orders"),
    ] {
        assert_eq!(seen(&at(&gate, host, method, target)), expected, "{host} {method} {target}");
    }
    for (target, code, location) in [
        ("/old/a%20b?q=1", 308, "https://new.example/x/a%20b?q=1"),
        ("/old", 308, "https://new.example/x/"),
        ("/here", 303, "/there?a=b"),
    ] {
        let answer = at(&gate, "a.example", "GET", target);
        assert_eq!(status(&answer), code, "{answer}");
        assert!(answer.contains(&format!("location: {location}\r\n")), "{answer}");
    }
    assert!(!app.take().contains("/old"));
}

#[test]
fn without_an_upstream_of_its_own_a_request_is_not_found() {
    let orders = api("orders");
    let policy = format!(
        "[[upstream]]\nname = 'orders'\nurls = ['{}']\n[[route]]\npath = '/orders/**'\nupstream = 'orders'",
        orders.url()
    );
    let gate = Running::start(&policy, &[]);
    assert_eq!(seen(&gate.get("/orders/7")), "orders /orders/7 -");
    assert_eq!(status(&gate.get("/")), 404);
    assert!(gate.events.has(&["no-upstream", "allow_with"]));
}

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}

#[test]
fn each_upstream_has_a_document() {
    let (app, orders) = (api("app"), api("orders"));
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "app.yaml", "openapi: 3.1.0\npaths: { /me: { get: { responses: {} } } }");
    write(
        directory.path(),
        "orders.yaml",
        "openapi: 3.1.0\nservers: [{ url: /orders }]\npaths:\n  /{id}:\n    get: { responses: {} }\n    delete: { responses: {}, x-doorward: { deny: true } }\n  /me: { get: { responses: {} } }",
    );
    let policy = format!(
        "[gateway]\nopenapi = 'app.yaml'\n[[upstream]]\nname = 'orders'\nurls = ['{}']\nopenapi = 'orders.yaml'\n\
         [[route]]\npath = '/orders/**'\nupstream = 'orders'\nstrip_prefix = '/orders'\n\
         [[route]]\npath = '/old'\nredirect = '/me'",
        orders.url()
    );
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, policy).unwrap();
    let gate = Running::from_file(&file, &[app.url()]);
    for (method, target, expected) in [
        ("GET", "/me", "app /me -"),
        ("GET", "/orders/7", "orders /7 /orders"),
        ("DELETE", "/orders/7", "404"),
        ("GET", "/orders/7/lines", "404"),
        ("POST", "/orders/7", "405"),
        // Declared by the other document.
        ("GET", "/7", "404"),
        ("GET", "/old", "308"),
    ] {
        assert_eq!(seen(&at(&gate, "a.example", method, target)), expected, "{method} {target}");
    }
}

#[test]
fn an_owner_is_looked_at_where_the_object_is() {
    let app = api("app");
    let orders = Recorder::answering(|head| {
        let body = match head.split(' ').nth(1) {
            Some("/7") => r#"{"id":7,"user_id":"batch"}"#,
            _ => r#"{"id":8,"user_id":"other"}"#,
        };
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    // SHA-256 of `key`.
    let policy = format!(
        "[[auth.api_key]]\nsubject = 'batch'\nsha256 = '2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683'\n\
         [[upstream]]\nname = 'orders'\nurls = ['{}']\n\
         [[route]]\npath = '/orders/**'\nupstream = 'orders'\nstrip_prefix = '/orders'\n\
         [[route]]\npath = '/orders/{{id}}'\nowner = '/user_id'\ncheck_owner_before_write = '/orders/{{id}}'\nauth = 'required'",
        orders.url()
    );
    let gate = Running::start(&policy, &[app.url()]);
    let key = [("X-API-Key", "key")];
    for (method, target, expected) in [
        ("GET", "/orders/7", 200),
        ("GET", "/orders/8", 404),
        ("PUT", "/orders/7", 200),
        ("PUT", "/orders/8", 404),
    ] {
        assert_eq!(status(&gate.ask(method, target, &key, b"")), expected, "{method} {target}");
    }
    let seen = orders.take();
    assert!(seen.contains("PUT /7 ") && !seen.contains("PUT /8 "), "{seen}");
    assert_eq!(app.take(), "");
}

/// What was seen at one API says nothing of the object of the same path at another.
#[test]
fn a_look_is_remembered_for_its_upstream_and_host() {
    let owned_by = |owner: &'static str| {
        Recorder::answering(move |_| {
            let body = format!("{{\"user_id\":\"{owner}\"}}");
            let kind = "Content-Type: application/json\r\nContent-Length";
            format!("HTTP/1.1 200 OK\r\n{kind}: {}\r\n\r\n{body}", body.len()).into_bytes()
        })
    };
    let (own, foreign) = (owned_by("batch"), owned_by("other"));
    let policy = format!(
        "[[auth.api_key]]\nsubject = 'batch'\nsha256 = '2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683'\n\
         [ownership]\ncheck_cache_ttl = '1h'\n[[upstream]]\nname = 'foreign'\nurls = ['{}']\n\
         [[route]]\npath = '/**'\nhost = ['b.example']\nupstream = 'foreign'\n\
         [[route]]\npath = '/orders/{{id}}'\nowner = '/user_id'\ncheck_owner_before_write = '/orders/{{id}}'\nauth = 'required'",
        foreign.url()
    );
    let gate = Running::start(&policy, &[own.url()]);
    let put = |host: &str| {
        let request = format!(
            "PUT /orders/7 HTTP/1.1\r\nHost: {host}\r\nUser-Agent: t\r\nX-API-Key: key\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        status(&gate.raw(request.as_bytes()))
    };
    assert_eq!([put("a.example"), put("a.example")], [200, 200]);
    assert_eq!(own.take().matches("GET /orders/7").count(), 1, "remembered");
    assert_eq!(put("b.example"), 404);
    assert!(!foreign.take().contains("PUT"));
}

#[test]
fn what_leads_back_has_the_prefix_again() {
    let orders = Recorder::start(
        "HTTP/1.1 302 Found\r\nLocation: /next\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n",
    );
    let policy = |settings: &str| {
        format!(
            "[gateway]\n{settings}\n[[upstream]]\nname = 'orders'\nurls = ['{}']\n\
             [[route]]\npath = '/orders/**'\nupstream = 'orders'\nstrip_prefix = '/orders'",
            orders.url()
        )
    };
    for (settings, location, path) in [
        ("", "/next", "/"),
        ("rewrite_location = true\nrewrite_cookie_path = true", "/orders/next", "/orders"),
    ] {
        let gate = Running::start(&policy(settings), &[]);
        let answer = gate.get("/orders/7");
        assert!(answer.contains(&format!("location: {location}\r\n")), "{answer}");
        assert!(answer.contains(&format!("Path={path};")), "{answer}");
    }
}

#[test]
fn each_group_has_its_own_settings() {
    // One speaks HTTP/2 and gets its own Host, the other HTTP/1.1 and the client's.
    let plain = Recorder::answering(|head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{host}", host.len()).into_bytes()
    });
    let policy = format!(
        "[[upstream]]\nname = 'own'\nurls = ['{0}']\npreserve_host = false\n\
         [[route]]\npath = '/own/**'\nupstream = 'own'",
        plain.url()
    );
    let gate = Running::start(&policy, &[plain.url()]);
    assert_eq!(seen(&gate.get("/")), "api.example");
    assert_eq!(seen(&gate.get("/own/x")), plain.address.to_string());
    // Both are spoken to over one connection of a client.
    let (_, both) = output("curl", &["-sS", &gate.url("/"), &gate.url("/own/x")]);
    assert_eq!(both, format!("{}{}", gate.address, plain.address));
}
