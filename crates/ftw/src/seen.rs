//! What one exchange left behind, and whether it is what a stage expects.

use seclang::RuleMatch;

use crate::suite::Output;

/// Characters of the log that a failure shows.
const SHOWN: usize = 300;

/// The observable result of one exchange.
#[derive(PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    /// The ids of the rules that matched.
    pub(crate) ids: Vec<u64>,
    /// The log, one line a match.
    pub(crate) log: String,
    /// Why the gateway refused the request before any rule ran.
    pub(crate) refused: Option<String>,
}

impl Seen {
    /// The first expectation that is not met.
    pub(crate) fn unmet(&self, output: &Output) -> Option<String> {
        // The suite means a connection that the server closes; such a server answers 400 here.
        if output.expect_error == Some(true) && self.status == 400 {
            return None;
        }
        let short = |text: &str| text.chars().take(SHOWN).collect::<String>();
        if let Some(status) = output.status
            && status != self.status
        {
            return Some(format!("status {} instead of {status}; rules {:?}", self.status, self.ids));
        }
        if let Some(missing) = output.log.expect_ids.iter().find(|id| !self.ids.contains(id)) {
            return Some(format!("rule {missing} did not match; those that did: {:?}", self.ids));
        }
        if let Some(extra) = output.log.no_expect_ids.iter().find(|id| self.ids.contains(id)) {
            return Some(format!("rule {extra} matched"));
        }
        let regex = |pattern: &str| regex::Regex::new(pattern).map_err(|e| format!("`{pattern}`: {e}"));
        for (pattern, wanted) in [
            (output.log.match_regex.as_deref().or(output.log_contains.as_deref()), true),
            (output.log.no_match_regex.as_deref().or(output.no_log_contains.as_deref()), false),
        ] {
            let Some(pattern) = pattern else { continue };
            match regex(pattern) {
                Ok(regex) if regex.is_match(&self.log) == wanted => {}
                Ok(_) => return Some(format!("`{pattern}`: the log says {}", short(&self.log))),
                Err(error) => return Some(error),
            }
        }
        None
    }
}

/// A log line for a match, in the form of ModSecurity's error log.
pub(crate) fn log_line(found: &RuleMatch) -> String {
    let tags: String = found.tags.iter().map(|tag| format!(" [tag \"{tag}\"]")).collect();
    format!(
        "ModSecurity: Warning. Operator {} matched at {}. [file \"{}\"] [line \"{}\"] [id \"{}\"] [msg \"{}\"] [data \"{}\"]{tags}",
        found.operator,
        found.variable,
        found.file,
        found.line,
        found.id,
        escaped(&found.message),
        escaped(&found.data)
    )
}

/// Escapes the control characters of a text.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            character if character.is_control() => out.push_str(&format!("\\x{:02x}", character as u32)),
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_unmet_expectation_is_named() {
        let seen = Seen { status: 200, ids: vec![1, 2], log: "[id \"1\"]".into(), refused: None };
        for (yaml, unmet) in [
            ("{}", None),
            ("{status: 200, log: {expect_ids: [1, 2], no_expect_ids: [3]}}", None),
            ("{log_contains: 'id .1', no_log_contains: 'id .2'}", None),
            ("{response_contains: x}", None),
            ("{status: 403}", Some("status 200 instead of 403")),
            ("{log: {expect_ids: [1, 3]}}", Some("rule 3 did not match")),
            ("{log: {no_expect_ids: [2]}}", Some("rule 2 matched")),
            ("{log: {match_regex: 'id .2'}}", Some("`id .2`")),
            ("{log: {no_match_regex: 'id .1'}}", Some("`id .1`")),
            ("{log_contains: '('}", Some("`(`")),
            ("{expect_error: true, status: 400}", Some("status 200")),
        ] {
            let output: Output = serde_saphyr::from_str(yaml).unwrap();
            let found = seen.unmet(&output);
            match unmet {
                None => assert_eq!(found, None, "{yaml}"),
                Some(start) => {
                    assert!(found.as_ref().is_some_and(|f| f.starts_with(start)), "{yaml}: {found:?}")
                }
            }
        }
    }

    #[test]
    fn an_error_that_the_test_expects_is_an_answer() {
        let output: Output = serde_saphyr::from_str("{expect_error: true, status: 200}").unwrap();
        let seen = Seen { status: 400, ids: Vec::new(), log: String::new(), refused: None };
        assert_eq!(seen.unmet(&output), None);
    }
}
