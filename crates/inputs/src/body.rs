//! Bodies by media type.

use bytes::Bytes;
use serde_json::Value;

use super::content_type::{ContentType, ContentTypeError};
use super::disposition::Purpose;
use super::element::XmlElement;
use super::error::BodyError;
use super::grpc;
use super::input::{Input, InputKind};
use super::json::{JsonError, has_huge_integer, parse_json};
use super::limits::StructureLimits;
use super::loose_json::{self, Values};
use super::multipart::{self, Part};
use super::multipart_error::MultipartError;
use super::pairs::{byte_pairs, pairs};
use super::sniff::{
    after_bracket, begins_as_form, has_pairs, is_binary_file, is_like_form, is_wide, texts, without_mark,
    without_odd_blanks,
};
#[cfg(feature = "xml")]
use super::{sniff, xml};

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
    /// Any other multipart type: parts that are bodies of their own.
    Mixed(Vec<Enclosed>),
    /// XML: its root element.
    Xml(XmlElement),
    /// gRPC: its messages, none of them compressed.
    Grpc(Vec<Bytes>),
    /// Text of no known structure, or bytes that somebody may take for text.
    Text,
    /// A file in a binary format, under a media type for such files.
    Binary,
}

/// A part of a multipart body that is no form, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Enclosed {
    /// The part; its content without a transfer encoding.
    pub part: Part,
    /// What it says by its media type.
    pub body: ParsedBody,
    /// What servers that do not mind its media type read in it besides.
    pub others: Vec<ParsedBody>,
}

/// How deep multipart bodies may stand in one another: a batch has changesets, and those have parts.
const MAX_NESTING: usize = 3;

/// Parses a decoded body by its `Content-Type`, which is empty where there is none: then by what it looks like.
///
/// # Errors
/// When it is not of its media type, or beyond a limit.
pub fn parse_body(
    content_type: &[u8],
    body: &Bytes,
    limits: StructureLimits,
) -> Result<ParsedBody, BodyError> {
    parse_nested(content_type, body, limits, 0)
}

/// The same for a body that stands so deep in multipart bodies.
fn parse_nested(
    content_type: &[u8],
    body: &Bytes,
    limits: StructureLimits,
    depth: usize,
) -> Result<ParsedBody, BodyError> {
    if body.is_empty() {
        return Ok(ParsedBody::Empty);
    }
    let kind = ContentType::parse(content_type, body)?;
    let is_multipart = kind.essence().starts_with("multipart/");
    let is_structured = kind.is_json() || kind.is_xml() || is_multipart;
    if !is_structured && is_wide(body) && !is_binary_file(kind.essence(), body) {
        return Err(ContentTypeError::Charset.into());
    }
    Ok(match kind.essence() {
        "application/x-www-form-urlencoded" => ParsedBody::Form(form(body, limits)?),
        "multipart/form-data" => {
            let mut parts = multipart::read(content_type, body, limits.members, Purpose::Form)?;
            parts.iter_mut().try_for_each(|part| part.read_json(limits))?;
            ParsedBody::Multipart(parts)
        }
        _ if is_multipart => ParsedBody::Mixed(enclosed(content_type, body, limits, depth)?),
        _ if kind.is_json() => ParsedBody::Json(json(body, limits)?),
        #[cfg(feature = "xml")]
        _ if kind.is_xml() => ParsedBody::Xml(xml::parse(body, limits)?),
        // Servers that do not look at the media type read these bodies as JSON all the same.
        essence => match lenient_json(body, limits)? {
            Some(value) => ParsedBody::Json(value),
            None => match grpc::messages(essence, body) {
                Some(messages) => {
                    messages.iter().try_for_each(|message| grpc::check(message, limits.members))?;
                    ParsedBody::Grpc(messages)
                }
                None => opaque(essence, body),
            },
        },
    })
}

/// Reads the parts of a multipart body that is no form (RFC 2046 §5.1) and stands so deep in others: each is a body of its
/// own.
fn enclosed(
    content_type: &[u8],
    body: &Bytes,
    limits: StructureLimits,
    depth: usize,
) -> Result<Vec<Enclosed>, BodyError> {
    if depth >= MAX_NESTING {
        return Err(MultipartError::Nested.into());
    }
    let parts = multipart::read(content_type, body, limits.members, Purpose::Other)?;
    let bodies = parts.into_iter().map(|part| {
        let kind = part.header("content-type").map_or(&b""[..], |value| value);
        let body = parse_nested(kind, &part.content, limits, depth + 1)?;
        let others = match part.media_type.as_str() {
            // A request of a batch: its body stands behind a head.
            "application/http" => Vec::from_iter(json_behind_a_head(&part.content, limits)?),
            _ => other_readings(kind, &body, &part.content, true, limits)?,
        };
        Ok(Enclosed { part, body, others })
    });
    bodies.collect()
}

/// What servers that do not mind the media type may read in a body besides: JSON under a form's type or in front of a text,
/// a form or XML under none or under plain text. A form without a type is one in a POST only (Rack).
///
/// # Errors
/// When such a server may read it in two ways.
pub fn other_readings(
    content_type: &[u8],
    parsed: &ParsedBody,
    body: &Bytes,
    is_posted: bool,
    limits: StructureLimits,
) -> Result<Vec<ParsedBody>, BodyError> {
    let text = without_mark(body);
    let is_untyped = content_type.trim_ascii().is_empty();
    let text = without_odd_blanks(text);
    let mut others = Vec::new();
    match parsed {
        // No form begins with markup or an object: somebody reads it as what it is.
        ParsedBody::Form(_) => match (text, after_bracket(text)) {
            #[cfg(feature = "xml")]
            ([b'<', ..], _) => others.push(ParsedBody::Xml(xml::parse(text, limits)?)),
            ([b'{', ..], _) | ([b'[', ..], Some(b'{' | b'[' | b'"')) => {
                others.push(ParsedBody::Json(lenient_json(text, limits)?.ok_or(BodyError::Ambiguous)?));
            }
            // `[name]=Ada` is a form, and `[1,{}]` a list.
            _ => others.extend(values_in_front(text, limits)?),
        },
        #[cfg(feature = "xml")]
        ParsedBody::Text if text.starts_with(b"<") => match xml::parse(text, limits) {
            Ok(root) => others.push(ParsedBody::Xml(root)),
            // A document that says it is XML is read as XML by somebody; a page is not, nor a file that is stored.
            Err(error) if is_posted && sniff::is_xml_document(text) => return Err(error),
            Err(_) => others.extend(xml::parse_loosely(text, limits).map(ParsedBody::Xml)),
        },
        ParsedBody::Text => others.extend(values_in_front(text, limits)?),
        _ => {}
    }
    let may_be_form = is_posted
        && match parsed {
            ParsedBody::Text => is_untyped && is_like_form(body) || begins_as_form(body),
            ParsedBody::Json(_) => is_untyped && is_like_form(body),
            _ => false,
        };
    let is_markup = cfg!(feature = "xml") && text.starts_with(b"<") && !has_pairs(text);
    if may_be_form && !is_markup {
        others.push(ParsedBody::Form(form(body, limits)?));
    }
    Ok(others)
}

/// JSON that everybody reads alike.
fn json(text: &[u8], limits: StructureLimits) -> Result<Value, BodyError> {
    let value = parse_json(text, limits)?;
    if has_huge_integer(text) { Err(JsonError::HugeNumber.into()) } else { Ok(value) }
}

/// The JSON in a body of another type; nothing where no server would read any. Most servers put U+FFFD where a byte is
/// not UTF-8 (Go's encoding/json, Node's Buffer).
///
/// # Errors
/// When it is JSON that is beyond a limit, or not read alike by everybody.
fn lenient_json(body: &[u8], limits: StructureLimits) -> Result<Option<Value>, BodyError> {
    let text = without_mark(body);
    if !matches!(text, [b'{' | b'[', ..]) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(text);
    match parse_json(text.as_bytes(), limits) {
        Ok(value) => Ok(Some(value)),
        Err(error) if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// The JSON that a text begins with, as readers see it that take it for JSON under any type (Flask's `get_json(force=True)`,
/// Go's `json.Decoder`, Ruby's and Python's readers): an object or a list, whatever stands behind; anything else where nothing but
/// further values does, since prose and tables begin with a quoted text.
///
/// # Errors
/// When it is beyond a limit, or not read alike by everybody.
fn values_in_front(text: &[u8], limits: StructureLimits) -> Result<Vec<ParsedBody>, BodyError> {
    if !text.first().is_some_and(|first| b"{[\"'/#-+.0123456789ntfNITFu".contains(first)) {
        return Ok(Vec::new());
    }
    let text = String::from_utf8_lossy(text);
    let mut found = in_front(&text, loose_json::values(&text, limits)?, limits)?;
    // Some readers end a comment at a carriage return, and some do not (Ruby).
    if has_lone_return(text.as_bytes()) {
        let values = loose_json::values_by_line_feeds(&text, limits)?;
        found.extend(in_front(&text, values, limits)?);
    }
    Ok(found)
}

/// The readings of a text that begins with these values.
fn in_front(text: &str, values: Values, limits: StructureLimits) -> Result<Vec<ParsedBody>, BodyError> {
    let Values { mut all, is_whole } = values;
    let is_list_or_object = |value: &Value| value.is_object() || value.is_array();
    let is_structured = all.iter().any(is_list_or_object);
    if all.is_empty() || !(is_structured || is_whole) {
        return Ok(Vec::new());
    }
    let rest = all.split_off(1);
    if all.iter().all(is_list_or_object) {
        // What everybody reads is not read in two ways.
        let mut strict = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
        if strict.next().is_some_and(|value| value.is_ok()) {
            let first = text.get(..strict.byte_offset()).unwrap_or_default();
            all = vec![parse_json(first.as_bytes(), limits)?];
        }
    }
    let rest = Some(Value::Array(rest)).filter(|rest| rest != &Value::Array(Vec::new()));
    Ok(all.into_iter().chain(rest).map(ParsedBody::Json).collect())
}

/// Whether a line ends at a carriage return alone.
fn has_lone_return(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', text).any(|at| text.get(at + 1) != Some(&b'\n'))
}

/// The JSON behind the head of a message that stands in a body.
fn json_behind_a_head(message: &Bytes, limits: StructureLimits) -> Result<Option<ParsedBody>, BodyError> {
    let Some(end) = memchr::memmem::find(message, b"\r\n\r\n") else { return Ok(None) };
    let body = message.get(end + 4..).unwrap_or_default();
    Ok(lenient_json(body, limits)?.map(ParsedBody::Json))
}

fn opaque(kind: &str, body: &[u8]) -> ParsedBody {
    if is_binary_file(kind, body) { ParsedBody::Binary } else { ParsedBody::Text }
}

fn form(body: &[u8], limits: StructureLimits) -> Result<Vec<(String, String)>, BodyError> {
    // Some servers part pairs at a semicolon, too.
    if memchr::memchr2_iter(b'&', b';', body).nth(limits.members).is_some() {
        return Err(BodyError::TooMany);
    }
    let fields: Vec<_> = pairs(body)
        .take(limits.members.saturating_add(1))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    if fields.len() > limits.members { Err(BodyError::TooMany) } else { Ok(fields) }
}

impl ParsedBody {
    /// Calls `each` with every text a person or a program put in, until it answers. Names are inputs too.
    pub fn find_input<T>(&self, raw: &[u8], mut each: impl FnMut(Input<'_>) -> Option<T>) -> Option<T> {
        self.find(raw, &mut each)
    }

    fn find<T>(&self, raw: &[u8], each: &mut impl FnMut(Input<'_>) -> Option<T>) -> Option<T> {
        match self {
            ParsedBody::Empty | ParsedBody::Binary => None,
            ParsedBody::Json(value) => json_inputs("", value, each),
            ParsedBody::Form(_) => byte_pairs(raw).find_map(|(name, value)| {
                let text = String::from_utf8_lossy(&name);
                each(Input::value(&text, &value)).or_else(|| each(Input::name(&text, &name)))
            }),
            ParsedBody::Xml(root) => root.find_input(each),
            ParsedBody::Multipart(parts) => parts.iter().find_map(|part| part.find_input(each)),
            ParsedBody::Mixed(parts) => parts.iter().find_map(|part| part.find_input(each)),
            ParsedBody::Grpc(messages) => {
                // Their number was counted when they were read.
                let all = |message: &Bytes| grpc::find_input(message, usize::MAX, &mut *each).ok().flatten();
                messages.iter().find_map(all)
            }
            ParsedBody::Text => texts(raw).into_iter().find_map(|text| each(Input::value("body", text))),
        }
    }
}

/// The lines of the head of an embedded request, without the names of its fields, and its body.
fn lines_and_body(request: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = memchr::memmem::find(request, b"\r\n\r\n").unwrap_or(request.len());
    let (head, body) = request.split_at_checked(end).unwrap_or((request, &[]));
    let lines = head.split(|byte| *byte == b'\n').enumerate().map(|(nth, line)| {
        let colon = line.iter().position(|byte| *byte == b':').filter(|_| nth > 0);
        line.get(colon.map_or(0, |at| at + 1)..).unwrap_or(line).trim_ascii()
    });
    lines.chain([body.trim_ascii_start()]).filter(|text| !text.is_empty())
}

impl Enclosed {
    /// The texts of the part. What it is called is a name of the message, not of a field: nothing is exempt by it.
    fn find_input<T>(&self, each: &mut impl FnMut(Input<'_>) -> Option<T>) -> Option<T> {
        const PART: &str = "part";
        let Part { name, file_name, content, .. } = &self.part;
        each(Input::name(PART, name.as_bytes()))
            .or_else(|| each(Input::value(PART, file_name.as_deref()?.as_bytes())))
            .or_else(|| self.part.headers_to_judge().find_map(|value| each(Input::value(PART, value))))
            .or_else(|| match self.part.media_type.as_str() {
                // The head of a request is no value: its lines are.
                "application/http" => {
                    lines_and_body(content).find_map(|value| each(Input::value(PART, value)))
                }
                _ => self.body.find(content, each),
            })
            .or_else(|| self.others.iter().find_map(|other| other.find(content, each)))
            // Some servers take any multipart body for a form (Rack, Bottle): what has a name is a field of theirs.
            .or_else(|| if name.is_empty() { None } else { self.part.find_input(each) })
    }
}

impl Part {
    /// Reads the JSON in a field that says it is JSON.
    pub(super) fn read_json(&mut self, limits: StructureLimits) -> Result<(), BodyError> {
        if self.is_json() && self.is_field() && !self.content.is_empty() {
            self.json = Some(json(&self.content, limits)?);
        }
        Ok(())
    }

    /// Its name, its file name, its headers and its content. Scripts send text fields as files called `blob`.
    pub fn find_input<T>(&self, each: &mut impl FnMut(Input<'_>) -> Option<T>) -> Option<T> {
        /// The most text of a file that is judged.
        const SMALL: usize = 64 << 10;
        let content = |each: &mut dyn FnMut(Input<'_>) -> Option<T>| {
            let kind = if self.is_field() { InputKind::Value } else { InputKind::File };
            if let Some(value) = &self.json {
                return json_inputs(&self.name, value, &mut |input| each(input));
            }
            let is_read = match kind {
                InputKind::File => {
                    self.content.len() <= SMALL && !is_binary_file(&self.media_type, &self.content)
                }
                _ => !(self.is_file && is_binary_file(&self.media_type, &self.content)),
            };
            is_read.then(|| each(Input { name: &self.name, kind, value: &self.content })).flatten()
        };
        let file_name = self.file_name.as_deref();
        // Browsers wrote paths of Windows; some servers take a backslash for an escape.
        let unescaped = file_name.filter(|name| name.contains('\\')).map(|name| name.replace('\\', ""));
        let mut file_names = file_name.into_iter().chain(unescaped.as_deref());
        file_names
            .find_map(|name| each(Input::value(&self.name, name.as_bytes())))
            .or_else(|| content(each))
            .or_else(|| each(Input::name(&self.name, self.name.as_bytes())))
            .or_else(|| {
                let mut headers = self.headers.iter().filter(|(name, _)| !is_read(name));
                headers.find_map(|(name, value)| each(Input::value(name, value)))
            })
    }

    /// The values of the headers that were not read by their grammar. An identifier in brackets (RFC 2392) is judged
    /// without them.
    fn headers_to_judge(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(|(name, _)| !is_read(name)).map(|(_, value)| {
            let inner = value.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
            inner.filter(|inner| !inner.iter().any(|byte| b"<> /".contains(byte))).unwrap_or(value)
        })
    }
}

/// Whether a header of a part was read by its grammar.
fn is_read(name: &str) -> bool {
    let own = ["content-disposition", "content-type", "content-length", "content-transfer-encoding"];
    own.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn json_inputs<T>(name: &str, value: &Value, each: &mut impl FnMut(Input<'_>) -> Option<T>) -> Option<T> {
    match value {
        Value::String(text) => each(Input::value(name, text.as_bytes())),
        Value::Array(items) => items.iter().find_map(|item| json_inputs(name, item, each)),
        Value::Object(map) => map.iter().find_map(|(key, item)| {
            each(Input::name(key, key.as_bytes())).or_else(|| json_inputs(key, item, each))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StructureLimits = StructureLimits { depth: 8, members: 10 };

    fn parse(kind: &str, body: &str) -> Result<ParsedBody, BodyError> {
        parse_body(kind.as_bytes(), &Bytes::copy_from_slice(body.as_bytes()), LIMITS)
    }

    fn inputs(parsed: &ParsedBody, raw: &str) -> Vec<String> {
        let mut all = Vec::new();
        parsed.find_input::<()>(raw.as_bytes(), |input| {
            let name = if input.kind == InputKind::Name { "name" } else { input.name };
            all.push(format!("{name}={}", String::from_utf8_lossy(input.value)));
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
        assert_eq!(inputs(&form, "a=x+y&b=%3C"), ["a=x y", "name=a", "b=<", "name=b"]);
        let xml = "<?xml version='1.0'?><a href='u&#x27;'>t&lt;i&gt;<b><![CDATA[c]]></b></a>";
        let xml = parse("text/xml", xml).unwrap();
        assert_eq!(inputs(&xml, ""), ["href=u'", "name=href", "a=t<i>", "name=a", "b=c", "name=b"]);
        let body = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\nbytes\r\n--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nx\r\n--B--\r\n";
        let multipart = parse("multipart/form-data; boundary=B", body).unwrap();
        assert_eq!(inputs(&multipart, ""), ["f=n.txt", "f=bytes", "name=f", "t=x", "name=t"]);
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
    fn what_a_careless_server_reads_is_read_too() {
        let other = |kind: &str, body: &[u8]| {
            let body = Bytes::copy_from_slice(body);
            let parsed = parse_body(kind.as_bytes(), &body, LIMITS)?;
            other_readings(kind.as_bytes(), &parsed, &body, true, LIMITS)
        };
        const FORM: &str = "application/x-www-form-urlencoded";
        let list = ParsedBody::Json(serde_json::json!([1, { "a": "b" }]));
        assert_eq!(other(FORM, br#"[1,{"a":"b"}]"#), Ok(vec![list]));
        let json = ParsedBody::Json(serde_json::json!({ "a": "b&c=d" }));
        assert_eq!(other(FORM, br#" {"a":"b&c=d"}"#), Ok(vec![json]));
        let form = ParsedBody::Form(vec![("a".into(), "b c".into())]);
        assert_eq!(other("", b"a=b+c"), Ok(vec![form.clone()]));
        assert_eq!(other("text/plain", b"a=b+c"), Ok(vec![form]), "some servers mind no type");
        assert!(matches!(other("text/plain", b"<a>b</a>").as_deref(), Ok([ParsedBody::Xml(_)])));
        let loose = other("", b"<a b='1' b='2'>c<d>e").unwrap();
        let [ParsedBody::Xml(root)] = &loose[..] else {
            panic!("a reader that does not mind mistakes reads this")
        };
        let found = inputs(&ParsedBody::Xml(root.clone()), "").join(" ");
        for text in ["b=1", "b=2", "=c", "=e"] {
            assert!(found.contains(text), "{text}: {found}");
        }
        let form = ParsedBody::Form(vec![("{\"a\":\"".into(), String::new()), ("b".into(), "c\"}".into())]);
        assert_eq!(other("", br#"{"a":"&b=c"}"#), Ok(vec![form]));
        for (kind, body, first) in
            [("", &br#""x'""#[..], "x'"), ("text/plain", br#" "x" "#, "x"), (FORM, br#""x""#, "x")]
        {
            let first = ParsedBody::Json(serde_json::json!(first));
            assert_eq!(other(kind, body), Ok(vec![first]), "{kind}");
        }
        for (kind, body, expected) in [
            ("text/plain", "{\"a\":1}\n{\"a\":2}", serde_json::json!([{ "a": 1 }, [{ "a": 2 }]])),
            ("text/plain", "{\"a\":1} and more", serde_json::json!([{ "a": 1 }])),
            ("text/plain", "[{\"a\":\"b\"},NaN]", serde_json::json!([[{ "a": "b" }, null]])),
            (FORM, "[1,\"b\"] x", serde_json::json!([[1, "b"]])),
            (FORM, "null {\"a\":\"b\"}", serde_json::json!([null, [{ "a": "b" }]])),
        ] {
            let read = other(kind, body.as_bytes()).unwrap().into_iter().map(|reading| match reading {
                ParsedBody::Json(value) => value,
                other => panic!("{kind} {body}: {other:?}"),
            });
            assert_eq!(Value::from_iter(read), expected, "{kind} {body}");
        }
        let both = other("", br#""a=b""#).unwrap();
        assert!(matches!(both[..], [ParsedBody::Json(_), ParsedBody::Form(_)]), "{both:?}");
        for (kind, body) in [
            (FORM, &b"a=b"[..]),
            (FORM, b"[a]=b"),
            ("text/plain", b"{a=b"),
            ("", b"a text"),
            ("text/plain", b"a < b"),
            ("text/plain", b"\"no end"),
            ("text/csv", b"\"id\",\"name\"\n"),
            ("text/plain", b"\"To be\", he said."),
            ("text/plain", b"[2026-11-26] a line"),
            ("application/json", b"{\"a\":1}"),
        ] {
            assert_eq!(other(kind, body), Ok(vec![]), "{kind}");
        }
        for (kind, body) in [
            (FORM, &br#"{"a":1,"a":2}"#[..]),
            (FORM, b"{a=b"),
            (FORM, br#"[{"a":NaN}]"#),
            (FORM, b"<a>"),
            ("text/plain", br#"{"a":1,"a":2}"#),
            ("", b"{\0\"\0a\0\"\0:\x001\0}\0"),
            ("text/plain", b"\xff\xfe<\0a\0"),
        ] {
            assert!(other(kind, body).is_err(), "{kind}");
        }
    }

    #[test]
    fn a_line_of_text_without_a_media_type_is_a_field() {
        let kind = |head: &str, content: &str| {
            let body =
                format!("--B\r\nContent-Disposition: form-data; name=a{head}\r\n\r\n{content}\r\n--B--\r\n");
            let Ok(ParsedBody::Multipart(parts)) = parse("multipart/form-data; boundary=B", &body) else {
                panic!("{head}");
            };
            parts[0].is_field()
        };
        for (head, content, is_field) in [
            ("", "x", true),
            ("; filename=blob\r\nContent-Type: text/plain", "x\ny", true),
            ("; filename=a.txt", "x' or 1=1", true),
            ("; filename=a.txt", "x\ny", false),
            ("; filename=a.txt\r\nContent-Type: text/plain", "x", false),
        ] {
            assert_eq!(kind(head, content), is_field, "{head} {content}");
        }
    }

    #[test]
    fn bodies_that_lie_about_themselves_are_refused() {
        assert!(parse("application/json", "{").is_err());
        assert_eq!(parse("multipart/form-data", "x"), Err(MultipartError::Boundary.into()));
        let part = |head: &str, content: &str| {
            let body = format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n--B--\r\n");
            parse("multipart/form-data; boundary=B", &body)
        };
        for (head, content) in [
            ("name=a; filename=\" \"", "x"),
            ("name=a\r\nContent-Type: ${jndi:ldap://a.example/}", "x"),
            ("name=a\r\nContent-Type: text/plain; charset=utf-16le", "x"),
            ("name=a\r\nContent-Transfer-Encoding: quoted-printable", "=27"),
            ("name=a\r\nContent-Type: application/json", "{\"a\":1,\"a\":2}"),
            ("name=_charset_", "utf-16"),
            (r#"name="user\_id""#, "x"),
            (r#"name="a\\b""#, "x"),
            (r#"x="name=z; "; name="a""#, "x"),
            ("name=a; filename=b.txt; filename*=utf-8''c.txt", "x"),
            ("name=a; filename*=utf-8''b.txt; filename=b.txt", "x"),
            ("name=a; filename*=utf-8''b.txt", "x"),
            (r#"filename="name=z"; name="a""#, "x"),
        ] {
            assert!(part(head, content).is_err(), "{head}");
        }
        for (head, content) in [
            ("name=a\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit", "x"),
            ("name=a; filename=b.json\r\nContent-Type: application/json", "{\"a\":1}"),
            ("name=_charset_", "UTF-8"),
            (r#"name=a; filename="my name=x.txt""#, "x"),
            (r#"filename="a.txt"; name=a"#, "x"),
            ("name=a; filename=b.txt; filename*=utf-8''b.txt", "x"),
            (r#"name=a; filename="b c.txt"; filename*=UTF-8''b%20c.txt"#, "x"),
            (r#"name=a; filename="C:\dir\x.txt""#, "x"),
        ] {
            assert!(part(head, content).is_ok(), "{head}");
        }
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
