//! What whoever runs the gateway does with it: rotates its logs, runs it out of descriptors, starts it where it cannot,
//! lets a service manager look after it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A gateway of a policy, in a directory of its own.
struct Gate {
    child: Child,
    address: String,
    admin: String,
    said: Vec<String>,
    directory: tempfile::TempDir,
}

fn gate(policy: &str, limits: &str) -> Gate {
    gate_before(&upstream(), policy, limits)
}

#[allow(
    clippy::zombie_processes,
    reason = "it is waited for when it is dropped, and here when it does not start"
)]
fn gate_before(upstream: &str, policy: &str, limits: &str) -> Gate {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("doorward.toml"), policy).unwrap();
    let command = format!(
        "{limits}exec {} run --listen 127.0.0.1:0 --upstream {upstream}",
        env!("CARGO_BIN_EXE_doorward"),
    );
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .current_dir(directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut address, mut said) = (String::new(), Vec::new());
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("listening on ") {
            address = rest.split(',').next().unwrap().to_owned();
        }
        let admin = line
            .split_once("metrics on http://")
            .map(|(_, rest)| rest.trim_end_matches("/metrics").to_owned());
        said.push(line);
        if let Some(admin) = admin {
            return Gate { child, address, admin, said, directory };
        }
    }
    let _ = child.wait();
    panic!("it does not start: {said:#?}");
}

impl Gate {
    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An upstream that answers every connection alike.
fn upstream() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                while let Ok(1..) = stream.read(&mut head) {
                    let _ = stream.write_all(
                        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
                    );
                }
            });
        }
    });
    url
}

fn get(address: &str, path: &str) -> String {
    let mut answer = String::new();
    let Ok(mut stream) = TcpStream::connect(address) else { return answer };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n");
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "not in time: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

const ADMIN: &str = "[admin]\nlisten = '127.0.0.1:0'\n";

#[test]
fn logs_are_rotated_by_a_move_and_a_signal() {
    let policy =
        format!("{ADMIN}[log]\nfile = 'events.log'\naccess_file = 'access.log'\naccess_format = 'combined'");
    let gate = gate(&policy, "");
    for (nth, signal) in ["-USR1", "-HUP"].into_iter().enumerate() {
        let (before, after) = (format!("/before-{nth}"), format!("/after-{nth}"));
        assert!(get(&gate.address, &before).starts_with("HTTP/1.1 200"));
        assert!(get(&gate.address, "/?q=%27%20OR%20%271%27=%271").starts_with("HTTP/1.1 403"));
        until("the lines are written", || {
            gate.file("access.log").contains(&before) && gate.file("events.log").contains("sql")
        });
        let at = |name: &str| gate.directory.path().join(name);
        for name in ["access.log", "events.log"] {
            std::fs::rename(at(name), at(&format!("{name}.{nth}"))).unwrap();
        }
        gate.signal(signal);
        until("the files are opened anew", || at("access.log").exists() && at("events.log").exists());
        for name in ["access.log", "events.log"] {
            assert_eq!(std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(get(&gate.address, &after).starts_with("HTTP/1.1 200"));
        until("the next line is in the new file", || gate.file("access.log").contains(&after));
        let old = gate.file(&format!("access.log.{nth}"));
        assert!(old.contains(&before) && !old.contains(&after), "{old}");
        assert!(old.contains(&format!("\"GET {before} HTTP/1.1\" 200 2 \"-\" \"t\"")), "{old}");
    }
}

#[test]
fn at_the_limit_of_descriptors_it_is_told_and_the_admin_listener_answers() {
    let policy = format!("{ADMIN}[log]\nfile = 'events.log'\n[gateway]\nworkers = 1");
    let gate = gate(&policy, "ulimit -Sn 32; ulimit -Hn 64; ");
    assert!(
        gate.said.iter().any(|line| line.contains("descriptors: 64 (raised from 32)")),
        "{:?}",
        gate.said
    );
    let idle: Vec<TcpStream> = (0..120).filter_map(|_| TcpStream::connect(&gate.address).ok()).collect();
    until("it is told", || {
        let log = gate.file("events.log");
        log.contains("no place was free")
            && log.contains("LimitNOFILE")
            && log.contains("the limit of descriptors, which is 64")
    });
    for _ in 0..20 {
        assert!(get(&gate.admin, "/healthz").starts_with("HTTP/1.1 200"));
        let metrics = get(&gate.admin, "/metrics");
        assert!(
            metrics.contains("doorward_connections_closed_total{reason=\"no place was free\"}"),
            "{metrics}"
        );
    }
    drop(idle);
    until("it serves again", || get(&gate.address, "/").starts_with("HTTP/1.1 200"));
}

#[test]
fn an_upstream_that_is_not_there_is_told_at_the_start() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let policy = format!("{ADMIN}[log]\nfile = 'events.log'");
    for upstream in [format!("http://{nobody}"), "unix:/nowhere/api.sock".to_owned()] {
        let gate = gate_before(&upstream, &policy, "");
        until("it is told", || {
            let log = gate.file("events.log");
            log.contains(&format!("{upstream} cannot be reached")) && log.contains("mend its URL")
        });
    }
    let gate = gate_before("http://nowhere.invalid", &policy, "");
    until("it is told", || gate.file("events.log").contains("nowhere.invalid cannot be looked up"));
    assert!(!gate.file("events.log").contains("cannot be reached"));
}

#[test]
fn who_cannot_start_says_why_and_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let run = |policy: &str, listen: &str| {
        std::fs::write(directory.path().join("doorward.toml"), policy).unwrap();
        let done = Command::new(env!("CARGO_BIN_EXE_doorward"))
            .args(["run", "--listen", listen, "--upstream", "http://127.0.0.1:1"])
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(!done.status.success());
        let said = String::from_utf8_lossy(&done.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        said.replace("│ ", "")
    };
    let nowhere = Path::new("missing/events.log").display();
    for (policy, listen, words) in [
        ("", taken.as_str(), &["another process listens there", "[gateway] listen"][..]),
        ("", "192.0.2.77:8080", &["192.0.2.77", "no address of this machine", "0.0.0.0"]),
        (
            &format!("[log]\nfile = '{nowhere}'"),
            "127.0.0.1:0",
            &["cannot open the log", "missing/events.log", "[log] file", "standard output"],
        ),
        (
            &format!("[log]\naccess_file = '{nowhere}'"),
            "127.0.0.1:0",
            &["cannot open the log", "[log] access_file"],
        ),
    ] {
        let said = run(policy, listen);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    }
}

#[test]
fn a_service_manager_is_told_what_the_gateway_does() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let told = || {
        let mut message = [0; 4096];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).into_owned()
    };
    let gate = gate(ADMIN, &format!("export NOTIFY_SOCKET='{}'; ", path.display()));
    assert_eq!(told(), "READY=1\nSTATUS=serving\n");
    let file = gate.directory.path().join("doorward.toml");
    for (policy, outcome) in [
        (format!("{ADMIN}[rate]\nlimits = []\n"), "READY=1\nSTATUS=the policy was reloaded\n"),
        ("[rate]\nlimit = []\n".to_owned(), "READY=1\nSTATUS=the policy was not reloaded; "),
    ] {
        std::fs::write(&file, policy).unwrap();
        gate.signal("-HUP");
        let reloading = told();
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
        let after = told();
        assert!(after.starts_with(outcome) && after.lines().count() == 2, "{after}");
    }
    gate.signal("-TERM");
    // The look at the file may have found the change, too.
    let stopping = std::iter::repeat_with(told).find(|message| message.contains("STOPPING=1")).unwrap();
    assert!(stopping.contains("EXTEND_TIMEOUT_USEC=40000000\n"), "{stopping}");
}

#[test]
fn health_asks_a_running_gateway() {
    let gate = gate(ADMIN, "");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for (admin, flag, code, says) in [
        (gate.admin.as_str(), None, 0, "healthy"),
        (&gate.admin, Some("--ready"), 0, "ready"),
        (&nobody, None, 3, "[admin] listen"),
    ] {
        let asked = Command::new(env!("CARGO_BIN_EXE_doorward"))
            .args(["health", "--admin", admin])
            .args(flag)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&asked.stdout) + String::from_utf8_lossy(&asked.stderr);
        assert_eq!(asked.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{said}");
    }
}
