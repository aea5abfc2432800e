//! Macros: `%{TX.score}` in operators, messages and values.

use std::borrow::Cow;

use crate::tx::TxName;
use crate::variable::Collection;

/// A text in which macros are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Tx(TxName),
    Macro(Collection, Option<String>),
}

/// Whoever knows what a macro stands for.
pub(crate) trait Expand {
    /// Appends the value; nothing where there is none.
    fn expand(&self, collection: Collection, key: Option<&str>, out: &mut Vec<u8>);

    /// Appends the value of a variable of `TX`.
    fn expand_tx(&self, name: &TxName, out: &mut Vec<u8>);
}

impl Template {
    /// Reads a text. What looks like a macro and names no variable stays as it is.
    pub(crate) fn parse(text: &str) -> Template {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            let (before, after) = rest.split_at(start);
            plain.extend_from_slice(before.as_bytes());
            let named = after.find('}').and_then(|end| Some((end, variable(&after[2..end])?)));
            match named {
                Some((end, (collection, key))) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(match (collection, key) {
                        (Collection::Tx, Some(key)) => Part::Tx(TxName::new(key.as_bytes())),
                        (collection, key) => Part::Macro(collection, key),
                    });
                    rest = &after[end + 1..];
                }
                None => {
                    plain.extend_from_slice(b"%{");
                    rest = &after[2..];
                }
            }
        }
        plain.extend_from_slice(rest.as_bytes());
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Template { parts }
    }

    /// The text itself, when there is no macro in it.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with its macros filled in.
    pub(crate) fn expand<'t>(&'t self, values: &impl Expand) -> Cow<'t, [u8]> {
        if let Some(constant) = self.constant() {
            return Cow::Borrowed(constant);
        }
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Tx(name) => values.expand_tx(name, &mut out),
                Part::Macro(collection, key) => values.expand(*collection, key.as_deref(), &mut out),
            }
        }
        Cow::Owned(out)
    }
}

/// `tx.score`, `TX:score`, `MATCHED_VAR`.
fn variable(name: &str) -> Option<(Collection, Option<String>)> {
    let (name, key) = match name.split_once(['.', ':']) {
        Some((name, key)) => (name, Some(key.to_owned())),
        None => (name, None),
    };
    Some((Collection::named(name)?, key))
}
