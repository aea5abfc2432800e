//! Servers that tests start for themselves, on free loopback ports, and end by process id.

use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ports::free_port;

pub(crate) mod ports;

/// A server that ends when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    _directory: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(port: u16, child: &mut Child) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "the server has ended");
        assert!(begun.elapsed() < Duration::from_secs(30), "the server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[allow(dead_code, reason = "the tests that share this file need some of them each")]
impl Server {
    /// A Redis (or Valkey) that keeps nothing on disk.
    pub(crate) fn redis() -> Server {
        Server::redis_on(free_port())
    }

    /// A Redis at a port that another one had.
    pub(crate) fn redis_on(port: u16) -> Server {
        Server::started(port, &[])
    }

    /// A Redis with more options.
    pub(crate) fn redis_with(options: &[&str]) -> Server {
        Server::started(free_port(), options)
    }

    /// A Redis on another host of this machine, which is a network namespace.
    pub(crate) fn redis_in(host: &str, address: &str) -> Server {
        const PORT: u16 = 6379;
        let directory = tempfile::tempdir().unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", host, "redis-server", "--bind", address, "--protected-mode", "no"])
            .args(["--port", &PORT.to_string(), "--save", "", "--appendonly", "no", "--dir"])
            .arg(directory.path())
            .stdout(Stdio::null())
            .spawn();
        let mut child = child.expect("redis-server is installed");
        let begun = Instant::now();
        while TcpStream::connect((address, PORT)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "the server has ended");
            assert!(begun.elapsed() < Duration::from_secs(30), "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Server { child, url: format!("redis://{address}:{PORT}/0"), _directory: directory }
    }

    fn started(port: u16, options: &[&str]) -> Server {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(directory.path())
            .args(options)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        wait_for(port, &mut child);
        Server { child, url: format!("redis://127.0.0.1:{port}/0"), _directory: directory }
    }

    /// The port of a Redis.
    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap()
    }

    /// Three of them that share the keys.
    pub(crate) fn redis_cluster() -> Vec<Server> {
        /// Nodes talk to each other on a port that is so much higher.
        const BUS: u16 = 10_000;
        let free = || std::iter::repeat_with(free_port).find(|port| port.checked_add(BUS).is_some());
        let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        let nodes: Vec<Server> = (0..3).map(|_| Server::started(free().unwrap(), &options)).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-yes"])
            .output()
            .expect("redis-cli is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        // Each finds out by itself that all keys are taken care of.
        let begun = Instant::now();
        for node in &nodes {
            let asked = || {
                let port = node.port().to_string();
                Command::new("redis-cli").args(["-p", &port, "cluster", "info"]).output().unwrap().stdout
            };
            while !String::from_utf8_lossy(&asked()).contains("cluster_state:ok") {
                assert!(begun.elapsed() < Duration::from_secs(30), "the cluster is not ready");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        nodes
    }

    /// A sentinel with its file of settings.
    pub(crate) fn sentinel(file: &std::path::Path, port: u16) -> Server {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new("redis-server")
            .arg(file)
            .arg("--sentinel")
            .current_dir(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        wait_for(port, &mut child);
        Server { child, url: String::new(), _directory: directory }
    }

    /// Stops the process where it is, or lets it go on.
    pub(crate) fn pause(&self, is_paused: bool) {
        let signal = if is_paused { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// A PostgreSQL cluster of its own.
    pub(crate) fn postgres() -> Server {
        let binaries = postgres_binaries();
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        std::fs::create_dir(&data).unwrap();
        // It does not run as root; Debian's package has made a user for it.
        let user = postgres_user();
        if let Some((uid, gid)) = user {
            for path in [directory.path(), &data] {
                chown(path, Some(uid), Some(gid)).unwrap();
            }
        }
        let command = |program: &str| {
            let mut command = Command::new(binaries.join(program));
            command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };
        let made = command("initdb")
            .args(["--auth=trust", "--username=doorward", "--no-sync", "--encoding=UTF8", "-D"])
            .arg(&data)
            .status();
        assert!(made.unwrap().success(), "initdb");
        let port = free_port();
        let mut child = command("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-k"])
            .arg(directory.path())
            .spawn()
            .unwrap();
        wait_for(port, &mut child);
        let begun = Instant::now();
        let ready = || command("pg_isready").args(["-h", "127.0.0.1", "-p", &port.to_string()]).status();
        while !ready().unwrap().success() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        let url = format!("postgres://doorward@127.0.0.1:{port}/postgres?sslmode=disable");
        Server { child, url, _directory: directory }
    }
}

fn postgres_binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("postgresql is installed");
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path()).collect();
    versions.sort();
    versions.pop().expect("postgresql is installed").join("bin")
}

fn postgres_user() -> Option<(u32, u32)> {
    let me = Command::new("id").arg("-u").output().unwrap().stdout;
    if me.trim_ascii() != b"0" {
        return None;
    }
    let id = |which: &str| {
        let output = Command::new("id").args([which, "postgres"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().expect("the user postgres")
    };
    Some((id("-u"), id("-g")))
}
