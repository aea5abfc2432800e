use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use policy::{ApiKey, Issuer, JwtAlgorithm};
use serde_json::{Value, json};

use super::*;

const NOW: u64 = 1_800_000_000;
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn auth(keys: Vec<KeySource>) -> Auth {
    Auth {
        issued_keys: false,
        permissions: Permissions::default(),
        issuers: vec![Issuer {
            issuer: Some("https://issuer.example".into()),
            audiences: vec!["api".into()],
            types: ["jwt", ""].map(str::to_owned).to_vec(),
            keys,
            max_lifetime: Some(Duration::from_secs(900)),
        }],
        api_keys: vec![ApiKey {
            subject: "robot".into(),
            sha256: Sha256::digest(b"the-key").into(),
            scopes: vec!["read".into()],
            expires: Some(NOW + 10),
        }],
        api_key_header: http::HeaderName::from_static("x-api-key"),
        cookie: None,
        leeway: Duration::ZERO,
        forward_subject: http::HeaderName::from_static("x-doorward-subject"),
        forward_token: None,
        service: None,
    }
}

fn hs256(kid: Option<&str>) -> KeySource {
    KeySource::Key { kid: kid.map(str::to_owned), algorithm: JwtAlgorithm::Hs256, material: SECRET.to_vec() }
}

fn claims() -> Value {
    json!({"iss": "https://issuer.example", "aud": "api", "sub": "7", "iat": NOW, "exp": NOW + 900, "scope": "a b"})
}

fn sign(header: &Header, claims: &Value) -> String {
    encode(header, claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn hs_header() -> Header {
    Header::new(Algorithm::HS256)
}

fn check(auth: &Auth, token: &str, now: u64) -> Result<Arc<Principal>, TokenError> {
    let authenticator = Authenticator::new(auth).unwrap();
    block_on(authenticator.token(token, now))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

#[test]
fn a_good_token_names_its_principal() {
    let principal = check(&auth(vec![hs256(None)]), &sign(&hs_header(), &claims()), NOW).unwrap();
    assert_eq!(principal.subject, "7");
    assert_eq!(principal.scopes, ["a", "b"]);
    assert!(principal.has("sub", "7") && !principal.has("sub", "8"));
}

#[test]
fn tokens_that_lie_are_not_believed() {
    let auth = auth(vec![hs256(None)]);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut c = claims();
        change(&mut c);
        sign(&hs_header(), &c)
    };
    let good = sign(&hs_header(), &claims());
    let (head, body, signature) = {
        let mut parts = good.split('.');
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
    };
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let no_crit = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","crit":null}"#);
    let crit = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#);
    let other = URL_SAFE_NO_PAD.encode(claims().to_string().replace("\"7\"", "\"1\""));
    for (token, expected) in [
        (format!("{none}.{body}."), TokenError::Algorithm),
        (format!("{none}.{body}.{signature}"), TokenError::Algorithm),
        (format!("{crit}.{body}.{signature}"), TokenError::Critical),
        (format!("{no_crit}.{body}.{signature}"), TokenError::Critical),
        (format!("{head}.{other}.{signature}"), TokenError::Signature),
        (format!("{head}.{body}.AAAA"), TokenError::Signature),
        (format!("{head}.{body}"), TokenError::Malformed),
        ("".into(), TokenError::Malformed),
        ("a.b.c.d".into(), TokenError::Malformed),
        (with(&|c| c["exp"] = json!(NOW)), TokenError::Expired),
        (with(&|c| c["exp"] = Value::Null), TokenError::NoExpiry),
        (with(&|c| c["nbf"] = json!(NOW + 60)), TokenError::NotYetValid),
        (with(&|c| c["nbf"] = json!("2030-01-01")), TokenError::NotYetValid),
        (with(&|c| c["sub"] = json!("7\r\nx: 1")), TokenError::Subject),
        (with(&|c| c["sub"] = json!(" ")), TokenError::Subject),
        (with(&|c| (c["exp"], c["iat"]) = (json!(NOW + 86_400), json!(NOW - 901))), TokenError::Lifetime),
        (with(&|c| c["iat"] = Value::Null), TokenError::Lifetime),
        (with(&|c| c["iss"] = json!("https://evil.test")), TokenError::Issuer),
        (with(&|c| c["aud"] = json!(["web"])), TokenError::Audience),
        (with(&|c| c["sub"] = Value::Null), TokenError::Subject),
    ] {
        assert_eq!(check(&auth, &token, NOW).unwrap_err(), expected, "{token}");
    }
}

#[test]
fn the_algorithm_belongs_to_the_key() {
    // Key confusion: an HMAC made with the public key's text must not verify under an EdDSA key.
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    let key = KeySource::Key { kid: None, algorithm: JwtAlgorithm::EdDsa, material: pem.as_bytes().to_vec() };
    let forged = encode(&hs_header(), &claims(), &EncodingKey::from_secret(pem.as_bytes())).unwrap();
    assert_eq!(check(&auth(vec![key]), &forged, NOW).unwrap_err(), TokenError::Algorithm);
}

#[test]
fn every_algorithm_of_real_issuers_verifies_and_no_key_verifies_another() {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use base64::engine::general_purpose::STANDARD;

    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    };
    let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let ec = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let public = |der: PublicKeyX509Der<'_>| pem("PUBLIC KEY", der.as_ref());
    let private: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let rsa_pem = (pem("PRIVATE KEY", private.as_ref()), public(rsa.public_key().as_der().unwrap()));
    let private = ec.to_pkcs8v1().unwrap();
    let ec_pem = (pem("PRIVATE KEY", private.as_ref()), public(ec.public_key().as_der().unwrap()));
    let all = [
        (Algorithm::RS256, JwtAlgorithm::Rs256),
        (Algorithm::RS384, JwtAlgorithm::Rs384),
        (Algorithm::RS512, JwtAlgorithm::Rs512),
        (Algorithm::PS256, JwtAlgorithm::Ps256),
        (Algorithm::PS384, JwtAlgorithm::Ps384),
        (Algorithm::PS512, JwtAlgorithm::Ps512),
        (Algorithm::ES384, JwtAlgorithm::Es384),
    ];
    let is_ec = |algorithm| algorithm == Algorithm::ES384;
    for (signs, _) in all {
        let key = match is_ec(signs) {
            true => EncodingKey::from_ec_pem(ec_pem.0.as_bytes()),
            false => EncodingKey::from_rsa_pem(rsa_pem.0.as_bytes()),
        };
        let token = encode(&Header::new(signs), &claims(), &key.unwrap()).unwrap();
        for (of_key, algorithm) in all {
            let material = if is_ec(of_key) { &ec_pem.1 } else { &rsa_pem.1 };
            let key = KeySource::Key { kid: None, algorithm, material: material.as_bytes().to_vec() };
            let verified = check(&auth(vec![key]), &token, NOW).map(|_| ());
            let expected = if signs == of_key { Ok(()) } else { Err(TokenError::Algorithm) };
            assert_eq!(verified, expected, "{signs:?} by a key for {of_key:?}");
        }
    }
}

#[test]
fn a_remembered_token_still_ends() {
    let auth = auth(vec![hs256(None)]);
    let authenticator = Authenticator::new(&auth).unwrap();
    let token = sign(&hs_header(), &claims());
    assert!(block_on(authenticator.token(&token, NOW)).is_ok());
    assert!(block_on(authenticator.token(&token, NOW + 899)).is_ok());
    assert_eq!(block_on(authenticator.token(&token, NOW + 900)).unwrap_err(), TokenError::Expired);
}

#[test]
fn an_unknown_kid_waits_for_a_fetch() {
    let url = KeySource::Url("https://issuer.example/jwks".parse().unwrap(), Duration::from_secs(60));
    let authenticator = Authenticator::new(&auth(vec![url])).unwrap();
    let remote = authenticator.remote_keys().next().unwrap().clone();
    assert!(remote.update("{}").is_err());
    assert!(
        remote.update(r#"{"keys":[{"kty":"oct","k":"AAAA","kid":"k"}]}"#).is_err(),
        "a published secret is no key"
    );
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("k".into());
    let token = sign(&header, &claims());
    let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}]}"#;
    let answer = block_on(async {
        tokio::join!(authenticator.token(&token, NOW), async {
            remote.requested().await;
            remote.update(set).unwrap();
        })
        .0
    });
    assert_eq!(answer.unwrap_err(), TokenError::Algorithm, "the key was fetched, and the token judged by it");
}

#[test]
fn an_unknown_kid_does_not_wait_while_fetches_rest() {
    let url = KeySource::Url("https://issuer.example/jwks".parse().unwrap(), Duration::from_secs(60));
    let authenticator = Authenticator::new(&auth(vec![url])).unwrap();
    let remote = authenticator.remote_keys().next().unwrap().clone();
    remote.rest();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("k".into());
    let token = sign(&header, &claims());
    let mut asked = std::pin::pin!(authenticator.token(&token, NOW));
    let Poll::Ready(answer) = asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the request waits");
    };
    assert_eq!(answer.unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn a_token_that_nobody_has_signed_says_so() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for (header, signature, expected) in [
        (r#"{"alg":"none"}"#, "", true),
        (r#"{"alg":"NONE"}"#, "x", true),
        (r#"{"alg":" none "}"#, "x", true),
        (r#"{"alg":"HS256"}"#, "", true),
        (r#"{"alg":"HS256"}"#, "x", false),
        (r#"{"a":1}"#, "", false),
        (r#"{"alg":"\u006eone"}"#, "x", true),
        (r#"{"alg":"HS256","alg":"none"}"#, "x", true),
        (r#"{"Alg":"none"}"#, "x", true),
        (r#"{"alg":"none\u0000"}"#, "x", true),
        ("text", "", false),
    ] {
        let token = format!("{}.{}.{signature}", part(header), part("{}"));
        assert_eq!(crate::is_unsigned(token.as_bytes()), expected, "{header} {signature}");
    }
}

#[test]
fn api_keys_are_known_by_hash_and_end() {
    let authenticator = Authenticator::new(&auth(vec![hs256(None)])).unwrap();
    assert_eq!(authenticator.api_key("the-key", NOW).unwrap().subject, "robot");
    assert!(authenticator.api_key("the-keY", NOW).is_none());
    assert!(authenticator.api_key("the-key", NOW + 10).is_none());
}
