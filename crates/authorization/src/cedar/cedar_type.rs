//! JSON Schema in Cedar's types, and JSON values as Cedar values.

use cedar_policy::RestrictedExpression;
use inputs::is_same_name;
use openapi::{Direction, resolve};
use serde_json::Value;

use super::required_attributes::RequiredAttributes;

/// The Cedar type of a JSON Schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CedarType {
    Text,
    Long,
    Bool,
    Set(Box<CedarType>),
    /// The attributes, and the names of declared properties that have no Cedar type.
    Record(Vec<Member>, Vec<String>),
}

/// An attribute of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) kind: CedarType,
    pub(crate) required: bool,
}

impl Member {
    pub(crate) fn required(name: &str, kind: CedarType) -> Member {
        Member { name: name.into(), kind, required: true }
    }

    pub(crate) fn optional(name: &str, kind: CedarType) -> Member {
        Member { name: name.into(), kind, required: false }
    }
}

/// How deep schemas are followed.
const MAX_DEPTH: usize = 8;

impl CedarType {
    /// The type of a schema's values; `None` where Cedar has none, as for numbers with a fraction.
    pub(crate) fn of(root: &Value, schema: &Value, direction: Direction) -> Option<CedarType> {
        Walk { root, direction, inside: Vec::new() }.of(schema)
    }

    /// A JSON value as a Cedar value, as far as policies use it; nothing for `null`. A value of another type is an
    /// error: a policy must not mistake it for an absent one.
    pub(crate) fn expression(
        &self,
        value: &Value,
        required: &RequiredAttributes,
    ) -> Result<Option<RestrictedExpression>, TypeMismatch> {
        Ok(Some(match (self, value) {
            (_, Value::Null) => return Ok(None),
            (CedarType::Text, Value::String(text)) => RestrictedExpression::new_string(text.clone()),
            (CedarType::Long, Value::Number(number)) => {
                RestrictedExpression::new_long(whole(number).ok_or(TypeMismatch)?)
            }
            (CedarType::Bool, Value::Bool(flag)) => RestrictedExpression::new_bool(*flag),
            (CedarType::Set(item), Value::Array(items)) => {
                let all = RequiredAttributes::everything();
                let items: Result<Vec<_>, TypeMismatch> =
                    items.iter().map(|value| item.expression(value, &all)?.ok_or(TypeMismatch)).collect();
                RestrictedExpression::new_set(items?)
            }
            (CedarType::Record(members, _), Value::Object(map)) => {
                let mut known = Vec::new();
                for member in members {
                    if let (Some(required), Some(value)) =
                        (required.member(&member.name), map.get(&member.name))
                        && let Some(value) = member.kind.expression(value, required)?
                    {
                        known.push((member.name.clone(), value));
                    }
                }
                RestrictedExpression::new_record(known).map_err(|_| TypeMismatch)?
            }
            _ => return Err(TypeMismatch),
        }))
    }
}

impl CedarType {
    /// Whether a value has another spelling of a property that policies use, which is no property of its own: parsers that
    /// mind no case take it for that one.
    pub(crate) fn is_disguised(&self, value: &Value, required: &RequiredAttributes) -> bool {
        match (self, value) {
            (CedarType::Record(members, others), Value::Object(map)) => {
                let is_declared = |name: &String| {
                    members.iter().any(|member| member.name == *name) || others.contains(name)
                };
                let used = members.iter().filter_map(|member| Some((member, required.member(&member.name)?)));
                let used: Vec<_> = used.collect();
                let is_spelling =
                    |name: &String| used.iter().any(|(member, _)| is_same_name(name, &member.name));
                map.keys().any(|name| !is_declared(name) && is_spelling(name))
                    || used.iter().any(|(member, required)| {
                        map.get(&member.name).is_some_and(|value| member.kind.is_disguised(value, required))
                    })
            }
            (CedarType::Set(item), Value::Array(items)) => {
                let all = RequiredAttributes::everything();
                items.iter().any(|value| item.is_disguised(value, &all))
            }
            _ => false,
        }
    }
}

/// A value whose type differs from the declared one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeMismatch;

/// A whole number, also with a fraction of zero, which JSON Schema accepts as an integer.
#[allow(clippy::cast_possible_truncation, reason = "a whole number that a float holds exactly fits")]
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let fraction = || number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() <= EXACT).map(|f| f as i64);
    number.as_i64().or_else(fraction)
}

impl std::fmt::Display for CedarType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CedarType::Text => f.write_str("String"),
            CedarType::Long => f.write_str("Long"),
            CedarType::Bool => f.write_str("Bool"),
            CedarType::Set(item) => write!(f, "Set<{item}>"),
            CedarType::Record(members, _) => {
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
    fn of(&mut self, schema: &'r Value) -> Option<CedarType> {
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

    fn kind(&mut self, schema: &'r Value) -> Option<CedarType> {
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
            Some("string") => Some(CedarType::Text),
            Some("integer") => Some(CedarType::Long),
            Some("boolean") => Some(CedarType::Bool),
            Some("array") => Some(CedarType::Set(Box::new(self.of(schema.get("items")?)?))),
            Some("object") => Some(self.record(schema)),
            None if schema.get("properties").is_some() || schema.get("allOf").is_some() => {
                Some(self.record(schema))
            }
            None => self.one_of(schema),
            Some(_) => None,
        }
    }

    fn record(&mut self, schema: &'r Value) -> CedarType {
        let (mut members, mut others): (Vec<Member>, Vec<String>) = Default::default();
        let required = list(schema, "required").filter_map(Value::as_str).collect::<Vec<_>>();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let target = resolve(self.root, property);
            let flag =
                |flag: &str| [property, target].iter().any(|p| p.get(flag) == Some(&Value::Bool(true)));
            let hidden = match self.direction {
                Direction::Request => flag("readOnly"),
                Direction::Response => flag("writeOnly"),
            };
            match self.of(property).filter(|_| !hidden) {
                Some(kind) => {
                    let required = required.contains(&name.as_str()) && !may_be_null(target);
                    members.push(Member { name: name.clone(), kind, required });
                }
                None => others.push(name.clone()),
            }
        }
        for part in list(schema, "allOf") {
            let Some(CedarType::Record(more, untyped)) = self.of(part) else { continue };
            others.extend(untyped);
            for member in more {
                match members.iter_mut().find(|known| known.name == member.name) {
                    Some(known) => known.required |= member.required,
                    None => members.push(member),
                }
            }
        }
        CedarType::Record(members, others)
    }

    /// The one type of all alternatives that are not null.
    fn one_of(&mut self, schema: &'r Value) -> Option<CedarType> {
        let alternatives = list(schema, "oneOf").chain(list(schema, "anyOf"));
        let alternatives =
            alternatives.filter(|part| part.get("type").and_then(Value::as_str) != Some("null"));
        let kinds: Option<Vec<CedarType>> = alternatives.map(|part| self.of(part)).collect();
        match kinds?.split_first() {
            Some((first, rest)) if rest.iter().all(|kind| kind == first) => Some(first.clone()),
            Some(_) => None,
            None => {
                let mut values = list(schema, "enum").peekable();
                (values.peek().is_some() && values.all(Value::is_string)).then_some(CedarType::Text)
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
