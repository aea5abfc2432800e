//! Look-ups that loggers and templates evaluate: `${jndi:ldap://...}`, also spelled with nested look-ups.

/// Judges one reading.
pub(crate) fn detect(value: &[u8]) -> Option<String> {
    let start = value.windows(2).position(|pair| pair == b"${")?;
    let spelled = flatten(&value[start..]);
    let names: [&[u8]; 1] = [b"${jndi:"];
    names
        .iter()
        .any(|name| spelled.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name)))
        .then(|| "a look-up that loads code (JNDI)".to_owned())
}

/// What nested look-ups such as `${lower:j}`, `${::-j}` and `${env:X:-j}` evaluate to, innermost first.
fn flatten(value: &[u8]) -> Vec<u8> {
    /// More nesting than this is no logger's.
    const ROUNDS: usize = 64;
    let mut text = value.to_vec();
    for _ in 0..ROUNDS {
        let Some((start, end)) = innermost(&text) else { break };
        let inner = &text[start + 2..end];
        if inner.len() >= 5 && inner[..5].eq_ignore_ascii_case(b"jndi:") {
            break;
        }
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
