//! `doorward inspect`.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use replay::{Entry, Scenario};

use crate::commands::corpus;
use crate::commands::run::PolicyArgs;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Inspect {
    /// A file with a raw request (request line, headers, an empty line, the body), a curl command, or an HTTP Archive, of
    /// which the first request counts. `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    request: PathBuf,
    /// Score the detectors on labelled values instead: a directory for each class, with attack.txt and benign.txt.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["request", "claims", "response"])]
    corpus: Option<PathBuf>,
    /// A JSON file with the claims of the caller, taken as verified.
    #[arg(long = "as", value_name = "FILE")]
    claims: Option<PathBuf>,
    /// A JSON file with the API's response to the request and to reads of objects.
    #[arg(long, value_name = "FILE")]
    response: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        if let Some(directory) = &self.corpus {
            return corpus::run(directory);
        }
        let policy = policy::load(&self.policy.inputs(Vec::new())).map_err(Failure::usage)?;
        let request = replay::parse(&read(&self.request)?)
            .map_err(|e| Failure::usage(miette::miette!("{}: {e}", self.request.display())))?;
        let mut scenario = Scenario::new(request);
        if let Some(path) = &self.claims {
            let claims = serde_json::from_slice(&read(path)?)
                .map_err(|e| Failure::usage(miette::miette!("{}: not a JSON object: {e}", path.display())))?;
            scenario.claims = Some(claims);
        }
        if let Some(path) = &self.response {
            scenario.response = read(path)?.into();
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        let inspection = runtime
            .block_on(replay::inspect(policy, scenario))
            .map_err(|e| Failure::usage(miette::miette!("{e}")))?;
        inspection.entries.iter().for_each(|entry| outln!("{}", line(entry)));
        inspection.forwarded.iter().for_each(|line| outln!("sent to the API   {line}"));
        if inspection.forwarded.is_empty() {
            outln!("nothing is sent to the API");
        }
        let body = String::from_utf8_lossy(&inspection.body);
        outln!("the client gets   {}  {body}", inspection.status);
        Ok(if inspection.status.is_client_error() { Exit::Findings } else { Exit::Success })
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

fn line(entry: &Entry) -> String {
    match entry {
        Entry::Event { verdict, door, rule, evidence } => {
            format!("{verdict:<17} {door}: {rule}: {evidence}")
        }
        Entry::Match { rule_id, message, variable, value, part } => {
            let value = highlighted(value, part.as_deref());
            format!("rule {rule_id:<12} {message}\n{:18}{variable} = {value}", "")
        }
    }
}

/// A value with the part that matched in bold red, on a terminal.
fn highlighted(value: &str, part: Option<&str>) -> String {
    match part.filter(|_| std::io::stdout().is_terminal()) {
        Some(part) => value.replace(part, &format!("\x1b[1;31m{part}\x1b[0m")),
        None => value.to_owned(),
    }
}
