//! HTML character references.

use super::replaced::Replaced;
use crate::bytes::{cut, head, tail};

/// Decodes numeric references and the named ones that can spell markup or code; others stay.
pub(crate) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    /// Longer than any reference that matters, short enough to keep this linear.
    const MAX_NAME: usize = 12;
    let mut out = Replaced::new(value);
    let mut at = 0;
    while let Some(offset) = tail(value, at).iter().position(|b| *b == b'&') {
        let start = at + offset;
        at = start + 1;
        let name = head(tail(value, at), MAX_NAME);
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'#';
        let (name, rest) = cut(name, name.iter().take_while(|b| is_name(b)).count());
        if let Some(decoded) = entity(name) {
            at += name.len() + usize::from(rest.starts_with(b";"));
            out.replace(start, at, decoded.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out.finish()
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
            "lbrace" | "lcub" => '{',
            "rbrace" | "rcub" => '}',
            "lsqb" | "lbrack" => '[',
            "rsqb" | "rbrack" => ']',
            "dollar" => '$',
            "sol" => '/',
            "bsol" => '\\',
            "period" => '.',
            "semi" => ';',
            "comma" => ',',
            "equals" => '=',
            "grave" => '`',
            "num" => '#',
            "percnt" => '%',
            "excl" => '!',
            "ast" => '*',
            "vert" | "verbar" => '|',
            "plus" => '+',
            "nbsp" => ' ',
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
    fn references_are_decoded_in_place() {
        for (text, decoded) in [
            ("a &lt;b&gt; c", "a <b> c"),
            ("&#60;&#x3c;&#X3C", "<<<"),
            ("&lt", "<"),
            ("&unknown;&lt;&", "&unknown;<&"),
            ("&lt;&unknown; x", "<&unknown; x"),
        ] {
            assert_eq!(
                decode(text.as_bytes()).map(|b| String::from_utf8_lossy(&b).into_owned()).as_deref(),
                Some(decoded)
            );
        }
        for text in ["AT&T", "a & b", "&#xFFFFFFFF;", "&#1114112;"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
