//! Versions of the API that no document has, and that still answer.

use report::Level;
use serde_json::Value;

use super::ground::is_something;
use super::listed::is_declared;
use crate::answer::values::{id_of, objects};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::{Answer, Probe};
use crate::prober::{Prober, Stop, token};
use crate::surface::{Endpoint, Role};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "old-version",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does an older version still answer, with what was mended since?",
    level: Level::Medium,
    references: &["CWE-1059", "API9:2023"],
    mend_in_code: "Switch old versions off, or keep them in the document and mend them like the new one.",
    mend_at_gate: "With a document, [schema] undeclared refuses paths that it does not have.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The most collections that are asked for in another version.
const MAX_PATHS: usize = 8;
/// Words in the place of a version.
const WORDS: [&str; 5] = ["beta", "alpha", "old", "legacy", "internal"];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let paths = collections(p);
    if paths.is_empty() {
        tried.not_tried("no operation has a path of its own");
        return Ok(());
    }
    let mut patterns: Vec<Pattern> = Vec::new();
    for path in &paths {
        let pattern = Pattern::of(path);
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    for pattern in patterns {
        // A version that cannot be: what answers there answers to every version.
        let impossible = if pattern.has_version { "v973".to_owned() } else { token() };
        for version in pattern.others() {
            let result = try_version(p, &pattern, &version, &impossible, &paths, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

async fn try_version(
    p: &Prober<'_>,
    pattern: &Pattern,
    version: &str,
    impossible: &str,
    paths: &[String],
    tried: &mut Tried,
) -> Result<(), Stop> {
    let missing = p.send_as(Probe::get_of_server(pattern.write(version, &token())), Who::Nobody).await?;
    for path in paths.iter().filter(|path| Pattern::of(path) == *pattern) {
        let target = pattern.write(version, &pattern.rest(path));
        if is_declared(p, &target) {
            continue;
        }
        let account = p.people().first().copied().unwrap_or(Who::Nobody);
        for who in [Who::Nobody, account] {
            let sent = p.send_as(Probe::get_of_server(&target), who).await?;
            if !is_data(&sent.answer) || !is_something(&sent.answer, &missing.answer) {
                tried.shut(&sent.seen);
                if matches!(sent.answer.status.as_u16(), 401 | 403) && who == Who::Nobody {
                    continue;
                }
                break;
            }
            let other =
                p.send_as(Probe::get_of_server(pattern.write(impossible, &pattern.rest(path))), who).await?;
            let again = p.send_as(Probe::get_of_server(&target), who).await?;
            if is_data(&other.answer) || !is_data(&again.answer) {
                tried.shut(&again.seen);
                break;
            }
            let (whom, level) = match who {
                Who::Nobody => ("everybody", Some(Level::High)),
                _ => ("accounts", None),
            };
            let is_public = serves(p, path, Who::Nobody);
            let message = format!("a version that no document has still serves data to {whom}");
            let hole = again.hole(format!("GET {target}"), message, &other);
            tried.open(Hole { level: level.filter(|_| !is_public), ..hole });
            break;
        }
    }
    Ok(())
}

/// Whether the version of the document serves this path to somebody.
fn serves(p: &Prober<'_>, path: &str, who: Who) -> bool {
    let base = p.client.base_path();
    let same = |endpoint: &Endpoint| format!("{base}{}", endpoint.path) == *path && endpoint.is_read();
    let mut all = p.surface.endpoints.iter().enumerate();
    all.any(|(at, endpoint)| same(endpoint) && p.control(at, who).is_some())
}

/// Paths of the server that may list something: those of the document without parameters, whole or up to the first one.
fn collections(p: &Prober<'_>) -> Vec<String> {
    let base = p.client.base_path();
    let mut paths: Vec<String> = Vec::new();
    let mut endpoints: Vec<&Endpoint> =
        p.surface.endpoints.iter().filter(|e| e.graphql.is_none() && p.options.wants(&e.name())).collect();
    endpoints.sort_by_key(|endpoint| (!endpoint.is_read(), endpoint.path.matches('/').count()));
    for endpoint in endpoints.into_iter().filter(|e| matches!(e.role, Role::Ordinary | Role::Register)) {
        let start = endpoint.path.split('{').next().unwrap_or("");
        let start = if start.len() == endpoint.path.len() { start } else { start.trim_end_matches('/') };
        let path = format!("{base}{start}");
        if start.trim_matches('/').is_empty() || paths.contains(&path) || start.contains('.') {
            continue;
        }
        paths.push(path);
    }
    // What is about people and what needs an account tells most.
    let words = ["user", "account", "member", "customer", "order", "admin"];
    paths.sort_by_key(|path| {
        (!words.iter().any(|word| path.to_ascii_lowercase().contains(word)), path.matches('/').count())
    });
    paths.truncate(MAX_PATHS);
    paths
}

/// Where a version stands in a path, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    /// What stands before it: `/api`.
    before: String,
    /// The number of the version.
    number: u32,
    has_version: bool,
}

impl Pattern {
    fn of(path: &str) -> Pattern {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let number =
            |segment: &&str| segment.strip_prefix(['v', 'V'])?.split('.').next()?.parse::<u32>().ok();
        let found = segments.iter().enumerate().find_map(|(nth, segment)| Some((nth, number(segment)?)));
        let join = |count: usize| {
            segments.iter().take(count).map(|segment| format!("/{segment}")).collect::<String>()
        };
        match found {
            Some((nth, number)) => Pattern { before: join(nth), number, has_version: true },
            // `/api/users`: the version would stand behind `api`.
            None => {
                let is_prefix = segments.first().is_some_and(|first| ["api", "rest"].contains(first));
                Pattern { before: join(usize::from(is_prefix)), number: 0, has_version: false }
            }
        }
    }

    /// Other versions than that of the document.
    fn others(&self) -> Vec<String> {
        let numbers: Vec<u32> = match self.has_version {
            true => (0..=self.number.saturating_add(1))
                .rev()
                .filter(|number| *number != self.number)
                .take(5)
                .collect(),
            false => vec![0, 1, 2],
        };
        let beta = self.has_version.then(|| format!("v{}beta", self.number));
        let words = WORDS.into_iter().map(str::to_owned);
        numbers.into_iter().map(|number| format!("v{number}")).chain(beta).chain(words).collect()
    }

    /// What stands behind the version, without a slash before it.
    fn rest(&self, path: &str) -> String {
        let rest = path.strip_prefix(self.before.as_str()).unwrap_or(path).trim_start_matches('/');
        match self.has_version {
            true => rest.split_once('/').map_or("", |(_, rest)| rest).to_owned(),
            false => rest.to_owned(),
        }
    }

    fn write(&self, version: &str, rest: &str) -> String {
        format!("{}/{version}/{rest}", self.before)
    }
}

/// Whether an answer has objects: a list of them, or one with an id.
fn is_data(answer: &Answer) -> bool {
    let Some(value) = answer.json().filter(|_| answer.is_success()) else { return false };
    let is_list =
        |value: &Value| value.as_array().is_some_and(|items| items.first().is_some_and(Value::is_object));
    let all = objects(&value);
    let has_list = is_list(&value) || all.iter().any(|found| found.members.values().any(is_list));
    let has_id = all.iter().any(|found| id_of(found.members, "").is_some() && found.members.len() > 1);
    let is_error = value.get("error").is_some() || value.get("errors").is_some();
    (has_list || has_id) && !is_error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_a_path_and_put_into_it() {
        for (path, before, rest, has_version) in [
            ("/api/v1/users", "/api", "users", true),
            ("/v2/users/me", "", "users/me", true),
            ("/api/users", "/api", "users", false),
            ("/users/", "", "users/", false),
            ("/vision/users", "", "vision/users", false),
        ] {
            let pattern = Pattern::of(path);
            assert_eq!(
                (pattern.before.as_str(), pattern.rest(path).as_str(), pattern.has_version),
                (before, rest, has_version)
            );
        }
        let versions = Pattern::of("/api/v1/users").others();
        assert_eq!(versions[..3], ["v2", "v0", "v1beta"]);
        assert_eq!(Pattern::of("/api/v1/users").write("v0", "users"), "/api/v0/users");
        assert_eq!(Pattern::of("/users/").write("v1", "users/"), "/v1/users/");
    }

    #[test]
    fn only_objects_are_data() {
        for (text, expected) in [
            ("[{\"id\":1,\"email\":\"a\"}]", true),
            ("{\"data\":[{\"name\":\"a\"}]}", true),
            ("{\"id\":1,\"name\":\"a\"}", true),
            ("{\"status\":\"ok\"}", false),
            ("{\"error\":{\"id\":1,\"code\":\"x\"}}", false),
            ("[]", false),
            ("<p>", false),
        ] {
            let body = bytes::Bytes::from_static(text.as_bytes());
            let answer = Answer { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body };
            assert_eq!(is_data(&answer), expected, "{text}");
        }
    }
}
