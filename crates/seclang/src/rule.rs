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

    /// Whether it has an action of a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.actions.iter().any(|action| action.name == name)
    }

    /// Its tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter(|action| action.name == "tag").filter_map(|action| action.value.as_deref())
    }

    /// Puts actions in the place of those of the same name. Tags and transformations come beside those that are there.
    pub(crate) fn replace_actions(&mut self, actions: &[Action]) {
        const MANY: [&str; 4] = ["tag", "t", "setvar", "ctl"];
        const DISRUPTIVE: [&str; 7] = ["deny", "drop", "block", "allow", "redirect", "proxy", "pass"];
        for action in actions.iter().filter(|action| action.name != "id") {
            let name = action.name.as_str();
            if DISRUPTIVE.contains(&name) {
                self.actions.retain(|old| !DISRUPTIVE.contains(&old.name.as_str()));
            } else if !MANY.contains(&name) {
                self.actions.retain(|old| old.name != name);
            }
            self.actions.push(action.clone());
        }
    }

    /// The paranoia level that its tags name.
    pub fn paranoia_level(&self) -> Option<u8> {
        self.tags().filter_map(|tag| tag.strip_prefix("paranoia-level/")).find_map(|level| level.parse().ok())
    }
}

/// The rules among directives, in order.
///
/// # Errors
/// When a rule has too few arguments, or none of its links has an id.
pub fn rules(directives: &[Directive]) -> Result<Vec<Rule>, SyntaxError> {
    let mut rules: Vec<Rule> = Vec::new();
    for directive in directives.iter().filter(|d| d.name == "SecRule" || d.name == "SecAction") {
        let chained = rules.last().is_some_and(|before| before.has("chain"));
        rules.push(rule(directive, chained)?);
    }
    Ok(rules)
}

/// One rule; the later links of a chain need no id.
pub(crate) fn rule(directive: &Directive, chained: bool) -> Result<Rule, SyntaxError> {
    let wrong = |reason: &str| SyntaxError {
        file: Arc::clone(&directive.file),
        line: directive.line,
        reason: reason.into(),
    };
    let is_action = directive.name.eq_ignore_ascii_case("SecAction");
    let (variables, operator, actions) = match directive.arguments.as_slice() {
        [actions] if is_action => (Vec::new(), None, parse(actions)),
        _ if is_action => return Err(wrong("SecAction takes actions")),
        [variables, operator] => (self::variables(variables), Some(self::operator(operator)), Vec::new()),
        [variables, operator, actions] => {
            (self::variables(variables), Some(self::operator(operator)), parse(actions))
        }
        _ => return Err(wrong("SecRule takes variables, an operator and actions")),
    };
    let id = actions.iter().find(|a| a.name == "id").and_then(|a| a.value.as_deref());
    let id = match id.map(str::parse) {
        Some(Ok(id)) => id,
        Some(Err(_)) => return Err(wrong("the id is not a number")),
        None if chained => 0,
        None => return Err(wrong("the rule has no id")),
    };
    let (file, line) = (Arc::clone(&directive.file), directive.line);
    Ok(Rule { id, variables, operator, actions, file, line })
}

/// Variables are parted by `|`, but not inside a `/regex/` selector.
pub(crate) fn variables(text: &str) -> Vec<Variable> {
    let mut parts = Vec::new();
    let (mut start, mut in_regex) = (0, false);
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'/' if !in_regex && at > 0 && bytes[at - 1] == b':' && !is_xpath(&text[start..at]) => {
                in_regex = true
            }
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

/// Whether a selector that begins with a slash is XPath: that of `XML` is.
fn is_xpath(before: &str) -> bool {
    before.trim_start_matches(['!', '&']).eq_ignore_ascii_case("XML:")
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
    fn a_slash_begins_a_regex_or_xpath() {
        let rules = read("SecRule XML:/*|XML://@*|!ARGS:/a|b/|TX:1 x id:1").unwrap();
        let names: Vec<_> = rules[0].variables.iter().map(|v| v.selector.as_deref().unwrap()).collect();
        assert_eq!(names, ["/*", "//@*", "/a|b/", "1"]);
    }

    #[test]
    fn broken_rules_say_where() {
        for text in ["SecRule ARGS", "SecRule ARGS x id:seven", "SecRule ARGS x phase:2", "SecAction"] {
            let error = read(&format!("\n{text}")).unwrap_err();
            assert_eq!(error.line, 2, "{text}");
        }
    }
}
