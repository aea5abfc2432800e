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

mod finding;
mod flow;
mod language;
mod look;
mod lower;
mod pattern;
mod rules;
mod suppress;
mod tree;
mod walk;

use std::path::Path;

pub use finding::{CodeFinding, Options, Scan, Severity, Tests};
pub use language::Language;
pub use rules::{RuleError, Rules};

use crate::code::language::Grammar;
use crate::code::look::{engines, one_file};

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
