//! What a finding refers to: catalogues of weaknesses, standards and advisories.
//!
//! Rules write a reference as the text that people know (`CWE-89`, `API1:2023`, `V1.2.4`, `GHSA-…`, a URL); it is
//! parsed here once, so that each format can link it and tag it.

use std::fmt;

mod owasp;

pub use owasp::OwaspApi;

/// Something that says more about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A weakness of the [Common Weakness Enumeration](https://cwe.mitre.org).
    Cwe(u32),
    /// A risk of the OWASP API Security Top 10, 2023.
    Owasp(OwaspApi),
    /// A requirement of the OWASP Application Security Verification Standard 5.0, such as `V8.2.2`.
    Asvs(String),
    /// An advisory or a vulnerability: `CVE-…`, `GHSA-…`, `RUSTSEC-…` and the other names that OSV knows.
    Advisory(String),
    /// A page.
    Url(String),
    /// Anything else, shown as it is.
    Other(String),
}

impl Reference {
    /// Reads a reference. What has no known form is [`Reference::Other`]: a reference is shown, never obeyed.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let number = |prefix: &str| strip_prefix(text, prefix)?.parse().ok();
        if let Some(number) = number("CWE-") {
            return Reference::Cwe(number);
        }
        if let Some(risk) = OwaspApi::parse(text) {
            return Reference::Owasp(risk);
        }
        if strip_prefix(text, "https://").or_else(|| strip_prefix(text, "http://")).is_some() {
            return Reference::Url(text.to_owned());
        }
        let requirement = strip_prefix(text, "ASVS ").or_else(|| strip_prefix(text, "ASVS-")).unwrap_or(text);
        let dotted = strip_prefix(requirement, "V").unwrap_or_default();
        if dotted.contains('.') && dotted.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Reference::Asvs(format!("V{dotted}"));
        }
        match text.split_once('-') {
            Some((source, _)) if is_advisory_source(source) && text.chars().all(is_of_an_id) => {
                Reference::Advisory(text.to_owned())
            }
            _ => Reference::Other(text.to_owned()),
        }
    }

    /// How people name it.
    pub fn label(&self) -> String {
        match self {
            Reference::Cwe(number) => format!("CWE-{number}"),
            Reference::Owasp(risk) => format!("{} {}", risk.id(), risk.title()),
            Reference::Asvs(requirement) => format!("ASVS 5.0 {requirement}"),
            Reference::Advisory(text) | Reference::Url(text) | Reference::Other(text) => text.clone(),
        }
    }

    /// Where to read it; always `http` or `https`.
    pub fn url(&self) -> Option<String> {
        match self {
            Reference::Cwe(number) => Some(format!("https://cwe.mitre.org/data/definitions/{number}.html")),
            Reference::Owasp(risk) => Some(risk.url()),
            Reference::Asvs(_) => Some("https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en".to_owned()),
            Reference::Advisory(id) if id.starts_with("CVE-") => {
                Some(format!("https://www.cve.org/CVERecord?id={id}"))
            }
            Reference::Advisory(id) => Some(format!("https://osv.dev/vulnerability/{id}")),
            Reference::Url(url) => Some(url.clone()),
            Reference::Other(_) => None,
        }
    }

    /// The tag for code scanning, in the form that CodeQL made usual: `external/cwe/cwe-089`.
    pub fn tag(&self) -> Option<String> {
        match self {
            Reference::Cwe(number) => Some(format!("external/cwe/cwe-{number:03}")),
            Reference::Owasp(risk) => Some(format!("external/owasp/{}", risk.id().to_ascii_lowercase())),
            Reference::Asvs(requirement) => {
                Some(format!("external/asvs/{}", requirement.to_ascii_lowercase()))
            }
            Reference::Advisory(id) => Some(format!("external/advisory/{}", id.to_ascii_lowercase())),
            Reference::Url(_) | Reference::Other(_) => None,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.label())
    }
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// The sources whose ids OSV resolves; a longer list would only find more links.
fn is_advisory_source(source: &str) -> bool {
    const SOURCES: [&str; 11] =
        ["CVE", "GHSA", "RUSTSEC", "PYSEC", "GO", "OSV", "MAL", "DSA", "RUBYSEC", "ALSA", "USN"];
    SOURCES.contains(&source)
}

fn is_of_an_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_from_what_people_write() {
        for (text, label, tag, url) in [
            ("cwe-89", "CWE-89", "external/cwe/cwe-089", "https://cwe.mitre.org/data/definitions/89.html"),
            (
                "API1:2023",
                "API1:2023 Broken Object Level Authorization",
                "external/owasp/api1:2023",
                "https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/",
            ),
            (
                "ASVS V8.2.2",
                "ASVS 5.0 V8.2.2",
                "external/asvs/v8.2.2",
                "https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en",
            ),
            (
                "CVE-2021-44228",
                "CVE-2021-44228",
                "external/advisory/cve-2021-44228",
                "https://www.cve.org/CVERecord?id=CVE-2021-44228",
            ),
            (
                "RUSTSEC-2024-0001",
                "RUSTSEC-2024-0001",
                "external/advisory/rustsec-2024-0001",
                "https://osv.dev/vulnerability/RUSTSEC-2024-0001",
            ),
        ] {
            let reference = Reference::parse(text);
            assert_eq!(
                (reference.label().as_str(), reference.tag().as_deref(), reference.url().as_deref()),
                (label, Some(tag), Some(url))
            );
        }
    }

    #[test]
    fn only_web_addresses_become_links() {
        for text in ["javascript:alert(1)", "GHSA-\"><script>", "data:text/html,x", "CWE-x", "", "API11:2023"]
        {
            assert_eq!(Reference::parse(text), Reference::Other(text.to_owned()));
            assert_eq!(Reference::parse(text).url(), None);
        }
        assert_eq!(Reference::parse("HTTPS://a.test/b").url().as_deref(), Some("HTTPS://a.test/b"));
    }
}
