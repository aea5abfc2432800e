//! Tools that look for holes, by the names that they give themselves.

use crate::bytes::Set;
use crate::{Confidence, Found, Text};

/// Products, as they stand before a slash and a version.
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
/// What others say of themselves.
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

/// Judges one reading: a product with its version, as agents name themselves.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    /// What of a value names an agent.
    const LOOKED_AT: usize = 256;
    let value = &text.bytes[..text.bytes.len().min(LOOKED_AT)];
    let is_product = |(at, name): (usize, &str)| {
        let begins = at == 0 || matches!(value[at - 1], b' ' | b'(' | b';' | b'/');
        let version =
            value[at + name.len()..].strip_prefix(b"/").or(value[at + name.len()..].strip_prefix(b" v"));
        begins && version.is_some_and(|rest| rest.first().is_some_and(|b| b.is_ascii_digit() || *b == b'v'))
    };
    let found = PRODUCTS.each(value).any(is_product) || PHRASES.occurs(value);
    found.then_some((
        if text.is_prose() { Confidence::Low } else { Confidence::High },
        "a tool that looks for holes names itself",
    ))
}
