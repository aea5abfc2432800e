//! `doorward: allow RULE because REASON`, in a comment on the line of the finding or on the line above.
//!
//! A reason is required: whoever reads the code next has to be able to judge it. One without a reason suppresses
//! nothing and is told, one that suppresses nothing is a note.

use std::sync::LazyLock;

use regex::Regex;

use super::finding::{CodeFinding, Severity};
use crate::code::rules::Rules;

/// The rules that tell of suppressions themselves.
const WITHOUT_REASON: &str = "suppression-without-reason";
const UNKNOWN: &str = "suppression-of-unknown-rule";
const UNUSED: &str = "suppression-unused";

pub(super) fn apply(
    mut found: Vec<CodeFinding>,
    comments: &[(usize, usize, String)],
    file: &str,
    rules: &Rules,
) -> Vec<CodeFinding> {
    static ALLOW: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"doorward:\s*allow\s+([a-z0-9-]+)(?:\s+because\s+(\S[^\n*]*))?").ok());
    let Some(allow) = ALLOW.as_ref() else { return found };
    for (first, last, text) in comments {
        for suppression in allow.captures_iter(text) {
            let rule = suppression.get(1).map_or("", |rule| rule.as_str());
            let before = suppression.get(0).and_then(|all| text.get(..all.start())).unwrap_or_default();
            let line = first + before.matches('\n').count();
            let tell = |rule: &str, severity, message: String, mend: &str| CodeFinding {
                rule: rule.into(),
                severity,
                message,
                mend: mend.into(),
                cwe: "CWE-1164".into(),
                owasp: "API8:2023".into(),
                file: file.into(),
                line,
                column: 1,
                way: Vec::new(),
                text: String::new(),
            };
            if suppression.get(2).is_none() {
                let message = format!("`{rule}` is allowed here without a reason, so it is not");
                found.push(tell(
                    WITHOUT_REASON,
                    Severity::Warning,
                    message,
                    "write `because` and why it is safe",
                ));
                continue;
            }
            if !rules.rules.iter().any(|known| known.id == rule) {
                let message = format!("there is no rule `{rule}` to allow");
                found.push(tell(
                    UNKNOWN,
                    Severity::Warning,
                    message,
                    "write the name that stands behind the finding",
                ));
                continue;
            }
            let count = found.len();
            found.retain(|f| f.rule != rule || f.line != line && f.line != *last && f.line != last + 1);
            if found.len() == count {
                let message = format!("`{rule}` is allowed here, and nothing of it is found");
                found.push(tell(UNUSED, Severity::Note, message, "remove the comment"));
            }
        }
    }
    found
}
