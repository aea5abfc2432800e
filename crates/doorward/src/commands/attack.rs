//! `doorward attack`.

use std::path::PathBuf;

use attack::{Client, Door, Identity, Options, Probe, Report, Status, Surface, Target};
use clap::{Args, ValueEnum};

use crate::commands::table;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub struct Attack {
    /// The API, as `https://api.example.com`. Attack only what is yours.
    url: Target,
    /// Its OpenAPI document; asked of the API when not given.
    #[arg(long, value_name = "FILE")]
    openapi: Option<PathBuf>,
    /// Somebody who may use the API, as `alice=Authorization: Bearer ey...`; give two to test ownership.
    #[arg(long, value_name = "NAME=HEADER")]
    identity: Vec<Identity>,
    /// A name and password that are right, as `alice:wonderland`, for attacks on the login.
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = credentials)]
    login: Option<(String, String)>,
    /// Only these doors.
    #[arg(long, value_name = "NAME", value_parser = door)]
    door: Vec<Door>,
    /// Allow attacks that destroy data or send thousands of requests.
    #[arg(long)]
    destructive: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table and the evidence.
    Text,
    /// Everything, for machines.
    Json,
}

fn door(name: &str) -> Result<Door, String> {
    let names = || Door::GUIDE.map(Door::name).join(", ");
    Door::GUIDE.into_iter().find(|d| d.name() == name).ok_or_else(|| format!("the doors are {}", names()))
}

fn credentials(text: &str) -> Result<(String, String), String> {
    let (name, password) = text.split_once(':').ok_or("write NAME:PASSWORD")?;
    Ok((name.into(), password.into()))
}

impl Attack {
    pub fn run(self) -> Result<Exit, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        runtime.block_on(async {
            let client = Client::new(self.url);
            // An API that cannot be reached is not one whose doors are shut.
            client.send(&Probe::get("/")).await.map_err(Failure::could_not_run)?;
            let document = match &self.openapi {
                Some(path) => std::fs::read_to_string(path)
                    .map_err(|e| Failure::usage(miette::miette!("{} cannot be read: {e}", path.display())))?,
                None => ask(&client).await?,
            };
            let surface = Surface::parse(&document).map_err(|e| Failure::usage(miette::miette!("{e}")))?;
            let options = Options {
                identities: self.identity,
                doors: self.door,
                destructive: self.destructive,
                login: self.login,
                reset: None,
            };
            let bar = table::progress(attack::ALL.len() as u64 + 1);
            let report = attack::run(&client, &surface, &options, &|name| {
                bar.set_message(name.to_owned());
                bar.inc(1);
            })
            .await;
            bar.finish_and_clear();
            match self.format {
                Format::Text => print_text(&report),
                Format::Json => {
                    outln!("{}", serde_json::to_string_pretty(&report).map_err(Failure::could_not_run)?)
                }
            }
            Ok(if report.is_exploited() { Exit::Findings } else { Exit::Success })
        })
    }
}

/// Asks the API for its document where APIs have it.
async fn ask(client: &Client) -> Result<String, Failure> {
    for path in ["/openapi.json", "/openapi.yaml", "/v3/api-docs", "/swagger.json"] {
        match client.send(&Probe::get(path)).await {
            Ok((answer, _)) if answer.status.is_success() => return Ok(answer.text()),
            Ok(_) => {}
            Err(error) => return Err(Failure::could_not_run(error)),
        }
    }
    Err(Failure::usage(miette::miette!(
        help = "give --openapi FILE",
        "the API does not show its OpenAPI document"
    )))
}

fn print_text(report: &Report) {
    outln!("{}", table::checklist(&[("result", report)]));
    for finding in report.findings.iter().filter(|f| f.outcome.status == Status::Exploited) {
        outln!("\n{} — {}", finding.attack, finding.thought);
        outln!("  {}", finding.outcome.summary);
        for exchange in &finding.outcome.evidence {
            for line in exchange.request.lines() {
                outln!("  > {line}");
            }
            for line in exchange.answer.lines() {
                outln!("  < {line}");
            }
        }
    }
    const SHOWN: usize = 5;
    for exchange in report.refused.iter().take(SHOWN) {
        outln!(
            "\nan ordinary request was not served:\n  > {}\n  < {}",
            exchange.request.replace('\n', "\n  > "),
            exchange.answer.lines().next().unwrap_or("")
        );
    }
    if report.refused.len() > SHOWN {
        outln!("\nand {} more; --format json has them all", report.refused.len() - SHOWN);
    }
}
