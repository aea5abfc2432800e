//! The readings of a value: as it is, and after each decoding that an application may do once more.

use std::borrow::Cow;

/// A decoding that an application may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// `%27` (RFC 3986 §2.1), with `+` left alone.
    Percent,
    /// `&lt;`, `&#39;`, `&#x27;`.
    HtmlEntities,
}

impl Decoding {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Decoding::Percent => "percent",
            Decoding::HtmlEntities => "html-entities",
        }
    }
}

/// Walks the readings of a value, each one decoding further than the last, until nothing changes.
#[derive(Debug)]
pub struct Readings<'v> {
    current: Cow<'v, [u8]>,
    rounds: usize,
    started: bool,
    applied: Vec<Decoding>,
}

impl<'v> Readings<'v> {
    /// The readings of a value, at most `rounds` decodings deep.
    pub fn new(value: &'v [u8], rounds: usize) -> Self {
        Readings { current: Cow::Borrowed(value), rounds, started: false, applied: Vec::new() }
    }

    /// The next distinct reading.
    pub fn next_reading(&mut self) -> Option<&[u8]> {
        if !self.started {
            self.started = true;
            return Some(&self.current);
        }
        if self.applied.len() >= self.rounds {
            return None;
        }
        let (decoding, next) = match percent(&self.current) {
            Some(next) => (Decoding::Percent, next),
            None => (Decoding::HtmlEntities, html_entities(&self.current)?),
        };
        self.applied.push(decoding);
        self.current = Cow::Owned(next);
        Some(&self.current)
    }

    /// What was decoded to get to the last reading.
    pub fn decodings(&self) -> &[Decoding] {
        &self.applied
    }
}

fn percent(value: &[u8]) -> Option<Vec<u8>> {
    if !value.contains(&b'%') {
        return None;
    }
    match percent_encoding::percent_decode(value).into() {
        Cow::Borrowed(_) => None,
        Cow::Owned(decoded) => Some(decoded),
    }
}

/// Decodes the entities that can spell markup. Named entities outside that set stay as they are.
fn html_entities(value: &[u8]) -> Option<Vec<u8>> {
    /// Longer than any entity that matters, shorter than anything that would make this quadratic.
    const LONGEST: usize = 12;
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = value[at..].iter().position(|b| *b == b'&') {
        let start = at + offset;
        let tail = &value[start + 1..value.len().min(start + 1 + LONGEST)];
        let end = tail.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'#')).unwrap_or(tail.len());
        at = start + 1;
        if let Some(decoded) = entity(&tail[..end]) {
            out.extend_from_slice(&value[copied..start]);
            out.extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
            at += end + usize::from(tail.get(end) == Some(&b';'));
            copied = at;
        }
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&value[copied..]);
    Some(out)
}

fn entity(name: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(name).ok()?;
    match text.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
        None => Some(match text {
            "lt" | "LT" => '<',
            "gt" | "GT" => '>',
            "quot" | "QUOT" => '"',
            "apos" => '\'',
            "amp" | "AMP" => '&',
            "colon" => ':',
            "lpar" => '(',
            "rpar" => ')',
            "Tab" => '\t',
            "NewLine" => '\n',
            _ => return None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reading_is_one_decoding_further() {
        let mut readings = Readings::new(b"%2526lt;", 5);
        let mut seen = Vec::new();
        while let Some(reading) = readings.next_reading() {
            seen.push(String::from_utf8_lossy(reading).into_owned());
        }
        assert_eq!(seen, ["%2526lt;", "%26lt;", "&lt;", "<"]);
    }

    #[test]
    fn entities_are_decoded_where_they_stand() {
        for (text, decoded) in [
            ("a &lt;b&gt; c", "a <b> c"),
            ("&#60;&#x3c;&#X3C", "<<<"),
            ("&lt", "<"),
            ("&unknown;&lt;&", "&unknown;<&"),
            ("&lt;&unknown; x", "<&unknown; x"),
        ] {
            assert_eq!(
                html_entities(text.as_bytes()).map(|b| String::from_utf8_lossy(&b).into_owned()).as_deref(),
                Some(decoded)
            );
        }
        for text in ["AT&T", "a & b", "&#xFFFFFFFF;", "&#1114112;"] {
            assert_eq!(html_entities(text.as_bytes()), None, "{text}");
        }
    }
}
