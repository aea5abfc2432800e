//! The root of the API under attack.

use http::Uri;
use http::uri::Authority;

/// The root of an API: an `http` or `https` URL whose path is put before every path of the document.
///
/// A URL without a path names a server, as a gateway does that serves several of a document's paths: then the API's
/// root is there at the base path of the document's first server ([`Surface::base_path`](crate::Surface)). A URL with
/// a path is the root already, and the document's base path does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// Without a slash at its end.
    pub(crate) base_path: String,
}

/// How the API is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// Why a text is not the URL of an API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiUrlError {
    /// It cannot be parsed as a URL (RFC 3986).
    #[error("`{0}` is not a URL")]
    Syntax(String),
    /// It has another scheme, or none.
    #[error("`{0}` is not an http or https URL")]
    Scheme(String),
    /// It has a name or a password in it.
    #[error("the URL has a name or a password in it; give that as a header: `Authorization: Basic ...`")]
    Credential,
    /// It has no host.
    #[error("`{0}` names no host")]
    Host(String),
}

impl ApiUrl {
    /// The root, where the document says where that is on a server.
    pub(crate) fn or_at(&self, base_path: &str) -> ApiUrl {
        let base_path = if self.base_path.is_empty() { base_path } else { &self.base_path };
        ApiUrl { base_path: base_path.to_owned(), ..self.clone() }
    }

    /// The server alone, without the path.
    #[must_use]
    pub fn at_server(&self) -> ApiUrl {
        ApiUrl { base_path: String::new(), ..self.clone() }
    }

    /// Host and port as recordings write them: without the scheme's own port.
    pub(crate) fn server(&self) -> String {
        let authority = self.authority.as_str();
        let own = match self.scheme {
            Scheme::Http => ":80",
            Scheme::Https => ":443",
        };
        authority.strip_suffix(own).unwrap_or(authority).to_ascii_lowercase()
    }

    /// Whether it has a path of its own.
    pub fn has_path(&self) -> bool {
        !self.base_path.is_empty()
    }

    /// The host without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.authority.host().trim_matches(['[', ']'])
    }

    /// The port, or the scheme's own.
    pub fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        })
    }
}

impl std::fmt::Display for ApiUrl {
    /// Without a slash at its end.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}{}", self.authority, self.base_path)
    }
}

impl std::str::FromStr for ApiUrl {
    type Err = ApiUrlError;

    fn from_str(text: &str) -> Result<Self, ApiUrlError> {
        let uri: Uri = text.parse().map_err(|_| ApiUrlError::Syntax(text.to_owned()))?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(ApiUrlError::Scheme(text.to_owned())),
        };
        let authority = uri.authority().ok_or_else(|| ApiUrlError::Host(text.to_owned()))?.clone();
        if authority.as_str().contains('@') {
            return Err(ApiUrlError::Credential);
        }
        Ok(ApiUrl { scheme, authority, base_path: uri.path().trim_end_matches('/').to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_host_a_port_and_a_base_path() {
        for (text, host, port, base_path) in [
            ("http://api.example", "api.example", 80, ""),
            ("https://api.example/", "api.example", 443, ""),
            ("https://api.example:8443/v1/", "api.example", 8443, "/v1"),
            ("http://[::1]:3000/a/b", "::1", 3000, "/a/b"),
            ("http://127.0.0.1", "127.0.0.1", 80, ""),
        ] {
            let url: ApiUrl = text.parse().unwrap();
            assert_eq!((url.host(), url.port(), url.base_path.as_str()), (host, port, base_path), "{text}");
        }
    }

    #[test]
    fn a_path_in_the_url_counts_more_than_that_of_the_document() {
        for (url, base_path, root) in [
            ("http://api.example", "", ""),
            ("http://api.example/", "/v1", "/v1"),
            ("http://api.example/v1", "/v1", "/v1"),
            ("http://api.example/staging", "/v1", "/staging"),
            ("http://api.example/staging", "", "/staging"),
        ] {
            let url: ApiUrl = url.parse().unwrap();
            assert_eq!(url.or_at(base_path).base_path, root, "{url:?} {base_path}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for (text, shown) in [
            ("nowhere", "`nowhere` is not an http or https URL"),
            ("ftp://api.example", "`ftp://api.example` is not an http or https URL"),
            ("/v1", "`/v1` is not an http or https URL"),
            ("http://", "`http://` is not a URL"),
            ("", "`` is not a URL"),
            (
                "http://a:b@api.example",
                "the URL has a name or a password in it; give that as a header: `Authorization: Basic ...`",
            ),
        ] {
            assert_eq!(text.parse::<ApiUrl>().unwrap_err().to_string(), shown);
        }
    }
}
