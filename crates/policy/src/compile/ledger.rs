//! `[ownership.ledger]`: one place, named in one way.

use super::Compiler;
use crate::compiled::{Ledger, LedgerPlace, SecretUrl};
use crate::config::LedgerConfig;

const AT: [&str; 2] = ["ownership", "ledger"];

impl Compiler {
    pub(super) fn ledger(&mut self, config: &LedgerConfig) -> Ledger {
        let place = self.ledger_place(config).unwrap_or(LedgerPlace::Memory);
        Ledger { place, keep: config.keep.0, max_ids: config.max_ids }
    }

    fn ledger_place(&mut self, config: &LedgerConfig) -> Option<LedgerPlace> {
        let named = [
            ("file", config.file.is_some()),
            ("url", config.url.is_some()),
            ("url_file", config.url_file.is_some()),
            ("url_env", config.url_env.is_some()),
        ];
        if let [_, (second, _), ..] = named.iter().filter(|(_, set)| *set).collect::<Vec<_>>()[..] {
            let mend = "keep one of `file`, `url`, `url_file` and `url_env`";
            self.wrong(&[AT[0], AT[1], second], "the ledger is in one place", mend);
            return None;
        }
        if let Some(file) = &config.file {
            return Some(LedgerPlace::File(self.directory.join(file)));
        }
        let (field, url) = if let Some(url) = &config.url {
            if has_password(url) {
                let mend = "move the address to a file and name it with `url_file`, or use `url_env`";
                self.wrong(&[AT[0], AT[1], "url"], "secrets do not stand in this file", mend);
                return None;
            }
            ("url", url.clone())
        } else if let Some(file) = &config.url_file {
            let at = [AT[0], AT[1], "url_file"];
            self.private(&self.directory.join(file), &at);
            ("url_file", String::from_utf8_lossy(&self.file(file, &at)?).trim().to_owned())
        } else if let Some(variable) = &config.url_env {
            match std::env::var(variable) {
                Ok(url) => ("url_env", url.trim().to_owned()),
                Err(_) => {
                    let message = format!("the environment variable `{variable}` is not set");
                    self.wrong(&[AT[0], AT[1], "url_env"], message, "");
                    return None;
                }
            }
        } else {
            return None;
        };
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("redis" | "rediss") => Some(LedgerPlace::Redis(SecretUrl(url))),
            Some("postgres" | "postgresql") => Some(LedgerPlace::Postgres(SecretUrl(url))),
            _ => {
                let mend = "write `redis://host:6379/0`, `rediss://...` or `postgres://user@host/database`";
                self.wrong(&[AT[0], AT[1], field], "this is no address of a store", mend);
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
