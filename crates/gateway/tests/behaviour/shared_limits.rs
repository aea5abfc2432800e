//! Limits of several gateways that count on one Redis: exact together, and no request fails or waits when it goes.

use std::time::{Duration, Instant};

use crate::servers::Server;
use crate::support::{Recorder, Running, status, until};

const SECRET: &str = "a secret of more than thirty-two bytes";

/// A gateway that counts on a server, with these limits.
fn gateway(redis: &str, limits: &str, timeout: &str, upstream: &Recorder) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("limits.secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let file = directory.path().join("doorward.toml");
    let policy = format!(
        "[rate]\n{limits}\nhash_secret_file = 'limits.secret'\n[rate.store]\nurl = '{redis}'\ntimeout = '{timeout}'\n"
    );
    std::fs::write(&file, policy).unwrap();
    (Running::from_file(&file, &[upstream.url()]), directory)
}

#[test]
fn wrong_passwords_are_counted_over_all_gateways() {
    let (redis, upstream) = (
        Server::redis(),
        Recorder::answering(|_| b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec()),
    );
    let limits = "limits = []\nlogin = ['5 per 15 minutes counting failures']";
    let gates = [0, 1].map(|_| gateway(&redis.url, limits, "5s", &upstream));
    let body = br#"{"user":"ann","password":"guess"}"#;
    let answers: Vec<u16> = (0..10)
        .map(|nth| {
            let gate = &gates[nth % 2].0;
            status(&gate.ask("POST", "/login", &[("Content-Type", "application/json")], body))
        })
        .collect();
    assert_eq!(answers, [401, 401, 401, 401, 401, 429, 429, 429, 429, 429]);
}

#[test]
fn limits_count_by_what_they_say() {
    let upstream = Recorder::plain();
    let directory = tempfile::tempdir().unwrap();
    let document = "openapi: 3.1.0\ninfo: { title: a, version: '1' }\npaths:\n  /things/{id}:\n    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]\n    get: { responses: {} }\n    delete: { responses: {} }\n";
    std::fs::write(directory.path().join("api.yaml"), document).unwrap();
    let file = directory.path().join("doorward.toml");
    for (limit, asked, expected) in [
        // All things are one operation, and to delete one is another.
        (
            "2/h by operation",
            &[
                ("GET", "/things/1", ""),
                ("GET", "/things/2", ""),
                ("GET", "/things/3", ""),
                ("DELETE", "/things/1", ""),
            ][..],
            &[200, 200, 429, 200][..],
        ),
        (
            "1 per hour per cookie basket",
            &[
                ("GET", "/things/1", "basket=a"),
                ("GET", "/things/1", "basket=b"),
                ("GET", "/things/1", "x=1; basket=a"),
            ],
            &[200, 200, 429],
        ),
        (
            "1 per hour by ip+header x-tenant",
            &[("GET", "/things/1", ""), ("GET", "/things/1", "")],
            &[200, 200],
        ),
    ] {
        std::fs::write(&file, format!("[gateway]\nopenapi = 'api.yaml'\n[rate]\nlimits = ['{limit}']"))
            .unwrap();
        let gate = Running::from_file(&file, &[upstream.url()]);
        let answers: Vec<u16> = asked
            .iter()
            .map(|(method, path, cookie)| status(&gate.ask(method, path, &[("Cookie", cookie)], b"")))
            .collect();
        assert_eq!(answers, expected, "{limit}");
    }
}

#[test]
fn an_account_is_guarded_whoever_guesses() {
    let upstream = Recorder::answering(|head| {
        let status = if head.contains("right") {
            "200 OK\r\nSet-Cookie: session=0123456789"
        } else {
            "401 Unauthorized"
        };
        format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let policy = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n[rate]\nlogin = ['3 per hour by body./email counting failures']";
    let gate = Running::start(policy, &[upstream.url()]);
    let mut address = 0;
    let mut try_in = |kind: &str, target: &str, body: &str| {
        // Each guess comes from another address.
        address += 1;
        let from = format!("198.51.100.{address}");
        status(&gate.ask(
            "POST",
            target,
            &[("Content-Type", kind), ("X-Forwarded-For", &from)],
            body.as_bytes(),
        ))
    };
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let many: String =
        (0..20).map(|nth| format!("email=d{nth}&")).collect::<String>() + "email=ann@example.org";
    for (kind, target, body, expected) in [
        (JSON, "/login", r#"{"email":"ann@example.org","password":"a"}"#, 401),
        (JSON, "/login", r#"{"email":"Ann@Example.org ","password":"b"}"#, 401),
        (FORM, "/login", "email=ann%40example.org&password=c", 401),
        (JSON, "/login", r#"{"email":"ann@example.org","password":"d"}"#, 429),
        (FORM, "/login", "email=bob@example.org&email=ANN@example.org&password=e", 429),
        (JSON, "/login?email=ann@example.org", r#"{"password":"f"}"#, 429),
        // What some application takes for the same name.
        (JSON, "/login", "{\"email\":\"\u{ff21}NN@example.org\\u0000\",\"password\":\"g\"}", 429),
        (JSON, "/login", "{\"email\":\"\u{feff}ann@example.org\\u001c\",\"password\":\"h\"}", 429),
        // What cannot be seen is not guessed at, and not counted apart.
        (JSON, "/login", r#"{"email":"ann@example.org","Email":{},"password":"i"}"#, 400),
        (JSON, "/login", r#"{"email":"ann@example.org","e_mail":true,"password":"j"}"#, 400),
        ("text/plain", "/login", r#"{"x":NaN,"email":"ann@example.org","password":"k"}"#, 400),
        (FORM, "/login", &many, 400),
        // Others log in, and a right password costs nothing.
        (JSON, "/login", r#"{"email":"carl@example.org","password":"a"}"#, 401),
        (JSON, "/login?right", r#"{"email":"dora@example.org","password":"a"}"#, 200),
        (JSON, "/login?right", r#"{"email":"dora@example.org","password":"a"}"#, 200),
        (JSON, "/login?right", r#"{"email":"dora@example.org","password":"a"}"#, 200),
        (JSON, "/login?right", r#"{"email":"dora@example.org","password":"a"}"#, 200),
    ] {
        assert_eq!(try_in(kind, target, body), expected, "{target} {body}: {:?}", gate.events.all().last());
    }
}

#[test]
fn a_store_that_goes_costs_no_request() {
    let (redis, upstream) = (Server::redis(), Recorder::plain());
    let port = redis.port();
    let gates = [0, 1].map(|_| gateway(&redis.url, "limits = ['1000 per hour']", "500ms", &upstream));
    let ask = |gate: &Running| {
        let begun = Instant::now();
        (status(&gate.get("/a")), begun.elapsed())
    };
    for (gate, _) in &gates {
        assert_eq!(ask(gate).0, 200);
    }
    redis.pause(true);
    let answers: Vec<_> = (0..20).map(|_| ask(&gates[0].0)).collect();
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    let waited = answers.iter().filter(|(_, time)| *time >= Duration::from_millis(500)).count();
    assert!(waited <= 3, "{answers:?}");
    redis.pause(false);
    drop(redis);
    for (gate, _) in &gates {
        (0..20).for_each(|_| assert_eq!(ask(gate).0, 200));
    }
    let told = |word: &str| gates[0].0.events.all().iter().any(|line| line.contains(word));
    until("it is told", || told("the store of limits is not there"));
    let _other = Server::redis_on(port);
    until("it is told again", || told("the store of limits answers again"));
    assert_eq!(ask(&gates[0].0).0, 200);
}
