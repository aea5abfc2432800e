//! `go.mod` and `go.sum`: <https://go.dev/ref/mod>.
//!
//! Since Go 1.17, `go.mod` names every module that the build needs. The standard library is not judged: the line `go`
//! states the least version, not the one that builds.

use std::collections::BTreeMap;

use super::lines::lines;
use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::version::Version;

/// A line without its verb: the words, and where it stands.
struct Directive<'t> {
    line: usize,
    verb: &'t str,
    words: Vec<&'t str>,
}

/// What a replaced module is replaced by.
enum Replacement {
    Module(String, String),
    Directory,
}

pub(super) fn read_mod(text: &str, out: &mut Contents) -> Result<(), TextFault> {
    let directives = directives(text)?;
    if !directives.iter().any(|directive| directive.verb == "module") {
        return Err(TextFault::new(1, "this is no go.mod: it has no line `module`"));
    }
    let mut excluded = Vec::new();
    let mut replaced = BTreeMap::new();
    for Directive { line, verb, words } in &directives {
        match (*verb, words.as_slice()) {
            ("exclude", [path, version]) => excluded.push((*path, *version)),
            ("replace", [path, rest @ ..]) => {
                let (version, target) = match rest {
                    ["=>", target @ ..] => ("", target),
                    [version, "=>", target @ ..] => (*version, target),
                    _ => return Err(TextFault::new(*line, "a replacement has no `=>`")),
                };
                let target = match target {
                    [path, version] => Replacement::Module((*path).to_owned(), (*version).to_owned()),
                    _ => Replacement::Directory,
                };
                replaced.insert((*path, version), target);
            }
            ("exclude", _) => return Err(TextFault::new(*line, "an exclusion has no version")),
            _ => {}
        }
    }
    let mut indirect_are_listed = false;
    for Directive { line, verb, words } in &directives {
        match (*verb, words.as_slice()) {
            ("go", [version, ..]) => indirect_are_listed = lists_indirect(version),
            ("require", [path, version]) => {
                if excluded.contains(&(path, version)) {
                    out.unjudged(*line, path, format!("{version} is excluded; go takes a later one"));
                    continue;
                }
                match replaced.get(&(*path, *version)).or_else(|| replaced.get(&(*path, ""))) {
                    Some(Replacement::Module(path, version)) => module(path, version, *line, out),
                    Some(Replacement::Directory) => {
                        out.unjudged(*line, path, "it is replaced by a directory");
                    }
                    None => module(path, version, *line, out),
                }
            }
            ("require", _) => out.fault(*line, "a requirement has no version"),
            _ => {}
        }
    }
    if !indirect_are_listed && directives.iter().any(|directive| directive.verb == "require") {
        out.unjudged(0, "indirect dependencies", "go.mod lists them only since `go 1.17`");
    }
    Ok(())
}

fn lists_indirect(version: &str) -> bool {
    Version::parse(Ecosystem::Go, version)
        .zip(Version::parse(Ecosystem::Go, "1.17"))
        .is_some_and(|(version, first)| version.compare(&first).is_ge())
}

/// Lines and blocks (`require (` to `)`), without comments.
fn directives(text: &str) -> Result<Vec<Directive<'_>>, TextFault> {
    let mut block: Option<(&str, usize)> = None;
    let mut found = Vec::new();
    for (number, line) in lines(text) {
        let line = line.split("//").next().unwrap_or(line).trim();
        let mut words: Vec<&str> =
            line.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        match (words.as_slice(), block) {
            ([], _) => {}
            ([")"], Some(_)) => block = None,
            (_, Some((verb, _))) => found.push(Directive { line: number, verb, words }),
            ([verb, "("], None) => block = Some((verb, number)),
            ([verb, ..], None) => {
                let verb = *verb;
                words.remove(0);
                found.push(Directive { line: number, verb, words });
            }
        }
    }
    match block {
        Some((verb, line)) => Err(TextFault::new(line, format!("the block `{verb} (` does not end"))),
        None => Ok(found),
    }
}

fn module(path: &str, version: &str, line: usize, out: &mut Contents) {
    match Version::parse(Ecosystem::Go, version) {
        Some(_) => {
            let version = version.strip_prefix('v').unwrap_or(version);
            out.package(Ecosystem::Go, path, version, line, Scope::Unsaid);
        }
        None => out.fault(line, format!("`{version}` of {path} is no version")),
    }
}

/// The highest version of each module whose content was downloaded. Older ones stand there from former builds.
pub(super) fn read_sum(text: &str, out: &mut Contents) -> Result<(), TextFault> {
    let mut modules: BTreeMap<&str, (usize, &str, Version)> = BTreeMap::new();
    for (number, line) in lines(text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (path, version) = match words.as_slice() {
            [] => continue,
            [path, version, hash] if hash.starts_with("h1:") => (*path, *version),
            _ => {
                return Err(TextFault::new(
                    number,
                    "this is no line of go.sum: a module, a version and a hash",
                ));
            }
        };
        if version.ends_with("/go.mod") {
            continue;
        }
        let Some(parsed) = Version::parse(Ecosystem::Go, version) else {
            out.fault(number, format!("`{version}` of {path} is no version"));
            continue;
        };
        let is_higher = |(_, _, other): &(usize, &str, Version)| parsed.compare(other).is_gt();
        if modules.get(path).is_none_or(is_higher) {
            modules.insert(path, (number, version, parsed));
        }
    }
    for (path, (line, version, _)) in modules {
        module(path, version, line, out);
    }
    Ok(())
}
