//! JSON Pointers (RFC 6901) in which a segment `*` stands for every item of an array or member of an object.

use std::fmt;
use std::str::FromStr;

use inputs::is_same_name;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

/// A pointer to any number of values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pointer {
    text: Box<str>,
    segments: Box<[PointerSegment]>,
}

/// A segment of a pointer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PointerSegment {
    /// A member, or the number of an item.
    Name(Box<str>),
    /// Every item or member.
    Each,
}

impl PointerSegment {
    /// Whether it points to a member of this name, or an item of this number.
    pub fn is(&self, name: &str) -> bool {
        match self {
            PointerSegment::Name(own) => **own == *name,
            PointerSegment::Each => true,
        }
    }

    /// Calls `each` with every value to which segments point, as [`Pointer::visit_folded`] does.
    pub fn visit_folded<'v>(segments: &[Self], root: &'v Value, each: &mut impl FnMut(&'v Value)) {
        visit(segments, Names::Folded, root, each);
    }
}

impl Pointer {
    /// The pointer as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments, from the root.
    pub fn segments(&self) -> &[PointerSegment] {
        &self.segments
    }

    /// Calls `each` with every value that it points to, in order.
    pub fn visit<'v>(&self, root: &'v Value, each: &mut impl FnMut(&'v Value)) {
        visit(&self.segments, Names::Exact, root, each);
    }

    /// The same, as careless parsers of requests read: with every name that is taken for the one that is written
    /// ([`inputs::is_same_name`]), with one item where a list is meant, and a list where one item is.
    pub fn visit_folded<'v>(&self, root: &'v Value, each: &mut impl FnMut(&'v Value)) {
        PointerSegment::visit_folded(&self.segments, root, each);
    }

    /// The values that it points to.
    pub fn values<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        let mut values = Vec::new();
        self.visit(root, &mut |value| values.push(value));
        values
    }

    /// Whether a JSON Pointer without stars points to something that this one points to, or into it.
    pub fn covers(&self, pointer: &str) -> bool {
        let Ok(Pointer { segments, .. }) = pointer.parse::<Pointer>() else { return false };
        let same = |(ours, theirs): (&PointerSegment, &PointerSegment)| {
            *ours == PointerSegment::Each || ours == theirs
        };
        segments.len() >= self.segments.len() && self.segments.iter().zip(segments.iter()).all(same)
    }

    /// The one value that it points to; `None` when there is none, or it may point to many.
    pub fn value_mut<'v>(&self, root: &'v mut Value) -> Option<&'v mut Value> {
        self.segments.iter().try_fold(root, |value, segment| match (segment, value) {
            (PointerSegment::Name(name), Value::Object(map)) => map.get_mut(&**name),
            (PointerSegment::Name(name), Value::Array(items)) => {
                name.parse::<usize>().ok().and_then(|at| items.get_mut(at))
            }
            _ => None,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Exact,
    Folded,
}

fn visit<'v>(segments: &[PointerSegment], names: Names, value: &'v Value, each: &mut impl FnMut(&'v Value)) {
    let Some((first, rest)) = segments.split_first() else { return each(value) };
    match (first, value) {
        (PointerSegment::Name(name), Value::Object(map)) if names == Names::Folded => map
            .iter()
            .filter(|(known, _)| is_same_name(known, name))
            .for_each(|(_, inner)| visit(rest, names, inner, each)),
        (PointerSegment::Name(name), Value::Object(map)) => {
            if let Some(inner) = map.get(&**name) {
                visit(rest, names, inner, each);
            }
        }
        (PointerSegment::Name(name), Value::Array(items)) => match name.parse::<usize>() {
            Ok(at) => {
                if let Some(inner) = items.get(at) {
                    visit(rest, names, inner, each);
                }
            }
            Err(_) if names == Names::Folded => {
                items.iter().for_each(|item| visit(segments, names, item, each))
            }
            Err(_) => {}
        },
        (PointerSegment::Each, Value::Array(items)) => {
            items.iter().for_each(|item| visit(rest, names, item, each))
        }
        (PointerSegment::Each, Value::Object(map)) => {
            map.values().for_each(|item| visit(rest, names, item, each));
            if names == Names::Folded && !rest.is_empty() {
                visit(rest, names, value, each);
            }
        }
        (PointerSegment::Each, Value::Null) => {}
        (PointerSegment::Each, one) if names == Names::Folded => visit(rest, names, one, each),
        _ => {}
    }
}

impl FromStr for Pointer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(format!("`{text}` is not a JSON Pointer (RFC 6901); write `/{text}`"));
        }
        let segment = |part: &str| match part {
            "*" => PointerSegment::Each,
            part => PointerSegment::Name(part.replace("~1", "/").replace("~0", "~").into()),
        };
        Ok(Pointer { text: text.into(), segments: text.split('/').skip(1).map(segment).collect() })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_stands_for_every_item() {
        let value = json!({"items": [{"id": 1}, {"id": 2}, {}], "a/b": {"~": 7}});
        let values = |text: &str| {
            let pointer: Pointer = text.parse().unwrap();
            pointer.values(&value).into_iter().cloned().collect::<Vec<_>>()
        };
        assert_eq!(values("/items/*/id"), [json!(1), json!(2)]);
        assert_eq!(values("/items/1/id"), [json!(2)]);
        assert_eq!(values("/a~1b/~0"), [json!(7)]);
        assert_eq!(values("/nothing"), [] as [Value; 0]);
        assert_eq!(values("").len(), 1);
        assert!("items".parse::<Pointer>().is_err());
        let covers = |ours: &str, theirs: &str| ours.parse::<Pointer>().unwrap().covers(theirs);
        assert!(covers("/tags/*", "/tags/-") && covers("/meta", "/meta/a") && covers("", "/any"));
        assert!(!covers("/tags/*", "/tags") && !covers("/meta", "/metadata") && !covers("/a", "b"));
    }

    #[test]
    fn one_item_is_a_list_to_careless_parsers() {
        for (pointer, value, expected) in [
            ("/ids/*", json!({ "ids": [1, 2] }), &["1", "2"][..]),
            ("/ids/*", json!({ "ids": 1 }), &["1"]),
            ("/ids/*", json!({ "IDs": "1,2" }), &["\"1,2\""]),
            ("/ids/*", json!({ "ids": { "0": 1 } }), &["1"]),
            ("/ids/*", json!({ "ids": null }), &[]),
            ("/items/*/id", json!({ "items": { "id": 1 } }), &["1"]),
            ("/items/*/id", json!({ "items": { "a": { "id": 1 } } }), &["1"]),
            ("/items/*/id", json!({ "items": [[{ "id": 1 }], { "id": 2 }] }), &["1", "2"]),
            ("/items/*/id", json!({ "items": 1 }), &[]),
            ("/order/id", json!({ "order": [{ "id": 1 }] }), &["1"]),
            ("/order/1", json!({ "order": [1, 2] }), &["2"]),
        ] {
            let mut found = Vec::new();
            let pointer: Pointer = pointer.parse().unwrap();
            pointer.visit_folded(&value, &mut |value| found.push(value.to_string()));
            assert_eq!(found, expected, "{pointer} {value}");
        }
    }
}
