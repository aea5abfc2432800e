//! Bodies by media type.

use bytes::Bytes;
use futures_util::FutureExt;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use policy::openapi::XmlElement;
use serde_json::Value;

use super::json::{JsonError, has_huge_integer, parse_json};
use super::pairs::pairs;
use super::{StructureLimits, xml};

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
    /// Text of no known structure.
    Text,
    /// Bytes.
    Binary,
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its field name.
    pub name: String,
    /// Its file name.
    pub file_name: Option<String>,
    /// What it holds.
    pub content: Bytes,
    /// Whether it is a file, whose bytes are not an input to judge.
    pub is_file: bool,
    /// Its media type without parameters; `text/plain` when it names none (RFC 7578 §4.4).
    pub media_type: String,
    /// Its headers as they came.
    pub headers: HeaderMap,
}

impl Part {
    /// Whether it holds JSON.
    pub fn is_json(&self) -> bool {
        self.media_type == "application/json" || self.media_type.ends_with("+json")
    }
}

/// Why a body is not of its media type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON that everybody reads alike.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Not multipart.
    #[error("the body is not multipart/form-data")]
    Multipart,
    /// Not XML.
    #[error("the body is not XML")]
    Xml,
    /// XML with a doctype.
    #[error("the XML has a doctype")]
    Doctype,
    /// More fields than the limit.
    #[error("the body has too many fields")]
    TooMany,
}

/// The media type without parameters, lower case.
pub fn essence(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// Parses a decoded body by its media type. A body without one is judged by what it looks like.
///
/// # Errors
/// When it is not of its media type, or beyond a limit.
pub fn parse_body(
    headers: &HeaderMap,
    body: &Bytes,
    limits: StructureLimits,
) -> Result<ParsedBody, BodyError> {
    if body.is_empty() {
        return Ok(ParsedBody::Empty);
    }
    let kind = essence(headers);
    Ok(match kind.as_str() {
        "application/x-www-form-urlencoded" => ParsedBody::Form(form(body, limits)?),
        "multipart/form-data" => ParsedBody::Multipart(multipart(headers, body, limits)?),
        json if json == "application/json" || json == "text/json" || json.ends_with("+json") => {
            let value = parse_json(body, limits)?;
            if has_huge_integer(body) {
                return Err(JsonError::HugeNumber.into());
            }
            ParsedBody::Json(value)
        }
        xml if xml == "application/xml" || xml == "text/xml" || xml.ends_with("+xml") => {
            ParsedBody::Xml(xml::parse(body, limits)?)
        }
        // Servers that do not look at the media type read these bodies as JSON or a form all the same.
        _ => match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => parse_json(body, limits).map_or_else(|_| opaque(body), ParsedBody::Json),
            _ => opaque(body),
        },
    })
}

fn opaque(body: &Bytes) -> ParsedBody {
    if std::str::from_utf8(body).is_ok() { ParsedBody::Text } else { ParsedBody::Binary }
}

fn form(body: &[u8], limits: StructureLimits) -> Result<Vec<(String, String)>, BodyError> {
    let fields: Vec<_> = pairs(body)
        .take(limits.members.saturating_add(1))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    if fields.len() > limits.members { Err(BodyError::TooMany) } else { Ok(fields) }
}

fn multipart(headers: &HeaderMap, body: &Bytes, limits: StructureLimits) -> Result<Vec<Part>, BodyError> {
    let value = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).ok_or(BodyError::Multipart)?;
    let boundary = multer::parse_boundary(value).map_err(|_| BodyError::Multipart)?;
    let whole = body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(whole) });
    let mut reader = multer::Multipart::new(stream, boundary);
    let parse = async {
        let mut parts = Vec::new();
        while let Some(field) = reader.next_field().await.map_err(|_| BodyError::Multipart)? {
            if parts.len() >= limits.members {
                return Err(BodyError::TooMany);
            }
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let headers = field.headers().clone();
            let media_type = Some(essence(&headers)).filter(|kind| !kind.is_empty());
            let media_type = media_type.unwrap_or_else(|| "text/plain".into());
            let content = field.bytes().await.map_err(|_| BodyError::Multipart)?;
            parts.push(Part { name, is_file: file_name.is_some(), file_name, content, media_type, headers });
        }
        Ok(parts)
    };
    // The whole body is here, so the reader never has to wait.
    parse.now_or_never().unwrap_or(Err(BodyError::Multipart))
}

/// A multipart body of some parts, with the boundary that the request's head names.
pub fn write_multipart(headers: &HeaderMap, parts: impl Iterator<Item = Part>) -> Option<Bytes> {
    let boundary = multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()?;
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        for (name, value) in part.headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
            body.extend_from_slice(name.as_str().as_bytes());
            body.extend_from_slice(b": ");
            body.extend_from_slice(value.as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Some(Bytes::from(body))
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
            ParsedBody::Xml(root) => xml::find_input(root, &mut each),
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
    use super::*;

    const LIMITS: StructureLimits = StructureLimits { depth: 8, members: 10 };

    fn parse(kind: &str, body: &str) -> Result<ParsedBody, BodyError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        parse_body(&headers, &Bytes::copy_from_slice(body.as_bytes()), LIMITS)
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
    fn bodies_that_lie_about_themselves_are_refused() {
        assert!(parse("application/json", "{").is_err());
        assert_eq!(parse("multipart/form-data", "x"), Err(BodyError::Multipart));
        assert_eq!(parse("multipart/form-data; boundary=B", "--B\r\nrubbish"), Err(BodyError::Multipart));
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
