//! `doorward rules`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use seclang::Rule;

use crate::ftw::{self, Overrides, ThroughGateway, Way};
use crate::{Failure, Outcome};

#[derive(Args)]
pub struct Rules {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Subcommand)]
enum RulesCommand {
    /// List the rules of a directory of `.conf` files.
    List {
        /// The directory; Debian's rule set when not given.
        #[arg(default_value = "/usr/share/modsecurity-crs/rules")]
        directory: PathBuf,
    },
    /// Run the regression suite of a rule set (in the format of ftw), and say what passes.
    Test {
        /// The rule set: a directory with `rules` and `tests`.
        directory: PathBuf,
        /// Only tests of rules whose id begins like this.
        #[arg(long, value_name = "ID")]
        rule: Option<String>,
        /// Evaluate every rule on every value, too, and see that the same comes of it.
        #[arg(long, conflicts_with = "through_gateway")]
        compare: bool,
        /// Send each request as bytes to a gateway with these rules, instead of judging it in process.
        #[arg(long)]
        through_gateway: bool,
        /// What is expected instead of some tests, in ftw's format of overrides.
        #[arg(long, value_name = "FILE")]
        overrides: Option<PathBuf>,
    },
    /// Say what a rule looks at, what for, and what it does.
    Explain {
        /// The rule's id.
        id: u64,
        /// The directory; Debian's rule set when not given.
        #[arg(default_value = "/usr/share/modsecurity-crs/rules")]
        directory: PathBuf,
    },
}

impl Rules {
    pub fn run(self) -> Result<Outcome, Failure> {
        match self.command {
            RulesCommand::List { directory } => {
                for rule in read(&directory)?.iter().filter(|rule| rule.id != 0) {
                    let level = rule.paranoia_level().map_or(String::from("-"), |level| level.to_string());
                    say!("{:>7}  PL{level}  {}", rule.id, rule.action("msg").unwrap_or(""));
                }
            }
            RulesCommand::Test { directory, rule, compare, through_gateway, overrides } => {
                let how = match (through_gateway, compare) {
                    (true, _) => How::Through,
                    (false, true) => How::Compared,
                    (false, false) => How::InProcess,
                };
                return test(&directory, rule.as_deref(), how, overrides.as_deref());
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
        Ok(Outcome::Fine)
    }
}

/// What such suites ask of an engine: everything is evaluated, nothing refused, at the highest level.
const SETUP: &str = "SecAction \"id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,\
    setvar:tx.blocking_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,\
    setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,\
    setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535\"\n";

#[derive(Clone, Copy)]
enum How {
    InProcess,
    Compared,
    Through,
}

fn test(
    directory: &Path,
    only: Option<&str>,
    how: How,
    overrides: Option<&Path>,
) -> Result<Outcome, Failure> {
    let usage = |e: String| Failure::usage(miette::miette!("{e}"));
    let places = ["tests/regression/tests", "tests", ""].map(|place| directory.join(place));
    let tests = places.iter().find(|place| place.is_dir()).unwrap_or(&places[2]);
    let mut suites = ftw::read(tests).map_err(|e| usage(e.to_string()))?;
    if let Some(only) = only {
        suites.retain(|suite| suite.rule_id.to_string().starts_with(only));
    }
    if let Some(file) = overrides {
        Overrides::read(file).map_err(usage)?.apply(&mut suites);
    }
    let report = match how {
        How::Through => {
            let excepted = Overrides::of_the_gateway().map_err(usage)?.apply(&mut suites);
            let gateway = ThroughGateway::start(directory, SETUP).map_err(usage)?;
            say!("{excepted} tests expect what an RFC obliges a gateway to answer, before any rule is asked");
            ftw::run(Way::Through(&gateway), &suites)
        }
        How::InProcess | How::Compared => {
            let rules = ftw::rule_set(directory, SETUP).map_err(|e| usage(e.to_string()))?;
            let way =
                if matches!(how, How::Compared) { Way::Compared(&rules) } else { Way::InProcess(&rules) };
            ftw::run(way, &suites)
        }
    };
    for (rule, test, why) in &report.failed {
        say!("{rule}-{test}: {why}");
    }
    say!("{} passed, {} failed", report.passed, report.failed.len());
    Ok(if report.failed.is_empty() { Outcome::Fine } else { Outcome::Findings })
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
    say!("rule {} ({}:{})", rule.id, rule.file, rule.line);
    if let Some(message) = rule.action("msg") {
        say!("  says      {message}");
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
    say!("  looks at  {}", names.join(", "));
    if let Some(operator) = &rule.operator {
        say!(
            "  for       {}{} {}",
            if operator.negated { "not " } else { "" },
            operator.name,
            operator.argument
        );
    }
    let transformations: Vec<&str> =
        rule.actions.iter().filter(|a| a.name == "t").filter_map(|a| a.value.as_deref()).collect();
    say!(
        "  after     {}",
        if transformations.is_empty() { "nothing".to_owned() } else { transformations.join(", ") }
    );
    if let Some(level) = rule.paranoia_level() {
        say!("  level     paranoia level {level}");
    }
    let id = rule.id;
    say!("\nTo leave it out, in a file that `[waf.crs] after` names:");
    say!("  everywhere          SecRuleRemoveById {id}");
    say!("  for one argument    SecRuleUpdateTargetById {id} \"!ARGS:comment\"");
    say!("or, for one path, in a file that `before` names:");
    say!(
        "  SecRule REQUEST_URI \"@beginsWith /api/posts\" \"id:1000001,phase:1,pass,nolog,ctl:ruleRemoveById={id}\""
    );
    say!("A field that holds what people write needs neither: `prose = [\"comment\"]` on its route.");
}
