//! What a rule file says, as TOML gives it. `docs/scan-code.md` explains every key to the people who write them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::code::language::Language;
use crate::code::rules::words::{Glob, Pattern};

/// A file of rules: any part may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuleFile {
    pub(crate) language: Vec<Knowledge>,
    pub(crate) sanitizer: Vec<Sanitizer>,
    pub(crate) rule: Vec<toml::Spanned<Rule>>,
}

/// What is true of a language and its frameworks, for all rules. Several files add up.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Knowledge {
    pub(crate) name: Option<Language>,
    /// Paths that give what the client sent.
    pub(crate) sources: Vec<Glob>,
    /// Those among them that give a whole body, with every field that the client likes.
    pub(crate) whole: Vec<Glob>,
    /// Calls that write what the client sent into an argument: all arguments are filled.
    pub(crate) fills: Vec<Glob>,
    /// Calls whose result is made of their arguments.
    pub(crate) propagate: Vec<Glob>,
    /// Names of methods after which a text is still the same text.
    pub(crate) keep: Vec<String>,
    /// Names of methods that add their arguments to the object.
    pub(crate) mutate: Vec<String>,
    /// Calls that format: the first argument, or the text before the method, has the holes.
    pub(crate) format: Vec<Glob>,
    /// Calls and types whose result can carry no attack: numbers, truth values, identifiers.
    pub(crate) casts: Vec<Glob>,
    /// Calls in a condition that decide whether a value is allowed.
    pub(crate) guards: Vec<Glob>,
    /// Decorators and annotations that make a function a handler whose parameters come from the client.
    pub(crate) decorated: Vec<Glob>,
    /// A parameter, as written, that makes its function a handler.
    pub(crate) handler: Vec<Pattern>,
    /// A parameter, as written, that comes from the client.
    pub(crate) parameter: Vec<Pattern>,
    /// The name of a parameter that comes from the client where the function is a handler.
    pub(crate) companion: Vec<Pattern>,
    /// A parameter, as written, that never does.
    pub(crate) never: Vec<Pattern>,
    /// A parameter, as written, that holds a whole body.
    pub(crate) whole_parameter: Vec<Pattern>,
    /// Types of parameters that can carry no attack.
    pub(crate) harmless: Vec<Pattern>,
    /// Expressions that name the caller.
    pub(crate) user: Vec<Pattern>,
    /// Decorators, middleware and parameters that let in only who is known.
    pub(crate) login: Vec<Pattern>,
    /// What shows that a handler looks at the owner.
    pub(crate) owner: Vec<Pattern>,
    /// Calls that write a log: what they mention is not a check.
    pub(crate) logs: Vec<Glob>,
}

impl Knowledge {
    /// Adds what another file says of the same language.
    pub(crate) fn add(&mut self, other: &Knowledge) {
        macro_rules! join {
            ($($field:ident)*) => { $(self.$field.extend(other.$field.iter().cloned());)* };
        }
        join!(sources whole fills propagate keep mutate format casts guards decorated handler parameter companion
            never whole_parameter harmless user login owner logs);
    }
}

/// Calls after which a value is harmless for some flows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sanitizer {
    #[serde(rename = "in", default)]
    pub(crate) languages: Vec<Language>,
    pub(crate) call: Vec<Glob>,
    /// The flows, as rules name them.
    pub(crate) cleans: Vec<String>,
}

/// A rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) id: String,
    /// One sentence; `{value}` is the expression, `{call}` the callee.
    pub(crate) message: String,
    pub(crate) severity: Level,
    pub(crate) cwe: String,
    pub(crate) owasp: String,
    /// The name of the flow, which sanitizers refer to.
    #[serde(default)]
    pub(crate) flow: String,
    /// The mend by language; `any` for the others.
    pub(crate) mend: BTreeMap<String, String>,
    pub(crate) find: Vec<Find>,
    #[serde(default)]
    pub(crate) example: Vec<Example>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warning,
    Note,
}

/// Code that a rule must find, and code that it must not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    pub(crate) language: Language,
    pub(crate) bad: String,
    pub(crate) good: String,
}

/// One way in which a rule's mistake looks. Everything that is given must hold.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Find {
    /// The languages; all, when empty.
    #[serde(rename = "in")]
    pub(crate) languages: Vec<Language>,

    // What is looked at: one of these.
    /// A call of one of these.
    pub(crate) call: Vec<Glob>,
    /// A value that is given to a variable, a member, a key or a named argument of such a name.
    pub(crate) assign: Option<Pattern>,
    /// A constant string of which this matches.
    pub(crate) string: Option<Pattern>,
    /// A comparison of two values, one of which is named so.
    pub(crate) compare: Option<Pattern>,
    /// What a handler gives back.
    pub(crate) returns: bool,
    /// Code with holes: `$NAME` for any expression, `...` for any further arguments.
    pub(crate) pattern: Option<String>,

    // Conditions.
    /// The callee is none of these.
    pub(crate) unless_call: Vec<Glob>,
    /// Which arguments: positions and names. All, when empty.
    pub(crate) arg: Vec<Position>,
    /// What the value must be.
    pub(crate) value: Option<Demand>,
    /// The value is a constant text of which this matches.
    pub(crate) text: Option<Pattern>,
    /// The source text of the value.
    pub(crate) source: Option<Pattern>,
    /// The source text must not match this.
    pub(crate) not: Option<Pattern>,
    /// A name inside the value.
    pub(crate) names: Option<Pattern>,
    /// The value contains a call of one of these.
    pub(crate) calls: Vec<Glob>,
    /// Options (named arguments, members of object arguments) with what their source must match.
    pub(crate) has: BTreeMap<String, Pattern>,
    /// Options of which at least one is missing, or does not match.
    pub(crate) lacks: BTreeMap<String, Pattern>,
    /// The least and the most number of arguments.
    pub(crate) count: Option<(usize, usize)>,
    /// The function around it matches, as text.
    pub(crate) with: Option<Pattern>,
    /// The function around it does not match, as text.
    pub(crate) without: Option<Pattern>,
    /// The file imports such a module.
    pub(crate) module: Option<Pattern>,
    /// The file's name matches.
    pub(crate) file: Option<Pattern>,
    /// Bits of entropy for each character of a constant text, at least.
    pub(crate) entropy: Option<f64>,
    /// The handler knows its caller, and nothing in it looks at the owner.
    pub(crate) no_owner: bool,
    /// A function around it is named so.
    pub(crate) function: Option<Pattern>,
}

/// An argument: its position from zero, or its name.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Position {
    At(usize),
    Named(String),
}

/// What a value must be for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Demand {
    /// It comes from the client.
    Request,
    /// It is a body of the client's, with every field.
    Whole,
    /// It is SQL with something of the client's in it, or with a value where a placeholder belongs.
    Sql,
    /// It is a URL whose host the client decides.
    Url,
    /// It is markup with something of the client's in it.
    Html,
    /// It is a text for a shell, with something of the client's in it.
    Shell,
    /// It is a text with something in it that is not constant.
    Built,
    /// It is not constant.
    Dynamic,
    /// It comes from the client, or is a number that does.
    Id,
}
