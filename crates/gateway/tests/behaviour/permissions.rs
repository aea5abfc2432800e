//! What callers may do by what they are: roles, groups and permissions, API keys that were issued, and what of the user
//! service the API never sees.

use std::path::Path;
use std::sync::Arc;

use identity::secrets::breached::{Settings, build};
use identity::service::{AccountEvent, AccountEvents, NewKey, Service};
use serde_json::json;
use sha1::{Digest, Sha1};

use crate::accounts::{PASSWORD, Shop, Visitor};
use crate::support::{Recorder, status, until};

struct Untold;

impl AccountEvents for Untold {
    fn tell(&self, _: AccountEvent) {}
}

/// The service of a policy, as the commands of an operator open it while a gateway runs.
fn desk(directory: &Path, work: impl AsyncFnOnce(&Service)) {
    let inputs = policy::Inputs {
        file: Some(directory.join("doorward.toml")),
        upstream: vec!["http://127.0.0.1:1".parse().unwrap()],
        ..policy::Inputs::default()
    };
    let policy = policy::load(&inputs).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let settings = policy.auth.service.as_ref().unwrap();
        let service =
            gateway::open_service(settings, Box::new(Untold), Arc::new(|_: &str| {})).await.unwrap();
        work(&service).await;
    });
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

const ROLES: &str = "[auth.roles]\nreader = ['orders:read']\nclerk = ['orders:*']\nroot = ['*']\n[auth.groups]\nstaff = ['clerk']\n\
                     [[route]]\npath = '/orders'\nmethods = ['GET']\npermissions = ['orders:read']\n\
                     [[route]]\npath = '/orders/**'\nmethods = ['POST']\npermissions = ['orders:read', 'orders:write']\n";

#[test]
fn roles_and_groups_say_what_a_user_may() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), ROLES);
    shop.register("ann@example.org");
    for (roles, groups, read, write) in [
        (&[][..], &[][..], 403, 403),
        (&["reader"], &[], 200, 403),
        (&["clerk"], &[], 200, 200),
        (&[], &["staff"], 200, 200),
        (&["root"], &[], 200, 200),
        (&["Reader"], &["clerk"], 403, 403),
    ] {
        let lists = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        desk(directory.path(), async |service| {
            let id = service.find_user("ann@example.org", now()).await.unwrap().unwrap().id;
            let change = |user: &mut identity::service::User| {
                (user.roles, user.groups) = (lists(roles), lists(groups));
            };
            service.change_user(&id, "set", change, now()).await.unwrap();
        });
        let ann = shop.logged_in("ann@example.org");
        let seen =
            (ann.ask("GET", "/orders", &[], "").status, ann.json("POST", "/orders/7", json!({})).status);
        assert_eq!(seen, (read, write), "{roles:?} {groups:?}");
    }
    assert!(shop.gate.events.has(&["\"rule\":\"permission\"", "needs the permission orders:write"]));
}

#[test]
fn keys_that_were_issued_are_known_until_they_are_revoked() {
    let directory = tempfile::tempdir().unwrap();
    let policy = Shop::policy("", ROLES).replacen("service = true", "service = true\nissued_keys = true", 1);
    let Shop { gate, upstream } = Shop::of(directory.path(), &policy, Recorder::plain());
    let key = std::sync::Mutex::new((String::new(), String::new()));
    desk(directory.path(), async |service| {
        let new = NewKey { name: "billing".into(), roles: vec!["clerk".into()], ..NewKey::default() };
        *key.lock().unwrap() = service.issue_key(new, now()).await.unwrap().unwrap();
    });
    let (id, key) = key.into_inner().unwrap();
    let ask = |method: &str, target: &str, key: &str| {
        status(&gate.ask(method, target, &[("X-Api-Key", key), ("Content-Type", "application/json")], b"{}"))
    };
    until("the gateway knows the key", || ask("POST", "/orders/7", &key) == 200);
    let seen = upstream.take();
    assert!(seen.contains(&format!("x-doorward-subject: key:{id}")), "{seen}");
    for other in ["", "dwk_x", &key[..key.len() - 1], &key.to_lowercase()] {
        assert_eq!(ask("POST", "/orders/7", other), 401, "{other}");
    }
    desk(directory.path(), async |service| assert!(service.revoke_key(&id, now()).await.unwrap()));
    until("the gateway knows that it is revoked", || ask("POST", "/orders/7", &key) == 401);
    gate.ask("GET", &format!("/orders?k={key}"), &[("Referer", &format!("http://a.example/?k={key}"))], b"");
    until("a line", || gate.events.has(&["\"type\":\"access\"", "redacted"]));
    assert!(!gate.events.all().join("\n").contains(&key[8..]), "the log has the key");
}

#[test]
fn a_key_has_limits_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let policy = Shop::policy("", ROLES).replacen("service = true", "service = true\nissued_keys = true", 1);
    let Shop { gate, upstream: _upstream } = Shop::of(directory.path(), &policy, Recorder::plain());
    let keys = std::sync::Mutex::new(Vec::new());
    desk(directory.path(), async |service| {
        for limits in [vec!["3 per hour".to_owned()], vec!["3 per hour".to_owned()], Vec::new()] {
            let new = NewKey {
                subject: Some("billing".into()),
                roles: vec!["clerk".into()],
                limits,
                ..NewKey::default()
            };
            let (_, key) = service.issue_key(new, now()).await.unwrap().unwrap();
            keys.lock().unwrap().push(key);
        }
    });
    let json = ("Content-Type", "application/json");
    let ask = |key: &str| status(&gate.ask("POST", "/orders/7", &[("X-Api-Key", key), json], b"{}"));
    for (key, expected) in keys.into_inner().unwrap().iter().zip([3, 3, 6]) {
        until("the gateway knows the key", || ask("x") == 401);
        until("the gateway knows the key", || ask(key) != 401);
        let more: Vec<u16> = (0..5).map(|_| ask(key)).collect();
        let passed = more.iter().filter(|status| **status == 200).count();
        assert_eq!(passed + 1, expected, "{more:?} {:?}", gate.events.all().last());
    }
    assert!(gate.events.has(&["\"rule\":\"limit\"", "3 per 1h"]), "{:?}", gate.events.all());
}

#[test]
fn the_api_neither_gets_nor_sets_a_cookie_of_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nSet-Cookie: __Host-access=stolen; Path=/; Secure\r\nSet-Cookie: theme=dark\r\n\
         Set-Cookie:  __Secure-refresh=x; Path=/auth\r\nContent-Length: 2\r\n\r\nok",
    );
    let Shop { gate, upstream } = Shop::of(directory.path(), &Shop::policy("", ""), upstream);
    desk(directory.path(), async |service| {
        let new = identity::service::NewUser {
            id: None,
            email: identity::service::Email::parse("ann@example.org").unwrap(),
            name: None,
            secret: identity::service::NewSecret::Password(
                identity::secrets::Password::parse(PASSWORD).unwrap(),
            ),
            roles: Vec::new(),
            groups: Vec::new(),
        };
        service.add_user(new, now()).await.unwrap().unwrap();
    });
    let ann = Visitor::new(&gate);
    let answer = ann.json("POST", "/auth/login", json!({ "email": "ann@example.org", "password": PASSWORD }));
    assert_eq!(answer.status, 200, "{answer:?}");
    let access = ann.cookie("__Host-access").unwrap();
    let cookies = format!(
        "theme=light; __Host-access={access}; __Host-device={}; __Secure-refresh=r; __Host-form=f; __Secure-log-in=l; cart=7",
        ann.cookie("__Host-device").unwrap()
    );
    let answer = gate.ask("GET", "/orders", &[("Cookie", &cookies)], b"");
    assert_eq!(status(&answer), 200, "{answer}");
    let seen = upstream.take();
    assert!(seen.to_lowercase().contains("cookie: theme=light; cart=7\r\n"), "{seen}");
    assert!(seen.contains("x-doorward-subject: "), "{seen}");
    assert!(
        answer.contains("theme=dark") && !answer.contains("stolen") && !answer.contains("__Secure-refresh"),
        "{answer}"
    );
    assert!(gate.events.has(&["the API sets a cookie of the user service"]));
    // Nothing is left of a header that had no other.
    gate.ask("GET", "/orders", &[("Cookie", &format!("__Host-access={access}"))], b"");
    assert!(!upstream.take().to_lowercase().contains("\r\ncookie:"));
}

#[test]
fn what_the_gate_reads_before_a_write_has_no_cookie_of_the_service_either() {
    let directory = tempfile::tempdir().unwrap();
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"owner\":\"none\"}",
    );
    let more = "[[route]]\npath = '/orders/{id}'\nowner = '/owner'\ncheck_owner_before_write = true\n";
    let Shop { gate, upstream } = Shop::of(directory.path(), &Shop::policy("", more), upstream);
    let shop = Shop { gate, upstream };
    shop.register("ann@example.org");
    let ann = shop.logged_in("ann@example.org");
    shop.upstream.take();
    let refused = ann.json("PUT", "/orders/7", json!({}));
    assert_eq!(refused.status, 404, "{refused:?}");
    let seen = shop.upstream.take();
    assert!(seen.starts_with("GET /orders/7 ") && !seen.contains("__Host-"), "{seen}");
}

const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: a, version: '1' }
components:
  securitySchemes:
    header: { type: apiKey, in: header, name: Authorization }
    bearer: { type: http, scheme: bearer }
    session: { type: apiKey, in: cookie, name: __Host-access }
paths:
  /header: { get: { security: [{ header: [] }], responses: {} } }
  /bearer: { get: { security: [{ bearer: [] }], responses: {} } }
  /session: { get: { security: [{ session: [] }], responses: {} } }
"#;

#[test]
fn a_declared_credential_is_one_that_holds_where_the_service_gives_them() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), DOCUMENT).unwrap();
    let policy = format!("[gateway]\nopenapi = 'api.yaml'\n{}", Shop::policy("", ""));
    let policy = policy.replacen("require = 'required'", "require = 'optional'", 1);
    let shop = Shop::of(directory.path(), &policy, Recorder::plain());
    shop.register("ann@example.org");
    let ann = shop.logged_in("ann@example.org");
    let access = ann.cookie("__Host-access").unwrap();
    let (good, cookie) = (format!("Bearer {access}"), format!("__Host-access={access}"));
    for (headers, expected) in [
        (&[][..], [401; 3]),
        (&[("Authorization", "Token garbage")], [401; 3]),
        (&[("Authorization", "zzz")], [401; 3]),
        (&[("Authorization", "Basic dTpw")], [401; 3]),
        (&[("Authorization", "Bearer garbage")], [401; 3]),
        (&[("Cookie", "__Host-access=garbage")], [401; 3]),
        (&[("Authorization", good.as_str())], [200; 3]),
        (&[("Cookie", cookie.as_str())], [200; 3]),
    ] {
        for (path, expected) in ["/header", "/bearer", "/session"].into_iter().zip(expected) {
            assert_eq!(status(&shop.gate.ask("GET", path, headers, b"")), expected, "{path} {headers:?}");
        }
    }
}

#[test]
fn the_upstream_gets_who_calls_signed() {
    let directory = tempfile::tempdir().unwrap();
    let policy =
        Shop::policy("", "").replacen("service = true", "service = true\nforward_token = 'x-caller'", 1);
    let shop = Shop::of(directory.path(), &policy, Recorder::plain());
    shop.register("ann@example.org");
    let ann = shop.logged_in("ann@example.org");
    let set = ann.ask("GET", "/.well-known/jwks.json", &[], "");
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&set.body).unwrap();
    shop.upstream.take();
    assert_eq!(ann.ask("GET", "/orders", &[("X-Caller", "forged")], "").status, 200);
    let seen = shop.upstream.take();
    assert!(!seen.contains("forged"), "{seen}");
    let token = seen.lines().find_map(|line| line.strip_prefix("x-caller: ")).unwrap().trim().to_owned();
    let head = jsonwebtoken::decode_header(&token).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&head.kid.unwrap()).unwrap()).unwrap();
    let mut expected = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    expected.set_issuer(&["http://localhost:8080"]);
    expected.set_audience(&["upstream"]);
    expected.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    let claims: jsonwebtoken::TokenData<serde_json::Value> =
        jsonwebtoken::decode(&token, &key, &expected).unwrap();
    let claims = claims.claims;
    assert!(seen.contains(&format!("x-doorward-subject: {}", claims["sub"].as_str().unwrap())), "{seen}");
    assert_eq!((&claims["credential"], &claims["amr"]), (&json!("token"), &json!(["pwd"])));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
    // It is no access token, though the same key has signed it.
    let bearer = format!("Bearer {token}");
    assert_eq!(status(&shop.gate.ask("GET", "/orders", &[("Authorization", &bearer)], b"")), 401);
    // Nobody takes it away on its way.
    let nominated = [
        ("Connection", "x-caller"),
        ("Cookie", &*format!("__Host-access={}", ann.cookie("__Host-access").unwrap())),
    ];
    shop.upstream.take();
    let answer = shop.gate.ask("GET", "/orders", &nominated, b"");
    assert!(status(&answer) != 200 || shop.upstream.take().contains("x-caller: "), "{answer}");
}

/// The upper-case hexadecimal SHA-1 of a text, as the lists have it.
fn sha1(text: &str) -> String {
    Sha1::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect()
}

const STOLEN: &str = "purple llamas on seven boats";

#[test]
fn a_password_that_attackers_know_is_refused() {
    let service = Recorder::answering(|head| {
        let hash = sha1(STOLEN);
        let body = match head.starts_with(&format!("GET /range/{} ", &hash[..5])) {
            true if head.to_lowercase().contains("add-padding: true") => {
                format!("{}:7\r\n{}:0\r\n", &hash[5..], "0".repeat(35))
            }
            _ => format!("{}:1\r\n", "1".repeat(35)),
        };
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    let mut hashes = [sha1(STOLEN), sha1("another one of these")].map(|hash| hash + ":3");
    hashes.sort();
    let mut filter = std::io::Cursor::new(Vec::new());
    build(hashes.join("\n").as_bytes(), &mut filter, Settings::new(2)).unwrap();
    let filter = filter.into_inner();
    let gone = "http://127.0.0.1:1/range";
    for (how, stolen, other) in [
        (format!("breached_url = '{}/range'", service.url()), 422, 202),
        ("breached_file = 'known.filter'".to_owned(), 422, 202),
        (format!("breached_url = '{gone}'"), 202, 202),
        (format!("breached_url = '{gone}'\nbreached_unanswered = 'refuse'"), 422, 422),
    ] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("known.filter"), &filter).unwrap();
        let policy =
            Shop::policy("", "").replacen("[auth.passwords]", &format!("[auth.passwords]\n{how}"), 1);
        let Shop { gate, upstream: _upstream } = Shop::of(directory.path(), &policy, Recorder::plain());
        let visitor = Visitor::new(&gate);
        let register = |email: &str, password: &str| {
            visitor.json("POST", "/auth/register", json!({ "email": email, "password": password }))
        };
        let refused = register("ann@example.org", STOLEN);
        assert_eq!(refused.status, stolen, "{how}: {refused:?}");
        if stolen == 422 {
            assert_eq!(refused.value()["code"], "password_breached", "{refused:?}");
        }
        assert_eq!(register("bob@example.org", "eleven quiet otters").status, other, "{how}");
    }
    let sent = service.take();
    assert!(!sent.contains(STOLEN) && !sent.contains(&sha1(STOLEN)), "{sent}");
}

#[test]
fn a_store_that_is_deleted_takes_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    for end in ["", "-wal", "-shm"] {
        std::fs::remove_file(directory.path().join(format!("accounts.db{end}"))).unwrap();
    }
    let visitor = Visitor::new(&shop.gate);
    let answer =
        visitor.json("POST", "/auth/login", json!({ "email": "ann@example.org", "password": PASSWORD }));
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(shop.gate.events.has(&["was deleted or replaced"]));
}
