//! The user service in Chromium: its pages without JavaScript, its JSON by a script, passkeys, and what browsers do with tabs,
//! cookies and links of other sites.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::accounts::{PASSWORD, Shop, oathtool};
use crate::browser::{Browser, Tab};
use crate::support::{Recorder, until};

const SITE: &str = "http://localhost:8080";
const EMAIL: &str = "ann@example.org";
const NEW: &str = "seven purple llamas";

fn browse(directory: &Path, shop: &Shop, more: &[(&str, SocketAddr)]) -> Browser {
    let names: Vec<(&str, SocketAddr)> =
        [("localhost:8080", shop.gate.address)].into_iter().chain(more.iter().copied()).collect();
    Browser::start(&directory.join("profile"), &names)
}

fn log_in(tab: &Tab<'_>, password: &str) {
    tab.open(&format!("{SITE}/auth/login"));
    type_in(tab, password);
}

fn type_in(tab: &Tab<'_>, password: &str) {
    tab.fill("E-mail address or user name", EMAIL);
    tab.fill("Password", password);
    tab.follow("Log in");
}

fn log_out(tab: &Tab<'_>) {
    tab.open(&format!("{SITE}/auth/account"));
    tab.follow("Log out");
    tab.sees("You are logged out.");
}

/// What a page posts and gets, as JSON.
fn fetch(path: &str, body: Option<&Value>) -> String {
    let options = match body {
        Some(body) => json!({
            "method": "POST", "headers": { "content-type": "application/json" }, "body": body.to_string(),
        }),
        None => json!({}),
    };
    format!(
        "fetch({}, {options}).then(async (answer) => ({{ status: answer.status, text: await answer.text() }}))",
        json!(path)
    )
}

/// The link of the last mail, once there is one with these words.
fn link(shop: &Shop, words: &str) -> String {
    until("the mail", || shop.gate.events.has(&[words]));
    format!("{SITE}{words}{}", shop.mailed())
}

#[test]
fn the_pages_do_all_without_javascript() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    let browser = browse(directory.path(), &shop, &[]);
    let tab = browser.tab();
    tab.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    // A page of the API leads to the log in, from there to the registration, and in the end back.
    tab.open(&format!("{SITE}/orders?page=2"));
    tab.until("document.querySelector('h1')?.textContent === 'Log in'");
    assert_eq!(tab.script("document.documentElement.lang"), "en");
    tab.follow("Create an account");
    tab.fill("E-mail address", EMAIL);
    tab.fill("Password", "aaaaaaaaaaaa");
    tab.follow("Create account");
    tab.sees("easy to guess");
    let has_focus = "document.activeElement?.name";
    assert_eq!(tab.script(has_focus), "password", "where to go on");
    tab.shoot("register-weak");
    tab.fill("Password", PASSWORD);
    tab.follow("Create account");
    tab.sees(EMAIL);
    tab.open(&link(&shop, "/auth/verify?token="));
    tab.fill("Password", PASSWORD);
    tab.follow("Confirm address");
    tab.sees("is confirmed");
    tab.follow("Log in");
    type_in(&tab, "not the password");
    tab.sees("is wrong");
    assert_eq!(tab.script(has_focus), "password", "the address stays");
    tab.shoot("login-wrong");
    tab.fill("Password", PASSWORD);
    tab.follow("Log in");
    assert_eq!(tab.path(), "/auth/account");
    tab.open(&format!("{SITE}/orders?page=2"));
    assert_eq!((tab.path().as_str(), tab.text("body").as_str()), ("/orders?page=2", "ok"));

    // One-time codes.
    tab.open(&format!("{SITE}/auth/account"));
    tab.follow("Turn on");
    let secret = tab.text(".secret").replace(char::is_whitespace, "");
    tab.fill("Code", "000000");
    tab.fill("Current password", PASSWORD);
    tab.follow("Turn on");
    tab.sees("wrong or too old");
    assert_eq!(tab.text(".secret").replace(char::is_whitespace, ""), secret, "the app has it already");
    tab.shoot("totp");
    tab.fill("Code", &oathtool(&secret, 0));
    tab.fill("Current password", PASSWORD);
    tab.follow("Turn on");
    let recovery = tab.text(".codes li");
    assert_eq!(tab.script("document.querySelectorAll('.codes li').length"), 10);
    tab.shoot("recovery-codes");
    log_out(&tab);
    log_in(&tab, PASSWORD);
    assert_eq!(tab.text("h1"), "Confirm that it is you");
    tab.fill("Code", &oathtool(&secret, 1));
    tab.follow("Continue");
    assert_eq!(tab.path(), "/auth/account");
    log_out(&tab);
    log_in(&tab, PASSWORD);
    tab.click("I cannot use my app");
    tab.fill("Recovery code", &recovery);
    tab.follow("Use recovery code");
    tab.sees("9 recovery codes left");
    log_out(&tab);

    // A forgotten password.
    tab.follow("Forgot your password?");
    tab.fill("E-mail address", EMAIL);
    tab.follow("Send link");
    tab.open(&link(&shop, "/auth/reset/password?token="));
    tab.fill("New password", NEW);
    tab.follow("Save password");
    tab.sees("Log in with the new one");
    type_in(&tab, NEW);
    assert_eq!(tab.text("h1"), "Confirm that it is you", "a reset takes the place of the password alone");
    // What needs a script is not shown without one.
    assert!(
        !tab.text("h1").is_empty()
            && tab.script("document.querySelector('[data-passkey]:not([hidden])')").is_null()
    );
}

#[test]
fn a_script_logs_in_and_sees_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register(EMAIL);
    let browser = browse(directory.path(), &shop, &[]);
    let tab = browser.tab();
    tab.open(&format!("{SITE}/auth/login"));
    let ask = |path: &str, body: Option<Value>| {
        let answer = tab.script(&fetch(path, body.as_ref()));
        (answer["status"].as_u64().unwrap(), answer["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(ask("/orders", None).0, 401);
    let (status, said) = ask("/auth/login", Some(json!({ "email": EMAIL, "password": "wrong" })));
    assert!(status == 401 && said.contains("wrong_credentials"), "{said}");
    let (status, said) = ask("/auth/login", Some(json!({ "email": EMAIL, "password": PASSWORD })));
    assert!(status == 200 && !said.contains("token"), "{said}");
    assert_eq!(ask("/orders", None), (200, "ok".into()));
    assert_eq!(ask("/auth/refresh", Some(json!({}))).0, 200);
    assert_eq!(tab.script("document.cookie"), "", "no script sees a cookie");
    let stored = "JSON.stringify([localStorage.length, sessionStorage.length])";
    assert_eq!(tab.script(stored), "[0,0]");
    assert_eq!(ask("/auth/logout", Some(json!({}))).0, 204);
    assert_eq!(ask("/orders", None).0, 401);
}

/// The browser does not offer passkeys in the field for the address, of which the device would take the first at once.
fn without_autofill(tab: &Tab<'_>) {
    let source = "PublicKeyCredential.isConditionalMediationAvailable = async () => false";
    tab.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source }));
}

/// A device with fingerprints and place for passkeys, which says yes to all.
fn plug_in(tab: &Tab<'_>) -> Value {
    tab.call("WebAuthn.enable", json!({ "enableUI": false }));
    let options = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    tab.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options }))["authenticatorId"].clone()
}

#[test]
fn a_passkey_is_added_logs_in_and_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "[[route]]\npath = '/money'\nrequire = ['mfa']");
    shop.register(EMAIL);
    let browser = browse(directory.path(), &shop, &[]);
    let tab = browser.tab();
    without_autofill(&tab);
    log_in(&tab, PASSWORD);
    tab.sees("You have no passkey yet.");
    let device = plug_in(&tab);
    tab.fill("Name of the passkey", "Ann's <b>laptop</b>");
    // The page has two fields for the password; this is the last one.
    let fill_in = |password: &str| {
        tab.script("document.querySelector('[data-passkey] [name=current_password]').focus()");
        tab.script("document.activeElement.select()");
        tab.call("Input.insertText", json!({ "text": password }));
    };
    fill_in("not the password");
    tab.click("Add a passkey");
    tab.sees("This is not your current password.");
    fill_in(PASSWORD);
    tab.follow("Add a passkey");
    tab.sees("The passkey is added.");
    tab.sees("Ann's <b>laptop</b>");
    tab.shoot("account");
    until("a mail tells of it", || shop.gate.events.has(&["new passkey", EMAIL]));
    assert!(shop.gate.events.has(&["\"rule\":\"passkey-added\""]));
    log_out(&tab);

    // Alone, and back to the page that was asked for; it is more than one factor.
    tab.open(&format!("{SITE}/orders"));
    tab.sees("Log in with a passkey");
    tab.shoot("login");
    tab.click("Log in with a passkey");
    tab.until("location.pathname === '/orders'");
    assert_eq!(tab.script(&fetch("/money", None))["status"], 200);
    assert!(shop.gate.events.has(&["\"rule\":\"logged-in\"", "passkey"]));
    assert_eq!(tab.script("document.cookie"), "");

    // A copy of the device: its counter is behind.
    let kept = tab.call("WebAuthn.getCredentials", json!({ "authenticatorId": device }));
    let mut copy = kept["credentials"][0].clone();
    let id = copy["credentialId"].clone();
    copy["signCount"] = 0.into();
    let named = json!({ "authenticatorId": device, "credentialId": id });
    tab.call("WebAuthn.removeCredential", named.clone());
    log_out(&tab);
    tab.call("WebAuthn.addCredential", json!({ "authenticatorId": device, "credential": copy }));
    tab.click("Log in with a passkey");
    tab.sees("This passkey could not be used.");
    assert_eq!(tab.path().split('?').next(), Some("/auth/login"));
    assert!(shop.gate.events.has(&["\"rule\":\"passkey-cloned\""]));
    tab.shoot("login-refused");

    // Removed here, it is of no use although the device has it.
    tab.call("WebAuthn.removeCredential", named);
    log_in(&tab, PASSWORD);
    tab.follow("Remove passkey Ann's <b>laptop</b>");
    tab.sees("The passkey is removed.");
    tab.sees("You have no passkey yet.");
    assert!(shop.gate.events.has(&["\"rule\":\"passkey-removed\""]));
    log_out(&tab);
    copy["signCount"] = 1000.into();
    tab.call("WebAuthn.addCredential", json!({ "authenticatorId": device, "credential": copy }));
    tab.click("Log in with a passkey");
    tab.sees("This passkey could not be used.");
}

#[test]
fn a_passkey_takes_the_place_of_a_code() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register(EMAIL);
    let browser = browse(directory.path(), &shop, &[]);
    let tab = browser.tab();
    without_autofill(&tab);
    log_in(&tab, PASSWORD);
    let device = plug_in(&tab);
    tab.script("document.querySelector('[data-passkey] [name=current_password]').focus()");
    tab.call("Input.insertText", json!({ "text": PASSWORD }));
    tab.follow("Add a passkey");
    tab.sees("The passkey is added.");
    tab.follow("Turn on");
    let secret = tab.text(".secret").replace(char::is_whitespace, "");
    tab.fill("Code", &oathtool(&secret, 0));
    tab.fill("Current password", PASSWORD);
    tab.follow("Turn on");
    log_out(&tab);
    log_in(&tab, PASSWORD);
    assert_eq!(tab.text("h1"), "Confirm that it is you");
    tab.shoot("second-factor");
    tab.click("Use a passkey");
    tab.until("location.pathname === '/auth/account'");
    assert!(shop.gate.events.has(&["\"rule\":\"logged-in\"", "password and passkey"]));
    // In the field for the address, without a click on anything of ours.
    let kept = tab.call("WebAuthn.getCredentials", json!({ "authenticatorId": device }));
    log_out(&tab);
    let other = browser.tab();
    let device = plug_in(&other);
    let credential = &kept["credentials"][0];
    other.call("WebAuthn.addCredential", json!({ "authenticatorId": device, "credential": credential }));
    other.open(&format!("{SITE}/orders"));
    other.until("location.pathname === '/orders' && document.body.innerText === 'ok'");
}

#[test]
fn two_tabs_that_refresh_at_the_same_moment_both_stay_logged_in() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register(EMAIL);
    let browser = browse(directory.path(), &shop, &[]);
    let (one, other) = (browser.tab(), browser.tab());
    log_in(&one, PASSWORD);
    other.open(&format!("{SITE}/auth/account"));
    let tabs = [&one, &other];
    for round in 0..5 {
        let both = browser.at_once(&tabs, &fetch("/auth/refresh", Some(&json!({}))));
        assert!(both.iter().all(|answer| answer["status"] == 200), "{round}: {both:?}");
        let both = browser.at_once(&tabs, &fetch("/orders", None));
        assert!(both.iter().all(|answer| answer["status"] == 200), "{round}: {both:?}");
    }
    // The same by pages: the access token is gone, and both go on.
    let cookie = json!({ "name": "__Host-access", "url": SITE });
    one.call("Network.enable", json!({}));
    one.call("Network.deleteCookies", cookie);
    browser.at_once(&tabs, "window.left = true; location.href = '/orders'; 1");
    for tab in tabs {
        tab.until("!window.left && location.pathname === '/orders' && document.body.innerText === 'ok'");
    }
    assert!(!shop.gate.events.has(&["refresh-reused"]));
}

#[test]
fn a_link_of_another_site_leads_back_logged_in() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::open(directory.path(), "");
    shop.register(EMAIL);
    let page = format!("<!doctype html><title>x</title><a href='{SITE}/orders?page=2'>your orders</a>");
    let other = Recorder::answering(move |_| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len())
            .into_bytes()
    });
    let browser = browse(directory.path(), &shop, &[("mail.example:80", other.address)]);
    let tab = browser.tab();
    tab.open("http://mail.example/");
    tab.follow("your orders");
    tab.until("location.pathname === '/auth/login'");
    type_in(&tab, PASSWORD);
    assert_eq!(tab.path(), "/orders?page=2", "not logged in: he logs in, and is there");
    tab.open("http://mail.example/");
    shop.upstream.take();
    tab.follow("your orders");
    tab.until("location.pathname === '/orders' && document.body.innerText === 'ok'");
    assert!(shop.upstream.take().contains("x-doorward-subject"), "SameSite=Strict keeps nobody out");
}
