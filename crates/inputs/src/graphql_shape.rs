//! How much a GraphQL request asks for: requests in it, depth, fields, the same field over and over, the schema itself.

use std::collections::{HashMap, HashSet};

use super::body::ParsedBody;
use super::graphql_document::{Document, Field, Operation, Selection, Unread, WORK, may_be_document, read};
use super::graphql_literals::documents;
use super::graphql_log_ins::{LogInBy, log_in};
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
    /// How it shows that it logs somebody in, if it asks for nothing else, by no names but the API's: its answer then tells whether
    /// that has failed.
    pub plain_log_in: Option<LogInBy>,
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
            plain_log_in: self.plain_log_in.filter(|_| self.plain_log_in == other.plain_log_in),
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
            plain_log_in: match shapes.as_slice() {
                [shape] => shape.plain_log_in,
                _ => None,
            },
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
            ..Size::default()
        };
        // One of them runs.
        log_ins = log_ins.max(if operation.is_mutation { size.log_ins } else { size.queried_log_ins });
    }
    let Measure { doubled, is_introspection, has_alias, .. } = measure;
    *work = measure.work;
    let plain_log_in = match document.operations.as_slice() {
        [Operation { selections, is_mutation, .. }] if !has_alias => {
            nothing_but_log_in(selections, *is_mutation)
        }
        _ => None,
    };
    let Size { depth, fields, .. } = all;
    Some(Shape {
        requests: 1,
        depth,
        fields,
        doubled,
        is_introspection,
        log_ins,
        plain_log_in,
        is_ambiguous: false,
    })
}

/// Whether somebody logs in, and how that is known, where nothing stands beside it: `login(…) {…}`, `auth { login(…) {…} }`.
fn nothing_but_log_in(selections: &[Selection<'_>], is_mutation: bool) -> Option<LogInBy> {
    match selections {
        [Selection::Field(field)] => {
            log_in(field, is_mutation).or_else(|| nothing_but_log_in(&field.selections, is_mutation))
        }
        _ => None,
    }
}

#[derive(Clone, Copy, Default)]
struct Size {
    depth: usize,
    fields: usize,
    /// Of a log in that is called with something: elsewhere, `login` is a name of somebody.
    log_ins: usize,
    /// The same in a query.
    queried_log_ins: usize,
}

impl Size {
    const TOO_MUCH: Size =
        Size { depth: usize::MAX, fields: usize::MAX, log_ins: usize::MAX, queried_log_ins: usize::MAX };
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
        self.together(&[set], level);
        let mut size = Size::default();
        for selection in set {
            let Some(left) = self.work.checked_sub(1) else { return Size::TOO_MUCH };
            self.work = left;
            let inner = match selection {
                Selection::Field(field) => {
                    let inner = self.set(&field.selections, level + 1);
                    self.has_alias |= field.alias.is_some();
                    let is_log_in = |is_mutation| usize::from(log_in(field, is_mutation).is_some());
                    Size {
                        depth: inner.depth.saturating_add(1),
                        fields: inner.fields.saturating_add(1),
                        log_ins: inner.log_ins.saturating_add(is_log_in(true)),
                        queried_log_ins: inner.queried_log_ins.saturating_add(is_log_in(false)),
                    }
                }
                Selection::Inline(selections) => self.set(selections, level + 1),
                Selection::Spread(name) => self.fragment(name, level + 1),
            };
            size = Size {
                depth: size.depth.max(inner.depth),
                fields: size.fields.saturating_add(inner.fields),
                log_ins: size.log_ins.saturating_add(inner.log_ins),
                queried_log_ins: size.queried_log_ins.saturating_add(inner.queried_log_ins),
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

    /// Counts the fields of one place by their own names; a fragment counts once there. What several fields that go by one name
    /// in the answer select is one place (GraphQL §6.3.2). What is too much for it is too much for [`Measure::set`], which says so.
    fn together(&mut self, sets: &[&'d [Selection<'d>]], level: usize) {
        let (mut fields, mut spread) = (Vec::new(), HashSet::new());
        sets.iter().for_each(|set| self.fields(set, &mut fields, &mut spread, level));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut answered: HashMap<&str, Vec<&'d [Selection<'d>]>> = HashMap::new();
        for field in fields {
            *counts.entry(field.name).or_default() += 1;
            answered.entry(field.alias.unwrap_or(field.name)).or_default().push(&field.selections);
        }
        self.doubled = self.doubled.max(counts.into_values().max().unwrap_or(0));
        for sets in answered.into_values().filter(|sets| sets.len() > 1) {
            self.together(&sets, level + 1);
        }
    }

    /// The fields of a place.
    fn fields(
        &mut self,
        set: &'d [Selection<'d>],
        fields: &mut Vec<&'d Field<'d>>,
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
                    self.is_introspection |= matches!(field.name, "__schema" | "__type");
                    fields.push(field);
                }
                Selection::Inline(selections) => self.fields(selections, fields, spread, level + 1),
                Selection::Spread(name) => {
                    let fragment = self.document.fragments.get(name).filter(|_| spread.insert(name));
                    if let Some(fragment) = fragment {
                        self.fields(fragment, fields, spread, level + 1);
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
            // Fields of one name are answered in one place; of two names, in two.
            ("{ a { x: b y: b } a { z: b } }", Some((2, 5, 3, false))),
            ("{ a { b { x: c y: c } } a { b { z: c } } }", Some((3, 7, 3, false))),
            ("{ a { x: b y: b } d: a { z: b } }", Some((2, 5, 2, false))),
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
            assert_eq!((shape.log_ins, shape.plain_log_in.is_some()), (1, is_plain), "{document}");
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
        let items = ParsedBody::Json(json!([{ "name": "a" }, { "name": "b" }]));
        assert_eq!(Shape::of("", Some((&items, b"")), false), None);
        for spelling in [json!({ "Query": "{a}" }), json!({ "query": ["{b}", "{a}"] })] {
            assert!(Shape::of("", Some((&ParsedBody::Json(spelling), b"")), false).is_some());
        }
    }
}
