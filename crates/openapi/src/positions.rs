//! Where in the text of a document each value stands, by its JSON Pointer.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser};

use crate::shape::escape;

/// Byte ranges of values by JSON Pointer.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    by_pointer: HashMap<String, Range<usize>>,
}

/// A collection that is being read.
enum Open {
    /// The next node is a key, or the value of the key that was read.
    Mapping {
        key: Option<(String, Range<usize>)>,
    },
    Sequence {
        next: usize,
    },
}

impl Positions {
    /// Reads YAML, and JSON, which is YAML. What cannot be read has no positions.
    pub(crate) fn of(text: &str) -> Self {
        let mut positions = Positions::default();
        let mut path = String::new();
        let mut open: Vec<(Open, usize)> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            let (Some(start), Some(end)) = (span.start.byte_offset(), span.end.byte_offset()) else { break };
            let here = start..end.max(start);
            match event {
                Event::MappingEnd | Event::SequenceEnd => {
                    if let Some((_, length)) = open.pop() {
                        path.truncate(length);
                    }
                    continue;
                }
                Event::Scalar(ref value, ..)
                    if matches!(open.last(), Some((Open::Mapping { key: None }, _))) =>
                {
                    if let Some((Open::Mapping { key }, _)) = open.last_mut() {
                        *key = Some((value.to_string(), here));
                    }
                    continue;
                }
                Event::Scalar(..) | Event::Alias(..) | Event::MappingStart(..) | Event::SequenceStart(..) => {
                }
                _ => continue,
            }
            let length = path.len();
            let mut place = here;
            match open.last_mut() {
                Some((Open::Mapping { key }, _)) => {
                    // A key that is a collection has no pointer; its value neither.
                    let Some((name, at)) = key.take() else { break };
                    path.push('/');
                    path.push_str(&escape(&name));
                    place = at;
                }
                Some((Open::Sequence { next }, _)) => {
                    path.push_str(&format!("/{next}"));
                    *next += 1;
                }
                None => {}
            }
            positions.by_pointer.insert(path.clone(), place);
            match event {
                Event::MappingStart(..) => open.push((Open::Mapping { key: None }, length)),
                Event::SequenceStart(..) => open.push((Open::Sequence { next: 0 }, length)),
                _ => path.truncate(length),
            }
        }
        positions
    }

    /// The range of the key or item at a pointer, or of the deepest part of it that is there.
    pub(crate) fn find(&self, pointer: &str) -> Option<Range<usize>> {
        let mut pointer = pointer;
        loop {
            if let Some(range) = self.by_pointer.get(pointer) {
                return Some(range.clone());
            }
            (pointer, _) = pointer.rsplit_once('/')?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_have_positions() {
        for text in [
            "a:\n  - x: 1\n    y/z: { w: 2 }\n  - &n 3\nb: *n\n",
            "{\"a\": [{\"x\": 1, \"y/z\": {\"w\": 2}}, 3], \"b\": 3}",
        ] {
            let positions = Positions::of(text);
            let at = |pointer: &str| {
                positions.find(pointer).map(|range| text.get(range).unwrap().trim_matches('"').to_owned())
            };
            assert_eq!(at("/a/0/y~1z/w"), Some("w".into()), "{text}");
            assert_eq!(at("/b"), Some("b".into()), "{text}");
            assert_eq!(at("/a/0/x/unknown"), Some("x".into()), "{text}");
        }
    }
}
