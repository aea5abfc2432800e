//! XML: elements as maps of their children, or as their text. Attributes say nothing in a `pom.xml`. A doctype is
//! refused: it is how external entities and entity bombs begin.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::budget::{Budget, Lines};
use super::node::{Node, Value};
use crate::deps::limits::Limits;
use crate::deps::package::TextFault;

/// Reads a document. The result is the root element.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Node, TextFault> {
    let lines = Lines::of(text);
    let mut budget = Budget::new(limits);
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    loop {
        let here = |reader: &Reader<&[u8]>| lines.at(usize::try_from(reader.buffer_position()).unwrap_or(0));
        let line = here(&reader);
        let event = reader
            .read_event()
            .map_err(|error| TextFault::new(here(&reader), format!("this is no XML: {error}")))?;
        let done = match event {
            Event::Eof => break,
            Event::DocType(_) => return Err(TextFault::new(line, "a doctype is not read")),
            Event::Start(start) => {
                budget.take(open.len(), line)?;
                open.push(Open::new(name_of(start.local_name().as_ref()), line));
                continue;
            }
            Event::Empty(start) => {
                budget.take(open.len(), line)?;
                Open::new(name_of(start.local_name().as_ref()), line)
            }
            Event::End(_) => match open.pop() {
                Some(done) => done,
                None => return Err(TextFault::new(line, "an element ends that did not begin")),
            },
            Event::Text(text) => {
                put(&mut open, &name_of(text.as_ref()));
                continue;
            }
            Event::CData(text) => {
                put(&mut open, &name_of(text.as_ref()));
                continue;
            }
            Event::GeneralRef(reference) => {
                let unknown = || TextFault::new(line, "an entity is not known");
                match reference.resolve_char_ref().map_err(|_| unknown())? {
                    Some(character) => put(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => {
                        let name = name_of(reference.as_ref());
                        put(&mut open, resolve_predefined_entity(&name).ok_or_else(unknown)?);
                    }
                }
                continue;
            }
            _ => continue,
        };
        let (name, node) = done.close();
        match open.last_mut() {
            Some(parent) => parent.children.push((name, node)),
            None => root = Some(node),
        }
    }
    match (root, open.last()) {
        (_, Some(open)) => Err(TextFault::new(open.line, format!("<{}> does not end", open.name))),
        (Some(root), None) => Ok(root),
        (None, None) => Err(TextFault::new(1, "there is no element")),
    }
}

struct Open {
    name: String,
    line: usize,
    text: String,
    children: Vec<(String, Node)>,
}

impl Open {
    fn new(name: String, line: usize) -> Self {
        Open { name, line, text: String::new(), children: Vec::new() }
    }

    fn close(self) -> (String, Node) {
        let value = match self.children.is_empty() {
            true => Value::Scalar(self.text.trim().to_owned()),
            false => Value::Map(self.children),
        };
        (self.name, Node { line: self.line, value })
    }
}

fn put(open: &mut [Open], text: &str) {
    if let Some(open) = open.last_mut() {
        open.text.push_str(text);
    }
}

fn name_of(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}
