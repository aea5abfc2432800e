//! `doorward scan deps`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use report::Threshold;
use scan::deps::osv::{Advisories, HyperClient, offline, online};
use scan::deps::{Date, Ignores, Inventory, InventoryError, Limits, inventory, judge, sbom};

use crate::commands::output::Output;
use crate::exit::{Exit, Failure};

/// The ignore file of a directory.
const IGNORE_FILE: &str = "doorward-scan.toml";

/// Match lock files against the database of known vulnerabilities (OSV).
#[derive(Args)]
pub(crate) struct Deps {
    /// A lock file, or a directory in which all lock files are read.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Use an exported database instead of the API: a directory with OSV records as *.json, or with the all.zip of each
    /// ecosystem. Nothing is sent anywhere.
    #[arg(long, value_name = "DIR", conflicts_with = "osv_url")]
    offline: Option<PathBuf>,
    /// The API that is asked. The names and versions of all packages are sent there.
    #[arg(long, value_name = "URL", default_value = online::PUBLIC)]
    osv_url: String,
    /// Exit with 1 if a vulnerability is of this level (critical, high, medium, low, info) or a higher one; `never` for none. What no
    /// advisory rates counts as high.
    #[arg(long, value_name = "LEVEL", default_value = "high")]
    fail_on: Threshold,
    #[command(flatten)]
    output: Output,
    /// Leave out packages that the lock file marks as needed only for development.
    #[arg(long)]
    omit_dev: bool,
    /// Vulnerabilities to live with, each with a reason. Without this, `doorward-scan.toml` in the directory.
    #[arg(long, value_name = "FILE")]
    ignore_file: Option<PathBuf>,
    /// Also write a software bill of materials (CycloneDX 1.6, JSON).
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
}

impl Deps {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let limits = Limits::default();
        let ignores = self.ignores()?;
        let mut found = inventory(&self.path, &limits).map_err(|error| match error {
            InventoryError::Nothing { .. } => Failure::could_not_run(error),
            InventoryError::Unreadable { .. } | InventoryError::Unknown { .. } => {
                Failure::usage(miette::miette!("{error}"))
            }
        })?;
        if self.omit_dev {
            found.omit_development();
        }
        if let Some(path) = &self.sbom {
            let text = format!("{:#}\n", sbom(&found, env!("CARGO_PKG_VERSION")));
            std::fs::write(path, text)
                .map_err(|error| Failure::could_not_run(format!("{}: {error}", path.display())))?;
        }
        let advisories = match &self.offline {
            Some(directory) => {
                offline::advisories(directory, &found.packages, &limits).map_err(Failure::could_not_run)?
            }
            None => self.ask(&found)?,
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(Failure::could_not_run)?;
        let outcome = judge(&found, &advisories, &ignores, Date::from_unix(now.as_secs()));
        let report = outcome.report();
        self.output.finish(&report, self.fail_on, || outcome.text(), || format!("{:#}", outcome.json()))
    }

    fn ask(&self, found: &Inventory) -> Result<Advisories, Failure> {
        let client =
            HyperClient::new(&self.osv_url).map_err(|error| Failure::usage(miette::miette!("{error}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        runtime.block_on(online::advisories(&client, &found.packages)).map_err(Failure::could_not_run)
    }

    /// The ignore file that was named, or that of the directory.
    fn ignores(&self) -> Result<Ignores, Failure> {
        let directory = match self.path.is_dir() {
            true => self.path.as_path(),
            false => self.path.parent().unwrap_or(Path::new("")),
        };
        let beside = || Some(directory.join(IGNORE_FILE)).filter(|path| path.exists());
        match self.ignore_file.clone().or_else(beside) {
            Some(path) => Ignores::read(&path).map_err(|error| Failure::usage(miette::miette!("{error}"))),
            None => Ok(Ignores::default()),
        }
    }
}
