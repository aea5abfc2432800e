//! `[ownership.ledger]` and `[ownership.read_as]`: one place, one credential, each named in one way.

use http::header::{HeaderName, HeaderValue};

use super::Compiler;
use crate::compiled::{Ledger, LedgerPlace, SecretUrl};
use crate::config::{LedgerConfig, ReadAsConfig};

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

impl Compiler {
    pub(super) fn read_as(&mut self, config: &ReadAsConfig) -> Option<(HeaderName, HeaderValue)> {
        const AT: [&str; 2] = ["ownership", "read_as"];
        let secret = match (&config.secret_file, &config.secret_env) {
            (Some(file), None) => {
                let at = [AT[0], AT[1], "secret_file"];
                self.private(&self.directory.join(file), &at);
                String::from_utf8_lossy(&self.file(file, &at)?).into_owned()
            }
            (None, Some(variable)) => match std::env::var(variable) {
                Ok(secret) => secret,
                Err(_) => {
                    let message = format!("the environment variable `{variable}` is not set");
                    self.wrong(&[AT[0], AT[1], "secret_env"], message, "");
                    return None;
                }
            },
            _ => {
                self.wrong(&AT, "a credential has exactly one source", "`secret_file` or `secret_env`");
                return None;
            }
        };
        let Ok(name) = config.header.parse::<HeaderName>() else {
            self.wrong(
                &[AT[0], AT[1], "header"],
                format!("`{}` is not a header name", config.header),
                "write `authorization`",
            );
            return None;
        };
        match HeaderValue::from_str(secret.trim()) {
            Ok(mut value) if !value.is_empty() => {
                value.set_sensitive(true);
                Some((name, value))
            }
            _ => {
                self.wrong(&AT, "the credential is no header value", "one line, such as `Bearer ...`");
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
