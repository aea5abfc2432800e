//! `doorward rules`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ftw::{Mode, Options};
use seclang::Rule;

use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Rules {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Subcommand)]
enum RulesCommand {
    /// List the rules of a directory of `.conf` files.
    List {
        /// The directory; the default is that of Debian's package.
        #[arg(default_value = "/usr/share/modsecurity-crs/rules")]
        directory: PathBuf,
    },
    /// Run the regression suite of a rule set (in the format of go-ftw) and report the failures.
    Test {
        /// The rule set: a directory with `rules` and `tests`.
        directory: PathBuf,
        /// Run only the tests of rules whose id begins with this.
        #[arg(long, value_name = "ID")]
        rule: Option<String>,
        /// Also evaluate every rule on every value, without the filter, and compare the results.
        #[arg(long, conflicts_with = "through_gateway")]
        compare: bool,
        /// Send the bytes of each request to a gateway with these rules instead of running the rules in process.
        #[arg(long)]
        through_gateway: bool,
        /// A file with other expectations for some tests, in go-ftw's format of overrides.
        #[arg(long, value_name = "FILE")]
        overrides: Option<PathBuf>,
    },
    /// Explain a rule: what it inspects, what it looks for, and how to exclude it.
    Explain {
        /// The rule's id.
        id: u64,
        /// The directory; the default is that of Debian's package.
        #[arg(default_value = "/usr/share/modsecurity-crs/rules")]
        directory: PathBuf,
    },
}

impl Rules {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        match self.command {
            RulesCommand::List { directory } => {
                for rule in read(&directory)?.iter().filter(|rule| rule.id != 0) {
                    let level = rule.paranoia_level().map_or(String::from("-"), |level| level.to_string());
                    outln!("{:>7}  PL{level}  {}", rule.id, rule.action("msg").unwrap_or(""));
                }
            }
            RulesCommand::Test { directory, rule, compare, through_gateway, overrides } => {
                let mode = match (through_gateway, compare) {
                    (true, _) => Mode::ThroughGateway,
                    (false, true) => Mode::Compared,
                    (false, false) => Mode::InProcess,
                };
                let options = Options { mode, rule_prefix: rule.as_deref(), overrides: overrides.as_deref() };
                return test(&directory, &options);
            }
            RulesCommand::Explain { id, directory } => {
                let rules = read(&directory)?;
                let Some(rule) = rules.iter().find(|rule| rule.id == id) else {
                    return Err(Failure::usage(miette::miette!(
                        "there is no rule {id} in {}",
                        directory.display()
                    )));
                };
                explain(rule);
            }
        }
        Ok(Exit::Success)
    }
}

fn test(directory: &Path, options: &Options<'_>) -> Result<Exit, Failure> {
    let report = ftw::test(directory, options, |adapted| {
        outln!("{adapted} tests expect what an RFC obliges a gateway to answer before any rule runs");
    })
    .map_err(|e| Failure::usage(miette::miette!("{e}")))?;
    for failure in &report.failures {
        outln!("{}-{}: {}", failure.rule_id, failure.test_id, failure.reason);
    }
    outln!("{} passed, {} failed", report.passed, report.failures.len());
    Ok(if report.failures.is_empty() { Exit::Success } else { Exit::Findings })
}

fn read(directory: &Path) -> Result<Vec<Rule>, Failure> {
    let unreadable =
        |e: std::io::Error| Failure::usage(miette::miette!("{} cannot be read: {e}", directory.display()));
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
        .map_err(unreadable)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
    files.sort();
    let mut rules = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(unreadable)?;
        let read = seclang::directives(&file.display().to_string(), &text).and_then(|d| seclang::rules(&d));
        rules.extend(read.map_err(|e| Failure::usage(miette::miette!("{e}")))?);
    }
    Ok(rules)
}

fn explain(rule: &Rule) {
    outln!("rule {} ({}:{})", rule.id, rule.file, rule.line);
    if let Some(message) = rule.action("msg") {
        outln!("  message     {message}");
    }
    let names: Vec<String> = rule
        .variables
        .iter()
        .map(|v| {
            let mark = if v.excluded {
                "not "
            } else if v.counted {
                "number of "
            } else {
                ""
            };
            format!("{mark}{}{}", v.name, v.selector.as_ref().map(|s| format!(":{s}")).unwrap_or_default())
        })
        .collect();
    outln!("  inspects    {}", names.join(", "));
    if let Some(operator) = &rule.operator {
        outln!(
            "  matches     {}{} {}",
            if operator.negated { "not " } else { "" },
            operator.name,
            operator.argument
        );
    }
    let transformations: Vec<&str> =
        rule.actions.iter().filter(|a| a.name == "t").filter_map(|a| a.value.as_deref()).collect();
    outln!(
        "  transforms  {}",
        if transformations.is_empty() { "none".to_owned() } else { transformations.join(", ") }
    );
    if let Some(level) = rule.paranoia_level() {
        outln!("  level       paranoia level {level}");
    }
    let id = rule.id;
    outln!("\nTo exclude it, add to a file that `[waf.crs] after` names:");
    outln!("  everywhere          SecRuleRemoveById {id}");
    outln!("  for one argument    SecRuleUpdateTargetById {id} \"!ARGS:comment\"");
    outln!("For one path, add to a file that `[waf.crs] before` names:");
    outln!(
        "  SecRule REQUEST_URI \"@beginsWith /api/posts\" \"id:1000001,phase:1,pass,nolog,ctl:ruleRemoveById={id}\""
    );
    outln!("A field with text that people write needs neither: set `prose = [\"comment\"]` on its route.");
}
