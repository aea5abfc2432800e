//! Attacks on log ins with others' providers: by other sites, by whoever has begun a log in of his own, and by providers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, Shop, Visitor};
use crate::idp::{FalseOne, back, begin, encoded, onward, parameters, tables};
use crate::support::{Recorder, status, until};

fn shop(directory: &std::path::Path, providers: &[(&str, &FalseOne)]) -> Shop {
    let issuers: Vec<(String, String)> =
        providers.iter().map(|(name, one)| ((*name).to_owned(), one.issuer())).collect();
    let all: Vec<(&str, &str, &str)> =
        issuers.iter().map(|(name, issuer)| (name.as_str(), issuer.as_str(), "create = true")).collect();
    Shop::open(directory, &tables(directory, &all))
}

fn is_in(visitor: &Visitor<'_>) -> bool {
    visitor.cookie("__Host-access").is_some()
}

#[test]
fn a_return_that_is_not_of_this_log_in_lets_nobody_in() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (FalseOne::start(), FalseOne::start());
    let says_iss = json!({ "authorization_response_iss_parameter_supported": true });
    two.says.lock().unwrap().document = says_iss;
    let shop = shop(directory.path(), &[("one", &one), ("two", &two)]);
    let wrong_iss = encoded(&two.issuer());
    type Change = Box<dyn Fn(&str) -> String>;
    let without = |name: &'static str| -> Change {
        Box::new(move |at| {
            let (path, query) = at.split_once('?').unwrap();
            let kept = query.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
            format!("{path}?{}", kept.collect::<Vec<_>>().join("&"))
        })
    };
    let adding = |more: String| -> Change { Box::new(move |at| format!("{at}&{more}")) };
    let replacing =
        |from: &'static str, to: &'static str| -> Change { Box::new(move |at| at.replace(from, to)) };
    let changes: Vec<(&str, Change, u16)> = vec![
        ("honest", replacing("", ""), 303),
        ("with its issuer", adding(format!("iss={}", encoded(&one.issuer()))), 303),
        ("without a state", without("state"), 400),
        ("with another state", replacing("state=", "state=x"), 400),
        ("without a code", without("code"), 502),
        ("at the callback of another provider", replacing("/provider/one/", "/provider/two/"), 400),
        ("at the callback of no provider", replacing("/provider/one/", "/provider/none/"), 400),
        ("with another issuer", adding(format!("iss={wrong_iss}")), 502),
        ("with an error", adding("error=access_denied&error_description=%3Cscript%3E".into()), 403),
    ];
    for (what, change, expected) in changes {
        let kim = Visitor::new(&shop.gate);
        let honest = one.lets_in(&begin(&kim, "one", "/"), "kim", json!({}));
        let answer = back(&kim, &change(&honest));
        assert_eq!((answer.status, is_in(&kim)), (expected, expected == 303), "{what}: {answer:?}");
        assert!(!answer.body.contains("<script>"), "{what}: {answer:?}");
        if expected == 303 {
            // Once. The provider would take the code again, and nobody asks it.
            one.upstream.take();
            let again = Visitor::new(&shop.gate);
            again.cookies.lock().unwrap().extend(kim.cookies.lock().unwrap().clone());
            again.cookies.lock().unwrap().remove("__Host-access");
            let answer = back(&again, &honest);
            assert_eq!((answer.status, is_in(&again)), (400, false), "{what}: {answer:?}");
            assert!(!one.upstream.take().contains("POST /token"));
        }
    }
    // A provider that says that it names itself has to.
    let kim = Visitor::new(&shop.gate);
    let callback = two.lets_in(&begin(&kim, "two", "/"), "kim", json!({}));
    assert_eq!(back(&kim, &callback).status, 502);
    let callback = two.lets_in(&begin(&kim, "two", "/"), "lee", json!({}));
    assert_eq!(back(&kim, &format!("{callback}&iss={wrong_iss}")).status, 303);
}

#[test]
fn nobody_is_logged_in_as_somebody_else_by_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let one = FalseOne::start();
    let shop = shop(directory.path(), &[("one", &one)]);
    // Mallory begins, and gives the address by which he would come back to Ann.
    let (mallory, ann) = (Visitor::new(&shop.gate), Visitor::new(&shop.gate));
    let callback = one.lets_in(&begin(&mallory, "one", "/"), "mallory", json!({}));
    let answer = back(&ann, &callback);
    assert!(answer.status == 400 && answer.body.contains("another browser") && !is_in(&ann), "{answer:?}");
    // Also where Ann has begun a log in of her own.
    begin(&ann, "one", "/");
    assert_eq!((back(&ann, &callback).status, is_in(&ann)), (400, false));
    // Mallory himself still gets in by it: what others do with his link takes nothing from him.
    assert_eq!((back(&mallory, &callback).status, is_in(&mallory)), (303, true));
    // Two tabs of one browser do not disturb each other.
    let (first, second) = (begin(&ann, "one", "/a"), begin(&ann, "one", "/b"));
    let answer = back(&ann, &one.lets_in(&first, "ann", json!({})));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/a")), "{answer:?}");
    let answer = back(&ann, &one.lets_in(&second, "ann", json!({})));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/b")), "{answer:?}");
    // A log in begins by a form of ours alone, and leads to paths of this site.
    assert_eq!(ann.page("/auth/provider/one").status, 405);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(ann.ask("POST", "/auth/provider/one", &form, "").status, 403);
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let begun = ann.json("POST", "/auth/provider/one", json!({ "next": next }));
        // A door may have refused it already.
        if begun.status == 403 {
            continue;
        }
        let begun = begun.value();
        let callback = one.lets_in(begun["location"].as_str().unwrap(), "ann", json!({}));
        let answer = back(&ann, &callback);
        assert_eq!((answer.status, answer.header("location")), (303, Some("/auth/account")), "{next}");
    }
}

#[test]
fn an_identity_is_linked_by_whoever_has_begun_that_and_by_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let one = FalseOne::start();
    let shop = shop(directory.path(), &[("one", &one)]);
    shop.register("ann@example.org");
    shop.register("bob@example.org");
    let (ann, bob) = (shop.logged_in("ann@example.org"), shop.logged_in("bob@example.org"));
    let link = |visitor: &Visitor<'_>| {
        let body = json!({ "provider": "one", "current_password": PASSWORD });
        let begun = visitor.json("POST", "/auth/account/providers/link", body);
        begun.value()["location"].as_str().unwrap_or_else(|| panic!("{begun:?}")).to_owned()
    };
    // What Bob has begun ends in his browser, and where that has Ann's session meanwhile, not at all.
    let begun = link(&bob);
    let callback = one.lets_in(&begun, "bob-there", json!({}));
    assert_eq!(back(&ann, &callback).status, 400);
    let mixed = Visitor::new(&shop.gate);
    mixed.cookies.lock().unwrap().extend(ann.cookies.lock().unwrap().clone());
    let binding = bob.cookies.lock().unwrap()["__Host-provider"].clone();
    mixed.cookies.lock().unwrap().insert("__Host-provider".into(), binding);
    assert_eq!(back(&mixed, &callback).status, 400);
    let linked = back(&bob, &one.lets_in(&link(&bob), "bob-there", json!({})));
    assert_eq!(linked.header("location"), Some("/auth/account?notice=provider_linked"), "{linked:?}");
    // It is Bob's from then on.
    let refused = back(&ann, &one.lets_in(&link(&ann), "bob-there", json!({})));
    assert_eq!(refused.status, 409, "{refused:?}");
    let forged = json!({ "provider": "one", "current_password": "wrong" });
    assert_eq!(ann.json("POST", "/auth/account/providers/link", forged).status, 422);
}

#[test]
fn an_id_token_that_does_not_hold_lets_nobody_in() {
    let directory = tempfile::tempdir().unwrap();
    let one = FalseOne::start();
    let shop = shop(directory.path(), &[("one", &one)]);
    let now = crate::idp::now();
    // The left half of the hash of `an-access-token`.
    let hash = {
        let (_, sum) = crate::support::output("sh", &["-c", "printf an-access-token | sha256sum"]);
        let half: Vec<u8> =
            (0..16).map(|i| u8::from_str_radix(&sum[2 * i..2 * i + 2], 16).unwrap()).collect();
        URL_SAFE_NO_PAD.encode(half)
    };
    for (what, claims, is_good) in [
        ("honest", json!({}), true),
        ("for several, asked for by us", json!({ "aud": ["shop", "other"], "azp": "shop" }), true),
        ("with the hash of the access token", json!({ "at_hash": hash }), true),
        ("without a nonce", json!({ "nonce": null }), false),
        ("with another nonce", json!({ "nonce": "of-another-log-in" }), false),
        ("for another client", json!({ "aud": "other" }), false),
        ("for nobody", json!({ "aud": null }), false),
        ("for several, nobody knows for whom", json!({ "aud": ["shop", "other"] }), false),
        ("asked for by another client", json!({ "azp": "other" }), false),
        ("of another issuer", json!({ "iss": "https://accounts.example" }), false),
        ("of the issuer with a slash", json!({ "iss": format!("{}/", one.issuer()) }), false),
        ("expired", json!({ "exp": now - 120 }), false),
        ("without an end", json!({ "exp": null }), false),
        ("of tomorrow", json!({ "iat": now + 86_400 }), false),
        ("without a beginning", json!({ "iat": null }), false),
        ("of nobody", json!({ "sub": null }), false),
        ("of a number", json!({ "sub": 7 }), false),
        ("of a very long subject", json!({ "sub": "x".repeat(256) }), false),
        ("with the hash of another access token", json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }), false),
    ] {
        let kim = Visitor::new(&shop.gate);
        let begun = begin(&kim, "one", "/");
        let callback = one.lets_in(&begun, "kim", claims);
        let answer = back(&kim, &callback);
        let expected = if is_good { 303 } else { 502 };
        assert_eq!((answer.status, is_in(&kim)), (expected, is_good), "{what}: {answer:?}");
    }
    // A step up needs a time, and a young one.
    for (auth_time, expected) in [(json!(null), 502), (json!(now - 3600), 502), (json!(now), 303)] {
        let kim = Visitor::new(&shop.gate);
        let begun = kim.json("POST", "/auth/provider/one", json!({ "max_age": "300" })).value();
        let callback =
            one.lets_in(begun["location"].as_str().unwrap(), "kim", json!({ "auth_time": auth_time }));
        assert_eq!(back(&kim, &callback).status, expected, "{auth_time}");
    }
}

#[test]
fn an_id_token_that_the_provider_has_not_signed_lets_nobody_in() {
    let directory = tempfile::tempdir().unwrap();
    let one = FalseOne::start();
    let shop = shop(directory.path(), &[("one", &one)]);
    let other = FalseOne::start();
    let header = |algorithm, kid: Option<&str>, typ: Option<&str>| {
        let mut header = Header::new(algorithm);
        (header.kid, header.typ) = (kid.map(str::to_owned), typ.map(str::to_owned));
        header
    };
    let unsigned = |alg: &str, claims: &Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({ "alg": alg, "kid": "one" })), part(claims))
    };
    let by_secret = |claims: &Value| {
        let key = EncodingKey::from_secret(b"a secret: 100% & more of it");
        jsonwebtoken::encode(&header(Algorithm::HS256, Some("one"), None), claims, &key).unwrap()
    };
    type Made<'m> = Box<dyn Fn(&Value) -> String + 'm>;
    let tokens: Vec<(&str, Made<'_>, bool)> = vec![
        ("its own", Box::new(|c| one.signs(&header(Algorithm::ES256, Some("one"), Some("JWT")), c)), true),
        ("its own without a key id", Box::new(|c| one.signs(&header(Algorithm::ES256, None, None), c)), true),
        (
            "an access token",
            Box::new(|c| one.signs(&header(Algorithm::ES256, Some("one"), Some("at+jwt")), c)),
            false,
        ),
        (
            "a logout token",
            Box::new(|c| one.signs(&header(Algorithm::ES256, Some("one"), Some("logout+jwt")), c)),
            false,
        ),
        ("another's key", Box::new(|c| other.signs(&header(Algorithm::ES256, Some("one"), None), c)), false),
        ("an unknown key", Box::new(|c| one.signs(&header(Algorithm::ES256, Some("two"), None), c)), false),
        ("the client's secret", Box::new(by_secret), false),
        ("alg none", Box::new(|c| unsigned("none", c)), false),
        ("alg None", Box::new(|c| unsigned("None", c)), false),
        ("alg ES256 without a signature", Box::new(|c| unsigned("ES256", c)), false),
        ("five parts", Box::new(|_| "a.b.c.d.e".into()), false),
        ("nothing", Box::new(|_| String::new()), false),
    ];
    for (what, made, is_good) in tokens {
        let kim = Visitor::new(&shop.gate);
        let begun = begin(&kim, "one", "/");
        let callback = one.lets_in(&begun, "kim", json!({}));
        let claims = one.usual(&json!({
            "nonce": parameters(&begun)["nonce"], "sub": "kim", "email": "kim@example.org",
        }));
        one.says.lock().unwrap().id_token = Some(made(&claims));
        let answer = back(&kim, &callback);
        let expected = if is_good { 303 } else { 502 };
        assert_eq!((answer.status, is_in(&kim)), (expected, is_good), "{what}: {answer:?}");
    }
    one.says.lock().unwrap().id_token = None;
    // What the token endpoint says in place of tokens.
    for (status, body) in [
        (400, json!({ "error": "invalid_grant" })),
        (401, json!({ "error": "invalid_client", "error_description": "<script>" })),
        (500, json!({})),
        (200, json!({ "access_token": "a", "token_type": "Bearer" })),
        (200, json!({ "access_token": "a", "token_type": "DPoP", "id_token": "a.b.c" })),
        (200, json!([])),
        (302, json!({})),
    ] {
        one.says.lock().unwrap().tokens = Some((status, body.clone()));
        let kim = Visitor::new(&shop.gate);
        let answer = back(&kim, &one.lets_in(&begin(&kim, "one", "/"), "kim", json!({})));
        assert_eq!((answer.status, is_in(&kim)), (502, false), "{status} {body}: {answer:?}");
        assert!(!answer.body.contains("<script>"), "{answer:?}");
    }
}

#[test]
fn new_keys_of_a_provider_are_fetched_and_invented_ones_seldom() {
    let directory = tempfile::tempdir().unwrap();
    let one = FalseOne::start();
    let shop = shop(directory.path(), &[("one", &one)]);
    let enter = || {
        let kim = Visitor::new(&shop.gate);
        let callback = one.lets_in(&begin(&kim, "one", "/"), "kim", json!({}));
        back(&kim, &callback).status
    };
    assert_eq!(enter(), 303);
    one.upstream.take();
    one.changes_key("two");
    let began = Instant::now();
    until("the new key is known", || {
        std::thread::park_timeout(Duration::from_millis(250));
        enter() == 303
    });
    let asked = one.upstream.take().matches("GET /keys").count();
    assert!(asked <= 1 + usize::try_from(began.elapsed().as_secs() / 10).unwrap(), "{asked} questions");
}

#[test]
fn a_provider_that_misbehaves_costs_a_moment() {
    let internal = Recorder::plain();
    let inside =
        format!("HTTP/1.1 302 Found\r\nLocation: {}/secrets\r\nContent-Length: 0\r\n\r\n", internal.url());
    let large = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n{}",
        "x".repeat(5_000_000)
    );
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".to_owned();
    let said = |document: Value| (None, document);
    let cases: Vec<(&str, (Option<String>, Value))> = vec![
        ("leads inside", (Some(inside), json!({}))),
        ("says too much", (Some(large), json!({}))),
        ("says a page", (Some(page), json!({}))),
        ("says another issuer", said(json!({ "issuer": "https://accounts.example" }))),
        ("says its issuer with a slash", said(json!({ "issuer": "SLASH" }))),
        ("names keys without TLS", said(json!({ "jwks_uri": "http://keys.example/keys" }))),
        ("names a file", said(json!({ "token_endpoint": "file:///etc/passwd" }))),
        ("names no token endpoint", said(json!({ "token_endpoint": null }))),
        ("has no keys", said(json!({ "jwks_uri": "KEYS" }))),
    ];
    for (what, (instead, mut document)) in cases {
        let one = FalseOne::start();
        for (name, value) in
            [("SLASH", format!("{}/", one.issuer())), ("KEYS", format!("{}/none", one.issuer()))]
        {
            for member in document.as_object_mut().unwrap().values_mut().filter(|member| *member == name) {
                *member = json!(value);
            }
        }
        one.says.lock().unwrap().instead = instead.map(String::into_bytes);
        one.says.lock().unwrap().document = document;
        let directory = tempfile::tempdir().unwrap();
        let shop = shop(directory.path(), &[("one", &one)]);
        let kim = Visitor::new(&shop.gate);
        let page = kim.page("/auth/login");
        let answer = kim.form(&page, "/auth/provider/one", &[]);
        assert_eq!(answer.status, 503, "{what}: {answer:?}");
        until("the operator is told", || shop.gate.events.has(&["the provider `one`"]));
    }
    assert_eq!(internal.take(), "", "nobody is led inside");
}

#[test]
fn a_provider_that_hangs_holds_nobody_up() {
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let issuer = format!("http://{}", silent.local_addr().unwrap());
    let shop = Shop::open(directory.path(), &tables(directory.path(), &[("one", &issuer, "")]));
    let began = Instant::now();
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let press = || {
            let kim = Visitor::new(&shop.gate);
            let page = kim.page("/auth/login");
            kim.form(&page, "/auth/provider/one", &[]).status
        };
        let pressed: Vec<_> = (0..6).map(|_| scope.spawn(press)).collect();
        // Everybody else goes on meanwhile.
        shop.register("ann@example.org");
        assert_eq!(shop.logged_in("ann@example.org").ask("GET", "/orders", &[], "").status, 200);
        assert_eq!(status(&shop.gate.get("/orders")), 401);
        pressed.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers, [503; 6]);
    assert!(began.elapsed() < Duration::from_secs(25), "one question for all: {:?}", began.elapsed());
}

#[test]
fn a_page_that_leads_to_a_provider_has_no_script_and_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let one = FalseOne::start();
    let shop = shop(directory.path(), &[("one", &one)]);
    let kim = Visitor::new(&shop.gate);
    let page = kim.page("/auth/login");
    let answer = kim.form(&page, "/auth/provider/one", &[]);
    assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let location = onward(&answer);
    assert!(location.starts_with(&format!("{}/authorize?", one.issuer())), "{location}");
    assert!(!location.contains("secret") && !location.contains("verifier="), "{location}");
    let cookie = answer.head.lines().find(|line| line.contains("__Host-provider")).unwrap();
    for attribute in ["Secure", "HttpOnly", "Path=/;", "Max-Age=600"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}
