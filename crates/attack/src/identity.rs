//! Test accounts.

use serde_json::Value;

use crate::token;

/// A test account and its authentication headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A name for the report.
    pub name: String,
    /// Headers that every request of this account carries.
    pub headers: Vec<(String, String)>,
}

/// The text is not `NAME=Header: value`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identity; write `alice=Authorization: Bearer eyJ...`")]
pub struct IdentityError(String);

impl Identity {
    /// An account with a bearer token (RFC 6750).
    pub fn bearer(name: &str, token: &str) -> Self {
        Identity { name: name.into(), headers: vec![("authorization".into(), format!("Bearer {token}"))] }
    }

    /// The bearer token, if the account has one.
    pub fn token(&self) -> Option<&str> {
        let is_authorization = |name: &str| name.eq_ignore_ascii_case("authorization");
        let (_, value) = self.headers.iter().find(|(name, _)| is_authorization(name))?;
        value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer "))
    }

    /// The claims of the token, unverified; `None` when it is not a JWT.
    pub fn claims(&self) -> Option<Value> {
        token::claims(self.token()?)
    }

    /// The `sub` claim as text.
    pub fn subject(&self) -> Option<String> {
        match self.claims()?.get("sub")? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// `NAME=Header: value`, as on the command line.
impl std::str::FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let invalid = || IdentityError(text.to_owned());
        let (name, header) = text.split_once('=').ok_or_else(invalid)?;
        let (header, value) = header.split_once(':').ok_or_else(invalid)?;
        Ok(Identity { name: name.trim().into(), headers: vec![(header.trim().into(), value.trim().into())] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_identity_is_a_name_and_a_header() {
        for (text, name, header) in [
            ("alice=Authorization: Bearer a.b.c", "alice", ("Authorization", "Bearer a.b.c")),
            ("bob = X-Api-Key:k=v ", "bob", ("X-Api-Key", "k=v")),
            ("carol=Cookie: session=a:b", "carol", ("Cookie", "session=a:b")),
        ] {
            let identity: Identity = text.parse().unwrap();
            assert_eq!(identity.name, name);
            assert_eq!(identity.headers, [(header.0.to_owned(), header.1.to_owned())]);
        }
        for text in ["", "alice", "alice=Bearer", "Authorization: Bearer x"] {
            assert!(text.parse::<Identity>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_subject_is_read_from_a_jwt_and_from_nothing_else() {
        for (claims, subject) in [
            (json!({ "sub": "1" }), Some("1")),
            (json!({ "sub": 17 }), Some("17")),
            (json!({ "sub": null }), None),
            (json!({ "name": "alice" }), None),
        ] {
            let alice = Identity::bearer("alice", &token::unsigned(&claims, "none"));
            assert_eq!(alice.subject().as_deref(), subject, "{claims}");
            assert_eq!(alice.claims(), Some(claims));
        }
        for header in ["Authorization: Basic YTpi", "Authorization: Bearer opaque", "X-Api-Key: a.b.c"] {
            let alice: Identity = format!("alice={header}").parse().unwrap();
            assert_eq!(alice.subject(), None, "{header}");
        }
    }
}
