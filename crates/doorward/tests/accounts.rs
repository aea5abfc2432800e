//! The user service as an operator has it: its commands, and a gateway that is killed in the middle of everything.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ports::free_port;
use serde_json::{Value, json};

#[path = "../../store/tests/servers/ports.rs"]
mod ports;

const PASSWORD: &str = "correct horse battery";

fn run(directory: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_doorward"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may read nothing, and be gone.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a command that succeeds prints.
fn done(directory: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(directory, arguments, input);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What one that fails says.
fn failed(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments, "");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write_policy(directory: &Path, more: &str) {
    let policy = format!(
        "[rate]\nlimits = []\nlogin = []\n[auth]\nservice = true\nissued_keys = true\npublic_url = 'http://localhost:8080'\n\
         [auth.passwords]\nmemory_kib = 8\npasses = 1\n[auth.accounts]\nregistration = 'open'\n{more}"
    );
    std::fs::write(directory.join("doorward.toml"), policy).unwrap();
}

#[test]
fn users_and_keys_are_kept_by_commands() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write_policy(
        at,
        "[auth.roles]\nclerk = ['orders:*']\n[[route]]\npath = '/orders'\npermissions = ['orders:read']\n",
    );
    let nobody = failed(at, &["users", "list"]);
    assert!(nobody.contains("there are no users yet") && !at.join("accounts.db").exists(), "{nobody}");
    let made =
        done(at, &["users", "add", "ann@example.org", "--role", "clerk", "--password-stdin"], PASSWORD);
    assert!(made.contains("ann@example.org is a user now"), "{made}");
    assert!(
        done(at, &["users", "reset", "ann@example.org", "--second-factor"], "").contains("a password alone")
    );
    assert!(done(at, &["users", "revoke-token", "abc"], "").contains("abc no longer holds"));
    let key = done(at, &["keys", "issue", "billing", "--role", "clerk", "--expires", "90d"], "");
    assert!(key.starts_with("dwk_") && key.trim().len() == 53, "{key}");
    let of_ann = done(at, &["keys", "issue", "ann's", "--user", "ann@example.org", "--expires", "never"], "");
    let listed = done(at, &["keys", "list"], "");
    assert!(
        listed.contains("billing") && listed.contains("never expires") && listed.contains("never used"),
        "{listed}"
    );
    assert!(!listed.contains(key.trim()) && !listed.contains(of_ann.trim()), "{listed}");
    assert!(done(at, &["keys", "revoke", key.trim()], "").contains("no longer holds"));
    assert!(done(at, &["keys", "list", "--json"], "").lines().any(|line| {
        let key: Value = serde_json::from_str(line).unwrap();
        key["name"] == "billing" && key["revoked_at"].is_u64()
    }));
    assert!(failed(at, &["keys", "revoke", "nobody"]).contains("there is no such key"));
    assert!(failed(at, &["keys", "issue", "x", "--user", "bob@example.org"]).contains("there is no user"));
    let check = done(at, &["check"], "");
    assert!(
        check.contains("who may") && check.contains("clerk") && check.contains("permission orders:read"),
        "{check}"
    );
    done(at, &["users", "disable", "ann@example.org"], "");
    let listed = done(at, &["keys", "list"], "");
    assert_eq!(listed.matches("revoked ").count(), 2, "his keys end with him: {listed}");
    // The key of the store is not made anew where it is missing.
    std::fs::remove_file(at.join("accounts.key")).unwrap();
    let gone = String::from_utf8_lossy(&run(at, &["users", "list"], "").stderr).into_owned();
    assert!(gone.contains("put it back from the backup") && !at.join("accounts.key").exists(), "{gone}");
}

#[test]
fn a_filter_of_known_passwords_is_made_of_a_list() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let list = "0000000000000000000000000000000000000001:3\nF000000000000000000000000000000000000000:1\n";
    std::fs::write(at.join("list.txt"), list).unwrap();
    let built = done(at, &["keys", "breached", "build", "list.txt", "--out", "known.filter"], "");
    assert!(built.starts_with("2 hashes, ") && built.contains("one password in 1024"), "{built}");
    let again = failed(at, &["keys", "breached", "build", "list.txt", "--out", "known.filter"]);
    assert!(again.contains("known.filter"), "{again}");
    done(at, &["keys", "breached", "build", "-", "--out", "piped.filter", "--expected", "2"], list);
    let same = |name: &str| std::fs::read(at.join(name)).unwrap();
    assert_eq!(same("known.filter"), same("piped.filter"));
    std::fs::write(at.join("wrong.txt"), "password\n").unwrap();
    let wrong = failed(at, &["keys", "breached", "build", "wrong.txt", "--out", "wrong.filter"]);
    assert!(wrong.contains("line 1") && !at.join("wrong.filter").exists(), "{wrong}");
    let tuned = done(at, &["check", "--tune"], "");
    let tuned: toml::Table = tuned.parse().unwrap();
    assert!(tuned["auth"]["passwords"]["memory_kib"].as_integer() >= Some(19 * 1024), "{tuned}");
}

/// A gateway that is killed, by its id.
struct Gateway {
    child: Child,
    port: u16,
}

impl Gateway {
    fn start(directory: &Path, upstream: u16) -> Gateway {
        let (port, upstream) = (free_port(), format!("http://127.0.0.1:{upstream}"));
        let listen = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_doorward"))
            .args(["run", "--upstream", &upstream, "--listen", &listen])
            .current_dir(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let gateway = Gateway { child, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "it does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        gateway
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request; `None` if there was no whole answer.
fn ask(port: u16, path: &str, token: &str, body: &Value) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let body = body.to_string();
    let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: app/1\r\nConnection: close\r\n{bearer}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    (length.is_none_or(|length| length == body.len()))
        .then(|| (status, serde_json::from_str(body).unwrap_or_default()))
}

/// What was answered before the gateway was killed.
#[derive(Default)]
struct Answered {
    /// Of each user, the refresh token that he was given last.
    sessions: Mutex<Vec<String>>,
    /// Access tokens of sessions whose end was confirmed.
    revoked: Mutex<Vec<String>>,
    /// Addresses whose registration was taken.
    registered: Mutex<Vec<String>>,
}

const USERS: usize = 4;

fn log_in(port: u16, user: usize) -> Option<(String, String)> {
    let fields =
        json!({ "email": format!("user{user}@example.org"), "password": PASSWORD, "tokens": "body" });
    let (status, value) = ask(port, "/auth/login", "", &fields)?;
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    (status == 200).then(|| Some((text("access_token")?, text("refresh_token")?))).flatten()
}

/// What one user does until the gateway is gone.
fn live(port: u16, user: usize, round: usize, answered: &Answered, stop: &AtomicBool) {
    let mut token = answered.sessions.lock().unwrap()[user].clone();
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        match ask(port, "/auth/refresh", "", &json!({ "refresh_token": token })) {
            Some((200, value)) => token = value["refresh_token"].as_str().unwrap().to_owned(),
            Some((503, _)) | None => {}
            Some(other) => panic!("{other:?}"),
        }
        answered.sessions.lock().unwrap()[user].clone_from(&token);
        if let Some((access, _)) = log_in(port, user)
            && let Some((204, _)) = ask(port, "/auth/logout", &access, &json!({}))
        {
            answered.revoked.lock().unwrap().push(access);
        }
        let email = format!("new-{round}-{user}-{turn}@example.org");
        let register = json!({ "email": email, "password": "eleven quiet otters" });
        if let Some((202, _)) = ask(port, "/auth/register", "", &register) {
            answered.registered.lock().unwrap().push(email);
        }
    }
}

#[test]
fn what_was_answered_holds_after_the_gateway_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write_policy(
        at,
        "[auth.sessions]\ngrace_seconds = 60\n[auth.lockout]\nfailures = 1000\n[admin]\nenabled = false\n",
    );
    for user in 0..USERS {
        done(at, &["users", "add", &format!("user{user}@example.org"), "--password-stdin"], PASSWORD);
    }
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = upstream.local_addr().unwrap().port();
    let answered = Arc::new(Answered::default());
    let mut gateway = Gateway::start(at, upstream);
    for user in 0..USERS {
        let (_, refresh) = log_in(gateway.port, user).unwrap();
        answered.sessions.lock().unwrap().push(refresh);
    }
    for round in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        std::thread::scope(|scope| {
            for user in 0..USERS {
                let (answered, stop, port) = (&answered, &stop, gateway.port);
                scope.spawn(move || live(port, user, round, answered, stop));
            }
            let enough = || answered.revoked.lock().unwrap().len() >= (round + 1) * 8;
            let start = Instant::now();
            while !enough() && start.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(10));
            }
            // In the middle of whatever it does.
            gateway.child.kill().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        gateway = Gateway::start(at, upstream);
        for token in answered.sessions.lock().unwrap().iter_mut() {
            // If the answer did not reach him, he is handed what it had.
            let (status, value) =
                ask(gateway.port, "/auth/refresh", "", &json!({ "refresh_token": token })).unwrap();
            assert_eq!(status, 200, "a family is lost in round {round}: {value}");
            *token = value["refresh_token"].as_str().unwrap().to_owned();
        }
        for token in answered.revoked.lock().unwrap().iter() {
            let (status, _) = ask(gateway.port, "/auth/account/password", token, &json!({})).unwrap();
            assert_eq!(status, 401, "a revoked token holds in round {round}");
        }
    }
    let listed = done(at, &["users", "list"], "");
    let registered = answered.registered.lock().unwrap();
    assert!(!registered.is_empty());
    for email in registered.iter() {
        assert_eq!(listed.matches(email.as_str()).count(), 1, "{email}\n{listed}");
    }
    // A half-made user could neither log in nor register again.
    for line in listed.lines().filter(|line| line.contains("new-")) {
        let email = line.split("  ").nth(1).unwrap();
        let register = json!({ "email": email, "password": "eleven quiet otters" });
        let (status, value) = ask(gateway.port, "/auth/register", "", &register).unwrap();
        assert!(matches!(status, 202 | 429), "{email}: {status} {value}");
    }
}
