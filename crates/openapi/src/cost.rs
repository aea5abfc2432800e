//! What it may cost to validate a value. A validator tries each alternative of a schema by itself: where alternatives refer to
//! each other (`Filter` is an `And`, a `Not` or a `Leaf`, and the first two hold a `Filter`), the work can double with each level
//! of the value. How often each value would be looked at is counted before, in one walk.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use crate::shape::escape;

/// How often values may be looked at beyond once each.
const LIMIT: f64 = 100_000.0;
/// How often at most, so that a validator is asked why a value is wrong: it keeps the errors of every alternative at every
/// level, which costs far more than to know that it is wrong.
const EXPLAINED: f64 = 200.0;
/// What is said beyond that.
const UNEXPLAINED: &str = "it fits none of the alternatives of its schema";
/// What is said of a value that costs more.
const TOO_MUCH: &str =
    "it is nested too deeply for the alternatives of its schema (oneOf, anyOf), which are tried one by one";
/// How deep composition may nest before a document is considered broken.
const MAX_COMPOSITION: usize = 32;

/// The validator of a schema.
#[derive(Debug)]
pub(crate) struct Validator {
    inner: jsonschema::Validator,
    costs: Arc<OnceLock<Costs>>,
    root: SchemaId,
}

impl Validator {
    /// `costs` are known when the document is read.
    pub(crate) fn new(inner: jsonschema::Validator, costs: &Arc<OnceLock<Costs>>, root: SchemaId) -> Self {
        Validator { inner, costs: Arc::clone(costs), root }
    }

    /// Whether a value is valid. One that costs too much to look at is not.
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.excess(value) <= LIMIT && self.inner.is_valid(value)
    }

    /// What is wrong with a value: JSON Pointer and reason, no values. At most `limit` of them.
    pub(crate) fn errors(&self, value: &Value, limit: usize) -> Vec<(String, String)> {
        let excess = self.excess(value);
        if excess > LIMIT {
            return vec![(String::new(), TOO_MUCH.into())];
        }
        if self.inner.is_valid(value) {
            return Vec::new();
        }
        if excess > EXPLAINED {
            return vec![(String::new(), UNEXPLAINED.into())];
        }
        let errors = self.inner.iter_errors(value).take(limit);
        errors.map(|e| (e.instance_path().to_string(), e.masked().to_string())).collect()
    }

    /// The first of its errors.
    pub(crate) fn first_error(&self, value: &Value) -> Option<String> {
        let error = match self.excess(value) {
            LIMIT.. => return Some(TOO_MUCH.into()),
            EXPLAINED.. => return (!self.inner.is_valid(value)).then(|| UNEXPLAINED.into()),
            _ => self.inner.iter_errors(value).next()?,
        };
        Some(error.masked_with("the value").to_string())
    }

    /// How often a validator would look at values beyond once each.
    fn excess(&self, value: &Value) -> f64 {
        self.costs.get().map_or(0.0, |costs| costs.excess(self.root, value))
    }
}

/// A schema in [`Costs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SchemaId(usize);

/// Every schema, with those that hold for what is in its values: once for each time that a validator applies them.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    schemas: Vec<Schema>,
    by_pointer: HashMap<String, SchemaId>,
    seen: Vec<Seen>,
}

/// How far the search for recursion is with a schema.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    Not,
    Open,
    Done,
}

#[derive(Debug, Default)]
struct Schema {
    named: HashMap<Box<str>, Vec<SchemaId>>,
    /// For members that are not named.
    others: Vec<SchemaId>,
    /// For each member, as far as is known.
    patterns: Vec<SchemaId>,
    items: Vec<SchemaId>,
    /// Whether it holds itself at some depth, or holds one that does.
    is_recursive: bool,
}

impl Schema {
    fn inner(&self) -> impl Iterator<Item = SchemaId> {
        let lists = [&self.others, &self.patterns, &self.items];
        self.named.values().chain(lists).flatten().copied()
    }
}

impl Costs {
    /// The schema at a JSON Pointer of a document.
    pub(crate) fn compile(&mut self, root: &Value, pointer: &str) -> SchemaId {
        let mut left = Vec::new();
        let id = self.id(root, pointer, &mut left);
        while let Some((SchemaId(at), pointer)) = left.pop() {
            let mut schema = Schema::default();
            self.collect(root, &pointer, &mut schema, &mut left, 0);
            if let Some(place) = self.schemas.get_mut(at) {
                *place = schema;
            }
        }
        self.find_recursion(id);
        id
    }

    /// The place of a schema; `left` are those that are to be compiled. What only refers to another one is that one.
    fn id(&mut self, root: &Value, pointer: &str, left: &mut Vec<(SchemaId, String)>) -> SchemaId {
        let mut pointer = pointer.to_owned();
        for _ in 0..MAX_COMPOSITION {
            let target = match root.pointer(&pointer) {
                Some(Value::Object(schema)) if schema.len() == 1 => reference(schema).map(str::to_owned),
                _ => None,
            };
            match target {
                Some(target) => pointer = target,
                None => break,
            }
        }
        if let Some(id) = self.by_pointer.get(&pointer) {
            return *id;
        }
        let id = SchemaId(self.schemas.len());
        self.schemas.push(Schema::default());
        self.by_pointer.insert(pointer.clone(), id);
        left.push((id, pointer));
        id
    }

    /// Adds what a schema, and all that is composed in it, says of what is in a value.
    fn collect(
        &mut self,
        root: &Value,
        pointer: &str,
        schema: &mut Schema,
        left: &mut Vec<(SchemaId, String)>,
        depth: usize,
    ) {
        let Some(Value::Object(written)) = root.pointer(pointer) else { return };
        if depth > MAX_COMPOSITION {
            return;
        }
        if let Some(target) = reference(written) {
            self.collect(root, target, schema, left, depth + 1);
        }
        for name in members(written, "properties") {
            let id = self.id(root, &format!("{pointer}/properties/{}", escape(name)), left);
            schema.named.entry(name.as_str().into()).or_default().push(id);
        }
        for name in members(written, "patternProperties") {
            schema.patterns.push(self.id(
                root,
                &format!("{pointer}/patternProperties/{}", escape(name)),
                left,
            ));
        }
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            if written.get(keyword).is_some_and(Value::is_object) {
                schema.others.push(self.id(root, &format!("{pointer}/{keyword}"), left));
            }
        }
        for keyword in ["items", "additionalItems", "unevaluatedItems", "contains"] {
            if written.get(keyword).is_some_and(Value::is_object) {
                schema.items.push(self.id(root, &format!("{pointer}/{keyword}"), left));
            }
        }
        for i in 0..items(written, "prefixItems") {
            schema.items.push(self.id(root, &format!("{pointer}/prefixItems/{i}"), left));
        }
        for keyword in ["allOf", "oneOf", "anyOf"] {
            for i in 0..items(written, keyword) {
                self.collect(root, &format!("{pointer}/{keyword}/{i}"), schema, left, depth + 1);
            }
        }
        for keyword in ["not", "if", "then", "else"] {
            if written.contains_key(keyword) {
                self.collect(root, &format!("{pointer}/{keyword}"), schema, left, depth + 1);
            }
        }
        for name in members(written, "dependentSchemas") {
            let pointer = format!("{pointer}/dependentSchemas/{}", escape(name));
            self.collect(root, &pointer, schema, left, depth + 1);
        }
    }

    /// Notes which of the schemas below this one are recursive.
    fn find_recursion(&mut self, root: SchemaId) {
        let inner = |costs: &Costs, id: SchemaId| -> Vec<SchemaId> {
            costs.schemas.get(id.0).map(|schema| schema.inner().collect()).unwrap_or_default()
        };
        self.seen.resize(self.schemas.len(), Seen::Not);
        let mut path = match self.seen.get(root.0) {
            Some(Seen::Not) => vec![(root, inner(self, root), false)],
            _ => Vec::new(),
        };
        while let Some((id, left, is_recursive)) = path.last_mut() {
            let at = id.0;
            if let Some(state) = self.seen.get_mut(at).filter(|state| **state == Seen::Not) {
                *state = Seen::Open;
            }
            let Some(next) = left.pop() else {
                let is_recursive = *is_recursive;
                self.seen.get_mut(at).into_iter().for_each(|state| *state = Seen::Done);
                self.schemas.get_mut(at).into_iter().for_each(|schema| schema.is_recursive |= is_recursive);
                path.pop();
                if let Some((.., above)) = path.last_mut() {
                    *above |= is_recursive;
                }
                continue;
            };
            match self.seen.get(next.0) {
                Some(Seen::Open) => *is_recursive = true,
                Some(Seen::Done) => *is_recursive |= self.schemas.get(next.0).is_some_and(|s| s.is_recursive),
                _ => {
                    let below = inner(self, next);
                    path.push((next, below, false));
                }
            }
        }
    }

    /// How often a validator would look at values beyond once each; only as far as the limit.
    fn excess(&self, root: SchemaId, value: &Value) -> f64 {
        if !self.schemas.get(root.0).is_some_and(|schema| schema.is_recursive) {
            return 0.0;
        }
        let mut more = 0.0;
        let mut left = vec![(value, vec![(root, 1.0)])];
        while let Some((value, schemas)) = left.pop() {
            let times: f64 = schemas.iter().map(|(_, times)| times).sum();
            more += (times - 1.0).max(0.0);
            if more > LIMIT {
                break;
            }
            match value {
                Value::Object(map) => {
                    left.extend(map.iter().map(|(name, inner)| (inner, self.of_member(&schemas, name))));
                }
                Value::Array(items) => {
                    let inner = self.distinct(&schemas, |schema| schema.items.clone());
                    left.extend(items.iter().map(|item| (item, inner.clone())));
                }
                _ => {}
            }
        }
        more
    }

    fn of_member(&self, schemas: &[(SchemaId, f64)], name: &str) -> Vec<(SchemaId, f64)> {
        self.distinct(schemas, |schema| {
            let own = schema.named.get(name).unwrap_or(&schema.others);
            own.iter().chain(&schema.patterns).copied().collect()
        })
    }

    /// The schemas that are applied within a value, each once, with how often that is.
    fn distinct(
        &self,
        schemas: &[(SchemaId, f64)],
        inner: impl Fn(&Schema) -> Vec<SchemaId>,
    ) -> Vec<(SchemaId, f64)> {
        let mut found: Vec<(SchemaId, f64)> = Vec::new();
        for (id, times) in schemas {
            let inner = self.schemas.get(id.0).map(&inner).unwrap_or_default();
            found.extend(inner.into_iter().map(|id| (id, *times)));
        }
        found.sort_unstable_by_key(|(id, _)| *id);
        found.dedup_by(|(next, times), (id, sum)| {
            let is_same = next == id;
            if is_same {
                *sum += *times;
            }
            is_same
        });
        found
    }
}

/// Where a schema refers to, within the document.
fn reference(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix('#')
}

fn members<'s>(schema: &'s Map<String, Value>, keyword: &str) -> impl Iterator<Item = &'s String> {
    schema.get(keyword).and_then(Value::as_object).into_iter().flat_map(Map::keys)
}

fn items(schema: &Map<String, Value>, keyword: &str) -> usize {
    schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len)
}
