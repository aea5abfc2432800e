//! What a JSON Schema is in Cedar's types, and a JSON value as a Cedar value.

use cedar_policy::RestrictedExpression;
use serde_json::Value;

use crate::wanted::Wanted;
use openapi::{Direction, resolve};

/// A Cedar type that JSON values of a schema have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Long,
    Bool,
    Set(Box<Kind>),
    Record(Vec<Member>),
}

/// An attribute of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

impl Member {
    pub(crate) fn required(name: &str, kind: Kind) -> Member {
        Member { name: name.into(), kind, required: true }
    }

    pub(crate) fn optional(name: &str, kind: Kind) -> Member {
        Member { name: name.into(), kind, required: false }
    }
}

/// How deep schemas are followed.
const MAX_DEPTH: usize = 8;

impl Kind {
    /// The type of a schema's values; `None` where Cedar has none, as for numbers with a fraction.
    pub(crate) fn of(root: &Value, schema: &Value, direction: Direction) -> Option<Kind> {
        Walk { root, direction, inside: Vec::new() }.of(schema)
    }

    /// A JSON value as a Cedar value, as far as policies look at it; nothing for `null`. A value that is there and has
    /// another type is an error: a policy that asks for it must not take it for one that is not there.
    pub(crate) fn expression(
        &self,
        value: &Value,
        wanted: &Wanted,
    ) -> Result<Option<RestrictedExpression>, Unfit> {
        Ok(Some(match (self, value) {
            (_, Value::Null) => return Ok(None),
            (Kind::Text, Value::String(text)) => RestrictedExpression::new_string(text.clone()),
            (Kind::Long, Value::Number(number)) => {
                RestrictedExpression::new_long(whole(number).ok_or(Unfit)?)
            }
            (Kind::Bool, Value::Bool(flag)) => RestrictedExpression::new_bool(*flag),
            (Kind::Set(item), Value::Array(items)) => {
                let all = Wanted::everything();
                let items: Result<Vec<_>, Unfit> =
                    items.iter().map(|value| item.expression(value, &all)?.ok_or(Unfit)).collect();
                RestrictedExpression::new_set(items?)
            }
            (Kind::Record(members), Value::Object(map)) => {
                let mut known = Vec::new();
                for member in members {
                    if let (Some(wanted), Some(value)) = (wanted.member(&member.name), map.get(&member.name))
                        && let Some(value) = member.kind.expression(value, wanted)?
                    {
                        known.push((member.name.clone(), value));
                    }
                }
                RestrictedExpression::new_record(known).map_err(|_| Unfit)?
            }
            _ => return Err(Unfit),
        }))
    }
}

/// A value that is there, and not of the type that the document or the policy declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfit;

/// A whole number, also one that is written with a fraction of zero, which JSON Schema takes for an integer.
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let fraction = || number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() <= EXACT).map(|f| f as i64);
    number.as_i64().or_else(fraction)
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kind::Text => f.write_str("String"),
            Kind::Long => f.write_str("Long"),
            Kind::Bool => f.write_str("Bool"),
            Kind::Set(item) => write!(f, "Set<{item}>"),
            Kind::Record(members) => {
                f.write_str("{ ")?;
                for (i, member) in members.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    let optional = if member.required { "" } else { "?" };
                    write!(f, "{separator}{:?}{optional}: {}", member.name, member.kind)?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// A walk through schemas that may refer to each other in circles.
struct Walk<'r> {
    root: &'r Value,
    direction: Direction,
    /// The schemas that are being read, outermost first. One that is inside itself has no Cedar type.
    inside: Vec<*const Value>,
}

impl<'r> Walk<'r> {
    fn of(&mut self, schema: &'r Value) -> Option<Kind> {
        let schema = resolve(self.root, schema);
        let here = std::ptr::from_ref(schema);
        if self.inside.len() >= MAX_DEPTH || self.inside.contains(&here) {
            return None;
        }
        self.inside.push(here);
        let kind = self.kind(schema);
        self.inside.pop();
        kind
    }

    fn kind(&mut self, schema: &'r Value) -> Option<Kind> {
        let name = match schema.get("type") {
            Some(Value::String(name)) => Some(name.as_str()),
            Some(Value::Array(names)) => {
                let mut names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
                let first = names.next();
                if names.next().is_some() {
                    return None;
                }
                first
            }
            _ => None,
        };
        match name {
            Some("string") => Some(Kind::Text),
            Some("integer") => Some(Kind::Long),
            Some("boolean") => Some(Kind::Bool),
            Some("array") => Some(Kind::Set(Box::new(self.of(schema.get("items")?)?))),
            Some("object") => Some(self.record(schema)),
            None if schema.get("properties").is_some() || schema.get("allOf").is_some() => {
                Some(self.record(schema))
            }
            None => self.one_of(schema),
            Some(_) => None,
        }
    }

    fn record(&mut self, schema: &'r Value) -> Kind {
        let mut members: Vec<Member> = Vec::new();
        let required = list(schema, "required").filter_map(Value::as_str).collect::<Vec<_>>();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let target = resolve(self.root, property);
            let flag =
                |flag: &str| [property, target].iter().any(|p| p.get(flag) == Some(&Value::Bool(true)));
            let hidden = match self.direction {
                Direction::Request => flag("readOnly"),
                Direction::Response => flag("writeOnly"),
            };
            if hidden {
                continue;
            }
            if let Some(kind) = self.of(property) {
                let required = required.contains(&name.as_str()) && !may_be_null(target);
                members.push(Member { name: name.clone(), kind, required });
            }
        }
        for part in list(schema, "allOf") {
            let Some(Kind::Record(more)) = self.of(part) else { continue };
            for member in more {
                match members.iter_mut().find(|known| known.name == member.name) {
                    Some(known) => known.required |= member.required,
                    None => members.push(member),
                }
            }
        }
        Kind::Record(members)
    }

    /// The one type of all alternatives that are not null.
    fn one_of(&mut self, schema: &'r Value) -> Option<Kind> {
        let alternatives = list(schema, "oneOf").chain(list(schema, "anyOf"));
        let alternatives =
            alternatives.filter(|part| part.get("type").and_then(Value::as_str) != Some("null"));
        let kinds: Option<Vec<Kind>> = alternatives.map(|part| self.of(part)).collect();
        match kinds?.split_first() {
            Some((first, rest)) if rest.iter().all(|kind| kind == first) => Some(first.clone()),
            Some(_) => None,
            None => {
                let mut values = list(schema, "enum").peekable();
                (values.peek().is_some() && values.all(Value::is_string)).then_some(Kind::Text)
            }
        }
    }
}

fn list<'v>(schema: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// Whether `null` is a value of a schema, in the words of 3.0 or 3.1.
fn may_be_null(schema: &Value) -> bool {
    schema.get("nullable") == Some(&Value::Bool(true))
        || list(schema, "type").any(|name| name == "null")
        || ["oneOf", "anyOf"].iter().any(|key| list(schema, key).any(|part| part["type"] == "null"))
}
