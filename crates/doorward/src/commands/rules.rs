//! `doorward rules`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use seclang::Rule;

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
}
