//! Look-ups that loggers and templates evaluate: `${jndi:ldap://...}`, also spelled with nested look-ups.

use crate::bytes::has;
use crate::{Confidence, Found, Text};

/// Look-ups that load code, or give away what the server knows.
const NAMES: &[(&str, &str)] = &[
    ("${jndi:", "a look-up that loads code (JNDI)"),
    ("${env:", "a look-up of the server's environment"),
    ("${sys:", "a look-up of the server's properties"),
    ("${java:", "a look-up of the server's properties"),
    ("${script:", "a look-up that runs a script"),
    ("${dns:address", "a look-up that asks a name server"),
    ("${url:utf", "a look-up that loads a URL"),
    ("${docker:", "a look-up of the server's environment"),
    ("${k8s:", "a look-up of the server's environment"),
    ("${kubernetes:", "a look-up of the server's environment"),
    ("${spring:", "a look-up of the server's properties"),
    ("${ctx:", "a look-up of what the logger knows"),
    ("${main:", "a look-up of the server's arguments"),
    ("${lower:", "a look-up of a logger"),
    ("${upper:", "a look-up of a logger"),
    ("${bundle:", "a look-up of the server's properties"),
    ("${file:", "a look-up that reads a file"),
    ("${const:", "a look-up of the server's constants"),
    ("${base64:", "a look-up that decodes"),
];

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    let start = memchr::memmem::find(value, b"${")?;
    let spelled = flatten(&value[start..]).to_ascii_lowercase();
    let (_, reason) = NAMES.iter().find(|(name, _)| has(&spelled, name))?;
    Some((Confidence::High, reason))
}

/// What nested look-ups such as `${lower:j}`, `${::-j}` and `${env:X:-j}` evaluate to, innermost first.
fn flatten(value: &[u8]) -> Vec<u8> {
    /// More nesting than this is no logger's.
    const ROUNDS: usize = 64;
    let mut text = value.to_vec();
    for _ in 0..ROUNDS {
        let Some((start, end)) = innermost(&text) else { break };
        // What is not within another is what is looked up at last.
        if !text[..start].windows(2).any(|pair| pair == b"${") {
            break;
        }
        let inner = &text[start + 2..end];
        let kept = match inner.windows(2).position(|pair| pair == b":-") {
            Some(at) => inner[at + 2..].to_vec(),
            None => inner.iter().position(|b| *b == b':').map_or(Vec::new(), |at| inner[at + 1..].to_vec()),
        };
        text.splice(start..=end, kept);
    }
    text
}

fn innermost(text: &[u8]) -> Option<(usize, usize)> {
    let end = text.iter().position(|b| *b == b'}')?;
    let start = text[..end].windows(2).rposition(|pair| pair == b"${")?;
    Some((start, end))
}
