//! Whether a version is affected: <https://ossf.github.io/osv-schema/#evaluation>.

use std::cmp::Ordering;

use super::record::{Affected, Range, Record};
use crate::deps::ecosystem::Ecosystem;
use crate::deps::version::Version;

/// A bound that is no version, so that nobody can say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bound `{0}` is no version")]
pub(crate) struct BadBound(pub(crate) String);

/// The entries of a record about a package.
pub(crate) fn entries<'r>(record: &'r Record, ecosystem: Ecosystem, name: &str) -> Vec<&'r Affected> {
    let key = ecosystem.key(name);
    let is_about = |affected: &&Affected| {
        affected.package.as_ref().is_some_and(|package| {
            Ecosystem::from_osv(&package.ecosystem) == Some(ecosystem) && ecosystem.key(&package.name) == key
        })
    };
    record.affected.iter().filter(is_about).collect()
}

/// Whether any entry lists the version, or has a range that includes it.
///
/// # Errors
/// When no entry includes it, and one has a bound that cannot be read.
pub(crate) fn is_affected(
    entries: &[&Affected],
    ecosystem: Ecosystem,
    version: &str,
) -> Result<bool, BadBound> {
    let parsed = Version::parse(ecosystem, version);
    let mut bad = None;
    for affected in entries {
        if affected.versions.iter().any(|listed| is_same(ecosystem, listed, version, parsed.as_ref())) {
            return Ok(true);
        }
        let Some(parsed) = &parsed else { continue };
        for range in affected.ranges.iter().filter(|range| range.kind != "GIT") {
            match includes(range, ecosystem, parsed) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => bad = Some(error),
            }
        }
    }
    bad.map_or(Ok(false), Err)
}

fn is_same(ecosystem: Ecosystem, listed: &str, version: &str, parsed: Option<&Version>) -> bool {
    listed == version
        || parsed.zip(Version::parse(ecosystem, listed)).is_some_and(|(a, b)| a.compare(&b).is_eq())
}

/// A bound in the order of versions; `0` is before all of them, also before prereleases.
enum Bound {
    Zero,
    At(Version),
}

impl Bound {
    fn parse(ecosystem: Ecosystem, text: &str) -> Result<Self, BadBound> {
        match text {
            "0" => Ok(Bound::Zero),
            _ => Version::parse(ecosystem, text).map(Bound::At).ok_or_else(|| BadBound(text.to_owned())),
        }
    }

    /// How a version stands to this bound.
    fn of(&self, version: &Version) -> Ordering {
        match self {
            Bound::Zero => Ordering::Greater,
            Bound::At(bound) => version.compare(bound),
        }
    }

    fn compare(&self, other: &Bound) -> Ordering {
        match (self, other) {
            (Bound::Zero, Bound::Zero) => Ordering::Equal,
            (Bound::Zero, _) => Ordering::Less,
            (_, Bound::Zero) => Ordering::Greater,
            (Bound::At(a), Bound::At(b)) => a.compare(b),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Introduced,
    Fixed,
    LastAffected,
}

/// Goes through the events in their order, as the specification's algorithm does.
fn includes(range: &Range, ecosystem: Ecosystem, version: &Version) -> Result<bool, BadBound> {
    let mut events = Vec::new();
    let mut limits = Vec::new();
    for event in &range.events {
        for (kind, text) in [
            (Kind::Introduced, &event.introduced),
            (Kind::Fixed, &event.fixed),
            (Kind::LastAffected, &event.last_affected),
        ] {
            if let Some(text) = text {
                events.push((kind, Bound::parse(ecosystem, text)?));
            }
        }
        // `*` is no limit.
        if let Some(limit) = event.limit.as_deref().filter(|limit| *limit != "*") {
            limits.push(Bound::parse(ecosystem, limit)?);
        }
    }
    if !limits.is_empty() && !limits.iter().any(|limit| limit.of(version).is_lt()) {
        return Ok(false);
    }
    events.sort_by(|(_, a), (_, b)| a.compare(b));
    let mut inside = false;
    for (kind, bound) in events {
        let stands = bound.of(version);
        match kind {
            Kind::Introduced if stands.is_ge() => inside = true,
            Kind::Fixed if stands.is_ge() => inside = false,
            Kind::LastAffected if stands.is_gt() => inside = false,
            _ => {}
        }
    }
    Ok(inside)
}

/// The smallest version above ours that the record calls fixed and does not affect: with a fix in each branch, that of
/// ours.
pub(crate) fn fixed(entries: &[&Affected], ecosystem: Ecosystem, version: &str) -> Option<String> {
    let ours = Version::parse(ecosystem, version)?;
    let ranges = entries.iter().flat_map(|affected| &affected.ranges).filter(|range| range.kind != "GIT");
    let fixes = ranges.flat_map(|range| &range.events).filter_map(|event| event.fixed.as_deref());
    let mut above: Vec<(Version, &str)> = fixes
        .filter_map(|text| Some((Version::parse(ecosystem, text)?, text)))
        .filter(|(fix, _)| fix.compare(&ours).is_gt())
        .collect();
    above.sort_by(|(a, _), (b, _)| a.compare(b));
    let holds = |(_, text): &&(Version, &str)| is_affected(entries, ecosystem, text) == Ok(false);
    above.iter().find(holds).map(|(_, text)| (*text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> Affected {
        serde_json::from_str(json).unwrap()
    }

    fn affected(events: &str, version: &str) -> Result<bool, BadBound> {
        let json = format!(r#"{{"ranges":[{{"type":"SEMVER","events":[{events}]}}]}}"#);
        is_affected(&[&entry(&json)], Ecosystem::Npm, version)
    }

    #[test]
    fn events_are_evaluated_as_the_specification_says() {
        let branches = r#"{"introduced":"2.0.0"},{"fixed":"2.3.1"},{"introduced":"0"},{"fixed":"1.5.2"}"#;
        let last = r#"{"introduced":"1.0.0"},{"last_affected":"1.4.0"}"#;
        let limit = r#"{"introduced":"0"},{"limit":"3.0.0"}"#;
        for (events, version, expected) in [
            (branches, "0.0.1-alpha", true),
            (branches, "1.5.1", true),
            (branches, "1.5.2-rc.1", true),
            (branches, "1.5.2", false),
            (branches, "2.0.0-rc.1", false),
            (branches, "2.0.0", true),
            (branches, "2.3.1", false),
            (last, "0.9.9", false),
            (last, "1.0.0", true),
            (last, "1.4.0", true),
            (last, "1.4.1-alpha", false),
            (limit, "2.9.9", true),
            (limit, "3.0.0", false),
            (r#"{"introduced":"0"}"#, "99.0.0", true),
            (r#"{"introduced":"1.0.0"},{"fixed":"1.0.0"}"#, "1.0.0", false),
        ] {
            assert_eq!(affected(events, version), Ok(expected), "{events} {version}");
        }
        assert_eq!(affected(r#"{"introduced":"latest"}"#, "1.0.0"), Err(BadBound("latest".into())));
    }

    #[test]
    fn the_fix_is_the_smallest_one_that_holds() {
        let branches = entry(
            r#"{"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.5.2"}]},
                {"type":"SEMVER","events":[{"introduced":"1.5.2"},{"fixed":"1.5.3"},{"introduced":"2.0.0"},{"fixed":"2.3.1"}]}]}"#,
        );
        for (version, expected) in [("1.0.0", Some("1.5.3")), ("2.1.0", Some("2.3.1")), ("3.0.0", None)] {
            assert_eq!(fixed(&[&branches], Ecosystem::Npm, version).as_deref(), expected);
        }
    }
}
