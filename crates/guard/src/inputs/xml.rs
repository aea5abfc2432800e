//! XML: texts and attributes, no doctype.

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::StructureLimits;
use super::body::BodyError;

/// The texts and attribute values of a document with the names they stand under. A doctype is refused: it is how
/// external entities and entity bombs begin.
pub(super) fn leaves(text: &[u8], limits: StructureLimits) -> Result<Vec<(String, String)>, BodyError> {
    let mut reader = Reader::from_reader(text);
    let mut leaves = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut count = 0usize;
    let mut roots = 0usize;
    loop {
        let event = reader.read_event().map_err(|_| BodyError::Xml)?;
        count += 1;
        if count > limits.members.saturating_mul(4) || path.len() > limits.depth {
            return Err(BodyError::TooMany);
        }
        let here = || path.last().cloned().unwrap_or_default();
        match event {
            Event::Eof => break,
            Event::DocType(_) => return Err(BodyError::Doctype),
            Event::Start(ref element) | Event::Empty(ref element) => {
                let name = String::from_utf8_lossy(element.name().as_ref().as_bytes()).into_owned();
                for attribute in element.attributes() {
                    let attribute = attribute.map_err(|_| BodyError::Xml)?;
                    let value = String::from_utf8_lossy(attribute.value.as_ref().as_bytes()).into_owned();
                    leaves.push((name.clone(), value));
                }
                if path.is_empty() {
                    roots += 1;
                }
                if matches!(event, Event::Start(_)) {
                    path.push(name);
                }
            }
            Event::End(_) => drop(path.pop()),
            Event::Text(text) => {
                leaves.push((here(), String::from_utf8_lossy(text.as_ref().as_bytes()).into_owned()))
            }
            Event::CData(text) => {
                leaves.push((here(), String::from_utf8_lossy(text.as_ref().as_bytes()).into_owned()))
            }
            _ => {}
        }
    }
    if roots == 1 && path.is_empty() { Ok(leaves) } else { Err(BodyError::Xml) }
}
