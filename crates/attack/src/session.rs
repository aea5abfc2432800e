//! Sessions that the prober begins: the tokens, or the cookies, that a log in answers with.

use report::Transcript;
use serde_json::{Map, Value};

use crate::client::ClientError;
use crate::identity::Identity;
use crate::probe::{Answer, Probe};
use crate::probing::{AttackError, Probing};
use crate::surface::Endpoint;

/// Names of an access token in an answer, and of a refresh token.
const ACCESS: [&str; 5] = ["access_token", "accessToken", "token", "jwt", "id_token"];
const REFRESH: [&str; 3] = ["refresh_token", "refreshToken", "refresh"];

/// A session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// Who shows its access token, or its cookies.
    pub(crate) identity: Identity,
    /// What renews it: a refresh token from the body, or from a cookie.
    pub(crate) refresh: Option<String>,
}

impl Session {
    /// The session that an answer begins or goes on with.
    pub(crate) fn of(answer: &Answer) -> Option<Session> {
        let body = answer.json().unwrap_or_default();
        if let Some(token) = text_under(&body, &ACCESS) {
            let refresh = text_under(&body, &REFRESH).map(str::to_owned);
            return Some(Session { identity: Identity::bearer("session", token), refresh });
        }
        let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.filter_map(|cookie| cookie.split(';').next()?.trim().split_once('='));
        let pairs: Vec<(&str, &str)> = pairs.filter(|(_, value)| !value.is_empty()).collect();
        if pairs.is_empty() {
            return None;
        }
        let cookie =
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let refresh = pairs.iter().find(|(name, _)| name.to_ascii_lowercase().contains("refresh"));
        Some(Session {
            identity: Identity { name: "session".into(), headers: vec![("cookie".into(), cookie)] },
            refresh: refresh.map(|(_, value)| (*value).to_owned()),
        })
    }

    /// A request of this session to an operation that may ask for the refresh token.
    pub(crate) fn asks(&self, endpoint: &Endpoint) -> Probe {
        let mut body = Map::new();
        if let (Some(field), Some(token)) = (endpoint.refresh_field(), &self.refresh) {
            body.insert(field.to_owned(), token.clone().into());
        }
        endpoint.request(&Value::Object(body)).by(&self.identity)
    }
}

/// A text under one of these names, in an object or in one that stands in it.
fn text_under<'v>(body: &'v Value, names: &[&str]) -> Option<&'v str> {
    let here = |object: &'v Value| names.iter().find_map(|name| object.get(name)?.as_str());
    here(body).or_else(|| body.as_object()?.values().find_map(here))
}

impl Probing<'_> {
    /// Logs in with the valid name and password. Nothing if the answer has neither a token nor a cookie.
    pub(crate) async fn session(self) -> Result<Option<(Session, Transcript)>, AttackError> {
        let (login, name, password) = self.credentials()?;
        // Some services put tokens into cookies unless they are asked for in the body.
        for body in [login.credentials_and_all(name, password), login.credentials(name, password)] {
            let (answer, seen) = self.send(&login.request(&body)).await?;
            if let Some(session) = Session::of(&answer).filter(|_| answer.is_success()) {
                return Ok(Some((session, seen)));
            }
        }
        Ok(None)
    }

    /// Renews a session as it was. Nothing if that is refused.
    pub(crate) async fn renew(
        self,
        session: &Session,
        endpoint: &Endpoint,
    ) -> Result<(Option<Session>, Transcript), ClientError> {
        let (answer, seen) = self.send(&session.asks(endpoint)).await?;
        Ok((Session::of(&answer).filter(|_| answer.is_success()), seen))
    }
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
            (&[], r#"{"data":{"accessToken":"a"},"meta":{"refreshToken":"r"}}"#, "Bearer a", Some("r")),
            (&["session=s; Path=/; HttpOnly", "refresh=r; Secure"], "{}", "session=s; refresh=r", Some("r")),
            (&["session=s", "old=; Max-Age=0"], "<p>hello", "session=s", None),
        ] {
            let session = Session::of(&answer(cookies, body)).unwrap();
            assert_eq!(session.identity.headers[0].1, header);
            assert_eq!(session.refresh.as_deref(), refresh);
        }
        for body in ["", "[]", r#"{"token":7}"#, r#"{"next":"second_factor"}"#] {
            assert!(Session::of(&answer(&[], body)).is_none(), "{body}");
        }
    }
}
