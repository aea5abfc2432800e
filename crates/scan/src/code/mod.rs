//! Source code, looked at for the mistakes that the guide's nine attacks live on.
//!
//! [`scan`] walks a directory and gives a [`Scan`]: findings with their place, their mend and the way of the value,
//! and what could not be read. Rules are data ([`Rules`]); the engine knows five languages and nothing of any
//! vulnerability. `docs/scan-code.md` is the page for users.
//!
//! ```
//! use scan::code::{Options, Rules, Severity, scan_text};
//!
//! let rules = Rules::own()?;
//! let source = "def f(db, request):\n    q = request.args['q']\n    db.execute('SELECT 1 WHERE a = ' + q)\n";
//! let found = scan_text("app.py", source, &rules, &Options::default());
//! assert_eq!(found.findings[0].rule, "sql-injection");
//! assert_eq!(found.findings[0].severity, Severity::Error);
//! assert_eq!(found.findings[0].way, [2, 3]);
//! # Ok::<(), scan::code::RuleError>(())
//! ```

mod flow;
mod language;
mod lower;
mod pattern;
mod rules;
mod suppress;
mod tree;
mod walk;

use std::collections::HashMap;
use std::path::Path;

pub use language::Language;
pub use report::Severity;
use report::{Failure, Finding, Location, Report};
pub use rules::{RuleError, Rules};

use crate::code::flow::{Engine, Hit};
use crate::code::language::Grammar;
use crate::code::lower::Program;
use crate::code::rules::schema::{Level, Rule};

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether tests, examples and fixtures are looked at.
    pub tests: Tests,
    /// Files with more bytes are told as not looked at.
    pub largest_file: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { tests: Tests::Skip, largest_file: 1 << 20 }
    }
}

/// Whether code that never runs in production is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tests {
    /// It is left out: it holds made-up secrets, and attacks on purpose.
    Skip,
    /// It is looked at like everything else.
    Include,
}

/// A finding in source code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFinding {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence that says what is wrong.
    pub message: String,
    /// What to write instead.
    pub mend: String,
    /// The weakness, as `CWE-89`.
    pub cwe: String,
    /// The entry of the OWASP API Security Top 10, as `API8:2023`.
    pub owasp: String,
    /// The file, as it was given or found.
    pub file: String,
    /// Line, counted from one.
    pub line: usize,
    /// Column in characters, counted from one.
    pub column: usize,
    /// The lines of the value's way, from where the client's value comes in to where it does harm.
    pub way: Vec<usize>,
    /// The line itself: it is what the finding is about when other lines move.
    pub text: String,
}

/// The results of a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// What was found, by file and line.
    pub findings: Vec<CodeFinding>,
    /// What could not be looked at, with the reason.
    pub failures: Vec<(String, String)>,
    /// How many files were looked at.
    pub files: usize,
    /// How many lines they have.
    pub lines: usize,
}

/// Looks at a file, or at every file of a directory.
pub fn scan(path: &Path, rules: &Rules, options: &Options) -> Scan {
    walk::scan(path, rules, options)
}

/// Looks at the text of one file; its name tells the language.
pub fn scan_text(file: &str, source: &str, rules: &Rules, _options: &Options) -> Scan {
    let Some(grammar) = Grammar::of(Path::new(file)) else { return Scan::default() };
    let engines = engines(rules);
    let Some(engine) = engines.get(&grammar.language()) else { return Scan::default() };
    let work = || one_file(file, source, grammar, engine, rules);
    walk::with_room(work)
        .unwrap_or_else(|reason| Scan { failures: vec![(file.to_owned(), reason)], ..Scan::default() })
}

type Engines<'r> = HashMap<Language, Engine<'r>>;

fn engines(rules: &Rules) -> Engines<'_> {
    Language::ALL.into_iter().map(|language| (language, Engine::new(rules, language))).collect()
}

fn one_file(file: &str, source: &str, grammar: Grammar, engine: &Engine<'_>, rules: &Rules) -> Scan {
    let mut scan = Scan { files: 1, lines: source.lines().count(), ..Scan::default() };
    let program = match lower::read(source, grammar) {
        Ok(program) => program,
        Err(reason) => {
            scan.failures.push((file.to_owned(), reason));
            return scan;
        }
    };
    let Program { tree, comments, problems } = program;
    scan.failures.extend(problems.into_iter().map(|problem| (file.to_owned(), problem)));
    let hits = engine.run(&tree, source, file);
    let found: Vec<CodeFinding> = hits
        .into_iter()
        .map(|hit| finding(&hit, tree.place(hit.at), file, source, grammar.language()))
        .collect();
    scan.findings = suppress::apply(found, &comments, file, rules);
    scan.findings.sort_by(|a, b| (a.line, a.column, &a.rule).cmp(&(b.line, b.column, &b.rule)));
    scan.findings.dedup_by(|a, b| a.rule == b.rule && a.line == b.line);
    scan
}

fn finding(hit: &Hit<'_>, place: tree::Place, file: &str, source: &str, language: Language) -> CodeFinding {
    let rule = hit.rule;
    let line = source.lines().nth(place.line - 1).unwrap_or_default();
    let column = line.get(..place.column - 1).map_or(place.column, |before| before.chars().count() + 1);
    CodeFinding {
        rule: rule.id.clone(),
        severity: severity(rule),
        message: rule.message.replace("{value}", &hit.value).replace("{call}", &hit.call),
        mend: rule.mend.get(language.name()).or_else(|| rule.mend.get("any")).cloned().unwrap_or_default(),
        cwe: rule.cwe.clone(),
        owasp: rule.owasp.clone(),
        file: file.to_owned(),
        line: place.line,
        column,
        way: hit.way.clone(),
        text: line.trim().to_owned(),
    }
}

fn severity(rule: &Rule) -> Severity {
    match rule.severity {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note => Severity::Note,
    }
}

impl CodeFinding {
    /// The finding in the terms of all formats.
    pub fn to_finding(&self) -> Finding {
        let mut message = self.message.clone();
        if self.way.len() > 1 {
            let lines: Vec<String> = self.way.iter().map(ToString::to_string).collect();
            message.push_str(&format!(" (line {})", lines.join(" -> ")));
        }
        Finding::new(&self.rule, self.severity, message)
            .at(Location::position(&self.file, self.line, self.column))
            .about(&self.text)
            .help(&self.mend)
            .references([self.cwe.as_str(), self.owasp.as_str()])
    }
}

impl Scan {
    /// The scan in the terms of all formats.
    pub fn to_report(&self) -> Report {
        let failure =
            |(file, reason): &(String, String)| Failure { check: file.clone(), reason: reason.clone() };
        Report {
            findings: self.findings.iter().map(CodeFinding::to_finding).collect(),
            failures: self.failures.iter().map(failure).collect(),
            ..Report::default()
        }
    }
}

/// Checks that every rule finds its own bad examples and passes its good ones; gives what does not.
pub fn check_examples(rules: &Rules) -> Vec<String> {
    let engines = engines(rules);
    let mut wrong = Vec::new();
    for rule in &rules.rules {
        for example in &rule.example {
            let Some(engine) = engines.get(&example.language) else { continue };
            for (code, expected) in [(&example.bad, true), (&example.good, false)] {
                let file = format!("example.{}", example.language.name());
                let scan = one_file(&file, code, example.language.grammar(), engine, rules);
                if scan.findings.iter().any(|finding| finding.rule == rule.id) != expected {
                    let says = if expected { "does not find its bad" } else { "finds its good" };
                    wrong.push(format!("{} {says} example:\n{code}", rule.id));
                }
            }
        }
    }
    wrong
}
