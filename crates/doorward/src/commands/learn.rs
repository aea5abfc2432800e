//! `doorward learn`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use gateway::{Gateway, Logs};
use guard::{Guard, Observer};
use learn::{Learner, Observation, read_access_log, read_har};
use openapi::read_value;
use serde_json::Value;

use crate::commands::run::PolicyArgs;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Learn {
    /// HTTP Archives to learn from. Without an archive or a log, learn from traffic through the gateway until Ctrl-C.
    #[arg(long, value_name = "FILE")]
    har: Vec<PathBuf>,
    /// Access logs to learn from: Common or Combined Log Format, or JSON lines.
    #[arg(long, value_name = "FILE")]
    access_log: Vec<PathBuf>,
    /// Learn only from requests to this host (archives).
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// A document to complete: its content stays, and missing operations and fields are added.
    #[arg(long, value_name = "FILE")]
    merge: Option<PathBuf>,
    /// The file to write; YAML unless it ends in .json.
    #[arg(long, short, value_name = "FILE", default_value = "learnt.openapi.yaml")]
    output: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    /// The address to listen on.
    #[arg(long, short, value_name = "ADDR")]
    listen: Vec<SocketAddr>,
}

impl Learn {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let existing = self.merge.as_deref().map(read_document).transpose()?;
        let learner =
            if self.har.is_empty() && self.access_log.is_empty() { self.watch()? } else { self.read()? };
        if learner.is_empty() {
            return Err(Failure::could_not_run("there is nothing to learn from: no request was served"));
        }
        let (document, guesses) = match &existing {
            Some(existing) => learner.merged(existing),
            None => learner.document(),
        };
        let text = match self.output.extension().is_some_and(|e| e == "json") {
            true => format!("{document:#}\n"),
            false => serde_saphyr::to_string(&document).map_err(Failure::could_not_run)?,
        };
        std::fs::write(&self.output, text).map_err(|e| {
            Failure::usage(miette::miette!("{} cannot be written: {e}", self.output.display()))
        })?;
        let paths = document.get("paths").and_then(Value::as_object).map_or(0, serde_json::Map::len);
        outln!("wrote {}: {paths} paths, learned from {} exchanges", self.output.display(), learner.len());
        if !guesses.is_empty() {
            outln!("\nSuggested owners; verify them before you use them:");
        }
        for guess in guesses {
            outln!("  {guess}");
        }
        outln!("\nNext: review the document, then run doorward check --openapi {}", self.output.display());
        Ok(Exit::Success)
    }

    fn read(&self) -> Result<Learner, Failure> {
        let mut learner = Learner::default();
        for path in &self.har {
            let wrong = |e: String| Failure::usage(miette::miette!("{}: {e}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
            let observations = read_har(&text, self.host.as_deref()).map_err(|e| wrong(e.to_string()))?;
            observations.into_iter().for_each(|observation| learner.observe(observation));
        }
        for path in &self.access_log {
            let wrong = |e: String| Failure::usage(miette::miette!("{}: {e}", path.display()));
            let text = std::fs::read(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
            let (observations, unread) = read_access_log(&String::from_utf8_lossy(&text));
            if observations.is_empty() {
                return Err(wrong("no line is an access log entry".into()));
            }
            if unread > 0 {
                eprintln!("doorward: {}: {unread} lines are in no known format", path.display());
            }
            observations.into_iter().for_each(|observation| learner.observe(observation));
        }
        Ok(learner)
    }

    fn watch(&self) -> Result<Learner, Failure> {
        let inputs = self.policy.inputs(self.listen.clone());
        let policy = policy::load(&inputs).map_err(Failure::usage)?;
        if policy.gateway.upstreams().next().is_none() {
            return Err(Failure::usage(miette::miette!(
                help = "doorward learn --upstream http://127.0.0.1:3000, or --har FILE, or --access-log FILE",
                "there is nothing to learn from: name an upstream, an archive or a log"
            )));
        }
        let logs = Arc::new(Logs::open(&policy).map_err(Failure::could_not_run)?);
        let watcher = Arc::new(Watcher::default());
        let sinks = logs.sinks(&policy).observer(watcher.clone());
        let stores = guard::open_stores(&policy).map_err(|e| Failure::usage(miette::miette!("{e}")))?;
        let guard = Guard::new(policy, stores, sinks).map_err(|e| Failure::usage(miette::miette!("{e}")))?;
        let gateway = Gateway::start(guard, inputs).map_err(Failure::could_not_run)?;
        for address in gateway.addresses() {
            eprintln!("doorward: learning from traffic on {address}; press Ctrl-C to stop");
        }
        gateway.rotates(Arc::clone(&logs));
        gateway.run_until_signal();
        logs.flush();
        Ok(std::mem::take(&mut *watcher.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read_document(path: &Path) -> Result<Value, Failure> {
    let wrong = |e: String| Failure::usage(miette::miette!("{}: {e}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    read_value(&openapi::Source::new(path.display().to_string(), text)).map_err(Failure::usage)
}

/// Feeds every observed exchange to the learner.
#[derive(Default)]
struct Watcher(Mutex<Learner>);

impl Observer for Watcher {
    fn observe(&self, observation: &Observation) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).observe(observation.clone());
    }
}
