//! Users as they are kept: one record for each, and one for the address by which he logs in.

use serde::{Deserialize, Serialize};
use store::records::{Change, Expected, Kind, Record, Records, Write};
use store::{Millis, StoreError};

use super::error::ServiceError;
use crate::secrets::RecoveryCodes;

pub(crate) const USER: Kind = "user";
/// From the address, folded, to the user.
pub(crate) const LOGIN_NAME: Kind = "login-name";

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// His address, as he has written it.
    pub email: String,
    /// Whether he has shown that mail to it reaches him.
    pub is_verified: bool,
    /// The name by which he wants to be called.
    pub name: Option<String>,
    /// The hash of his password; none for who logs in by passkey alone.
    pub(crate) password: Option<String>,
    /// His roles (`roles` in tokens).
    pub roles: Vec<String>,
    /// His groups (`groups` in tokens).
    pub groups: Vec<String>,
    /// Whether he may not log in.
    pub is_disabled: bool,
    /// When he was made.
    pub created_at: Millis,
    /// When he goes again, with all that is kept of him, unless he shows before that mail reaches him.
    pub(crate) lapses_at: Option<Millis>,
    /// When he last logged in.
    pub last_login_at: Option<Millis>,
    /// Sessions and tokens of this time and before no longer hold.
    pub(crate) revoked_until: Millis,
    /// Tokens of this time and before no longer hold, but sessions do.
    pub(crate) tokens_revoked_until: Millis,
    /// The second factor, if he has one.
    pub(crate) totp: Option<Totp>,
    /// The recovery codes that are left.
    pub(crate) recovery: Option<RecoveryCodes>,
    /// The language in which he is written to.
    pub language: Option<String>,
}

/// A secret of one-time codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totp {
    /// The secret, sealed.
    pub(crate) sealed: String,
    /// Whether a first code has shown that the user's device has it.
    pub(crate) is_confirmed: bool,
    /// The step of the last code that was used: none is used twice.
    pub(crate) last_step: Option<u64>,
    /// When the secret was made.
    #[serde(default)]
    pub(crate) made_at: Millis,
}

impl User {
    /// Whether he can log in by a password.
    pub const fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Whether a password alone does not log him in.
    pub fn has_second_factor(&self) -> bool {
        self.totp.as_ref().is_some_and(|totp| totp.is_confirmed)
    }

    /// Recovery codes that are left.
    pub fn recovery_codes_left(&self) -> usize {
        self.recovery.as_ref().map_or(0, RecoveryCodes::left)
    }
}

/// A user with his id, and the version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownUser {
    /// His id: `sub` in tokens.
    pub id: String,
    /// What is kept.
    pub user: User,
    pub(crate) version: u64,
}

impl KnownUser {
    pub(crate) fn of(record: &Record) -> Result<Self, ServiceError> {
        let user = serde_json::from_str(&record.value).map_err(|e| ServiceError::unreadable(USER, &e))?;
        Ok(KnownUser { id: record.id.clone(), user, version: record.version })
    }

    /// The write of what he is now, if nobody has changed him since he was read.
    pub(crate) fn write(&self) -> Result<Write, ServiceError> {
        Ok(Write {
            kind: USER,
            id: self.id.clone(),
            expected: Expected::Version(self.version),
            change: put(Some(&self.id), self.user.lapses_at, &self.user)?,
        })
    }
}

/// The user of an id.
pub(crate) async fn by_id(
    records: &dyn Records,
    id: &str,
    now: Millis,
) -> Result<Option<KnownUser>, ServiceError> {
    records.get(USER, id, now).await?.as_ref().map(KnownUser::of).transpose()
}

/// The user of an address. As much is asked of the store for an address that nobody has.
pub(crate) async fn by_email(
    records: &dyn Records,
    email: &Email,
    now: Millis,
) -> Result<Option<KnownUser>, ServiceError> {
    let found = records.get(LOGIN_NAME, email.folded(), now).await?;
    let id = found.as_ref().map_or("nobody", |record| record.value.trim_matches('"'));
    by_id(records, id, now).await
}

/// The write of a record that belongs to somebody.
pub(crate) fn put(
    owner: Option<&str>,
    expires_at: Option<Millis>,
    value: &impl Serialize,
) -> Result<Change, ServiceError> {
    let value = serde_json::to_string(value).map_err(|e| ServiceError::unreadable("value", &e))?;
    Ok(Change::Put { owner: owner.map(str::to_owned), expires_at, value })
}

/// An address for mail, by which somebody logs in. How it is spelled is kept; two spellings of one are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    written: String,
    folded: String,
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no e-mail address")]
pub struct NoEmail;

impl Email {
    /// Reads an address as browsers do (`<input type=email>`, WHATWG HTML §4.10.5.1.5): one `@`, a name of RFC 5322 atoms, a
    /// domain of labels; at most 254 bytes (RFC 5321 §4.5.3.1.3). Letters beyond ASCII are left to the mail server.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, NoEmail> {
        const MAX: usize = 254;
        let text = text.trim();
        if text.len() > MAX {
            return Err(NoEmail);
        }
        let (name, domain) = text.rsplit_once('@').ok_or(NoEmail)?;
        let is_atom = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
        let is_label = |label: &str| {
            let is_inner = |c: char| c.is_alphanumeric() || c == '-';
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(is_inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_name = !name.is_empty() && name.len() <= 64 && name.chars().all(is_atom);
        if !is_name || !domain.split('.').all(is_label) {
            return Err(NoEmail);
        }
        // NFKC and lower case, so that nobody registers as somebody's look-alike in another spelling.
        let folded =
            unicode_normalization::UnicodeNormalization::nfkc(text).collect::<String>().to_lowercase();
        Ok(Email { written: text.to_owned(), folded })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// As it is looked up.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }
}

/// The id of a user, as another system gave it: `sub` in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserId(String);

/// Why a text is no id of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 64 of the characters a-z, A-Z, 0-9, `-`, `_`, `.` and `~`")]
pub struct NoUserId;

impl UserId {
    /// Reads an id. Its characters need no escapes in a path, and it can be taken neither for an address nor for a key's id.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, NoUserId> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let is_id = (1..=64).contains(&text.len()) && text.chars().all(is_allowed);
        if is_id { Ok(UserId(text.to_owned())) } else { Err(NoUserId) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A page of users, in the order of their ids, behind `after`.
pub(crate) async fn list(
    records: &dyn Records,
    after: &str,
    limit: usize,
    now: Millis,
) -> Result<Vec<KnownUser>, ServiceError> {
    let page = records.list(USER, after, limit, now).await.map_err(|e: StoreError| ServiceError::from(e))?;
    page.iter().map(KnownUser::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_browsers_read_them() {
        for (text, folded) in [
            ("ann@example.org", "ann@example.org"),
            (" Ann.Lee+shop@Example.ORG ", "ann.lee+shop@example.org"),
            ("o'neil@sub.example.co.uk", "o'neil@sub.example.co.uk"),
            ("jörg@müller.example", "jörg@müller.example"),
            ("ann@localhost", "ann@localhost"),
        ] {
            assert_eq!(Email::parse(text).unwrap().folded(), folded, "{text}");
        }
        for text in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "ann@-a.org",
            "ann@a..org",
            "a b@example.org",
            "ann@example.org\r\nBcc: all@example.org",
            "ann\0@example.org",
            "<ann@example.org>",
            &format!("{}@example.org", "a".repeat(65)),
            &format!("a@{}.org", "b".repeat(250)),
        ] {
            assert_eq!(Email::parse(text), Err(NoEmail), "{text}");
        }
    }
}
