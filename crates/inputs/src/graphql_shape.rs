//! How much a GraphQL request asks for: requests in it, depth, fields, the same field over and over, the schema itself.

use std::collections::{HashMap, HashSet};

use super::body::ParsedBody;
use super::graphql_document::{Document, Selection, Unread, parse};
use super::graphql_lexer::dialects;
use super::graphql_literals::documents;
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
        }
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
        let mut work = MAX_WORK;
        let shapes: Vec<Shape> = texts.iter().filter_map(|text| document(text, &mut work)).collect();
        let largest = |of: fn(&Shape) -> usize| shapes.iter().map(of).max();
        Some(Shape {
            requests,
            depth: largest(|shape| shape.depth)?,
            fields: shapes.iter().fold(0, |sum, shape| sum.saturating_add(shape.fields)),
            doubled: largest(|shape| shape.doubled)?,
            is_introspection: shapes.iter().any(|shape| shape.is_introspection),
            log_ins: shapes.iter().fold(0, |sum, shape| sum.saturating_add(shape.log_ins)),
        })
    }
}

/// The shape of one document, the largest of those that servers may read in it; nothing where a text is none.
fn document(text: &str, work: &mut usize) -> Option<Shape> {
    if !text.contains('{') {
        return None;
    }
    let too_much = Shape { depth: usize::MAX, fields: usize::MAX, ..Shape::default() };
    let mut largest: Option<Shape> = None;
    for dialect in dialects(text) {
        let document = match parse(text, dialect, MAX_NESTING) {
            Ok(document) => document,
            Err(Unread::TooDeep) => return Some(too_much),
            Err(Unread::NoDocument) => continue,
        };
        if text.len() > LONGEST {
            return Some(Shape { depth: 0, ..too_much });
        }
        let mut measure = Measure {
            document: &document,
            known: HashMap::new(),
            work: *work,
            doubled: 0,
            is_introspection: false,
        };
        let (mut depth, mut fields, mut log_ins) = (0, 0_usize, 0);
        for operation in &document.operations {
            if operation.is_mutation {
                let mut counts = HashMap::new();
                measure.count(&operation.selections, &mut counts, &mut HashSet::new(), 0);
                let log_in = counts.iter().filter(|(name, _)| is_log_in(name));
                log_ins = log_ins.max(log_in.map(|(_, count)| *count).sum());
            }
            let size = measure.set(&operation.selections, 0);
            depth = depth.max(size.depth);
            fields = fields.saturating_add(size.fields);
        }
        let Measure { doubled, is_introspection, .. } = measure;
        *work = measure.work;
        let shape = Shape { requests: 1, depth, fields, doubled, is_introspection, log_ins };
        largest = Some(largest.map_or(shape, |before| before.or(shape)));
    }
    largest
}

/// Whether a mutation of this name logs somebody in, as servers and their libraries call it.
fn is_log_in(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "login",
        "logon",
        "signin",
        "authenticate",
        "loginuser",
        "userlogin",
        "signinuser",
        "usersignin",
        "authenticateuser",
        "loginwithemail",
        "loginwithpassword",
        "signinwithpassword",
        "emaillogin",
        "passwordlogin",
        "tokenauth",
        "tokencreate",
        "createtoken",
        "obtaintoken",
        "obtainjsonwebtoken",
        "customeraccesstokencreate",
        "generatecustomertoken",
        "authenticateuserwithpassword",
    ];
    let plain: String = name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    NAMES.contains(&plain.as_str())
}

#[derive(Clone, Copy, Default)]
struct Size {
    depth: usize,
    fields: usize,
}

impl Size {
    const TOO_MUCH: Size = Size { depth: usize::MAX, fields: usize::MAX };
}

struct Measure<'d> {
    document: &'d Document<'d>,
    /// Sizes of fragments; none while one is being measured.
    known: HashMap<&'d str, Option<Size>>,
    work: usize,
    doubled: usize,
    is_introspection: bool,
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
                    Size { depth: inner.depth.saturating_add(1), fields: inner.fields.saturating_add(1) }
                }
                Selection::Inline(selections) => self.set(selections, level + 1),
                Selection::Spread(name) => self.fragment(name, level + 1),
            };
            size =
                Size { depth: size.depth.max(inner.depth), fields: size.fields.saturating_add(inner.fields) };
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
        ] {
            let body = ParsedBody::Json(
                json!([{ "query": document }, { "query": "mutation { login(p: 4) { t } }" }]),
            );
            assert_eq!(Shape::of("", Some((&body, b"")), false).unwrap().log_ins, log_ins + 1, "{document}");
        }
        for spelling in [json!({ "Query": "{a}" }), json!({ "query": ["{b}", "{a}"] })] {
            assert!(Shape::of("", Some((&ParsedBody::Json(spelling), b"")), false).is_some());
        }
    }
}
