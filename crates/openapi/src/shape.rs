//! Shapes: which properties a schema knows, and what is left of a value when only those remain.
//!
//! A validator says whether a value is right; a shape says what to do about an undeclared property. It
//! follows `properties`, `items`, `additionalProperties` and the union of `allOf`, `oneOf` and `anyOf`, in depth.
//! A schema that declares no properties at all takes any; one that declares some takes no others, unless
//! `additionalProperties` says so. Another spelling of a declared name is no other name.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use inputs::folded_name;
use serde_json::Value;

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client: `readOnly` properties may not be assigned.
    Request,
    /// To the client: `writeOnly` properties may not be shown.
    Response,
}

/// A compiled schema in [`Shapes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(usize);

/// Every schema's shape. Recursive schemas refer to each other by [`ShapeId`].
#[derive(Debug, Default)]
pub struct Shapes {
    shapes: Vec<Shape>,
    by_pointer: HashMap<String, ShapeId>,
}

#[derive(Debug, Default)]
struct Shape {
    properties: HashMap<Box<str>, Property>,
    /// Their names, folded.
    folded: HashSet<String>,
    additional: Additional,
    items: Vec<ShapeId>,
    /// What types it may have.
    types: Types,
}

/// Which types a schema names, of all that are composed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Types {
    #[default]
    None,
    /// Only such as hold no other values.
    Scalar,
    /// An object, a list, or anything.
    Any,
}

impl Types {
    fn note(&mut self, schema: &serde_json::Map<String, Value>) {
        let is_scalar = |name: &Value| {
            matches!(name.as_str(), Some("string" | "number" | "integer" | "boolean" | "null"))
        };
        let found = match schema.get("type") {
            Some(Value::Array(names)) if names.iter().all(is_scalar) => Types::Scalar,
            Some(name) if is_scalar(name) => Types::Scalar,
            Some(_) => Types::Any,
            // What it is made of says it.
            None if ["$ref", "allOf", "oneOf", "anyOf"]
                .iter()
                .any(|keyword| schema.contains_key(*keyword)) =>
            {
                return;
            }
            None => Types::Any,
        };
        *self = if *self == Types::None || *self == found { found } else { Types::Any };
    }
}

#[derive(Debug)]
struct Property {
    shapes: Vec<ShapeId>,
    read_only: bool,
    write_only: bool,
}

#[derive(Debug, Default)]
enum Additional {
    #[default]
    Unsaid,
    Open,
    Shaped(ShapeId),
}

/// How deep composition may nest before a document is considered broken.
const MAX_COMPOSITION: usize = 32;

impl Shapes {
    /// Compiles the schema at a JSON Pointer of the document.
    pub(crate) fn compile(&mut self, root: &Value, pointer: &str) -> ShapeId {
        if let Some(id) = self.by_pointer.get(pointer) {
            return *id;
        }
        let id = ShapeId(self.shapes.len());
        self.shapes.push(Shape::default());
        self.by_pointer.insert(pointer.to_owned(), id);
        let mut shape = Shape::default();
        self.collect(root, pointer, &mut shape, 0);
        shape.folded = shape.properties.keys().map(|name| folded_name(name)).collect();
        if let Some(compiled) = self.shapes.get_mut(id.0) {
            *compiled = shape;
        }
        id
    }

    fn collect(&mut self, root: &Value, pointer: &str, shape: &mut Shape, depth: usize) {
        let Some(Value::Object(schema)) = root.pointer(pointer) else { return };
        if depth > MAX_COMPOSITION {
            shape.additional = Additional::Open;
            return;
        }
        shape.types.note(schema);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#')) {
            self.collect(root, target, shape, depth + 1);
        }
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (name, property) in properties {
                let id = self.compile(root, &format!("{pointer}/properties/{}", escape(name)));
                let target = resolve(root, property);
                let flag = |flag| {
                    property.get(flag) == Some(&Value::Bool(true))
                        || target.get(flag) == Some(&Value::Bool(true))
                };
                let entry = shape.properties.entry(name.as_str().into()).or_insert(Property {
                    shapes: Vec::new(),
                    read_only: false,
                    write_only: false,
                });
                entry.shapes.push(id);
                entry.read_only |= flag("readOnly");
                entry.write_only |= flag("writeOnly");
            }
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(true)) => shape.additional = Additional::Open,
            Some(Value::Object(inner)) => {
                shape.additional = if inner.is_empty() {
                    Additional::Open
                } else {
                    Additional::Shaped(self.compile(root, &format!("{pointer}/additionalProperties")))
                };
            }
            _ => {}
        }
        if schema.contains_key("patternProperties") {
            shape.additional = Additional::Open;
        }
        if schema.get("items").is_some_and(Value::is_object) {
            let id = self.compile(root, &format!("{pointer}/items"));
            shape.items.push(id);
        }
        for keyword in ["allOf", "oneOf", "anyOf"] {
            if let Some(Value::Array(parts)) = schema.get(keyword) {
                for i in 0..parts.len() {
                    self.collect(root, &format!("{pointer}/{keyword}/{i}"), shape, depth + 1);
                }
            }
        }
    }

    /// Removes what the shape does not let through in this direction, except undeclared names that are allowed all
    /// the same. Answers with the JSON Pointers removed.
    pub fn strip(
        &self,
        id: ShapeId,
        value: &mut Value,
        direction: Direction,
        allowed: &[String],
    ) -> Vec<String> {
        let unknown = self.unknown(id, value, direction, allowed);
        let members: Vec<(&str, &str)> =
            unknown.iter().filter_map(|pointer| pointer.rsplit_once('/')).collect();
        // Members of one object stand together, and go together: one at a time would cost their square.
        for siblings in members.chunk_by(|(one, _), (other, _)| one == other) {
            let names: HashSet<String> =
                siblings.iter().map(|(_, name)| name.replace("~1", "/").replace("~0", "~")).collect();
            // Only members go, so that the indices of other pointers stay what they are.
            let parent = siblings.first().and_then(|(parent, _)| value.pointer_mut(parent));
            if let Some(Value::Object(map)) = parent {
                map.retain(|name, _| !names.contains(name));
            }
        }
        unknown
    }

    /// JSON Pointers of what [`Shapes::strip`] would remove. Nothing is allocated where there is nothing.
    pub fn unknown(
        &self,
        id: ShapeId,
        value: &Value,
        direction: Direction,
        allowed: &[String],
    ) -> Vec<String> {
        let mut walk = Walk { shapes: self, direction, allowed, at: Vec::new(), unknown: Vec::new() };
        walk.value(&[id], value);
        walk.unknown
    }

    /// Whether there is a value of which the shape lets less than all through in this direction.
    pub fn hides(&self, id: ShapeId, direction: Direction) -> bool {
        let by_itself = |shape: &Shape| {
            let is_closed = !shape.properties.is_empty() && matches!(shape.additional, Additional::Unsaid);
            is_closed || shape.properties.values().any(|property| property.is_hidden(direction))
        };
        // The usual case is an object that names its properties.
        if self.get(id).is_some_and(by_itself) {
            return true;
        }
        let (mut known, mut left) = (HashSet::from([id]), vec![id]);
        while let Some(shape) = left.pop().and_then(|id| self.get(id)) {
            if by_itself(shape) {
                return true;
            }
            let additional = match &shape.additional {
                Additional::Shaped(id) => Some(id),
                _ => None,
            };
            let inner = shape.properties.values().flat_map(|property| &property.shapes);
            left.extend(inner.chain(&shape.items).chain(additional).copied().filter(|id| known.insert(*id)));
        }
        false
    }

    fn get(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(id.0)
    }

    fn items(&self, id: ShapeId) -> &[ShapeId] {
        self.get(id).map_or(&[], |shape| &shape.items)
    }

    /// What the items of lists of these shapes may be.
    fn all_items(&self, ids: &[ShapeId]) -> Vec<ShapeId> {
        let mut items = Distinct::default();
        ids.iter().for_each(|id| items.extend(self.items(*id).iter().copied()));
        items.0
    }

    fn lookup(&self, ids: &[ShapeId], name: &str, direction: Direction) -> Lookup<'_> {
        // One schema is the usual case, and needs no list of its own.
        if let [id] = ids
            && let Some(property) = self.get(*id).and_then(|shape| shape.properties.get(name))
        {
            return if property.is_hidden(direction) {
                Lookup::Hidden
            } else {
                Lookup::Known(Cow::Borrowed(&property.shapes))
            };
        }
        let mut shapes = Distinct::default();
        let mut open = true;
        let mut is_declared = false;
        for shape in ids.iter().filter_map(|id| self.get(*id)) {
            if let Some(property) = shape.properties.get(name) {
                if property.is_hidden(direction) {
                    return Lookup::Hidden;
                }
                shapes.extend(property.shapes.iter().copied());
                is_declared = true;
                continue;
            }
            match &shape.additional {
                Additional::Open => {}
                Additional::Shaped(id) => shapes.extend([*id]),
                Additional::Unsaid => open &= shape.properties.is_empty() && shape.types != Types::Scalar,
            }
        }
        // Whatever else an object may hold: in a request, another spelling of a declared name would be that name to some
        // parsers, and be held to nothing that is declared of it.
        let shapes = shapes.0;
        let may_pass = !shapes.is_empty() || open;
        if direction == Direction::Request && may_pass && !is_declared && self.is_spelling(ids, name) {
            return Lookup::Unknown;
        }
        match (shapes.is_empty(), open) {
            (false, _) => Lookup::Known(Cow::Owned(shapes)),
            (true, true) => Lookup::Open,
            (true, false) => Lookup::Unknown,
        }
    }

    /// Whether some parser takes a name for one that is declared.
    fn is_spelling(&self, ids: &[ShapeId], name: &str) -> bool {
        let shapes = ids.iter().filter_map(|id| self.get(*id));
        let mut shapes = shapes.filter(|shape| !shape.folded.is_empty()).peekable();
        let folded = shapes.peek().map(|_| folded_name(name));
        folded.is_some_and(|folded| shapes.any(|shape| shape.folded.contains(&folded)))
    }
}

/// Shapes, each once: those of a recursive schema would double at every level of a value.
#[derive(Default)]
struct Distinct(Vec<ShapeId>);

impl Distinct {
    fn extend(&mut self, ids: impl IntoIterator<Item = ShapeId>) {
        self.0.extend(ids);
        self.0.sort_unstable();
        self.0.dedup();
    }
}

impl Property {
    fn is_hidden(&self, direction: Direction) -> bool {
        match direction {
            Direction::Request => self.read_only,
            Direction::Response => self.write_only,
        }
    }
}

/// One walk over a value.
struct Walk<'s, 'v> {
    shapes: &'s Shapes,
    direction: Direction,
    allowed: &'s [String],
    at: Vec<Step<'v>>,
    unknown: Vec<String>,
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Member(&'v str),
    Item(usize),
}

impl<'v> Walk<'_, 'v> {
    /// Whether a shape says what an object of it may hold.
    fn names_properties(&self, id: ShapeId) -> bool {
        self.shapes.get(id).is_some_and(|shape| {
            !shape.properties.is_empty()
                || !matches!(shape.additional, Additional::Unsaid)
                || shape.types == Types::Scalar
        })
    }

    fn value(&mut self, ids: &[ShapeId], value: &'v Value) {
        match value {
            Value::Object(map) => {
                // One object where a list is declared is held to what its items are.
                let items: Vec<ShapeId> = match ids.iter().any(|id| self.names_properties(*id)) {
                    true => Vec::new(),
                    false => self.shapes.all_items(ids),
                };
                let ids = if items.is_empty() { ids } else { &items };
                for (name, inner) in map {
                    self.at.push(Step::Member(name));
                    match self.shapes.lookup(ids, name, self.direction) {
                        Lookup::Unknown if self.allowed.iter().any(|allowed| allowed == name) => {}
                        Lookup::Unknown | Lookup::Hidden => {
                            let pointer = pointer(&self.at);
                            self.unknown.push(pointer);
                        }
                        Lookup::Open => {}
                        Lookup::Known(shapes) => self.value(&shapes, inner),
                    }
                    self.at.pop();
                }
            }
            Value::Array(items) => {
                let inner: Cow<'_, [ShapeId]> = match ids {
                    [id] => Cow::Borrowed(self.shapes.items(*id)),
                    ids => Cow::Owned(self.shapes.all_items(ids)),
                };
                // A list where one object is declared: each item is held to what that is.
                let inner = match inner.is_empty() && ids.iter().any(|id| self.names_properties(*id)) {
                    true => Cow::Borrowed(ids),
                    false => inner,
                };
                if inner.is_empty() {
                    return;
                }
                for (i, item) in items.iter().enumerate() {
                    self.at.push(Step::Item(i));
                    self.value(&inner, item);
                    self.at.pop();
                }
            }
            _ => {}
        }
    }
}

fn pointer(steps: &[Step<'_>]) -> String {
    let mut pointer = String::new();
    for step in steps {
        pointer.push('/');
        match step {
            Step::Member(name) => pointer.push_str(&escape(name)),
            Step::Item(i) => pointer.push_str(&i.to_string()),
        }
    }
    pointer
}

enum Lookup<'s> {
    Known(Cow<'s, [ShapeId]>),
    Open,
    /// Undeclared.
    Unknown,
    /// Declared, and not for this direction.
    Hidden,
}

/// A name as a segment of a JSON Pointer (RFC 6901 §3).
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Follows local references, a bounded number of times.
pub fn resolve<'v>(root: &'v Value, mut value: &'v Value) -> &'v Value {
    for _ in 0..MAX_COMPOSITION {
        let target = value.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        match target.and_then(|pointer| root.pointer(pointer)) {
            Some(next) => value = next,
            None => break,
        }
    }
    value
}
