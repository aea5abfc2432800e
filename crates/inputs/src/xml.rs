//! XML: a tree of elements, no doctype.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::element::XmlElement;
use super::error::BodyError;
use super::limits::StructureLimits;

/// Encodings in which the characters of markup and of attacks are what they are in ASCII.
const ENCODINGS: [&str; 4] = ["utf-8", "utf8", "us-ascii", "iso-8859-1"];

/// The root element of a document. A doctype is refused: it is how external entities and entity bombs begin.
pub(super) fn parse(text: &[u8], limits: StructureLimits) -> Result<XmlElement, BodyError> {
    let text = &*in_utf8(text);
    let mut reader = Reader::from_reader(text);
    let mut root = None;
    let mut open: Vec<XmlElement> = Vec::new();
    let mut count = 0usize;
    loop {
        let event = reader.read_event().map_err(|_| BodyError::Xml)?;
        count += 1;
        if count > limits.members.saturating_mul(4) {
            return Err(BodyError::TooMany);
        }
        if open.len() > limits.depth {
            return Err(BodyError::TooDeep);
        }
        match event {
            Event::Eof => break,
            Event::DocType(doctype) if is_svg(doctype.as_ref().as_bytes()) => {}
            Event::DocType(_) => return Err(BodyError::Doctype),
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().transpose().map_err(|_| BodyError::Xml)?;
                let known = |name: &str| ENCODINGS.iter().any(|known| known.eq_ignore_ascii_case(name));
                if encoding.is_some_and(|name| !known(&String::from_utf8_lossy(name.as_ref().as_ref()))) {
                    return Err(BodyError::Xml);
                }
            }
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => close(element(&start)?, &mut open, &mut root)?,
            Event::End(_) => {
                let done = open.pop().ok_or(BodyError::Xml)?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => put(&mut open, &String::from_utf8_lossy(text.as_ref().as_bytes()))?,
            Event::CData(text) => put(&mut open, &String::from_utf8_lossy(text.as_ref().as_bytes()))?,
            Event::GeneralRef(reference) => match reference.resolve_char_ref().map_err(|_| BodyError::Xml)? {
                Some(character) => put(&mut open, character.encode_utf8(&mut [0; 4]))?,
                None => {
                    let name = String::from_utf8_lossy(reference.as_ref().as_bytes()).into_owned();
                    put(&mut open, resolve_predefined_entity(&name).ok_or(BodyError::Xml)?)?;
                }
            },
            Event::Comment(_) | Event::PI(_) => {}
        }
    }
    root.filter(|_| open.is_empty()).ok_or(BodyError::Xml)
}

/// What a reader that does not mind mistakes finds in a text before the first one that it cannot pass over: names,
/// attributes (also twice), texts. All of them stand in one element.
pub(super) fn parse_loosely(text: &[u8], limits: StructureLimits) -> Option<XmlElement> {
    let mut reader = Reader::from_reader(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut found = XmlElement::default();
    while let Ok(event) = reader.read_event() {
        if found.children.len() > limits.members {
            break;
        }
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match event {
            Event::Eof => break,
            Event::Start(start) | Event::Empty(start) => {
                let name = text_of(start.name().as_ref().as_bytes());
                let mut attributes = start.attributes();
                let attributes = attributes.with_checks(false).flatten().take(limits.members);
                let attributes = attributes.map(|attribute| {
                    let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                    let value =
                        value.map_or_else(|_| text_of(attribute.value.as_ref().as_bytes()), Cow::into_owned);
                    (text_of(attribute.key.as_ref().as_bytes()), value)
                });
                let attributes = attributes.collect();
                found.children.push(XmlElement { name, attributes, ..XmlElement::default() });
            }
            Event::Text(text) => {
                let text = text_of(text.as_ref().as_bytes());
                found.children.push(XmlElement { text, ..XmlElement::default() });
            }
            Event::CData(text) => {
                let text = text_of(text.as_ref().as_bytes());
                found.children.push(XmlElement { text, ..XmlElement::default() });
            }
            _ => {}
        }
    }
    (!found.children.is_empty()).then_some(found)
}

/// A document in UTF-8; one that declares Latin-1, and is in it, is converted.
fn in_utf8(text: &[u8]) -> Cow<'_, [u8]> {
    /// Where a declaration stands.
    const DECLARATION: usize = 100;
    let head = text.get(..DECLARATION).unwrap_or(text).to_ascii_lowercase();
    if memchr::memmem::find(&head, b"iso-8859-1").is_some() && std::str::from_utf8(text).is_err() {
        return text.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes().into();
    }
    text.into()
}

/// Whether a doctype is the one that drawing programs write: the W3C's of SVG, without declarations of its own.
fn is_svg(doctype: &[u8]) -> bool {
    let doctype = String::from_utf8_lossy(doctype);
    let mut words = doctype.split_whitespace();
    words.next() == Some("svg")
        && words.next() == Some("PUBLIC")
        && doctype.contains("\"-//W3C//DTD SVG 1.")
        && doctype.contains("\"http://www.w3.org/Graphics/SVG/1.")
        && !doctype.contains(['[', '%', '&'])
        && doctype.matches('"').count() == 4
}

fn element(start: &BytesStart<'_>) -> Result<XmlElement, BodyError> {
    let mut element = XmlElement {
        name: String::from_utf8_lossy(start.name().as_ref().as_bytes()).into_owned(),
        ..XmlElement::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| BodyError::Xml)?;
        let name = String::from_utf8_lossy(attribute.key.as_ref().as_bytes()).into_owned();
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| BodyError::Xml)?;
        element.attributes.push((name, value.into_owned()));
    }
    Ok(element)
}

fn close(done: XmlElement, open: &mut [XmlElement], root: &mut Option<XmlElement>) -> Result<(), BodyError> {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_some() => return Err(BodyError::Xml),
        None => *root = Some(done),
    }
    Ok(())
}

/// Text within an element; outside of all there is only white space.
fn put(open: &mut [XmlElement], text: &str) -> Result<(), BodyError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') => {}
        None => return Err(BodyError::Xml),
    }
    Ok(())
}
