//! `doorward inspect`.

use std::io::{IsTerminal, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use clap::Args;
use guard::body::Forwarded;
use guard::{Audit, EventSink, Guard, Peer, PreAuthenticated, Record, Transport};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use identity::Principal;

use crate::commands::run::PolicyArgs;
use crate::commands::{corpus, request_file};
use crate::{Failure, Outcome};

#[derive(Args)]
pub struct Inspect {
    /// A request as it is sent (request line, headers, an empty line, the body), a curl command, or an HTTP Archive, of
    /// which the first request counts. Standard input when `-`.
    #[arg(value_name = "FILE", default_value = "-")]
    request: PathBuf,
    /// Judge labelled values instead: a directory for each class, with attack.txt and benign.txt.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["request", "claims", "response"])]
    corpus: Option<PathBuf>,
    /// Claims (JSON) of the caller, taken as verified.
    #[arg(long = "as", value_name = "FILE")]
    claims: Option<PathBuf>,
    /// What the API answers, to this request and to reads of objects: JSON.
    #[arg(long, value_name = "FILE")]
    response: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
}

impl Inspect {
    pub fn run(self) -> Result<Outcome, Failure> {
        if let Some(directory) = &self.corpus {
            return corpus::run(directory);
        }
        let policy = policy::load(&self.policy.inputs(Vec::new())).map_err(Failure::usage)?;
        let mut request = request_file::parse(&read(&self.request)?)
            .map_err(|e| Failure::usage(miette::miette!("{}: {e}", self.request.display())))?;
        if let Some(path) = &self.claims {
            let claims = serde_json::from_slice(&read(path)?).map_err(|e| {
                Failure::usage(miette::miette!("{}: not an object of claims: {e}", path.display()))
            })?;
            request.extensions_mut().insert(PreAuthenticated(Principal::from_claims(claims)));
        }
        let answer = self.response.as_deref().map(read).transpose()?.unwrap_or_else(|| b"{}".to_vec());
        let sink = Arc::new(Collector::default());
        let guard = Guard::new(policy, sink.clone()).map_err(|e| Failure::usage(miette::miette!("{e}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        let peer =
            Peer { address: IpAddr::V4(Ipv4Addr::LOCALHOST), transport: Transport::Plain, violation: None };
        let mut sent: Vec<String> = Vec::new();
        let (status, body) = runtime.block_on(async {
            let forward = |request: Request<Forwarded<Full<Bytes>>>, _| {
                let body = request.body().bytes().unwrap_or_default();
                let body = String::from_utf8_lossy(&body).into_owned();
                sent.push(format!("{} {}  {body}", request.method(), request.uri()).trim_end().to_owned());
                let mut response = Response::new(Full::new(Bytes::from(answer.clone())));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(http::header::CONTENT_TYPE, json);
                std::future::ready(Ok(response))
            };
            let response = guard.handle(request, peer, forward).await;
            let status = response.status();
            let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            (status, body)
        });
        for line in sink.lines.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            say!("{line}");
        }
        for line in &sent {
            say!("sent to the API   {line}");
        }
        if sent.is_empty() {
            say!("the API sees nothing of it");
        }
        say!("the client gets   {status}  {}", String::from_utf8_lossy(&body));
        Ok(if status.is_client_error() { Outcome::Findings } else { Outcome::Fine })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let done = match path.as_os_str() == "-" {
        true => std::io::stdin().read_to_end(&mut bytes).map(drop),
        false => std::fs::read(path).map(|read| bytes = read),
    };
    done.map_err(|e| Failure::usage(miette::miette!("{} cannot be read: {e}", path.display())))?;
    Ok(bytes)
}

/// Keeps events as lines for a person.
#[derive(Default)]
struct Collector {
    lines: Mutex<Vec<String>>,
}

impl EventSink for Collector {
    fn record(&self, record: &Record<'_>) {
        if let Record::Event(event) = record {
            let line =
                format!("{:<17} {}: {}: {}", event.verdict.name(), event.door, event.rule, event.evidence);
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn wants_access(&self) -> bool {
        false
    }

    fn wants_audit(&self) -> bool {
        true
    }

    /// Every rule that matched, with the value as the rule saw it.
    fn audit(&self, entry: &Audit) {
        let lines = entry.transaction.messages.iter().map(|found| {
            let details = &found.details;
            let value = highlighted(&details.value, &details.data);
            format!("rule {:<12} {}\n{:18}{} = {value}", details.rule_id, found.message, "", details.variable)
        });
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
    }
}

/// A value, with the part that matched in bold where that can be shown.
fn highlighted(value: &str, data: &str) -> String {
    let part = data.strip_prefix("Matched Data: ").and_then(|rest| rest.split(" found within ").next());
    match part.filter(|part| !part.is_empty() && std::io::stdout().is_terminal()) {
        Some(part) => value.replace(part, &format!("\x1b[1;31m{part}\x1b[0m")),
        None => value.to_owned(),
    }
}
