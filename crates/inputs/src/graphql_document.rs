//! GraphQL documents (GraphQL §2), read in one pass and to a bounded depth.
//!
//! A server's own parser is the judge of a document, so this one is tolerant: it takes what some version of the
//! specification or some server takes (descriptions, variables of fragments, several definitions of a name, definitions of types
//! beside operations), and refuses only what none can run, or what servers read as different documents.

use std::collections::HashMap;
use std::iter::Peekable;

use serde_json::{Map, Number};

use super::graphql_lexer::{
    Dialect, Token, block_value, combinations, differences, ending, has_odd_escape, tokens, unescaped,
};

/// A document.
#[derive(Debug, Default)]
pub(super) struct Document<'t> {
    pub(super) operations: Vec<Operation<'t>>,
    /// By name; the selections of several of a name together.
    pub(super) fragments: HashMap<&'t str, Vec<Selection<'t>>>,
    /// Whether types are defined beside.
    has_types: bool,
}

/// An operation.
#[derive(Debug)]
pub(super) struct Operation<'t> {
    /// Whether it changes something.
    pub(super) is_mutation: bool,
    /// The defaults of its variables, where they have one.
    pub(super) variables: HashMap<&'t str, Option<Value<'t>>>,
    pub(super) selections: Vec<Selection<'t>>,
}

/// What is asked for.
#[derive(Debug)]
pub(super) enum Selection<'t> {
    Field(Field<'t>),
    /// A fragment without a name.
    Inline(Vec<Selection<'t>>),
    /// A fragment by its name.
    Spread(&'t str),
}

/// A field.
#[derive(Debug)]
pub(super) struct Field<'t> {
    pub(super) name: &'t str,
    /// The name that its answer goes by, if that is another one.
    pub(super) alias: Option<&'t str>,
    pub(super) arguments: Vec<(&'t str, Value<'t>)>,
    pub(super) selections: Vec<Selection<'t>>,
}

/// The value of an argument.
#[derive(Debug, Clone)]
pub(super) enum Value<'t> {
    Variable(&'t str),
    Plain(serde_json::Value),
    List(Vec<Value<'t>>),
    Object(Vec<(&'t str, Value<'t>)>),
}

impl Value<'_> {
    /// The value with its variables filled in; nothing where one is not known.
    pub(super) fn filled(
        &self,
        known: &mut impl FnMut(&str) -> Option<serde_json::Value>,
    ) -> Option<serde_json::Value> {
        Some(match self {
            Value::Variable(name) => known(name)?,
            Value::Plain(value) => value.clone(),
            Value::List(items) => {
                serde_json::Value::Array(items.iter().map(|item| item.filled(known)).collect::<Option<_>>()?)
            }
            Value::Object(members) => {
                let mut map = Map::new();
                for (name, value) in members {
                    map.insert((*name).to_owned(), value.filled(known)?);
                }
                serde_json::Value::Object(map)
            }
        })
    }

    /// Whether no variable is in it.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Value::Variable(_) => false,
            Value::Plain(_) => true,
            Value::List(items) => items.iter().all(Value::is_constant),
            Value::Object(members) => members.iter().all(|(_, value)| value.is_constant()),
        }
    }
}

/// Why a text is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is something else.
    NoDocument,
    /// It nests deeper than anybody needs.
    TooDeep,
    /// Some servers read another document in it than others, or one where others read none.
    Ambiguous,
}

/// Bytes of the texts of a request that are read in other ways than the standard's, all ways together.
pub(super) const WORK: usize = 512 << 10;

/// Reads a document in which nothing nests deeper than `depth`. What it takes to find out what other servers read is taken from
/// `work`; a text for which there is not enough, and which may be a document, is ambiguous.
pub(super) fn read<'t>(text: &'t str, depth: usize, work: &mut usize) -> Result<Document<'t>, Unread> {
    let standard = Dialect::default();
    let is_other = |dialect: &Dialect| !tokens(text, *dialect).eq(tokens(text, standard));
    let mut takes = |cost: usize| {
        *work = work.checked_sub(cost)?;
        Some(())
    };
    match parse(text, standard, depth) {
        Ok(document) => {
            let is_odd = |token| matches!(token, Token::Text(content) if has_odd_escape(content));
            let is_ambiguous = differences(text).iter().any(is_other)
                || text.contains('\\') && tokens(text, standard).any(is_odd);
            match is_ambiguous {
                true => Err(Unread::Ambiguous),
                // Nothing but types.
                false if document.operations.is_empty() && document.fragments.is_empty() => {
                    Err(Unread::NoDocument)
                }
                false => Ok(document),
            }
        }
        Err(Unread::NoDocument) => {
            for dialect in combinations(&differences(text)).into_iter().skip(1) {
                let (may_be, seen) = begins(text, dialect);
                takes(seen).ok_or(Unread::Ambiguous)?;
                if may_be {
                    takes(text.len()).ok_or(Unread::Ambiguous)?;
                    if parse(text, dialect, depth).err() != Some(Unread::NoDocument) {
                        return Err(Unread::Ambiguous);
                    }
                }
            }
            Err(Unread::NoDocument)
        }
        Err(other) => Err(other),
    }
}

/// Whether a text begins as a document does, behind descriptions.
pub(super) fn may_be_document(text: &str) -> bool {
    text.contains('{') && begins(text, Dialect::default()).0
}

/// Whether a text begins as a document does, and how much of it was looked at.
fn begins(text: &str, dialect: Dialect) -> (bool, usize) {
    let is_text = |token: &Token<'_>| matches!(token, Token::Text(_) | Token::Block(_) | Token::Unended(_));
    let mut tokens = ending(text, dialect).filter(|(_, token)| !is_text(token));
    let mut seen = 0;
    let mut next = || {
        let (end, token) = tokens.next().unwrap_or((text.len(), Token::Foreign));
        seen = end;
        token
    };
    let (first, second, third) = (next(), next(), next());
    (is_begin(first, second, third), seen)
}

/// Whether these are the first tokens of a document.
fn is_begin(first: Token<'_>, second: Token<'_>, third: Token<'_>) -> bool {
    let opens = |token: Token<'_>| matches!(token, Token::Open(b'{' | b'(') | Token::Sign(b'@'));
    match (first, second, third) {
        // `{ a b`, `{ a {`, `{ a: b`, `{ ...`
        (Token::Open(b'{'), Token::Spread, _) => true,
        (Token::Open(b'{'), Token::Name(_), third) => {
            opens(third)
                || matches!(third, Token::Name(_) | Token::Spread | Token::Sign(b':') | Token::Close(b'}'))
        }
        (Token::Name(first), second, third) if operation(first).is_some_and(|(_, name)| name.is_empty()) => {
            opens(second) || matches!(second, Token::Name(_)) && opens(third)
        }
        // `queryQ {`, which some read as two names.
        (Token::Name(first), second, _) if operation(first).is_some() && opens(second) => true,
        (Token::Name("fragment"), Token::Name(_), third) => opens(third) || third == Token::Name("on"),
        (Token::Name("directive"), Token::Sign(b'@'), Token::Name(_)) => true,
        (Token::Name("schema"), second, _) => opens(second),
        (Token::Name("extend"), Token::Name(second), _) => TYPES.contains(&second),
        (Token::Name(first), Token::Name(_), third) if TYPES.contains(&first) => {
            opens(third)
                || matches!(third, Token::Sign(b'=') | Token::Name("implements"))
                || third == Token::Foreign
                || matches!(third, Token::Name(name) if is_definition(name))
        }
        _ => false,
    }
}

/// What begins the definition of a type. It may stand beside operations.
const TYPES: [&str; 9] =
    ["type", "input", "interface", "enum", "schema", "extend", "scalar", "union", "directive"];

fn parse(text: &str, dialect: Dialect, depth: usize) -> Result<Document<'_>, Unread> {
    let mut parser = Parser { tokens: tokens(text, dialect).peekable(), left: depth };
    let mut document = Document::default();
    while parser.tokens.peek().is_some() {
        parser.definition(&mut document)?;
    }
    let is_any = document.has_types || !document.operations.is_empty() || !document.fragments.is_empty();
    if is_any { Ok(document) } else { Err(Unread::NoDocument) }
}

struct Parser<'t, I: Iterator<Item = Token<'t>>> {
    tokens: Peekable<I>,
    /// Levels that may still be opened.
    left: usize,
}

impl<'t, I: Iterator<Item = Token<'t>>> Parser<'t, I> {
    fn take(&mut self, wanted: Token<'t>) -> bool {
        self.tokens.next_if_eq(&wanted).is_some()
    }

    fn expect(&mut self, wanted: Token<'t>) -> Result<(), Unread> {
        if self.take(wanted) { Ok(()) } else { Err(Unread::NoDocument) }
    }

    fn name(&mut self) -> Result<&'t str, Unread> {
        match self.tokens.next() {
            Some(Token::Name(name)) => Ok(name),
            _ => Err(Unread::NoDocument),
        }
    }

    fn optional_name(&mut self) -> Option<&'t str> {
        match self.tokens.next_if(|token| matches!(token, Token::Name(_)))? {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    fn description(&mut self) {
        self.tokens.next_if(|token| matches!(token, Token::Text(_) | Token::Block(_)));
    }

    /// Reads what stands between two brackets.
    fn within<T>(
        &mut self,
        close: u8,
        mut one: impl FnMut(&mut Self) -> Result<T, Unread>,
    ) -> Result<Vec<T>, Unread> {
        self.left = self.left.checked_sub(1).ok_or(Unread::TooDeep)?;
        let mut all = Vec::new();
        while !self.take(Token::Close(close)) {
            all.push(one(self)?);
        }
        self.left += 1;
        Ok(all)
    }

    fn definition(&mut self, document: &mut Document<'t>) -> Result<(), Unread> {
        self.description();
        let kind = if self.tokens.peek() == Some(&Token::Open(b'{')) { "query" } else { self.name()? };
        match kind {
            _ if operation(kind).is_some() => {
                let (kind, name) = operation(kind).unwrap_or_default();
                if name.is_empty() {
                    self.optional_name();
                }
                let variables = self.variables()?;
                self.directives()?;
                self.expect(Token::Open(b'{'))?;
                let selections = self.within(b'}', Self::selection)?;
                let is_mutation = kind == "mutation";
                document.operations.push(Operation { is_mutation, variables, selections });
            }
            _ if kind.starts_with("fragment") => {
                let glued = kind.strip_prefix("fragment").filter(|name| !name.is_empty());
                let name = glued.map_or_else(|| self.name(), Ok)?;
                if self.take(Token::Name("on")) {
                    self.name()?;
                }
                self.variables()?;
                if self.take(Token::Name("on")) {
                    self.name()?;
                }
                self.directives()?;
                self.expect(Token::Open(b'{'))?;
                let selections = self.within(b'}', Self::selection)?;
                document.fragments.entry(name).or_default().extend(selections);
            }
            kind if TYPES.contains(&kind) => {
                self.definition_of_type(kind)?;
                document.has_types = true;
            }
            _ => return Err(Unread::NoDocument),
        }
        Ok(())
    }

    /// Passes over the definition of a type (GraphQL §3).
    fn definition_of_type(&mut self, kind: &str) -> Result<(), Unread> {
        let kind = if kind == "extend" { self.name()? } else { kind };
        if kind == "directive" {
            self.expect(Token::Sign(b'@'))?;
            self.name()?;
            if self.take(Token::Open(b'(')) {
                self.within(b')', Self::group)?;
            }
            self.take(Token::Name("repeatable"));
            self.expect(Token::Name("on"))?;
            return self.names(b'|');
        }
        if kind != "schema" {
            self.name()?;
        }
        if self.take(Token::Name("implements")) {
            self.names(b'&')?;
        }
        self.directives()?;
        match kind {
            "union" if self.take(Token::Sign(b'=')) => self.names(b'|'),
            "union" | "scalar" => Ok(()),
            _ if self.take(Token::Open(b'{')) => self.within(b'}', Self::group).map(drop),
            _ => Ok(()),
        }
    }

    /// Names with a sign between, and perhaps one in front.
    fn names(&mut self, sign: u8) -> Result<(), Unread> {
        self.take(Token::Sign(sign));
        self.name()?;
        while self.take(Token::Sign(sign)) {
            self.name()?;
        }
        Ok(())
    }

    /// Passes over a token, or over all that stands between two brackets.
    fn group(&mut self) -> Result<(), Unread> {
        match self.tokens.next() {
            Some(Token::Open(open)) => {
                let close = if open == b'(' { b')' } else { open + 2 };
                self.within(close, Self::group).map(drop)
            }
            Some(Token::Close(_) | Token::Foreign | Token::Unended(_)) | None => Err(Unread::NoDocument),
            Some(_) => Ok(()),
        }
    }

    fn variables(&mut self) -> Result<HashMap<&'t str, Option<Value<'t>>>, Unread> {
        if !self.take(Token::Open(b'(')) {
            return Ok(HashMap::new());
        }
        let all = self.within(b')', |parser| {
            parser.description();
            parser.expect(Token::Sign(b'$'))?;
            let name = parser.name()?;
            parser.expect(Token::Sign(b':'))?;
            parser.kind()?;
            // Some take directives before the default.
            parser.directives()?;
            let default = if parser.take(Token::Sign(b'=')) { Some(parser.value()?) } else { None };
            parser.directives()?;
            Ok((name, default))
        })?;
        Ok(all.into_iter().collect())
    }

    /// The type of a variable.
    fn kind(&mut self) -> Result<(), Unread> {
        if self.take(Token::Open(b'[')) {
            self.within(b']', Self::kind)?;
        } else {
            self.name()?;
        }
        self.take(Token::Sign(b'!'));
        Ok(())
    }

    fn directives(&mut self) -> Result<(), Unread> {
        while self.take(Token::Sign(b'@')) {
            self.name()?;
            self.arguments()?;
        }
        Ok(())
    }

    fn arguments(&mut self) -> Result<Vec<(&'t str, Value<'t>)>, Unread> {
        if !self.take(Token::Open(b'(')) {
            return Ok(Vec::new());
        }
        self.within(b')', Self::member)
    }

    fn member(&mut self) -> Result<(&'t str, Value<'t>), Unread> {
        let name = self.name()?;
        self.expect(Token::Sign(b':'))?;
        Ok((name, self.value()?))
    }

    fn selection(&mut self) -> Result<Selection<'t>, Unread> {
        if self.take(Token::Spread) {
            match self.optional_name() {
                Some("on") => drop(self.name()?),
                Some(name) => {
                    self.arguments()?;
                    self.directives()?;
                    return Ok(Selection::Spread(name));
                }
                None => {}
            }
            self.directives()?;
            self.expect(Token::Open(b'{'))?;
            return Ok(Selection::Inline(self.within(b'}', Self::selection)?));
        }
        let mut name = self.name()?;
        let mut alias = None;
        if self.take(Token::Sign(b':')) {
            alias = Some(name);
            name = self.name()?;
        }
        // No schema has others, whatever the lexer takes.
        if !name.is_ascii() {
            return Err(Unread::NoDocument);
        }
        let arguments = self.arguments()?;
        self.directives()?;
        let selections =
            if self.take(Token::Open(b'{')) { self.within(b'}', Self::selection)? } else { Vec::new() };
        Ok(Selection::Field(Field { name, alias, arguments, selections }))
    }

    fn value(&mut self) -> Result<Value<'t>, Unread> {
        let plain = |value: serde_json::Value| Ok(Value::Plain(value));
        match self.tokens.next().ok_or(Unread::NoDocument)? {
            Token::Sign(b'$') => Ok(Value::Variable(self.name()?)),
            // One that is too large for this program is not for every server.
            Token::Number(text) => plain(number(text).map_or_else(|| text.into(), Into::into)),
            Token::Text(content) => plain(unescaped(content).into()),
            Token::Block(content) => plain(block_value(content).into()),
            Token::Name("true") => plain(true.into()),
            Token::Name("false") => plain(false.into()),
            Token::Name("null") => plain(serde_json::Value::Null),
            Token::Name(name) => plain(name.into()),
            Token::Open(b'[') => Ok(Value::List(self.within(b']', Self::value)?)),
            Token::Open(b'{') => Ok(Value::Object(self.within(b'}', Self::member)?)),
            _ => Err(Unread::NoDocument),
        }
    }
}

/// The kind of operation that a name begins, and what is glued to it: to some readers, `queryQ` is two names.
fn operation(name: &str) -> Option<(&'static str, &str)> {
    ["query", "mutation", "subscription"].into_iter().find_map(|kind| Some((kind, name.strip_prefix(kind)?)))
}

/// Whether a definition begins with a name.
fn is_definition(name: &str) -> bool {
    ["query", "mutation", "subscription", "fragment"].contains(&name) || TYPES.contains(&name)
}

fn number(text: &str) -> Option<Number> {
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    whole.ok().or_else(|| Number::from_f64(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Document<'_>, Unread> {
        super::read(text, 16, &mut WORK.clone())
    }

    #[test]
    fn what_some_server_runs_is_read() {
        for text in [
            "{a}",
            "\u{feff}# c\nquery Q($a: [[Int!]!]! = [[1]] @d, $b: S = {x: \"y\"}) @e(f: 1) { a: b(c: $a, d: ENUM, e: -1.5e3) @i { c } }",
            "mutation { a(x: \"\"\"block\"\"\", y: \"\\u{41}\", z: null) }",
            "\"described\" query Q(\"a\" $a: I) { a } \"\"\"too\"\"\" fragment F on T { b }",
            "fragment F($x: Int = 1) on T { a ...G @skip(if: true) ... @include(if: $x) { b } ... on T { c } }",
            "subscription { on: on { on } ...on T { a } }",
            "{a} {b} query A {c} query A {d} fragment F on T {e} fragment F on T {f}",
            "{ a(list: [1 2,3], object: {a: 1 b: [{}]}) }",
            "{ a(id: 18446744073709551615) }",
            "queryQ { a } mutationM { a } fragmentF on T { b }",
            "query($a: I @d = 1 @e) { a }",
            "{ a(id: 1e999, list: [1 -2 -3.5e-2]) }",
            "type T mutation { a } input I @d query { a } enum E fragment F on T { a }",
            "type T implements U & V @d(e: 1) { a(b: Int = 1): Int! } { a }",
            "scalar S { a } extend type T @d mutation { a } union U = | A | B directive @d(a: Int) repeatable on FIELD | QUERY query { a }",
            "schema { query: Q } \"about\" enum E { query MUTATION } { a }",
        ] {
            read(text).unwrap_or_else(|error| unreachable!("{text}: {error:?}"));
        }
    }

    #[test]
    fn what_no_server_runs_is_none() {
        for text in [
            "",
            "a",
            "{",
            "}",
            "{a",
            "{a}}",
            "{a(}",
            "{\"a\":1}",
            "{a(b:)}",
            "query",
            "{ a: }",
            "{...}",
            "{a ; b}",
        ] {
            assert_eq!(read(text).unwrap_err(), Unread::NoDocument, "{text}");
        }
    }

    #[test]
    fn what_servers_read_differently_is_read_by_nobody() {
        for text in [
            // A second document behind what ends a comment, a string or a block for some.
            "#\u{2028}{b(x:\"\n{a}#\")}",
            "#\u{2028}{\na(x:\"x\ny:1 #\") q:a(x:\"\"\"x\"\"\"\") b(x:\"y\" #\n)}",
            "{a(x:\"b\n\") c}",
            "{a(x:\"\"\"b\"\"\"\") c}",
            "{a(x:\"\"\"b\\\\\"\"\") c}",
            "{a(x:\"\"\"b\\\"\"\"\") c}",
            "{a(x:\"\"\"b\\\\\"\"\") c(y:\"\"\"d\"\"\")}",
            "{a(x:[\"\"\"\" 1])}",
            "{\u{e9}:a b:a}",
            "{a\u{a0}b}",
            "{a\u{c}b}",
            "{a(x:1.2.3)}",
            "{a(x:[.5])}",
            "{a(x:1_0)}",
            "{a(x:\"\"\"a\"\\\"\"\"\") b(y:\"\"\")}#\"\"\")}",
            "{a(x:1-2)}",
            "{. . .on T {a}}",
            "{a(x:- 1)}",
            // The escapes of other languages.
            "{a(x:\"\\U00000027\")}",
            "{a(x:\"\\x27\")}",
            "{a(x:\"\\047\")}",
        ] {
            assert_eq!(read(text).unwrap_err(), Unread::Ambiguous, "{text:?}");
            // Behind as much as anybody likes that no server looks at.
            for ignored in [" ", "\n", ",", "# a comment\n"] {
                let far = format!("{}{text}", ignored.repeat(5000));
                assert_eq!(read(&far).unwrap_err(), Unread::Ambiguous, "{ignored:?} {text:?}");
            }
        }
        for text in [
            "{a(x:\"\u{e9}\u{2028}\\n\\u00e9\\u{e9}\")} # \u{e9}\n",
            "\u{feff}{a(x:\"\"\"\n \"b\" \\\"\"\" \u{e9}\n\"\"\", y:\"c\")}\r\n",
        ] {
            assert!(read(text).is_ok(), "{text:?}");
        }
        for text in [
            "{job=\"a\nb\"}",
            "SELECT \"a\nb\" {\u{e9}}",
            "caf\u{e9} {a}",
            "{\u{e9}}}",
            "{gr\u{f6}\u{df}e}",
            "{gr\u{f6}\u{df}e, breite}",
            "type T { a: Int }",
            "[{\"a\": \"\"\"\"}]",
        ] {
            assert_eq!(read(text).unwrap_err(), Unread::NoDocument, "{text:?}");
        }
    }

    #[test]
    fn depth_has_a_bound_however_it_is_made() {
        for (open, close) in [("{a", "}"), ("{...on T", "}"), ("{a(x:[[[[[[[[[[[[[[[[[[", "")] {
            let text = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
            assert_eq!(read(&text).unwrap_err(), Unread::TooDeep, "{open}");
        }
        let lists = format!("{{a(x:[\"\"\"\" {}{}])}}", "[1".repeat(100_000), "]".repeat(100_000));
        assert!(super::read(&lists, 128, &mut WORK.clone()).is_err());
        let kinds = format!("query($a:[{}){{a}}", "[".repeat(100_000));
        assert_eq!(read(&kinds).unwrap_err(), Unread::TooDeep);
    }

    #[test]
    fn what_others_read_costs_a_bounded_work() {
        let odd =
            "#\u{2028}\n{\u{e9}:a(x:\"\"\"b\\\\\"\"\" \"\"\"\\\"\"\" \"\"\"\"c\"\"\"\" \"d\n\" 1-2 - 1)} ;";
        let text = odd.repeat(500);
        let mut work = WORK;
        assert_eq!(super::read(&text, 16, &mut work).unwrap_err(), Unread::Ambiguous);
        // What begins as no document costs little, however long it is.
        let prose =
            format!("type errors, and {{gr\u{f6}\u{df}e}} \"a\nb\" {}", "caf\u{e9} \"x\" ".repeat(10_000));
        let mut work = WORK;
        assert_eq!(super::read(&prose, 16, &mut work).unwrap_err(), Unread::NoDocument);
        assert!(work > WORK / 2, "{work}");
        for (text, may_be) in [
            ("{ job=\"a\" }", false),
            ("type=page&body={a}", false),
            ("query plan for {a}", false),
            ("input { a }", false),
            ("{\"query\": {}}", false),
            ("{ a b }", true),
            ("query Q($a: I) { a }", true),
            ("fragment F on T { a }", true),
            ("type T mutation { a }", true),
        ] {
            assert_eq!(may_be_document(text), may_be, "{text}");
        }
    }
}
