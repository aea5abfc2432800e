//! Parameters of a header value (RFC 9110 §5.6.6), read strictly.

/// How a parameter's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// A token.
    None,
    /// A quoted string.
    Quoted,
    /// A quoted string with `\"` or `\\`.
    Escaped,
}

/// A parameter of a header value.
pub(super) struct Parameter<'t> {
    pub(super) name: &'t [u8],
    pub(super) value: Vec<u8>,
    pub(super) quoting: Quoting,
}

/// Reads `; name=value` and `; name="value"` (RFC 9110 §5.6.6) one after the other; `None` for the first that is
/// neither, and then nothing more.
pub(super) struct Parameters<'t>(pub(super) &'t [u8]);

impl<'t> Iterator for Parameters<'t> {
    type Item = Option<Parameter<'t>>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.trim_ascii();
        if text.is_empty() {
            return None;
        }
        let parsed = parameter(text);
        self.0 = parsed.as_ref().map_or(&[], |(_, rest)| *rest);
        match parsed {
            // A semicolon at the end.
            Some((None, _)) => None,
            Some((parameter, _)) => Some(parameter),
            None => Some(None),
        }
    }
}

fn parameter(text: &[u8]) -> Option<(Option<Parameter<'_>>, &[u8])> {
    let text = text.strip_prefix(b";")?.trim_ascii_start();
    if text.is_empty() {
        return Some((None, text));
    }
    let equals = memchr::memchr(b'=', text)?;
    let (name, value) = (text.get(..equals)?, text.get(equals + 1..)?);
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return None;
    }
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let end = value.iter().position(|byte| !is_token(*byte)).unwrap_or(value.len());
        let (value, rest) = value.split_at_checked(end)?;
        let is_followed = matches!(rest.trim_ascii_start(), [] | [b';', ..]);
        let parameter = Parameter { name, value: value.to_vec(), quoting: Quoting::None };
        return (is_followed && !value.is_empty()).then_some((Some(parameter), rest));
    };
    let mut value = Vec::new();
    let mut quoting = Quoting::Quoted;
    let mut bytes = quoted.iter().copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                let rest = quoted.get(at + 1..)?;
                let is_followed = matches!(rest.trim_ascii_start(), [] | [b';', ..]);
                return is_followed.then_some((Some(Parameter { name, value, quoting }), rest));
            }
            // Other backslashes stand for themselves: browsers wrote paths of Windows so.
            b'\\' if matches!(quoted.get(at + 1), Some(b'"' | b'\\')) => {
                quoting = Quoting::Escaped;
                value.extend(bytes.next().map(|(_, escaped)| escaped));
            }
            byte => value.push(byte),
        }
    }
    None
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
