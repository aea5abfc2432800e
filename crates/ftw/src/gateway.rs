//! A gateway for tests: sends raw bytes over a socket, and reads the audit log for the rules that matched.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway::Gateway;
use guard::{Audit, AuditSink, EventSink, FanOut, Guard, Record, Verdict};
use policy::Inputs;

use crate::error::FtwError;
use crate::seen::{Seen, escaped};
use crate::server;

/// A gateway with a rule set and no other door, in front of the API that such suites expect.
pub struct TestGateway {
    gateway: Option<Gateway>,
    address: SocketAddr,
    log: Arc<Collector>,
    directory: std::path::PathBuf,
}

/// Collects events and audit entries.
#[derive(Default)]
struct Collector(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    matched: Vec<(u64, String)>,
    refused: Option<String>,
}

impl EventSink for Collector {
    fn record(&self, record: &Record<'_>) {
        if let Record::Event(event) = record
            && event.verdict == Verdict::Refused
        {
            let refused = format!("{}: {}: {}", event.door, event.rule, event.evidence);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).refused = Some(refused);
        }
    }
}

impl AuditSink for Collector {
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

impl TestGateway {
    /// Starts the gateway with the rule set of a directory; `setup` holds directives that follow the rule set's own setup.
    ///
    /// # Errors
    /// If the rules cannot be compiled or the gateway cannot listen.
    pub fn start(rules: &Path, setup: &str) -> Result<TestGateway, FtwError> {
        let rules = rules
            .canonicalize()
            .map_err(|e| FtwError::File { file: rules.to_owned(), reason: e.to_string() })?;
        let directory = std::env::temp_dir().join(format!("doorward-rules-{}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(cannot_start)?;
        std::fs::write(directory.join("setup.conf"), setup).map_err(cannot_start)?;
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
            upstream: vec![format!("http://{}", backend().map_err(cannot_start)?)],
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            ..Inputs::default()
        };
        let policy = policy::load(&inputs).map_err(|e| cannot_start(e.lines()))?;
        let log = Arc::new(Collector::default());
        let stores = guard::open_stores(&policy).map_err(cannot_start)?;
        let sinks = FanOut::new().events(log.clone()).audit(log.clone());
        let guard = Guard::new(policy, stores, sinks).map_err(cannot_start)?;
        let gateway = Gateway::start(guard, inputs).map_err(cannot_start)?;
        let address = *gateway.addresses().first().ok_or_else(|| cannot_start("it listens on no address"))?;
        Ok(TestGateway { gateway: Some(gateway), address, log, directory })
    }

    /// Sends bytes unchanged, and reads the response to its end.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> Seen {
        let response = self.send(bytes).unwrap_or_default();
        let status =
            response.split(|b| *b == b' ').nth(1).and_then(|s| std::str::from_utf8(s).ok()?.parse().ok());
        let found = std::mem::take(&mut *self.log.0.lock().unwrap_or_else(PoisonError::into_inner));
        Seen {
            status: status.unwrap_or(0),
            ids: found.matched.iter().map(|(id, _)| *id).collect(),
            log: found.matched.iter().map(|(_, line)| line.clone() + "\n").collect(),
            refused: found.refused,
        }
    }

    fn send(&self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        /// Longer than any response takes.
        const TIMEOUT: Duration = Duration::from_secs(5);
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        // The gateway may refuse the request before all of it is sent.
        let _ = stream.write_all(bytes);
        let (mut response, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
        while server::end(&response).is_none() {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => response.extend_from_slice(buffer.get(..read).unwrap_or_default()),
                Err(error) if response.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(response)
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.shutdown();
        }
        // If this fails, only a small file is left behind.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn cannot_start(reason: impl std::fmt::Display) -> FtwError {
    FtwError::Gateway(reason.to_string())
}

/// Serves the API of the tests until the process ends.
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
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        pending.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let Some(end) = server::end(&pending) else { continue };
        let request: Vec<u8> = pending.drain(..end).collect();
        let response = match server::read(&request) {
            Some(request) => server::respond(&request),
            None => server::Response { status: 400, headers: Vec::new(), body: Vec::new() },
        };
        let mut out = format!("HTTP/1.1 {} -\r\n", response.status).into_bytes();
        for (name, value) in &response.headers {
            // Content-Length follows below, from the body.
            if !name.eq_ignore_ascii_case(b"content-length") {
                out.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
            }
        }
        out.extend_from_slice(format!("content-length: {}\r\n\r\n", response.body.len()).as_bytes());
        out.extend_from_slice(&response.body);
        stream.write_all(&out)?;
    }
}
