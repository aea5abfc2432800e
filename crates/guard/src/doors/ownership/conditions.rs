//! The conditions of a write (RFC 9110 §13) to an object that was read before.
//!
//! What was judged is what may be written, and not what somebody made of it since: the write is forwarded under the one
//! condition that its object is still the one that was read. What the client asks for is decided here, by the same
//! object, so that no header of its own can take the gate's condition away.

use http::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};

use crate::wire::headers::remove_headers;

/// What names the state of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validators {
    /// A strong entity tag: a weak one cannot guard a write (RFC 9110 §8.8.1).
    pub(super) tag: HeaderValue,
    modified: Option<HeaderValue>,
}

impl Validators {
    /// Those of an answer, if it has a strong entity tag.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let tag = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""))?;
        Some(Validators { tag: tag.clone(), modified: headers.get(LAST_MODIFIED).cloned() })
    }

    /// Makes the object as it was read the one condition of a request; or the header of the client's that it does not
    /// fulfil.
    pub(super) fn bind(&self, headers: &mut HeaderMap) -> Result<(), HeaderName> {
        if let Some(failed) = self.failed(headers) {
            return Err(failed);
        }
        // CGI-style servers take an underscore for a dash.
        let names = [IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE];
        remove_headers(headers, |name| names.iter().any(|known| name.replace('_', "-") == known.as_str()));
        headers.insert(IF_MATCH, self.tag.clone());
        Ok(())
    }

    /// The condition that does not hold, in the order of RFC 9110 §13.2.2.
    fn failed(&self, headers: &HeaderMap) -> Option<HeaderName> {
        let tag = self.tag.as_bytes();
        let named = |name: &HeaderName| -> Vec<Vec<u8>> {
            headers.get_all(name).iter().flat_map(|value| tags(value.as_bytes())).collect()
        };
        let wanted = named(&IF_MATCH);
        if !wanted.is_empty() && !wanted.iter().any(|one| one == b"*" || is_same(one, tag)) {
            return Some(IF_MATCH);
        }
        if wanted.is_empty() && headers.get_all(IF_UNMODIFIED_SINCE).iter().any(|date| self.is_newer(date)) {
            return Some(IF_UNMODIFIED_SINCE);
        }
        // For this header, a weak tag is the same as a strong one.
        let is_unwanted = |one: &Vec<u8>| one == b"*" || is_same(one.strip_prefix(b"W/").unwrap_or(one), tag);
        named(&IF_NONE_MATCH).iter().any(is_unwanted).then_some(IF_NONE_MATCH)
    }

    /// Whether the object was modified after a date. What is no date is no condition (RFC 9110 §13.1.4).
    fn is_newer(&self, date: &HeaderValue) -> bool {
        let read = |value: &HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
        match (self.modified.as_ref().and_then(read), read(date)) {
            (Some(modified), Some(date)) => modified > date,
            _ => false,
        }
    }
}

/// The entity tags of a list; a comma may stand in a tag.
fn tags(list: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    let mut is_quoted = false;
    for byte in list {
        is_quoted ^= *byte == b'"';
        match all.last_mut() {
            Some(last) if is_quoted || *byte != b',' => last.push(*byte),
            _ => all.push(Vec::new()),
        }
    }
    let trimmed = all.iter().map(|tag| tag.trim_ascii().to_vec());
    trimmed.filter(|tag| !tag.is_empty()).collect()
}

/// Whether a client means a tag, which many write without its quotes.
fn is_same(written: &[u8], tag: &[u8]) -> bool {
    let bare = tag.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    written == tag || bare == Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The conditions of a request against an object with the tag `"2"`, modified at noon.
    fn bind(lines: &[(&'static str, &'static str)]) -> Result<HeaderMap, HeaderName> {
        let validators = Validators {
            tag: HeaderValue::from_static("\"2\""),
            modified: Some(HeaderValue::from_static("Sun, 06 Nov 1994 12:00:00 GMT")),
        };
        let mut headers: HeaderMap = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        validators.bind(&mut headers).map(|()| headers)
    }

    #[test]
    fn what_is_forwarded_names_what_was_read_and_nothing_else() {
        let (before, after) = ("Sun, 06 Nov 1994 11:59:59 GMT", "Sun, 06 Nov 1994 12:00:00 GMT");
        for lines in [
            &[][..],
            &[("if-match", "*")],
            &[("if-match", "\"2\"")],
            &[("if-match", "2")],
            &[("if-match", "\"1\", \"2\"")],
            &[("if-match", "\"1\""), ("if-match", "\"a,b\", \"2\"")],
            &[("if-match", "\"2\""), ("if_match", "*")],
            &[("if-match", "\"2\""), ("if-unmodified-since", before)],
            &[("if-match", "")],
            &[("if-none-match", "\"1\", W/\"3\"")],
            &[("if-unmodified-since", after)],
            &[("if-unmodified-since", "yesterday")],
        ] {
            let headers = bind(lines).unwrap();
            assert_eq!(headers.len(), 1, "{lines:?}");
            assert_eq!(headers[IF_MATCH], "\"2\"", "{lines:?}");
        }
        for (lines, failed) in [
            (&[("if-match", "\"1\"")][..], IF_MATCH),
            (&[("if-match", "W/\"2\"")], IF_MATCH),
            (&[("if-match", "\"1,\"2\"")], IF_MATCH),
            (&[("if-match", "\"1\""), ("if-match", "\"3\"")], IF_MATCH),
            (&[("if-unmodified-since", before)], IF_UNMODIFIED_SINCE),
            (&[("if-none-match", "*")], IF_NONE_MATCH),
            (&[("if-none-match", "\"1\", W/\"2\"")], IF_NONE_MATCH),
            (&[("if-match", "*"), ("if-none-match", "\"2\"")], IF_NONE_MATCH),
        ] {
            assert_eq!(bind(lines), Err(failed), "{lines:?}");
        }
    }

    #[test]
    fn a_weak_tag_guards_nothing() {
        let of = |tag: &'static str| {
            Validators::of(&HeaderMap::from_iter([(ETAG, HeaderValue::from_static(tag))]))
        };
        assert!(of("\"2\"").is_some() && of("W/\"2\"").is_none() && of("2").is_none());
    }
}
