//! `doorward attack`.

use std::path::{Path, PathBuf};

use attack::{ApiUrl, AttackReport, GuideDoor, HttpClient, Identity, Options, Probe, Status, Surface};
use clap::{Args, ValueEnum};
use openapi::{Document, Problem, Source};
use report::{sarif, text};

use crate::commands::terminal;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Attack {
    /// The API, as `https://api.example.com`. Attack only what is yours. Without a path, the API is where the document's
    /// first server says (`/v1`); with one (`https://test.example.com/shop`), it is there.
    url: ApiUrl,
    /// Its OpenAPI document; without it, the API is asked for one.
    #[arg(long, value_name = "FILE")]
    openapi: Option<PathBuf>,
    /// An account that may use the API, as `alice=Authorization: Bearer ey...`; give two to test ownership.
    #[arg(long, value_name = "NAME=HEADER")]
    identity: Vec<Identity>,
    /// A valid name and password, as `alice:wonderland`, for attacks on the login.
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = credentials)]
    login: Option<(String, String)>,
    /// Only these doors.
    #[arg(long, value_name = "NAME", value_parser = door)]
    door: Vec<GuideDoor>,
    /// Allow attacks that destroy data or send thousands of requests.
    #[arg(long)]
    destructive: bool,
    /// Format of the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table and the evidence.
    Text,
    /// All attacks with their evidence, for other programs.
    Json,
    /// The attacks that worked, for code scanning (SARIF 2.1.0).
    Sarif,
}

fn door(name: &str) -> Result<GuideDoor, String> {
    let names = || GuideDoor::ALL.map(GuideDoor::name).join(", ");
    GuideDoor::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| format!("the doors are {}", names()))
}

fn credentials(text: &str) -> Result<(String, String), String> {
    let (name, password) = text.split_once(':').ok_or("write NAME:PASSWORD")?;
    Ok((name.into(), password.into()))
}

impl Attack {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        runtime.block_on(async {
            let client = HttpClient::new(self.url);
            // An API that cannot be reached is not one whose doors are shut.
            client.send(&Probe::get("/")).await.map_err(Failure::could_not_run)?;
            let document = match &self.openapi {
                Some(path) => read(path).map_err(Failure::usage)?,
                None => download(&client).await?,
            };
            let surface = Surface::of(&document);
            let options = Options {
                identities: self.identity,
                doors: self.door,
                destructive: self.destructive,
                login: self.login,
                reset: None,
            };
            let bar = terminal::progress(attack::all().count() + 1);
            let report = attack::run(&client, &surface, &options, &|name| {
                bar.set_message(name.to_owned());
                bar.inc(1);
            })
            .await;
            bar.finish_and_clear();
            match self.format {
                Format::Text => print(&report),
                Format::Json => {
                    outln!("{}", serde_json::to_string_pretty(&report).map_err(Failure::could_not_run)?)
                }
                Format::Sarif => outln!("{:#}", sarif::log(&terminal::TOOL, &report.to_report())),
            }
            outcome(&report)
        })
    }
}

/// An attack that worked counts more than one that could not run: it is certain.
fn outcome(report: &AttackReport) -> Result<Exit, Failure> {
    if report.has(Status::Exploited) {
        return Ok(Exit::Findings);
    }
    let Some(first) = report.with_status(Status::Failed).next() else { return Ok(Exit::Success) };
    let count = report.with_status(Status::Failed).count();
    let (name, reason) = (first.attack, &first.verdict.summary);
    Err(Failure::could_not_run(format!("{count} attacks could not run to their end, first {name}: {reason}")))
}

/// The document from a file, and from those beside it that it refers to.
fn read(path: &Path) -> Result<Document, Problem> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Document::parse(&Source::new(name, text), path.parent()),
        Err(e) => Err(Source::new(name, "").problem(None, format!("cannot be read: {e}"))),
    }
}

/// The document from the paths where APIs usually serve it.
async fn download(client: &HttpClient) -> Result<Document, Failure> {
    for path in ["/openapi.json", "/openapi.yaml", "/v3/api-docs", "/swagger.json"] {
        match client.send(&Probe::get(path)).await {
            Ok((answer, _)) if answer.status.is_success() => {
                return Document::parse(&Source::new(path, answer.text()), None).map_err(Failure::usage);
            }
            Ok(_) => {}
            Err(error) => return Err(Failure::could_not_run(error)),
        }
    }
    Err(Failure::usage(miette::miette!(
        help = "give --openapi FILE",
        "the API does not serve its OpenAPI document"
    )))
}

fn print(report: &AttackReport) {
    outln!("{}", text::checklist(&AttackReport::checklist(&[("result", report)]), terminal::style()));
    for result in report.with_status(Status::Exploited) {
        let title = format!("\n{} — {}", result.attack, result.thought);
        outln!("{}", text::evidence(&title, &result.verdict.summary, &result.verdict.evidence).trim_end());
    }
    const SHOWN: usize = 5;
    for seen in report.refused.iter().take(SHOWN) {
        outln!(
            "\nan ordinary request was not served:\n  > {}\n  < {}",
            seen.request.replace('\n', "\n  > "),
            seen.answer.lines().next().unwrap_or("")
        );
    }
    if report.refused.len() > SHOWN {
        outln!("\nand {} more; --format json has them all", report.refused.len() - SHOWN);
    }
}
