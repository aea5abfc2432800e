//! Vulnerability scanners, by the names they put into User-Agent.

use crate::bytes::{Set, before, head, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Products, as written before a slash and a version.
static PRODUCTS: Set = Set::new(&[
    "sqlmap",
    "nikto",
    "nuclei",
    "nessus",
    "openvas",
    "acunetix",
    "netsparker",
    "invicti",
    "w3af.org",
    "w3af",
    "arachni",
    "wpscan",
    "joomscan",
    "dirbuster",
    "gobuster",
    "feroxbuster",
    "dirsearch",
    "ffuf",
    "wfuzz",
    "whatweb",
    "skipfish",
    "masscan",
    "zgrab",
    "havij",
    "commix",
    "xsstrike",
    "xsser",
    "jaeles",
    "jbrofuzz",
    "webinspect",
    "paros",
    "vega",
    "brutus",
    "hydra",
    "ssrfmap",
    "tplmap",
    "nosqlmap",
    "dotdotpwn",
    "wapiti",
    "gotestwaf",
    "wafw00f",
]);
/// Other phrases that scanners name themselves by.
static PHRASES: Set = Set::new(&[
    "nmap scripting engine",
    "nmap nse",
    "(nikto/",
    "absinthe",
    "nuclei - open-source project",
    "masscan/1",
    "sqlmap.org",
    "morfeus",
    "dirbuster-1",
    "mozilla/5.0 sf",
]);

/// Inspects one variant: a product with its version, as in User-Agent.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    /// Agents name themselves at the beginning.
    const INSPECTED: usize = 256;
    let value = head(candidate.bytes, INSPECTED);
    let is_product = |(at, name): (usize, &str)| {
        let begins = before(value, at).is_none_or(|b| matches!(b, b' ' | b'(' | b';' | b'/'));
        let rest = tail(value, at + name.len());
        let version = rest.strip_prefix(b"/").or(rest.strip_prefix(b" v"));
        begins && matches!(version, Some([b'0'..=b'9' | b'v', ..]))
    };
    let found = PRODUCTS.find_all(value).any(is_product) || PHRASES.occurs(value);
    let confidence = || if candidate.is_prose() { Confidence::Low } else { Confidence::High };
    found.then(|| (confidence(), "a vulnerability scanner names itself"))
}

#[cfg(test)]
mod tests {
    use crate::Class::Scanner;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Scanner,
            High,
            &[
                "sqlmap/1.7.2#stable (https://sqlmap.org)",
                "Mozilla/5.00 (Nikto/2.5.0)",
                "gobuster/3.6",
                "Nuclei - Open-source project (https://github.com)",
                "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org)",
                "WPScan v3.8 (https://wpscan.com/)",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Scanner,
            &[
                "curl/8.5.0",
                "python-requests/2.31",
                "Mozilla/5.0 (X11; Linux x86_64)",
                "hydra and vega",
                "vegan/2",
                "we use sqlmap, nikto / burp",
                "Googlebot/2.1",
            ],
        );
    }
}
