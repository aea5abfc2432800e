//! Which segments of paths are names, and which are parameters.

use std::collections::{BTreeMap, BTreeSet};

/// A segment of a learnt template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal,
    Parameter(String),
}

/// Segments that stand under the same ones before them.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    literals: BTreeMap<String, Tree>,
    /// What stands under a segment that changes.
    parameter: Option<Box<Tree>>,
    name: String,
}

/// More different words than this in one place are values, not names.
const MAX_WORDS: usize = 20;

impl Tree {
    /// Reads every path.
    pub(crate) fn of<'p>(paths: impl Iterator<Item = &'p str>) -> Tree {
        let distinct: BTreeSet<&str> = paths.collect();
        let mut root = Tree::default();
        for path in distinct {
            let mut node = &mut root;
            let mut before = "";
            for segment in segments(path) {
                node = if is_value(segment) {
                    if node.name.is_empty() {
                        node.name = parameter_name(before);
                    }
                    node.parameter.get_or_insert_default()
                } else {
                    node.literals.entry(segment.to_owned()).or_default()
                };
                before = segment;
            }
        }
        root.fold("");
        root
    }

    /// Makes one parameter of words that are too many to be names.
    fn fold(&mut self, before: &str) {
        if self.literals.len() > MAX_WORDS {
            let words = std::mem::take(&mut self.literals);
            let parameter = self.parameter.get_or_insert_default();
            for (_, tree) in words {
                parameter.join(tree);
            }
            self.name = parameter_name(before);
        }
        for (word, tree) in &mut self.literals {
            tree.fold(word);
        }
        if let Some(parameter) = &mut self.parameter {
            parameter.fold("");
        }
    }

    fn join(&mut self, other: Tree) {
        for (word, tree) in other.literals {
            self.literals.entry(word).or_default().join(tree);
        }
        if let Some(parameter) = other.parameter {
            self.parameter.get_or_insert_default().join(*parameter);
        }
        if self.name.is_empty() {
            self.name = other.name;
        }
    }

    /// A path's segments, with what each is.
    pub(crate) fn template<'p>(&self, path: &'p str) -> Vec<(Segment, &'p str)> {
        let mut node = Some(self);
        let mut used: Vec<String> = Vec::new();
        segments(path)
            .map(|segment| {
                let here = node;
                if let Some(next) = here.and_then(|node| node.literals.get(segment)) {
                    node = Some(next);
                    return (Segment::Literal, segment);
                }
                node = here.and_then(|node| node.parameter.as_deref());
                let name = here.map_or("", |node| node.name.as_str());
                let mut name = if name.is_empty() { "id".to_owned() } else { name.to_owned() };
                while used.contains(&name) {
                    name.push('2');
                }
                used.push(name.clone());
                (Segment::Parameter(name), segment)
            })
            .collect()
    }
}

/// A template as OpenAPI writes it.
pub(crate) fn text(segments: &[(Segment, &str)]) -> String {
    let mut text = String::new();
    for (segment, literal) in segments {
        match segment {
            Segment::Literal => text.push_str(&format!("/{literal}")),
            Segment::Parameter(name) => text.push_str(&format!("/{{{name}}}")),
        }
    }
    text
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Whether a segment is a value by its looks: a number, a UUID, a hash, a long token.
fn is_value(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let plain = segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let number = !segment.is_empty() && digits == segment.len();
    let hex = segment.len() >= 8 && digits > 0 && segment.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let token = segment.len() >= 16 && digits >= 3 && plain;
    number || hex || token || segment.contains('@') || segment.contains('%')
}

/// `/orders/7` is about an order: `orderId`.
fn parameter_name(before: &str) -> String {
    let word: String = before.chars().filter(char::is_ascii_alphanumeric).collect();
    let singular = match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(&word).to_owned(),
    };
    if singular.is_empty() { "id".into() } else { format!("{singular}Id") }
}
