//! One client that tries many accounts, and honest ones that look a little like it.

use crate::servers::Server;
use crate::support::{Recorder, Running, status};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// Nothing else counts log ins, and the client may say where it is.
const ALONE: &str = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n[rate]\nlogin = []\n";

/// An API that lets in whoever says `right`, and knows a token to refresh that holds.
fn api() -> Recorder {
    Recorder::answering(|request| {
        if request.contains("said=quiet") {
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n";
            return format!("{answer}{{\"error\":\"wrong\"}}").into_bytes();
        }
        let answer = match request {
            request if request.contains("right") => "200 OK\r\nSet-Cookie: session=0123456789; HttpOnly",
            request if request.contains("said=broken") => "503 Service Unavailable",
            _ => "401 Unauthorized",
        };
        format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    })
}

/// A log in. The password stands in the query, too: the API here sees no body.
fn log_in(gate: &Running, from: &str, account: &str, password: &str) -> u16 {
    let body = format!(r#"{{"email":"{account}@example.org","password":"{password}"}}"#);
    let target = format!("/login?said={password}");
    let headers = [("Content-Type", JSON), ("X-Forwarded-For", from)];
    status(&gate.ask("POST", &target, &headers, body.as_bytes()))
}

fn events(gate: &Running, verdict: &str) -> usize {
    let words = ["\"rule\":\"credential-stuffing\"", verdict];
    gate.events.all().iter().filter(|event| words.iter().all(|word| event.contains(word))).count()
}

#[test]
fn a_client_that_tries_many_accounts_is_blocked() {
    let upstream = api();
    let gate = Running::start(ALONE, &[upstream.url()]);
    for nth in 0..16 {
        assert_eq!(log_in(&gate, "198.51.100.7", &format!("user{nth}"), "stolen"), 401, "{nth}");
    }
    assert!(gate.events.has(&["credential-stuffing", "more than 15 accounts", "by ip; blocked for 900 s"]));
    upstream.take();
    let headers = [("Content-Type", JSON), ("X-Forwarded-For", "198.51.100.7")];
    let refused =
        gate.ask("POST", "/login", &headers, br#"{"email":"user99@example.org","password":"stolen"}"#);
    assert_eq!(status(&refused), 429, "{refused}");
    let refused = refused.to_ascii_lowercase();
    assert!(refused.contains("application/problem+json") && refused.contains("retry-after: "), "{refused}");
    assert_eq!(log_in(&gate, "198.51.100.7", "ann", "right"), 429, "whatever it knows");
    assert_eq!(upstream.take(), "", "nothing of it reaches the API");
    // Others log in, and the client does all else.
    assert_eq!(log_in(&gate, "198.51.100.8", "ann", "right"), 200);
    let other = gate.ask("POST", "/orders?said=right", &headers, br#"{"email":"a@example.org"}"#);
    assert_eq!(status(&other), 200);
    assert_eq!((events(&gate, "reported"), events(&gate, "refused")), (1, 2));
    let event = gate.events.all().into_iter().find(|event| event.contains("refused")).unwrap();
    assert!(event.contains("then = \\\"report\\\""), "how to allow it: {event}");
}

#[test]
fn a_network_of_ipv6_is_one_client() {
    let upstream = api();
    let gate = Running::start(ALONE, &[upstream.url()]);
    for nth in 0..16 {
        assert_eq!(log_in(&gate, &format!("2001:db8:1:2::{nth:x}"), &format!("user{nth}"), "stolen"), 401);
    }
    assert_eq!(log_in(&gate, "2001:db8:1:2:ffff::1", "ann", "right"), 429);
    assert_eq!(log_in(&gate, "2001:db8:1:3::1", "ann", "right"), 200);
}

#[test]
fn honest_clients_that_share_an_address_log_in() {
    let upstream = api();
    // (what it is, who tries with what password, how often)
    type Try = fn(usize) -> (String, &'static str);
    let cases: [(&str, Try, usize); 5] = [
        ("a person who has forgotten which password it was", |_| ("ann".into(), "wrong"), 60),
        ("a desk of ten who all have forgotten theirs", |nth| (format!("desk{}", nth % 10), "wrong"), 60),
        (
            "an office in which everybody mistypes first",
            |nth| (format!("clerk{}", nth / 2), if nth % 2 == 0 { "wrong" } else { "right" }),
            120,
        ),
        (
            "a carrier's address: of five who try, four give up",
            |nth| (format!("guest{nth}"), if nth % 5 == 4 { "right" } else { "wrong" }),
            200,
        ),
        ("an API that is down", |nth| (format!("user{nth}"), "broken"), 30),
    ];
    for (what, try_of, times) in cases {
        let gate = Running::start(ALONE, &[upstream.url()]);
        for nth in 0..times {
            let (account, password) = try_of(nth);
            assert_ne!(log_in(&gate, "203.0.113.5", &account, password), 429, "{what}: {nth}");
        }
        assert_eq!(events(&gate, ""), 0, "{what}");
    }
}

#[test]
fn what_was_no_try_is_not_counted() {
    let upstream = api();
    // Tokens that are refreshed name no account.
    let gate = Running::start(ALONE, &[upstream.url()]);
    let headers = [("Content-Type", FORM), ("X-Forwarded-For", "203.0.113.5")];
    for nth in 0..40 {
        let body = format!("grant_type=refresh_token&refresh_token=old{nth}&client_id=app{nth}");
        assert_eq!(status(&gate.ask("POST", "/oauth/token", &headers, body.as_bytes())), 401);
    }
    assert_eq!(events(&gate, ""), 0);
    // Whom a limit has refused, the API has not.
    let limited = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n[rate]\nlogin = ['5 per 15 minutes counting failures']\n";
    let gate = Running::start(limited, &[upstream.url()]);
    for nth in 0..40 {
        let expected = if nth < 5 { 401 } else { 429 };
        assert_eq!(log_in(&gate, "203.0.113.5", &format!("user{nth}"), "wrong"), expected);
    }
    assert_eq!(events(&gate, ""), 0);
    // Whom no limit counts.
    let exempt = format!("{ALONE}exempt = ['203.0.113.0/24']\n");
    let gate = Running::start(&exempt, &[upstream.url()]);
    for nth in 0..40 {
        assert_eq!(log_in(&gate, "203.0.113.5", &format!("user{nth}"), "wrong"), 401);
    }
}

#[test]
fn an_account_of_ones_own_forgives_little() {
    let upstream = api();
    let gate = Running::start(ALONE, &[upstream.url()]);
    let mut tried = 0;
    while tried < 40 && log_in(&gate, "198.51.100.7", &format!("user{tried}"), "stolen") == 401 {
        tried += 1;
        log_in(&gate, "198.51.100.7", "mallory", "right");
    }
    assert!((16..=20).contains(&tried), "{tried}");
}

#[test]
fn a_name_that_the_api_does_not_read_makes_no_account_new() {
    let upstream = api();
    let gate = Running::start(ALONE, &[upstream.url()]);
    let ask = |body: String, said: &str| {
        let headers = [("Content-Type", JSON), ("X-Forwarded-For", "198.51.100.7")];
        status(&gate.ask("POST", &format!("/login?said={said}"), &headers, body.as_bytes()))
    };
    // Four accounts of others, then one's own beside a name that changes.
    let mut refused = 0;
    for round in 0..20 {
        for nth in 0..4 {
            refused += u32::from(
                ask(format!(r#"{{"username":"user{round}-{nth}","password":"x"}}"#), "stolen") == 429,
            );
        }
        ask(format!(r#"{{"username":"mine","phone":"decoy{round}","password":"x"}}"#), "right");
    }
    assert!(refused > 30, "{refused}");
}

#[test]
fn colleagues_who_name_their_company_pay_for_each_other() {
    let upstream = api();
    let gate = Running::start(ALONE, &[upstream.url()]);
    for nth in 0..30 {
        let headers = [("Content-Type", JSON), ("X-Forwarded-For", "198.51.100.7")];
        let body = format!(r#"{{"account":"acme","username":"user{nth}","password":"x"}}"#);
        if nth % 3 == 0 {
            assert_eq!(
                status(&gate.ask("POST", "/login?said=stolen", &headers, body.as_bytes())),
                401,
                "{nth}"
            );
        }
        assert_eq!(status(&gate.ask("POST", "/login?said=right", &headers, body.as_bytes())), 200, "{nth}");
    }
}

#[test]
fn accounts_are_found_wherever_log_ins_have_them() {
    let upstream = api();
    let basic = |nth: usize| {
        use base64::Engine;
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(format!("user{nth}:stolen")))
    };
    type Body = fn(usize) -> String;
    let cases: [(&str, &str, Body); 8] = [
        ("", JSON, |nth| format!(r#"{{"user":{{"name":"user{nth}"}},"password":"x"}}"#)),
        ("", FORM, |nth| format!("j_username=user{nth}&j_password=x")),
        ("", FORM, |nth| format!("user%5Blogin%5D=user{nth}&user%5Bpassword%5D=x")),
        // A name that stays the same hides none.
        ("", JSON, |nth| format!(r#"{{"email":"a@example.org","username":"user{nth}","password":"x"}}"#)),
        ("", "text/plain", |nth| format!(r#"{{"username":"user{nth}","password":"x"}}"#)),
        ("", FORM, |_| "grant_type=client_credentials".into()),
        ("account = ['body./who']\n", JSON, |nth| format!(r#"{{"who":"user{nth}","password":"x"}}"#)),
        ("", JSON, |nth| {
            format!(
                r#"{{"query":"mutation {{ login(email: \"user{nth}\", password: \"x\") {{ token }} }}"}}"#
            )
        }),
    ];
    for (settings, kind, body) in cases {
        let gate =
            Running::start(&format!("{ALONE}[rate.credential_stuffing]\n{settings}"), &[upstream.url()]);
        let answers: Vec<u16> = (0..18)
            .map(|nth| {
                let (body, basic) = (body(nth), basic(nth));
                let mut headers = vec![("Content-Type", kind), ("X-Forwarded-For", "198.51.100.7")];
                let mut target = "/login";
                if body.starts_with("grant_type") {
                    headers.push(("Authorization", &basic));
                }
                if body.contains("mutation") {
                    target = "/graphql";
                }
                status(&gate.ask("POST", target, &headers, body.as_bytes()))
            })
            .collect();
        assert_eq!(answers[..16], [401; 16], "{}", body(0));
        assert_eq!(answers[16..], [429; 2], "{}", body(0));
    }
}

#[test]
fn a_log_in_that_gives_nothing_has_failed() {
    let upstream = api();
    let gate = Running::start(ALONE, &[upstream.url()]);
    let answers: Vec<u16> =
        (0..18).map(|nth| log_in(&gate, "198.51.100.7", &format!("user{nth}"), "quiet")).collect();
    assert_eq!((&answers[..16], &answers[16..]), (&[200; 16][..], &[429; 2][..]));
}

#[test]
fn many_clients_that_try_many_accounts_are_told_of() {
    let upstream = api();
    let gate = Running::start(
        &format!("{ALONE}[rate.credential_stuffing]\nglobal_accounts = 30\n"),
        &[upstream.url()],
    );
    for nth in 0..60 {
        let from = format!("198.51.100.{nth}");
        assert_eq!(log_in(&gate, &from, &format!("user{nth}"), "stolen"), 401, "nobody is refused");
    }
    assert!(gate.events.has(&["credential-stuffing", "more than 30 accounts", "of all clients"]));
    assert_eq!(events(&gate, ""), 1, "told once");
}

#[test]
fn what_follows_is_a_setting() {
    let upstream = api();
    for (settings, told, refused, would) in [
        ("[rate.credential_stuffing]\nthen = 'report'\naccounts = 3\n", 1, 0, 0),
        ("[rate.credential_stuffing]\nthen = 'off'\naccounts = 3\n", 0, 0, 0),
        ("[rate.credential_stuffing]\naccounts = 7\n", 1, 2, 0),
        ("[rate.credential_stuffing]\naccounts = 7\n[doors]\nrate = 'observe'\n", 1, 0, 2),
    ] {
        let gate = Running::start(&format!("{ALONE}{settings}"), &[upstream.url()]);
        for nth in 0..10 {
            log_in(&gate, "198.51.100.7", &format!("user{nth}"), "stolen");
        }
        let seen = ["\"reported\"", "\"refused\"", "\"would-refuse\""].map(|verdict| events(&gate, verdict));
        assert_eq!(seen, [told, refused, would], "{settings}");
    }
}

#[test]
fn gateways_count_accounts_together() {
    let (redis, upstream) = (Server::redis(), api());
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("limits.secret");
    std::fs::write(&secret, "a secret of more than thirty-two bytes").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let file = directory.path().join("doorward.toml");
    let policy = format!(
        "{ALONE}hash_secret_file = 'limits.secret'\n[rate.store]\nurl = '{}'\ntimeout = '5s'\n",
        redis.url
    );
    std::fs::write(&file, policy).unwrap();
    let gates = [0, 1].map(|_| Running::from_file(&file, &[upstream.url()]));
    // An office pays for what it mistypes, on whichever gateway.
    for nth in 0..60 {
        let password = if nth % 2 == 0 { "wrong" } else { "right" };
        assert_ne!(log_in(&gates[nth / 2 % 2], "203.0.113.5", &format!("clerk{}", nth / 2), password), 429);
    }
    let answers: Vec<u16> =
        (0..18).map(|nth| log_in(&gates[nth % 2], "198.51.100.7", &format!("user{nth}"), "stolen")).collect();
    assert_eq!(answers[..16], [401; 16]);
    assert_eq!(answers[16..], [429; 2]);
}
