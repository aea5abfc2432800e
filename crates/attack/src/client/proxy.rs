//! An HTTP proxy between the prober and the API.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer to `CONNECT`.
const MAX_HEAD: usize = 8 * 1024;

/// An HTTP proxy, as `http://name:password@127.0.0.1:8081`. TLS goes through it unseen.
#[derive(Debug, Clone)]
pub struct Proxy {
    host: String,
    port: u16,
    credential: Option<HeaderValue>,
}

/// The text names no proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a proxy; write http://127.0.0.1:8081")]
pub struct ProxyError(String);

impl std::str::FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        // What stands before the host may be a password.
        let shown = || ProxyError(text.rsplit('@').next().unwrap_or("").to_owned());
        let uri: Uri = text.parse().map_err(|_| shown())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(shown)?;
        let credential = authority.as_str().rsplit_once('@').map(|(credential, _)| {
            let decoded = percent_encoding::percent_decode_str(credential).collect::<Vec<u8>>();
            HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(decoded)))
        });
        let mut credential = credential.transpose().map_err(|_| shown())?;
        if let Some(value) = &mut credential {
            value.set_sensitive(true);
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(Proxy { host, port: authority.port_u16().unwrap_or(80), credential })
    }
}

impl Proxy {
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) const fn credential(&self) -> Option<&HeaderValue> {
        self.credential.as_ref()
    }

    /// Asks for a connection on which bytes are passed on unseen (RFC 9110 §9.3.6).
    pub(super) async fn tunnel(&self, stream: &mut TcpStream, host: &str, port: u16) -> io::Result<()> {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(credential) = &self.credential {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(credential.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        stream.write_all(&request).await?;
        // Byte by byte: what follows the head belongs to the tunnel.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_HEAD {
                return Err(io::Error::other("the proxy's answer is too long"));
            }
            head.push(stream.read_u8().await?);
        }
        let line = String::from_utf8_lossy(&head);
        let line = line.lines().next().unwrap_or("");
        match line.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(()),
            _ => Err(io::Error::other(format!("the proxy refuses: {line}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_has_a_host_a_port_and_perhaps_a_credential() {
        for (text, host, port, credential) in [
            ("http://127.0.0.1:8081", "127.0.0.1", 8081, None),
            ("http://proxy.example", "proxy.example", 80, None),
            ("http://a:b%40c@[::1]:3128/", "::1", 3128, Some("Basic YTpiQGM=")),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!((proxy.host(), proxy.port()), (host, port), "{text}");
            assert_eq!(proxy.credential().map(|value| value.to_str().unwrap()), credential, "{text}");
        }
        for text in ["", "127.0.0.1:8081", "socks5://127.0.0.1", "https://u:secret@proxy.example"] {
            let error = text.parse::<Proxy>().unwrap_err().to_string();
            assert!(error.contains("is not a proxy") && !error.contains("secret"), "{error}");
        }
    }
}
