//! Lists of networks as they are published.
//!
//! Read are lines of text (a network, an address, a range or `AS64496` at the beginning of each; comments after `#`, `;` or
//! `//`), lines and documents of JSON (objects with `cidr`, `ip_prefix`, `ipv4Prefix` and their like: Spamhaus DROP,
//! CrowdSec decisions, the ranges that clouds and search engines publish), and the exit list of Tor (`ExitAddress`).

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Subnets};
use serde_json::Value;

/// What a list names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    /// Networks.
    pub networks: Vec<IpNet>,
    /// Numbers of networks (ASN).
    pub operators: Vec<u32>,
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.networks.len() + self.operators.len()
    }

    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.operators.is_empty()
    }

    fn add(&mut self, text: &str) -> bool {
        if let Some(number) = text.strip_prefix("AS").or_else(|| text.strip_prefix("as"))
            && let Ok(number) = number.parse()
        {
            self.operators.push(number);
            return true;
        }
        if let Some((from, to)) = text.split_once('-')
            && let (Ok(from), Ok(to)) = (from.trim().parse::<Ipv4Addr>(), to.trim().parse::<Ipv4Addr>())
            && from <= to
        {
            self.networks.extend(Ipv4Subnets::new(from, to, 0).map(IpNet::from));
            return true;
        }
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(|network| self.networks.push(network.trunc())).is_ok()
    }
}

/// Why a list is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It is no text.
    #[error("it is not UTF-8")]
    NotText,
    /// A line is no entry.
    #[error("line {line}: `{text}` is no network, address or AS number")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Its beginning.
        text: String,
    },
    /// A document of JSON without networks.
    #[error("a JSON document that names no networks")]
    NoNetworks,
    /// Too much to be held.
    #[error("more than {0} entries")]
    TooMany(usize),
}

/// Bytes of one document of JSON; longer ones are read line by line.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;
/// The most entries of one list.
pub const MAX_ENTRIES: usize = 2_000_000;

/// Reads a list. A line that is no entry makes the whole an error: a list that is read in part protects in part, and nobody
/// would know.
///
/// # Errors
/// If it is no text, or has a line that is no entry, or is too long.
pub fn parse(bytes: &[u8]) -> Result<Entries, ListError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ListError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Entries::default();
    // What CrowdSec's local API answers when nobody is banned.
    if text.trim() == "null" {
        return Ok(entries);
    }
    if text.trim_start().starts_with(['{', '['])
        && text.len() <= MAX_DOCUMENT
        && let Ok(document) = serde_json::from_str::<Value>(text)
    {
        let named = from_json(&document, &mut entries, 0)?;
        return if named || is_empty(&document) { Ok(entries) } else { Err(ListError::NoNetworks) };
    }
    for (n, line) in text.lines().enumerate() {
        if n >= MAX_ENTRIES || entries.len() > MAX_ENTRIES {
            return Err(ListError::TooMany(MAX_ENTRIES));
        }
        let line = line.trim();
        if line.starts_with('{')
            && let Ok(object) = serde_json::from_str::<Value>(line)
        {
            from_json(&object, &mut entries, 0)?;
            continue;
        }
        let line = line.split(['#', ';']).next().unwrap_or("");
        let line = line.split("//").next().unwrap_or("").trim();
        // The exit list of Tor names nodes, times and addresses.
        let line = match line.split_once(' ') {
            Some(("ExitNode" | "Published" | "LastStatus", _)) => continue,
            Some(("ExitAddress", rest)) => rest.split(' ').next().unwrap_or(""),
            _ => line,
        };
        if !line.is_empty() && !entries.add(line) {
            let text = line.chars().take(60).collect();
            return Err(ListError::Line { line: n + 1, text });
        }
    }
    Ok(entries)
}

fn is_empty(document: &Value) -> bool {
    document.as_array().is_some_and(Vec::is_empty)
}

/// Takes the networks out of a document of JSON: texts of a list, and the members of objects that hold them. Says whether
/// there was any.
fn from_json(value: &Value, entries: &mut Entries, level: usize) -> Result<bool, ListError> {
    /// Members that hold a network.
    const NAMES: [&str; 10] = [
        "cidr",
        "ip_prefix",
        "ipv6_prefix",
        "ipv4Prefix",
        "ipv6Prefix",
        "prefix",
        "network",
        "ip",
        "address",
        "value",
    ];
    /// Documents with networks are flat.
    const MAX_LEVEL: usize = 8;
    if level > MAX_LEVEL {
        return Ok(false);
    }
    if entries.len() > MAX_ENTRIES {
        return Err(ListError::TooMany(MAX_ENTRIES));
    }
    let mut any = false;
    match value {
        Value::String(text) => any = entries.add(text.trim()),
        Value::Array(values) => {
            for value in values {
                any |= from_json(value, entries, level + 1)?;
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                // A document that is one object may be anything: an error says whom it was sent to.
                let names = if level == 0 { NAMES.get(..5) } else { Some(&NAMES[..]) };
                let is_network = names.is_some_and(|names| names.contains(&name.as_str()));
                let opens = value.is_array() || value.is_object();
                if is_network || opens {
                    any |= from_json(value, entries, level + 1)?;
                }
            }
            // Spamhaus ASN-DROP: {"asn": 64496, ...}
            if let Some(number) = members.get("asn").and_then(Value::as_u64)
                && !NAMES.iter().any(|name| members.contains_key(*name))
                && let Ok(number) = u32::try_from(number)
            {
                entries.operators.push(number);
                any = true;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let entries = parse(text.as_bytes()).unwrap();
        let operators = entries.operators.iter().map(|number| format!("AS{number}"));
        entries.networks.iter().map(ToString::to_string).chain(operators).collect()
    }

    #[test]
    fn published_forms() {
        for (text, entries) in [
            ("# a list\n192.0.2.0/24\n\n198.51.100.7 # one\n", &["192.0.2.0/24", "198.51.100.7/32"][..]),
            ("192.0.2.0/24 ; SBL1\n2001:db8::/32 ; SBL2\n", &["192.0.2.0/24", "2001:db8::/32"]),
            ("AS64496\r\nas64497 // a comment\r\n", &["AS64496", "AS64497"]),
            ("192.0.2.4-192.0.2.7\n", &["192.0.2.4/30"]),
            ("192.0.2.77/24\n", &["192.0.2.0/24"]),
            (
                "{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\",\"rir\":\"ripencc\"}\n{\"type\":\"metadata\",\"timestamp\":1}\n",
                &["192.0.2.0/24"],
            ),
            ("{\"asn\":64496,\"rir\":\"arin\",\"domain\":\"a.example\"}\n", &["AS64496"]),
            (
                r#"{"creationTime":"x","prefixes":[{"ipv6Prefix":"2001:db8::/64"},{"ipv4Prefix":"192.0.2.0/27"}]}"#,
                &["2001:db8::/64", "192.0.2.0/27"],
            ),
            (
                r#"[{"id":1,"origin":"CAPI","scope":"Ip","type":"ban","value":"192.0.2.9","duration":"3h"}]"#,
                &["192.0.2.9/32"],
            ),
            (r#"["192.0.2.0/24"]"#, &["192.0.2.0/24"]),
            ("[]", &[]),
            ("null\n", &[]),
            (
                "ExitNode 0011\nPublished 2026-01-01 00:00:00\nLastStatus 2026-01-01 01:00:00\nExitAddress 192.0.2.3 2026-01-01 01:02:03\n",
                &["192.0.2.3/32"],
            ),
            ("\u{feff}192.0.2.1", &["192.0.2.1/32"]),
            ("", &[]),
        ] {
            assert_eq!(read(text), entries, "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for text in [
            "<html>not found</html>",
            "192.0.2.0/33",
            "192.0.2.1 and more",
            "{\"error\":\"no\"}",
            "{\"error\":\"too often\",\"ip\":\"203.0.113.7\"}",
            "192.0.2.9-192.0.2.1",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(
            parse(b"192.0.2.1\n\nnonsense").unwrap_err().to_string(),
            "line 3: `nonsense` is no network, address or AS number"
        );
        assert_eq!(parse(b"\xff"), Err(ListError::NotText));
    }
}
