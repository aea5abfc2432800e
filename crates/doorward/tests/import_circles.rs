//! No import circle inside a crate: files that import each other, directly or around some corners, cannot be read,
//! moved or tested one by one.
//!
//! The files of each crate are read as tokens, without comments, texts and tests. A file imports another where a `use`
//! or a path in its code leads into it; a re-export counts as an import of what it shows.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn no_crate_has_an_import_circle() {
    let mut found = String::new();
    for directory in sorted(&crates()) {
        let name = directory.file_name().unwrap().to_string_lossy().into_owned();
        for circle in circles(&imports(&directory.join("src"))) {
            found.push_str(&format!("\n{name}: {circle:#?}"));
        }
    }
    assert!(found.is_empty(), "import circles:{found}");
}

#[test]
fn no_circle_crosses_the_rooms_of_guard() {
    let mut rooms: Imports = BTreeMap::new();
    for (from, to) in imports(&crates().join("guard/src")) {
        let to = to.iter().map(|module| room(module)).filter(|to| *to != room(&from));
        rooms.entry(room(&from)).or_default().extend(to);
    }
    let circles = circles(&rooms);
    assert!(circles.is_empty(), "rooms of guard: {circles:#?}");
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The first name of a module's path: `doors` of `doors::ownership::owner`.
fn room(module: &str) -> String {
    module.split("::").next().unwrap_or("").to_owned()
}

/// Which modules a module imports, all by their paths inside the crate. The root is the empty path.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// The circles of a graph: for each, the imports between modules that reach each other.
fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|start| (start, reached(imports, start))).collect();
    let mut circles: BTreeMap<BTreeSet<&String>, Vec<String>> = BTreeMap::new();
    for (module, reaches) in &reached {
        let returns = |to: &&String| reached.get(to).is_some_and(|back| back.contains(module));
        let members: BTreeSet<&String> = reaches.iter().copied().filter(returns).collect();
        if members.is_empty() {
            continue;
        }
        let inside = imports[*module].iter().filter(|to| members.contains(to));
        let lines = inside.map(|to| format!("{module} imports {to}")).collect::<Vec<_>>();
        circles.entry(members).or_default().extend(lines);
    }
    circles.into_values().collect()
}

/// Every module that can be reached from one.
fn reached<'g>(imports: &'g Imports, start: &'g String) -> BTreeSet<&'g String> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
    while let Some(module) = next.pop() {
        next.extend(imports.get(module).into_iter().flatten().filter(|to| seen.insert(*to)));
    }
    seen
}

/// The imports of a crate, by its files.
fn imports(src: &Path) -> Imports {
    let mut files = Vec::new();
    collect(src, src, &mut files);
    let modules: BTreeSet<String> = files.iter().map(|(module, _)| module.clone()).collect();
    let mut imports = Imports::new();
    for (module, path) in &files {
        let tokens = without_tests(tokens(&fs::read_to_string(path).unwrap()));
        let (used, mut paths) = uses(&tokens);
        paths.extend(paths_in_code(&tokens).into_iter().map(|path| expand(path, &used)));
        let to = paths.iter().filter_map(|path| resolve(module, path, &modules)).filter(|to| to != module);
        imports.entry(module.clone()).or_default().extend(to);
    }
    imports
}

/// Every source file below a directory that is not all tests, with the path of its module.
fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, PathBuf)>) {
    for path in sorted(directory) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && stem != "tests" {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|e| e == "rs") && stem != "tests" {
            let place = if ["mod", "lib", "main"].contains(&stem.as_str()) {
                path.parent().unwrap().to_owned()
            } else {
                path.with_extension("")
            };
            let names: Vec<String> = place
                .strip_prefix(root)
                .unwrap()
                .iter()
                .map(|name| name.to_string_lossy().into_owned())
                .collect();
            files.push((names.join("::"), path));
        }
    }
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The module that a path written in a module leads into; nothing where it leads out of the crate.
fn resolve(module: &str, path: &[String], modules: &BTreeSet<String>) -> Option<String> {
    let mut at: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => at.clear(),
        "self" | "super" => {}
        child if modules.contains(&join(&at, child)) => {}
        _ => return None,
    }
    while let Some(name) = rest.first() {
        match name.as_str() {
            "crate" | "self" => {}
            "super" => drop(at.pop()),
            child if modules.contains(&join(&at, child)) => at.push(child),
            _ => break,
        }
        rest = &rest[1..];
    }
    Some(at.join("::"))
}

fn join(at: &[&str], child: &str) -> String {
    at.iter().copied().chain([child]).collect::<Vec<_>>().join("::")
}

/// A path whose first name was imported, written out.
fn expand(path: Vec<String>, used: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    match used.get(&path[0]) {
        Some(whole) => whole.iter().chain(&path[1..]).cloned().collect(),
        None => path,
    }
}

/// The `use` items of a file: what their names stand for, and all their paths.
fn uses(tokens: &[String]) -> (BTreeMap<String, Vec<String>>, Vec<Vec<String>>) {
    let (mut names, mut paths) = (BTreeMap::new(), Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        // `use<'a>` in a type is another thing.
        if token == "use" && tokens.get(at + 1).is_some_and(|next| next != "<") {
            tree(tokens, at + 1, &[], &mut names, &mut paths);
        }
    }
    (names, paths)
}

/// One branch of a `use` item, from its first name on. Answers where it ends.
fn tree(
    tokens: &[String],
    mut at: usize,
    before: &[String],
    names: &mut BTreeMap<String, Vec<String>>,
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let mut path = before.to_vec();
    loop {
        match tokens[at].as_str() {
            "::" | "*" => at += 1,
            "{" => {
                at += 1;
                while tokens[at] != "}" {
                    at = tree(tokens, at, &path, names, paths);
                    at += usize::from(tokens[at] == ",");
                }
                return at + 1;
            }
            "," | ";" | "}" => break,
            "as" => {
                names.insert(tokens[at + 1].clone(), path.clone());
                paths.push(path);
                return at + 2;
            }
            "self" if !path.is_empty() && path != ["super"] => at += 1,
            name => {
                path.push(name.to_owned());
                at += 1;
            }
        }
    }
    if let Some(last) = path.last() {
        names.insert(last.clone(), path.clone());
        paths.push(path);
    }
    at
}

/// The paths of at least two names that stand in code.
fn paths_in_code(tokens: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut path = Vec::new();
        if is_name(&tokens[at]) && (at == 0 || (tokens[at - 1] != "::" && tokens[at - 1] != ".")) {
            path.push(tokens[at].clone());
            while tokens.get(at + 1).is_some_and(|t| t == "::")
                && tokens.get(at + 2).is_some_and(|t| is_name(t))
            {
                path.push(tokens[at + 2].clone());
                at += 2;
            }
        }
        if path.len() > 1 {
            paths.push(path);
        }
        at += 1;
    }
    paths
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The tokens without items that only tests have.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].iter().take(MARK.len()).eq(MARK.iter()) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += MARK.len();
        let mut depth = 0;
        while at < tokens.len() {
            match tokens[at].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 && [";", "}"].contains(&tokens[at - 1].as_str()) {
                break;
            }
        }
    }
    kept
}

/// Names, `::` and single marks; comments, texts, characters and lifetimes are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_text(rest) {
            length
        } else if first == '"' || rest.starts_with("b\"") || rest.starts_with("c\"") {
            quoted(rest, '"')
        } else if rest.starts_with("b'") || (first == '\'' && !is_lifetime(rest)) {
            quoted(rest, '\'')
        } else if first == '\'' {
            1 + name_length(&rest[1..])
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            let length = name_length(rest).max(first.len_utf8());
            tokens.push(rest[..length].to_owned());
            length
        };
        rest = &rest[length..];
    }
    tokens
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn is_lifetime(text: &str) -> bool {
    let name = name_length(&text[1..]);
    name > 0 && !text[1 + name..].starts_with('\'')
}

/// The length of a quoted text or character, from its prefix to its closing mark.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    let start = text.find(mark).unwrap_or(0) + 1;
    for (at, c) in text[start..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return start + at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw text, when one begins here.
fn raw_text(text: &str) -> Option<usize> {
    let after = ["r", "br", "cr"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(())?;
    let start = text.len() - after.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()))
}
