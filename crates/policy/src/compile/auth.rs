//! Issuers, keys and API keys: read, and refused where they could not protect.

use std::time::SystemTime;

use http::Uri;
use http::header::HeaderName;

use super::Compiler;
use crate::compiled::PolicyFile;
use crate::compiled::{ApiKey, Auth, Issuer, KeySource};
use crate::config::{Audience, AuthConfig, IssuerConfig, JwtAlgorithm, KeyConfig};

impl Compiler {
    pub(super) fn auth(&mut self, config: &AuthConfig) -> Auth {
        let issuers = config
            .issuers
            .iter()
            .enumerate()
            .map(|(i, issuer)| self.issuer(&i.to_string(), issuer))
            .collect();
        let mut api_keys = Vec::new();
        for (i, key) in config.api_keys.iter().enumerate() {
            let i = i.to_string();
            let Some(sha256) = hex32(&key.sha256) else {
                self.wrong(
                    &["auth", "api_key", &i, "sha256"],
                    "not a SHA-256 hash in hexadecimal",
                    "printf %s \"$KEY\" | sha256sum",
                );
                continue;
            };
            let expires = match key.expires.as_deref().map(humantime::parse_rfc3339_weak) {
                None => None,
                Some(Ok(time)) => time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|d| d.as_secs()),
                Some(Err(_)) => {
                    self.wrong(
                        &["auth", "api_key", &i, "expires"],
                        "not a time",
                        "write `2027-01-31T00:00:00Z`",
                    );
                    continue;
                }
            };
            api_keys.push(ApiKey {
                subject: key.subject.clone(),
                sha256,
                scopes: key.scopes.clone(),
                expires,
            });
        }
        let header = |this: &mut Self, field: &str, name: &str| {
            name.parse::<HeaderName>().unwrap_or_else(|_| {
                this.wrong(&["auth", field], format!("`{name}` is not a header name"), "");
                HeaderName::from_static("x-invalid")
            })
        };
        Auth {
            issuers,
            api_keys,
            api_key_header: header(self, "api_key_header", &config.api_key_header),
            cookie: config.cookie.clone(),
            leeway: config.leeway.0,
            forward_subject: header(self, "forward_subject", &config.forward_subject),
        }
    }

    pub(super) fn issuer(&mut self, index: &str, config: &IssuerConfig) -> Issuer {
        let mut keys = Vec::new();
        match config.jwks.as_deref() {
            Some(url) if url.contains("://") => match url.parse::<Uri>() {
                Ok(uri) if uri.scheme_str() == Some("https") || uri.host().is_some_and(is_loopback) => {
                    keys.push(KeySource::Url(uri, config.refresh.0));
                }
                Ok(_) => self.wrong(
                    &["auth", "issuer", index, "jwks"],
                    "keys fetched without TLS are anybody's keys",
                    "use an https URL",
                ),
                Err(e) => self.wrong(&["auth", "issuer", index, "jwks"], format!("not a URL: {e}"), ""),
            },
            Some(file) => {
                let path = self.directory.join(file);
                self.files.push(PolicyFile::at(path.clone()));
                match std::fs::read_to_string(&path) {
                    Ok(text) => keys.push(KeySource::Set(text)),
                    Err(e) => self.wrong(
                        &["auth", "issuer", index, "jwks"],
                        format!("{} cannot be read: {e}", path.display()),
                        "",
                    ),
                }
            }
            None => {}
        }
        for (k, key) in config.keys.iter().enumerate() {
            if let Some(source) = self.key(&["auth", "issuer", index, "key", &k.to_string()], key) {
                keys.push(source);
            }
        }
        if keys.is_empty() && self.problems.is_empty() {
            self.wrong(
                &["auth", "issuer", index],
                "this issuer has no keys",
                "give `jwks = \"https://...\"` or `[[auth.issuer.key]]`",
            );
        }
        Issuer {
            issuer: config.issuer.clone(),
            audiences: match &config.audience {
                None => Vec::new(),
                Some(Audience::One(one)) => vec![one.clone()],
                Some(Audience::Many(many)) => many.clone(),
            },
            keys,
            max_lifetime: config.max_lifetime.map(|p| p.0),
        }
    }

    pub(super) fn key(&mut self, at: &[&str], key: &KeyConfig) -> Option<KeySource> {
        let material = match (&key.public_key, &key.secret_file, &key.secret_env) {
            (Some(file), None, None) if key.algorithm != JwtAlgorithm::Hs256 => self.file(file, at)?,
            (None, Some(file), None) if key.algorithm == JwtAlgorithm::Hs256 => {
                self.private(&self.directory.join(file), at);
                self.file(file, at)?
            }
            (None, None, Some(variable)) if key.algorithm == JwtAlgorithm::Hs256 => {
                match std::env::var(variable) {
                    Ok(secret) => secret.into_bytes(),
                    Err(_) => {
                        self.wrong(at, format!("the environment variable `{variable}` is not set"), "");
                        return None;
                    }
                }
            }
            _ => {
                self.wrong(
                    at,
                    "a key has exactly one source that fits its algorithm",
                    "`public_key` for EdDSA, ES256, RS256; `secret_file` or `secret_env` for HS256",
                );
                return None;
            }
        };
        let material =
            if key.algorithm == JwtAlgorithm::Hs256 { material.trim_ascii().to_vec() } else { material };
        if key.algorithm == JwtAlgorithm::Hs256 && material.len() < 32 {
            self.wrong(
                at,
                "an HS256 secret of less than 32 bytes can be guessed offline (RFC 7518 §3.2)",
                "openssl rand -base64 48",
            );
            return None;
        }
        Some(KeySource::Key { kid: key.kid.clone(), algorithm: key.algorithm, material })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
}

fn hex32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut out = [0; 32];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}
