//! A request to the user service, read: what stands in its body, whoever has written it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, USER_AGENT};
use http::{HeaderMap, Method, Request};
use identity::Principal;
use identity::service::Client;

/// Bytes of a body.
const MAX_BODY: usize = 64 * 1024;
/// Fields of a body.
const MAX_FIELDS: usize = 32;
/// Bytes of a path to go on to.
const MAX_NEXT: usize = 2048;

/// Who asks, as the gate knows it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// His address, behind trusted proxies.
    pub address: IpAddr,
    /// Whom the gate has verified.
    pub principal: Option<Arc<Principal>>,
}

/// How the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// As a page, for a person.
    Page,
    /// As JSON, for a program.
    Json,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is neither a form nor JSON.
    Type,
    /// It is too large.
    TooLarge,
    /// It is no object of texts.
    Malformed,
}

/// A request, read.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// The path below that of the service.
    pub(crate) path: String,
    pub(crate) wants: Wants,
    pub(crate) client: Client,
    pub(crate) principal: Option<Arc<Principal>>,
    pub(crate) languages: String,
    fields: Vec<(String, String)>,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn read(request: &Request<Bytes>, below: &str, caller: Caller) -> Result<Self, Unread> {
        let headers = request.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = text(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = request.body();
        if body.len() > MAX_BODY {
            return Err(Unread::TooLarge);
        }
        let is_form = kind == "application/x-www-form-urlencoded";
        // No site can make a browser send JSON here without asking first (CORS), and a form has its token.
        let says_what = is_form || kind == "application/json";
        let fields = match kind.as_str() {
            _ if body.is_empty() && (says_what || request.method() != Method::POST) => Vec::new(),
            "application/x-www-form-urlencoded" => pairs(body),
            "application/json" => members(body)?,
            _ => return Err(Unread::Type),
        };
        let is_navigation = text(ACCEPT).contains("text/html") && kind != "application/json";
        let query = request.uri().query().map(|query| pairs(query.as_bytes())).unwrap_or_default();
        let cookies = cookies(headers);
        let find =
            |name: &str| cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        Ok(Asked {
            method: request.method().clone(),
            path: below.to_owned(),
            wants: if is_form || is_navigation { Wants::Page } else { Wants::Json },
            client: Client {
                address: caller.address,
                user_agent: text(USER_AGENT).to_owned(),
                device: find(super::cookies::DEVICE).or_else(|| own_device(&fields)),
                is_native: find_in(&fields, "tokens") == "body",
            },
            principal: caller.principal,
            languages: text(ACCEPT_LANGUAGE).to_owned(),
            fields,
            query,
            cookies,
        })
    }

    /// A field of the body; empty where it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        find(&self.fields, name).unwrap_or_default()
    }

    /// A parameter of the query; empty where it is not there.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        find(&self.query, name).unwrap_or_default()
    }

    /// What was given under a name, in the body or in the query.
    pub(crate) fn given(&self, name: &str) -> &str {
        find(&self.fields, name).unwrap_or_else(|| self.parameter(name))
    }

    /// A cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        find(&self.cookies, name)
    }

    /// Where to go on to: a path of this site, or nothing.
    pub(crate) fn next(&self) -> Option<&str> {
        let written = find(&self.fields, "next").or(find(&self.query, "next"))?;
        is_own_path(written).then_some(written)
    }
}

/// The device of a native client, which has no cookies.
fn own_device(fields: &[(String, String)]) -> Option<String> {
    find(fields, "device").map(str::to_owned)
}

fn find_in<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    find(pairs, name).unwrap_or_default()
}

fn find<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Whether browsers take a text for a path of the same site, and no reader takes it for anything else.
pub(crate) fn is_own_path(text: &str) -> bool {
    let is_plain = |byte: u8| (0x21..0x7f).contains(&byte) && !b"\\\"<>`{}|^".contains(&byte);
    text.len() <= MAX_NEXT && text.starts_with('/') && !text.starts_with("//") && text.bytes().all(is_plain)
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).take(MAX_FIELDS).map(|(name, value)| (name.into(), value.into())).collect()
}

/// The members of an object that are texts; others have no meaning here, but what a browser says of a passkey.
fn members(body: &[u8]) -> Result<Vec<(String, String)>, Unread> {
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).map_err(|_| Unread::Malformed)?;
    if object.len() > MAX_FIELDS {
        return Err(Unread::Malformed);
    }
    let text = |(name, value): (String, serde_json::Value)| match value {
        serde_json::Value::String(value) => Some((name, value)),
        value @ serde_json::Value::Object(_) if name == "credential" => Some((name, value.to_string())),
        _ => None,
    };
    object.into_iter().map(text).collect::<Option<_>>().ok_or(Unread::Malformed)
}

fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    const MAX: usize = 100;
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pieces = lines.flat_map(|line| line.split(';'));
    let pair = |piece: &str| piece.trim().split_once('=').map(|(name, value)| (name.into(), value.into()));
    pieces.filter_map(pair).take(MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        for path in ["/", "/app", "/app?a=b&c=%2F%2Fd", "/a/b#c", "/~x"] {
            assert!(is_own_path(path), "{path}");
        }
        for text in [
            "",
            "app",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "/a b",
            "/a\r\nSet-Cookie: x",
            "javascript:alert(1)",
            "/é",
            "/\"><script>",
        ] {
            assert!(!is_own_path(text), "{text}");
        }
    }

    #[test]
    fn bodies_are_forms_or_objects_of_texts() {
        let read = |kind: &str, body: &str| {
            let request = Request::post("/auth/login").header("content-type", kind);
            let request = request.body(Bytes::from(body.to_owned())).unwrap();
            let caller = Caller { address: [127, 0, 0, 1].into(), principal: None };
            Asked::read(&request, "/login", caller)
        };
        let form =
            read("application/x-www-form-urlencoded; charset=utf-8", "password=a%26b+c&next=/x").unwrap();
        assert_eq!((form.field("password"), form.next(), form.wants), ("a&b c", Some("/x"), Wants::Page));
        let json = read("application/json", r#"{"password":"a","next":"//evil.example"}"#).unwrap();
        assert_eq!((json.field("password"), json.next(), json.wants), ("a", None, Wants::Json));
        for (kind, body, why) in [
            ("text/plain", "{}", Unread::Type),
            ("", "password=a", Unread::Type),
            ("", "", Unread::Type),
            ("text/plain", "", Unread::Type),
            ("application/json", "[]", Unread::Malformed),
            ("application/json", r#"{"password":{"$ne":null}}"#, Unread::Malformed),
            ("application/json", &" ".repeat(MAX_BODY + 1), Unread::TooLarge),
        ] {
            assert_eq!(read(kind, body).err(), Some(why), "{kind} {}", body.len());
        }
    }
}
