//! Types from values: what all the values seen in one place have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// What was seen in one place.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    count: usize,
    nulls: usize,
    booleans: usize,
    integers: usize,
    numbers: usize,
    texts: Texts,
    objects: usize,
    properties: BTreeMap<String, Seen>,
    arrays: usize,
    items: Option<Box<Seen>>,
    longest: usize,
}

#[derive(Debug, Default)]
struct Texts {
    count: usize,
    longest: usize,
    values: BTreeSet<String>,
    formats: Option<BTreeSet<&'static str>>,
}

/// Texts of so few different values, seen so often, are a choice.
const MAX_CHOICES: usize = 6;
const MIN_SEEN: usize = 30;
/// Properties that one object may have before its names are values too.
const MAX_PROPERTIES: usize = 200;

impl Seen {
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A text in a path, a query or a form: it may spell another type.
    pub(crate) fn text(&mut self, text: &str) {
        // `007` and `+7` are texts.
        let plain = |number: &i64| number.to_string() == text;
        let spelt = text.parse::<i64>().ok().filter(plain).map(Value::from);
        let spelt = spelt.or_else(|| text.parse().ok().map(Value::Bool));
        self.value(&spelt.unwrap_or_else(|| text.into()));
    }

    pub(crate) fn value(&mut self, value: &Value) {
        self.count += 1;
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.booleans += 1,
            Value::Number(number) if number.is_f64() => self.numbers += 1,
            Value::Number(_) => self.integers += 1,
            Value::String(text) => self.texts.add(text),
            Value::Array(items) => {
                self.arrays += 1;
                self.longest = self.longest.max(items.len());
                let seen = self.items.get_or_insert_default();
                items.iter().take(100).for_each(|item| seen.value(item));
            }
            Value::Object(map) => {
                self.objects += 1;
                for (name, value) in map {
                    if self.properties.len() < MAX_PROPERTIES || self.properties.contains_key(name) {
                        self.properties.entry(name.clone()).or_default().value(value);
                    }
                }
            }
        }
    }

    /// The schema of all that was seen.
    pub(crate) fn schema(&self) -> Value {
        let mut types: Vec<&str> = Vec::new();
        let mut schema = Map::new();
        if self.texts.count > 0 {
            types.push("string");
            self.texts.describe(&mut schema);
        }
        match (self.integers, self.numbers) {
            (0, 0) => {}
            (_, 0) => types.push("integer"),
            _ => types.push("number"),
        }
        if self.booleans > 0 {
            types.push("boolean");
        }
        if self.arrays > 0 {
            types.push("array");
            let items = self.items.as_deref().filter(|items| !items.is_empty());
            schema.insert("items".into(), items.map_or(json!({}), Seen::schema));
            schema.insert("maxItems".into(), generous(self.longest).into());
        }
        if self.objects > 0 {
            types.push("object");
            let required: Vec<&String> = self
                .properties
                .iter()
                .filter(|(_, seen)| seen.count == self.objects)
                .map(|(name, _)| name)
                .collect();
            if !required.is_empty() {
                schema.insert("required".into(), json!(required));
            }
            let properties = self.properties.iter().map(|(name, seen)| (name.clone(), seen.schema()));
            schema.insert("properties".into(), Value::Object(properties.collect()));
        }
        if self.nulls > 0 {
            types.push("null");
        }
        match types[..] {
            [] => {}
            [one] => drop(schema.insert("type".into(), one.into())),
            _ => drop(schema.insert("type".into(), json!(types))),
        }
        Value::Object(schema)
    }
}

impl Texts {
    fn add(&mut self, text: &str) {
        self.count += 1;
        self.longest = self.longest.max(text.chars().count());
        if self.values.len() <= MAX_CHOICES {
            self.values.insert(text.to_owned());
        }
        let fits: BTreeSet<&str> = FORMATS.iter().filter(|(_, is)| is(text)).map(|(name, _)| *name).collect();
        self.formats = Some(match self.formats.take() {
            None => fits,
            Some(before) => before.intersection(&fits).copied().collect(),
        });
    }

    fn describe(&self, schema: &mut Map<String, Value>) {
        if let Some(format) = self.formats.as_ref().and_then(|formats| formats.first()) {
            schema.insert("format".into(), (*format).into());
        } else if self.values.len() <= MAX_CHOICES && self.count >= MIN_SEEN {
            schema.insert("enum".into(), json!(self.values));
            return;
        }
        schema.insert("maxLength".into(), generous(self.longest).into());
    }
}

/// A limit that what was seen is well within.
fn generous(seen: usize) -> usize {
    (seen.max(8) * 4).next_power_of_two()
}

type Format = (&'static str, fn(&str) -> bool);

/// Formats that a text may have, none of which another one's texts have by accident.
const FORMATS: [Format; 5] = [
    ("date-time", |text| {
        text.len() >= 20
            && text.as_bytes().get(10) == Some(&b'T')
            && humantime::parse_rfc3339_weak(text).is_ok()
    }),
    ("date", |text| {
        let bytes = text.as_bytes();
        bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
    }),
    ("email", |text| {
        text.split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !text.contains(' '))
    }),
    ("uri", |text| text.starts_with("https://") || text.starts_with("http://")),
    ("uuid", |text| {
        text.len() == 36
            && text
                .bytes()
                .enumerate()
                .all(|(i, b)| if [8, 13, 18, 23].contains(&i) { b == b'-' } else { b.is_ascii_hexdigit() })
    }),
];
