//! Which detectors judge what.

use detect::{Class, Confidence};
use policy::{DetectorLevels, MinConfidence};

/// What is no prose even where people write.
pub(super) const PROSE: &[Class] = &[Class::Html, Class::Lookup, Class::Serialized, Class::Xml];
/// What harms where a URL is none that a server follows, as in an agent or a referrer.
pub(super) const NOT_FOLLOWED: [Class; 13] = [
    Class::Sql,
    Class::Html,
    Class::Lookup,
    Class::Shell,
    Class::Path,
    Class::Template,
    Class::NoSql,
    Class::Ldap,
    Class::Xml,
    Class::Headers,
    Class::Serialized,
    Class::Scanner,
    Class::Code,
];
/// What is judged in the text of a file, which may be a page, a script or a statement by itself.
pub(super) const FILES: &[Class] = &[Class::Lookup, Class::Serialized, Class::Xml];
/// What is judged in a calendar or a list of contacts as a whole: its lines begin as headers do, and it is none itself.
pub(super) const CALENDARS: [Class; 13] = [
    Class::Sql,
    Class::Html,
    Class::Lookup,
    Class::Shell,
    Class::Path,
    Class::Ssrf,
    Class::Template,
    Class::NoSql,
    Class::Ldap,
    Class::Xml,
    Class::Serialized,
    Class::Scanner,
    Class::Code,
];
/// The score of findings at which a request is refused.
pub(super) const THRESHOLD: u32 = Confidence::High.score();

/// The classes whose detectors refuse from this confidence.
pub(super) fn at_level(levels: &DetectorLevels, classes: &[Class], level: MinConfidence) -> Vec<Class> {
    let is_so = |class: &Class| levels.of(*class) == level;
    classes.iter().copied().filter(is_so).collect()
}
