//! How much a GraphQL request asks for: requests in it, depth, fields, the same field over and over, the schema itself.

use std::collections::{HashMap, HashSet};

use super::body::ParsedBody;
use super::graphql_document::{Document, Operation, Selection, Unread, WORK, may_be_document, read};
use super::graphql_literals::documents;
use super::graphql_stored::stored;
use super::names::is_same_name;
use super::pairs::pairs;

/// Bytes of a document beyond which nobody measures it: it asks for more than anybody wants.
const LONGEST: usize = 256 << 10;
/// How deep braces, brackets and parentheses may nest.
const MAX_NESTING: usize = 128;
/// Selections that are looked at.
const MAX_WORK: usize = 100_000;
/// Selections and fragments in one another that are followed: a chain of fragments is as long as the document.
const MAX_LEVEL: usize = 200;

/// How much a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Requests in one: the items of a list.
    pub requests: usize,
    /// How deep fields stand in one another, fragments filled in.
    pub depth: usize,
    /// Fields in all, fragments filled in: each counts as often as it is spread.
    pub fields: usize,
    /// How often a field is asked for in one place, under whatever names (aliases).
    pub doubled: usize,
    /// Whether it asks for the schema (`__schema`, `__type`).
    pub is_introspection: bool,
    /// How often somebody logs in, under whatever names.
    pub log_ins: usize,
    /// Whether it logs somebody in and asks for nothing else, by no names but the API's: its answer then tells whether that
    /// has failed.
    pub is_plain_log_in: bool,
    /// Whether servers read different documents in it.
    pub is_ambiguous: bool,
}

impl Shape {
    /// The larger of each measure: what is asked for at most, of two readings.
    #[must_use]
    pub fn or(self, other: Shape) -> Shape {
        Shape {
            requests: self.requests.max(other.requests),
            depth: self.depth.max(other.depth),
            fields: self.fields.max(other.fields),
            doubled: self.doubled.max(other.doubled),
            is_introspection: self.is_introspection || other.is_introspection,
            log_ins: self.log_ins.max(other.log_ins),
            is_plain_log_in: self.is_plain_log_in && other.is_plain_log_in,
            is_ambiguous: self.is_ambiguous || other.is_ambiguous,
        }
    }

    /// The shape of one document; nothing where a text is none.
    pub fn of_document(text: &str) -> Option<Shape> {
        document(text, &mut MAX_WORK.clone(), &mut WORK.clone())
    }

    /// The shape of the documents in a request; nothing where there is none. Values that no number holds stand for documents
    /// that nobody should parse, and for fragments that spread one another in circles.
    pub fn of(query: &str, parsed: Option<(&ParsedBody, &[u8])>, is_graphql: bool) -> Option<Shape> {
        let mut texts: Vec<String> = pairs(query.as_bytes())
            .filter(|(name, _)| is_same_name(name, "query"))
            .map(|(_, text)| text.into_owned())
            .collect();
        let requests = match parsed {
            // A text of another type is no document.
            None | Some((ParsedBody::Text, _)) if !is_graphql => 1,
            None => 1,
            Some((body, raw)) => documents(body, raw, &mut |text| texts.push(text.to_owned())),
        };
        let (mut work, mut readings) = (MAX_WORK, WORK);
        let shapes: Vec<Shape> =
            texts.iter().filter_map(|text| document(text, &mut work, &mut readings)).collect();
        // The documents of a batch may be stored ones.
        if shapes.is_empty() && requests > 1 && !stored(query, parsed).is_empty() {
            return Some(Shape { requests, ..Shape::default() });
        }
        let largest = |of: fn(&Shape) -> usize| shapes.iter().map(of).max();
        Some(Shape {
            requests,
            depth: largest(|shape| shape.depth)?,
            fields: shapes.iter().fold(0, |sum, shape| sum.saturating_add(shape.fields)),
            doubled: largest(|shape| shape.doubled)?,
            is_introspection: shapes.iter().any(|shape| shape.is_introspection),
            log_ins: shapes.iter().fold(0, |sum, shape| sum.saturating_add(shape.log_ins)),
            is_plain_log_in: shapes.iter().all(|shape| shape.is_plain_log_in),
            is_ambiguous: shapes.iter().any(|shape| shape.is_ambiguous),
        })
    }
}

/// The shape of one document; nothing where a text is none.
fn document(text: &str, work: &mut usize, readings: &mut usize) -> Option<Shape> {
    if !text.contains('{') {
        return None;
    }
    let too_much = Shape { depth: usize::MAX, fields: usize::MAX, ..Shape::default() };
    if text.len() > LONGEST && may_be_document(text) {
        return Some(Shape { depth: 0, ..too_much });
    }
    let document = match read(text, MAX_NESTING, readings) {
        Ok(document) => document,
        Err(Unread::NoDocument) => return None,
        Err(Unread::TooDeep) => return Some(too_much),
        Err(Unread::Ambiguous) => return Some(Shape { is_ambiguous: true, ..Shape::default() }),
    };
    let mut measure = Measure {
        document: &document,
        known: HashMap::new(),
        work: *work,
        doubled: 0,
        is_introspection: false,
        has_alias: false,
    };
    let (mut all, mut log_ins) = (Size::default(), 0);
    for operation in &document.operations {
        let size = measure.set(&operation.selections, 0);
        all = Size {
            depth: all.depth.max(size.depth),
            fields: all.fields.saturating_add(size.fields),
            log_ins: 0,
        };
        if operation.is_mutation {
            // One of them runs.
            log_ins = log_ins.max(size.log_ins);
        }
    }
    let Measure { doubled, is_introspection, has_alias, .. } = measure;
    *work = measure.work;
    let is_plain_log_in = match document.operations.as_slice() {
        [Operation { selections, .. }] => !has_alias && is_nothing_but_log_in(selections),
        _ => false,
    };
    let Size { depth, fields, .. } = all;
    Some(Shape {
        requests: 1,
        depth,
        fields,
        doubled,
        is_introspection,
        log_ins,
        is_plain_log_in,
        is_ambiguous: false,
    })
}

/// Whether somebody logs in, and nothing stands beside it: `login(…) {…}`, `auth { login(…) {…} }`.
fn is_nothing_but_log_in(selections: &[Selection<'_>]) -> bool {
    match selections {
        [Selection::Field(field)] => is_log_in(field.name) || is_nothing_but_log_in(&field.selections),
        _ => false,
    }
}

/// Whether a mutation of this name logs somebody in, as servers and their libraries call it: `login`, `customerSignIn`,
/// `authenticateUserWithPassword`, `tokenAuth`, `createSession`. One that has other words does something else
/// (`updateLoginSettings`).
fn is_log_in(name: &str) -> bool {
    const DOES: [&str; 7] = ["login", "logon", "signin", "signon", "authenticate", "auth", "session"];
    const GIVES: [&str; 5] = ["create", "generate", "obtain", "get", "request"];
    const TOKEN: [&str; 4] = ["token", "session", "jwt", "accesstoken"];
    const BESIDE: [&str; 26] = [
        "user",
        "customer",
        "admin",
        "account",
        "member",
        "employee",
        "client",
        "staff",
        "with",
        "by",
        "using",
        "for",
        "via",
        "and",
        "email",
        "mail",
        "password",
        "username",
        "phone",
        "credentials",
        "local",
        "json",
        "web",
        "access",
        "the",
        "new",
    ];
    const OTHER: [&str; 30] = [
        "settings",
        "setting",
        "history",
        "attempt",
        "attempts",
        "url",
        "link",
        "page",
        "config",
        "method",
        "methods",
        "options",
        "policy",
        "notification",
        "alert",
        "update",
        "delete",
        "remove",
        "disable",
        "enable",
        "set",
        "reset",
        "log",
        "audit",
        "activity",
        "message",
        "image",
        "form",
        "stats",
        "count",
    ];
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let is_known = |word: &String| {
        [&DOES[..], &GIVES, &TOKEN, &BESIDE].iter().any(|known| known.contains(&word.as_str()))
    };
    let is_token = has(&TOKEN) && (has(&GIVES) || has(&["auth"]));
    let unknown: Vec<&String> = words.iter().filter(|word| !is_known(word)).collect();
    let at_an_end =
        [words.first(), words.last()].into_iter().flatten().any(|word| DOES[..5].contains(&word.as_str()));
    match unknown.as_slice() {
        [] => has(&DOES[..5]) || is_token,
        // Whom it is for: `loginSeller`, `driverSignIn`, `authenticatePersonWithPassword`, `loginV2`.
        [word] => at_an_end && !OTHER.contains(&word.as_str()),
        _ => false,
    }
}

/// The words of a name, in lower case; `log in` and `sign on` are one.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut was_lower, mut rest) = (false, name.chars().peekable());
    while let Some(c) = rest.next() {
        // `JSONWeb` is two.
        let is_first = was_lower || rest.peek().is_some_and(char::is_ascii_lowercase);
        let begins = c == '_' || c.is_ascii_uppercase() && is_first || words.is_empty();
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.push(c.to_ascii_lowercase());
        }
        was_lower = !c.is_ascii_uppercase();
    }
    words.retain(|word| !word.is_empty());
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(before)
                if ["log", "sign"].contains(&before.as_str()) && ["in", "on"].contains(&word.as_str()) =>
            {
                before.push_str(&word);
            }
            _ => joined.push(word),
        }
    }
    // `loginuser`, as some write it.
    joined.into_iter().flat_map(|word| split_lower(&word)).collect()
}

/// `loginuser` in two.
fn split_lower(word: &str) -> Vec<String> {
    for known in ["login", "signin", "authenticate"] {
        let parts = word
            .strip_prefix(known)
            .map(|rest| (known, rest))
            .or_else(|| Some((word.strip_suffix(known)?, known)));
        if let Some((first, second)) = parts.filter(|(first, second)| !first.is_empty() && !second.is_empty())
        {
            return vec![first.to_owned(), second.to_owned()];
        }
    }
    vec![word.to_owned()]
}

#[derive(Clone, Copy, Default)]
struct Size {
    depth: usize,
    fields: usize,
    /// Of a log in that is called with something: elsewhere, `login` is a name of somebody.
    log_ins: usize,
}

impl Size {
    const TOO_MUCH: Size = Size { depth: usize::MAX, fields: usize::MAX, log_ins: usize::MAX };
}

struct Measure<'d> {
    document: &'d Document<'d>,
    /// Sizes of fragments; none while one is being measured.
    known: HashMap<&'d str, Option<Size>>,
    work: usize,
    doubled: usize,
    is_introspection: bool,
    has_alias: bool,
}

impl<'d> Measure<'d> {
    fn set(&mut self, set: &'d [Selection<'d>], level: usize) -> Size {
        if level > MAX_LEVEL {
            return Size::TOO_MUCH;
        }
        let mut counts = HashMap::new();
        self.count(set, &mut counts, &mut HashSet::new(), level);
        self.doubled = self.doubled.max(counts.into_values().max().unwrap_or(0));
        let mut size = Size::default();
        for selection in set {
            let Some(left) = self.work.checked_sub(1) else { return Size::TOO_MUCH };
            self.work = left;
            let inner = match selection {
                Selection::Field(field) => {
                    let inner = self.set(&field.selections, level + 1);
                    self.has_alias |= field.has_alias;
                    let is_log_in = !field.arguments.is_empty() && is_log_in(field.name);
                    Size {
                        depth: inner.depth.saturating_add(1),
                        fields: inner.fields.saturating_add(1),
                        log_ins: inner.log_ins.saturating_add(usize::from(is_log_in)),
                    }
                }
                Selection::Inline(selections) => self.set(selections, level + 1),
                Selection::Spread(name) => self.fragment(name, level + 1),
            };
            size = Size {
                depth: size.depth.max(inner.depth),
                fields: size.fields.saturating_add(inner.fields),
                log_ins: size.log_ins.saturating_add(inner.log_ins),
            };
        }
        size
    }

    fn fragment(&mut self, name: &str, level: usize) -> Size {
        let Some((&name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Size::default();
        };
        match self.known.get(name) {
            Some(Some(size)) => return *size,
            // It spreads itself.
            Some(None) => return Size::TOO_MUCH,
            None => {}
        }
        self.known.insert(name, None);
        let size = self.set(fragment, level);
        self.known.insert(name, Some(size));
        size
    }

    /// Counts the fields of one place by their own names; a fragment counts once there. What is too much for it is too much for
    /// [`Measure::set`], which says so.
    fn count(
        &mut self,
        set: &'d [Selection<'d>],
        counts: &mut HashMap<&'d str, usize>,
        spread: &mut HashSet<&'d str>,
        level: usize,
    ) {
        if level > MAX_LEVEL {
            return;
        }
        for selection in set {
            let Some(left) = self.work.checked_sub(1) else { return };
            self.work = left;
            match selection {
                Selection::Field(field) => {
                    let name = field.name;
                    self.is_introspection |= matches!(name, "__schema" | "__type");
                    *counts.entry(name).or_default() += 1;
                }
                Selection::Inline(selections) => self.count(selections, counts, spread, level + 1),
                Selection::Spread(name) => {
                    let fragment = self.document.fragments.get(name).filter(|_| spread.insert(name));
                    if let Some(fragment) = fragment {
                        self.count(fragment, counts, spread, level + 1);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::multipart::Part;

    fn of(document: &str) -> Option<(usize, usize, usize, bool)> {
        let body = ParsedBody::Json(json!({ "query": document }));
        let shape = Shape::of("", Some((&body, b"")), false)?;
        Some((shape.depth, shape.fields, shape.doubled, shape.is_introspection))
    }

    #[test]
    fn what_is_asked_for_is_counted() {
        for (document, expected) in [
            ("{ me { id name } orders { id } }", Some((2, 5, 1, false))),
            ("query A { a: me { id } b: me { id } c: me { id } }", Some((2, 6, 3, false))),
            (
                "mutation { a: login(p: 1) { t } ... on M { b: login(p: 2) { t } } ...F } fragment F on M { c: login(p: 3) { t } }",
                Some((2, 6, 3, false)),
            ),
            ("{ a { ...F ...F } } fragment F on T { b { c } }", Some((3, 5, 1, false))),
            (
                "{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { c { d } }",
                Some((4, 4, 1, false)),
            ),
            ("{ ...F } fragment F on T { a { ...F } }", Some((usize::MAX, usize::MAX, 1, false))),
            ("{ __schema { types { name } } }", Some((3, 3, 1, true))),
            ("{ me { __typename } }", Some((2, 2, 1, false))),
            ("# a comment\n{ a }", Some((1, 1, 1, false))),
            ("a text { with braces }", None),
            ("{ not graphql", None),
            ("{\"bool\":{\"must\":[]}}", None),
            ("", None),
            // What our parser does not read, and others do.
            ("\"d\" query { a { __schema { b } } }", Some((3, 3, 1, true))),
            ("{ a(x: \"\\u{41}\") b: a c: a }", Some((1, 3, 3, false))),
            ("{ a(x: \"\\ud83d\\ude00\") { b } }", Some((2, 2, 1, false))),
            ("{ a(x: [#]\n[#]\n1]]) }", Some((1, 1, 1, false))),
        ] {
            assert_eq!(of(document), expected, "{document}");
        }
        // Fragments that multiply: 2 to the power of 30 fields cost nothing to count.
        let mut text = "{ ...F0 }".to_owned();
        for nth in 0..30 {
            text += &format!(" fragment F{nth} on T {{ a {{ ...F{n} }} b {{ ...F{n} }} }}", n = nth + 1);
        }
        text += " fragment F30 on T { c }";
        let (depth, fields, ..) = of(&text).unwrap();
        assert!(depth == 31 && fields > 1 << 30, "{depth} {fields}");
        // A chain of fragments would end the process, were it followed to its end.
        let chain: String =
            (0..6_000).map(|nth| format!("fragment F{nth} on T{{...F{}}}", nth + 1)).collect();
        assert_eq!(of(&format!("{{...F0}}{chain}")).unwrap().0, usize::MAX);
        // Deeper than our parser goes, and not than a server's.
        let deep = format!("{}a{}", "{ a ".repeat(90), "}".repeat(90));
        assert_eq!(of(&deep).unwrap().0, 90);
        // Brackets that a comment seems to close would end the process, were they not counted.
        assert_eq!(
            of(&format!("{{a(x:{}1{})}}", "[#]\n".repeat(2000), "]".repeat(2000))).unwrap().0,
            usize::MAX
        );
        assert_eq!(of(&"{ a ".repeat(1000)), Some((usize::MAX, usize::MAX, 0, false)));
        assert_eq!(of(&format!("{{ a(b: \"{}\") }}", "x".repeat(300_000))), Some((0, usize::MAX, 0, false)));
    }

    #[test]
    fn documents_are_found_where_servers_look() {
        let list = ParsedBody::Json(json!([{ "query": "{ a }" }, { "query": "{ b { c } }" }]));
        let shape = Shape::of("", Some((&list, b"")), false).unwrap();
        assert_eq!((shape.requests, shape.depth, shape.fields), (2, 2, 3));
        assert_eq!(Shape::of("query=%7Ba%7D", None, false).unwrap().fields, 1);
        let form = ParsedBody::Form(vec![("query".into(), "{a b}".into())]);
        assert_eq!(Shape::of("", Some((&form, b"")), false).unwrap().fields, 2);
        assert_eq!(Shape::of("", Some((&ParsedBody::Text, b"{a}")), true).unwrap().fields, 1);
        assert_eq!(Shape::of("", Some((&ParsedBody::Text, b"{a}")), false), None);
        assert_eq!(Shape::of("q=1", None, false), None);
        for (document, log_ins) in [
            (
                "mutation { a: login(p: 1) { t } b: sign_in(p: 2) { t } ...F } fragment F on M { c: login(p: 3) { t } }",
                3,
            ),
            ("mutation { updateLoginSettings(a: 1) { b } }", 0),
            ("{ login { at } }", 0),
            // Below a name that says what the mutations are of; not where it is somebody's name.
            (
                "mutation { auth { a: login(p: 1) { t } b: login(p: 2) { t } ...F } } fragment F on A { login(p: 3) { t } }",
                3,
            ),
            ("mutation { a: auth { ...F } b: auth { ...F } } fragment F on A { login(p: 3) { t } }", 2),
            ("mutation { addStar(id: 1) { starrable { owner { login } } } }", 0),
            ("mutation A { login(p: 1) { t } } mutation B { a: login(p: 1) { t } b: login(p: 2) { t } }", 2),
        ] {
            let body = ParsedBody::Json(
                json!([{ "query": document }, { "query": "mutation { login(p: 4) { t } }" }]),
            );
            assert_eq!(Shape::of("", Some((&body, b"")), false).unwrap().log_ins, log_ins + 1, "{document}");
        }
        for (document, is_plain) in [
            ("mutation { login(p: 1) { token } }", true),
            ("mutation($p: S) { login(p: $p) { token user { name } } }", true),
            // The answer says what the client wants it to say.
            ("mutation { login(p: 1) { token: __typename } }", false),
            ("mutation { login(p: 1) { token } token: __typename }", false),
            ("mutation { login(p: 1) { token } echo(s: 1) }", false),
            ("mutation { auth { login(p: 1) { token } } }", true),
            ("mutation { auth { login(p: 1) { token } session } }", false),
            ("mutation { ...F } fragment F on M { login(p: 1) { token } }", false),
        ] {
            let body = ParsedBody::Json(json!({ "query": document }));
            let shape = Shape::of("", Some((&body, b"")), false).unwrap();
            assert_eq!((shape.log_ins, shape.is_plain_log_in), (1, is_plain), "{document}");
        }
        let odd = ParsedBody::Json(json!({ "query": "{\u{e9}:a a0:a}" }));
        assert!(Shape::of("", Some((&odd, b"")), false).unwrap().is_ambiguous);
        // Where some servers look: a form that is a document as a whole, and escapes of URLs in one.
        for (body, raw, is_graphql) in [
            (
                ParsedBody::Form(vec![("mutation{login(p:1){t} a".into(), "".into())]),
                "mutation{login(p:1){t} a}",
                false,
            ),
            (ParsedBody::Form(Vec::new()), "query=mutation{login(p:\"a&b\"){t} b}", false),
            (ParsedBody::Form(Vec::new()), "query=%7Ba%20b%7D", false),
            (ParsedBody::Text, "%7Ba%20b%7D", true),
        ] {
            assert!(
                Shape::of("", Some((&body, raw.as_bytes())), is_graphql)
                    .is_some_and(|shape| shape.fields > 1),
                "{raw}"
            );
        }
        let upload = |map: &str| {
            let part = |name: &str, content: &str| Part {
                name: name.into(),
                file_name: None,
                content: content.as_bytes().to_vec().into(),
                is_file: false,
                media_type: "text/plain".into(),
                json: None,
                headers: Vec::new(),
                is_untyped: false,
            };
            let parts =
                vec![part("operations", "{}"), part("map", map), part("0", "mutation{login(p:1){t}}")];
            Shape::of("", Some((&ParsedBody::Multipart(parts), b"")), false).map_or(0, |shape| shape.log_ins)
        };
        assert_eq!(upload("{\"0\":[\"query\"]}"), 1);
        assert_eq!(upload("{\"0\":[\"variables.f\",\"0.query\"]}"), 1);
        assert_eq!(upload("{\"0\":[\"variables.file\",\"0.variables.files.1\"]}"), 0);
        let form = ParsedBody::Form(vec![("query".into(), "mutation{login(p:1){t}}".into())]);
        for raw in ["query=mutation%7Blogin(p:1)%7Bt%7D%7D", "query=mutation{login(p:1){t}}"] {
            assert_eq!(Shape::of("", Some((&form, raw.as_bytes())), false).unwrap().log_ins, 1, "{raw}");
        }
        let stored = |hash: &str| json!({ "extensions": { "persistedQuery": { "sha256Hash": hash } } });
        let batch = ParsedBody::Json(json!([stored("0a"), stored("0B")]));
        assert_eq!(Shape::of("", Some((&batch, b"")), false).unwrap().requests, 2);
        for (name, is_one) in [
            ("login", true),
            ("logIn", true),
            ("sign_in", true),
            ("userlogin", true),
            ("auth_login", true),
            ("customerSignIn", true),
            ("loginAdmin", true),
            ("authenticateAdminWithPassword", true),
            ("accountCreateEmailPasswordSession", true),
            ("signInWithEmail", true),
            ("createSession", true),
            ("generateToken", true),
            ("tokenAuth", true),
            ("obtainJSONWebToken", true),
            ("customerAccessTokenCreate", true),
            ("loginSeller", true),
            ("driverSignIn", true),
            ("authenticatePersonWithPassword", true),
            ("loginV2", true),
            ("doLogin", true),
            ("createTokenPair", false),
            ("updateLogin", false),
            ("loginMessage", false),
            ("updateLoginSettings", false),
            ("createCheckoutSession", false),
            ("loginHistory", false),
            ("createUser", false),
            ("revokeToken", false),
            ("authors", false),
            ("session", false),
            ("signup", false),
        ] {
            assert_eq!(is_log_in(name), is_one, "{name}");
        }
        let items = ParsedBody::Json(json!([{ "name": "a" }, { "name": "b" }]));
        assert_eq!(Shape::of("", Some((&items, b"")), false), None);
        for spelling in [json!({ "Query": "{a}" }), json!({ "query": ["{b}", "{a}"] })] {
            assert!(Shape::of("", Some((&ParsedBody::Json(spelling), b"")), false).is_some());
        }
    }
}
