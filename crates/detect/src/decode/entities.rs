//! Character references of HTML.

/// Decodes the entities that can spell markup. Named entities outside that set stay as they are.
pub(crate) fn decode(value: &[u8]) -> Option<Vec<u8>> {
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
    fn entities_are_decoded_where_they_stand() {
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
