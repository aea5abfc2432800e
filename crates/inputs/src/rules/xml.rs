//! XML: the text of elements, and the values of attributes.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// A document, as far as rules look at it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Xml {
    /// All text, in order: `/*`.
    pub text: Vec<u8>,
    /// The values of attributes: `//@*`.
    pub attributes: Vec<Vec<u8>>,
    /// The texts of elements, by their paths.
    pub elements: Vec<(String, Vec<u8>)>,
}

/// Events of one document.
const MAX_EVENTS: usize = 200_000;

/// Reads a document; nothing when it is not well formed.
pub fn read(text: &[u8]) -> Option<Xml> {
    let mut reader = Reader::from_reader(text);
    let mut xml = Xml::default();
    let mut open: Vec<(String, Vec<u8>)> = Vec::new();
    let mut roots = 0;
    for _ in 0..MAX_EVENTS {
        let put = |open: &mut Vec<(String, Vec<u8>)>, xml: &mut Xml, text: &[u8]| {
            if let Some((_, own)) = open.last_mut() {
                own.extend_from_slice(text);
                xml.text.extend_from_slice(text);
            }
        };
        match reader.read_event().ok()? {
            Event::Eof => return (open.is_empty() && roots == 1).then_some(xml),
            Event::Start(start) => {
                roots += usize::from(open.is_empty());
                attributes(&start, &mut xml)?;
                let parent = open.last().map_or("", |(path, _)| path.as_str());
                let name = String::from_utf8_lossy(start.name().as_ref().as_bytes()).into_owned();
                open.push((format!("{parent}/{name}"), Vec::new()));
            }
            Event::Empty(start) => {
                roots += usize::from(open.is_empty());
                attributes(&start, &mut xml)?;
            }
            Event::End(_) => xml.elements.push(open.pop()?),
            Event::Text(text) => put(&mut open, &mut xml, text.as_ref().as_bytes()),
            Event::CData(text) => put(&mut open, &mut xml, text.as_ref().as_bytes()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(character) => put(&mut open, &mut xml, character.encode_utf8(&mut [0; 4]).as_bytes()),
                None => {
                    let name = String::from_utf8_lossy(reference.as_ref().as_bytes()).into_owned();
                    // An entity that a doctype may declare: it is not followed.
                    put(&mut open, &mut xml, resolve_predefined_entity(&name).unwrap_or("").as_bytes());
                }
            },
            Event::Decl(_) | Event::DocType(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    None
}

fn attributes(start: &quick_xml::events::BytesStart<'_>, xml: &mut Xml) -> Option<()> {
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let name = attribute.key.as_ref().as_bytes();
        // Declarations of namespaces are no attributes to XPath.
        if name == b"xmlns" || name.starts_with(b"xmlns:") {
            continue;
        }
        let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => value.into_owned().into_bytes(),
            Err(_) => attribute.value.as_bytes().to_vec(),
        };
        xml.attributes.push(value);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn texts_and_attributes_are_found() {
        let xml = read(b"<?xml version='1.0'?><a b='1&lt;'><c>x</c>y&amp;<![CDATA[z]]></a>").unwrap();
        assert_eq!(xml.text, b"xy&z");
        assert_eq!(xml.attributes, [b"1<"]);
        assert_eq!(xml.elements, [("/a/c".to_owned(), b"x".to_vec()), ("/a".to_owned(), b"y&z".to_vec())]);
        assert_eq!(read(b"<a><b></a>"), None);
        assert_eq!(read(b"text"), None);
    }
}
