//! A thousand sessions refresh at once, by two gateways on one database, which count on one Redis.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::accounts::{PASSWORD, Shop, Visitor};
use crate::servers::Server;
use crate::support::{Recorder, output};

const USERS: usize = 10;
const SESSIONS: usize = 1_000;
/// Requests at the same time.
const AT_ONCE: usize = 16;

/// Does something for every number below `count`, many at a time.
fn each(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    work(number);
                }
            });
        }
    });
}

#[test]
fn each_refresh_token_is_spent_once_by_two_gateways() {
    let (postgres, redis) = (Server::postgres(), Server::redis());
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("master.key");
    std::fs::write(&key, "11".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let place = format!("url = '{}'\nmaster_key_file = 'master.key'", postgres.url);
    let secret = directory.path().join("limits.secret");
    std::fs::write(&secret, "a secret of more than thirty-two bytes").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let strict = "[auth.sessions]\ngrace_seconds = 0\n[auth.lockout]\nfailures = 100000\n";
    let counted = format!(
        "[rate]\nlimits = ['100000 per hour']\nhash_secret_file = 'limits.secret'\n[rate.store]\nurl = '{}'\ntimeout = '5s'\n",
        redis.url
    );
    let policy = Shop::policy(&place, strict).replace("[rate]\nlimits = []\nlogin = []\n", &counted);
    let shops = [0, 1].map(|_| Shop::of(directory.path(), &policy, Recorder::plain()));
    for user in 0..USERS {
        shops[user % 2].register(&format!("user{user}@example.org"));
    }
    let tokens = Mutex::new(Vec::new());
    each(SESSIONS, |session| {
        let visitor = Visitor::new(&shops[session % 2].gate);
        let email = format!("user{}@example.org", session % USERS);
        let log_in = json!({ "email": email, "password": PASSWORD, "tokens": "body" });
        // Sessions of one user begin one after another: who is told that they crowd comes again.
        loop {
            let answer = visitor.json("POST", "/auth/login", log_in.clone());
            if answer.status == 200 {
                let token = answer.value()["refresh_token"].as_str().unwrap().to_owned();
                return tokens.lock().unwrap().push(token);
            }
            assert!(matches!(answer.status, 503 | 429), "{answer:?}");
        }
    });
    let tokens = tokens.into_inner().unwrap();
    assert_eq!(tokens.len(), SESSIONS);
    let spent: Vec<AtomicUsize> = (0..SESSIONS).map(|_| AtomicUsize::new(0)).collect();
    let others = AtomicUsize::new(0);
    // Both gateways get each token at about the same moment.
    each(2 * SESSIONS, |number| {
        let (session, shop) = (number / 2, &shops[number % 2]);
        let refresh = json!({ "refresh_token": tokens[session] });
        match Visitor::new(&shop.gate).json("POST", "/auth/refresh", refresh).status {
            200 => spent[session].fetch_add(1, Ordering::Relaxed),
            401 => 0,
            _ => others.fetch_add(1, Ordering::Relaxed),
        };
    });
    assert_eq!(others.into_inner(), 0, "every refresh is answered");
    let keys = output("redis-cli", &["-u", &redis.url, "--scan", "--pattern", "doorward:limit:*"]).1;
    assert!(keys.contains("doorward:limit:"), "they count there");
    for (session, spent) in spent.into_iter().enumerate() {
        assert_eq!(spent.into_inner(), 1, "session {session}");
    }
}
