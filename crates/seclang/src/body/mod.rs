//! Bodies: what a request's body says, by its processor.

pub(crate) mod json;
pub(crate) mod multipart;
pub(crate) mod xml;

/// Names and values of a query or a form: split at the separator, decoded.
pub(crate) fn form(text: &[u8], separator: u8, limit: usize) -> Form {
    let mut form = Form::default();
    for pair in text.split(|b| *b == separator).filter(|pair| !pair.is_empty()) {
        if form.pairs.len() >= limit {
            form.is_cut = true;
            break;
        }
        let at = memchr::memchr(b'=', pair);
        let (name, value) = at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
        let mut decode = |part: &[u8]| {
            form.has_error |= has_bad_encoding(part);
            crate::transform::Transformation::UrlDecode.apply(part).unwrap_or_else(|| part.to_vec())
        };
        let pair = (decode(name), decode(value));
        form.pairs.push(pair);
    }
    form
}

/// A query or a form, read.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// A percent sign without two digits after it.
    pub(crate) has_error: bool,
    /// There were more pairs than the limit.
    pub(crate) is_cut: bool,
}

fn has_bad_encoding(part: &[u8]) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    memchr::memchr_iter(b'%', part).any(|at| !is_hex(part.get(at + 1)) || !is_hex(part.get(at + 2)))
}

/// The pairs of a `Cookie` header.
pub(crate) fn cookies(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|b| *b == b';').map(<[u8]>::trim_ascii_start).filter(|pair| !pair.is_empty()).map(|pair| {
        let at = memchr::memchr(b'=', pair);
        at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]))
    })
}
