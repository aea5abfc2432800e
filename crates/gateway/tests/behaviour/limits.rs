//! What limits count, what a request costs, and what becomes of those who ask for too much.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::{Recorder, Running, output, status, until};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// An upstream whose status and cost the path says: `/200`, `/400`, `/cost/7`.
fn obedient() -> Recorder {
    Recorder::answering(|head| {
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        let mut parts = path.trim_start_matches('/').split(['/', '?']);
        let (status, cost) = match parts.next() {
            Some("cost") => (200, parts.next().unwrap_or("1").to_owned()),
            first => (first.and_then(|part| part.parse().ok()).unwrap_or(200), "1".to_owned()),
        };
        format!("HTTP/1.1 {status} Said\r\nX-Cost: {cost}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    })
}

/// A gateway with one limit, and nothing else that counts.
fn limited(limit: &str, upstream: &Recorder) -> Running {
    Running::start(&format!("[rate]\nlimits = ['{limit}']\nlogin = []"), &[upstream.url()])
}

#[test]
fn limits_count_what_they_say() {
    let upstream = obedient();
    for (limit, asked) in [
        // Three accounts a day, however often the form was filled in wrongly, or the server was at fault.
        (
            "2 per day counting successes",
            &[("/400", 400), ("/201", 201), ("/503", 503), ("/400", 400), ("/200", 200), ("/200", 429)][..],
        ),
        ("2 per day counting failures", &[("/400", 400), ("/200", 200), ("/401", 401), ("/200", 429)]),
        ("10 per hour costing 4", &[("/200", 200), ("/200", 200), ("/200", 429)]),
        // A page costs as many as it has rows, and as many as is usual where nothing is said.
        (
            "10 per hour costing query.limit or 4",
            &[
                ("/200?limit=3", 200),
                ("/200", 200),
                ("/200?limit=4", 429),
                ("/200?limit=1&limit=4", 429),
                ("/200?LIMIT=4", 429),
                ("/200?limit=all", 400),
                ("/200?limit=-1", 400),
                ("/200?limit=1.5", 400),
                ("/200?limit=3", 200),
                ("/200?limit=0", 429),
                ("/200?limit=11", 429),
            ],
        ),
        // The answer says what it was worth; what a limit does not have, it does not give.
        (
            "10 per hour costing answer x-cost",
            &[("/cost/6", 200), ("/cost/1", 200), ("/cost/900", 200), ("/cost/1", 429)],
        ),
        ("10 per hour costing answer x-cost", &[("/cost/none", 200), ("/cost/9", 200), ("/200", 429)]),
        // Written twice, it counts once.
        ("2 per hour; 2 per hour by ip", &[("/200", 200), ("/200", 200), ("/200", 429)]),
        ("5 per day; 1 per hour", &[("/200", 200), ("/200", 429)]),
        ("1 per hour observed", &[("/200", 200), ("/200", 200)]),
        // A limit that is tried takes nothing from those that hold.
        ("1 per hour observed; 2 per hour", &[("/200", 200), ("/200", 200), ("/200", 429)]),
    ] {
        let gate = limited(limit, &upstream);
        for (nth, (target, expected)) in asked.iter().enumerate() {
            let answer = status(&gate.get(target));
            assert_eq!(answer, *expected, "{limit}: {nth} {target}: {:?}", gate.events.all().last());
        }
        if limit.contains("observed") {
            assert!(gate.events.has(&["would-refuse", "1 per 1h by ip observed"]), "{limit}");
        }
    }
}

#[test]
fn a_page_size_in_the_body_and_the_fields_of_graphql_cost() {
    let upstream = obedient();
    let gate = limited("10 per hour costing body./page/size or 2", &upstream);
    for (body, expected) in [
        (r#"{"page":{"size":7}}"#, 200),
        (r#"{"page":{"size":"7"}}"#, 429),
        (r#"{"page":{"size":1,"size":4}}"#, 400),
        (r#"{"page":{"size":{}}}"#, 400),
        (r#"{"page":{"size":[1]}}"#, 200),
        (r#"{"page":{"size":null}}"#, 200),
        (r#"{"page":{}}"#, 429),
    ] {
        assert_eq!(status(&gate.ask("POST", "/200", &[JSON], body.as_bytes())), expected, "{body}");
    }
    let gate = limited("10 per hour costing graphql", &upstream);
    let graphql = |text: &str| serde_json::json!({ "query": text }).to_string();
    for (text, expected) in [
        ("{ me { name mail } }", 200),
        ("{ a: me { ...F } b: me { ...F } } fragment F on User { name mail age }", 429),
        ("{ me { name mail age town } }", 200),
        ("{ me { name mail } }", 429),
        ("{ me { name } }", 200),
        ("{ me }", 429),
    ] {
        let body = graphql(text);
        assert_eq!(status(&gate.ask("POST", "/graphql", &[JSON], body.as_bytes())), expected, "{text}");
    }
}

#[test]
fn whoever_asks_for_too_much_is_blocked_for_longer_each_time() {
    let upstream = obedient();
    let gate = limited("1 per second by header x-who blocking 2 seconds", &upstream);
    let ask = |who: &str| {
        let answer = gate.ask("GET", "/200", &[("X-Who", who)], b"");
        let wait = answer
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("retry-after: ")?.parse().ok());
        (status(&answer), wait.unwrap_or(0_u64))
    };
    assert_eq!(ask("ann"), (200, 0));
    assert_eq!(ask("ann"), (429, 2));
    assert_eq!(ask("bob"), (200, 0), "the neighbour");
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(ask("ann").0, 429, "the second of the limit is over, the penalty is not");
    assert!(gate.events.has(&["1 per 1s by header x-who blocking 2s; blocked for 2 s"]));
    until("the penalty is over", || ask("ann").0 == 200);
    assert_eq!(ask("ann"), (429, 4), "the second one lasts twice as long");
}

#[test]
fn what_is_under_way_at_once_is_limited_by_key() {
    let slow = Arc::<AtomicU32>::default();
    let counted = Arc::clone(&slow);
    let upstream = Recorder::answering(move |head| {
        if head.contains("/slow") {
            counted.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_secs(3));
        }
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let gate = limited("2 at once by header x-tenant", &upstream);
    let ask = |target: &str, tenant: &str| gate.ask("GET", target, &[("X-Tenant", tenant)], b"");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(status(&ask("/slow", "a")), 200));
        }
        until("both are under way", || slow.load(Ordering::SeqCst) == 2);
        let refused = ask("/", "a");
        assert_eq!(status(&refused), 429);
        assert!(refused.to_ascii_lowercase().contains("retry-after: 1"), "{refused}");
        assert_eq!(status(&ask("/", "b")), 200, "the neighbour");
    });
    assert_eq!(status(&ask("/", "a")), 200, "the seats are free again");
    assert!(gate.events.has(&["at-once", "2 at once by header x-tenant"]));
}

#[test]
fn some_are_not_limited() {
    let upstream = obedient();
    let policy = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n[rate]\nlimits = ['1 per hour', '1 per day by global']\nexempt = ['192.0.2.0/24']";
    let gate = Running::start(policy, &[upstream.url()]);
    let ask = |address: &str| status(&gate.ask("GET", "/200", &[("X-Forwarded-For", address)], b""));
    assert_eq!([ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.2")], [200; 3], "the monitor");
    assert_eq!([ask("198.51.100.1"), ask("198.51.100.1"), ask("198.51.100.2")], [200, 429, 429]);
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let upstream = Recorder::answering(|head| {
        let (status, kind, body) = match head.split_whitespace().nth(1).unwrap_or_default() {
            "/login?unknown" => ("404 Not Found", "application/json", r#"{"error":"no such user"}"#),
            "/login?wrong" => {
                std::thread::sleep(Duration::from_millis(150));
                ("401 Unauthorized\r\nX-Tries: 3", "application/json", r#"{"error":"wrong password"}"#)
            }
            "/login?slow" => {
                std::thread::sleep(Duration::from_millis(350));
                ("401 Unauthorized", "application/json", r#"{"error":"wrong password"}"#)
            }
            "/login?ok" => ("200 OK", "application/json", r#"{"ok":false,"why":"wrong password"}"#),
            "/login?right" => ("200 OK", "application/json", r#"{"access_token":"0123456789abcdef"}"#),
            "/login?page" => ("200 OK", "text/html", "<p>wrong password</p>"),
            "/login?type" => ("415 Unsupported Media Type", "application/json", r#"{"error":"json only"}"#),
            _ => ("401 Unauthorized", "application/json", r#"{"error":"its own"}"#),
        };
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .into_bytes()
    });
    let policy = "[rate]\nlogin = []\n[rate.failed_logins]\nalike = true\nevery = '300 ms'";
    let gate = Running::start(policy, &[upstream.url()]);
    let ask = |target: &str| {
        let began = std::time::Instant::now();
        let answer = gate.ask("POST", target, &[JSON], br#"{"name":"ann","password":"guess"}"#);
        let changes = |line: &&str| {
            let line = line.to_ascii_lowercase();
            !["date:", "x-request-id:", "x-ratelimit", "ratelimit"].iter().any(|name| line.starts_with(name))
        };
        (answer.lines().filter(changes).collect::<Vec<_>>().join("\n"), began.elapsed().as_millis())
    };
    let (unknown, took) = ask("/login?unknown");
    assert!(
        unknown.starts_with("HTTP/1.1 401") && unknown.contains("The name or the password is wrong."),
        "{unknown}"
    );
    assert!(!unknown.contains("no such user"), "{unknown}");
    assert!(took >= 300, "{took}");
    for target in ["/login?wrong", "/login?ok", "/login?slow"] {
        let (answer, took) = ask(target);
        assert_eq!(answer, unknown, "{target}");
        assert!(took >= if target.ends_with("slow") { 600 } else { 300 }, "{target} {took}");
    }
    for (target, expected) in [
        ("/login?right", "0123456789abcdef"),
        ("/login?page", "<p>wrong password</p>"),
        ("/login?type", "json only"),
        ("/orders", "its own"),
    ] {
        assert!(ask(target).0.contains(expected), "{target}");
    }
    // Who holds a part of his body back does not choose when the time begins.
    let held_back = |target: &str| {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(gate.address).unwrap();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(250));
        let began = std::time::Instant::now();
        stream.write_all(b"}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("401"), "{answer}");
        began.elapsed().as_millis() / 300
    };
    assert_eq!([held_back("/login?unknown"), held_back("/login?wrong")], [1, 1]);
    let policy = "[rate.failed_logins]\nalike = true\nevery = '1 ms'\nstatus = 403\nbody = '{\"no\":1}'";
    let gate = Running::start(policy, &[upstream.url()]);
    let answer = gate.ask("POST", "/login?ok", &[JSON], b"{}");
    assert!(answer.starts_with("HTTP/1.1 403") && answer.ends_with("{\"no\":1}"), "{answer}");
    let answers: Vec<u16> =
        (0..5).map(|_| status(&gate.ask("POST", "/login?unknown", &[JSON], b"{}"))).collect();
    assert_eq!(answers, [403, 403, 403, 403, 429], "they count as before");
}

/// A restart forgives nothing where a file is named, and a file that is none is not overwritten.
#[test]
fn counters_outlive_a_restart() {
    let upstream = obedient();
    let directory = tempfile::tempdir().unwrap();
    let (file, counters) = (directory.path().join("doorward.toml"), directory.path().join("limits"));
    std::fs::write(&file, "[rate]\nlimits = ['3 per day']\nfile = 'limits'").unwrap();
    let ask = || {
        let gate = Running::from_file(&file, &[upstream.url()]);
        [gate.get("/200"), gate.get("/200")].map(|answer| status(&answer))
    };
    assert_eq!(ask(), [200, 200]);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&counters).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(ask(), [200, 429]);
    assert_eq!(ask(), [429, 429]);
    std::fs::write(&counters, "something else").unwrap();
    let policy =
        policy::load(&policy::Inputs { file: Some(file.clone()), ..policy::Inputs::default() }).unwrap();
    let error = guard::open_stores(&policy).unwrap_err().to_string();
    assert!(error.contains("these are no counters; move the file away"), "{error}");
}

/// A parameter that stands in a form as well costs what the larger one says.
#[test]
fn a_cost_is_looked_for_wherever_servers_look() {
    let upstream = obedient();
    let gate = limited("10 per hour by header x-who costing query.limit or 2", &upstream);
    for (nth, kind, body, expected) in [
        (1, "application/x-www-form-urlencoded", "limit=6", [200, 429]),
        (2, "application/json", r#"{"limit":6}"#, [200, 429]),
        (3, "application/json", r#"{"other":6}"#, [200, 200]),
    ] {
        let who = nth.to_string();
        let headers = [("Content-Type", kind), ("X-Who", who.as_str())];
        let answers = [(); 2].map(|()| status(&gate.ask("POST", "/200?limit=1", &headers, body.as_bytes())));
        assert_eq!(answers, expected, "{body}");
    }
    let refused = gate.ask("GET", "/200?limit=4294967295", &[("X-Who", "4")], b"");
    assert!(!refused.to_ascii_lowercase().contains("retry-after"), "to wait does not help: {refused}");
    assert!(gate.events.has(&["this request costs 4294967295, which is more than there ever is"]));
}

#[test]
fn a_limit_of_a_route_counts_that_route() {
    let upstream = obedient();
    let policy = "[rate]\nlimits = []\n[[route]]\npath = '/201'\nlimits = ['1 per hour']\n[[route]]\npath = '/202'\nlimits = ['1 per hour']";
    let gate = Running::start(policy, &[upstream.url()]);
    let answers = ["/201", "/202", "/201", "/202"].map(|path| status(&gate.get(path)));
    assert_eq!(answers, [201, 202, 429, 429]);
}

/// Places that attempts under way have taken are no failures, and who leaves before his answer has nothing given back.
#[test]
fn what_is_not_known_yet_is_neither_forgiven_nor_punished() {
    let upstream = Recorder::answering(|head| {
        std::thread::sleep(Duration::from_millis(if head.contains("slow") { 400 } else { 0 }));
        b"HTTP/1.1 200 OK\r\nSet-Cookie: session=0123456789\r\nContent-Length: 0\r\n\r\n".to_vec()
    });
    let policy = "[rate]\nlimits = []\nlogin = ['3 per 15 minutes counting failures blocking 15 minutes']\n\
                  [[route]]\npath = '/accounts'\nlimits = ['2 per day counting successes']";
    let gate = Running::start(policy, &[upstream.url()]);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| gate.ask("POST", "/login?slow", &[JSON], br#"{"name":"ann"}"#)))
            .collect();
        let all: Vec<String> = all.into_iter().map(|one| one.join().unwrap()).collect();
        let refused: Vec<_> = all.iter().filter(|answer| status(answer) == 429).collect();
        assert_eq!(refused.len(), 3);
        assert!(
            refused.iter().all(|answer| answer.to_ascii_lowercase().contains("retry-after: 1\r")),
            "{refused:?}"
        );
    });
    assert_eq!(status(&gate.ask("POST", "/login", &[JSON], br#"{"name":"ann"}"#)), 200, "nobody has failed");
    for _ in 0..2 {
        let url = gate.url("/accounts?slow");
        assert!(!output("curl", &["-s", "-A", "t", "-m", "0.1", "-d", "a=1", &url]).0, "it left");
    }
    until("both have ended", || {
        gate.events.all().iter().filter(|line| line.contains("\"status\":499")).count() == 2
    });
    assert_eq!(status(&gate.ask("POST", "/accounts", &[], b"a=1")), 429);
}

/// What a client says when it opens TLS is what it is, whatever address and agent it shows.
#[test]
fn a_program_is_counted_by_its_handshake() {
    let directory = tempfile::tempdir().unwrap();
    let tls = crate::refused_uploads::certificate(directory.path());
    let upstream = Recorder::plain();
    let gate = Running::start(&format!("[rate]\nlimits = ['2 per hour by ja4']\n{tls}"), &[upstream.url()]);
    let url = format!("https://localhost:{}/", gate.address.port());
    let ask = |agent: &str, more: &[&str]| {
        let usual = ["-sk", "-o", "/dev/null", "-w", "%{http_code}", "-A", agent, &url];
        output("curl", &[&usual[..], more].concat()).1
    };
    assert_eq!([ask("a", &[]), ask("b", &[]), ask("c", &[])], ["200", "200", "429"]);
    assert_eq!(
        ask(
            "a",
            &["--ciphers", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256", "--tls-max", "1.2"]
        ),
        "200"
    );
    let seen = gate.events.all();
    let of = |agent: &str| {
        let line = seen.iter().find(|line| line.contains(&format!("\"user_agent\":\"{agent}\""))).unwrap();
        serde_json::from_str::<serde_json::Value>(line).unwrap()["ja4"].as_str().unwrap().to_owned()
    };
    assert_eq!(of("b"), of("c"));
    assert!(of("b").starts_with("t13d") && of("b").split('_').count() == 3, "{}", of("b"));
    let old = seen.iter().any(|line| line.contains("\"ja4\":\"t12d"));
    assert!(old, "{seen:?}");
}
