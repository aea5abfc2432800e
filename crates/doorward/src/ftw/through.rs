//! Suites through a gateway of their own: raw bytes over a socket, and what its audit log says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway::Gateway;
use guard::{Audit, EventSink, Guard, Record, Verdict};
use policy::Inputs;

use super::run::{Seen, escaped};
use super::server;

/// A gateway that has a rule set and nothing else, in front of what such suites expect.
pub struct ThroughGateway {
    gateway: Option<Gateway>,
    address: SocketAddr,
    found: Arc<Found>,
    directory: std::path::PathBuf,
}

/// What the audit log says.
#[derive(Default)]
struct Found(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    matched: Vec<(u64, String)>,
    refused: Option<String>,
}

impl EventSink for Found {
    fn record(&self, record: &Record<'_>) {
        if let Record::Event(event) = record
            && event.verdict == Verdict::Refused
        {
            let refused = format!("{}: {}: {}", event.door, event.rule, event.evidence);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).refused = Some(refused);
        }
    }

    fn wants_access(&self) -> bool {
        false
    }

    fn wants_audit(&self) -> bool {
        true
    }

    fn audit(&self, entry: &Audit) {
        let lines = entry.transaction.messages.iter().map(|message| {
            let details = &message.details;
            let line = format!(
                "[id \"{}\"] [msg \"{}\"] [data \"{}\"]",
                details.rule_id,
                escaped(&message.message),
                escaped(&details.data)
            );
            (details.rule_id.parse().unwrap_or(0), line)
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).matched.extend(lines);
    }
}

impl ThroughGateway {
    /// Starts it, with a rule set's directory and what is added to its setup.
    ///
    /// # Errors
    /// When the rules are wrong, or no socket is to be had.
    pub fn start(rules: &Path, setup: &str) -> Result<ThroughGateway, String> {
        let rules = rules.canonicalize().map_err(|e| format!("{}: {e}", rules.display()))?;
        let directory = std::env::temp_dir().join(format!("doorward-rules-{}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(|e| e.to_string())?;
        std::fs::write(directory.join("setup.conf"), setup).map_err(|e| e.to_string())?;
        let doors = ["protocol", "network", "cors", "rate", "authentication", "schema", "ownership"]
            .map(|door| format!("{door} = \"off\"\n"));
        let policy = format!(
            "[admin]\nenabled = false\n[waf]\ndetectors = \"off\"\n[waf.crs]\npath = '{}'\nbefore = ['{}']\nparanoia = 4\n\
             profile = \"website\"\n[doors]\n{}",
            rules.display(),
            directory.join("setup.conf").display(),
            doors.concat()
        );
        let inputs = Inputs {
            text: Some(policy),
            upstream: vec![format!("http://{}", backend().map_err(|e| e.to_string())?)],
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            ..Inputs::default()
        };
        let policy = policy::load(&inputs).map_err(|e| e.lines().to_string())?;
        let found = Arc::new(Found::default());
        let guard = Guard::new(policy, found.clone()).map_err(|e| e.to_string())?;
        let gateway = Gateway::start(guard, inputs).map_err(|e| e.to_string())?;
        let address = *gateway.addresses().first().ok_or("the gateway listens nowhere")?;
        Ok(ThroughGateway { gateway: Some(gateway), address, found, directory })
    }

    /// Sends bytes as they are, and reads the answer to its end.
    pub(super) fn exchange(&self, bytes: &[u8]) -> Seen {
        let answer = self.send(bytes).unwrap_or_default();
        let status =
            answer.split(|b| *b == b' ').nth(1).and_then(|s| std::str::from_utf8(s).ok()?.parse().ok());
        let found = std::mem::take(&mut *self.found.0.lock().unwrap_or_else(PoisonError::into_inner));
        Seen {
            status: status.unwrap_or(0),
            ids: found.matched.iter().map(|(id, _)| *id).collect(),
            log: found.matched.iter().map(|(_, line)| line.clone() + "\n").collect(),
            refused: found.refused,
        }
    }

    fn send(&self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        /// Longer than any of its answers takes.
        const PATIENCE: Duration = Duration::from_secs(5);
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // It may be refused before it is sent whole.
        let _ = stream.write_all(bytes);
        let (mut answer, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
        while server::end(&answer).is_none() {
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => answer.extend_from_slice(&piece[..read]),
                Err(error) if answer.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(answer)
    }
}

impl Drop for ThroughGateway {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.shutdown();
        }
        // Only a file of settings is left behind if this fails.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Serves the suite's own API for as long as the process lives.
fn backend() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut pending = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        pending.extend_from_slice(&piece[..read]);
        let Some(end) = server::end(&pending) else { continue };
        let request: Vec<u8> = pending.drain(..end).collect();
        let answer = match server::read(&request) {
            Some(request) => server::answer(&request),
            None => server::Response { status: 400, headers: Vec::new(), body: Vec::new() },
        };
        let mut out = format!("HTTP/1.1 {} -\r\n", answer.status).into_bytes();
        for (name, value) in &answer.headers {
            // The length is the body's own, whatever the request asks for.
            if !name.eq_ignore_ascii_case(b"content-length") {
                out.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
            }
        }
        out.extend_from_slice(format!("content-length: {}\r\n\r\n", answer.body.len()).as_bytes());
        out.extend_from_slice(&answer.body);
        stream.write_all(&out)?;
    }
}
