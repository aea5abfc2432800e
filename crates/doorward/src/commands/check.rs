//! `doorward check`.

mod who;

use std::time::Duration;

use clap::{Args, ValueEnum};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use identity::secrets::Parameters;
use policy::{Audit, Policy, RoutePolicy, Severity};
use report::{Finding, Report, sarif};

use crate::commands::run::PolicyArgs;
use crate::commands::{audit_report, terminal};
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    policy: PolicyArgs,
    /// The format of the OpenAPI document's audit, and of errors.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 1 if the audit has a finding of this severity or a higher one.
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// Show every finding of the audit, including notes, and every setting, including defaults.
    #[arg(long)]
    all: bool,
    /// Print only the Cedar schema of the OpenAPI document, for editors and other tools.
    #[arg(long, conflicts_with_all = ["format", "fail_on", "all"])]
    cedar_schema: bool,
    /// Measure this machine, and print the `[auth.passwords]` with which a log in takes about a quarter of a second. Run it where
    /// nothing else does.
    #[arg(long, exclusive = true)]
    tune: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Error,
    Warning,
    Note,
}

impl Level {
    fn severity(self) -> Severity {
        match self {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Note,
        }
    }
}

impl Check {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        if self.tune {
            return Ok(tune());
        }
        let inputs = policy::Inputs { without_cedar: self.cedar_schema, ..self.policy.inputs(Vec::new()) };
        let policy = match policy::load(&inputs) {
            Ok(policy) => policy,
            Err(error) => {
                return self.fail(error.problems.iter().map(audit_report::problem).collect(), error);
            }
        };
        // Read keys and certificates as well, so that `check` fails wherever `run` would.
        let policy = match guard::Engine::new(policy) {
            Ok(engine) => engine.policy,
            Err(error) => return self.fail(vec![audit_report::invalid(&error)], miette::miette!("{error}")),
        };
        if let Err(error) = gateway::check_tls(&policy) {
            return self.fail(vec![audit_report::invalid(&error)], miette::miette!("{error}"));
        }
        if self.cedar_schema {
            let Some(schema) = policy.cedar_schema() else {
                let help = "doorward check --openapi api.yaml --cedar-schema";
                return Err(Failure::usage(miette::miette!(help = help, "there is no OpenAPI document")));
            };
            outln!("{}", schema.trim_end());
            return Ok(Exit::Success);
        }
        let of_group = |(group, document)| policy::audit(document, group, &policy);
        let audits: Vec<Audit> = policy.documents().map(of_group).collect();
        match self.format {
            Format::Text => self.print(&policy, &audits),
            Format::Json => {
                let audit = (!audits.is_empty()).then(|| Audit::of_all(&audits));
                outln!("{:#}", audit_report::json(audit.as_ref()));
            }
            Format::Sarif => {
                outln!("{:#}", sarif::log(&terminal::TOOL, &audit_report::report(&Audit::of_all(&audits))));
            }
        }
        let fails = |level: Level| {
            audits.iter().flat_map(|audit| &audit.findings).any(|f| f.severity >= level.severity())
        };
        Ok(if self.fail_on.is_some_and(fails) { Exit::Findings } else { Exit::Success })
    }

    /// What is wrong, in the format that was asked for.
    fn fail(&self, errors: Vec<Finding>, error: impl Into<miette::Report>) -> Result<Exit, Failure> {
        match self.format {
            Format::Text => return Err(Failure::usage(error)),
            Format::Json => outln!("{:#}", audit_report::errors(&errors)),
            Format::Sarif => {
                outln!(
                    "{:#}",
                    sarif::log(&terminal::TOOL, &Report { findings: errors, ..Report::default() })
                );
            }
        }
        Ok(Exit::Invalid)
    }

    fn print(&self, policy: &Policy, audits: &[Audit]) {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        let columns = policy.routes().next().map(|route| route.rows().map(|(column, _)| column));
        table.set_header(std::iter::once("route").chain(columns.into_iter().flatten()));
        for route in policy.routes() {
            table.add_row(row(route));
        }
        outln!("{table}");
        who::print(policy);
        print_settings(policy, self.all);
        for notice in &policy.notices {
            outln!("\nNotice: {}", notice.line());
        }
        for ((group, document), audit) in policy.documents().zip(audits) {
            let upstream = policy.gateway.groups.get(group).filter(|_| group > 0);
            let whose = upstream.map_or(String::new(), |upstream| format!(" of `{}`", upstream.name));
            outln!("\n{} declared operations{whose}:", document.operations().count());
            for (path, method, operation) in document.operations() {
                let at = openapi::canonical_path(path.as_str());
                let route = policy.route_of(group, method, &at);
                let credential = if operation.security.is_needed() { "needs a credential" } else { "public" };
                outln!("  {method:7} {path}  ({}, {credential}, route {})", operation.id, route.name);
            }
            audit_report::print(audit, self.all);
        }
        if let Some(crs) = &policy.injection.core_rule_set {
            outln!(
                "\n{} rules of the Core Rule Set, paranoia level {}, refuses from an anomaly score of {}",
                crs.rules.len(),
                crs.paranoia,
                crs.threshold
            );
            for warning in &crs.rules.warnings {
                outln!("  {warning}");
            }
        }
        outln!("\nThe policy is valid.");
    }
}

/// What of Argon2id this machine can do in the time that a person waits without noticing.
fn tune() -> Exit {
    const TARGET: Duration = Duration::from_millis(250);
    let Parameters { memory_kib, passes, .. } = identity::secrets::pool::tune(TARGET);
    outln!("[auth.passwords]\nmemory_kib = {memory_kib}\npasses = {passes}");
    Exit::Success
}

/// Every setting, or those that differ from their defaults.
fn print_settings(policy: &Policy, all: bool) {
    let shown: Vec<_> = policy.settings.iter().filter(|row| all || !row.is_default).collect();
    if !shown.is_empty() {
        outln!("\nSettings:");
    }
    for row in shown {
        let note = if row.is_default { "  (default)" } else { "" };
        outln!("  {} = {}{note}", row.setting, row.value);
    }
    if !all {
        outln!("\nAll other settings have their defaults; --all shows them.");
    }
}

fn row(route: &RoutePolicy) -> Vec<String> {
    let columns = route.rows().into_iter().map(|(_, lines)| lines.join("\n"));
    std::iter::once(route.name.to_string()).chain(columns).collect()
}
