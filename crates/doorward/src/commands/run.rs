//! `doorward run`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use clap::Args;
use gateway::{Descriptors, Gateway, Logs};
use guard::{Guard, Record, Timestamp};
use policy::{Inputs, Policy};

use crate::exit::{Exit, Failure};

/// The inputs of a policy, for commands that read one.
#[derive(Args, Clone)]
pub(crate) struct PolicyArgs {
    /// The policy file; by default `doorward.toml` in the current directory, if it exists.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The URL of the API: http://, https://, h2c:// or unix:/path. Several share the load.
    #[arg(long, short, value_name = "URL")]
    upstream: Vec<String>,
    /// The OpenAPI document of the API, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    openapi: Option<PathBuf>,
    /// An OpenAPI Overlay 1.0 file that changes the document; several apply in order.
    #[arg(long, value_name = "FILE")]
    overlay: Vec<PathBuf>,
}

impl PolicyArgs {
    /// The inputs, with addresses to listen on.
    pub(crate) fn inputs(&self, listen: Vec<SocketAddr>) -> Inputs {
        let found = || Some(PathBuf::from("doorward.toml")).filter(|path| path.exists());
        Inputs {
            file: self.config.clone().or_else(found),
            text: None,
            upstream: self.upstream.clone(),
            listen,
            openapi: self.openapi.clone(),
            overlay: self.overlay.clone(),
            ..Inputs::default()
        }
    }
}

#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    policy: PolicyArgs,
    /// The address to listen on.
    #[arg(long, short, value_name = "ADDR")]
    listen: Vec<SocketAddr>,
}

impl Run {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let inputs = self.policy.inputs(self.listen);
        let policy = policy::load(&inputs).map_err(Failure::usage)?;
        if policy.gateway.upstreams().next().is_none() {
            return Err(no_upstream(inputs.file.as_deref()));
        }
        let logs = Arc::new(Logs::open(&policy).map_err(Failure::could_not_run)?);
        let sinks = logs.sinks(&policy);
        for warning in policy.injection.core_rule_set.iter().flat_map(|crs| &crs.rules.warnings) {
            eprintln!("doorward: {warning}");
        }
        for notice in &policy.notices {
            eprintln!("doorward: {}", notice.line());
        }
        let upstreams = names(&policy);
        let stores = guard::open_stores(&policy).map_err(|e| Failure::usage(miette::miette!("{e}")))?;
        stores.counters.check().map_err(|e| Failure::usage(miette::miette!("[rate.store]: {e}")))?;
        let guard =
            Guard::new(policy, stores, sinks.clone()).map_err(|e| Failure::usage(miette::miette!("{e}")))?;
        let gateway = Gateway::start(guard, inputs).map_err(Failure::could_not_run)?;
        for address in gateway.addresses() {
            eprintln!("doorward: listening on {address}, in front of {upstreams}");
        }
        tell_of_descriptors(gateway.descriptors());
        if let Some(admin) = gateway.admin() {
            eprintln!("doorward: metrics on http://{admin}/metrics");
        }
        let log = sinks.clone();
        gateway.tells_of_unreachable(move |message| {
            // Whoever started it may read no more by now.
            let _ = writeln!(std::io::stderr(), "doorward: {message}");
            log.record(&Record::Notice { time: Timestamp(SystemTime::now()), message: &message });
        });
        gateway.rotates(Arc::clone(&logs));
        gateway.run_until_signal();
        let stopped = Record::Notice { time: Timestamp(SystemTime::now()), message: "drained and stopped" };
        sinks.record(&stopped);
        logs.flush();
        Ok(Exit::Success)
    }
}

fn no_upstream(file: Option<&Path>) -> Failure {
    let flag = "doorward run --upstream http://127.0.0.1:3000";
    let (place, help) = match file {
        Some(file) => (
            format!("{}: ", file.display()),
            format!("write `upstream = [\"http://127.0.0.1:3000\"]` below `[gateway]` there, or {flag}"),
        ),
        None => (String::new(), flag.to_owned()),
    };
    Failure::usage(miette::miette!(help = help, "{place}no upstream is configured: name the API to protect"))
}

/// Each connection takes a descriptor, and one more to the upstream.
fn tell_of_descriptors(Descriptors { before, now }: Descriptors) {
    /// Below this, a busy hour may reach the limit.
    const FEW: u64 = 8192;
    if before != now {
        eprintln!("doorward: descriptors: {now} (raised from {before})");
    }
    if now < FEW {
        eprintln!(
            "doorward: descriptors: the limit of {now} is low; each connection takes two: raise it (`LimitNOFILE=` of \
             systemd, `ulimit -Hn`)"
        );
    }
}

fn names(policy: &Policy) -> String {
    policy.gateway.upstreams().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
