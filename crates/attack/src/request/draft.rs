//! Drafts: a request of an operation as values, so that an attack can put its own in one place.

use serde_json::{Map, Value};

use crate::surface::Place;

/// A request of an operation, as values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// Which operation of the surface.
    pub(crate) endpoint: usize,
    /// Values of the parameters of the path.
    pub(crate) path: Vec<(String, String)>,
    /// The query.
    pub(crate) query: Vec<(String, Value)>,
    /// Headers beside those of the account.
    pub(crate) headers: Vec<(String, String)>,
    /// Cookies beside those of the account.
    pub(crate) cookies: Vec<(String, String)>,
    /// The body, or the arguments of a field of GraphQL.
    pub(crate) body: Option<Value>,
}

/// A place of a draft where a value stands or can be put.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// A parameter of the path.
    Path(String),
    /// A parameter of the query.
    Query(String),
    /// A header.
    Header(String),
    /// A cookie.
    Cookie(String),
    /// A JSON Pointer into the body.
    Body(String),
}

impl std::fmt::Display for Slot {
    /// As people name it: `query q`, `body user.email`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Slot::Path(name) => write!(f, "path {name}"),
            Slot::Query(name) => write!(f, "query {name}"),
            Slot::Header(name) => write!(f, "header {name}"),
            Slot::Cookie(name) => write!(f, "cookie {name}"),
            Slot::Body(at) => write!(f, "body {}", at.trim_start_matches('/').replace('/', ".")),
        }
    }
}

impl Slot {
    /// The slot of a parameter.
    pub(crate) fn of(place: Place, name: &str) -> Self {
        let name = name.to_owned();
        match place {
            Place::Path => Slot::Path(name),
            Place::Query => Slot::Query(name),
            Place::Header => Slot::Header(name),
            Place::Cookie => Slot::Cookie(name),
        }
    }

    /// The name of what stands there: of a pointer, the last member that is no number.
    pub(crate) fn name(&self) -> &str {
        match self {
            Slot::Path(name) | Slot::Query(name) | Slot::Header(name) | Slot::Cookie(name) => name,
            Slot::Body(at) => at.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or(""),
        }
    }
}

impl Draft {
    /// A request without values.
    pub(crate) fn empty(endpoint: usize) -> Self {
        Draft {
            endpoint,
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            cookies: Vec::new(),
            body: None,
        }
    }

    /// Every slot that holds a scalar.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.path.iter().map(|(name, _)| Slot::Path(name.clone())).collect();
        slots.extend(self.query.iter().map(|(name, _)| Slot::Query(name.clone())));
        slots.extend(self.headers.iter().map(|(name, _)| Slot::Header(name.clone())));
        slots.extend(self.cookies.iter().map(|(name, _)| Slot::Cookie(name.clone())));
        if let Some(body) = &self.body {
            add_leaves(body, String::new(), &mut slots);
        }
        slots
    }

    /// What stands in a slot.
    pub(crate) fn value(&self, slot: &Slot) -> Option<Value> {
        let text = |list: &[(String, String)], name: &str| {
            list.iter().find(|(known, _)| known == name).map(|(_, value)| Value::from(value.clone()))
        };
        match slot {
            Slot::Path(name) => text(&self.path, name),
            Slot::Header(name) => text(&self.headers, name),
            Slot::Cookie(name) => text(&self.cookies, name),
            Slot::Query(name) => {
                self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
            Slot::Body(at) => self.body.as_ref()?.pointer(at).cloned(),
        }
    }

    /// What stands in a slot, as text.
    pub(crate) fn text(&self, slot: &Slot) -> Option<String> {
        self.value(slot).as_ref().and_then(scalar_text)
    }

    /// The same with another value in a slot, which is made where it was not there.
    #[must_use]
    pub(crate) fn with(&self, slot: &Slot, value: impl Into<Value>) -> Draft {
        let value = value.into();
        let mut draft = self.clone();
        let text = || scalar_text(&value).unwrap_or_else(|| value.to_string());
        match slot {
            Slot::Path(name) => put(&mut draft.path, name, text()),
            Slot::Header(name) => put(&mut draft.headers, name, text()),
            Slot::Cookie(name) => put(&mut draft.cookies, name, text()),
            Slot::Query(name) => put(&mut draft.query, name, value),
            Slot::Body(at) => put_at(draft.body.get_or_insert(Value::Object(Map::new())), at, value),
        }
        draft
    }

    /// The same without a slot.
    #[must_use]
    pub(crate) fn without(&self, slot: &Slot) -> Draft {
        let mut draft = self.clone();
        match slot {
            Slot::Path(name) => draft.path.retain(|(known, _)| known != name),
            Slot::Header(name) => draft.headers.retain(|(known, _)| known != name),
            Slot::Cookie(name) => draft.cookies.retain(|(known, _)| known != name),
            Slot::Query(name) => draft.query.retain(|(known, _)| known != name),
            Slot::Body(at) => {
                if let Some((parent, name)) = at.rsplit_once('/')
                    && let Some(Value::Object(members)) =
                        draft.body.as_mut().and_then(|body| body.pointer_mut(parent))
                {
                    members.remove(&unescape(name));
                }
            }
        }
        draft
    }
}

/// A scalar as the text that stands for it in a path or a query.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    }
}

fn put<V>(list: &mut Vec<(String, V)>, name: &str, value: V) {
    match list.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => list.push((name.to_owned(), value)),
    }
}

/// Puts a value at a JSON Pointer, making the objects on the way.
fn put_at(root: &mut Value, at: &str, value: Value) {
    let mut here = root;
    for part in at.split('/').skip(1) {
        let name = unescape(part);
        let index = match &*here {
            Value::Array(items) => name.parse().ok().filter(|index| *index < items.len()),
            _ => None,
        };
        if let Some(index) = index {
            let Some(item) = here.get_mut::<usize>(index) else { return };
            here = item;
            continue;
        }
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        let Value::Object(members) = here else { return };
        here = members.entry(name).or_insert(Value::Null);
    }
    *here = value;
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

fn add_leaves(value: &Value, at: String, slots: &mut Vec<Slot>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                add_leaves(member, format!("{at}/{}", openapi::escape(name)), slots);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().take(3) {
                add_leaves(item, format!("{at}/{index}"), slots);
            }
        }
        Value::Null => {}
        _ => slots.push(Slot::Body(at)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_slot_is_read_set_made_and_taken_away() {
        let draft = Draft {
            path: vec![("id".into(), "7".into())],
            query: vec![("q".into(), json!("a"))],
            body: Some(json!({ "user": { "email": "a@b" }, "tags": ["x"] })),
            ..Draft::empty(0)
        };
        let names: Vec<String> = draft.slots().iter().map(Slot::to_string).collect();
        assert_eq!(names, ["path id", "query q", "body user.email", "body tags.0"]);
        for slot in draft.slots() {
            let changed = draft.with(&slot, "new");
            assert_eq!(changed.text(&slot).as_deref(), Some("new"));
            assert_eq!(changed.slots(), draft.slots());
        }
        let made = draft.with(&Slot::Body("/user/membership/role".into()), "admin");
        assert_eq!(made.body.unwrap()["user"], json!({ "email": "a@b", "membership": { "role": "admin" } }));
        assert_eq!(draft.without(&Slot::Body("/user/email".into())).body.unwrap()["user"], json!({}));
        assert_eq!(Slot::Body("/tags/0".into()).name(), "tags");
    }
}
