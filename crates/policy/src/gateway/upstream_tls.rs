//! `[gateway.upstream_tls]`: whom the gateway believes to be the API, and how it identifies itself.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::host::host;
use crate::reader::Reader;
use crate::settings::settings;

settings! {
    /// `[gateway.upstream_tls]`: TLS to `https://` upstreams.
    pub struct UpstreamTlsConfig {
        /// Certificates, PEM, of the authorities that the upstreams' certificates come from; those of the system when not
        /// set.
        pub ca: Option<PathBuf> = None,
        /// A certificate chain, PEM, that the gateway shows to upstreams that ask for one. With `key`.
        pub certificate: Option<PathBuf> = None,
        /// Its private key, PEM.
        pub key: Option<PathBuf> = None,
        /// The name that is asked for (SNI) and that the certificate has to be for; the host of the URL when not set.
        pub server_name: Option<String> = None,
        /// SHA-256 hashes in Base64 of public keys, as `curl --pinnedpubkey` takes them. A certificate has to be valid and
        /// to have one of them.
        pub pins: Vec<String> = Vec::new(),
    }
}

/// TLS to upstreams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamTls {
    /// Certificates of authorities; the system's when not set.
    pub ca: Option<PathBuf>,
    /// Certificate and key of the gateway.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name of the upstreams; that of the URL when not set.
    pub server_name: Option<String>,
    /// SHA-256 of the public keys that may be used; any when empty.
    pub pins: Vec<[u8; 32]>,
}

impl UpstreamTls {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.ca.iter().chain(self.identity.iter().flat_map(|(certificate, key)| [certificate, key]))
    }
}

impl UpstreamTlsConfig {
    /// `is_used`: whether an upstream speaks TLS. `table` is the place of these settings.
    pub(super) fn compile(&self, is_used: bool, table: &[&str], reader: &mut Reader) -> UpstreamTls {
        let place = |field: &'static str| table.iter().copied().chain([field]).collect::<Vec<_>>();
        let mut file = |field: &'static str, path: &Option<PathBuf>| {
            let path = reader.path(path.as_deref()?);
            if let Err(e) = std::fs::metadata(&path) {
                reader.wrong(&place(field), format!("{} cannot be read: {e}", path.display()), "");
            }
            Some(path)
        };
        let ca = file("ca", &self.ca);
        let identity = match (file("certificate", &self.certificate), file("key", &self.key)) {
            (Some(certificate), Some(key)) => {
                reader.private(&key, &place("key"));
                Some((certificate, key))
            }
            (None, None) => None,
            (certificate, _) => {
                let (there, missing) =
                    if certificate.is_some() { ("certificate", "key") } else { ("key", "certificate") };
                reader.wrong(
                    &place(there),
                    format!("there is no `{missing}` beside it"),
                    "a certificate and its key belong together",
                );
                None
            }
        };
        let server_name = self.server_name.as_ref().and_then(|name| match host(name) {
            Ok(name) if !name.starts_with("*.") => Some(name),
            _ => {
                reader.wrong(
                    &place("server_name"),
                    format!("`{name}` is not a name"),
                    "write `api.example.org`",
                );
                None
            }
        });
        let mut pins = Vec::new();
        for (i, text) in self.pins.iter().enumerate() {
            match pin(text) {
                Some(pin) => pins.push(pin),
                None => reader.wrong(
                    &[place("pins").as_slice(), &[&i.to_string()]].concat(),
                    format!("`{text}` is not a SHA-256 hash in Base64"),
                    "openssl x509 -pubkey -noout -in cert.pem | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary \
                     | base64",
                ),
            }
        }
        let tls = UpstreamTls { ca, identity, server_name, pins };
        if !is_used && tls != UpstreamTls::default() {
            reader.wrong(
                table,
                "no upstream is spoken to over TLS",
                "write an `https://` URL, or remove the table",
            );
        }
        tls
    }
}

fn pin(text: &str) -> Option<[u8; 32]> {
    let base64 = text.strip_prefix("sha256//").unwrap_or(text);
    STANDARD.decode(base64).ok()?.try_into().ok()
}
