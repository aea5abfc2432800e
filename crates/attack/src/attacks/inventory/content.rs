//! By what a file is known, whatever its name.

use serde_json::Value;

use crate::answer::values::objects;
use crate::probe::Answer;
use crate::surface::shape::fold;

/// By what a file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Lines `NAME=value`, two at least, or one whose name is that of a secret.
    Environment,
    /// It begins with these bytes.
    Begins(&'static [u8]),
    /// It is a text, no page, and has all of these in it, in small letters.
    Has(&'static [&'static str]),
    /// The same for one of these.
    HasAny(&'static [&'static str]),
    /// Statements that make and fill tables.
    Sql,
    /// JSON with names of settings or secrets.
    Settings,
    /// Lines of a log: times, requests, levels.
    Log,
}

impl Mark {
    /// Whether an answer is such a file.
    pub(super) fn is_in(self, answer: &Answer) -> bool {
        if let Mark::Begins(bytes) = self {
            return answer.body.starts_with(bytes);
        }
        let text: String = answer.text().chars().take(20_000).collect();
        let small = text.to_ascii_lowercase();
        let start = small.trim_start();
        if start.starts_with("<!doctype html") || start.starts_with("<html") {
            return false;
        }
        match self {
            Mark::Begins(_) => false,
            Mark::Environment => is_environment(&text),
            Mark::Has(words) => words.iter().all(|word| small.contains(word)),
            Mark::HasAny(words) => words.iter().any(|word| small.contains(word)),
            Mark::Sql => {
                let has = |word: &str| small.contains(word);
                has("create table") || has("insert into") && has("values") || has("copy public.")
            }
            Mark::Settings => answer.json().is_some_and(|value| is_inside(&value)),
            Mark::Log => {
                let is_line = |line: &str| {
                    let levels = ["info", "error", "debug", "warn", "get /", "post /"];
                    line.matches(':').count() >= 2 && levels.iter().any(|level| line.contains(level))
                };
                small.lines().take(20).filter(|line| is_line(line)).count() >= 2
            }
        }
    }
}

fn is_environment(text: &str) -> bool {
    let names: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter_map(|line| line.trim_start_matches("export ").split_once('=').map(|(name, _)| name.trim()))
        .filter(|name| {
            name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        })
        .collect();
    let is_secret =
        |name: &&&str| ["SECRET", "PASSWORD", "TOKEN", "KEY", "_URL"].iter().any(|word| name.contains(word));
    names.len() >= 2 || names.iter().any(|name| is_secret(&name))
}

/// Names of members that hold a secret, at their end.
const SECRETS: [&str; 7] =
    ["secret", "secretkey", "password", "passwd", "databaseurl", "privatekey", "connectionstring"];
/// Names of members that only the inside of a process has.
const STRONG: [&str; 17] = [
    "environ",
    "cwd",
    "memory",
    "memoryusage",
    "memstats",
    "heapused",
    "heaptotal",
    "rss",
    "argv",
    "cmdline",
    "nodeversion",
    "pythonversion",
    "phpversion",
    "rubyversion",
    "goroutines",
    "propertysources",
    "installedapps",
];
/// Names that say more beside one of those.
const WEAK: [&str; 14] = [
    "env",
    "environment",
    "config",
    "configuration",
    "settings",
    "node",
    "pid",
    "hostname",
    "platform",
    "uptime",
    "threads",
    "routes",
    "debug",
    "modules",
];

/// Whether JSON shows the inside of a process: a secret, or two things of its memory, versions and settings.
pub(super) fn is_inside(value: &Value) -> bool {
    let mut secrets = 0;
    let (mut strong, mut weak) = (0, 0);
    for found in objects(value).iter().filter(|found| !found.is_listed) {
        for (name, value) in found.members {
            let name = fold(name);
            // A label (`Password`) or a link is no secret.
            let is_text = value.as_str().is_some_and(|text| {
                text.len() > 3 && !text.starts_with('/') && !text.to_ascii_lowercase().contains("password")
            });
            secrets += usize::from(is_text && SECRETS.iter().any(|end| name.ends_with(end)));
            strong += usize::from(STRONG.contains(&name.as_str()));
            weak += usize::from(WEAK.contains(&name.as_str()));
        }
    }
    secrets > 0 || strong > 0 && strong + weak > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_what_is_in_them() {
        for (mark, text, expected) in [
            (Mark::Environment, "NODE_ENV=production\nJWT_SECRET=x\n", true),
            (Mark::Environment, "# key\nAPI_KEY=x", true),
            (Mark::Environment, "{\"error\":\"a=b\"}", false),
            (Mark::Environment, "<!doctype html><p>API_KEY=x\nAPI_URL=y", false),
            (Mark::Begins(b"SQLite format 3"), "SQLite format 3\0", true),
            (Mark::Begins(b"SQLite format 3"), "no", false),
            (Mark::Has(&["[core]"]), "[core]\n\tbare = false", true),
            (Mark::Sql, "-- dump\nCREATE TABLE users (id int);", true),
            (Mark::Sql, "{\"detail\":\"Not Found\"}", false),
            (Mark::Settings, "{\"node\":\"v20\",\"cwd\":\"/app\"}", true),
            (Mark::Settings, "{\"config\":{\"jwtSecret\":\"harbour\"}}", true),
            (Mark::Settings, "{\"password\":\"Your password\",\"resetPassword\":\"/reset\"}", false),
            (Mark::Settings, "{\"env\":\"production\",\"config\":{\"passwordLength\":8}}", false),
            (Mark::Settings, "{\"status\":\"ok\",\"uptime\":12}", false),
            (Mark::Log, "2024-01-01 10:00:00 INFO start\n2024-01-01 10:00:01 ERROR bad", true),
            (Mark::Log, "hello: world", false),
        ] {
            let body = bytes::Bytes::from_static(text.as_bytes());
            let answer = Answer { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body };
            assert_eq!(mark.is_in(&answer), expected, "{mark:?} {text}");
        }
    }
}
