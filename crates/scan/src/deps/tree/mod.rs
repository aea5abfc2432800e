//! One shape for JSON, YAML, TOML and XML, in which every value knows its line.
//!
//! A finding points to the line of the lock file, which the usual way into structures loses. All readers are bounded:
//! by the size of the text, the depth, and the number of values.

mod json;
mod toml;
mod xml;
mod yaml;

pub(crate) use json::read as json;
pub(crate) use toml::read as toml;
pub(crate) use xml::read as xml;
pub(crate) use yaml::read as yaml;

use super::limits::Limits;
use super::package::TextFault;

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

/// Counts values and levels while a text is read.
#[derive(Debug)]
struct Budget {
    nodes: usize,
    depth: usize,
}

impl Budget {
    fn new(limits: &Limits) -> Self {
        Budget { nodes: limits.nodes, depth: limits.depth }
    }

    fn take(&mut self, depth: usize, line: usize) -> Result<(), TextFault> {
        if depth > self.depth {
            return Err(TextFault::new(line, format!("values are nested deeper than {}", self.depth)));
        }
        match self.nodes.checked_sub(1) {
            Some(left) => self.nodes = left,
            None => return Err(TextFault::new(line, "there are too many values")),
        }
        Ok(())
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines(std::iter::once(0).chain(breaks).collect())
    }

    /// The line of a byte, counted from one.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_keeps_the_lines() {
        let limits = Limits::default();
        for (name, node) in [
            ("json", json("{\n \"a\": [\n  {\"b\": \"x\"},\n  {\"b\": \"y\"}]\n}", &limits)),
            ("yaml", yaml("#\na:\n  - b: x\n  - b: y\n", &limits).map(|mut documents| documents.remove(0))),
            ("toml", toml("#\n[[a]]\nb = \"x\"\n[[a]]\nb = \"y\"\n", &limits)),
        ] {
            let node = node.unwrap();
            let items = node.get("a").unwrap().items();
            assert_eq!(items.iter().map(|item| item.text_of("b").unwrap()).collect::<Vec<_>>(), ["x", "y"]);
            let last = items[1].get("b").unwrap().line;
            assert_eq!(last, if name == "toml" { 5 } else { 4 }, "{name}");
        }
        let node = xml("<p>\n<a><b>x</b>\n</a><a>\n<b>y&amp;z</b></a></p>", &limits).unwrap();
        let last = node.all("a").last().unwrap().get("b").unwrap();
        assert_eq!((last.text(), last.line), (Some("y&z"), 4));
    }

    #[test]
    fn broken_and_hostile_texts_are_faults_with_a_line() {
        /// Deep enough to exhaust the stack of a reader that recurses.
        const DEEP: usize = 200_000;
        let limits = Limits { depth: 8, nodes: 100, ..Limits::default() };
        let nested = format!("{}1{}", "[".repeat(DEEP), "]".repeat(DEEP));
        let many = format!("[{}1]", "1,".repeat(200));
        for text in ["{\n \"a\": }", &nested, &many, "{\"a\": \"\\ud800\"}", ""] {
            let fault = json(text, &limits).unwrap_err();
            assert!(fault.line >= 1, "{text}: {fault:?}");
        }
        for text in ["a: b: c", &nested, &many, "a: &x 1\nb: *x\n", "a: [1"] {
            assert!(yaml(text, &limits).is_err(), "{text}");
        }
        for text in ["a = ", &format!("a = {nested}"), &format!("a = {many}")] {
            assert!(toml(text, &limits).is_err(), "{text}");
        }
        let nested = format!("{}{}", "<a>".repeat(DEEP), "</a>".repeat(DEEP));
        for text in ["<a>", "<a></b>", &nested, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a>&b;</a>"] {
            assert!(xml(text, &limits).is_err(), "{text}");
        }
    }
}
