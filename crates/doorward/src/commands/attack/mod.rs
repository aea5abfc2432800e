//! `doorward attack`.

mod accounts;
mod facts;
mod policy;
mod reach;
mod source;
mod target;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use attack::{ApiUrl, GuideDoor, HttpClient, Options, Probe, Summary};
use clap::{Args, ValueHint};
use report::{Report, Threshold, json, text};

use crate::commands::output::Output;
use crate::commands::terminal;
use crate::exit::{Exit, Failure};

/// Attack an API from outside and report the vulnerabilities.
#[derive(Args)]
pub(crate) struct Attack {
    /// The API, as `https://api.example.com`. Attack only what is yours. Without a path, the API is where the document's
    /// first server says (`/v1`); with one (`https://test.example.com/shop`), it is there.
    #[arg(value_hint = ValueHint::Url)]
    url: ApiUrl,
    #[command(flatten)]
    source: source::Source,
    #[command(flatten)]
    accounts: accounts::Accounts,
    /// Only the attacks on these doors: sql, ownership, xss, rate, cors, mass-assignment, headers, authentication, waf.
    #[arg(long, value_name = "NAME", value_parser = door)]
    door: Vec<GuideDoor>,
    /// Only operations whose method and path have this text in them: `GET /orders`.
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// No operations whose method and path have this text in them.
    #[arg(long, value_name = "TEXT")]
    exclude: Vec<String>,
    /// Write nothing: only reads, and log ins.
    #[arg(long, conflicts_with = "destructive")]
    safe: bool,
    /// Allow attacks that destroy data or send thousands of requests.
    #[arg(long)]
    destructive: bool,
    /// The most requests of the run.
    #[arg(long, value_name = "NUMBER", default_value_t = 30_000)]
    max_requests: u64,
    /// The longest that the run takes.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = humantime::parse_duration)]
    time_limit: Duration,
    #[command(flatten)]
    reach: reach::Reach,
    /// Who allowed the attack, and why. Needed unless the API has a loopback or private address; it stands in the report.
    #[arg(long, value_name = "WHO AND WHY")]
    authorized: Option<String>,
    /// Draft the policy that would shut what was found into this file, for review.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Exit with 1 if a finding is of this level (critical, high, medium, low, info) or a higher one; `never` for none.
    #[arg(long, value_name = "LEVEL", default_value = "low")]
    fail_on: Threshold,
}

fn door(name: &str) -> Result<GuideDoor, String> {
    let names = || GuideDoor::ALL.map(GuideDoor::name).join(", ");
    GuideDoor::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| format!("the doors are {}", names()))
}

impl Attack {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        target::check(&self.url, self.authorized.as_deref())?;
        let (accounts, administrator) = self.accounts.read()?;
        let client = self.reach.client(&self.url)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        let options = Options {
            accounts,
            administrator,
            doors: self.door.clone(),
            destructive: self.destructive,
            is_safe: self.safe,
            only: self.only.clone(),
            exclude: self.exclude.clone(),
            max_requests: self.max_requests,
            time_limit: self.time_limit,
            reset: None,
        };
        let (mut report, summary) = runtime.block_on(self.attack(&client, &options))?;
        report.target = Some(self.url.to_string());
        report.artifact = self.source.artifact();
        report.ended = Some(SystemTime::now());
        facts::add(&mut report, &summary, self.authorized.as_deref());
        if let Some(file) = &self.policy {
            let text = policy::draft(&report, &self.url.at_server().to_string(), self.source.document());
            std::fs::write(file, text)
                .map_err(|error| Failure::could_not_run(format!("{}: {error}", file.display())))?;
        }
        let style = terminal::style();
        self.output.finish(
            &report,
            self.fail_on,
            || text::report(&terminal::TOOL, &report, style),
            || format!("{:#}", json::report(&terminal::TOOL, &report)),
        )
    }

    async fn attack(&self, client: &HttpClient, options: &Options) -> Result<(Report, Summary), Failure> {
        // An API that cannot be reached is not one whose doors are shut.
        client.send(&Probe::get("/")).await.map_err(Failure::could_not_run)?;
        let surface = self.source.surface(client, &self.url, &self.reach, &options.accounts).await?;
        if surface.endpoints.is_empty() {
            return Err(Failure::usage(miette::miette!(
                "the API has no operations, by what was given or found"
            )));
        }
        let bar = terminal::attack_progress(&options.doors);
        let both = attack::run(client, &surface, options, &|step| bar.step(step)).await;
        bar.finish();
        Ok(both)
    }
}
