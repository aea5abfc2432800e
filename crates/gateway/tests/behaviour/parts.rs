//! Multipart bodies that are no forms, names that servers fold, cookies in pieces. Beside each attack stands its honest
//! neighbour.

use crate::readings::{FORM, MULTIPART, check};
use crate::support::{Recorder, Running, status};

const RELATED: &str = "multipart/related; boundary=B; type=\"application/json\"";
const MIXED: &str = "multipart/mixed; boundary=B";

fn mixed(parts: &[(&str, &str)]) -> Vec<u8> {
    let parts = parts.iter().map(|(head, content)| format!("--B\r\n{head}\r\n\r\n{content}\r\n"));
    format!("{}--B--\r\n", parts.collect::<String>()).into_bytes()
}

/// Parts without a form around them: of related messages, of batches, of mails.
#[test]
fn every_multipart_body_is_judged_as_its_parts() {
    let upstream = Recorder::plain();
    let gate = Running::start("[injection]\nexempt = ['note']", &[upstream.url()]);
    let (json, text) = ("Content-Type: application/json", "Content-Type: text/plain");
    let escaped = r#"{"q":"1\u0027 or \u00271\u0027=\u00271"}"#;
    let inner = |content: &str| format!("--C\r\n{json}\r\n\r\n{content}\r\n--C--\r\n");
    let within = |content: &str| {
        format!("--D\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n{}\r\n--D--\r\n", inner(content))
    };
    let nest = "Content-Type: multipart/mixed; boundary=C";
    let deeper = "Content-Type: multipart/mixed; boundary=D";
    let http = |body: &str| format!("POST /orders HTTP/1.1\r\n{json}\r\n\r\n{body}");
    let base64 = "Content-Type: application/json\r\nContent-Transfer-Encoding: base64";
    let refused = [
        (RELATED, mixed(&[(json, escaped), ("Content-Type: image/png", "x")])),
        (RELATED, mixed(&[(json, r#"{"a":1,"a":2}"#)])),
        (RELATED, mixed(&[(json, r#"{"password":{"$ne":null}}"#)])),
        (MIXED, mixed(&[("", escaped)])),
        (
            MIXED,
            mixed(&[(
                "Content-Disposition: attachment; filename=\"a.json\"\r\nContent-Type: application/json",
                escaped,
            )]),
        ),
        (
            MIXED,
            mixed(&[(
                "Content-Disposition: inline; name=\"note\"\r\nContent-Type: text/plain",
                "1' or '1'='1' -- ",
            )]),
        ),
        (MIXED, mixed(&[("Content-Disposition: inline; name=\"${jndi:ldap://a.example/a}\"", "x")])),
        (MIXED, mixed(&[("Content-Disposition: inline; filename=\"../../../etc/passwd\"", "x")])),
        (MIXED, mixed(&[("Content-Type: text/plain\r\nContent-ID: <${jndi:ldap://a.example/a}>", "x")])),
        (MIXED, mixed(&[(nest, &inner(escaped))])),
        (MIXED, mixed(&[(deeper, &within(escaped))])),
        (MIXED, mixed(&[("Content-Type: application/http", &http(escaped))])),
        (MIXED, mixed(&[("Content-Type: application/x-www-form-urlencoded", "id=1%27+or+%271%27%3D%271")])),
        (
            MIXED,
            mixed(&[(
                "Content-Type: application/xml",
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
            )]),
        ),
        (MIXED, mixed(&[(base64, "eyJxIjoiMVx1MDAyNyBvciBcdTAwMjcxXHUwMDI3PVx1MDAyNzEifQ==")])),
        (MIXED, mixed(&[("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", "=27")])),
        (MIXED, mixed(&[("Content-Type: text/plain; charset=utf-16", "x")])),
        (MIXED, [b"preamble\r\n", &mixed(&[(text, "x")])[..]].concat()),
        (MIXED, [&mixed(&[(text, "x")])[..], b"behind"].concat()),
        ("multipart/mixed", mixed(&[(text, "x")])),
        (
            "multipart/form-data; boundary=B",
            mixed(&[(&format!("Content-Disposition: form-data; name=\"f\"\r\n{nest}"), &inner("{}"))]),
        ),
        (
            "multipart/form-data; boundary=B",
            mixed(&[(
                &format!("Content-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n{nest}"),
                &inner("{}"),
            )]),
        ),
    ];
    let passed = [
        (
            RELATED,
            mixed(&[
                (
                    "Content-Type: application/json\r\nContent-ID: <root.message@a.example>",
                    r#"{"name":"O'Brien","title":"a & b"}"#,
                ),
                ("Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <1>", "\u{1}x"),
            ]),
        ),
        (
            "multipart/related; type=\"application/xop+xml\"; start=\"<root@a>\"; start-info=\"text/xml\"; boundary=\"B\"",
            mixed(&[(
                "Content-Type: application/xop+xml; charset=UTF-8; type=\"text/xml\"\r\nContent-ID: <root@a>",
                "<e:Envelope xmlns:e=\"urn:e\"><a>b</a></e:Envelope>",
            )]),
        ),
        (
            MIXED,
            mixed(&[
                (nest, &inner("{\"a\":1}")),
                ("Content-Type: application/http\r\nContent-ID: 1", "GET /orders/1 HTTP/1.1\r\n\r\n"),
            ]),
        ),
        (
            MIXED,
            mixed(&[
                ("", "some text"),
                ("Content-Disposition: attachment; filename=\"list.csv\"\r\nContent-Type: text/csv", "a;b"),
            ]),
        ),
        (
            MIXED,
            mixed(&[(
                "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64",
                "/9j/4AAQSkZJRgABAQ==",
            )]),
        ),
        (
            "multipart/form-data; boundary=B",
            mixed(&[(
                "Content-Disposition: form-data; name=\"f\"; filename=\"page.mhtml\"\r\nContent-Type: multipart/related",
                "From: <Saved by a browser>",
            )]),
        ),
    ];
    check(&gate, &upstream, "/x", &refused, &passed);
    let deep = (0..5).fold(inner("{}"), |body, nth| {
        format!(
            "--E{nth}\r\n{}\r\n\r\n{body}\r\n--E{nth}--\r\n",
            if nth == 0 {
                nest.to_owned()
            } else {
                format!("Content-Type: multipart/mixed; boundary=E{}", nth - 1)
            }
        )
    });
    check(&gate, &upstream, "/x", &[("multipart/mixed; boundary=E4", deep)], &[]);
}

#[test]
fn fields_of_parts_are_compared_and_listed() {
    let upstream = Recorder::plain();
    let policy = "[[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n\
        [[route]]\npath = '/save'\nbind = { 'body./task/user_id' = 'sub' }\n\
        [[route]]\npath = '/flat'\nbind = { 'body./user_id' = 'sub' }\nsanitize = { note = 'strip' }\n\
        [[route]]\npath = '/named'\nfields = ['name']";
    let gate = Running::start(policy, &[upstream.url()]);
    let json = "Content-Type: application/json";
    let field = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
    let json_field = |name: &str| format!("{}\r\n{json}", field(name));
    let ask = |target: &str, kind: &str, body: &[u8]| {
        let headers = [("X-API-Key", "bob"), ("Content-Type", kind)];
        let answer = status(&gate.ask("POST", target, &headers, body));
        (answer, upstream.take().is_empty())
    };
    for (target, kind, body) in [
        ("/flat", RELATED, mixed(&[(json, r#"{"user_id":"alice"}"#)])),
        ("/flat", RELATED, mixed(&[(json, r#"{"user_id":"bob"}"#), ("", r#"{"user_id":"alice"}"#)])),
        (
            "/flat",
            MIXED,
            mixed(&[(
                "Content-Type: multipart/mixed; boundary=C",
                "--C\r\n\r\n{\"user_id\":\"alice\"}\r\n--C--\r\n",
            )]),
        ),
        (
            "/flat",
            MIXED,
            mixed(&[("Content-Type: application/http", "PUT /x HTTP/1.1\r\n\r\n{\"user_id\":\"alice\"}")]),
        ),
        ("/flat", MIXED, mixed(&[("Content-Type: application/xml", "<a><user_id>alice</user_id></a>")])),
        ("/flat", MIXED, mixed(&[(json, r#"{"user_id":"bob","note":"<b>x</b>"}"#)])),
        ("/flat", "application/json", br#"{"userId":"alice"}"#.to_vec()),
        ("/flat", "application/json", "{\"u\u{17f}er_id\":\"alice\"}".as_bytes().to_vec()),
        ("/save", "application/json", "{\"tas\u{212a}\":{\"USER_ID\":\"alice\"}}".as_bytes().to_vec()),
        ("/save", FORM, b"task[user_id]=alice".to_vec()),
        ("/save", FORM, b"task.user_id=alice".to_vec()),
        ("/save", FORM, "ta\u{17f}k[user_id][]=alice".as_bytes().to_vec()),
        ("/save", MULTIPART, mixed(&[(&field("task[user_id]"), "alice")])),
        ("/save", MULTIPART, mixed(&[(&json_field("task"), r#"{"user_id":"alice"}"#)])),
        (
            "/save",
            MULTIPART,
            mixed(&[
                (&json_field("Task"), r#"[{"userId":"alice"}]"#),
                (&json_field("task"), r#"{"userId":"alice"}"#),
            ]),
        ),
        ("/named", RELATED, mixed(&[(json, r#"{"name":"x","role":"admin"}"#)])),
    ] {
        let (answer, is_alone) = ask(target, kind, &body);
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!((400..500).contains(&answer) && is_alone, "{target} {kind} {body} answered {answer}");
    }
    for (target, kind, body) in [
        (
            "/flat",
            RELATED,
            mixed(&[(json, r#"{"user_id":"bob","note":"1 < 2"}"#), ("Content-Type: image/png", "x")]),
        ),
        ("/flat", "application/json", br#"{"user_id":"bob","user-id":"x","user":"y"}"#.to_vec()),
        ("/save", "application/json", br#"{"task":{"user_id":"bob"},"user_id":"alice"}"#.to_vec()),
        ("/save", FORM, b"task[user_id]=bob&task[name]=alice&other[user_id]=alice".to_vec()),
        (
            "/save",
            MULTIPART,
            mixed(&[(&json_field("task"), r#"{"user_id":"bob"}"#), (&field("name"), "alice")]),
        ),
    ] {
        let answer = ask(target, kind, &body).0;
        assert_eq!(answer, 200, "{target} {kind} {}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn values_in_several_cookies_are_judged_as_servers_join_them() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let ask = |cookie: &str| status(&gate.ask("GET", "/x", &[("Cookie", cookie)], b""));
    for cookie in [
        "a=1 union/*; b=*/select password from users",
        "n={{7*; n=7}}",
        "w[0]=1' or; w[1]='1'='1",
        "q=1'+or+'1'%3D'1",
        "a=x,b=1 union select password from users",
        "user=x\\; pass= or 1=1-- ",
    ] {
        assert_eq!(ask(cookie), 403, "{cookie}");
    }
    upstream.take();
    for cookie in [
        "a=1; b=2; a=3",
        "_ga=GA1.2.3.4; _ga_X=GS1.1.5.6; theme=dark",
        "cart=eyJhIjoxfQ+/==; lang=de,en",
        "consent={\"ads\":false,\"stats\":true}; session=abc",
        "w[0]=red; w[1]=blue",
    ] {
        assert_eq!(ask(cookie), 200, "{cookie}");
    }
}
