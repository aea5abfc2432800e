//! Macros: `%{TX.score}` in operators, messages and values.

use std::borrow::Cow;

use crate::collection::Collection;
use crate::tx::TxName;

/// A text with macros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Tx(TxName),
    Macro(Collection, Option<String>),
}

/// Resolves macro values.
pub(crate) trait Resolve {
    /// Appends the value of a variable, if it has one.
    fn resolve(&self, collection: Collection, key: Option<&str>, out: &mut Vec<u8>);

    /// Appends the value of a `TX` variable.
    fn resolve_tx(&self, name: &TxName, out: &mut Vec<u8>);
}

impl Template {
    /// Parses a text. What looks like a macro but names no variable stays text.
    pub(crate) fn parse(text: &str) -> Template {
        let mut pieces = Vec::new();
        let mut plain = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%{") {
            plain.extend_from_slice(before.as_bytes());
            let variable = after.split_once('}').and_then(|(name, behind)| Some((variable(name)?, behind)));
            let Some(((collection, key), behind)) = variable else {
                plain.extend_from_slice(b"%{");
                rest = after;
                continue;
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(match (collection, key) {
                (Collection::Tx, Some(key)) => Piece::Tx(TxName::new(key.as_bytes())),
                (collection, key) => Piece::Macro(collection, key),
            });
            rest = behind;
        }
        plain.extend_from_slice(rest.as_bytes());
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Template { pieces }
    }

    /// The text, if it has no macros.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match self.pieces.as_slice() {
            [] => Some(b""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Expands the macros.
    pub(crate) fn expand<'t>(&'t self, values: &impl Resolve) -> Cow<'t, [u8]> {
        if let Some(constant) = self.constant() {
            return Cow::Borrowed(constant);
        }
        let mut out = Vec::new();
        for part in &self.pieces {
            match part {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Tx(name) => values.resolve_tx(name, &mut out),
                Piece::Macro(collection, key) => values.resolve(*collection, key.as_deref(), &mut out),
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Values;

    impl Resolve for Values {
        fn resolve(&self, collection: Collection, key: Option<&str>, out: &mut Vec<u8>) {
            out.extend_from_slice(format!("<{}:{}>", collection.name(), key.unwrap_or("")).as_bytes());
        }

        fn resolve_tx(&self, name: &TxName, out: &mut Vec<u8>) {
            out.extend_from_slice(b"<");
            out.extend_from_slice(name.text());
            out.extend_from_slice(b">");
        }
    }

    #[test]
    fn macros_are_expanded_and_other_text_stays() {
        for (text, expanded, is_constant) in [
            ("plain 100%", "plain 100%", true),
            ("", "", true),
            ("%{TX.Score}/%{tx:limit}", "<score>/<limit>", false),
            ("a %{MATCHED_VAR} b", "a <MATCHED_VAR:> b", false),
            ("%{request_headers.host}", "<REQUEST_HEADERS:host>", false),
            ("%{nothing.x} %{TX.a", "%{nothing.x} %{TX.a", true),
            ("%{%{TX.a}}", "%{<a>}", false),
        ] {
            let template = Template::parse(text);
            assert_eq!(String::from_utf8_lossy(&template.expand(&Values)), expanded, "{text}");
            assert_eq!(template.constant().is_some(), is_constant, "{text}");
        }
    }
}
