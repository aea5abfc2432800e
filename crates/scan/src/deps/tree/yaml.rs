//! YAML, from the events of a parser. Aliases are refused: lock files have none, and bombs are made of them.

use granit_parser::{Event, Parser};

use super::budget::Budget;
use super::node::{Node, Value};
use crate::deps::limits::Limits;
use crate::deps::package::TextFault;

/// Reads all documents.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Vec<Node>, TextFault> {
    let mut budget = Budget::new(limits);
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event
            .map_err(|error| TextFault::new(error.marker().line(), format!("this is no YAML: {error}")))?;
        let line = span.start.line();
        let done = match event {
            Event::MappingStart(..) => {
                budget.take(open.len(), line)?;
                open.push(Open { line, kind: Kind::Map { entries: Vec::new(), key: None } });
                continue;
            }
            Event::SequenceStart(..) => {
                budget.take(open.len(), line)?;
                open.push(Open { line, kind: Kind::List(Vec::new()) });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(open) = open.pop() else { continue };
                open.close()
            }
            Event::Scalar(text, ..) => {
                budget.take(open.len(), line)?;
                Node { line, value: Value::Scalar(text.into_owned()) }
            }
            Event::Alias(..) => return Err(TextFault::new(line, "aliases are not read in lock files")),
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.add(done)?,
            None => documents.push(done),
        }
    }
    Ok(documents)
}

/// A collection that is being read.
struct Open {
    line: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    Map { entries: Vec<(String, Node)>, key: Option<(String, usize)> },
}

impl Open {
    fn add(&mut self, node: Node) -> Result<(), TextFault> {
        match &mut self.kind {
            Kind::List(items) => items.push(node),
            Kind::Map { entries, key } => match (key.take(), node.value) {
                (Some((name, line)), value) => entries.push((name, Node { line, value })),
                (None, Value::Scalar(name)) => *key = Some((name, node.line)),
                _ => return Err(TextFault::new(node.line, "a key is no text")),
            },
        }
        Ok(())
    }

    fn close(self) -> Node {
        let value = match self.kind {
            Kind::List(items) => Value::List(items),
            Kind::Map { entries, .. } => Value::Map(entries),
        };
        Node { line: self.line, value }
    }
}
