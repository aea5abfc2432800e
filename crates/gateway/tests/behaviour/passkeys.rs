//! Passkeys as a program without any sees them. Browsers that have some are in `in_a_browser`.

use crate::accounts::Shop;
use crate::support::{Recorder, Running, status};

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

#[test]
fn a_stranger_is_told_nothing_of_anybody() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    let ask = |method: &str, path: &str, body: &str| shop.gate.ask(method, path, &JSON, body.as_bytes());
    let begun = ask("POST", "/auth/passkeys/login/start", "{}");
    for part in [
        "\"rpId\":\"localhost\"",
        "\"allowCredentials\":[]",
        "\"userVerification\":\"required\"",
        "\"ceremony\":\"",
        "cache-control: no-store",
    ] {
        assert!(begun.contains(part), "{part}: {begun}");
    }
    for (method, path, body, expected) in [
        ("GET", "/auth/passkeys/login/start", "", 405),
        ("POST", "/auth/passkeys/login/finish", "{}", 401),
        ("POST", "/auth/passkeys/login/finish", r#"{"ceremony":"made up","credential":{"id":"x"}}"#, 401),
        ("POST", "/auth/passkeys/login/finish", r#"{"ceremony":"made up","credential":[]}"#, 400),
        ("POST", "/auth/passkeys/login/finish", r#"{"ceremony":{},"credential":{}}"#, 400),
        ("POST", "/auth/passkeys/step/start", "{}", 401),
        ("POST", "/auth/passkeys/step/finish", "{}", 401),
        ("POST", "/auth/passkeys/register/start", "{}", 401),
        ("POST", "/auth/passkeys/register/finish", "{}", 401),
        ("GET", "/auth/account/passkeys", "", 401),
        ("POST", "/auth/account/passkeys/name", r#"{"passkey":"x","name":"y"}"#, 401),
        ("POST", "/auth/account/passkeys/remove", r#"{"passkey":"x"}"#, 401),
        ("POST", "/auth/passkeys/else/start", "{}", 404),
    ] {
        let answer = ask(method, path, body);
        assert_eq!(status(&answer), expected, "{method} {path} {body}: {answer}");
    }
}

#[test]
fn where_browsers_have_none_the_pages_offer_none() {
    for (public_url, has) in [("http://localhost:8080", true), ("http://127.0.0.1:8080", false)] {
        let directory = tempfile::tempdir().unwrap();
        let upstream = Recorder::plain();
        let file = directory.path().join("doorward.toml");
        std::fs::write(&file, format!("[auth]\nservice = true\npublic_url = '{public_url}'")).unwrap();
        let gate = Running::from_file(&file, &[upstream.url()]);
        let page = gate.ask("GET", "/auth/login", &[("Accept", "text/html")], b"");
        assert_eq!((status(&page), page.contains("data-passkey")), (200, has), "{page}");
        let begun = gate.ask("POST", "/auth/passkeys/login/start", &JSON, b"{}");
        assert_eq!(status(&begun), if has { 200 } else { 404 }, "{begun}");
    }
}
