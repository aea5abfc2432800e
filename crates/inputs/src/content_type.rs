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
    /// The text is in another charset than UTF-8, and is not the same in both (for `text/plain` also Latin-1). Servers
    /// that decode it read other characters than those that do not.
    #[error("the body is not in UTF-8 by its charset")]
    Charset,
}

impl ContentType {
    /// Reads the value for a body; an empty one is a body without a type.
    ///
    /// # Errors
    /// When it is malformed, has a parameter twice, or names a charset in which the body cannot be read.
    pub fn parse(value: &[u8], body: &[u8]) -> Result<ContentType, ContentTypeError> {
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
        // Some servers look for these words wherever they stand (formidable).
        let (of_forms, of_parts) = (
            content_type.essence == "application/x-www-form-urlencoded",
            content_type.essence.starts_with("multipart/"),
        );
        let all = value.to_ascii_lowercase();
        let has = |word: &[u8]| memchr::memmem::find(&all, word).is_some();
        if has(b"urlencoded") && !of_forms || has(b"multipart") && !of_parts {
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
            if is_charset && !(parameter.name.len() == 7 && content_type.can_be_in(&parameter.value, body)) {
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

    /// Whether a text of this type may be in a charset. Latin-1 has the characters of attacks where ASCII has them, and
    /// what is all ASCII is the same in both: some clients name Latin-1 with every form (Apache HttpClient 4).
    fn can_be_in(&self, charset: &[u8], body: &[u8]) -> bool {
        const UTF_8: [&[u8]; 4] = [b"utf-8", b"utf8", b"us-ascii", b"ascii"];
        const LATIN_1: [&[u8]; 7] = [
            b"iso-8859-1",
            b"iso8859-1",
            b"iso_8859-1",
            b"latin1",
            b"windows-1252",
            b"cp1252",
            b"iso-8859-15",
        ];
        let is_one = |known: &[&[u8]]| known.iter().any(|name| name.eq_ignore_ascii_case(charset));
        is_one(&UTF_8) || (is_one(&LATIN_1) && (self.essence == "text/plain" || self.is_all_ascii(body)))
    }

    /// Whether a body has characters of ASCII only, a form's escapes included.
    fn is_all_ascii(&self, body: &[u8]) -> bool {
        let is_beyond = |at: usize| {
            body.get(at + 1).is_some_and(|digit| matches!(digit, b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'))
        };
        let has_escapes = self.essence == "application/x-www-form-urlencoded";
        body.is_ascii() && !(has_escapes && memchr::memchr_iter(b'%', body).any(is_beyond))
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
            let parsed = ContentType::parse(value.as_bytes(), b"").map(|parsed| parsed.essence().to_owned());
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
            ("application/json; charset=iso-8859-2", E::Charset),
            ("application/json; charset*=utf-8''utf-16", E::Charset),
            ("text/plain; charset=utf-16le", E::Charset),
            ("text/plain; charset=utf-7", E::Charset),
            ("multipart/form-data; boundary=B; charset=cp037", E::Charset),
        ] {
            assert_eq!(ContentType::parse(value.as_bytes(), b""), Err(error), "{value}");
        }
    }

    #[test]
    fn what_is_all_ascii_is_the_same_in_latin_1() {
        const FORM: &str = "application/x-www-form-urlencoded";
        for (kind, charset, body, is_read) in [
            (FORM, "ISO-8859-1", &b"a=b+c%20d%2f"[..], true),
            (FORM, "windows-1252", b"a=100%&b=%", true),
            (FORM, "ISO-8859-1", b"a=caf%e9", false),
            (FORM, "ISO-8859-1", b"a=caf%C3%A9", false),
            (FORM, "ISO-8859-1", b"a=caf\xe9", false),
            (FORM, "iso-8859-2", b"a=b", false),
            (FORM, "utf-16", b"a=b", false),
            (FORM, "utf-7", b"a=+AGI-", false),
            ("application/json", "latin1", b"{\"a\":\"caf\\u00e9 %e9\"}", true),
            ("application/json", "latin1", b"{\"a\":\"caf\xc3\xa9\"}", false),
            ("application/json", "shift_jis", b"{\"a\":1}", false),
            ("text/plain", "iso-8859-1", b"caf\xe9", true),
        ] {
            let value = format!("{kind}; charset={charset}");
            assert_eq!(ContentType::parse(value.as_bytes(), body).is_ok(), is_read, "{value}");
        }
    }
}
