//! What the doors judge is what the upstream gets: other spellings of a path, coded bodies, multipart bodies, bytes that
//! are not text, cookies in pieces, addresses that a client makes up. Beside each attack stands its honest neighbour.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::support::{Recorder, Running, output, status};

const ATTACK: &str = "id=1' OR '1'='1";

#[test]
fn another_spelling_does_not_leave_a_routes_protection() {
    let upstream = Recorder::plain();
    let policy = r#"
[[auth.api_key]]
subject = "alice"
sha256 = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"
[[route]]
path = "/admin/**"
auth = "required"
[[route]]
path = "/orders/{id}"
auth = "required"
bind = { "path.id" = "sub" }
[[route]]
path = "/open/**"
"#;
    let gate = Running::start(policy, &[upstream.url()]);
    for path in [
        "/admin",
        "/admin/",
        "/ADMIN",
        "/admin/x",
        "/ADMIN/x",
        "/Admin/x/",
        "/admin;a",
        "/admin;a/x",
        "/admin/;a/x",
        "/%41dmin/x",
        "/admin;a=b;c/x;y",
        "//admin/x",
        "/orders/1",
        "/orders/1/",
        "/Orders/1",
        "/orders;v=2/1",
        "/orders/1;a",
        "/ORDERS/1/;a",
        "/orders//1",
    ] {
        let answer = status(&gate.get(path));
        assert!([401, 400].contains(&answer), "{path} answered {answer}");
        assert_eq!(upstream.take(), "", "{path} reached the upstream");
    }
    let alice = [("X-API-Key", "alice")];
    for (path, expected) in [
        ("/orders/alice", 200),
        ("/Orders/alice/", 200),
        ("/orders/bob", 404),
        ("/Orders/bob", 404),
        ("/orders;a/bob/", 404),
        // A name has its case.
        ("/orders/Alice", 404),
    ] {
        assert_eq!(status(&gate.ask("GET", path, &alice, b"")), expected, "{path}");
        let seen = upstream.take();
        assert!(
            expected != 200 || seen.starts_with(&format!("GET {path} ")),
            "{path} was forwarded as {seen}"
        );
    }
    for path in ["/administrator", "/order/1", "/open/admin", "/x/admin/y", "/", "/Other/Path/"] {
        assert_eq!(status(&gate.get(path)), 200, "{path}");
        assert!(upstream.take().starts_with(&format!("GET {path} ")));
    }
    for path in ["/api/login", "/API/Login/", "/api/login;jsessionid=1"] {
        // Whatever its spelling, a login holds bodies of 8 KiB at most.
        assert_eq!(status(&gate.ask("POST", path, &[], &[b'a'; 9000])), 413, "{path}");
    }
}

#[test]
fn what_was_judged_is_forwarded_and_not_its_content_coding() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let send = |coding: &str, body: &[u8]| {
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let answer = status(&gate.ask("POST", "/form", &[form, ("Content-Encoding", coding)], body));
        (answer, upstream.take())
    };
    for (coding, body) in [
        ("gzip", gzip("", "a=b&c=d")),
        ("gzip", [gzip("", "a=b"), gzip("", "&c=d")].concat()),
        // A server that does not undo codings reads the file name of a gzip member as a field.
        ("gzip", gzip("&q=' OR 1=1--&z=", "a=b&c=d")),
        ("deflate", zlib("a=b&c=d")),
        ("deflate", deflate("a=b&c=d")),
        ("zstd", zstd("a=b&c=d")),
    ] {
        let (answer, seen) = send(coding, &body);
        assert_eq!(answer, 200, "{coding}");
        let seen = seen.to_ascii_lowercase();
        assert!(
            seen.ends_with("\r\n\r\na=b&c=d") && seen.contains("content-length: 7\r\n"),
            "{coding}: {seen}"
        );
        assert!(!seen.contains("content-encoding"), "{coding}: {seen}");
    }
    let chunked = [
        b"POST /form HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
        format!("{:x}\r\n", gzip("", "[1]").len()).into_bytes(),
        gzip("", "[1]"),
        b"\r\n0\r\n\r\n".to_vec(),
    ]
    .concat();
    assert_eq!(status(&gate.raw(&chunked)), 200);
    let seen = upstream.take().to_ascii_lowercase();
    assert!(seen.ends_with("\r\n\r\n[1]") && !seen.contains("content-encoding"), "{seen}");
    for (coding, body) in [
        ("zstd", [zstd("a=b"), zstd(ATTACK)].concat()),
        ("zstd", [&zstd("a=b")[..], b"&", ATTACK.as_bytes()].concat()),
        ("deflate", [&zlib("a=b")[..], b"&", ATTACK.as_bytes()].concat()),
        ("deflate", [&deflate("a=b")[..], b"&", ATTACK.as_bytes()].concat()),
        ("deflate", [zlib("a=b"), zlib(ATTACK)].concat()),
        ("gzip", [&gzip("", "a=b")[..], b"&", ATTACK.as_bytes()].concat()),
        ("gzip", [gzip("", "a=b"), gzip("", ATTACK)].concat()),
        ("identity\r\nContent-Encoding: gzip", gzip("", "a=b")),
    ] {
        let (answer, seen) = send(coding, &body);
        assert!([400, 403, 415].contains(&answer), "{coding} answered {answer}");
        assert_eq!(seen, "", "{coding} reached the upstream");
    }
    // Where every door only watches, nothing is changed.
    let observing =
        ["protocol", "schema", "injection", "ownership"].map(|door| format!("{door} = 'observe'\n")).concat();
    let gate = Running::start(&format!("[doors]\n{observing}"), &[upstream.url()]);
    gate.ask("POST", "/form", &[("Content-Encoding", "gzip")], &gzip("", "a=b"));
    assert!(upstream.take_bytes().ends_with(&gzip("", "a=b")));
}

#[test]
fn multipart_bodies_that_servers_read_differently_are_refused() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let send = |content_type: &str, body: &str| {
        let answer = status(&gate.ask("POST", "/upload", &[("Content-Type", content_type)], body.as_bytes()));
        (answer, upstream.take())
    };
    let kind = "multipart/form-data; boundary=B";
    let part = |disposition: &str| {
        format!("--B\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{ATTACK}\r\n--B--\r\n")
    };
    for disposition in [
        "name=\"id\"; filename=\"\"",
        "name=\"id\"; filename=",
        "name=\"id\"; filename",
        "name=\"id\"; filename=\"a\"; filename=\"b\"",
        "name=\"id\"; x=\" filename=a \"; filename*=utf-8''a",
        "name=\"id\"; x=\"; filename=a\"",
        "name=\"q; filename=a\"",
        "name=\"q\\\"; filename=\\\"a\"",
        "name=\"a\"; name=\"id\"; filename=\"a\"",
        "filename=\"a\"",
        "name=\"f\"; filename=\"a\"\r\nContent-Disposition: form-data; name=\"id\"",
    ] {
        let (answer, seen) = send(kind, &part(disposition));
        assert_eq!((answer, seen.as_str()), (400, ""), "{disposition}");
    }
    let file = part("name=\"f\"; filename=\"notes.txt\"\r\nContent-Type: text/plain");
    let hidden = "--C\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n1\r\n--C--\r\n";
    for (content_type, body) in [
        ("multipart/form-data; boundary=B; boundary=C", format!("{file}{hidden}")),
        ("multipart/form-data; boundary=B; boundary=B", file.clone()),
        ("multipart/form-data; xboundary=C; boundary=B", file.clone()),
        (kind, format!("{file}{hidden}")),
        (kind, format!("{file}behind")),
        (kind, format!("before\r\n{file}")),
    ] {
        let (answer, seen) = send(content_type, &body);
        assert_eq!((answer, seen.as_str()), (400, ""), "{content_type}: {body}");
    }
    // What looks like a file name inside of quotes is none: this is a field, and is judged.
    assert_eq!(send(kind, &part("name=\"id\"; x=\" filename=a \"")).0, 403);
    assert_eq!(send(kind, &file).0, 200, "a file is not an input");
    let honest = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nO'Brien & sons\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--B--\r\n";
    assert_eq!(send(kind, honest).0, 200, "a file that nobody chose");
    assert_eq!(send("multipart/form-data; charset=utf-8; boundary=\"B\"", honest).0, 200);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("naïve plan; \"v2\" (1).txt");
    std::fs::write(&path, "some text\r\n").unwrap();
    let upload = format!("f=@\"{}\"", path.display().to_string().replace('"', "\\\""));
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let (_, code) = output(
            "curl",
            &[
                "-sS",
                version,
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "-F",
                "a=b",
                "-F",
                &upload,
                &gate.url("/"),
            ],
        );
        assert_eq!(code, "200", "curl {version}");
    }
}

#[test]
fn a_byte_that_is_not_utf8_does_not_end_the_judging() {
    let upstream = Recorder::plain();
    let policy = "[[route]]\npath = '/stream'\nbody = 'stream'";
    let gate = Running::start(policy, &[upstream.url()]);
    let attack = b"{\"q\":\"' OR 1=1--\",\"z\":\"\xff\"}";
    for path in ["/", "/stream"] {
        for kind in ["text/plain", "", "application/octet-stream", "multipart/related", "image/png"] {
            let answer = status(&gate.ask("POST", path, &[("Content-Type", kind)], attack));
            assert!(answer >= 400, "{path} {kind} answered {answer}");
        }
    }
    upstream.take();
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), gzip("", &"' OR 1=1--\n".repeat(50))].concat();
    for path in ["/", "/stream"] {
        assert_eq!(status(&gate.ask("PUT", path, &[("Content-Type", "image/png")], &png)), 200, "{path}");
        assert!(upstream.take_bytes().ends_with(&png), "{path}");
    }
    let latin1 = b"na\xefve caf\xe9";
    assert_eq!(status(&gate.ask("POST", "/", &[("Content-Type", "text/plain")], latin1)), 200);
}

/// Some readers of JSON skip comments, whatever the media type says, and some end one at a carriage return.
#[test]
fn json_behind_a_comment_is_read() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let form = "application/x-www-form-urlencoded";
    const ATTACK: &str = "1' UNION SELECT password FROM users--";
    let json = format!("{{\"q\":\"{ATTACK}\"}}");
    for (method, kind, body, expected) in [
        ("POST", form, format!("/*x*/{json}"), 403),
        ("POST", form, format!(" // x\n/* y */ [{json}]"), 403),
        ("POST", "", format!("#x\n {json}"), 403),
        ("PUT", "", format!("#x\n {json}"), 403),
        ("POST", "", format!("\u{2028}{json}"), 403),
        ("POST", form, format!("\u{feff}\u{a0}/**/[{json}]"), 403),
        ("PUT", "", format!("{{//\r\"a\":\"}}\n\"q\":\"{ATTACK}\"}}"), 403),
        ("PUT", "text/plain", format!("[1,//\r\"]\n\"{ATTACK}\"]"), 403),
        ("POST", "", "{\"tags\":[\"it's\",\"a <b> c\"],\"at\":[1,2]}".into(), 200),
        ("POST", "", "[[\"SELECT\"],[\"from here; on\"]]".into(), 200),
        ("POST", "text/plain", "\u{a0}{ a }".into(), 200),
        ("POST", form, "/*x*/=1".into(), 200),
        ("POST", form, "note=/*x*/{}".into(), 200),
        ("POST", form, "%2F*x*%2F=%7B".into(), 200),
        ("POST", "text/plain", "/* a style */\nbody { color: red }".into(), 200),
        ("POST", "text/plain", "// settings\n{ \"a\": 1 }".into(), 200),
        // Files that begin so.
        (
            "PUT",
            "",
            "# Title\n\n[![Build](https://ci.example/a.svg)](https://ci.example)\n\nA text.\n".into(),
            200,
        ),
        ("PUT", "", "# x\n[package]\nname = \"a\"\n".into(), 200),
        ("PUT", "", "#!/bin/bash\n[ -f x ] && echo y\n".into(), 200),
        ("PUT", "", "// x\n[1, 2].map(String);\n".into(), 200),
        ("POST", "", "# x\n[package]\nname = \"a\"\n".into(), 200),
    ] {
        let answer = gate.ask(method, "/notes", &[("Content-Type", kind)], body.as_bytes());
        let last = gate.events.all();
        assert_eq!(status(&answer), expected, "{method} {kind} {body}: {:?}", last.last());
    }
}

/// What is stored is no document that somebody reads with its entities.
#[test]
fn xml_that_is_stored_is_a_file() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    const PLIST: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
                         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\"><dict/></plist>";
    const ENTITY: &str =
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    for (method, kind, body, expected) in [
        ("PUT", "", PLIST, 200),
        ("PUT", "application/octet-stream", PLIST, 200),
        ("POST", "", PLIST, 400),
        ("PUT", "application/xml", PLIST, 400),
        ("PUT", "", ENTITY, 403),
        ("POST", "", ENTITY, 400),
    ] {
        let answer = gate.ask(method, "/Info.plist", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(status(&answer), expected, "{method} {kind} {body}: {:?}", gate.events.all().last());
    }
}

#[test]
fn cookies_in_pieces_are_one_header() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let pieces = ["-H", "Cookie: a=1", "-H", "Cookie: session=abc", "-H", "Cookie: c=3"];
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let url = gate.url("/");
        let arguments = [&["-sS", version][..], &pieces, &[url.as_str()]].concat();
        output("curl", &arguments);
        let seen = upstream.take();
        assert!(seen.contains("cookie: a=1; session=abc; c=3\r\n"), "{version}: {seen}");
        assert_eq!(seen.matches("cookie:").count(), 1, "{version}: {seen}");
    }
    let one = gate.ask("GET", "/", &[("Cookie", "a=1; b=2")], b"");
    assert!(status(&one) == 200 && upstream.take().contains("cookie: a=1; b=2\r\n"));
}

#[test]
fn an_address_that_the_client_made_up_is_not_believed() {
    let upstream = Recorder::plain();
    let trusted = "trusted_proxies = ['127.0.0.0/8']\n";
    let deny = "[network]\ndeny = ['198.51.100.0/24']";
    let gate = Running::start(&format!("[gateway]\n{trusted}{deny}"), &[upstream.url()]);
    let ask = |gate: &Running, headers: &[(&str, &str)]| status(&gate.ask("GET", "/", headers, b""));
    let real = ("X-Forwarded-For", "198.51.100.7");
    assert_eq!(ask(&gate, &[real]), 403);
    for made_up in ["for=192.0.2.1", "for=unknown", "for=\"[2001:db8::1]\"", ";"] {
        assert_eq!(ask(&gate, &[("Forwarded", made_up), real]), 403, "{made_up}");
    }
    assert_eq!(ask(&gate, &[("Forwarded", "for=198.51.100.7"), ("X-Forwarded-For", "192.0.2.1")]), 200);
    let gate = Running::start(
        &format!("[gateway]\nclient_address_from = 'forwarded'\n{trusted}{deny}"),
        &[upstream.url()],
    );
    assert_eq!(ask(&gate, &[("Forwarded", "for=198.51.100.7"), ("X-Forwarded-For", "192.0.2.1")]), 403);
    assert_eq!(ask(&gate, &[("Forwarded", "for=192.0.2.1"), real]), 200);
}

fn gzip(file_name: &str, text: &str) -> Vec<u8> {
    let builder = flate2::GzBuilder::new();
    let builder = if file_name.is_empty() { builder } else { builder.filename(file_name) };
    let mut encoder: GzEncoder<Vec<u8>> = builder.write(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn deflate(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// One frame with one block as it is (RFC 8878 §3.1.1).
fn zstd(text: &str) -> Vec<u8> {
    let length = text.len() as u32;
    let block = (length << 3) | 1;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, length as u8];
    frame.extend_from_slice(&block.to_le_bytes()[..3]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

#[test]
fn a_limit_holds_for_an_address_whatever_it_says_of_itself() {
    let upstream = Recorder::plain();
    let policy = "[gateway]\ntrusted_proxies = ['127.0.0.0/8']\n[rate]\nlimits = ['3 per hour']";
    let gate = Running::start(policy, &[upstream.url()]);
    let ask = |n: u8, real: &str| {
        let made_up = format!("for=192.0.2.{n}");
        let chain = format!("203.0.113.{n}, {real}");
        status(&gate.ask("GET", "/", &[("Forwarded", &made_up), ("X-Forwarded-For", &chain)], b""))
    };
    let statuses: Vec<u16> = (1..=5).map(|n| ask(n, "198.51.100.7")).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(ask(6, "198.51.100.8"), 200, "another client has a limit of its own");
}

#[test]
fn a_body_that_is_one_text_of_json_is_no_file() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    const TEMPLATE: &str = r#""{{7*7}}{{config.items()}}""#;
    const QUERY: &str = r#""\u0027 OR \u00271\u0027=\u00271""#;
    for method in ["PUT", "PATCH", "POST"] {
        for (kind, body, expected) in [
            // Flask's `get_json(force=True)`, Express's and Fastify's readers of any type read a text of JSON.
            ("", TEMPLATE, 403),
            ("", QUERY, 403),
            ("text/plain", TEMPLATE, 403),
            ("application/x-www-form-urlencoded", QUERY, 403),
            // Go's decoder stops behind the first value, or goes on to the next.
            ("", "{\"name\":\"{{7*7}}{{config.items()}}\"} and more", 403),
            ("text/plain", "[1] [\"{{7*7}}{{config.items()}}\"]", 403),
            ("text/plain", "0 {\"name\":\"{{7*7}}{{config.items()}}\"} x", 403),
            // Those who read piece by piece act before the end, and Gson takes nearly anything.
            ("text/plain", "[{\"name\":\"{{7*7}}{{config.items()}}\"},", 403),
            ("text/plain", "{'name'=>'{{7*7}}{{config.items()}}'}", 403),
            ("text/plain", ")]}'\n{\"name\":\"{{7*7}}{{config.items()}}\"}", 403),
            // What readers trim in front.
            ("text/plain", "\u{b}\u{85}\u{a0}\u{feff}\u{feff}{\"name\":\"{{7*7}}{{config.items()}}\"}", 403),
            ("application/json-seq", "\u{1e}{\"name\":\"{{7*7}}{{config.items()}}\"}\n", 403),
            ("", "null {\"name\":\"{{7*7}}{{config.items()}}\"}", 403),
            // Python knows NaN, and Ruby comments and any escape.
            ("text/plain", "[{\"name\":\"{{7*7}}{{config.items()}}\"},NaN]", 403),
            ("application/x-foo", "/*a*/{\"name\":\"{{7*7}}{{config.items()}}\"}", 403),
            ("text/plain", r#"{"name":"\{\{7*7}}\{\{config.items()}}"}"#, 403),
            ("application/x-www-form-urlencoded", "[1,\"{{7*7}}{{config.items()}}\"] x", 403),
            // Tables and texts that begin with a quote are none of that.
            ("", "\"id\",\"name\"\n\"1\",\"Ada, \"\"the first\"\"\"\n", 200),
            ("text/csv", "\"id\";\"name\"\n\"1\";\"it's <b>bold</b>\"\n", 200),
            ("text/plain", "\"To be, or not to be\", he said.", 200),
            ("", "\"a text\"", 200),
            ("application/x-ndjson", "{\"index\":{\"_id\":\"1\"}}\n{\"title\":\"O'Brien & sons\"}\n", 200),
            ("", "[2026-11-26 10:00:00] \"GET /x\" 200\n", 200),
        ] {
            let typed = [("Content-Type", kind)];
            let headers = if kind.is_empty() { &[][..] } else { &typed[..] };
            let answer = gate.ask(method, "/notes/1", headers, body.as_bytes());
            assert_eq!(status(&answer), expected, "{method} {kind} {body}: {:?}", gate.events.all().last());
            assert_eq!(upstream.take().is_empty(), expected != 200, "{method} {kind} {body}");
        }
    }
    // What PUT stores may tell of commands and queries.
    for (kind, body) in [
        ("text/csv", "\"http://localhost:3000/\",\"up\"\n\"/etc/passwd\",\"root\"\n"),
        ("text/plain", "\"SELECT * FROM users\" is the query that the page runs."),
        (
            "text/x-sh",
            "#!/bin/bash\nset -e\nDIR=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\nif [ -d x ]; then { ls; }; fi\n",
        ),
        ("text/x-c", "#include <stdlib.h>\nint main() { return system(\"ls -la; cat a\"); }\n"),
    ] {
        let answer = gate.ask("PUT", "/notes/1", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(status(&answer), 200, "{kind} {body}: {:?}", gate.events.all().last());
    }
    // What is too long to be held: a table passes as it comes, a text of JSON does not.
    let rows = format!("\"id\",\"name\"\n{}", "\"1\",\"Ada\"\n".repeat(200_000));
    assert_eq!(status(&gate.ask("PUT", "/notes/1", &[], rows.as_bytes())), 200);
    let blanks = format!("{}{}", " ".repeat(2 << 20), "{\"name\":\"{{7*7}}{{config.items()}}\"}");
    for method in ["PUT", "PATCH", "POST"] {
        let kind = [("Content-Type", "application/octet-stream")];
        let answer = status(&gate.ask(method, "/notes/1", &kind, blanks.as_bytes()));
        assert!([403, 413].contains(&answer), "{method}: {answer}");
    }
    let text = format!("\"{}{{{{7*7}}}}{{{{config.items()}}}}\"", "a".repeat(1_500_000));
    let answer = status(&gate.ask("PUT", "/notes/1", &[], text.as_bytes()));
    assert!([403, 413].contains(&answer), "{answer}");
}

#[test]
fn blanks_do_not_hide_another_width_of_characters() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    const TEXT: &str = r#"{"q":"1 UNION SELECT password FROM users"}"#;
    let wide = |text: &str, is_little: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    };
    let wider = |text: &str, is_little: bool| -> Vec<u8> {
        let four = |c: char| if is_little { u32::from(c).to_le_bytes() } else { u32::from(c).to_be_bytes() };
        text.chars().flat_map(four).collect()
    };
    for blanks in ["", " ", "\r\n\t ", "0 ", "null\n"] {
        for is_little in [true, false] {
            let text = format!("{blanks}{TEXT}");
            for body in [wide(&text, is_little), wider(&text, is_little)] {
                for kind in ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"] {
                    for method in ["PUT", "POST"] {
                        let answer = gate.ask(method, "/a", &[("Content-Type", kind)], &body);
                        assert_eq!(status(&answer), 400, "{method} {kind} {body:?}");
                    }
                }
            }
        }
    }
    // Samples of sound, and numbers of a program.
    for body in [
        &[0x20, 0, 0x11, 0, 0x20, 0][..],
        &[1, 0, 2, 0, 3, 0],
        &[0, 1, 0, 2],
        &[0x0a, 0, 0x15, 0],
        &[0x32, 0, 0, 0, 0x7b, 0, 0, 0],
    ] {
        let kind = [("Content-Type", "application/octet-stream")];
        assert_eq!(status(&gate.ask("PUT", "/a", &kind, body)), 200, "{body:?}");
    }
}

#[test]
fn a_form_is_read_where_its_type_says_something_else() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    const FORM: &str = "q=1%27+UNION+SELECT+password+FROM+users--&a=b";
    for (kind, body, expected) in [
        // Bottle reads any body as a form, and formidable one whose type has the word somewhere.
        ("text/plain", FORM, 403),
        ("text/csv", FORM, 403),
        ("text/plain; x=urlencoded", "q=1", 400),
        ("image/gif; x=urlencoded", "q=1", 400),
        ("text/plain; x=multipart; boundary=B", "q=1", 400),
        ("application/x-www-form-urlencoded; charset=utf-8", "q=1", 200),
        ("text/plain", "&q=1%27+UNION+SELECT+password+FROM+users--", 403),
        ("text/csv", "a b=1&q=1%27+UNION+SELECT+password+FROM+users--", 403),
        ("", "<a>=1&q=1%27+UNION+SELECT+password+FROM+users--", 403),
        ("", " <q=1%27+UNION+SELECT+password+FROM+users--", 403),
        ("", "<note><to>R&amp;D</to><at x=\"1\">a = b</at></note>", 200),
        ("", "<p>Tom &amp; Jerry = fun</p>", 200),
        ("text/plain", "Tom & Jerry = fun\nq=1", 200),
        ("text/plain", "level=info msg=\"a user's choice\" path=/a%20b", 200),
        ("text/plain", "key=value\nname=O'Brien & sons\n", 200),
    ] {
        let answer = gate.ask("POST", "/a", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(status(&answer), expected, "{kind} {body}: {:?}", gate.events.all().last());
    }
    // Rack and Bottle read the parts of any multipart body as fields, and decode nothing.
    let part = |head: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"q\"\r\n{head}\r\n{content}\r\n--B--\r\n")
    };
    let binary = format!("GIF89a{}; cat /etc/passwd", "\u{ff}".repeat(16));
    for (head, content, expected) in [
        ("Content-Transfer-Encoding: base64\r\n", "1 UNION SELECT password FROM users LIMIT 10", 400),
        ("Content-Transfer-Encoding: base64\r\n", "1\r\nUNION\r\nSELECT\r\npassword\r\nFROM\r\nusers", 400),
        ("Content-Type: image/gif\r\n", binary.as_str(), 403),
        ("Content-Type: application/http\r\n", "x\r\n<script>alert(1)</script>:", 403),
        ("Content-Transfer-Encoding: base64\r\n", "aGVsbG8gd29ybGQ=", 200),
        ("Content-Type: text/plain\r\n", "hello world", 200),
    ] {
        let kind = [("Content-Type", "multipart/mixed; boundary=B")];
        let answer = gate.ask("POST", "/a", &kind, part(head, content).as_bytes());
        assert_eq!(status(&answer), expected, "{head} {content}: {:?}", gate.events.all().last());
    }
    // Marks of a film or a sound within a comment make no file.
    for (kind, body) in [
        ("video/mp4", &b"/*\0\0ftypmp42\xff\xff\xff\xff\xff\xff\xff\xff*/{\"q\":\"1' UNION SELECT password FROM users--\"}"[..]),
        ("audio/amr", b"#!AMR\n#\xff\xff\xff\xff\xff\xff\xff\xff\n{\"q\":\"1' UNION SELECT password FROM users--\"}"),
    ] {
        assert_eq!(status(&gate.ask("POST", "/a", &[("Content-Type", kind)], body)), 403, "{kind}");
    }
}
