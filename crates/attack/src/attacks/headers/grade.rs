//! The grade of an answer's headers, as graders of sites give it.

use crate::probe::Answer;

/// What an answer gains from its headers, and what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grade {
    /// From 0 to 100.
    pub(super) points: u32,
    /// What is missing, with what it is for.
    pub(super) missing: Vec<&'static str>,
}

/// How an answer is reached and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page.
    Page,
    /// Data: browsers show it only if they guess wrong.
    Data,
}

/// How the API is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Tls,
    Plain,
}

impl Grade {
    /// The grade of an answer.
    pub(super) fn of(answer: &Answer, kind: Kind, transport: Transport) -> Self {
        let value = |name: &str| answer.header(name).unwrap_or("").trim().to_ascii_lowercase();
        let policies: Vec<String> = answer
            .headers
            .get_all("content-security-policy")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(str::to_ascii_lowercase)
            .collect();
        let policy = policies.join("; ");
        // A policy that allows everything is none: only what limits sources counts.
        let limits = ["default-src", "script-src", "sandbox"].iter().any(|name| policy.contains(name));
        let is_framed = !policy.contains("frame-ancestors")
            && !["deny", "sameorigin"].contains(&value("x-frame-options").as_str());
        let lax = ["", "unsafe-url", "no-referrer-when-downgrade"];
        let points = |page: u32, data: u32| if kind == Kind::Page { page } else { data };
        let rules = [
            (points(20, 40), value("x-content-type-options") == "nosniff", "X-Content-Type-Options: nosniff"),
            (points(25, 20), !is_framed, "frame-ancestors or X-Frame-Options"),
            (points(30, 15), limits, "Content-Security-Policy"),
            (15, !lax.contains(&value("referrer-policy").as_str()), "Referrer-Policy"),
            (10, !value("permissions-policy").is_empty(), "Permissions-Policy"),
        ];
        let hsts = (30, is_hsts(&value("strict-transport-security")), "Strict-Transport-Security");
        let all = rules.into_iter().chain((transport == Transport::Tls).then_some(hsts));
        let (mut whole, mut gained, mut missing) = (0, 0, Vec::new());
        for (points, is_there, name) in all {
            whole += points;
            if is_there {
                gained += points;
            } else {
                missing.push(name);
            }
        }
        Grade { points: gained * 100 / whole, missing }
    }

    /// The letter.
    pub(super) const fn letter(&self) -> char {
        match self.points {
            90.. => 'A',
            75.. => 'B',
            55.. => 'C',
            35.. => 'D',
            _ => 'F',
        }
    }
}

/// Whether a value makes browsers keep to TLS for some time (RFC 6797 §6.1.1).
fn is_hsts(value: &str) -> bool {
    let age = value
        .split(';')
        .find_map(|part| part.trim().strip_prefix("max-age=")?.trim_matches('"').parse::<u64>().ok());
    age.is_some_and(|age| age > 0)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn the_letter_follows_what_is_there() {
        let full = [
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("permissions-policy", "camera=()"),
        ];
        for (headers, kind, transport, expected) in [
            (&[][..], Kind::Data, Transport::Plain, 'F'),
            (&full[..], Kind::Data, Transport::Plain, 'A'),
            (&full[..], Kind::Page, Transport::Plain, 'A'),
            (&full[..], Kind::Page, Transport::Tls, 'B'),
            (&full[..3], Kind::Page, Transport::Plain, 'A'),
            (&full[..2], Kind::Data, Transport::Plain, 'B'),
            (&full[..1], Kind::Data, Transport::Plain, 'D'),
            (&[("x-frame-options", "DENY")][..], Kind::Page, Transport::Plain, 'F'),
            (
                &[("content-security-policy", "upgrade-insecure-requests")][..],
                Kind::Page,
                Transport::Plain,
                'F',
            ),
        ] {
            let mut map = HeaderMap::new();
            headers.iter().for_each(|(name, value)| {
                map.append(*name, value.parse().unwrap());
            });
            let answer = Answer { status: StatusCode::OK, headers: map, body: Bytes::new() };
            assert_eq!(
                Grade::of(&answer, kind, transport).letter(),
                expected,
                "{headers:?} {kind:?} {transport:?}"
            );
        }
        assert!(is_hsts("max-age=63072000; includesubdomains") && !is_hsts("max-age=0") && !is_hsts(""));
    }
}
