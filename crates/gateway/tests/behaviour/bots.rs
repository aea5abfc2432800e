//! Programs and browsers: what an agent shows, honeypots, and the challenge with everything that somebody might try with it.

use std::time::{Duration, Instant};

use gateway::{AdminSocket, AttackNote};

use crate::browser::Browser;
use crate::support::{Recorder, Running, status, until};

const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const PROXY: &str = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n";

/// The value of a header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// Asks with no header but these and the usual two.
fn ask(gate: &Running, method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    gate.raw(
        format!("{method} {target} HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n{headers}\r\n")
            .as_bytes(),
    )
}

#[test]
fn what_a_program_shows_counts() {
    let upstream = Recorder::plain();
    let policy = "[bots]\ntag = 'x-bot-score'\npoints = { ai-crawler = 100 }\n\
                  [[auth.api_key]]\nsubject = 'alice'\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n\
                  [[route]]\npath = '/hooks/**'\ndoors = { bots = 'off' }\n";
    let gate = Running::start(policy, &[upstream.url()]);
    let languages = ("Accept-Language", "de");
    let codings = ("Accept-Encoding", "gzip");
    for (target, headers, expected, tag) in [
        ("/", vec![("User-Agent", "Mozilla/5.0 (compatible; GPTBot/1.2)")], 403, ""),
        ("/", vec![("User-Agent", "curl/8.14.1")], 200, "10; library=10"),
        ("/", vec![("User-Agent", "curl/8.14.1"), ("X-Bot-Score", "0")], 200, "10; library=10"),
        ("/", vec![("User-Agent", BROWSER), languages, codings], 200, "0"),
        ("/", vec![("User-Agent", BROWSER), languages], 200, "30; odd-headers=30"),
        ("/", vec![("User-Agent", "HeadlessChrome/131")], 200, "50; automation=50"),
        ("/", vec![("User-Agent", "Shop/3.2 (iPhone)")], 200, "0"),
        // Nothing counts against who is known.
        ("/", vec![("User-Agent", "curl/8.14.1"), ("X-API-Key", "alice")], 200, "0"),
        ("/", vec![("User-Agent", "GPTBot/1.2"), ("X-API-Key", "alice")], 200, "0"),
        ("/hooks/a", vec![("User-Agent", "GPTBot/1.2")], 200, ""),
    ] {
        let answer = ask(&gate, "GET", target, &headers);
        assert_eq!(status(&answer), expected, "{target} {headers:?}");
        let seen = upstream.take();
        let sent = seen
            .lines()
            .find_map(|line| line.strip_prefix("x-bot-score: ").or(line.strip_prefix("X-Bot-Score: ")));
        assert_eq!(sent.unwrap_or(""), tag, "{headers:?}: {seen}");
    }
    assert!(gate.events.has(&["\"door\":\"bots\"", "reported", "50; automation=50"]));
}

#[test]
fn a_browser_sends_what_that_browser_sends() {
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const OF_131: &str = "\"Chromium\";v=\"131\", \"Google Chrome\";v=\"131\", \"Not_A Brand\";v=\"24\"";
    const OF_124: &str = "\"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"";
    let upstream = Recorder::plain();
    let gate = Running::start("[bots]\ntag = 'x-bot-score'\n", &[upstream.url()]);
    let proxied = Running::start(&format!("{PROXY}[bots]\ntag = 'x-bot-score'\n"), &[upstream.url()]);
    let tag = |gate: &Running, host: &str, headers: &[(&str, &str)]| {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
        assert_eq!(status(&gate.raw(head.as_bytes())), 200, "{headers}");
        let seen = upstream.take().to_ascii_lowercase();
        seen.lines().find_map(|line| line.strip_prefix("x-bot-score: ")).unwrap().to_owned()
    };
    let languages = ("Accept-Language", "en");
    let codings = ("Accept-Encoding", "gzip");
    let accept = ("Accept", "*/*");
    let site = ("Sec-Fetch-Site", "none");
    let mode = ("Sec-Fetch-Mode", "navigate");
    let chrome = ("User-Agent", BROWSER);
    let firefox = ("User-Agent", FIREFOX);
    let page = ("Upgrade-Insecure-Requests", "1");
    for (host, headers, expected) in [
        // Browsers: a page, a script that sets its language, Firefox, without TLS and on the same machine.
        ("shop.example", vec![page, chrome, accept, codings, languages, ("Cookie", "a=b")], "0"),
        ("shop.example", vec![languages, accept, chrome, codings, ("Cookie", "a=b")], "0"),
        ("shop.example", vec![firefox, accept, languages, codings, page], "0"),
        (
            "localhost:8080",
            vec![
                ("Sec-CH-UA", OF_131),
                ("Sec-CH-UA-Mobile", "?0"),
                ("Sec-CH-UA-Platform", "\"Linux\""),
                page,
                chrome,
                accept,
                site,
                mode,
                codings,
                languages,
            ],
            "0",
        ),
        // Programs that say that they are one: Python's requests, Node's fetch, what was copied of another version.
        ("shop.example", vec![chrome, codings, accept, languages], "10; header-order=10"),
        ("shop.example", vec![chrome, languages, codings, accept, mode], "10; header-order=10"),
        ("shop.example", vec![page, chrome, accept, languages, codings], "10; header-order=10"),
        (
            "shop.example",
            vec![("Sec-CH-UA", OF_124), chrome, accept, codings, languages],
            "30; client-hints=30",
        ),
        (
            "shop.example",
            vec![("Sec-CH-UA", OF_131), firefox, accept, languages, codings],
            "30; client-hints=30",
        ),
        ("localhost:8080", vec![chrome, accept, codings, languages], "10; fetch-metadata=10"),
        (
            "localhost:8080",
            vec![("Sec-CH-UA", OF_124), chrome, codings, accept],
            "80; odd-headers=30; client-hints=30; fetch-metadata=10; header-order=10",
        ),
        // An app's own agent, and none.
        ("localhost:8080", vec![("User-Agent", "Shop/3.2 (iPhone)"), codings, accept], "0"),
    ] {
        assert_eq!(tag(&gate, host, &headers), expected, "{host} {headers:?}");
    }
    // A proxy has an order of its own.
    assert_eq!(tag(&proxied, "shop.example", &[chrome, codings, accept, languages]), "0");
    assert!(gate.events.has(&["\"door\":\"bots\"", "reported", "80; odd-headers=30; client-hints=30"]));
}

#[test]
fn a_real_browser_shows_nothing_odd() {
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b\r\nContent-Length: 62\r\n\r\n\
         <h1>Orders</h1><img src=/a.png><link rel=stylesheet href=/a.c>",
    );
    let gate = Running::start("[bots]\ntag = 'x-bot-score'\n", &[upstream.url()]);
    let directory = tempfile::tempdir().unwrap();
    let names = [("localhost:80", gate.address), ("shop.example:80", gate.address)];
    let browser = Browser::start(directory.path(), &names);
    let tab = browser.tab();
    // It is driven by a program, and would say so.
    let agent = tab.script("navigator.userAgent").as_str().unwrap().replace("HeadlessChrome", "Chrome");
    tab.call("Network.setUserAgentOverride", serde_json::json!({ "userAgent": agent }));
    for host in ["localhost", "shop.example"] {
        tab.open(&format!("http://{host}/"));
        tab.until("document.querySelector('h1')?.textContent === 'Orders'");
        tab.script(
            "Promise.all([fetch('/b'), fetch('/c', { method: 'POST', body: '{}', \
             headers: { 'Content-Type': 'application/json', 'Accept-Language': 'de', Accept: 'text/plain' } }), \
             new Promise(done => { const x = new XMLHttpRequest(); x.open('PUT', '/d'); x.onloadend = done; x.send('e') })\
             ]).then(() => true)",
        );
        let seen = upstream.take().to_ascii_lowercase();
        let tags: Vec<&str> = seen.lines().filter_map(|line| line.strip_prefix("x-bot-score: ")).collect();
        assert!(tags.len() >= 5 && tags.iter().all(|tag| *tag == "0"), "{host}: {tags:?}\n{seen}");
    }
}

#[test]
fn who_takes_the_bait_is_banned() {
    let upstream = Recorder::plain();
    let policy = format!("{PROXY}[bots]\nhoneypots = ['/wp-login.php', '/.env']\nhoneypot_ban = '1 hour'\n");
    let gate = Running::start(&policy, &[upstream.url()]);
    let from =
        |address: &str, target: &str| status(&gate.ask("GET", target, &[("X-Forwarded-For", address)], b""));
    for (address, bait) in
        [("192.0.2.1", "/.env"), ("192.0.2.2", "/WP-Login.php/"), ("192.0.2.3", "/%2eenv?x=1")]
    {
        assert_eq!(from(address, "/"), 200);
        assert_eq!(from(address, bait), 404, "{bait}");
        assert_eq!(from(address, "/"), 403, "{bait}");
    }
    assert_eq!(from("192.0.2.4", "/env"), 200);
    assert_eq!(from("192.0.2.4", "/"), 200);
    assert!(!upstream.take().contains("env?"), "the bait is nowhere");
    assert!(gate.events.has(&["banned", "honeypot /.env"]));
}

/// A gateway under attack, by order.
fn attacked(settings: &str, upstream: &Recorder) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.toml");
    let key = "[[auth.api_key]]\nsubject = 'alice'\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n";
    std::fs::write(&file, format!("[admin]\nsocket = 'admin.sock'\n{PROXY}{settings}{key}")).unwrap();
    let gate = Running::from_file(&file, &[upstream.url()]);
    let socket = directory.path().join("admin.sock");
    AdminSocket::at(&socket).under_attack(&AttackNote { order: "on".into(), seconds: 600 }).unwrap();
    (gate, directory)
}

/// The value of a field of the form on the page.
fn field(page: &str, name: &str) -> String {
    let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_default();
    from.split('"').next().unwrap_or_default().replace("&amp;", "&")
}

fn bits(page: &str) -> u32 {
    page.split("data-bits=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

fn is_solution(page: &str, number: u64) -> bool {
    use aws_lc_rs::digest::{SHA256, digest};
    let hash = digest(&SHA256, format!("{}.{number}", field(page, "c")).as_bytes());
    u32::from_be_bytes(hash.as_ref()[..4].try_into().unwrap()).leading_zeros() >= bits(page)
}

/// What the script of the page does.
fn solve(page: &str) -> u64 {
    (0..).find(|number| is_solution(page, *number)).unwrap()
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn under_attack_a_browser_works_and_others_wait() {
    let upstream = Recorder::plain();
    let (gate, directory) = attacked(
        "[cors]\norigins = ['https://app.example']\n[bots.challenge]\nbits = 8\nwait = '1 s'\n",
        &upstream,
    );
    let browser = |address: &str, target: &str, agent: &str, cookie: &str| {
        let headers = [
            ("User-Agent", agent),
            ("Accept", "text/html,application/xhtml+xml"),
            ("Accept-Language", "de"),
            ("Accept-Encoding", "gzip"),
            ("X-Forwarded-For", address),
            ("Cookie", cookie),
        ];
        ask(&gate, "GET", target, &headers)
    };
    // Programs: with a credential, without one, a preflight.
    for (method, headers, expected) in [
        ("GET", vec![("User-Agent", "Shop/3.2"), ("X-API-Key", "alice")], 200),
        ("GET", vec![("User-Agent", "Shop/3.2"), ("Accept", "application/json")], 429),
        ("POST", vec![("User-Agent", BROWSER), ("Accept", "text/html"), ("Content-Length", "0")], 429),
        ("OPTIONS", vec![("User-Agent", BROWSER)], 429),
        (
            "OPTIONS",
            vec![
                ("User-Agent", BROWSER),
                ("Origin", "https://app.example"),
                ("Access-Control-Request-Method", "PUT"),
            ],
            204,
        ),
    ] {
        let answer = ask(&gate, method, "/a", &headers);
        assert_eq!(status(&answer), expected, "{method} {headers:?}");
        if expected == 429 {
            assert!(
                answer.contains("application/problem+json") && header(&answer, "retry-after") == Some("60"),
                "{answer}"
            );
        }
    }
    let page = browser("192.0.2.7", "/a?b=1&c=%22%3Cx%3E", BROWSER, "x=1");
    assert_eq!(status(&page), 403);
    assert_eq!(header(&page, "cache-control"), Some("no-store"));
    let policy = header(&page, "content-security-policy").unwrap();
    assert!(policy.contains("script-src 'sha256-") && policy.contains("default-src 'none'"), "{policy}");
    assert!(!page.contains("<x>"), "{page}");
    assert_eq!(field(&page, "to"), "/a?b=1&c=%22%3Cx%3E", "{page}");
    assert_eq!(bits(&page), 10, "two more while an attack lasts");

    let shown = |address: &str, agent: &str, token: &str, number: &str, to: &str| {
        let target =
            format!("/.well-known/doorward/challenge?c={}&n={number}&to={}", escaped(token), escaped(to));
        browser(address, &target, agent, "x=1")
    };
    let (token, number) = (field(&page, "c"), solve(&page).to_string());
    let wrong = (0..).find(|n| !is_solution(&page, *n)).unwrap().to_string();
    let changed = token.replace(".10.", ".1.");
    for (what, answer) in [
        ("another network", shown("198.51.100.7", BROWSER, &token, &number, "/a")),
        ("another agent", shown("192.0.2.7", "Mozilla/5.0 (X)", &token, &number, "/a")),
        ("no work", shown("192.0.2.7", BROWSER, &token, &wrong, "/a")),
        ("less work", shown("192.0.2.7", BROWSER, &changed, "0", "/a")),
        ("no challenge", shown("192.0.2.7", BROWSER, "1.1.1.1", "0", "/a")),
        ("nothing", browser("192.0.2.7", "/.well-known/doorward/challenge", BROWSER, "x=1")),
    ] {
        assert_eq!(status(&answer), 403, "{what}: {answer}");
    }
    let solved = shown("192.0.2.200", BROWSER, &token, &number, "/a?b=1");
    assert_eq!(status(&solved), 303, "{solved}");
    assert_eq!(header(&solved, "location"), Some("/a?b=1"));
    for to in ["//evil.example/", "https://evil.example/", "/\\evil.example"] {
        assert_eq!(header(&shown("192.0.2.7", BROWSER, &token, &number, to), "location"), Some("/"), "{to}");
    }
    let cookie = header(&solved, "set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let other = cookie.replace('=', "=9");
    for (address, agent, cookie, expected) in [
        ("192.0.2.7", BROWSER, cookie, 200),
        ("192.0.2.99", BROWSER, cookie, 200),
        ("198.51.100.7", BROWSER, cookie, 403),
        ("192.0.2.7", "Mozilla/5.0 (X)", cookie, 403),
        ("192.0.2.7", BROWSER, &other, 403),
        ("192.0.2.7", BROWSER, "doorward-clearance=", 403),
    ] {
        assert_eq!(status(&browser(address, "/a", agent, cookie)), expected, "{address} {agent} {cookie}");
    }
    upstream.take();
    // Its scripts ask with the cookie, and get no page; the API gets the other cookies.
    let headers = [
        ("User-Agent", BROWSER),
        ("Accept", "*/*"),
        ("X-Forwarded-For", "192.0.2.7"),
        ("Cookie", cookie),
        ("Accept-Language", "de"),
        ("Accept-Encoding", "gzip"),
    ];
    assert_eq!(status(&ask(&gate, "GET", "/data", &headers)), 200);

    assert!(!upstream.take().contains("doorward-clearance"));

    // Without JavaScript, waiting is enough, and not waiting is not.
    let page = browser("203.0.113.7", "/b", BROWSER, "x=1");
    let refresh =
        page.split("http-equiv=\"refresh\" content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (seconds, target) = refresh.split_once("; url=").unwrap();
    let target = target.replace("&amp;", "&");
    assert_eq!(seconds, "2");
    assert_eq!(status(&browser("203.0.113.7", &target, BROWSER, "x=1")), 403);
    let begun = Instant::now();
    until("it has waited", || status(&browser("203.0.113.7", &target, BROWSER, "x=1")) == 303);
    assert!(begun.elapsed() > Duration::from_millis(500));

    let socket = directory.path().join("admin.sock");
    let admin = AdminSocket::at(&socket);
    assert!(admin.status().unwrap().under_attack);
    admin.under_attack(&AttackNote { order: "off".into(), seconds: 60 }).unwrap();
    assert_eq!(status(&browser("198.51.100.9", "/a", BROWSER, "x=1")), 200);
    assert!(gate.events.has(&["under attack, by order"]) && gate.events.has(&["not under attack, by order"]));
}

#[test]
fn a_flood_of_refusals_is_an_attack() {
    let upstream = Recorder::plain();
    let policy =
        format!("{PROXY}[under_attack]\nmode = 'auto'\nmin_requests = 100\n[bots.challenge]\nbits = 8\n");
    let gate = Running::start(&policy, &[upstream.url()]);
    let ask = |nth: usize, target: &str| {
        let address = format!("198.51.{}.{}", nth / 250, nth % 250 + 1);
        status(&gate.ask("GET", target, &[("X-Forwarded-For", &address)], b""))
    };
    assert_eq!(ask(0, "/"), 200);
    for nth in 0..120 {
        ask(nth, "/?q=1'+UNION+SELECT+password+FROM+users--");
    }
    until("it is an attack", || ask(999, "/") == 429);
    assert!(gate.events.has(&["under attack: ", "requests were refused in 10 seconds"]));
}

#[test]
fn a_real_browser_is_let_in_with_its_scripts_and_without() {
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 29\r\n\r\n<h1>Orders</h1><p>of ann</p>\n",
    );
    let (gate, directory) = attacked("[bots.challenge]\nbits = 10\nwait = '1 s'\n", &upstream);
    // A name that is not this machine's: no page without TLS has the browser's own hashes.
    let profile = directory.path().join("profile");
    let browser = Browser::start(&profile, &[("shop.example:80", gate.address)]);
    let tab = browser.tab();
    tab.open("http://shop.example/orders?page=2");
    tab.until("document.querySelector('h1')?.textContent === 'Orders'");
    assert_eq!(tab.script("location.pathname + location.search"), "/orders?page=2");
    tab.open("http://shop.example/orders?page=3");
    tab.until("document.querySelector('h1')?.textContent === 'Orders'");
    assert!(gate.events.has(&["\"rule\":\"under-attack\"", "/orders"]));
    drop(browser);

    let without = Browser::start(&directory.path().join("without"), &[("shop.example:80", gate.address)]);
    let tab = without.tab();
    tab.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true }));
    tab.open("http://shop.example/a");
    tab.until("document.querySelector('h1')?.textContent === 'One moment, please'");
    tab.until("document.querySelector('h1')?.textContent === 'Orders'");
}
