//! A gateway with a policy, an upstream that records every byte, and clients that send raw bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gateway::Gateway;
use guard::{Access, AccessSink, Admission, Audit, AuditSink, EventSink, FanOut, Guard, Record};
use policy::Inputs;

/// A gateway under test. It drains when dropped.
pub(crate) struct Running {
    gateway: Option<Gateway>,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub events: Arc<Events>,
}

/// Lines that the gateway wrote.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<String>>);

impl Events {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn has(&self, words: &[&str]) -> bool {
        self.all().iter().any(|line| words.iter().all(|word| line.contains(word)))
    }
}

impl EventSink for Events {
    fn record(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(serde_json::to_string(record).unwrap());
    }
}

impl AccessSink for Events {
    fn access(&self, access: &Access<'_>) {
        self.record(&Record::Access(access));
    }
}

impl AuditSink for Events {
    fn audit(&self, entry: &Audit) {
        self.0.lock().unwrap().push(serde_json::to_string(entry).unwrap());
    }
}

impl Running {
    /// A gateway with a policy text, in front of some upstreams.
    pub(crate) fn start(policy: &str, upstreams: &[String]) -> Running {
        let inputs = Inputs { text: Some(policy.into()), upstream: upstreams.to_vec(), ..Inputs::default() };
        Running::with(inputs)
    }

    /// A gateway that decides about connections before it reads from them.
    pub(crate) fn with_admission(admission: impl Admission + 'static, upstream: &str) -> Running {
        let inputs = Inputs { upstream: vec![upstream.into()], ..Inputs::default() };
        Running::new(inputs, |guard| guard.with_admission(Arc::new(admission)))
    }

    /// A gateway with a policy file.
    pub(crate) fn from_file(file: &Path, upstreams: &[String]) -> Running {
        Running::with(Inputs { file: Some(file.into()), upstream: upstreams.to_vec(), ..Inputs::default() })
    }

    fn with(inputs: Inputs) -> Running {
        Running::new(inputs, |guard| guard)
    }

    fn new(mut inputs: Inputs, change: impl FnOnce(Guard) -> Guard) -> Running {
        inputs.listen = vec!["127.0.0.1:0".parse().unwrap()];
        let mut policy = policy::load(&inputs).unwrap_or_else(|e| panic!("{}", e.lines()));
        policy.admin.listen = "127.0.0.1:0".parse().unwrap();
        let events = Arc::new(Events::default());
        let stores = guard::open_stores(&policy).unwrap();
        let sinks = FanOut::new().events(events.clone()).access(events.clone()).audit(events.clone());
        let guard = change(Guard::new(policy, stores, sinks).unwrap());
        let gateway = Gateway::start(guard, inputs).unwrap();
        let (address, admin) = (gateway.addresses()[0], gateway.admin().unwrap());
        Running { gateway: Some(gateway), address, admin, events }
    }

    /// Begins to drain, in the background.
    pub(crate) fn drain(&mut self) {
        let gateway = self.gateway.take().unwrap();
        std::thread::spawn(move || gateway.shutdown());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends bytes and reads until the gateway closes or is silent.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        raw(self.address, bytes)
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
            text.push_str("User-Agent: test\r\n");
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(body);
        // It closes when it has answered, however long that takes.
        raw_within(self.address, &bytes, Duration::from_secs(20))
    }

    pub(crate) fn get(&self, target: &str) -> String {
        self.ask("GET", target, &[], b"")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.shutdown();
        }
    }
}

pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    raw_within(address, bytes, Duration::from_millis(1500))
}

fn raw_within(address: SocketAddr, bytes: &[u8], silence: Duration) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(silence)).unwrap();
    // The gateway may close before it has read everything; what it answered counts.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut piece = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// What an upstream answers to a head.
type Answering = dyn Fn(&str) -> Vec<u8> + Send + Sync;

/// An upstream that keeps every byte it gets.
pub(crate) struct Recorder {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
    stop: Arc<AtomicBool>,
}

impl Recorder {
    /// An upstream that answers every request alike.
    pub(crate) fn start(answer: &'static str) -> Recorder {
        Recorder::answering(move |_| answer.as_bytes().to_vec())
    }

    /// An upstream that answers by the head of a request.
    pub(crate) fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Recorder {
        Recorder::listening(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    /// The same on a socket that listens already.
    pub(crate) fn listening(
        listener: TcpListener,
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Recorder {
        let answer: Arc<Answering> = Arc::new(answer);
        let address = listener.local_addr().unwrap();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen_there, stop_there) = (Arc::clone(&seen), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop_there.load(Ordering::Relaxed) {
                    return;
                }
                let (seen, answer) = (Arc::clone(&seen_there), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Recorder { address, seen, stop }
    }

    /// An upstream that answers with a short text.
    pub(crate) fn plain() -> Recorder {
        Recorder::start("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn take(&self) -> String {
        String::from_utf8_lossy(&self.take_bytes()).into_owned()
    }

    pub(crate) fn take_bytes(&self) -> Vec<u8> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// Reads heads and bodies, so that an answer is given once a whole request is here.
fn serve(mut stream: TcpStream, seen: &Mutex<Vec<u8>>, answer: &Answering) {
    let mut pending = Vec::new();
    let mut piece = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        seen.lock().unwrap().extend_from_slice(&piece[..count]);
        pending.extend_from_slice(&piece[..count]);
        while let Some(end) = pending.windows(4).position(|w| w == b"\r\n\r\n") {
            let written = String::from_utf8_lossy(&pending[..end]).into_owned();
            let head = written.to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |value| value.trim().parse().unwrap());
            if pending.len() < end + 4 + length {
                break;
            }
            pending.drain(..end + 4 + length);
            if stream.write_all(&answer(&written)).is_err() {
                return;
            }
        }
    }
}

/// A process that is killed, by its id, at the end of the test.
pub(crate) struct Peer(Child);

impl Peer {
    /// Starts a command and waits until its port answers.
    pub(crate) fn start(command: &mut Command, port: u16) -> Peer {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let mut peer = Peer(child);
        until("the peer listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert!(
            peer.0.try_wait().unwrap().is_none(),
            "{command:?}: the command ended, something else listens"
        );
        peer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a condition, not for a time.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "not in time: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Runs a command to its end. Its output, and whether it succeeded.
pub(crate) fn output(program: &str, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.success(), text)
}

/// A script of `tests/peers`.
pub(crate) fn script(name: &str) -> String {
    format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}
