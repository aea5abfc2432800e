//! Rules: data files that come with the program, and those that a team adds.

pub(crate) mod schema;
pub(crate) mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::code::language::Language;
use schema::{Find, Knowledge, Rule, RuleFile, Sanitizer};

/// The files that come with the program.
const OWN: [(&str, &str); 7] = [
    ("languages.toml", include_str!("../../../rules/languages.toml")),
    ("sanitizers.toml", include_str!("../../../rules/sanitizers.toml")),
    ("injection.toml", include_str!("../../../rules/injection.toml")),
    ("access.toml", include_str!("../../../rules/access.toml")),
    ("browser.toml", include_str!("../../../rules/browser.toml")),
    ("tokens.toml", include_str!("../../../rules/tokens.toml")),
    ("settings.toml", include_str!("../../../rules/settings.toml")),
];

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A file or a directory that cannot be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A rule that is wrong.
    #[error("{file}:{line}: {message}; {mend}")]
    Broken {
        /// The file.
        file: String,
        /// The line, counted from one.
        line: usize,
        /// What is wrong.
        message: String,
        /// What to write instead.
        mend: String,
    },
}

/// All rules of a scan, in the form in which they are run.
#[derive(Debug)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    knowledge: HashMap<Language, Knowledge>,
    sanitizers: Vec<Sanitizer>,
    flows: Vec<String>,
}

/// A language's part of the rules, found quickly.
#[derive(Debug, Default)]
pub(crate) struct Index<'r> {
    pub(crate) calls: HashMap<&'r str, Vec<(&'r Rule, &'r Find)>>,
    /// Calls that no last name tells apart.
    pub(crate) any_calls: Vec<(&'r Rule, &'r Find)>,
    pub(crate) assigns: Vec<(&'r Rule, &'r Find)>,
    pub(crate) strings: Vec<(&'r Rule, &'r Find)>,
    pub(crate) compares: Vec<(&'r Rule, &'r Find)>,
    pub(crate) returns: Vec<(&'r Rule, &'r Find)>,
    pub(crate) patterns: Vec<(&'r Rule, &'r Find, crate::code::pattern::Code)>,
    pub(crate) sanitizers: Vec<(&'r Sanitizer, u32)>,
}

impl Rules {
    /// The rules that come with the program.
    pub fn own() -> Result<Rules, RuleError> {
        let mut rules =
            Rules { rules: Vec::new(), knowledge: HashMap::new(), sanitizers: Vec::new(), flows: Vec::new() };
        for (name, text) in OWN {
            rules.add(name, text)?;
        }
        Ok(rules)
    }

    /// Adds the files `*.toml` of a directory.
    pub fn add_directory(&mut self, directory: &Path) -> Result<(), RuleError> {
        let unreadable = |source| RuleError::Unreadable { file: directory.to_owned(), source };
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(unreadable)? {
            files.push(entry.map_err(unreadable)?.path());
        }
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file)
                .map_err(|source| RuleError::Unreadable { file: file.clone(), source })?;
            self.add(&file.display().to_string(), &text)?;
        }
        Ok(())
    }

    /// Adds the rules of one file.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), RuleError> {
        let line_of = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let broken = |at: usize, message: String, mend: &str| RuleError::Broken {
            file: file.to_owned(),
            line: line_of(at),
            message,
            mend: mend.to_owned(),
        };
        let parsed: RuleFile = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            broken(at, e.message().trim().replace('\n', " "), "docs/scan-code.md lists the keys of a rule")
        })?;
        for rule in parsed.rule {
            let at = rule.span().start;
            let rule = rule.into_inner();
            if self.rules.iter().any(|known| known.id == rule.id) {
                let mend = "give it another id; a team's ids may begin with the team's name";
                return Err(broken(at, format!("there is a rule `{}` already", rule.id), mend));
            }
            if !rule.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
                return Err(broken(at, format!("`{}` is no id", rule.id), "use small letters, digits and -"));
            }
            if rule.mend.is_empty() {
                let mend = "add `mend = { any = \"...\" }`";
                return Err(broken(at, format!("the rule `{}` says no mend", rule.id), mend));
            }
            for find in &rule.find {
                self.check(&rule, find).map_err(|(message, mend)| broken(at, message, mend))?;
            }
            self.flow(&rule.flow);
            self.rules.push(rule);
        }
        for sanitizer in parsed.sanitizer {
            for flow in &sanitizer.cleans {
                self.flow(flow);
            }
            self.sanitizers.push(sanitizer);
        }
        for knowledge in parsed.language {
            let Some(name) = knowledge.name else {
                return Err(broken(0, "a [[language]] without a name".into(), "add `name = \"python\"`"));
            };
            self.knowledge.entry(name).or_default().add(&knowledge);
        }
        if self.flows.len() > 30 {
            return Err(broken(0, "more than 30 flows".into(), "use the names of flows that there are"));
        }
        Ok(())
    }

    fn check(&self, rule: &Rule, find: &Find) -> Result<(), (String, &'static str)> {
        let kinds = [
            !find.call.is_empty(),
            find.assign.is_some(),
            find.string.is_some(),
            find.compare.is_some(),
            find.returns,
            find.pattern.is_some(),
        ];
        if kinds.iter().filter(|kind| **kind).count() != 1 {
            return Err((
                format!("a [[rule.find]] of `{}` has to look at one thing", rule.id),
                "give exactly one of call, assign, string, compare, returns and pattern",
            ));
        }
        if let Some(code) = &find.pattern {
            for language in languages(find) {
                crate::code::pattern::Code::read(code, *language).map_err(|why| {
                    (
                        format!("the pattern of `{}` is no {}: {why}", rule.id, language.name()),
                        "write code with holes such as $VALUE",
                    )
                })?;
            }
        }
        Ok(())
    }

    fn flow(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let at = self.flows.iter().position(|flow| flow == name).unwrap_or_else(|| {
            self.flows.push(name.to_owned());
            self.flows.len() - 1
        });
        u32::try_from(at).ok().and_then(|at| 1u32.checked_shl(at)).unwrap_or(0)
    }

    /// The bit of a flow.
    pub(crate) fn bit(&self, name: &str) -> u32 {
        let at = self.flows.iter().position(|flow| flow == name);
        at.and_then(|at| u32::try_from(at).ok()).and_then(|at| 1u32.checked_shl(at)).unwrap_or(0)
    }

    pub(crate) fn knowledge(&self, language: Language) -> Knowledge {
        self.knowledge.get(&language).cloned().unwrap_or_default()
    }

    /// The part for one language.
    pub(crate) fn index(&self, language: Language) -> Index<'_> {
        let mut index = Index::default();
        for rule in &self.rules {
            for find in rule.find.iter().filter(|find| languages(find).contains(&language)) {
                if find.assign.is_some() {
                    index.assigns.push((rule, find));
                } else if find.string.is_some() {
                    index.strings.push((rule, find));
                } else if find.compare.is_some() {
                    index.compares.push((rule, find));
                } else if find.returns {
                    index.returns.push((rule, find));
                } else if let Some(code) = &find.pattern {
                    if let Ok(code) = crate::code::pattern::Code::read(code, language) {
                        index.patterns.push((rule, find, code));
                    }
                } else {
                    index.add_call(rule, find);
                }
            }
        }
        for sanitizer in &self.sanitizers {
            if sanitizer.languages.is_empty() || sanitizer.languages.contains(&language) {
                let bits = sanitizer.cleans.iter().fold(0, |bits, flow| bits | self.bit(flow));
                index.sanitizers.push((sanitizer, bits));
            }
        }
        index
    }
}

impl<'r> Index<'r> {
    fn add_call(&mut self, rule: &'r Rule, find: &'r Find) {
        let names: Option<Vec<&str>> = find.call.iter().map(|glob| glob.last_name()).collect();
        match names {
            Some(mut names) => {
                names.sort_unstable();
                names.dedup();
                for name in names {
                    self.calls.entry(name).or_default().push((rule, find));
                }
            }
            None => self.any_calls.push((rule, find)),
        }
    }
}

/// The languages of a find.
fn languages(find: &Find) -> &[Language] {
    if find.languages.is_empty() { &Language::ALL } else { &find.languages }
}
