//! Tokens that the user service has given for something else, and those who speak in its name.

use serde_json::{Value, json};

use super::{Door, FOREIGN};
use crate::issuers::{Issuer, Key};
use crate::support::status;

#[test]
fn a_refresh_token_is_no_access_token() {
    let door = Door::own("");
    let post = |path: &str, body: Value| {
        let headers = [("Content-Type", "application/json")];
        let answer = door.gate.ask("POST", path, &headers, body.to_string().as_bytes());
        let body: Value =
            serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap_or("")).unwrap_or_default();
        (status(&answer), body)
    };
    let (email, password) = ("ann@example.org", "correct horse battery");
    assert_eq!(post("/auth/register", json!({ "email": email, "password": password })).0, 202);
    let mailed = || {
        let told = door.gate.events.all();
        let line = told.iter().rev().find_map(|line| line.split("?token=").nth(1))?.to_owned();
        let is_of_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        Some(line.split(|c| !is_of_token(c)).next()?.to_owned())
    };
    crate::support::until("a mail", || mailed().is_some());
    let token = mailed().unwrap();
    door.refuses(&[("the token of a mail".into(), token.clone())]);
    assert_eq!(post("/auth/verify", json!({ "token": token, "password": password })).0, 204);
    let (_, tokens) = post("/auth/login", json!({ "email": email, "password": password, "tokens": "body" }));
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    door.refuses(&[("a refresh token".into(), text("refresh_token"))]);
    door.passes(&[("an access token".into(), text("access_token"))]);
    // Nor the other way round.
    assert_eq!(post("/auth/refresh", json!({ "refresh_token": text("access_token") })).0, 401);
}

#[test]
fn nobody_else_speaks_for_the_user_service() {
    // An issuer whose name the policy does not ask for.
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys.json");
    let stranger = Key::ed25519("ed");
    std::fs::write(&keys, json!({ "keys": [stranger.jwk] }).to_string()).unwrap();
    let door = Door::own(&format!("[[auth.issuer]]\njwks = '{}'\n", keys.display()));
    let stranger = Issuer { key: stranger, name: FOREIGN, audience: "api", typ: "JWT" };
    let ours = &door.issuers[0];
    let kid = ours.key.kid;
    let with_our_kid = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"at+jwt"}}"#);
    door.refuses(&[
        ("its key, our name".into(), stranger.sign(ours.claims().to_string())),
        (
            "its key, our name, our type".into(),
            stranger.key.sign(r#"{"alg":"EdDSA","typ":"at+jwt"}"#, ours.claims().to_string()),
        ),
        ("its key, our name, our kid".into(), stranger.key.sign(&with_our_kid, ours.claims().to_string())),
        (
            "its key, its name, our kid".into(),
            stranger.key.sign(&with_our_kid, stranger.claims().to_string()),
        ),
        ("our key, its name".into(), ours.sign(stranger.claims().to_string())),
    ]);
    let honest = stranger.honest();
    assert_eq!(door.bearer("/orders", &honest), 200);
    assert_eq!(door.bearer("/auth/account", &honest), 401, "it is no user of ours");
}
