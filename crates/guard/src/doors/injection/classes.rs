//! Which detectors judge what.

use detect::{Class, Confidence};
use policy::{DetectorLevels, MinConfidence};

/// What is no prose even where people write.
pub(super) const PROSE: &[Class] = &[Class::Html, Class::Lookup, Class::Serialized, Class::Xml];
/// What harms in an agent or a referrer: these are no URLs that a server follows.
pub(super) const AGENTS: [Class; 13] = [
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
/// The score of findings at which a request is refused.
pub(super) const THRESHOLD: u32 = Confidence::High.score();

/// The classes whose detectors refuse from this confidence.
pub(super) fn at_level(levels: &DetectorLevels, classes: &[Class], level: MinConfidence) -> Vec<Class> {
    let is_so = |class: &Class| levels.of(*class) == level;
    classes.iter().copied().filter(is_so).collect()
}
