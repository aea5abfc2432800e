//! One file, looked at by the rules of its language.

use std::collections::HashMap;

use super::finding::{CodeFinding, Scan, Severity};
use super::suppress;
use super::tree::Place;
use crate::code::flow::{Engine, Hit};
use crate::code::language::{Grammar, Language};
use crate::code::lower::{self, Program};
use crate::code::rules::Rules;
use crate::code::rules::schema::{Level, Rule};

pub(super) type Engines<'r> = HashMap<Language, Engine<'r>>;

pub(super) fn engines(rules: &Rules) -> Engines<'_> {
    Language::ALL.into_iter().map(|language| (language, Engine::new(rules, language))).collect()
}

pub(super) fn one_file(
    file: &str,
    source: &str,
    grammar: Grammar,
    engine: &Engine<'_>,
    rules: &Rules,
) -> Scan {
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

fn finding(hit: &Hit<'_>, place: Place, file: &str, source: &str, language: Language) -> CodeFinding {
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
