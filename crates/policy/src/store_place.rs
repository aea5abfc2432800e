//! Where state is kept that outlives a process: a file or a server, in one place and named in one way.

use std::path::{Path, PathBuf};

use crate::reader::Reader;

/// What keeps the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
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
    pub(crate) fn new(url: String) -> Self {
        SecretUrl(url)
    }

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

/// The four ways to name an address that may hold a password.
pub(crate) struct NamedPlace<'c> {
    pub(crate) file: Option<&'c Path>,
    pub(crate) url: Option<&'c str>,
    pub(crate) url_file: Option<&'c Path>,
    pub(crate) url_env: Option<&'c str>,
    /// What stands there, as in `the ledger`.
    pub(crate) what: &'static str,
}

impl NamedPlace<'_> {
    /// The place, or `None` where nothing is named or what is named is wrong. `table` is the key path of the settings.
    pub(crate) fn read(&self, table: &[&str], reader: &mut Reader) -> Option<StorePlace> {
        let named = [
            ("file", self.file.is_some()),
            ("url", self.url.is_some()),
            ("url_file", self.url_file.is_some()),
            ("url_env", self.url_env.is_some()),
        ];
        let at = |field: &'static str| table.iter().copied().chain([field]).collect::<Vec<&str>>();
        if let [_, (second, _), ..] = named.iter().filter(|(_, set)| *set).collect::<Vec<_>>()[..] {
            let help = "keep one of `file`, `url`, `url_file` and `url_env`";
            reader.wrong(&at(second), format!("{} is in one place", self.what), help);
            return None;
        }
        if let Some(file) = self.file {
            return Some(StorePlace::File(reader.path(file)));
        }
        let (field, url) = secret_url(self.url, self.url_file, self.url_env, table, reader)?;
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some(
                "redis" | "rediss" | "redis-cluster" | "rediss-cluster" | "redis-sentinel"
                | "rediss-sentinel",
            ) => Some(StorePlace::Redis(SecretUrl(url))),
            Some("postgres" | "postgresql") => Some(StorePlace::Postgres(SecretUrl(url))),
            _ => {
                let help = "write `redis://host:6379/0`, `rediss://...` or `postgres://user@host/database`";
                reader.wrong(&at(field), "this is no address of a store", help);
                None
            }
        }
    }
}

/// An address from the policy, a file or the environment, with the setting that names it. One with a password does not stand in
/// the policy.
pub(crate) fn secret_url(
    url: Option<&str>,
    url_file: Option<&Path>,
    url_env: Option<&str>,
    table: &[&str],
    reader: &mut Reader,
) -> Option<(&'static str, String)> {
    let at = |field: &'static str| table.iter().copied().chain([field]).collect::<Vec<&str>>();
    if let Some(url) = url {
        if has_password(url) {
            let help = "move the address to a file and name it with `url_file`, or use `url_env`";
            reader.wrong(&at("url"), "secrets do not stand in this file", help);
            return None;
        }
        return Some(("url", url.to_owned()));
    }
    if let Some(file) = url_file {
        let bytes = reader.secret_file(file, &at("url_file"))?;
        return Some(("url_file", String::from_utf8_lossy(&bytes).trim().to_owned()));
    }
    let variable = url_env?;
    Some(("url_env", reader.secret_env(variable, &at("url_env"))?.trim().to_owned()))
}

/// Whether the part before `@` of an address, or its query, holds a password.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, after) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || after.split(['?', '&']).any(|pair| pair.starts_with("password="))
}
