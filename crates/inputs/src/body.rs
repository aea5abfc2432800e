//! Bodies by media type.

use bytes::Bytes;
use serde_json::Value;

use super::element::XmlElement;
use super::error::BodyError;
use super::json::{JsonError, has_huge_integer, parse_json};
use super::limits::StructureLimits;
use super::media_type::media_type;
use super::multipart::{self, Part};
use super::pairs::pairs;
#[cfg(feature = "xml")]
use super::xml;

/// A body, parsed.
#[derive(Debug, Clone, PartialEq)]
pub enum ParsedBody {
    /// There is none.
    Empty,
    /// JSON, or a media type built on it.
    Json(Value),
    /// `application/x-www-form-urlencoded`: names and values.
    Form(Vec<(String, String)>),
    /// `multipart/form-data`: its parts.
    Multipart(Vec<Part>),
    /// XML: its root element.
    Xml(XmlElement),
    /// Text of no known structure, or bytes that somebody may take for text.
    Text,
    /// A file in a binary format, under a media type for such files.
    Binary,
}

/// Parses a decoded body by its `Content-Type`, which is empty where there is none: then by what it looks like.
///
/// # Errors
/// When it is not of its media type, or beyond a limit.
pub fn parse_body(
    content_type: &[u8],
    body: &Bytes,
    limits: StructureLimits,
) -> Result<ParsedBody, BodyError> {
    if body.is_empty() {
        return Ok(ParsedBody::Empty);
    }
    let kind = media_type(content_type);
    Ok(match kind.as_str() {
        "application/x-www-form-urlencoded" => ParsedBody::Form(form(body, limits)?),
        "multipart/form-data" => ParsedBody::Multipart(multipart::read(content_type, body, limits.members)?),
        json if json == "application/json" || json == "text/json" || json.ends_with("+json") => {
            let value = parse_json(body, limits)?;
            if has_huge_integer(body) {
                return Err(JsonError::HugeNumber.into());
            }
            ParsedBody::Json(value)
        }
        #[cfg(feature = "xml")]
        xml if xml == "application/xml" || xml == "text/xml" || xml.ends_with("+xml") => {
            ParsedBody::Xml(xml::parse(body, limits)?)
        }
        // Servers that do not look at the media type read these bodies as JSON or a form all the same, and most put
        // U+FFFD where a byte is not UTF-8 (Go's encoding/json, Node's Buffer).
        kind => match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => {
                let text = String::from_utf8_lossy(body);
                parse_json(text.as_bytes(), limits).map_or_else(|_| opaque(kind, body), ParsedBody::Json)
            }
            _ => opaque(kind, body),
        },
    })
}

fn opaque(kind: &str, body: &[u8]) -> ParsedBody {
    if is_binary_file(kind, body) { ParsedBody::Binary } else { ParsedBody::Text }
}

/// Whether a body is what its media type says, a file in a binary format. Only then can nobody read text out of it.
pub fn is_binary_file(kind: &str, start: &[u8]) -> bool {
    const FAMILIES: [&str; 4] = ["image/", "audio/", "video/", "font/"];
    const TYPES: [&str; 7] = [
        "application/octet-stream",
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/x-gzip",
        "application/x-tar",
        "application/wasm",
    ];
    let is_for_files = FAMILIES.iter().any(|family| kind.starts_with(family))
        || TYPES.contains(&kind)
        || kind.starts_with("application/vnd.")
        || kind.starts_with("application/x-");
    let is_binary = |kind: infer::Type| kind.matcher_type() != infer::MatcherType::Text;
    is_for_files && infer::get(start).is_some_and(is_binary) && std::str::from_utf8(start).is_err()
}

fn form(body: &[u8], limits: StructureLimits) -> Result<Vec<(String, String)>, BodyError> {
    let fields: Vec<_> = pairs(body)
        .take(limits.members.saturating_add(1))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    if fields.len() > limits.members { Err(BodyError::TooMany) } else { Ok(fields) }
}

impl ParsedBody {
    /// Calls `each` with every text a person or a program put in, and the name that it stands under; until it
    /// answers. Names are inputs too.
    pub fn find_input<T>(&self, raw: &[u8], mut each: impl FnMut(&str, &[u8]) -> Option<T>) -> Option<T> {
        match self {
            ParsedBody::Empty | ParsedBody::Binary => None,
            ParsedBody::Json(value) => json_inputs("", value, &mut each),
            ParsedBody::Form(fields) => fields.iter().find_map(|(name, value)| {
                each(name, value.as_bytes()).or_else(|| each("name", name.as_bytes()))
            }),
            ParsedBody::Xml(root) => root.find_input(&mut each),
            ParsedBody::Multipart(parts) => parts.iter().find_map(|part| {
                let file_name = part.file_name.as_deref().and_then(|name| each(&part.name, name.as_bytes()));
                let content = || (!part.is_file).then(|| each(&part.name, &part.content)).flatten();
                file_name.or_else(content)
            }),
            ParsedBody::Text => each("body", raw),
        }
    }
}

fn json_inputs<T>(name: &str, value: &Value, each: &mut impl FnMut(&str, &[u8]) -> Option<T>) -> Option<T> {
    match value {
        Value::String(text) => each(name, text.as_bytes()),
        Value::Array(items) => items.iter().find_map(|item| json_inputs(name, item, each)),
        Value::Object(map) => map
            .iter()
            .find_map(|(key, item)| each("name", key.as_bytes()).or_else(|| json_inputs(key, item, each))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::multipart::MultipartError;

    use super::*;

    const LIMITS: StructureLimits = StructureLimits { depth: 8, members: 10 };

    fn parse(kind: &str, body: &str) -> Result<ParsedBody, BodyError> {
        parse_body(kind.as_bytes(), &Bytes::copy_from_slice(body.as_bytes()), LIMITS)
    }

    fn inputs(parsed: &ParsedBody, raw: &str) -> Vec<String> {
        let mut all = Vec::new();
        parsed.find_input::<()>(raw.as_bytes(), |name, value| {
            all.push(format!("{name}={}", String::from_utf8_lossy(value)));
            None
        });
        all
    }

    #[test]
    fn every_input_is_found() {
        let json =
            parse("application/problem+json; charset=utf-8", r#"{"a":["x",{"b":"y"}],"n":1}"#).unwrap();
        assert_eq!(inputs(&json, ""), ["name=a", "a=x", "name=b", "b=y", "name=n"]);
        let form = parse("application/x-www-form-urlencoded", "a=x+y&b=%3C").unwrap();
        assert_eq!(inputs(&form, ""), ["a=x y", "name=a", "b=<", "name=b"]);
        let xml = "<?xml version='1.0'?><a href='u&#x27;'>t&lt;i&gt;<b><![CDATA[c]]></b></a>";
        let xml = parse("text/xml", xml).unwrap();
        assert_eq!(inputs(&xml, ""), ["href=u'", "name=href", "a=t<i>", "name=a", "b=c", "name=b"]);
        let body = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\nbytes\r\n--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nx\r\n--B--\r\n";
        let multipart = parse("multipart/form-data; boundary=B", body).unwrap();
        assert_eq!(inputs(&multipart, ""), ["f=n.txt", "t=x"]);
        let disguised = parse("text/plain", r#"{"a":"x"}"#).unwrap();
        assert_eq!(inputs(&disguised, ""), ["name=a", "a=x"]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_judged_unless_they_are_a_file() {
        let parse = |kind: &str, body: &[u8]| {
            parse_body(kind.as_bytes(), &Bytes::copy_from_slice(body), LIMITS).unwrap()
        };
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff";
        assert_eq!(parse("image/png", png), ParsedBody::Binary);
        assert_eq!(parse("application/octet-stream", png), ParsedBody::Binary);
        assert_eq!(parse("text/plain", png), ParsedBody::Text, "text that begins like a file");
        assert_eq!(parse("image/png", b"q=\xff' OR 1=1"), ParsedBody::Text, "no file of its type");
        let json = parse("text/plain", b"{\"q\":\"x\xff\"}");
        assert_eq!(json, ParsedBody::Json(serde_json::json!({ "q": "x\u{fffd}" })));
    }

    #[test]
    fn bodies_that_lie_about_themselves_are_refused() {
        assert!(parse("application/json", "{").is_err());
        assert_eq!(parse("multipart/form-data", "x"), Err(MultipartError::Boundary.into()));
        assert_eq!(
            parse("multipart/form-data; boundary=B", "--B\r\nrubbish"),
            Err(MultipartError::NoEnd.into())
        );
        assert_eq!(
            parse("text/xml", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
            Err(BodyError::Doctype)
        );
        for xml in
            ["<a><b></a>", "<a/><b/>", "text", "<a>&x;</a>", "<?xml version='1.0' encoding='utf-7'?><a/>"]
        {
            assert_eq!(parse("text/xml", xml), Err(BodyError::Xml), "{xml}");
        }
        assert_eq!(parse("application/x-www-form-urlencoded", &"a=b&".repeat(50)), Err(BodyError::TooMany));
    }
}
