//! `[ownership.ledger]`: where the ids that callers received are kept, in one place and named in one way.

use std::path::PathBuf;
use std::time::Duration;

use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

const TABLE: &str = "ownership";
const LEDGER: &str = "ledger";

settings! {
    /// `[ownership.ledger]`: the ids that callers received; in memory, where neither a file nor a server is named.
    pub struct LedgerConfig {
        /// A file that survives a restart.
        pub file: Option<PathBuf> = None,
        /// A server that gateways share: `redis://host:6379/0`, `rediss://` with TLS, `postgres://user@host/database`.
        pub url: Option<String> = None,
        /// A file with the address, for an address with a password.
        pub url_file: Option<PathBuf> = None,
        /// An environment variable with the address.
        pub url_env: Option<String> = None,
        /// How long an id is kept.
        #[formerly("keep")]
        pub ttl: Period = Period(Duration::from_secs(30 * 24 * 3600)),
        /// Ids kept; those that expire soonest go first.
        pub max_ids: usize = 1_000_000,
    }
}

/// Where ids are kept, how many and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Where.
    pub place: LedgerPlace,
    /// How long an id is kept.
    pub ttl: Duration,
    /// Ids kept; those that expire soonest go first.
    pub max_ids: usize,
}

/// What keeps the ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerPlace {
    /// This process.
    Memory,
    /// A file.
    File(PathBuf),
    /// A Redis or Valkey server.
    Redis(SecretUrl),
    /// A PostgreSQL database.
    Postgres(SecretUrl),
}

/// An address that may hold a password; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The address, to connect to it.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretUrl")
    }
}

impl LedgerConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Ledger {
        let place = self.place(reader).unwrap_or(LedgerPlace::Memory);
        Ledger { place, ttl: self.ttl.0, max_ids: self.max_ids }
    }

    fn place(&self, reader: &mut Reader) -> Option<LedgerPlace> {
        let named = [
            ("file", self.file.is_some()),
            ("url", self.url.is_some()),
            ("url_file", self.url_file.is_some()),
            ("url_env", self.url_env.is_some()),
        ];
        if let [_, (second, _), ..] = named.iter().filter(|(_, set)| *set).collect::<Vec<_>>()[..] {
            let help = "keep one of `file`, `url`, `url_file` and `url_env`";
            reader.wrong(&[TABLE, LEDGER, second], "the ledger is in one place", help);
            return None;
        }
        if let Some(file) = &self.file {
            return Some(LedgerPlace::File(reader.path(file)));
        }
        let (field, url) = if let Some(url) = &self.url {
            if has_password(url) {
                let help = "move the address to a file and name it with `url_file`, or use `url_env`";
                reader.wrong(&[TABLE, LEDGER, "url"], "secrets do not stand in this file", help);
                return None;
            }
            ("url", url.clone())
        } else if let Some(file) = &self.url_file {
            let at = [TABLE, LEDGER, "url_file"];
            ("url_file", String::from_utf8_lossy(&reader.secret_file(file, &at)?).trim().to_owned())
        } else if let Some(variable) = &self.url_env {
            ("url_env", reader.secret_env(variable, &[TABLE, LEDGER, "url_env"])?.trim().to_owned())
        } else {
            return None;
        };
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("redis" | "rediss") => Some(LedgerPlace::Redis(SecretUrl(url))),
            Some("postgres" | "postgresql") => Some(LedgerPlace::Postgres(SecretUrl(url))),
            _ => {
                let help = "write `redis://host:6379/0`, `rediss://...` or `postgres://user@host/database`";
                reader.wrong(&[TABLE, LEDGER, field], "this is no address of a store", help);
                None
            }
        }
    }
}

/// Whether the part before `@` of an address, or its query, holds a password.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, after) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || after.split(['?', '&']).any(|pair| pair.starts_with("password="))
}
