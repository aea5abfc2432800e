//! The shape that all formats have in common.

/// A value with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The line where it stands, or where its key does; counted from one.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// A string, a number or a truth value, as written.
    Scalar(String),
    List(Vec<Node>),
    /// In the order of the text. A key may come twice: an element of XML does.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The first member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.entries().iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// A member further down.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// All members of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.entries().iter().filter(move |(key, _)| key == name).map(|(_, node)| node)
    }

    /// The members, none if this is no map.
    pub(crate) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items, none if this is no list.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a member.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Whether a member is there and true.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.text_of(name) == Some("true")
    }
}
