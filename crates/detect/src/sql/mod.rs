//! SQL: a value that goes on, where it lands, as a statement goes on.
//!
//! A value lands in a string or where a number or a name stands. In a string it has to close it, and what follows must
//! be what SQL allows behind a string: an operator, a condition, a `UNION`, the end of the statement, a comment. An
//! apostrophe in a name is followed by none of these. Where a number stands, it has to go on with a condition on
//! constants, a statement, or a call of a function that nobody calls by chance.

mod lexer;
mod words;

use self::lexer::{Token, tokens};
use self::words::{
    compares, is_catalogue, is_determiner, is_function, is_one_of, is_reserved, is_telling_function, joins,
};
use crate::{Confidence, Text, marks};

type Found = Option<(Confidence, &'static str)>;

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    if value.len() < 3 || !may_be(text) {
        return None;
    }
    let mut best: Found = None;
    let mut consider = |found: Found| {
        if let Some((confidence, _)) = found
            && best.is_none_or(|(known, _)| confidence > known)
        {
            best = found;
        }
    };
    for quote in [b'\'', b'"'] {
        consider(in_string(value, quote));
    }
    let all = tokens(value);
    consider(bare(value, &all, text.is_prose()));
    consider(calls(&all, text.is_prose()));
    best
}

/// Whether there is anything of which SQL is made: its marks, or one of its words.
fn may_be(text: &Text<'_>) -> bool {
    const MARKS: u64 = marks::of(b"'\"`()=<>;#*|&@/");
    text.any(MARKS) || has_verb(text.bytes)
}

/// Whether there is a word that goes on with a statement; and dashes, which end one.
fn has_verb(value: &[u8]) -> bool {
    const VERBS: &[&str] = &[
        "or",
        "and",
        "xor",
        "union",
        "having",
        "order",
        "group",
        "limit",
        "waitfor",
        "where",
        "drop",
        "alter",
        "create",
        "truncate",
        "delete",
        "exec",
        "execute",
        "shutdown",
        "select",
        "procedure",
        "rlike",
        "regexp",
        "except",
        "intersect",
    ];
    let mut words = value.split(|b| !b.is_ascii_alphabetic()).filter(|word| (2..=9).contains(&word.len()));
    words.any(|word| {
        // Of the letters that these begin with, few words do.
        matches!(
            word[0] | 0x20,
            b'o' | b'a'
                | b'x'
                | b'u'
                | b'h'
                | b'g'
                | b'l'
                | b'w'
                | b'd'
                | b'c'
                | b't'
                | b'e'
                | b's'
                | b'p'
                | b'r'
                | b'i'
        ) && is_one_of(word, VERBS)
    }) || memchr::memmem::find(value, b"--").is_some()
}

/// A value that lands in a string: the first quote that is not doubled closes it.
fn in_string(value: &[u8], quote: u8) -> Found {
    let at = memchr::memchr(quote, value)?;
    let (before, rest) = (&value[..at], &value[at + 1..]);
    let rest =
        rest.strip_prefix(&[quote][..]).filter(|_| !rest.is_empty() && before.is_empty()).unwrap_or(rest);
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let all = tokens(rest);
    let closes = all.iter().take_while(|token| **token == Token::Close).count();
    let follows = &all[closes..];
    // A quoted mark in a text: `'--'`, `"#"`, `'='`.
    let is_quoted =
        before.last().is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric() && !matches!(b, b')' | b'%'))
            && !before.is_empty();
    match follows.first()? {
        Token::Comment(comment) => {
            let closed_again = comment.contains(&quote);
            // `'#7aj6`: marks that a password has.
            if rest.trim_ascii_start().starts_with(b"#") && comment.first().is_some_and(u8::is_ascii_graphic)
            {
                return Some((Confidence::Medium, "closes a string, and comments out what follows"));
            }
            let is_text = closed_again || is_quoted && has_words(comment);
            (!is_text).then_some((Confidence::High, "closes a string, and comments out what follows"))
        }
        _ => continues(follows, Lands::InString { is_quoted, quote }).or_else(|| {
            calls(follows, is_quoted).filter(|_| matches!(follows.first(), Some(Token::Word(_))))
        }),
    }
}

/// Where a value lands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lands {
    InString {
        is_quoted: bool,
        quote: u8,
    },
    /// Behind a number, a closed parenthesis, or nothing.
    Bare,
    /// Behind a word, which may be one of a sentence.
    BehindWord,
}

/// What follows an operand.
fn continues(all: &[Token<'_>], lands: Lands) -> Found {
    let in_string = matches!(lands, Lands::InString { .. });
    let high = |reason| Some((Confidence::High, reason));
    match all.first()? {
        Token::Word(word) if joins(word) => condition(&all[1..], lands),
        Token::Join => condition(&all[1..], lands),
        Token::Operator(b'&' | b'|') if in_string => condition(&all[1..], lands),
        Token::Word(word) if is_one_of(word, &["union", "except", "intersect", "minus"]) => {
            union(&all[1..], lands)
        }
        Token::Semicolon => statements(&all[1..], lands),
        Token::Word(word) if is_one_of(word, &["order", "group"]) => match &all[1..] {
            [Token::Word(by), sorted, rest @ ..] if is_one_of(by, &["by"]) => {
                let by_number = *sorted == Token::Number && ends(rest, lands);
                let named = matches!(sorted, Token::Word(_) | Token::Name | Token::Open) && in_string;
                (by_number && lands != Lands::BehindWord || named)
                    .then_some((Confidence::High, "sorts or groups by what it likes"))
            }
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["having", "where"]) => {
            condition(&all[1..], lands).filter(|_| in_string || lands == Lands::Bare)
        }
        Token::Word(word) if is_one_of(word, &["limit", "offset"]) => match &all[1..] {
            [Token::Number, rest @ ..] if (in_string || lands == Lands::Bare) && ends_or_more(rest) => {
                high("limits what is read")
            }
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["procedure"]) => match &all[1..] {
            [Token::Word(name), ..] if is_one_of(name, &["analyse"]) => high("calls a procedure"),
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["into"]) => match &all[1..] {
            [Token::Word(name), Token::String(..), ..] if is_one_of(name, &["outfile", "dumpfile"]) => {
                high("writes a file")
            }
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["waitfor"]) => waits(&all[1..]),
        Token::Word(word)
            if is_one_of(word, &["if", "exec", "execute", "begin", "declare"])
                && lands != Lands::BehindWord =>
        {
            statement(all, true).map(|reason| (Confidence::High, reason))
        }
        Token::Word(word) if compares(word) => compared(&all[1..], lands),
        Token::Word(word) if is_one_of(word, &["not"]) => match all.get(1) {
            Some(Token::Word(word)) if compares(word) => compared(&all[2..], lands),
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["collate", "escape", "as"]) && in_string => None,
        Token::Compare if in_string => compared(&all[1..], lands),
        Token::Operator(_) if in_string => {
            compared(&all[1..], lands).filter(|_| !matches!(all, [_, Token::Number]))
        }
        Token::Comma if in_string => listed(&all[1..], lands),
        _ => None,
    }
}

/// Behind `,` in a string: other values of an `INSERT`, or of a list.
fn listed(all: &[Token<'_>], lands: Lands) -> Found {
    let (_, strength, rest) = expression(all)?;
    let closes = rest.iter().any(|token| matches!(token, Token::Comment(_)));
    (strength >= Strength::Call || (closes && strength >= Strength::Constant && !quoted(lands)))
        .then_some((Confidence::High, "goes on with values of its own"))
}

fn quoted(lands: Lands) -> bool {
    matches!(lands, Lands::InString { is_quoted: true, .. })
}

/// Behind `=`, `like`, `+` in a string: an operand, and then the end or more.
fn compared(all: &[Token<'_>], lands: Lands) -> Found {
    let reason = "goes on with an expression behind a string";
    match all {
        // `'='`, `'-'`: nothing but the quote that the application's own is.
        [Token::String(text, false)] if text.is_empty() && !quoted(lands) => {
            return Some((Confidence::High, reason));
        }
        [Token::String(text, _), rest @ ..] => {
            let short = !has_words(text) && !quoted(lands);
            let more = || continues(rest, lands).is_some() || matches!(rest.first(), Some(Token::Comment(_)));
            return match short && (rest.is_empty() || more()) {
                true => Some((Confidence::High, reason)),
                false => None,
            };
        }
        _ => {}
    }
    let (_, strength, rest) = expression(all)?;
    let ended = ends(rest, lands) || continues(rest, lands).is_some();
    match strength {
        Strength::Call => Some((Confidence::High, reason)),
        Strength::Comparison | Strength::Constant if ended && !quoted(lands) => {
            Some((Confidence::High, reason))
        }
        _ => None,
    }
}

/// Whether a text has words of some length, as sentences have.
fn has_words(text: &[u8]) -> bool {
    let words = text.split(|b| !b.is_ascii_alphabetic()).filter(|word| word.len() > 2).count();
    words > 1 || (words > 0 && text.contains(&b' '))
}

/// How much an expression says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// A name, which may be a word.
    Name,
    /// A number, a string, NULL, TRUE.
    Constant,
    /// A name against a constant, or two names.
    Comparison,
    /// Two constants against each other, a call, a subquery.
    Call,
}

/// A condition behind `OR` or `AND`.
fn condition(all: &[Token<'_>], lands: Lands) -> Found {
    let (shape, strength, rest) = expression(all)?;
    let reason = "a condition that is always or never true";
    let ended = ends(rest, lands) || continues(rest, lands).is_some();
    match (lands, strength) {
        (_, Strength::Call) => Some((Confidence::High, reason)),
        (Lands::InString { is_quoted, .. }, Strength::Comparison | Strength::Constant) => {
            (ended && !is_quoted || matches!(rest.first(), Some(Token::Comment(_))))
                .then_some((Confidence::High, reason))
        }
        // `' or name`: the name is compared by what the application writes behind it.
        (Lands::InString { is_quoted: false, .. }, Strength::Name) => {
            (rest.first().is_some_and(|token| matches!(token, Token::Comment(_)))
                || (rest.is_empty() && shape == Shape::String))
                .then_some((Confidence::High, reason))
        }
        (Lands::Bare, Strength::Comparison) => ended.then_some((Confidence::High, reason)),
        (Lands::Bare, Strength::Constant)
            if shape == Shape::Truth || matches!(rest.first(), Some(Token::Comment(_))) =>
        {
            Some((Confidence::High, reason))
        }
        _ => None,
    }
}

/// What an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Name,
    Number,
    String,
    Truth,
    Call,
}

/// Reads an expression: an operand, and one that it is compared with. Its strength, and what follows.
fn expression<'a, 't>(all: &'a [Token<'t>]) -> Option<(Shape, Strength, &'a [Token<'t>])> {
    let (left, rest) = operand(all, 0)?;
    let own = match left {
        Shape::Name => Strength::Name,
        Shape::Call => Strength::Call,
        _ => Strength::Constant,
    };
    let after = match rest {
        [Token::Compare, after @ ..] => after,
        [Token::Word(word), Token::Word(like), after @ ..]
            if is_one_of(word, &["not", "sounds"]) && compares(like) =>
        {
            after
        }
        [Token::Word(word), Token::Word(not), after @ ..]
            if is_one_of(word, &["is"]) && is_one_of(not, &["not"]) =>
        {
            after
        }
        [Token::Word(word), after @ ..] if compares(word) => after,
        _ => return Some((left, own, rest)),
    };
    // `in (1, 2)`, `between 1 and 2`.
    let Some((right, rest)) = operand(after, 0) else {
        // What it is compared with is what the application writes behind it.
        return (after.is_empty() && own >= Strength::Constant).then_some((
            left,
            Strength::Comparison,
            after,
        ));
    };
    let rest = match rest {
        [Token::Word(and), between @ ..] if is_one_of(and, &["and"]) && is_between(all) => {
            operand(between, 0).map_or(rest, |(_, rest)| rest)
        }
        rest => rest,
    };
    let strength = match (left, right) {
        (Shape::Name, Shape::Name) => Strength::Name,
        (Shape::Call, _) | (_, Shape::Call) => Strength::Call,
        (Shape::Name, _) | (_, Shape::Name) => Strength::Comparison,
        _ => Strength::Call,
    };
    Some((left, strength, rest))
}

fn is_between(all: &[Token<'_>]) -> bool {
    all.iter().take(6).any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["between"])))
}

/// Reads an operand with its arithmetic.
fn operand<'a, 't>(all: &'a [Token<'t>], depth: usize) -> Option<(Shape, &'a [Token<'t>])> {
    arithmetic(all, depth, true)
}

/// The same; whether `||` joins texts, or begins a condition, is for the caller to say.
fn arithmetic<'a, 't>(all: &'a [Token<'t>], depth: usize, joins: bool) -> Option<(Shape, &'a [Token<'t>])> {
    let (mut shape, mut rest) = factor(all, depth)?;
    loop {
        let after = match rest {
            [Token::Operator(_), after @ ..] => after,
            // Texts are joined; conditions begin.
            [Token::Join, after @ ..]
                if joins
                    && matches!(
                        after,
                        [Token::String(..) | Token::Open | Token::Variable, ..]
                            | [Token::Word(_), Token::Open, ..]
                    )
                    && !matches!(after, [_, Token::Compare, ..]) =>
            {
                after
            }
            // `'a' 'b'` is one string.
            [Token::String(..), after @ ..] if shape == Shape::String => {
                rest = after;
                continue;
            }
            _ => break,
        };
        let Some((next, after)) = factor(after, depth) else { break };
        if next == Shape::Call || shape == Shape::Name {
            shape = next;
        }
        rest = after;
    }
    Some((shape, rest))
}

fn factor<'a, 't>(all: &'a [Token<'t>], depth: usize) -> Option<(Shape, &'a [Token<'t>])> {
    const DEEPEST: usize = 16;
    if depth > DEEPEST {
        return None;
    }
    match all {
        [Token::Operator(b'-' | b'+' | b'!' | b'~'), rest @ ..] => factor(rest, depth + 1),
        [Token::Word(word), rest @ ..] if is_one_of(word, &["not", "binary", "distinct", "all", "any"]) => {
            factor(rest, depth + 1)
        }
        [Token::Number, rest @ ..] => Some((Shape::Number, rest)),
        [Token::String(..), rest @ ..] => Some((Shape::String, rest)),
        [Token::Variable, rest @ ..] => Some((Shape::Call, rest)),
        [Token::Name, rest @ ..] => Some((Shape::Name, dotted(rest))),
        [Token::Word(word), rest @ ..] if is_one_of(word, &["true", "false", "null"]) => {
            Some((Shape::Truth, rest))
        }
        [Token::Word(word), ..] if is_one_of(word, &["case"]) => {
            let is_case =
                |token: &Token<'_>| matches!(token, Token::Word(word) if is_one_of(word, &["when"]));
            all.iter().any(is_case).then_some((Shape::Call, &all[all.len()..]))
        }
        // `(select ...)`, `(1)=(1)`.
        [Token::Open, rest @ ..] => {
            let inner = parenthesised(rest);
            let shape = match rest.first() {
                Some(Token::Word(word)) if is_one_of(word, &["select", "values", "table"]) => Shape::Call,
                // `(1=1)`.
                _ if depth == 0
                    && expression(rest).is_some_and(|(shape, strength, _)| {
                        strength == Strength::Call && shape != Shape::Call
                    }) =>
                {
                    Shape::Call
                }
                _ => operand(rest, depth + 1).map_or(Shape::Name, |(shape, _)| shape),
            };
            Some((shape, inner))
        }
        [Token::Word(word), Token::Open, rest @ ..] => {
            let is_call = is_function(word) || is_one_of(word, &["exists", "in"]);
            Some((if is_call { Shape::Call } else { Shape::Name }, parenthesised(rest)))
        }
        [Token::Word(word), rest @ ..] if !is_reserved(word) => Some((Shape::Name, dotted(rest))),
        _ => None,
    }
}

/// `.column` behind a name, and what is called by it.
fn dotted<'a, 't>(mut rest: &'a [Token<'t>]) -> &'a [Token<'t>] {
    while let [Token::Dot, Token::Word(_) | Token::Name | Token::Operator(b'*'), after @ ..] = rest {
        rest = after;
    }
    match rest {
        [Token::Open, after @ ..] => parenthesised(after),
        rest => rest,
    }
}

/// What follows the parenthesis that was opened; one that stays open holds the rest.
fn parenthesised<'a, 't>(all: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut depth = 1;
    for (at, token) in all.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &all[at + 1..];
        }
    }
    &all[all.len()..]
}

/// Whether the value ends here, or leaves the rest to a comment, or closes what the application opened.
fn ends(rest: &[Token<'_>], lands: Lands) -> bool {
    match rest {
        [] | [Token::Comment(_), ..] | [Token::Semicolon] | [Token::Semicolon, Token::Comment(_)] => true,
        [Token::Other(0), ..] => true,
        [Token::String(text, false)] => text.is_empty() && matches!(lands, Lands::InString { .. }),
        [Token::Close, rest @ ..] => {
            ends(rest, lands)
                || continues(rest, Lands::Bare).is_some()
                || matches!(rest.first(), Some(Token::Word(word)) if joins(word))
        }
        _ => false,
    }
}

fn ends_or_more(rest: &[Token<'_>]) -> bool {
    matches!(rest, [] | [Token::Comment(_) | Token::Comma | Token::Semicolon, ..])
        || matches!(rest, [Token::Word(word), ..] if is_one_of(word, &["offset", "union", "into", "procedure"]))
}

/// Behind `UNION`.
fn union(all: &[Token<'_>], lands: Lands) -> Found {
    let rest = match all {
        [Token::Word(word), rest @ ..] if is_one_of(word, &["all", "distinct", "distinctrow"]) => rest,
        rest => rest,
    };
    let rest = match rest {
        [Token::Open, rest @ ..] => rest,
        rest => rest,
    };
    let [Token::Word(select), rest @ ..] = rest else { return None };
    if is_one_of(select, &["values", "table"]) {
        return matches!(lands, Lands::InString { .. } | Lands::Bare)
            .then_some((Confidence::High, "adds rows by UNION"));
    }
    if !is_one_of(select, &["select"]) {
        return None;
    }
    let says = match selected(rest)? {
        Selected::Plain { from } => from || lands != Lands::BehindWord,
        Selected::Telling => true,
    };
    (says || rest.is_empty()).then_some((Confidence::High, "reads other tables by UNION SELECT"))
}

/// What is selected.
enum Selected {
    /// One name.
    Plain { from: bool },
    /// A list, constants, calls, all columns.
    Telling,
}

/// Reads the list behind `SELECT`.
fn selected(all: &[Token<'_>]) -> Option<Selected> {
    let all = match all {
        [Token::Word(word), rest @ ..] if is_one_of(word, &["all", "distinct", "top"]) => rest,
        all => all,
    };
    match all {
        [] | [Token::Operator(b'*'), ..] => return Some(Selected::Telling),
        _ => {}
    }
    let (shape, rest) = operand(all, 0)?;
    let from = |word: &&[u8]| is_one_of(word, &["from", "into", "where"]);
    Some(match (shape, rest) {
        (Shape::Name, [Token::Comma | Token::Comment(_) | Token::Dot, ..]) => Selected::Telling,
        (Shape::Name, [Token::Word(word), table, ..]) if from(word) => match table {
            Token::Word(table) if is_determiner(table) => return None,
            Token::Word(table) if is_catalogue(table) => Selected::Telling,
            _ => Selected::Plain { from: true },
        },
        (Shape::Name, [Token::Word(_), Token::Comma, ..]) => Selected::Telling,
        (Shape::Name, [] | [Token::Close | Token::Semicolon | Token::String(..), ..]) => {
            Selected::Plain { from: false }
        }
        (Shape::Name, _) => return None,
        _ => Selected::Telling,
    })
}

/// Behind `;`: other statements.
fn statements(all: &[Token<'_>], lands: Lands) -> Found {
    let in_string = matches!(lands, Lands::InString { is_quoted: false, .. });
    if let [Token::Comment(_), ..] = all {
        return in_string.then_some((Confidence::High, "ends the statement, and comments out what follows"));
    }
    statement(all, in_string || lands == Lands::Bare).map(|reason| (Confidence::High, reason))
}

/// Whether a statement begins here. `sure` says that something that is no sentence came before.
fn statement(all: &[Token<'_>], sure: bool) -> Option<&'static str> {
    let [Token::Word(verb), rest @ ..] = all else { return None };
    let is_name = |token: Option<&Token<'_>>| match token {
        Some(Token::Word(word)) => !is_determiner(word) && !is_reserved(word),
        Some(Token::Name | Token::Variable) => true,
        _ => false,
    };
    let word_at =
        |at: usize, words: &[&str]| matches!(rest.get(at), Some(Token::Word(word)) if is_one_of(word, words));
    let short = |from: usize| match &rest[from.min(rest.len())..] {
        [] | [Token::Comment(_) | Token::Semicolon, ..] => true,
        [Token::Word(word), ..] => is_one_of(word, &["cascade", "where", "set", "values", "limit", "with"]),
        _ => false,
    };
    let verb = verb.to_ascii_lowercase();
    Some(match verb.as_slice() {
        b"drop" | b"truncate" | b"create" | b"alter" => {
            const THINGS: &[&str] = &[
                "table",
                "database",
                "schema",
                "view",
                "index",
                "user",
                "login",
                "procedure",
                "function",
                "trigger",
                "role",
                "column",
                "sequence",
                "or",
                "temporary",
            ];
            let table = word_at(0, THINGS);
            let name = if word_at(1, &["if"]) { 3 } else { 1 };
            let truncates = verb == b"truncate" && is_name(rest.first()) && short(1) && sure;
            let defined = match rest.get(name + 1) {
                Some(Token::Open) => true,
                Some(Token::Word(word)) => {
                    sure || is_one_of(
                        word,
                        &["add", "change", "modify", "drop", "rename", "alter", "as", "returns"],
                    )
                }
                _ => false,
            };
            let named = table && (is_name(rest.get(name)) || word_at(name, &["not", "exists"]));
            if !(named && (short(name + 1) || defined) || truncates) {
                return None;
            }
            "changes the database's structure"
        }
        b"insert" | b"replace" => {
            let into = usize::from(word_at(0, &["into", "ignore"]));
            let listed = matches!(rest.get(into + 1), Some(Token::Open | Token::Word(_)));
            if !(into == 1
                && is_name(rest.get(1))
                && listed
                && (word_at(2, &["values", "select", "set", "value"]) || rest.get(2) == Some(&Token::Open)))
            {
                return None;
            }
            "inserts rows"
        }
        b"update" => {
            let set = (1..4).any(|at| word_at(at, &["set"]) && rest[at..].contains(&Token::Compare));
            if !(is_name(rest.first()) && set) {
                return None;
            }
            "updates rows"
        }
        b"delete" => {
            let condition = rest
                .iter()
                .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["where"])))
                && rest.iter().any(|token| {
                    matches!(token, Token::Compare) || matches!(token, Token::Word(word) if compares(word) || is_one_of(word, &["true", "not"]))
                });
            if !(word_at(0, &["from"])
                && is_name(rest.get(1))
                && (condition
                    || (sure && short(2))
                    || matches!(rest.get(2), Some(Token::Comment(_) | Token::Semicolon))))
            {
                return None;
            }
            "deletes rows"
        }
        b"select" => match selected(rest)? {
            Selected::Telling => {
                let from = rest
                    .iter()
                    .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["from", "into"])));
                let constant = matches!(
                    rest.first(),
                    Some(Token::Variable | Token::Number | Token::String(..) | Token::Open)
                );
                let call = matches!(rest, [Token::Word(word), Token::Open, ..] if sure || is_function(word));
                if !(from || call || constant && sure) {
                    return None;
                }
                "reads tables"
            }
            Selected::Plain { from }
                if (from || rest.len() < 3 || rest.get(1) == Some(&Token::Open)) && sure
                    || from && has_condition(rest) =>
            {
                "reads tables"
            }
            Selected::Plain { .. } => return None,
        },
        b"exec" | b"execute" | b"call" => match rest.first() {
            Some(Token::Word(name))
                if is_catalogue(name)
                    || name.get(..3).is_some_and(|p| {
                        p.eq_ignore_ascii_case(b"xp_") || p.eq_ignore_ascii_case(b"sp_")
                    }) =>
            {
                "calls a procedure"
            }
            Some(Token::Open | Token::Variable) if sure => "runs a text as SQL",
            Some(Token::Word(word)) if is_one_of(word, &["immediate"]) => "runs a text as SQL",
            _ => return None,
        },
        b"declare" | b"set" if matches!(rest, [Token::Variable, ..]) => "declares a variable",
        b"begin"
            if sure
                && matches!(rest, [Token::Word(word), ..] if is_one_of(word, &["declare", "dbms_lock"])) =>
        {
            "begins a block"
        }
        b"begin" if sure && rest.iter().any(|token| matches!(token, Token::Semicolon | Token::Dot)) => {
            "begins a block"
        }
        b"if"
            if sure && rest.iter().any(
                |token| matches!(token, Token::Word(word) if is_one_of(word, &["waitfor", "select", "exec"])),
            ) =>
        {
            "asks a question by waiting"
        }
        b"waitfor" => waits(rest).map(|(_, reason)| reason)?,
        b"shutdown" if sure && short(0) => "stops the server",
        b"copy"
            if sure
                && rest
                    .iter()
                    .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["program"]))) =>
        {
            "runs a program"
        }
        b"grant" | b"revoke"
            if sure
                && rest
                    .iter()
                    .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["to", "from"]))) =>
        {
            "changes rights"
        }
        b"attach" if word_at(0, &["database"]) => "opens a file as a database",
        b"load" if word_at(0, &["data"]) && word_at(1, &["infile", "local"]) => "reads a file",
        b"handler" if word_at(1, &["open"]) => "reads tables",
        b"describe" | b"desc" | b"show" | b"use" | b"rename" | b"merge" | b"with" | b"analyze"
        | b"vacuum" | b"pragma"
            if sure && is_name(rest.first()) && short(1) =>
        {
            "runs a statement of its own"
        }
        _ => return None,
    })
}

fn has_condition(all: &[Token<'_>]) -> bool {
    let place =
        all.iter().position(|token| matches!(token, Token::Word(word) if is_one_of(word, &["where"])));
    place.is_some_and(|at| all[at..].contains(&Token::Compare))
        || matches!(all.last(), Some(Token::Semicolon | Token::Comment(_)))
}

/// `WAITFOR DELAY '0:0:5'`.
fn waits(all: &[Token<'_>]) -> Found {
    match all {
        [Token::Word(delay), Token::String(..) | Token::Variable, ..]
            if is_one_of(delay, &["delay", "time"]) =>
        {
            Some((Confidence::High, "waits, to ask a question by time"))
        }
        _ => None,
    }
}

/// A value that lands where a number or a name stands.
fn bare(value: &[u8], all: &[Token<'_>], is_prose: bool) -> Found {
    let closes = all.iter().take_while(|token| **token == Token::Close).count();
    let (rest, lands) = match all {
        _ if closes > 0 => (&all[closes..], Lands::Bare),
        [Token::Word(word), ..]
            if joins(word) || is_one_of(word, &["union", "having", "order", "waitfor"]) =>
        {
            (all, Lands::Bare)
        }
        [Token::Join | Token::Semicolon, ..] => (all, Lands::Bare),
        [Token::Word(_), ..] if statement(all, false).is_some() => {
            let confidence = if is_prose { Confidence::Low } else { Confidence::High };
            return statement(all, false).map(|reason| (confidence, reason));
        }
        [Token::Open, ..] | [Token::Operator(b'-' | b'+'), ..] | [Token::Number | Token::String(..), ..] => {
            let (shape, rest) = arithmetic(all, 0, false)?;
            let closes = rest.iter().take_while(|token| **token == Token::Close).count();
            let subquery = shape == Shape::Call
                && matches!(all, [Token::Open, Token::Word(word), ..] if is_one_of(word, &["select"]));
            if subquery && !is_prose {
                return Some((Confidence::High, "a subquery"));
            }
            (&rest[closes..], Lands::Bare)
        }
        [Token::Word(_) | Token::Name, ..] => {
            let (_, rest) = arithmetic(all, 0, false)?;
            let closes = rest.iter().take_while(|token| **token == Token::Close).count();
            (&rest[closes..], Lands::BehindWord)
        }
        _ => return None,
    };
    // Behind the first words of a sentence nothing is told that the first of them does not tell.
    let found = match continues(rest, lands) {
        None if !is_prose => later(all),
        found => found,
    };
    let starts_with_digit = value.first().is_some_and(u8::is_ascii_digit);
    found.map(|(confidence, reason)| match is_prose && !starts_with_digit {
        true => (Confidence::Low, reason),
        false => (confidence, reason),
    })
}

/// A UNION, a statement or a condition on constants anywhere in what is no sentence.
fn later(all: &[Token<'_>]) -> Found {
    for at in 1..all.len() {
        let rest = &all[at..];
        let found = match rest.first() {
            Some(Token::Word(word)) if is_one_of(word, &["union"]) => union(&rest[1..], Lands::BehindWord),
            Some(Token::Word(word)) if is_one_of(word, &["waitfor"]) => waits(&rest[1..]),
            Some(Token::Semicolon) => statements(&rest[1..], Lands::BehindWord),
            Some(Token::Word(word)) if is_one_of(word, &["or", "and"]) => {
                expression(&rest[1..]).filter(|(_, strength, _)| *strength == Strength::Call).and_then(
                    |(shape, _, after)| {
                        // A call is told by its name; what is left are constants.
                        (shape != Shape::Call && ends(after, Lands::Bare))
                            .then_some((Confidence::High, "a condition that is always or never true"))
                    },
                )
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Calls of functions, and names of catalogues, that tell what is wanted wherever they stand.
fn calls(all: &[Token<'_>], is_prose: bool) -> Found {
    const SURE: &[&str] = &[
        "sleep",
        "benchmark",
        "pg_sleep",
        "extractvalue",
        "updatexml",
        "load_file",
        "xp_cmdshell",
        "xp_dirtree",
        "randomblob",
        "get_host_address",
        "receive_message",
        "sys_eval",
        "sys_exec",
        "pg_read_file",
        "lo_import",
        "openrowset",
        "group_concat",
        "gtid_subset",
        "load_extension",
        "database_to_xml",
        "query_to_xml",
        "name_const",
        "dbms_lock",
        "zeroblob",
    ];
    let confidence = if is_prose { Confidence::Low } else { Confidence::High };
    for (at, token) in all.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let rest = &all[at + 1..];
        let called = matches!(rest, [Token::Open, argument, ..] if *argument != Token::Close)
            && !matches!(rest, [Token::Open, Token::Number, Token::Word(_), ..]);
        if called && is_one_of(word, SURE) {
            // Other languages sleep, too; what is called alone is SQL only where it can be an expression.
            let alone = is_one_of(word, &["sleep", "benchmark"])
                && (at > 0 && matches!(all[at - 1], Token::Dot | Token::Other(_))
                    || matches!(rest, [Token::Open, Token::Word(name), ..] if !is_one_of(name, &["select", "if", "case", "rand", "floor"])));
            if !alone {
                return Some((confidence, "calls a function that waits, reads files, or carries data out"));
            }
        }
        if is_one_of(
            word,
            &[
                "information_schema",
                "sqlite_master",
                "sqlite_schema",
                "sysobjects",
                "pg_shadow",
                "msysobjects",
            ],
        ) && all
            .iter()
            .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["from", "join"])))
        {
            return Some((confidence, "reads the catalogue"));
        }
        // `(select ... from`.
        if is_one_of(word, &["select"])
            && at > 0
            && matches!(all[at - 1], Token::Open)
            && matches!(selected(rest), Some(Selected::Telling | Selected::Plain { from: true }))
        {
            return Some((confidence, "a subquery"));
        }
        if is_telling_function(word) && called && nested(rest) {
            return Some((confidence, "takes a text apart to ask for it letter by letter"));
        }
    }
    None
}

/// Whether something is selected or asked of the server within a call.
fn nested(rest: &[Token<'_>]) -> bool {
    rest.iter().take(8).any(|token| match token {
        Token::Variable => true,
        Token::Word(word) => {
            is_one_of(word, &["select", "version", "database", "current_user", "user", "system_user"])
        }
        _ => false,
    })
}
