//! An upstream whose name has several addresses, which change while the gateway runs. The process gets a file of hosts of its
//! own, in a mount namespace.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server at an address, which counts its requests.
fn server(address: &str, port: u16) -> Option<Arc<AtomicUsize>> {
    let listener = TcpListener::bind((address, port)).ok()?;
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(1..) = stream.read(&mut piece) {
                    counted.fetch_add(1, Ordering::Relaxed);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                }
            });
        }
    });
    Some(count)
}

fn status(port: u16) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// Starts a gateway that reads these hosts. `None` where namespaces are not allowed.
fn gateway(directory: &Path, port: u16, api: u16) -> Option<Running> {
    let policy = format!(
        "[gateway]\nworkers = 1\nlisten = ['127.0.0.1:{port}']\nupstream = ['http://api.test:{api}']\n\
         look_up_every = '200ms'\n[rate]\nlimits = []\n[admin]\nenabled = false\n[log]\naccess = 'off'\n"
    );
    std::fs::write(directory.join("doorward.toml"), policy).unwrap();
    let script = "mount --bind hosts /etc/hosts && exec \"$0\" run";
    let child = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_doorward")])
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut running = Running(child.ok()?);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if running.0.try_wait().unwrap().is_some() || begun.elapsed() > Duration::from_secs(30) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(running)
}

#[test]
fn each_address_of_a_name_serves_and_those_that_are_gone_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let hosts = |addresses: &[&str]| {
        let lines: String = addresses.iter().map(|address| format!("{address} api.test\n")).collect();
        // In place: the mount is of this very file.
        std::fs::write(directory.path().join("hosts"), lines).unwrap();
    };
    let port = |address: &str| TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
    let (own, api) = (port("127.0.0.1"), port("127.0.0.2"));
    let servers: Vec<_> =
        ["127.0.0.2", "127.0.0.3", "127.0.0.4"].iter().filter_map(|address| server(address, api)).collect();
    let [two, three, four] = servers.as_slice() else {
        assert!(std::env::var_os("CI").is_none(), "this machine has no 127.0.0.2");
        eprintln!("left out: this machine has no 127.0.0.2");
        return;
    };
    hosts(&["127.0.0.2", "127.0.0.3", "127.0.0.9"]);
    let Some(_gateway) = gateway(directory.path(), own, api) else {
        assert!(std::env::var_os("CI").is_none(), "unshare does not work here");
        eprintln!("left out: unshare does not work here");
        return;
    };
    let ask = |requests: usize| {
        for _ in 0..requests {
            assert_eq!(status(own), 200);
        }
        [two, three, four].map(|count| count.swap(0, Ordering::Relaxed))
    };
    // Nobody is at 127.0.0.9, which costs no request.
    let [at_two, at_three, at_four] = ask(20);
    assert!(at_two >= 6 && at_three >= 6 && at_four == 0, "{at_two} {at_three} {at_four}");
    // The API moves. Idle connections are not used any more.
    hosts(&["127.0.0.4"]);
    let begun = Instant::now();
    while ask(1) != [0, 0, 1] {
        assert!(begun.elapsed() < Duration::from_secs(20), "the name is looked up again");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ask(20), [0, 0, 20]);
}
