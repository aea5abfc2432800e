//! Logging in with others' providers: real ones, and honest people.

use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::{PASSWORD, Shop, Visitor, oathtool};
use crate::idp::{Elsewhere, FalseOne, authlib, back, begin, free_port, node, onward, parameters, tables};
use crate::support::{output, script, status, until};

/// The claims of a visitor's access token, which the test has not to verify.
fn claims(visitor: &Visitor<'_>) -> Value {
    use base64::Engine;
    let token = visitor.cookie("__Host-access").unwrap();
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

#[test]
fn people_log_in_with_a_certified_provider() {
    for (algorithm, auth, client_auth) in
        [("RS256", "client_secret_basic", "basic"), ("ES256", "client_secret_post", "post")]
    {
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let options = json!({ "algorithm": algorithm, "auth": auth });
        let Some(_provider) = node(port, "node", &options) else { return };
        let issuer = format!("http://127.0.0.1:{port}");
        let more = format!(
            "label = 'Node & Co'\ncreate = true\ndomains = ['example.org']\nroles = 'resource.roles'\nclient_auth = '{client_auth}'\nforward = 'access_token'"
        );
        let shop = Shop::open(directory.path(), &tables(directory.path(), &[("node", &issuer, &more)]));
        let (kim, elsewhere) = (Visitor::new(&shop.gate), Elsewhere::default());
        elsewhere.is(port, "kim");
        let page = kim.page("/auth/login");
        assert!(page.body.contains("Continue with Node &amp; Co"), "{page:?}");
        let at_provider = begin(&kim, "node", "/orders?page=2");
        let asked = parameters(&at_provider);
        for (name, value) in
            [("response_type", "code"), ("code_challenge_method", "S256"), ("client_id", "shop")]
        {
            assert_eq!(asked[name], value, "{at_provider}");
        }
        assert!(asked["scope"].contains("openid email profile"), "{at_provider}");
        let callback = elsewhere.go(&at_provider, "kim");
        assert!(parameters(&callback).contains_key("iss"), "it names itself: {callback}");
        let entered = back(&kim, &callback);
        assert_eq!(
            (entered.status, entered.header("location")),
            (303, Some("/orders?page=2")),
            "{entered:?}"
        );
        for name in ["__Host-access", "__Secure-refresh", "__Host-device"] {
            let line = entered.head.lines().find(|line| line.contains(name)).unwrap();
            assert!(line.contains("SameSite=Strict") && line.contains("HttpOnly"), "{line}");
        }
        let told = claims(&kim);
        assert_eq!(told["idp"], "node");
        assert_eq!((&told["amr"], &told["acr"]), (&json!(["pwd"]), &json!("aal1")), "{told}");
        assert_eq!(told["roles"], json!(["clerk"]));
        assert!(told["auth_time"].as_u64().unwrap() > 1_700_000_000, "{told}");
        shop.upstream.take();
        assert_eq!(kim.ask("GET", "/orders", &[("Authorization", "Bearer forged")], "").status, 401);
        assert_eq!(kim.ask("GET", "/orders", &[], "").status, 200);
        let seen = shop.upstream.take();
        let user = told["sub"].as_str().unwrap();
        assert!(seen.contains(&format!("x-doorward-subject: {user}")), "{seen}");
        let bearer = seen.split("authorization: Bearer ").nth(1).unwrap().lines().next().unwrap();
        assert!(bearer.len() >= 40 && !bearer.contains('.'), "the provider's token, not ours: {seen}");
        // The same person is the same user, from another browser, too.
        let again = Visitor::new(&shop.gate);
        let entered = back(&again, &elsewhere.go(&begin(&again, "node", "/"), "kim"));
        assert_eq!((entered.status, claims(&again)["sub"].as_str()), (303, Some(user)));
        // Another one is not, and one whose address nobody has verified is nobody.
        for (name, expected) in [("lee", 303), ("mallory", 403)] {
            elsewhere.is(port, name);
            let other = Visitor::new(&shop.gate);
            let answer = back(&other, &elsewhere.go(&begin(&other, "node", "/"), name));
            assert_eq!(answer.status, expected, "{name}: {answer:?}");
            assert_eq!(other.cookie("__Host-access").is_some(), expected == 303, "{name}");
        }
        for step in ["registered", "logged-in", "new-device", "provider-refused"] {
            assert!(
                shop.gate.events.has(&["\"type\":\"account\"", &format!("\"rule\":\"{step}\"")]),
                "{step}"
            );
        }
        let told = shop.gate.events.all().join("\n");
        for secret in [bearer, "a secret: 100%", &parameters(&callback)["code"]] {
            assert!(!told.contains(secret), "the log has {secret}");
        }
    }
}

#[test]
fn people_log_in_with_a_provider_of_another_make() {
    let person = json!({ "sub": "kim-7", "email": "kim@example.org", "email_verified": true, "name": "Kim" });
    let Some((_provider, issuer, id, secret)) = authlib("mock", &["--user-claims", &person.to_string()])
    else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mock.secret"), secret).unwrap();
    let more = format!("client_id = '{id}'\ncreate = true\nforward = 'id_token'");
    let shop = Shop::open(directory.path(), &tables(directory.path(), &[("mock", &issuer, &more)]));
    let (kim, elsewhere) = (Visitor::new(&shop.gate), Elsewhere::default());
    let entered = back(&kim, &elsewhere.go(&begin(&kim, "mock", "/orders"), "kim-7"));
    assert_eq!((entered.status, entered.header("location")), (303, Some("/orders")), "{entered:?}");
    shop.upstream.take();
    assert_eq!(kim.ask("GET", "/orders", &[], "").status, 200);
    let seen = shop.upstream.take();
    let bearer = seen.split("authorization: Bearer ").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(bearer.split('.').count(), 3, "an ID token: {seen}");
    let account = kim.ask("GET", "/auth/account", &[("Accept", "application/json")], "").value();
    assert_eq!((&account["email"], &account["name"]), (&json!("kim@example.org"), &json!("Kim")));
    assert_eq!(account["identities"][0]["provider"], "mock", "{account}");
    // Somebody of whom it says no address that is verified.
    let other = Visitor::new(&shop.gate);
    let answer = back(&other, &elsewhere.go(&begin(&other, "mock", "/"), "stranger@example.org"));
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(answer.body.contains("does not say which e-mail address"), "{answer:?}");
    // Out here, and asked whether there, too. No token stands in that address.
    let page = kim.page("/auth/account");
    let out = kim.form(&page, "/auth/logout", &[]);
    assert!(out.status == 200 && out.body.contains("/oauth2/end_session?client_id="), "{out:?}");
    assert!(!out.body.contains("id_token_hint"), "{out:?}");
    assert_eq!(kim.page("/orders").status, 303);
}

#[test]
fn a_providers_tokens_are_refreshed_once_each_and_a_session_ends_with_them() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    // A token that expires at once is replaced with each request.
    let options = json!({ "lifetime": 5, "keys": directory.path().join("provider.keys") });
    let Some(provider) = node(port, "node", &options) else { return };
    let issuer = format!("http://127.0.0.1:{port}");
    let more = "create = true\nforward = 'access_token'";
    let shop = Shop::open(directory.path(), &tables(directory.path(), &[("node", &issuer, more)]));
    let (kim, elsewhere) = (Visitor::new(&shop.gate), Elsewhere::default());
    elsewhere.is(port, "kim");
    assert_eq!(back(&kim, &elsewhere.go(&begin(&kim, "node", "/"), "kim")).status, 303);
    let cookie = format!("__Host-access={}", kim.cookie("__Host-access").unwrap());
    let ask = || status(&shop.gate.ask("GET", "/orders", &[("Cookie", &cookie)], b""));
    shop.upstream.take();
    assert_eq!((ask(), ask()), (200, 200));
    let seen = shop.upstream.take();
    let bearers: Vec<&str> = seen.lines().filter(|line| line.starts_with("authorization: Bearer ")).collect();
    assert!(bearers.len() == 2 && bearers[0] != bearers[1], "{seen}");
    // Requests at the same moment spend each refresh token once: the provider revokes all of them otherwise.
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let asks: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asks.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers, [200; 4]);
    assert_eq!(ask(), 200, "nothing was spent twice");
    // It is away: nothing is forwarded without a token, and the session goes on.
    drop(provider);
    shop.upstream.take();
    assert!([502, 503].contains(&ask()));
    assert_eq!(shop.upstream.take(), "");
    assert_eq!(kim.json("POST", "/auth/refresh", json!({})).status, 200, "our own session");
    // It has started anew, and knows no token of before: the session is over.
    let _provider = node(port, "node", &options).unwrap();
    until("the session has ended", || ask() == 401);
    assert!(shop.gate.events.has(&["\"rule\":\"provider-ended-session\""]));
    assert_eq!(kim.json("POST", "/auth/refresh", json!({})).status, 401);
    elsewhere.is(port, "kim");
    let entered = back(&kim, &elsewhere.go(&begin(&kim, "node", "/"), "kim"));
    assert_eq!(entered.status, 303, "and may log in again: {entered:?}");
}

#[test]
fn a_page_that_asks_for_more_leads_to_the_provider_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let Some(_provider) = node(port, "node", &json!({})) else { return };
    let issuer = format!("http://127.0.0.1:{port}");
    let routes =
        "[[route]]\npath = '/money/**'\nrequire = ['mfa']\n[[route]]\npath = '/keys'\nmax_auth_age = '1s'";
    let tables = tables(directory.path(), &[("node", &issuer, "create = true\nmfa_acr = ['gold']")]);
    let shop = Shop::open(directory.path(), &format!("{tables}{routes}"));
    let (kim, elsewhere) = (Visitor::new(&shop.gate), Elsewhere::default());
    elsewhere.is(port, "kim");
    assert_eq!(back(&kim, &elsewhere.go(&begin(&kim, "node", "/"), "kim")).status, 303);
    let refused = kim.ask("GET", "/money/7", &[("Accept", "application/json")], "");
    assert_eq!(refused.status, 401, "programs are told: {refused:?}");
    let sent = kim.page("/money/7");
    let to = sent.header("location").unwrap().to_owned();
    assert!(
        sent.status == 303 && to.starts_with("/auth/login?notice=step_up&acr_values=aal2&next="),
        "{sent:?}"
    );
    let page = kim.page(&to);
    let at_provider =
        onward(&kim.form(&page, "/auth/provider/node", &[("acr_values", "aal2"), ("next", "/money/7")]));
    let asked = parameters(&at_provider);
    assert_eq!((asked["acr_values"].as_str(), asked["prompt"].as_str()), ("gold", "login"));
    let entered = back(&kim, &elsewhere.go(&at_provider, "kim"));
    assert_eq!((entered.status, entered.header("location")), (303, Some("/money/7")), "{entered:?}");
    let told = claims(&kim);
    assert_eq!((&told["acr"], &told["amr"]), (&json!("aal2"), &json!(["pwd", "otp", "mfa"])), "{told}");
    assert_eq!(kim.page("/money/7").status, 200);
    let sent = kim.page("/keys");
    // Whoever has just logged in may still be within the second.
    if sent.status == 303 {
        let page = kim.page(sent.header("location").unwrap());
        assert!(page.body.contains("name=\"max_age\" value=\"1\""), "{page:?}");
    }
}

#[test]
fn an_address_is_nobodys_for_what_a_provider_says() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let Some(_provider) = node(port, "node", &json!({})) else { return };
    let issuer = format!("http://127.0.0.1:{port}");
    let shop = Shop::open(directory.path(), &tables(directory.path(), &[("node", &issuer, "create = true")]));
    shop.register("ann@example.org");
    let elsewhere = Elsewhere::default();
    elsewhere.is(port, "ann");
    let enter = |visitor: &Visitor<'_>| back(visitor, &elsewhere.go(&begin(visitor, "node", "/"), "ann"));
    let taken = enter(&Visitor::new(&shop.gate));
    assert!(taken.status == 409 && taken.body.contains("Log in with its password"), "{taken:?}");
    // Her password first, then the page of her account.
    let ann = shop.logged_in("ann@example.org");
    let link = |password: &str| {
        let page = ann.page("/auth/account");
        ann.form(
            &page,
            "/auth/account/providers/link",
            &[("provider", "node"), ("current_password", password)],
        )
    };
    assert_eq!(link("wrong").status, 422, "whoever has taken over her session links nothing");
    let at_provider = onward(&link(PASSWORD));
    let callback = elsewhere.go(&at_provider, "ann");
    let linked = back(&ann, &callback);
    assert_eq!(linked.header("location"), Some("/auth/account?notice=provider_linked"), "{linked:?}");
    let account = ann.ask("GET", "/auth/account", &[("Accept", "application/json")], "").value();
    let by_provider = Visitor::new(&shop.gate);
    assert_eq!(enter(&by_provider).status, 303);
    assert_eq!(claims(&by_provider)["sub"], account["id"]);
    // The second factor of the account is asked for, whatever the provider asks for.
    let secret = ann.json("POST", "/auth/account/totp/start", json!({})).value()["secret"].clone();
    let code = oathtool(secret.as_str().unwrap(), 0);
    let on = ann.json("POST", "/auth/account/totp", json!({ "code": code, "current_password": PASSWORD }));
    assert_eq!(on.status, 200, "{on:?}");
    let halfway = enter(&by_provider);
    assert!(halfway.header("location").unwrap().starts_with("/auth/login/code"), "{halfway:?}");
    let code = oathtool(secret.as_str().unwrap(), 1);
    let entered = by_provider.json("POST", "/auth/login/code", json!({ "code": code }));
    assert_eq!(entered.status, 200, "{entered:?}");
    assert_eq!(claims(&by_provider)["acr"], "aal2");
    // And unlinked.
    let identity = account["identities"][0]["id"].clone();
    let unlink = json!({ "identity": identity, "current_password": PASSWORD });
    assert_eq!(ann.json("POST", "/auth/account/providers/unlink", unlink).status, 204);
    assert_eq!(enter(&Visitor::new(&shop.gate)).status, 409);
    for step in ["provider-linked", "provider-unlinked"] {
        assert!(shop.gate.events.has(&[&format!("\"rule\":\"{step}\"")]), "{step}");
    }
}

#[test]
fn a_provider_that_is_away_stops_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}");
    let shop = Shop::open(directory.path(), &tables(directory.path(), &[("node", &issuer, "create = true")]));
    until("the operator is told", || shop.gate.events.has(&["nobody can log in with the provider `node`"]));
    let kim = Visitor::new(&shop.gate);
    let page = kim.page("/auth/login");
    let answer = kim.form(&page, "/auth/provider/node", &[]);
    assert!(answer.status == 503 && answer.header("retry-after").is_some(), "{answer:?}");
    shop.register("ann@example.org");
    shop.logged_in("ann@example.org");
    let Some(_provider) = node(port, "node", &json!({})) else { return };
    let elsewhere = Elsewhere::default();
    elsewhere.is(port, "kim");
    until("the provider is asked again", || {
        std::thread::park_timeout(Duration::from_millis(500));
        kim.form(&page, "/auth/provider/node", &[]).status == 200
    });
    assert_eq!(back(&kim, &elsewhere.go(&begin(&kim, "node", "/"), "kim")).status, 303);
}

#[test]
fn who_may_come_in_for_the_first_time_is_the_policys_to_say() {
    let provider = FalseOne::start();
    for (more, claims, expected) in [
        ("", json!({}), 403),
        ("create = true", json!({}), 303),
        ("create = true\ndomains = ['Example.ORG']", json!({}), 303),
        ("create = true\ndomains = ['ample.org', 'example.com']", json!({}), 403),
        ("create = true", json!({ "email_verified": null }), 403),
        ("create = true", json!({ "email_verified": "false" }), 403),
        ("create = true\ntrust_email = true", json!({ "email_verified": null }), 303),
        ("create = true", json!({ "email": null }), 403),
        ("create = true", json!({ "email": "kim@example.org, root@example.org" }), 403),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let shop =
            Shop::open(directory.path(), &tables(directory.path(), &[("idp", &provider.issuer(), more)]));
        let kim = Visitor::new(&shop.gate);
        let callback = provider.lets_in(&begin(&kim, "idp", "/"), "kim", claims.clone());
        let answer = back(&kim, &callback);
        assert_eq!(answer.status, expected, "{more} {claims}: {answer:?}");
        assert_eq!(kim.cookie("__Host-access").is_some(), expected == 303);
    }
}

#[test]
fn stock_libraries_take_us_for_an_issuer() {
    let python =
        std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/witnesses/python/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none(), "PyJWT is not installed; ./test installs it");
        eprintln!("left out: PyJWT is not installed; ./test installs it");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register("ann@example.org");
    let token = shop.logged_in("ann@example.org").cookie("__Host-access").unwrap();
    let (client, site) = (script("stock_client.py"), format!("http://{}", shop.gate.address));
    let (is_taken, said) = output(python.to_str().unwrap(), &[&client, &site, &token]);
    assert!(is_taken && said.contains("PyJWT: ") && said.contains("Authlib: "), "{said}");
}
