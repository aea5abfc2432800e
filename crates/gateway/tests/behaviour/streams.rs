//! What passes as it comes, and what is read deep inside: nobody chooses where the gate stops looking. Beside each attack
//! stands its honest neighbour.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::frames::{self, Http2};
use crate::readings::{FORM, MULTIPART, check};
use crate::support::{Recorder, Running, status, until};

const ATTACK: &[u8] = b"x' OR 1=1 -- ";
const MIB: usize = 1 << 20;

/// Bytes without a meaning, none of which is text.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8 | 0x80
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn json_behind(start: &[u8], length: usize) -> Vec<u8> {
    [start, &b"\xff".repeat(length / 5), &b"a".repeat(length), b"\",\"q\":\"", ATTACK, b"\"}"].concat()
}

fn part(head: &str, content: &[u8]) -> Vec<u8> {
    [b"--B\r\nContent-Disposition: form-data; ", head.as_bytes(), b"\r\n\r\n", content, b"\r\n"].concat()
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).filter(|window| *window == word).count()
}

fn parts(parts: &[Vec<u8>]) -> Vec<u8> {
    [&parts.concat()[..], b"--B--\r\n"].concat()
}

#[test]
fn what_begins_as_a_text_is_no_file() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = []", &[upstream.url()]);
    let tar = |name: &[u8]| {
        let mut head = vec![0; 512];
        head[..name.len()].copy_from_slice(name);
        head[100..108].copy_from_slice(b"0000644\0");
        head[257..263].copy_from_slice(b"ustar\0");
        head
    };
    let name = format!("{{\"a\":\"{}", "a".repeat(251));
    let starts: [&[u8]; 6] = [
        b"{\"aaftypmp42\":\"",
        b" [\"ftypmp42\",\"",
        b"\xef\xbb\xbf{\"\"ftypheic\":\"",
        b"\"a\"ftypisom",
        b"a=1&ftypmp42=\"",
        &[name.as_bytes(), b"ustar00"].concat(),
    ];
    let blob = "name=\"f\"; filename=\"blob\"\r\nContent-Type: application/octet-stream";
    for start in starts {
        for kind in ["application/octet-stream", "video/mp4", "application/x-tar"] {
            for length in if kind == "video/mp4" { [1000, MIB] } else { [1000, 5000] } {
                let body = json_behind(start, length);
                let answer = gate.ask("POST", "/a", &[("Content-Type", kind)], &body);
                let shown = String::from_utf8_lossy(start);
                assert!(status(&answer) >= 400 || start.starts_with(b"a="), "{kind} {shown} {length}");
                let field = parts(&[part(blob, &json_behind(start, length.min(1000)))]);
                let answer = gate.ask("POST", "/a", &[("Content-Type", MULTIPART)], &field);
                assert!(status(&answer) >= 400, "a blob, {shown} {length}");
            }
        }
    }
    upstream.take_bytes();
    let files: [(&str, &[u8]); 12] = [
        ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
        ("image/heic", b"\0\0\0\x24ftypheic\0\0\0\0mif1heic"),
        ("video/mp4", b"\0\0\0\x3cftypmp42\0\0\0\0mp42isom"),
        ("video/quicktime", b"\0\0\0\x14ftypqt  \0\0\0\0qt  "),
        ("application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
        ("application/zip", b"PK\x03\x04\x14\0\0\0\x08\0"),
        ("application/gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("application/zstd", b"\x28\xb5\x2f\xfd\x24"),
        ("application/wasm", b"\0asm\x01\0\0\0"),
        ("font/woff2", b"wOF2\0\x01\0\0"),
        ("application/x-tar", &tar(b"./a' OR 1=1 -- .txt")),
    ];
    for (kind, start) in files {
        for length in [3000, MIB + 1000] {
            // What a file holds is nobody's text.
            let file = [start, &noise(length), b" ", ATTACK, b"\n"].concat();
            let answer = gate.ask("POST", "/a", &[("Content-Type", kind)], &file);
            assert_eq!(status(&answer), 200, "{kind} {length} {:?}", gate.events.all().last());
            assert!(upstream.take_bytes().ends_with(&file), "{kind} {length}");
        }
    }
}

#[test]
fn a_file_without_a_type_is_one_to_everybody() {
    let upstream = Recorder::plain();
    let policy = "[rate]\nlimits = []\n[[route]]\npath = '/s'\nbody = 'stream'\n\
        [[route]]\npath = '/seen'\n[route.doors]\nprotocol = 'observe'\ninjection = 'observe'\nschema = 'observe'\nownership = 'observe'";
    let gate = Running::start(policy, &[upstream.url()]);
    let page: &[u8] = b"<html>\n<script>go()</script>\nx' OR 1=1 -- \n";
    let large = noise(2 * MIB);
    let typed = |content: &[u8]| part("name=\"g\"; filename=\"b\"\r\nContent-Type: image/png", content);
    for path in ["/a", "/s"] {
        for (name, content) in [("a.html", page), ("b.bin", &large)] {
            let untyped = part(&format!("name=\"f\"; filename=\"{name}\""), content);
            let body = parts(&[part("name=\"t\"", b"1"), untyped.clone(), typed(b"x"), untyped]);
            let is_long = content.len() > MIB;
            let answer = gate.ask("POST", path, &[("Content-Type", MULTIPART)], &body);
            assert_eq!(status(&answer), 200, "{path} {name} {:?}", gate.events.all().last());
            let seen = upstream.take_bytes();
            let kind = b"Content-Type: application/octet-stream\r\n";
            assert_eq!(count(&seen, kind), 2, "{path} {name}");
            // There is room for more of them, in which nothing can be read.
            let spare = if is_long { (1 + 32) * kind.len() } else { 2 * kind.len() };
            let length = format!("content-length: {}\r\n", body.len() + spare);
            let head = String::from_utf8_lossy(&seen[..seen.len().min(1000)]).to_ascii_lowercase();
            assert!(head.contains(&length), "{path} {name}: {head}");
            assert!(seen.trim_ascii_end().ends_with(b"--B--") && count(&seen, content) > 0);
        }
    }
    for path in ["/a", "/s"] {
        let late = parts(&[typed(&large), part("name=\"f\"; filename=\"a.html\"", page)]);
        let (upstream, events) = (Recorder::plain(), ["body-unreadable", "has no Content-Type"]);
        let gate = Running::start(policy, &[upstream.url()]);
        gate.ask("POST", path, &[("Content-Type", MULTIPART)], &late);
        until("the file is refused", || gate.events.has(&events));
        assert_eq!(count(&upstream.take_bytes(), b"a.html"), 0, "{path}");
    }
    for content in [page, &large] {
        let body = parts(&[part("name=\"f\"; filename=\"a.html\"", content)]);
        assert_eq!(status(&gate.ask("POST", "/seen", &[("Content-Type", MULTIPART)], &body)), 200);
        assert!(upstream.take_bytes().ends_with(&body), "a door that observes changes nothing");
    }
}

#[test]
fn forms_and_json_are_read_where_they_pass_as_they_come() {
    let upstream = Recorder::plain();
    let policy =
        "[rate]\nlimits = []\n[injection]\nexempt = ['note']\n[[route]]\npath = '/s'\nbody = 'stream'";
    let gate = Running::start(policy, &[upstream.url()]);
    let json = "application/json";
    let text = |text: &str| text.as_bytes().to_vec();
    let pad = "&pad=".to_owned() + &"a".repeat(50_000);
    check(
        &gate,
        &upstream,
        "/s",
        &[
            (FORM, text("q=%27+OR+1%3D1+--+")),
            (FORM, text("q=1+UNION+SELECT+1,2")),
            (FORM, text("a=1&q=JyBPUiAxPTEgLS0g&z=1")),
            (FORM, text("q=%0A%27+OR%0A1%3D1+--")),
            (FORM, text("a=1;q=%27+OR+1%3D1+--+")),
            (FORM, text("q=x%27+union/*&q=*/select+1")),
            (FORM, text("{\"q\":\"x\\u0027 OR 1=1 -- \"}")),
            ("", text("q=%27+OR+1%3D1+--+")),
            (json, text(r#"{"q":"x\r\nSet-Cookie: a=b"}"#)),
            (json, text(r#"{"q":"\u0027 OR 1=1 -- "}"#)),
            (json, text(r#"{"q":{"$ne":1}}"#)),
            (json, text("{\"q\":\"x' OR 1=1 -- \"}")),
            ("application/octet-stream", text(r#"{"q":"x\r\nSet-Cookie: a=b"}"#)),
        ],
        &[
            (FORM, text("q=a+b&name=O%27Brien&note=%27+OR+1%3D1+--+")),
            (FORM, text(&format!("q=Tom+%26+Jerry+%3C3{pad}"))),
            ("", text("q=a+b")),
            (json, text(r#"{"q":"a\nb","name":"O'Brien","list":[1,{"x":"a \u0026 b"}]}"#)),
            (json, text(&format!(r#"[{{"q":"{}"}}]"#, "a \\\"b\\\" ".repeat(9000)))),
        ],
    );
}

/// A client that sends pieces, with a rest between them.
fn in_pieces(gate: &Running, kind: &str, pieces: &[&[u8]], rest: Duration) -> String {
    let mut client = TcpStream::connect(gate.address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "POST /s HTTP/1.1\r\nHost: a.example\r\nUser-Agent: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nContent-Type: {kind}\r\n\r\n"
    );
    client.write_all(head.as_bytes()).unwrap();
    for piece in pieces {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        // It may have been refused by now.
        let _ = client.write_all(&chunk);
        std::thread::sleep(rest);
    }
    let _ = client.write_all(b"0\r\n\r\n");
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_client_does_not_choose_where_a_window_ends() {
    let start = || {
        let upstream = Recorder::plain();
        let policy = "[rate]\nlimits = []\n[[route]]\npath = '/s'\nbody = 'stream'";
        (Running::start(policy, &[upstream.url()]), upstream)
    };
    let blanks = "a ".repeat(150);
    let svg = [format!("{{\"q\":\"<svg {blanks}").into_bytes(), b"onload=alert(1)>\"}".to_vec()];
    let form = [format!("q=%3Csvg+{}", "a+".repeat(150)).into_bytes(), b"onload%3Dalert%281%29%3E".to_vec()];
    let honest = [format!("{{\"q\":\"svg {blanks}").into_bytes(), b"load=alert\"}".to_vec()];
    for (kind, pieces, passes) in
        [("application/json", &svg, false), (FORM, &form, false), ("application/json", &honest, true)]
    {
        for (size, rest) in [(1, 0), (3, 0), (10_000, 0), (10_000, 30)] {
            let (gate, upstream) = start();
            let pieces: Vec<&[u8]> = pieces.iter().flat_map(|piece| piece.chunks(size)).collect();
            let answer = in_pieces(&gate, kind, &pieces, Duration::from_millis(rest));
            let case = format!("{kind} in pieces of {size}, {rest} ms apart");
            // The upstream may have answered before the end, which does not reach it all the same.
            assert!(status(&answer) == 200 || !passes, "{case}: {answer}");
            until(&case, || gate.events.has(&["html"]) != passes);
            let seen = upstream.take_bytes();
            assert!(passes || !seen.ends_with(b"alert") && count(&seen, b"alert(1)") == 0, "{case}");
        }
    }
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let (mut length, mut bytes) = (content.len(), vec![number << 3 | 2]);
    while length >= 0x80 {
        bytes.push((length as u8 & 0x7f) | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    [&bytes, content].concat()
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// The same whether the messages pass as they come or are held.
#[test]
fn messages_are_read_as_deep_and_as_far_as_servers_read_them() {
    let upstream = Recorder::plain();
    let open = "[doors]\nprotocol = 'off'\ninjection = 'off'\nrate = 'off'";
    let behind = Running::start(open, &[upstream.url()]);
    let policy = "[rate]\nlimits = []\n[protocol]\nmax_members = 1000";
    let gate = Running::start(policy, &[format!("h2c://{}", behind.address)]);
    let nested = |message: &[u8], depth: usize, beside: &[u8]| {
        (0..depth).fold(message.to_vec(), |inner, _| field(1, &[&inner, beside].concat()))
    };
    let (attack, honest) = (field(1, ATTACK), field(1, "O'Brien & Söhne".as_bytes()));
    let empty = field(2, b"").repeat(20_000);
    let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
    for depth in [5, 17, 60] {
        for beside in [&b""[..], b"\x10\xff\x01"] {
            cases.push((format!("{depth} deep"), nested(&attack, depth, beside), "sql"));
            cases.push((format!("honest, {depth} deep"), nested(&honest, depth, beside), ""));
        }
    }
    cases.push(("too deep".into(), nested(&honest, 130, b"\x10\xff\x01"), "body-unreadable"));
    cases.push(("behind empty fields".into(), [&empty[..], &attack].concat(), "sql"));
    cases.push(("empty fields".into(), [&empty[..], &honest].concat(), ""));
    cases.push(("too many fields".into(), field(2, b"a").repeat(1001), "body-too-many-values"));
    cases.push(("many fields".into(), field(2, b"a").repeat(1000), ""));
    cases.push(("no UTF-8".into(), field(1, &[b"\xff", ATTACK].concat()), "sql"));
    cases.push(("bytes behind a text".into(), field(1, &[&attack[..], b"\xff\xff\xff"].concat()), "sql"));
    cases.push(("noise".into(), [field(1, &noise(40)), field(2, &noise(5000))].concat(), ""));
    for (name, message, expected) in cases {
        let body = framed(&message);
        let before = gate.events.all().len();
        upstream.take_bytes();
        let mut client = Http2::connect(gate.address, 65_535);
        let stream =
            client.request("POST", "/a.B/C", &[("content-type", "application/grpc"), ("te", "trailers")]);
        for piece in body.chunks(16_000) {
            client.data(stream, piece, false);
        }
        client.data(stream, b"", true);
        let (head, _) = client.answer(stream);
        let passed = upstream.take_bytes().ends_with(&body);
        assert_eq!(passed, expected.is_empty(), "{name} {:?}", gate.events.all().last());
        // A refusal of gRPC has a status of its own, behind that of HTTP.
        assert_eq!(frames::status(&head), 200, "{name}");
        let held = gate.ask("POST", "/a.B/C", &[("Content-Type", "application/grpc-web")], &body);
        let wanted = match expected {
            "body-unreadable" => 400,
            "body-too-many-values" => 413,
            "" => 200,
            _ => 403,
        };
        assert_eq!(status(&held), wanted, "held: {name} {held}");
        let refused = gate.events.all().into_iter().skip(before).filter(|event| event.contains("\"rule\":"));
        let both = refused.filter(|event| event.contains(&format!("\"rule\":\"{expected}\""))).count();
        assert_eq!(both, if expected.is_empty() { 0 } else { 2 }, "{name}");
    }
    assert!(gate.events.has(&["body-too-many-values", "max_members"]));
}

#[test]
fn a_stored_document_is_not_known_under_any_name() {
    let upstream = Recorder::plain();
    let policy = "[[auth.api_key]]\nsubject = 'a'\nsha256 = '9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f'\n\
        [[route]]\npath = '/things/{id}'\nowner = '/owner'\n\
        [[route]]\npath = '/graphql'\nobjects = [{ id = 'graphql.thing.id', read = '/things/{id}' }]";
    let gate = Running::start(policy, &[upstream.url()]);
    let ask = |method: &str, target: &str, body: &str| {
        let headers = [("X-Api-Key", "0123456789abcdef"), ("Content-Type", "application/json")];
        status(&gate.ask(method, target, &headers[..if body.is_empty() { 1 } else { 2 }], body.as_bytes()))
    };
    for (method, target, body, expected) in [
        ("GET", "/graphql?documentId=a&variables=%7B%22i%22%3A%222%22%7D", "", 400),
        ("GET", "/graphql?doc_id=a", "", 400),
        ("GET", "/graphql?id=a", "", 400),
        ("GET", "/graphql?variables=%7B%22i%22%3A%222%22%7D", "", 400),
        ("GET", "/graphql?extensions=%7B%7D", "", 400),
        ("POST", "/graphql?query=%7Ba%7D", r#"{"documentId":"a","variables":{"i":"2"}}"#, 400),
        ("POST", "/graphql", r#"{"documentId":"a"}"#, 400),
        ("GET", "/graphql", "", 200),
        ("GET", "/graphql?query=%7Ba%7D", "", 200),
        ("POST", "/graphql", r#"{"query":"{a}","variables":{}}"#, 200),
    ] {
        assert_eq!(
            ask(method, target, body),
            expected,
            "{method} {target} {body} {:?}",
            gate.events.all().last()
        );
    }
}
