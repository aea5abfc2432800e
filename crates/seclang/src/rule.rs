//! Rules as written: `SecRule` and `SecAction`, parsed but not compiled.

use std::sync::Arc;

use crate::actions::{Action, parse};
use crate::lexer::{Directive, SyntaxError};

/// A `SecRule` or `SecAction` as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `id`; 0 for the later links of a chain.
    pub id: u64,
    /// What it inspects; empty for `SecAction`.
    pub variables: Vec<Variable>,
    /// What it looks for; `None` for `SecAction`.
    pub operator: Option<Operator>,
    /// Its actions, in order.
    pub actions: Vec<Action>,
    /// The file.
    pub file: Arc<str>,
    /// The line, from one.
    pub line: usize,
}

/// A variable or collection in a rule's target list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `ARGS`, `REQUEST_HEADERS`, ...
    pub name: String,
    /// `User-Agent` or `/regex/`.
    pub selector: Option<String>,
    /// `!`: excluded from the targets.
    pub excluded: bool,
    /// `&`: the number of members instead of their values.
    pub counted: bool,
}

/// A rule's operator, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// `rx`, `pm`, `detectSQLi`, ...
    pub name: String,
    /// The argument after the name.
    pub argument: String,
    /// `!`: the rule matches where the operator does not.
    pub negated: bool,
}

impl Rule {
    /// Returns the value of the first action with a name.
    pub fn action(&self, name: &str) -> Option<&str> {
        self.actions.iter().find(|a| a.name == name).and_then(|a| a.value.as_deref())
    }

    /// Whether it has an action with a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.actions.iter().any(|action| action.name == name)
    }

    /// Its tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter(|action| action.name == "tag").filter_map(|action| action.value.as_deref())
    }

    /// Replaces actions of the same name (`SecRuleUpdateActionById`). Actions that may repeat, such as tags and
    /// transformations, are added.
    pub(crate) fn replace_actions(&mut self, actions: &[Action]) {
        const REPEATABLE: [&str; 4] = ["tag", "t", "setvar", "ctl"];
        const DISRUPTIVE: [&str; 7] = ["deny", "drop", "block", "allow", "redirect", "proxy", "pass"];
        for action in actions.iter().filter(|action| action.name != "id") {
            let name = action.name.as_str();
            if DISRUPTIVE.contains(&name) {
                self.actions.retain(|old| !DISRUPTIVE.contains(&old.name.as_str()));
            } else if !REPEATABLE.contains(&name) {
                self.actions.retain(|old| old.name != name);
            }
            self.actions.push(action.clone());
        }
    }

    /// The paranoia level in its tags (`paranoia-level/2`).
    pub fn paranoia_level(&self) -> Option<u8> {
        self.tags().filter_map(|tag| tag.strip_prefix("paranoia-level/")).find_map(|level| level.parse().ok())
    }
}

/// Parses the rules among directives, in order.
///
/// ```
/// let directives = seclang::directives("a.conf", r#"SecRule ARGS:q "!@eq 1" "id:7,tag:'paranoia-level/2'""#)?;
/// let rules = seclang::rules(&directives)?;
/// assert_eq!((rules[0].id, rules[0].paranoia_level()), (7, Some(2)));
/// assert_eq!(rules[0].variables[0].selector.as_deref(), Some("q"));
/// assert!(rules[0].operator.as_ref().is_some_and(|o| o.name == "eq" && o.negated));
/// # Ok::<(), seclang::SyntaxError>(())
/// ```
///
/// # Errors
/// If a rule has too few arguments, or no id.
pub fn rules(directives: &[Directive]) -> Result<Vec<Rule>, SyntaxError> {
    let mut rules: Vec<Rule> = Vec::new();
    for directive in directives.iter().filter(|d| d.name == "SecRule" || d.name == "SecAction") {
        let chained = rules.last().is_some_and(|before| before.has("chain"));
        rules.push(rule(directive, chained)?);
    }
    Ok(rules)
}

/// Parses one rule; only the first link of a chain needs an id.
pub(crate) fn rule(directive: &Directive, chained: bool) -> Result<Rule, SyntaxError> {
    let error = |reason: &str| SyntaxError {
        file: Arc::clone(&directive.file),
        line: directive.line,
        reason: reason.into(),
    };
    let is_action = directive.name.eq_ignore_ascii_case("SecAction");
    let (variables, operator, actions) = match directive.arguments.as_slice() {
        [actions] if is_action => (Vec::new(), None, parse(actions)),
        _ if is_action => return Err(error("SecAction takes actions")),
        [variables, operator] => (self::variables(variables), Some(self::operator(operator)), Vec::new()),
        [variables, operator, actions] => {
            (self::variables(variables), Some(self::operator(operator)), parse(actions))
        }
        _ => return Err(error("SecRule takes variables, an operator and actions")),
    };
    let id = actions.iter().find(|a| a.name == "id").and_then(|a| a.value.as_deref());
    let id = match id.map(str::parse) {
        Some(Ok(id)) => id,
        Some(Err(_)) => return Err(error("the id is not a number")),
        None if chained => 0,
        None => return Err(error("the rule has no id")),
    };
    let (file, line) = (Arc::clone(&directive.file), directive.line);
    Ok(Rule { id, variables, operator, actions, file, line })
}

/// Parses a target list. `|` separates, except in a `/regex/` selector.
pub(crate) fn variables(text: &str) -> Vec<Variable> {
    let (mut start, mut at) = (0, 0);
    let mut is_in_regex = false;
    let mut before = None;
    let separates = |c: char| {
        match c {
            '/' if is_in_regex => is_in_regex = before == Some('\\'),
            '/' if before == Some(':') => is_in_regex = !is_xpath(text.get(start..at).unwrap_or_default()),
            _ => {}
        }
        let separates = c == '|' && !is_in_regex;
        before = Some(c);
        at += c.len_utf8();
        if separates {
            start = at;
        }
        separates
    };
    text.split(separates).map(variable).collect()
}

fn variable(text: &str) -> Variable {
    let excluded = text.starts_with('!');
    let text = text.trim_start_matches('!');
    let counted = text.starts_with('&');
    let text = text.trim_start_matches('&');
    let (name, selector) = text.split_once(':').map_or((text, None), |(name, s)| (name, Some(s.to_owned())));
    Variable { name: name.to_owned(), selector, excluded, counted }
}

/// Whether a selector that begins with a slash is XPath: only `XML` has those.
fn is_xpath(before: &str) -> bool {
    before.trim_start_matches(['!', '&']).eq_ignore_ascii_case("XML:")
}

/// Parses `@name argument`; the default operator is `@rx`.
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
    fn a_rule_is_parsed() {
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
    fn errors_name_the_line() {
        for text in ["SecRule ARGS", "SecRule ARGS x id:seven", "SecRule ARGS x phase:2", "SecAction"] {
            let error = read(&format!("\n{text}")).unwrap_err();
            assert_eq!(error.line, 2, "{text}");
        }
    }
}
