//! Operators: whether a value matches.

mod injection;
mod regex;
mod values;

use std::net::IpAddr;
use std::path::Path;

use ::regex::bytes::Regex;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use ipnet::IpNet;

pub(crate) use self::regex::Captures;
use self::regex::Pattern;
pub(crate) use self::regex::compile_translated as compile;
pub(crate) use self::values::number;
use crate::collection::Collection;
use crate::macros::{Resolve, Template};
use crate::rule::Operator;

/// A compiled operator.
#[derive(Debug)]
pub(crate) struct CompiledOperator {
    /// Name and argument as written, for messages.
    pub(crate) name: String,
    pub(crate) argument: String,
    pub(crate) negated: bool,
    pub(crate) test: Test,
    /// Why it has no effect here.
    pub(crate) warning: Option<&'static str>,
}

/// The test of an operator.
#[derive(Debug)]
pub(crate) enum Test {
    Regex(Pattern),
    /// A regular expression with macros, compiled for each value.
    RegexTemplate(Template),
    Phrases {
        phrases: Vec<Vec<u8>>,
        automaton: AhoCorasick,
    },
    Text(TextTest, Template),
    Number(NumberTest, Template),
    ByteRange(Box<[bool; 256]>),
    UrlEncoding,
    Utf8,
    Sql,
    Html,
    Address(Vec<IpNet>),
    CheckDigits(values::CheckDigits, Regex),
    Always,
    Never,
}

/// Comparisons of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextTest {
    Equals,
    BeginsWith,
    EndsWith,
    Contains,
    ContainsWord,
    Within,
}

/// Comparisons of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberTest {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl NumberTest {
    pub(crate) fn compare(self, left: i64, right: i64) -> bool {
        match self {
            NumberTest::Equal => left == right,
            NumberTest::NotEqual => left != right,
            NumberTest::Greater => left > right,
            NumberTest::GreaterOrEqual => left >= right,
            NumberTest::Less => left < right,
            NumberTest::LessOrEqual => left <= right,
        }
    }
}

impl CompiledOperator {
    /// Compiles an operator. Files it names are relative to `directory`.
    pub(crate) fn compile(raw: &Operator, directory: &Path) -> Result<CompiledOperator, String> {
        let argument = raw.argument.as_str();
        let template = || Template::parse(argument);
        let text = |test| Ok(Test::Text(test, template()));
        let numbers = |test| Ok(Test::Number(test, template()));
        let test = match raw.name.to_ascii_lowercase().as_str() {
            "rx" | "rxglobal" => match template() {
                template if template.constant().is_some() => Ok(Test::Regex(Pattern::compile(argument)?)),
                template => Ok(Test::RegexTemplate(template)),
            },
            "pm" => phrases(values::phrases(argument)),
            "pmf" | "pmfromfile" => {
                phrases(lines(argument, directory)?.into_iter().map(String::into_bytes).collect())
            }
            "streq" => text(TextTest::Equals),
            "strmatch" | "contains" => text(TextTest::Contains),
            "beginswith" => text(TextTest::BeginsWith),
            "endswith" => text(TextTest::EndsWith),
            "containsword" => text(TextTest::ContainsWord),
            "within" => text(TextTest::Within),
            "eq" => numbers(NumberTest::Equal),
            "ne" => numbers(NumberTest::NotEqual),
            "gt" => numbers(NumberTest::Greater),
            "ge" => numbers(NumberTest::GreaterOrEqual),
            "lt" => numbers(NumberTest::Less),
            "le" => numbers(NumberTest::LessOrEqual),
            "validatebyterange" => values::byte_ranges(argument).map(|set| Test::ByteRange(Box::new(set))),
            "validateurlencoding" => Ok(Test::UrlEncoding),
            "validateutf8encoding" => Ok(Test::Utf8),
            "detectsqli" => Ok(Test::Sql),
            "detectxss" => Ok(Test::Html),
            "ipmatch" => addresses(argument.split(',').map(str::to_owned).collect()),
            "ipmatchf" | "ipmatchfromfile" => addresses(lines(argument, directory)?),
            "verifycc" => Ok(Test::CheckDigits(values::CheckDigits::Card, regex::compile(argument)?)),
            "verifycpf" => Ok(Test::CheckDigits(values::CheckDigits::Cpf, regex::compile(argument)?)),
            "verifyssn" => Ok(Test::CheckDigits(values::CheckDigits::Ssn, regex::compile(argument)?)),
            "unconditionalmatch" => Ok(Test::Always),
            "nomatch" | "rbl" | "geolookup" => Ok(Test::Never),
            "inspectfile" => {
                Err("`@inspectFile` is not supported: it runs a program for every request".into())
            }
            other => Err(format!("unknown operator `@{other}`")),
        }?;
        let warning = match raw.name.to_ascii_lowercase().as_str() {
            // A DNS lookup would block the request.
            "rbl" => Some("`@rbl` never matches: it is not supported"),
            "geolookup" => Some("`@geoLookup` never matches: there is no database"),
            _ => None,
        };
        Ok(CompiledOperator {
            warning,
            name: raw.name.clone(),
            argument: raw.argument.clone(),
            negated: raw.negated,
            test,
        })
    }

    /// Whether a value matches, for an argument without macros.
    pub(crate) fn matches_alone(&self, value: &[u8]) -> bool {
        self.test.matches(value, &NoMacros, None) != self.negated
    }

    /// Whether a value matches; stores what it captures.
    pub(crate) fn matches(
        &self,
        value: &[u8],
        values: &impl Resolve,
        captures: Option<&mut Captures>,
    ) -> bool {
        self.test.matches(value, values, captures) != self.negated
    }
}

impl Test {
    fn matches(&self, value: &[u8], values: &impl Resolve, captures: Option<&mut Captures>) -> bool {
        let capture = |found: &[u8], captures: Option<&mut Captures>| {
            if let Some(captures) = captures {
                captures.clear();
                captures.push(found.to_vec());
            }
        };
        match self {
            Test::Regex(regex) => regex.matches(value, captures),
            Test::RegexTemplate(template) => {
                let pattern = template.expand(values);
                Pattern::compile(&String::from_utf8_lossy(&pattern))
                    .is_ok_and(|regex| regex.matches(value, captures))
            }
            Test::Phrases { automaton, .. } => match automaton.find(value) {
                Some(found) => {
                    capture(value.get(found.range()).unwrap_or_default(), captures);
                    true
                }
                None => false,
            },
            Test::Text(test, template) => compare_texts(*test, value, &template.expand(values)),
            Test::Number(test, template) => test.compare(number(value), number(&template.expand(values))),
            Test::ByteRange(allowed) => {
                value.iter().any(|byte| allowed.get(usize::from(*byte)) != Some(&true))
            }
            Test::UrlEncoding => values::has_bad_url_encoding(value),
            Test::Utf8 => std::str::from_utf8(value).is_err(),
            Test::Sql => match injection::sql(value) {
                Some(fingerprint) => {
                    capture(fingerprint.as_bytes(), captures);
                    true
                }
                None => false,
            },
            Test::Html => injection::is_script(value),
            Test::Address(networks) => {
                let address =
                    std::str::from_utf8(value).ok().and_then(|text| text.trim().parse::<IpAddr>().ok());
                address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
            }
            Test::CheckDigits(digits, regex) => {
                match regex.find_iter(value).find(|found| digits.is_valid(found.as_bytes())) {
                    Some(found) => {
                        capture(found.as_bytes(), captures);
                        true
                    }
                    None => false,
                }
            }
            Test::Always => true,
            Test::Never => false,
        }
    }
}

fn compare_texts(test: TextTest, value: &[u8], argument: &[u8]) -> bool {
    let contains = |haystack: &[u8], needle: &[u8]| memchr::memmem::find(haystack, needle).is_some();
    match test {
        TextTest::Equals => value == argument,
        TextTest::BeginsWith => value.starts_with(argument),
        TextTest::EndsWith => value.ends_with(argument),
        TextTest::Contains => contains(value, argument),
        TextTest::Within => contains(argument, value),
        TextTest::ContainsWord => {
            let is_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            argument.is_empty()
                || memchr::memmem::find_iter(value, argument).any(|at| {
                    !is_word(at.checked_sub(1).and_then(|before| value.get(before)))
                        && !is_word(value.get(at + argument.len()))
                })
        }
    }
}

fn phrases(mut phrases: Vec<Vec<u8>>) -> Result<Test, String> {
    phrases.retain(|phrase| !phrase.is_empty());
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(&phrases)
        .map(|automaton| Test::Phrases { phrases, automaton })
        .map_err(|e| e.to_string())
}

fn addresses(texts: Vec<String>) -> Result<Test, String> {
    let network = |text: &str| {
        let text = text.trim();
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| format!("`{text}` is neither an address nor a network"))
    };
    texts
        .iter()
        .filter(|text| !text.trim().is_empty())
        .map(|text| network(text))
        .collect::<Result<_, _>>()
        .map(Test::Address)
}

/// Reads the lines of files, without comments and empty lines.
fn lines(names: &str, directory: &Path) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for name in names.split_whitespace() {
        if name.starts_with("http://") || name.starts_with("https://") {
            return Err(format!("`{name}` is remote; keep a copy beside the rules"));
        }
        let path = directory.join(name);
        let text = std::fs::read(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        all.extend(
            text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned),
        );
    }
    Ok(all)
}

/// Resolves every macro to nothing.
struct NoMacros;

impl Resolve for NoMacros {
    fn resolve(&self, _: Collection, _: Option<&str>, _: &mut Vec<u8>) {}
    fn resolve_tx(&self, _: &crate::tx::TxName, _: &mut Vec<u8>) {}
}

/// Compiles the expression of a `/selector/`, case-insensitive like names.
pub(crate) fn selector(pattern: &str) -> Result<Regex, String> {
    regex::compile(&format!("(?i){pattern}"))
}

#[cfg(test)]
mod tests;
