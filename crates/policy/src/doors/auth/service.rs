//! The built-in user service: `[auth] service` and the tables beside it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::provider::Provider;
use crate::doors::cookies::SameSite;
use crate::settings::settings;
use crate::store_place::{SecretUrl, StorePlace};
use crate::units::Period;

/// What routes call the user service.
pub const ACCOUNTS_GROUP: &str = "accounts";
/// The name of the cookie with the access token. The prefix makes browsers hold it to this host, to TLS and to the path `/`.
pub const ACCESS_COOKIE: &str = "__Host-access";
/// The names of all cookies of the service: tokens, the known device, half a log in, the mark of forms. The API neither gets nor
/// sets one.
pub const ACCOUNTS_COOKIES: [&str; 6] =
    [ACCESS_COOKIE, REFRESH_COOKIE, DEVICE_COOKIE, WAITING_COOKIE, PROVIDER_COOKIE, FORM_COOKIE];
/// The cookie with the refresh token; sent to the service alone.
pub const REFRESH_COOKIE: &str = "__Secure-refresh";
/// The cookie that says that this device has logged in to an account before.
pub const DEVICE_COOKIE: &str = "__Host-device";
/// The cookie of a log in that waits for its second factor; sent to the service alone.
pub const WAITING_COOKIE: &str = "__Secure-log-in";
/// The cookie of a browser that has begun a log in with a provider. The prefix keeps other sites of the domain from setting it.
pub const PROVIDER_COOKIE: &str = "__Host-provider";
/// The cookie that the hidden field of forms is a mark of.
pub const FORM_COOKIE: &str = "__Host-form";

settings! {
    /// `[auth.accounts]`: the users of the built-in service, and where they are kept; in the file `accounts.db` beside the
    /// policy, where nothing else is named.
    pub struct AccountsConfig {
        /// A file (SQLite).
        pub file: Option<PathBuf> = None,
        /// A database that gateways share: `postgres://user@host/database`.
        pub url: Option<String> = None,
        /// A file with the address, for an address with a password.
        pub url_file: Option<PathBuf> = None,
        /// An environment variable with the address.
        pub url_env: Option<String> = None,
        /// A file with the master key, under which signing keys and secrets of one-time codes are kept: 32 bytes as
        /// hexadecimal digits or Base64. When not set, the systemd credential `doorward-master-key`; where there is none, the
        /// file `accounts.key` beside the policy, which is made at the first start.
        pub master_key_file: Option<PathBuf> = None,
        /// An environment variable with the master key.
        pub master_key_env: Option<String> = None,
        /// Who gets an account: `closed`, those whom `doorward users add` makes; `open`, everybody who shows that mail
        /// reaches him.
        pub registration: Registration = Registration::Closed,
        /// How pages and mails call the site; the host of `public_url` when not set.
        pub site: Option<String> = None,
    }
}

/// Who gets an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Whom an operator makes.
    Closed,
    /// Everybody who shows that mail reaches him.
    Open,
}

settings! {
    /// `[auth.sessions]`: sessions and tokens of the built-in service.
    pub struct SessionsConfig {
        /// How long an access token holds; guide §8: 15 minutes.
        pub access_lifetime: Period = Period(Duration::from_secs(15 * 60)),
        /// How long a session lives that is not used.
        pub idle: Period = Period(Duration::from_secs(14 * 24 * 3600)),
        /// How long a session lives at all.
        pub lifetime: Period = Period(Duration::from_secs(30 * 24 * 3600)),
        /// How long after a refresh whoever lost the race, another tab or a parallel request, is handed the winner's token, in
        /// seconds. 0: a token that comes twice ends the session.
        pub grace_seconds: u16 = 10,
        /// Which requests from other sites carry the cookies: `Strict`, none; `Lax`, links that lead here. With `Strict`, the
        /// first page behind a link from elsewhere looks logged out.
        pub same_site: SameSite = SameSite::Strict,
        /// `aud` of access tokens; `public_url` when not set.
        pub audience: Option<String> = None,
        /// How long a signing key signs. The next one is published an hour before.
        pub rotate_keys: Period = Period(Duration::from_secs(30 * 24 * 3600)),
    }
}

settings! {
    /// `[auth.passwords]`: passwords of the built-in service.
    pub struct PasswordsConfig {
        /// Characters that a new password has at least; guide §8: 12. There are no other rules.
        pub min_length: u16 = 12,
        /// Memory of Argon2id in KiB.
        pub memory_kib: u32 = 19 * 1024,
        /// Passes of Argon2id.
        pub passes: u32 = 2,
        /// Hashes made at the same time; half of the processors when not set. Eight times as many wait, more are told to come again.
        pub at_once: Option<usize> = None,
        /// A filter of passwords that are in the lists of attackers, which `doorward keys breached build` makes of a list of
        /// SHA-1 hashes. A new password that it has is refused.
        pub breached_file: Option<PathBuf> = None,
        /// A service that is asked whether a new password is in such a list, `https://api.pwnedpasswords.com/range`: it is sent
        /// the first five digits of a hash, and learns no password.
        pub breached_url: Option<String> = None,
        /// How long that service may take.
        pub breached_timeout: Period = Period(Duration::from_secs(2)),
        /// What happens to a new password about which nobody answers: `accept`, people can register while the service is down; or
        /// `refuse`.
        pub breached_unanswered: Unanswered = Unanswered::Accept,
    }
}

/// What happens to a password about which nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unanswered {
    /// It is accepted.
    Accept,
    /// It is refused.
    Refuse,
}

settings! {
    /// `[auth.lockout]`: whoever guesses passwords waits, by account and by address.
    pub struct LockoutConfig {
        /// Failures that cost nothing; guide §8: 5.
        pub failures: u32 = 5,
        /// How long the next attempt waits; the one behind it twice as long.
        pub first: Period = Period(Duration::from_secs(60)),
        /// The longest wait.
        pub cap: Period = Period(Duration::from_secs(3600)),
    }
}

settings! {
    /// `[auth.mail]`: how the built-in service sends mail. Without a server, mails are written to the log of the gateway, for
    /// development.
    pub struct MailConfig {
        /// The server: `smtps://user@host`, or `smtp://host` with STARTTLS.
        pub url: Option<String> = None,
        /// A file with the address, for an address with a password.
        pub url_file: Option<PathBuf> = None,
        /// An environment variable with the address.
        pub url_env: Option<String> = None,
        /// The address of the sender: `accounts@shop.example`.
        pub from: Option<String> = None,
    }
}

/// The built-in user service.
#[derive(Debug, Clone)]
pub struct UserService {
    /// Where it is reached from outside, without a slash at its end.
    pub public_url: String,
    /// The path of its pages.
    pub path: String,
    /// Where users are kept.
    pub place: StorePlace,
    /// The master key.
    pub master_key: MasterKey,
    /// Who gets an account.
    pub registration: Registration,
    /// How pages and mails call the site.
    pub site: String,
    /// Sessions and tokens.
    pub sessions: SessionsConfig,
    /// `aud` of access tokens.
    pub audience: String,
    /// Passwords.
    pub passwords: PasswordsConfig,
    /// Who waits.
    pub lockout: LockoutConfig,
    /// The mail server and the sender.
    pub mail: Option<(SecretUrl, String)>,
    /// Others' providers of identity.
    pub providers: Vec<Provider>,
}

/// Whether browsers have passkeys for the site at an address: its host is a name, and it is reached by TLS or is this machine.
pub fn has_passkeys(public_url: &str) -> bool {
    let Ok(url) = public_url.parse::<http::Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_name = !host.is_empty() && host.parse::<std::net::IpAddr>().is_err();
    let is_here = host == "localhost" || host.ends_with(".localhost");
    is_name && (url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_here))
}

/// Where the master key comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum MasterKey {
    /// It was given.
    Given(String),
    /// A file that is made at the first start.
    File(PathBuf),
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MasterKey::Given(_) => f.write_str("Given"),
            MasterKey::File(file) => write!(f, "File({})", file.display()),
        }
    }
}
