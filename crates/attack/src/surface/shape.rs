//! Shapes: what a value may be, in the few words that an attacker needs.

use openapi::Schema;
use serde_json::{Map, Value};

/// The deepest nesting that is described.
const MAX_DEPTH: usize = 6;

/// Stands for a text that is new in every request: so are addresses and names of accounts that must not repeat.
pub(crate) const FRESH: char = '\u{e000}';

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// Its type.
    pub kind: Kind,
    /// A value that the document itself gives.
    pub given: Option<Value>,
    /// All values that are taken, where the document lists them.
    pub values: Vec<Value>,
    /// `format` of JSON Schema.
    pub format: Option<String>,
    /// Whether only values of a list or of a pattern are taken.
    pub is_closed: bool,
    /// The least and the most: of a number, or of the length of a text.
    pub bounds: (Option<f64>, Option<f64>),
}

/// The format of what is an id by its type, whatever it is called: `toUser: ID!`.
pub(crate) const ID: &str = "ID";

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Kind {
    /// The document does not say.
    #[default]
    Any,
    /// A string.
    Text,
    /// A number without a fraction.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List(Box<Shape>),
    /// An object with these properties.
    Object(Vec<Field>),
}

/// A property of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub shape: Shape,
    /// Whether it must be there.
    pub is_required: bool,
    /// Whether it is shown and may not be sent.
    pub is_read_only: bool,
}

impl Shape {
    /// A text of which nothing else is known.
    pub fn text() -> Self {
        Shape { kind: Kind::Text, ..Shape::default() }
    }

    /// What a schema of a document says.
    pub(crate) fn of(schema: &Schema<'_>) -> Self {
        Shape::at(schema, MAX_DEPTH)
    }

    fn at(schema: &Schema<'_>, depth: usize) -> Self {
        let number = |name: &str| schema.keyword(name).and_then(Value::as_f64);
        let kind = match (schema.kind(), depth) {
            (Some("string"), _) => Kind::Text,
            (Some("integer"), _) => Kind::Integer,
            (Some("number"), _) => Kind::Number,
            (Some("boolean"), _) => Kind::Boolean,
            (Some("array"), 1..) => {
                Kind::List(Box::new(schema.items().map_or_else(Shape::default, |s| Shape::at(&s, depth - 1))))
            }
            (Some("object"), 1..) => Kind::Object(Shape::fields(schema, depth - 1)),
            _ => Kind::Any,
        };
        let bounds = match kind {
            Kind::Text => (number("minLength"), number("maxLength")),
            Kind::Integer | Kind::Number => {
                let above = number("exclusiveMinimum").map(|least| least + 1.0);
                (number("minimum").or(above), number("maximum"))
            }
            _ => (None, None),
        };
        Shape {
            kind,
            given: schema.given().cloned(),
            values: schema.keyword("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
            format: schema.format().map(str::to_owned),
            is_closed: ["enum", "const", "pattern"].iter().any(|name| schema.keyword(name).is_some()),
            bounds,
        }
    }

    fn fields(schema: &Schema<'_>, depth: usize) -> Vec<Field> {
        let required: Vec<&str> = schema
            .keyword("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let field = |(name, schema): (&str, Schema<'_>)| Field {
            name: name.to_owned(),
            is_required: required.contains(&name),
            is_read_only: schema.is_read_only(),
            shape: Shape::at(&schema, depth),
        };
        schema.properties().into_iter().map(field).collect()
    }

    /// The properties of the object, or of the objects of the list, that this is.
    pub fn properties(&self) -> &[Field] {
        match &self.kind {
            Kind::Object(fields) => fields,
            Kind::List(items) => items.properties(),
            _ => &[],
        }
    }

    /// The leaves that may be sent: their JSON Pointers with their shapes.
    pub fn leaves(&self) -> Vec<(String, &Shape)> {
        let mut leaves = Vec::new();
        self.add_leaves("", &mut leaves);
        leaves
    }

    fn add_leaves<'s>(&'s self, at: &str, leaves: &mut Vec<(String, &'s Shape)>) {
        match &self.kind {
            Kind::Object(fields) => {
                for field in fields.iter().filter(|field| !field.is_read_only) {
                    field.shape.add_leaves(&format!("{at}/{}", openapi::escape(&field.name)), leaves);
                }
            }
            Kind::List(items) => items.add_leaves(&format!("{at}/0"), leaves),
            _ => leaves.push((at.to_owned(), self)),
        }
    }

    /// Whether it is an id by its type.
    pub(crate) fn is_id(&self) -> bool {
        self.format.as_deref() == Some(ID)
    }

    /// A value that should be accepted under this name, with the optional properties or without them.
    pub fn example(&self, name: &str, extent: Extent) -> Value {
        if let Some(given) = &self.given
            && !matches!(self.kind, Kind::Object(_))
            && !(self.kind == Kind::Text && is_unique(name))
        {
            return given.clone();
        }
        let (least, most) = self.bounds;
        match &self.kind {
            Kind::Text | Kind::Any => Value::from(self.text_example(name)),
            Kind::Integer => Value::from(whole(least.unwrap_or(1.0).min(most.unwrap_or(f64::MAX)).ceil())),
            Kind::Number => Value::from(least.unwrap_or(1.0).min(most.unwrap_or(f64::MAX))),
            Kind::Boolean => Value::Bool(false),
            Kind::List(items) => Value::Array(vec![items.example(&singular(name), extent)]),
            Kind::Object(fields) => {
                let sent = fields.iter().filter(|field| !field.is_read_only);
                let sent = sent.filter(|field| extent == Extent::All || field.is_required);
                let member = |field: &Field| (field.name.clone(), field.shape.example(&field.name, extent));
                Value::Object(sent.map(member).collect::<Map<_, _>>())
            }
        }
    }

    fn text_example(&self, name: &str) -> String {
        let folded = fold(name);
        let is = |words: &[&str]| words.iter().any(|word| folded.contains(word));
        let text = match self.format.as_deref() {
            Some("date-time") => return "2030-01-31T12:00:00Z".into(),
            Some("date") => return "2030-01-31".into(),
            Some("time") => return "12:00:00Z".into(),
            Some("uuid") => return "123e4567-e89b-42d3-a456-426614174000".into(),
            Some("uri" | "url") => format!("https://example.com/{FRESH}"),
            Some("ipv4") => return "192.0.2.7".into(),
            Some("email") => format!("dw{FRESH}@example.com"),
            _ if is(&["mail"]) => format!("dw{FRESH}@example.com"),
            _ if is(&["url", "uri", "webhook", "callback", "link"]) => format!("https://example.com/{FRESH}"),
            _ if is(&["phone", "mobile"]) => return "+14155550132".into(),
            _ if is(&["pass", "pwd"]) => format!("Quiet-{FRESH}-Harbour-7"),
            _ if is_date(name) => return "2030-01-31".into(),
            _ if is(&["host", "domain"]) => return "localhost".into(),
            _ if is(&["country"]) => return "DE".into(),
            _ if is(&["currency"]) => return "EUR".into(),
            _ => format!("dw{FRESH}"),
        };
        // The mark becomes six characters.
        let length = text.chars().count() + 5;
        match self.bounds {
            (Some(least), _) if (length as f64) < least => {
                text + &"x".repeat(count(least).saturating_sub(length))
            }
            (_, Some(most)) if (length as f64) > most => "dwabcdef".chars().take(count(most)).collect(),
            _ => text,
        }
    }
}

/// A bound as a whole number.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a float stops at the ends of the integers")]
const fn whole(bound: f64) -> i64 {
    bound as i64
}

/// A length. What asks for more is asked with a shorter text.
fn count(bound: f64) -> usize {
    const LONGEST: i64 = 10_000;
    usize::try_from(whole(bound).clamp(0, LONGEST)).unwrap_or(0)
}

/// How much of an object is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything that may be sent.
    All,
    /// Only what must be.
    Required,
}

/// A name as [`fold`] writes it, without the word before a noun that says how it is meant: `user` of `ofUser`.
pub(crate) fn without_preposition(name: &str) -> String {
    let words = super::words::words(name);
    match &words[..] {
        [first, rest @ ..]
            if !rest.is_empty() && ["of", "to", "for", "by", "from", "with"].contains(&first.as_str()) =>
        {
            rest.concat()
        }
        _ => fold(name),
    }
}

/// A name in one spelling: `order_id`, `orderId` and `Order-ID` are one.
pub(crate) fn fold(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// One of what a plural names: `orders` are each an `order`, `companies` each a `company`.
pub(crate) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let is_hissed = ["sses", "xes", "ches", "shes"].iter().any(|end| name.ends_with(end));
    let stem = if is_hissed { name.strip_suffix("es") } else { name.strip_suffix('s') };
    stem.filter(|stem| stem.len() > 1 && !stem.ends_with('s')).unwrap_or(name).to_owned()
}

/// Whether a name is that of a date: `created_at` and `dueDate`, and not `reason`, `format` or `update`.
fn is_date(name: &str) -> bool {
    let words = super::words::words(name);
    let last = words.last().map_or("", String::as_str);
    let is_moment = words.len() > 1 && ["at", "on", "from", "until", "day"].contains(&last);
    is_moment || ["day", "birthday"].contains(&last) || last.ends_with("date") && last != "update"
}

/// Whether a value under this name often may not repeat.
fn is_unique(name: &str) -> bool {
    let folded = fold(name);
    ["mail", "username", "login", "slug", "sku", "handle"].iter().any(|word| folded.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_words_that_end_so() {
        for name in ["date", "created_at", "dueDate", "birthdate", "starts_on", "birthday"] {
            assert!(is_date(name), "{name}");
        }
        for name in ["reason", "description", "format", "update", "location", "flat", "on"] {
            assert!(!is_date(name), "{name}");
        }
    }
}
