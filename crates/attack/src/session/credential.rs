//! What a log in answers with: tokens and cookies, wherever they stand.

use serde_json::Value;

use crate::answer::values;
use crate::identity::Identity;
use crate::probe::Answer;
use crate::surface::Scheme;
use crate::surface::shape::fold;

/// What begins with a log in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Session {
    /// The access token.
    pub(crate) token: Option<String>,
    /// The refresh token, and whether it came as a cookie.
    pub(crate) refresh: Option<String>,
    /// Cookies as name and value.
    pub(crate) cookies: Vec<(String, String)>,
    /// A token against cross-site request forgery, for writes.
    pub(crate) csrf: Option<String>,
}

/// The session that an answer begins or goes on with. `None` if it has neither a token nor a cookie.
pub(crate) fn session_of(answer: &Answer) -> Option<Session> {
    let body = answer.json().unwrap_or_default();
    let access =
        ["accesstoken", "token", "jwt", "idtoken", "authtoken", "sessiontoken", "bearer", "apikey", "key"];
    let token = text_under(&body, &access);
    let refresh = text_under(&body, &["refreshtoken", "refresh"]);
    let csrf = text_under(&body, &["csrftoken", "csrf", "xsrftoken"]);
    let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.filter_map(|cookie| cookie.split(';').next()?.trim().split_once('='));
    let cookies: Vec<(String, String)> = pairs
        .filter(|(_, value)| !value.is_empty() && *value != "\"\"")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let in_cookie = |word: &str| {
        cookies.iter().find(|(name, _)| fold(name).contains(word)).map(|(_, value)| value.clone())
    };
    let (refresh, csrf) = (refresh.or_else(|| in_cookie("refresh")), csrf.or_else(|| in_cookie("csrf")));
    (token.is_some() || !cookies.is_empty()).then_some(Session { token, refresh, cookies, csrf })
}

/// A text under one of these names, the first name first, from the outside in.
fn text_under(body: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        values::members(body, name).into_iter().find_map(|value| Some(value.as_str()?.to_owned()))
    })
}

impl Session {
    /// The ways in which a request may show this session, the likeliest first.
    pub(crate) fn identities(&self, name: &str, schemes: &[Scheme]) -> Vec<Identity> {
        let mut identities = Vec::new();
        let mut add = |headers: Vec<(String, String)>| {
            let identity = Identity { name: name.to_owned(), headers };
            if !identity.headers.is_empty() && !identities.contains(&identity) {
                identities.push(identity);
            }
        };
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie = (!cookies.is_empty()).then(|| ("cookie".to_owned(), cookies.join("; ")));
        let csrf = self.csrf.as_ref().map(|token| ("x-csrf-token".to_owned(), token.clone()));
        if let Some(token) = &self.token {
            let header = |name: &str, value: String| vec![(name.to_ascii_lowercase(), value)];
            for scheme in schemes {
                match scheme {
                    Scheme::Authorization(word) if !word.eq_ignore_ascii_case("basic") => {
                        add(header("authorization", format!("{} {token}", capital(word))));
                    }
                    Scheme::Header(name) => add(header(name, token.clone())),
                    _ => {}
                }
            }
            for word in ["Bearer", "Token", "JWT"] {
                add(header("authorization", format!("{word} {token}")));
            }
            add(header("authorization", token.clone()));
            for name in ["x-access-token", "x-auth-token", "x-api-key"] {
                add(header(name, token.clone()));
            }
        }
        add(cookie.into_iter().chain(csrf).collect());
        identities
    }
}

/// `bearer` as it is usually written.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn answer(cookies: &[&str], body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append("set-cookie", cookie.parse().unwrap());
        }
        Answer { status: StatusCode::OK, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_session_is_in_the_body_or_in_cookies() {
        for (cookies, body, header, refresh) in [
            (&[][..], r#"{"token":"a"}"#, "Bearer a", None),
            (&["x=1"], r#"{"access_token":"a","refresh_token":"r"}"#, "Bearer a", Some("r")),
            (&[], r#"{"data":{"session":{"token":"a","refreshToken":"r"}}}"#, "Bearer a", Some("r")),
            (&["session=s; Path=/; HttpOnly", "refresh=r; Secure"], "{}", "session=s; refresh=r", Some("r")),
            (&["session=s", "old=; Max-Age=0"], "<p>hello", "session=s", None),
        ] {
            let session = session_of(&answer(cookies, body)).unwrap();
            assert_eq!(session.identities("n", &[])[0].headers[0].1, header);
            assert_eq!(session.refresh.as_deref(), refresh);
        }
        for body in ["", "[]", r#"{"token":7}"#, r#"{"next":"second_factor"}"#] {
            assert!(session_of(&answer(&[], body)).is_none(), "{body}");
        }
    }

    #[test]
    fn the_document_says_first_how_a_token_is_sent() {
        let session = Session { token: Some("t".into()), ..Session::default() };
        let first = |schemes: &[Scheme]| session.identities("n", schemes)[0].headers[0].clone();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(first(&[Scheme::Header("X-Key".into())]), pair("x-key", "t"));
        assert_eq!(first(&[Scheme::Authorization("token".into())]), pair("authorization", "Token t"));
        assert_eq!(first(&[Scheme::Authorization("basic".into())]), pair("authorization", "Bearer t"));
    }
}
