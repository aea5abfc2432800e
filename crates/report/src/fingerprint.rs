//! Fingerprints: the same finding has the same one in the next run.
//!
//! A line number changes when somebody adds a comment above, and ids in URLs change with every run. So neither goes
//! in: a fingerprint is made of the rule, the file, and what the finding is about, with ids replaced. Of findings that
//! are alike in all three, the second gets the number 2 and so on, so that one more copy of an old mistake is new.

use std::collections::HashMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::finding::Finding;
use crate::reference::Reference;
use crate::results::Report;

impl Report {
    /// The fingerprint of each finding, in their order: 32 hexadecimal digits, a colon and a number.
    pub fn fingerprints(&self) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let of = |finding: &Finding| {
            let digest = digest(finding);
            let count = seen.entry(digest.clone()).and_modify(|count| *count += 1).or_insert(1);
            format!("{digest}:{count}")
        };
        self.findings.iter().map(of).collect()
    }
}

/// How many bytes of the hash are kept: enough that no two of a million findings meet.
const BYTES: usize = 16;

fn digest(finding: &Finding) -> String {
    let file = finding.location.as_ref().map_or("", |location| location.file.as_str());
    let file = file.replace('\\', "/");
    let subject = match &finding.subject {
        Some(subject) => subject.split_whitespace().collect::<Vec<_>>().join(" "),
        None => without_ids(&finding.message),
    };
    let mut hash = Sha256::new();
    for part in ["1", &finding.rule, file.trim_start_matches("./"), &subject] {
        // The length goes first, so that no two lists of parts make the same bytes.
        hash.update(part.len().to_string());
        hash.update(":");
        hash.update(part);
    }
    let mut out = String::new();
    for byte in hash.finalize().iter().take(BYTES) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The text with `#` for each word that is an id.
fn without_ids(text: &str) -> String {
    let is_of_a_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_a_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_of_a_word(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        out.push_str(if is_id(word) { "#" } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Numbers and UUIDs are ids, `oauth2-client` and `CVE-2021-44228` are names.
fn is_id(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_name = matches!(Reference::parse(word), Reference::Cwe(_) | Reference::Advisory(_));
    digits == word.len() || (word.len() >= 8 && digits * 5 >= word.len() && !is_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Location;
    use crate::severity::Severity;

    fn finding(rule: &str, message: &str) -> Finding {
        Finding::new(rule, Severity::Error, message)
    }

    fn one(finding: Finding) -> String {
        Report { findings: vec![finding], ..Report::default() }.fingerprints().remove(0)
    }

    #[test]
    fn shifted_lines_and_changed_ids_keep_the_fingerprint() {
        let at = |line, column| Location::position("src/a.js", line, column);
        let same = [
            finding("sql", "GET /users/17 answers 500").at(at(3, 1)),
            finding("sql", "GET /users/4211 answers 404").at(at(90, 7)),
            finding("sql", "GET /users/7a1f6bd2-55f0-4a3e-9d1c-0e8f8f5e6b11 answers 500")
                .at(Location::file(".\\src\\a.js".replace(".\\", "./"))),
        ];
        let [first, second, third] = same.map(one);
        assert_eq!(first, second);
        assert_eq!(first, third);
        let spaced = |text: &str| one(finding("sql", "any").about(text));
        assert_eq!(spaced("db.query(a + b)"), spaced("  db.query(a  +\tb)"));
    }

    #[test]
    fn ids_are_replaced_and_names_stay() {
        for (text, without) in [
            ("order 17 of bob", "order # of bob"),
            ("/users/7a1f6bd2-55f0-4a3e-9d1c-0e8f8f5e6b11/x", "/users/#/x"),
            ("log4j-core oauth2-client CVE-2021-44228", "log4j-core oauth2-client CVE-2021-44228"),
            ("V1StGXR8_Z5jdHi6B01", "#"),
            ("é1 v2", "é1 v2"),
        ] {
            assert_eq!(without_ids(text), without);
        }
    }

    #[test]
    fn another_rule_file_or_subject_is_another_finding() {
        let base = || finding("sql", "m").at(Location::file("a")).about("s");
        let others = [
            base(),
            finding("xss", "m").at(Location::file("a")).about("s"),
            base().at(Location::file("b")),
            base().about("t"),
            finding("sql", "m").at(Location::file("as")).about(""),
        ];
        let mut prints: Vec<String> = others.into_iter().map(one).collect();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), 5);
    }

    #[test]
    fn a_second_copy_is_numbered() {
        let report = Report { findings: vec![finding("r", "m"), finding("r", "m")], ..Report::default() };
        let prints = report.fingerprints();
        assert!(prints[0].ends_with(":1") && prints[1].ends_with(":2"));
        assert_eq!(prints[0].split(':').next(), prints[1].split(':').next());
    }

    /// A baseline is kept for years: this value changes only together with the version of its format.
    #[test]
    fn the_algorithm_is_pinned() {
        assert_eq!(one(finding("sql-union", "GET /users/{id} grows").at(Location::file("api.yaml"))), PINNED);
    }

    const PINNED: &str = "63dddc16ad098d6d9a4e905eaf46fb3c:1";
}
