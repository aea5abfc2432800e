//! `Content-Type` (RFC 9110 §8.3), read by its grammar: what one server reads into a malformed one, another does not.

use super::media_type::is_json;
use super::parameters::{Parameters, is_token};

/// The media type of a body, and what it says about its characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentType {
    essence: String,
}

/// Why a `Content-Type` does not tell how a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentTypeError {
    /// It has bytes beyond ASCII, or is not `type/subtype; name=value`.
    #[error("the Content-Type is malformed")]
    Malformed,
    /// A parameter twice: servers take the first or the last.
    #[error("the Content-Type has a parameter twice")]
    Repeated,
    /// The text is in another charset than UTF-8 (for `text/plain` also Latin-1). Servers that decode it read other
    /// characters than those that do not.
    #[error("the body is not in UTF-8 by its charset")]
    Charset,
}

impl ContentType {
    /// Reads a value; an empty one is a body without a type.
    ///
    /// # Errors
    /// When it is malformed, has a parameter twice, or names a charset in which the body cannot be read.
    pub fn parse(value: &[u8]) -> Result<ContentType, ContentTypeError> {
        let value = value.trim_ascii();
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let (essence, parameters) = value.split_at_checked(end).ok_or(ContentTypeError::Malformed)?;
        let essence = essence.trim_ascii();
        let mut halves = essence.split(|byte| *byte == b'/');
        let is_half = |half: &[u8]| !half.is_empty() && half.iter().all(|byte| is_token(*byte));
        let is_type = halves.clone().all(is_half) && halves.nth(2).is_none();
        if !(is_type || value.is_empty()) {
            return Err(ContentTypeError::Malformed);
        }
        let content_type = ContentType { essence: String::from_utf8_lossy(essence).to_ascii_lowercase() };
        // There is no such type, and some servers look at the beginning only.
        let is_longer =
            |known: &str| content_type.essence.strip_prefix(known).is_some_and(|rest| !rest.is_empty());
        if is_longer("application/x-www-form-urlencoded") || is_longer("multipart/form-data") {
            return Err(ContentTypeError::Malformed);
        }
        let mut known: Vec<&[u8]> = Vec::new();
        for parameter in Parameters(parameters) {
            let parameter = parameter.ok_or(ContentTypeError::Malformed)?;
            if !parameter.value.is_ascii() {
                return Err(ContentTypeError::Malformed);
            }
            if known.iter().any(|name| name.eq_ignore_ascii_case(parameter.name)) {
                return Err(ContentTypeError::Repeated);
            }
            known.push(parameter.name);
            // `charset*0` and the like are continued or encoded (RFC 2231).
            let is_charset =
                parameter.name.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"charset"));
            if is_charset && !(parameter.name.len() == 7 && content_type.can_be_in(&parameter.value)) {
                return Err(ContentTypeError::Charset);
            }
        }
        Ok(content_type)
    }

    /// Type and subtype in lower case; empty where there is none.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// Whether it is JSON, or a type built on it.
    pub fn is_json(&self) -> bool {
        is_json(&self.essence)
    }

    /// Whether it is XML, or a type built on it (RFC 7303).
    pub fn is_xml(&self) -> bool {
        ["application/xml", "text/xml"].contains(&self.essence()) || self.essence.ends_with("+xml")
    }

    /// Whether a text of this type may be in a charset. Latin-1 has the characters of attacks where ASCII has them.
    fn can_be_in(&self, charset: &[u8]) -> bool {
        const UTF_8: [&[u8]; 4] = [b"utf-8", b"utf8", b"us-ascii", b"ascii"];
        const LATIN_1: [&[u8]; 4] = [b"iso-8859-1", b"latin1", b"windows-1252", b"iso-8859-15"];
        let is_one = |known: &[&[u8]]| known.iter().any(|name| name.eq_ignore_ascii_case(charset));
        is_one(&UTF_8) || (self.essence == "text/plain" && is_one(&LATIN_1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_read() {
        for (value, essence) in [
            ("", ""),
            ("application/json", "application/json"),
            ("Application/JSON; charset=UTF-8", "application/json"),
            ("application/json;charset=utf8;", "application/json"),
            ("text/xml; charset=\"utf-8\"; action=\"urn:a#b\"", "text/xml"),
            ("text/plain; charset=iso-8859-1", "text/plain"),
            ("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk", "multipart/form-data"),
            (
                "multipart/related; type=\"application/xop+xml\"; start=\"<1>\"; boundary=\"a b\"",
                "multipart/related",
            ),
            ("application/vnd.api+json; ext=\"https://a.example/x\"", "application/vnd.api+json"),
            ("application/json; odata.metadata=minimal", "application/json"),
            ("json", "json"),
        ] {
            let parsed = ContentType::parse(value.as_bytes()).map(|parsed| parsed.essence().to_owned());
            assert_eq!(parsed.as_deref(), Ok(essence), "{value}");
        }
    }

    #[test]
    fn what_servers_read_differently_is_not() {
        use ContentTypeError as E;
        for (value, error) in [
            ("application/json; x=\u{e9}", E::Malformed),
            ("appl\u{ef}cation/json", E::Malformed),
            ("multipart/form-data, x", E::Malformed),
            ("text/plain, application/json", E::Malformed),
            ("application/json/x", E::Malformed),
            ("application/x-www-form-urlencodedx", E::Malformed),
            ("multipart/form-data+x; boundary=B", E::Malformed),
            ("application/", E::Malformed),
            ("; charset=utf-8", E::Malformed),
            ("application/json; charset", E::Malformed),
            ("application/json; charset = utf-8", E::Malformed),
            ("${jndi:ldap://a.example/a}", E::Malformed),
            ("%{(#_='multipart/form-data')}", E::Malformed),
            ("application/json; charset=utf-8; charset=utf-16", E::Repeated),
            ("application/json; a=b; A=c", E::Repeated),
            ("application/x-www-form-urlencoded; charset=ibm037", E::Charset),
            ("application/json; charset=iso-8859-1", E::Charset),
            ("application/json; charset*=utf-8''utf-16", E::Charset),
            ("text/plain; charset=utf-16le", E::Charset),
            ("text/plain; charset=utf-7", E::Charset),
            ("multipart/form-data; boundary=B; charset=cp037", E::Charset),
        ] {
            assert_eq!(ContentType::parse(value.as_bytes()), Err(error), "{value}");
        }
    }
}
