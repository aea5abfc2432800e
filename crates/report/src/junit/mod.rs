//! JUnit XML for the test pages of build servers.
//!
//! There is no standard; this is the part that Jenkins and GitLab both read. A suite is a category and a test case a
//! check: open is a failure, shut has passed, what could not be tried is skipped with its reason, and what is unknown
//! is an error. Findings that no check names are failures of their own. GitLab drops a second case of the same name,
//! so names are unique.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::check::{Check, Verdict};
use crate::finding::Finding;
use crate::limits;
use crate::results::Report;
use crate::tool::Tool;

mod xml;

use xml::Xml;

/// The most characters of a test case's name.
const NAME: usize = 160;

/// The report as an XML document.
pub fn report(tool: &Tool<'_>, report: &Report) -> String {
    let report = limits::bounded(report);
    let suites = suites(tool, &report);
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let mut xml = Xml::new();
    xml.open("testsuites", &[&[("name", tool.name.to_owned())][..], &Totals::of(all).attributes()].concat());
    for suite in &suites {
        let mut attributes = vec![("name", suite.name.clone())];
        attributes.extend(Totals::of(&suite.cases).attributes());
        attributes.extend(report.ended.map(|ended| {
            let time = humantime::format_rfc3339_seconds(ended).to_string();
            // Jenkins reads local times without a zone.
            ("timestamp", time.trim_end_matches('Z').to_owned())
        }));
        xml.open("testsuite", &attributes);
        for case in &suite.cases {
            case.write(&mut xml);
        }
        xml.close("testsuite");
    }
    xml.close("testsuites");
    xml.end()
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    /// File and line, where the one finding has them.
    place: Option<(String, Option<usize>)>,
    verdict: Verdict,
    /// The kind of a failure or an error.
    kind: &'static str,
    message: String,
    /// What is known about it, as text.
    body: String,
}

impl Case {
    fn write(&self, xml: &mut Xml) {
        let mut attributes = vec![("classname", self.class.clone()), ("name", self.name.clone())];
        if let Some((file, line)) = &self.place {
            attributes.push(("file", file.clone()));
            attributes.extend(line.map(|line| ("line", line.to_string())));
        }
        // Jenkins adds times up and complains where there are none.
        attributes.push(("time", "0".to_owned()));
        let message = ("message", self.message.clone());
        let kind = ("type", self.kind.to_owned());
        xml.open("testcase", &attributes);
        match self.verdict {
            Verdict::Open => xml.element("failure", &[message, kind], &self.body),
            Verdict::Unknown => xml.element("error", &[message, kind], &self.body),
            // GitLab shows the content and Jenkins the attribute.
            Verdict::NotTried => xml.element("skipped", &[message], &self.body),
            Verdict::Shut => xml.element("system-out", &[], &self.body),
        }
        xml.close("testcase");
    }
}

#[derive(Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Totals {
    fn of<'c>(cases: impl IntoIterator<Item = &'c Case>) -> Self {
        let mut totals = Totals::default();
        for case in cases {
            totals.tests += 1;
            totals.failures += usize::from(case.verdict == Verdict::Open);
            totals.errors += usize::from(case.verdict == Verdict::Unknown);
            totals.skipped += usize::from(case.verdict == Verdict::NotTried);
        }
        totals
    }

    fn attributes(&self) -> [(&'static str, String); 5] {
        [
            ("tests", self.tests.to_string()),
            ("failures", self.failures.to_string()),
            ("errors", self.errors.to_string()),
            ("skipped", self.skipped.to_string()),
            ("time", "0".to_owned()),
        ]
    }
}

/// A suite for each row of the checklist, and one for what could not run and is no check.
fn suites(tool: &Tool<'_>, report: &Report) -> Vec<Suite> {
    let mut names = HashSet::new();
    let mut last: HashMap<(String, String), usize> = HashMap::new();
    let mut case = |category: Option<&str>, name: String| {
        let class = format!("{}.{}", tool.name, category.unwrap_or("other"));
        let name = limits::cut(&crate::visible::on_one_line(&name), NAME);
        // Findings that are alike come by the thousand: begin where the last one of this name ended.
        let last = last.entry((class.clone(), name.clone())).or_default();
        let unique = (*last + 1..).find_map(|n| {
            let numbered = if n == 1 { name.clone() } else { format!("{name} ({n})") };
            *last = n;
            names.insert((class.clone(), numbered.clone())).then_some(numbered)
        });
        (class, unique.unwrap_or(name))
    };
    let mut suites = Vec::new();
    for row in report.rows() {
        let checks = report.checks.iter().filter(|check| check.category.as_deref() == row.name);
        let mut cases: Vec<Case> = Vec::new();
        for check in checks {
            let (class, name) = case(row.name, check.name.clone());
            cases.push(of_check(report, check, class, name));
        }
        for finding in row.findings.iter().filter_map(|index| report.findings.get(*index)) {
            if report.checks.iter().any(|check| check.name == finding.rule) {
                continue;
            }
            let (class, name) = case(row.name, format!("{}: {}", finding.rule, finding.message));
            cases.push(of_finding(finding, class, name));
        }
        if !cases.is_empty() {
            suites.push(Suite { name: row.title.to_owned(), cases });
        }
    }
    let is_no_check = |name: &str| !report.checks.iter().any(|check| check.name == name);
    let failures = report.failures.iter().filter(|failure| is_no_check(&failure.check));
    let failures: Vec<Case> = failures
        .map(|failure| {
            let (class, name) = case(Some("failures"), failure.check.clone());
            Case {
                class,
                name,
                place: None,
                verdict: Verdict::Unknown,
                kind: "could-not-run",
                message: failure.reason.clone(),
                body: failure.reason.clone(),
            }
        })
        .collect();
    if !failures.is_empty() {
        suites.push(Suite { name: "Could not run".to_owned(), cases: failures });
    }
    suites
}

fn of_check(report: &Report, check: &Check, class: String, name: String) -> Case {
    let findings: Vec<&Finding> = report.findings_of(check).collect();
    let place = findings.first().and_then(|finding| place(finding));
    let thought = check.thought.as_ref().map(|thought| format!("{thought}\n")).unwrap_or_default();
    let mut body = format!("{thought}{}\n", check.reason);
    body.extend(findings.iter().map(|finding| format!("\n{}", describe(finding))));
    let (message, verdict) = (check.reason.clone(), check.verdict);
    let kind =
        findings.iter().map(|finding| finding.level()).max().map_or(verdict.name(), |level| level.name());
    Case { class, name, place, verdict, kind, message, body }
}

fn of_finding(finding: &Finding, class: String, name: String) -> Case {
    let (message, body) = (finding.message.clone(), describe(finding));
    Case {
        class,
        name,
        place: place(finding),
        verdict: Verdict::Open,
        kind: finding.level().name(),
        message,
        body,
    }
}

fn place(finding: &Finding) -> Option<(String, Option<usize>)> {
    let location = finding.location.as_ref()?;
    Some((location.file.clone(), location.position.map(|(line, _)| line)))
}

/// A finding as plain text.
fn describe(finding: &Finding) -> String {
    let mut out = format!("{} [{}]\n", finding.message, finding.level());
    let location = finding.location.as_ref().map(ToString::to_string);
    let references = finding.references.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for (title, text) in [
        ("At", location.as_deref()),
        ("About", finding.subject.as_deref()),
        ("What to do", finding.help.as_deref()),
        ("In the code", finding.mend_in_code.as_deref()),
        ("At the gate", finding.mend_at_gate.as_deref()),
        ("Repeat it", finding.repeat.as_deref()),
        ("See", Some(references.as_str()).filter(|references| !references.is_empty())),
    ] {
        if let Some(text) = text {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{title}: {text}");
        }
    }
    out.extend(finding.evidence.iter().map(crate::text::transcript));
    out
}
