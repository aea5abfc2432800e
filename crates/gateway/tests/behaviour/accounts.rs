//! The built-in user service, through a running gateway in front of an API that knows nothing of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::servers::Server;
use crate::support::{Recorder, Running, status, until};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A gateway with the service on a store, in front of an upstream that tells what it got.
pub(crate) struct Shop {
    pub(crate) gate: Running,
    pub(crate) upstream: Recorder,
}

impl Shop {
    pub(crate) fn open(directory: &Path, more: &str) -> Shop {
        Shop::on(directory, "", more)
    }

    /// On a store that is named; a file beside the policy otherwise.
    pub(crate) fn on(directory: &Path, store: &str, more: &str) -> Shop {
        Shop::of(directory, &Shop::policy(store, more), Recorder::plain())
    }

    pub(crate) fn policy(store: &str, more: &str) -> String {
        format!(
            "[rate]\nlimits = []\nlogin = []\n[auth]\nservice = true\nrequire = 'required'\npublic_url = 'http://localhost:8080'\n\
             [auth.passwords]\nmemory_kib = 8\npasses = 1\n[auth.accounts]\nregistration = 'open'\n{store}\n{more}"
        )
    }

    /// By a policy, in front of an upstream.
    pub(crate) fn of(directory: &Path, policy: &str, upstream: Recorder) -> Shop {
        let file = directory.join("doorward.toml");
        std::fs::write(&file, policy).unwrap();
        Shop { gate: Running::from_file(&file, &[upstream.url()]), upstream }
    }

    /// The token of the last link that was mailed; without a mail server, mails are in the log.
    pub(crate) fn mailed(&self) -> String {
        let found = || {
            let told = self.gate.events.all();
            let last = told.iter().rev().find_map(|line| line.split("?token=").nth(1))?;
            Some(last.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next()?.to_owned())
        };
        until("a mail", || found().is_some());
        found().unwrap()
    }

    /// Registers somebody and verifies his address.
    pub(crate) fn register(&self, email: &str) {
        let visitor = Visitor::new(&self.gate);
        let mails = || self.gate.events.all().iter().filter(|line| line.contains("?token=")).count();
        let before = mails();
        let answer = visitor.json("POST", "/auth/register", json!({ "email": email, "password": PASSWORD }));
        assert_eq!(answer.status, 202, "{answer:?}");
        until("his mail", || mails() > before);
        let answer =
            visitor.json("POST", "/auth/verify", json!({ "token": self.mailed(), "password": PASSWORD }));
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    pub(crate) fn logged_in(&self, email: &str) -> Visitor<'_> {
        let visitor = Visitor::new(&self.gate);
        let answer = visitor.json("POST", "/auth/login", json!({ "email": email, "password": PASSWORD }));
        assert_eq!(answer.status, 200, "{answer:?}");
        visitor
    }
}

/// Somebody with a browser: cookies are kept, and sent to the paths that they are for.
pub(crate) struct Visitor<'g> {
    pub(crate) gate: &'g Running,
    /// By name: path and value.
    pub(crate) cookies: Mutex<BTreeMap<String, (String, String)>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl<'g> Visitor<'g> {
    pub(crate) fn new(gate: &'g Running) -> Self {
        Visitor { gate, cookies: Mutex::default() }
    }

    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let sent: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, (path, _))| target.starts_with(path.as_str()))
            .map(|(name, (_, value))| format!("{name}={value}"))
            .collect();
        let sent = sent.join("; ");
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("Cookie", sent.as_str())]).collect();
        let answer = self.gate.ask(method, target, &headers, body.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        for line in head.lines() {
            let Some(cookie) = line.strip_prefix("set-cookie: ") else { continue };
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let path = attributes.split(';').find_map(|part| part.trim().strip_prefix("Path=")).unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.into(), (path.into(), value.into()));
            }
        }
        Answer { status: status(&answer), head: head.into(), body: body.into() }
    }

    pub(crate) fn json(&self, method: &str, target: &str, body: Value) -> Answer {
        self.ask(method, target, &[("Content-Type", "application/json")], &body.to_string())
    }

    pub(crate) fn page(&self, target: &str) -> Answer {
        self.ask("GET", target, &[("Accept", "text/html")], "")
    }

    /// Fills in the form of a page and sends it.
    pub(crate) fn form(&self, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
        let hidden = |name: &str| {
            let input =
                page.body.split("<input").find(|input| input.contains(&format!("name=\"{name}\"")))?;
            Some(input.split("value=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
        };
        let kept = ["form", "next", "token"].into_iter().filter_map(|name| Some((name, hidden(name)?)));
        let mut all: Vec<(&str, String)> = kept.collect();
        all.extend(fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = all.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html")];
        self.ask("POST", action, &headers, &body.join("&"))
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).map(|(_, value)| value.clone())
    }
}

#[test]
fn an_api_without_a_login_has_one() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    assert_eq!(status(&shop.gate.get("/orders")), 401);
    shop.register("ann@example.org");
    let visitor = Visitor::new(&shop.gate);
    let wrong =
        visitor.json("POST", "/auth/login", json!({ "email": "ann@example.org", "password": "wrong" }));
    assert_eq!((wrong.status, &wrong.value()["code"]), (401, &json!("wrong_credentials")));
    let right =
        visitor.json("POST", "/auth/login", json!({ "email": "ann@example.org", "password": PASSWORD }));
    assert_eq!((right.status, &right.value()["expires_in"]), (200, &json!(900)));
    assert_eq!(right.value().get("access_token"), None, "a script never sees a token");
    for (name, path) in [("__Host-access", "/"), ("__Secure-refresh", "/auth"), ("__Host-device", "/")] {
        let line = right.head.lines().find(|line| line.contains(name)).unwrap();
        for attribute in ["Secure", "HttpOnly", "SameSite=Strict", &format!("Path={path};")] {
            assert!(line.contains(attribute), "{line}");
        }
    }
    shop.upstream.take();
    let user = right.value()["user"].as_str().unwrap().to_owned();
    let answer = visitor.ask("GET", "/orders", &[("X-Doorward-Subject", "admin")], "");
    assert_eq!(answer.status, 200);
    let seen = shop.upstream.take();
    assert!(seen.contains(&format!("x-doorward-subject: {user}")) && !seen.contains("admin"), "{seen}");
    assert!(!seen.contains("__Secure-refresh"), "the API never gets a refresh token: {seen}");
    // The next token of the session, and the end of it.
    let before = visitor.cookie("__Host-access");
    assert_eq!(visitor.json("POST", "/auth/refresh", json!({})).status, 200);
    assert_ne!(visitor.cookie("__Host-access"), before);
    assert_eq!(visitor.ask("GET", "/orders", &[], "").status, 200);
    let refresh_token = visitor.cookie("__Secure-refresh").unwrap();
    let kept = Visitor::new(&shop.gate);
    *kept.cookies.lock().unwrap() = visitor.cookies.lock().unwrap().clone();
    assert_eq!(visitor.json("POST", "/auth/logout", json!({})).status, 204);
    assert_eq!(visitor.cookie("__Host-access"), None);
    assert_eq!(kept.ask("GET", "/orders", &[], "").status, 401, "whoever has kept the token");
    assert_eq!(kept.json("POST", "/auth/refresh", json!({})).status, 401);
    for step in ["registered", "address-verified", "log-in-failed", "logged-in", "new-device", "logged-out"] {
        assert!(shop.gate.events.has(&["\"type\":\"account\"", &format!("\"rule\":\"{step}\"")]), "{step}");
    }
    let told = shop.gate.events.all().join("\n");
    for secret in [PASSWORD, before.as_deref().unwrap(), &refresh_token] {
        assert!(!told.contains(secret), "the log has {secret}");
    }
}

#[test]
fn native_clients_get_tokens_in_the_body_alone() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    let app = Visitor::new(&shop.gate);
    let login = json!({ "email": "ann@example.org", "password": PASSWORD, "tokens": "body" });
    let tokens = app.json("POST", "/auth/login", login);
    assert!(app.cookies.lock().unwrap().is_empty(), "{tokens:?}");
    let bearer = format!("Bearer {}", tokens.value()["access_token"].as_str().unwrap());
    assert_eq!(app.ask("GET", "/orders", &[("Authorization", &bearer)], "").status, 200);
    let spent = tokens.value()["refresh_token"].clone();
    let next = app.json("POST", "/auth/refresh", json!({ "refresh_token": spent }));
    assert!(next.status == 200 && next.value()["refresh_token"] != spent, "{next:?}");
    assert!(app.cookies.lock().unwrap().is_empty());
}

#[test]
fn a_native_client_is_known_again_by_the_device_that_it_was_given() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    let log_in = |password: &str, device: Option<&str>| {
        let mut fields = json!({ "email": "ann@example.org", "password": password, "tokens": "body" });
        if let Some(device) = device {
            fields["device"] = json!(device);
        }
        Visitor::new(&shop.gate).json("POST", "/auth/login", fields)
    };
    let first = log_in(PASSWORD, None);
    let device = first.value()["device"].as_str().unwrap().to_owned();
    for _ in 0..5 {
        assert_eq!(log_in("wrong", None).status, 401);
    }
    assert_eq!(log_in(PASSWORD, None).status, 429, "strangers guess");
    let again = log_in(PASSWORD, Some(&device));
    assert_eq!((again.status, again.value()["device"].as_str()), (200, Some(device.as_str())), "{again:?}");
    let mails = shop.gate.events.all().iter().filter(|line| line.contains("new device")).count();
    assert!(mails <= 1, "{mails} mails");
    // What lacks a member is no wrong password.
    for (path, fields) in
        [("/auth/login", json!({ "email": "a@b.c" })), ("/auth/login/code", json!({ "code": "1" }))]
    {
        assert_eq!(Visitor::new(&shop.gate).json("POST", path, fields).status, 400, "{path}");
    }
}

#[test]
fn head_is_answered_without_a_body_over_http2_too() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    let url = format!("http://{}/auth/login", shop.gate.address);
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let (done, head) =
            crate::support::output("curl", &["-sS", "-I", version, "-w", "%{http_code}", &url]);
        assert!(done && head.ends_with("200"), "{version}: {head}");
    }
}

#[test]
fn pages_lead_to_the_log_in_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    let visitor = Visitor::new(&shop.gate);
    let sent = visitor.page("/orders?page=2&x=%2F");
    assert_eq!(sent.status, 303, "{sent:?}");
    let on = sent.header("location").unwrap().to_owned();
    assert!(on.starts_with("/auth/continue?next=%2Forders%3Fpage%3D2"), "{on}");
    // Behind a link from elsewhere, a browser sends no cookie of ours: the page sends it here once more.
    let once_more = visitor.page(&on);
    let again = once_more
        .body
        .split("content=\"0;url=")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let to_log_in = visitor.page(&again);
    let log_in = to_log_in.header("location").unwrap().to_owned();
    assert!(to_log_in.status == 303 && log_in.starts_with("/auth/login?next="), "{to_log_in:?}");
    let page = visitor.page(&log_in);
    assert!(
        page.status == 200 && page.header("content-security-policy").unwrap().contains("default-src 'none'")
    );
    let wrong =
        visitor.form(&page, "/auth/login", &[("identifier", "ann@example.org"), ("password", "nonsense")]);
    assert!(wrong.status == 401 && wrong.body.contains("role=\"alert\""), "{wrong:?}");
    let right =
        visitor.form(&wrong, "/auth/login", &[("identifier", "ann@example.org"), ("password", PASSWORD)]);
    assert_eq!((right.status, right.header("location")), (303, Some("/orders?page=2&x=%2F")));
    assert_eq!(visitor.page("/orders?page=2&x=%2F").status, 200);
    // The access token has expired: the refresh token takes the browser on, without a page to fill in.
    visitor.cookies.lock().unwrap().remove("__Host-access");
    let sent = visitor.page("/orders");
    let on = visitor.page(sent.header("location").unwrap());
    assert_eq!((on.status, on.header("location")), (303, Some("/orders")), "{on:?}");
    assert_eq!(visitor.page("/orders").status, 200);
    // Nobody is sent to another site.
    for evil in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let encoded: String = evil.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = visitor.page(&format!("/auth/continue?next={encoded}"));
        let location = answer.header("location").unwrap_or_default();
        assert!(!location.contains("evil") && !location.contains("alert"), "{evil}: {answer:?}");
    }
    // Programs are told, not led.
    let stranger = Visitor::new(&shop.gate);
    assert_eq!(stranger.ask("GET", "/orders", &[("Accept", "application/json")], "").status, 401);
    assert_eq!(stranger.ask("POST", "/orders", &[("Accept", "text/html")], "").status, 401);
}

#[test]
fn forms_of_other_sites_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    let ann = shop.logged_in("ann@example.org");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let page = ann.page("/auth/account");
    assert!(page.status == 200 && page.body.contains("ann@example.org"), "{page:?}");
    for (what, headers, body) in [
        ("without a token", vec![form], ""),
        ("with a token of another visitor", vec![form], "form=AAAAAAAAAAAAAAAAAAAAAA"),
        ("from another site", vec![form, ("Origin", "https://evil.example")], ""),
        (
            "JSON from another site",
            vec![("Content-Type", "application/json"), ("Origin", "https://evil.example")],
            "{}",
        ),
        ("JSON as text", vec![("Content-Type", "text/plain")], "{}"),
        ("nothing", vec![], ""),
    ] {
        let answer = ann.ask("POST", "/auth/logout/everywhere", &headers, body);
        assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    }
    assert_eq!(ann.ask("GET", "/orders", &[], "").status, 200, "she is still in");
    let done = ann.form(&page, "/auth/logout/everywhere", &[]);
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(ann.ask("GET", "/orders", &[], "").status, 401);
}

#[test]
fn nobody_learns_who_has_an_account() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "[gateway]\ntrusted_proxies = ['127.0.0.1/32']");
    shop.register("ann@example.org");
    let address = std::cell::Cell::new(0_u8);
    // Each from an address of its own, so that the account counts.
    let ask = |path: &str, body: &Value| {
        address.set(address.get() + 1);
        let from = format!("203.0.113.{}", address.get());
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", from.as_str())];
        Visitor::new(&shop.gate).ask("POST", path, &headers, &body.to_string())
    };
    let asks = |path: &str, known: Value, unknown: Value| {
        let (known, unknown) = (ask(path, &known), ask(path, &unknown));
        assert_eq!((known.status, &known.body), (unknown.status, &unknown.body), "{path}");
        known.status
    };
    let login = |email: &str| json!({ "email": email, "password": "wrong" });
    assert_eq!(asks("/auth/login", login("ann@example.org"), login("nobody@example.org")), 401);
    let register = |email: &str| json!({ "email": email, "password": PASSWORD });
    assert_eq!(asks("/auth/register", register("ann@example.org"), register("new@example.org")), 202);
    let reset = |email: &str| json!({ "email": email });
    assert_eq!(asks("/auth/reset", reset("ann@example.org"), reset("nobody@example.org")), 202);
    for round in 1..8 {
        let status = asks("/auth/login", login("ann@example.org"), login("nobody@example.org"));
        assert_eq!(status, if round < 5 { 401 } else { 429 }, "{round}");
    }
}

#[test]
fn what_is_revoked_on_one_gateway_holds_on_the_others_and_after_a_restart() {
    let postgres = Server::postgres();
    for shared in [None, Some(&postgres.url)] {
        let directory = tempfile::tempdir().unwrap();
        let place = shared.map_or(String::new(), |url| {
            let key = directory.path().join("master.key");
            std::fs::write(&key, "11".repeat(32)).unwrap();
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&key, owner_only).unwrap();
            format!("url = '{url}'\nmaster_key_file = 'master.key'")
        });
        let (here, there) = (Shop::on(directory.path(), &place, ""), Shop::on(directory.path(), &place, ""));
        here.register("ann@example.org");
        let (ann, other) = (here.logged_in("ann@example.org"), here.logged_in("ann@example.org"));
        let elsewhere = |visitor: &Visitor<'_>, shop: &Shop| {
            let cookie = format!("__Host-access={}", visitor.cookie("__Host-access").unwrap());
            status(&shop.gate.ask("GET", "/orders", &[("Cookie", &cookie)], b""))
        };
        assert_eq!((elsewhere(&ann, &there), elsewhere(&other, &there)), (200, 200));
        let (stolen, kept) = (ann.cookie("__Host-access"), other.cookie("__Host-access"));
        ann.json("POST", "/auth/logout", json!({}));
        let with = |token: &Option<String>, shop: &Shop| {
            let cookie = format!("__Host-access={}", token.clone().unwrap());
            status(&shop.gate.ask("GET", "/orders", &[("Cookie", &cookie)], b""))
        };
        assert_eq!(with(&stolen, &here), 401);
        until("the other gateway knows", || with(&stolen, &there) == 401);
        drop(other);
        drop(ann);
        drop((here, there));
        let again = Shop::on(directory.path(), &place, "");
        assert_eq!((with(&stolen, &again), with(&kept, &again)), (401, 200));
    }
}

#[test]
fn a_route_can_ask_for_more_than_a_password() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(
        directory.path(),
        "[[route]]\npath = '/money/**'\nrequire = ['mfa']\n[[route]]\npath = '/keys'\nmax_auth_age = '10 minutes'",
    );
    shop.register("ann@example.org");
    let ann = shop.logged_in("ann@example.org");
    assert_eq!(
        (ann.ask("GET", "/orders", &[], "").status, ann.ask("GET", "/keys", &[], "").status),
        (200, 200)
    );
    let refused = ann.ask("GET", "/money/7", &[], "");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(refused.status == 401 && challenge.contains("insufficient_user_authentication"), "{refused:?}");
    let enrolment = ann.json("POST", "/auth/account/totp/start", json!({}));
    assert!(enrolment.value()["uri"].as_str().unwrap().starts_with("otpauth://totp/"), "{enrolment:?}");
    let secret = enrolment.value()["secret"].as_str().unwrap().to_owned();
    let code = |step: i64| oathtool(&secret, step);
    let alone = ann.json("POST", "/auth/account/totp", json!({ "code": code(0) }));
    assert_eq!((alone.status, &alone.value()["code"]), (422, &json!("wrong_password")), "{alone:?}");
    let both = json!({ "code": code(0), "current_password": PASSWORD });
    let codes = ann.json("POST", "/auth/account/totp", both);
    assert_eq!(codes.value()["recovery_codes"].as_array().map(Vec::len), Some(10), "{codes:?}");
    until("he is told by mail", || shop.gate.events.has(&["one-time codes switched on"]));
    let anew = json!({ "current_password": PASSWORD });
    let codes = ann.json("POST", "/auth/account/recovery-codes", anew);
    assert_eq!(codes.value()["recovery_codes"].as_array().map(Vec::len), Some(10), "{codes:?}");
    let again = Visitor::new(&shop.gate);
    let first =
        again.json("POST", "/auth/login", json!({ "email": "ann@example.org", "password": PASSWORD }));
    assert_eq!((first.status, &first.value()["next"]), (200, &json!("second_factor")), "{first:?}");
    assert_eq!(again.ask("GET", "/orders", &[], "").status, 401, "half a log in is none");
    let spent = again.json("POST", "/auth/login/code", json!({ "code": code(0) }));
    assert_eq!((spent.status, &spent.value()["code"]), (401, &json!("wrong_code")), "{spent:?}");
    let in_now = again.json("POST", "/auth/login/code", json!({ "code": code(1) }));
    assert_eq!(in_now.status, 200, "{in_now:?}");
    assert_eq!(again.ask("GET", "/money/7", &[], "").status, 200);
}

/// The code of an app, so many steps from now; by a program that knows nothing of us.
pub(crate) fn oathtool(secret: &str, steps: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let at = i64::try_from(now.as_secs()).unwrap() + 30 * steps;
    let (_, code) =
        crate::support::output("oathtool", &["--totp", "--base32", secret, "--now", &format!("@{at}")]);
    code.trim().to_owned()
}

#[test]
fn a_stock_library_verifies_our_tokens_by_our_key_set() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    let stranger = Visitor::new(&shop.gate);
    let discovery = stranger.ask("GET", "/.well-known/openid-configuration", &[], "").value();
    assert_eq!(discovery["jwks_uri"], "http://localhost:8080/.well-known/jwks.json");
    let set = stranger.ask("GET", "/.well-known/jwks.json", &[], "");
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&set.body).unwrap();
    let token = shop.logged_in("ann@example.org").cookie("__Host-access").unwrap();
    let head = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(head.typ.as_deref(), Some("at+jwt"));
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&head.kid.unwrap()).unwrap()).unwrap();
    let mut expected = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    expected.set_issuer(&["http://localhost:8080"]);
    expected.set_audience(&["http://localhost:8080"]);
    expected.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    let claims: jsonwebtoken::TokenData<Value> = jsonwebtoken::decode(&token, &key, &expected).unwrap();
    for claim in ["iat", "jti", "sid", "roles", "amr", "acr", "auth_time"] {
        assert!(claims.claims.get(claim).is_some(), "{claim}");
    }
}

#[test]
fn a_reset_by_mail_ends_every_session() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    let ann = shop.logged_in("ann@example.org");
    let visitor = Visitor::new(&shop.gate);
    let page = visitor.page("/auth/reset");
    let sent = visitor.form(&page, "/auth/reset", &[("email", "ann@example.org")]);
    assert_eq!(sent.status, 200, "{sent:?}");
    until("the mail is there", || shop.gate.events.has(&["/auth/reset/password?token="]));
    let page = visitor.page(&format!("/auth/reset/password?token={}", shop.mailed()));
    let weak = visitor.form(&page, "/auth/reset/password", &[("password", "aaaaaaaaaaaa")]);
    assert!(weak.status == 422 && weak.body.contains("role=\"alert\""), "{weak:?}");
    let done = visitor.form(&weak, "/auth/reset/password", &[("password", "seven purple llamas")]);
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(ann.ask("GET", "/orders", &[], "").status, 401);
    let again = visitor.form(&page, "/auth/reset/password", &[("password", "seven purple lamas!")]);
    assert_eq!(again.status, 422, "a link works once");
    let spent = visitor.page(&format!("/auth/reset/password?token={}", shop.mailed()));
    assert_eq!(spent.status, 422, "and says so before anything is typed");
}
