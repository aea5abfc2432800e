//! Rules: what they look at, what they look for, what they do.

use std::sync::Arc;

use crate::actions::{Action, parse};
use crate::lexer::{Directive, SyntaxError};

/// A `SecRule` or `SecAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `id`; zero for the later links of a chain.
    pub id: u64,
    /// What it looks at; nothing for `SecAction`.
    pub variables: Vec<Variable>,
    /// What it looks for.
    pub operator: Option<Operator>,
    /// What it does.
    pub actions: Vec<Action>,
    /// The file.
    pub file: Arc<str>,
    /// The line, from one.
    pub line: usize,
}

/// Something that a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `ARGS`, `REQUEST_HEADERS`, ...
    pub name: String,
    /// `User-Agent` or `/regex/`.
    pub selector: Option<String>,
    /// `!`: left out.
    pub excluded: bool,
    /// `&`: how many there are.
    pub counted: bool,
}

/// What a rule looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// `rx`, `pm`, `detectSQLi`, ...
    pub name: String,
    /// What follows the name.
    pub argument: String,
    /// `!`: it must not match.
    pub negated: bool,
}

impl Rule {
    /// The value of the first action of a name.
    pub fn action(&self, name: &str) -> Option<&str> {
        self.actions.iter().find(|a| a.name == name).and_then(|a| a.value.as_deref())
    }

    /// The paranoia level that its tags name.
    pub fn paranoia_level(&self) -> Option<u8> {
        self.actions
            .iter()
            .filter(|a| a.name == "tag")
            .filter_map(|a| a.value.as_deref()?.strip_prefix("paranoia-level/"))
            .find_map(|level| level.parse().ok())
    }
}

/// The rules among directives, in order.
///
/// # Errors
/// When a rule has too few arguments, or none of its links has an id.
pub fn rules(directives: &[Directive]) -> Result<Vec<Rule>, SyntaxError> {
    let mut rules: Vec<Rule> = Vec::new();
    for directive in directives {
        let wrong = |reason: &str| SyntaxError {
            file: Arc::clone(&directive.file),
            line: directive.line,
            reason: reason.into(),
        };
        let (variables, operator, actions) = match (directive.name.as_str(), directive.arguments.as_slice()) {
            ("SecRule", [variables, operator]) => {
                (self::variables(variables), Some(self::operator(operator)), Vec::new())
            }
            ("SecRule", [variables, operator, actions]) => {
                (self::variables(variables), Some(self::operator(operator)), parse(actions))
            }
            ("SecAction", [actions]) => (Vec::new(), None, parse(actions)),
            ("SecRule", _) => return Err(wrong("SecRule takes variables, an operator and actions")),
            ("SecAction", _) => return Err(wrong("SecAction takes actions")),
            _ => continue,
        };
        let id = actions.iter().find(|a| a.name == "id").and_then(|a| a.value.as_deref());
        let chained = rules.last().is_some_and(|before| before.actions.iter().any(|a| a.name == "chain"));
        let id = match id.map(str::parse) {
            Some(Ok(id)) => id,
            Some(Err(_)) => return Err(wrong("the id is not a number")),
            None if chained => 0,
            None => return Err(wrong("the rule has no id")),
        };
        rules.push(Rule {
            id,
            variables,
            operator,
            actions,
            file: Arc::clone(&directive.file),
            line: directive.line,
        });
    }
    Ok(rules)
}

/// Variables are parted by `|`, but not inside a `/regex/` selector.
fn variables(text: &str) -> Vec<Variable> {
    let mut parts = Vec::new();
    let (mut start, mut in_regex) = (0, false);
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'/' if !in_regex && at > 0 && bytes[at - 1] == b':' => in_regex = true,
            b'/' if in_regex && bytes[at - 1] != b'\\' => in_regex = false,
            b'|' if !in_regex => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
        .into_iter()
        .map(|part| {
            let excluded = part.starts_with('!');
            let part = part.trim_start_matches('!');
            let counted = part.starts_with('&');
            let part = part.trim_start_matches('&');
            let (name, selector) =
                part.split_once(':').map_or((part, None), |(name, s)| (name, Some(s.to_owned())));
            Variable { name: name.to_owned(), selector, excluded, counted }
        })
        .collect()
}

/// `@name argument`; without a name it is `@rx`.
fn operator(text: &str) -> Operator {
    let negated = text.starts_with('!');
    let text = text.strip_prefix('!').unwrap_or(text);
    match text.strip_prefix('@') {
        Some(rest) => {
            let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            Operator { name: name.to_owned(), argument: argument.trim().to_owned(), negated }
        }
        None => Operator { name: "rx".into(), argument: text.to_owned(), negated },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::directives;

    fn read(text: &str) -> Result<Vec<Rule>, SyntaxError> {
        rules(&directives("a.conf", text)?)
    }

    #[test]
    fn a_rule_is_taken_apart() {
        let rules = read("SecRule ARGS:/^a|b$/|!ARGS:c|&REQUEST_HEADERS:Host \"!@eq 1\" \"id:920100,phase:1,msg:'one, two',tag:'paranoia-level/2',chain\"\nSecRule ARGS foo\nSecAction id:7").unwrap();
        let rule = &rules[0];
        assert_eq!((rule.id, rule.paranoia_level(), rule.action("msg")), (920100, Some(2), Some("one, two")));
        assert_eq!(rule.variables.len(), 3);
        assert_eq!(rule.variables[0].selector.as_deref(), Some("/^a|b$/"));
        assert!(rule.variables[1].excluded && rule.variables[2].counted);
        assert_eq!(rule.operator, Some(Operator { name: "eq".into(), argument: "1".into(), negated: true }));
        assert_eq!((rules[1].id, rules[1].operator.as_ref().unwrap().name.as_str()), (0, "rx"));
    }

    #[test]
    fn broken_rules_say_where() {
        for text in ["SecRule ARGS", "SecRule ARGS x id:seven", "SecRule ARGS x phase:2", "SecAction"] {
            let error = read(&format!("\n{text}")).unwrap_err();
            assert_eq!(error.line, 2, "{text}");
        }
    }
}
