//! Web origins (RFC 6454) and the patterns that an allowlist holds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::settings::serialize_as_text;

/// A serialised origin: scheme, host and port, lower case, default port left out. `null` is not one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Box<str>,
    host: Box<str>,
    port: Option<u16>,
}

impl Origin {
    /// An origin from its parts, as a server knows its own.
    pub fn from_parts(scheme: &str, authority: &str) -> Option<Self> {
        parse(scheme, authority)
    }

    /// The host, lower case.
    pub fn host(&self) -> &str {
        &self.host
    }
}

fn parse(scheme: &str, authority: &str) -> Option<Origin> {
    let scheme = scheme.to_ascii_lowercase();
    if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']')?;
            let address: std::net::Ipv6Addr = inner.parse().ok()?;
            (
                format!("[{address}]"),
                after.strip_prefix(':').map(str::to_owned).or(after.is_empty().then(String::new))?,
            )
        }
        None => {
            let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
            // A host that a browser would never serialise (underscore tricks, control bytes, user info) is no origin.
            let host_is_plain = !host.is_empty()
                && host.split('.').all(|label| !label.is_empty() && !label.starts_with('-'))
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_');
            if !host_is_plain || (authority.ends_with(':')) {
                return None;
            }
            (host.to_ascii_lowercase(), port.to_owned())
        }
    };
    let port = match port.as_str() {
        "" => None,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse::<u16>().ok()?),
        _ => return None,
    };
    let port = match (scheme.as_str(), port) {
        ("http", Some(80)) | ("https", Some(443)) => None,
        (_, port) => port,
    };
    Some(Origin { scheme: scheme.into(), host: host.into(), port })
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split_once("://").and_then(|(scheme, authority)| parse(scheme, authority)).ok_or_else(|| {
            format!(
                "`{text}` is not an origin; write scheme, host and port only, as `https://app.example.com`"
            )
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// An entry of an allowlist of origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginPattern {
    /// `*`: every origin, without credentials.
    Any,
    /// Exactly this origin.
    Exact(Origin),
    /// `https://*.example.com`: one or more labels before the host, same scheme and port.
    Subdomains(Origin),
}

impl OriginPattern {
    /// Whether the origin is on the list through this entry.
    pub fn matches(&self, origin: &Origin) -> bool {
        match self {
            OriginPattern::Any => true,
            OriginPattern::Exact(listed) => listed == origin,
            OriginPattern::Subdomains(parent) => {
                parent.scheme == origin.scheme
                    && parent.port == origin.port
                    && origin
                        .host
                        .strip_suffix(&*parent.host)
                        .and_then(|labels| labels.strip_suffix('.'))
                        .is_some_and(|labels| !labels.is_empty())
            }
        }
    }
}

impl FromStr for OriginPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(OriginPattern::Any);
        }
        if text.eq_ignore_ascii_case("null") {
            return Err(
                "`null` is the origin of sandboxed and local documents, anybody's; it cannot be allowed"
                    .into(),
            );
        }
        match text.split_once("://*.") {
            Some((scheme, parent)) => {
                let origin: Origin = format!("{scheme}://{parent}").parse()?;
                if !origin.host.contains('.') {
                    return Err(format!("`{text}` allows a whole top-level domain; name a domain below it"));
                }
                Ok(OriginPattern::Subdomains(origin))
            }
            None => text.parse().map(OriginPattern::Exact),
        }
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OriginPattern::Any => f.write_str("*"),
            OriginPattern::Exact(origin) => origin.fmt(f),
            OriginPattern::Subdomains(origin) => {
                let text = origin.to_string();
                f.write_str(&text.replacen("://", "://*.", 1))
            }
        }
    }
}

serialize_as_text!(OriginPattern);

impl<'de> Deserialize<'de> for OriginPattern {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pattern: &str, origin: &str) -> bool {
        let pattern: OriginPattern = pattern.parse().unwrap();
        origin.parse().is_ok_and(|origin| pattern.matches(&origin))
    }

    #[test]
    fn wildcards_stop_at_label_boundaries() {
        let pattern = "https://*.example.com";
        assert!(allowed(pattern, "https://app.example.com"));
        assert!(allowed(pattern, "https://a.b.example.com"));
        for trick in [
            "https://example.com",
            "https://evilexample.com",
            "https://app.example.com.evil.test",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com@evil.test",
            "https://.example.com",
            "null",
        ] {
            assert!(!allowed(pattern, trick), "{trick}");
        }
    }

    #[test]
    fn an_exact_origin_is_exact() {
        let pattern = "https://app.example.com";
        assert!(allowed(pattern, "https://app.example.com"));
        assert!(allowed(pattern, "https://APP.example.com:443"));
        for trick in [
            "https://app_example.com",
            "https://app.example.com.",
            "https://xapp.example.com",
            "https://app.example.com:444",
            "https://app.example.com/",
        ] {
            assert!(!allowed(pattern, trick), "{trick}");
        }
    }

    #[test]
    fn null_cannot_be_listed() {
        assert!("null".parse::<OriginPattern>().is_err());
        assert!("https://*.com".parse::<OriginPattern>().is_err());
    }
}
