//! `requirements.txt`: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
//!
//! It is a lock file only where each line has an exact version (`==`). Other lines are told, for pip decides about them
//! anew at each installation. `-r` and `-c` are followed inside of the directory that is scanned.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::files::Files;
use super::lines::lines;
use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope};

/// A requirement, where it stands.
struct Requirement {
    file: String,
    line: usize,
    name: String,
    pin: Option<String>,
    why: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Required,
    Constraint,
}

struct Reader<'f, 'l> {
    files: &'f Files<'l>,
    seen: HashSet<(PathBuf, bool)>,
    required: Vec<Requirement>,
    constraints: HashMap<String, String>,
    out: Contents,
}

pub(super) fn read(text: &str, files: &Files<'_>, out: &mut Contents) {
    let file = out.file.clone();
    let mut reader = Reader {
        files,
        seen: files.beside(&file, name_of(&file)).map(|(_, real)| (real, true)).into_iter().collect(),
        required: Vec::new(),
        constraints: HashMap::new(),
        out: Contents::of(file.clone()),
    };
    reader.text(text, &file, Role::Required);
    let Reader { required, constraints, out: mut own, .. } = reader;
    for Requirement { file, line, name, pin, why } in required {
        own.file = file;
        match pin.or_else(|| constraints.get(&Ecosystem::PyPi.key(&name)).cloned()) {
            Some(version) => own.package(Ecosystem::PyPi, &name, &version, line, Scope::Unsaid),
            None => own.unjudged(line, &name, why),
        }
    }
    out.packages.append(&mut own.packages);
    out.unjudged.append(&mut own.unjudged);
    out.faults.append(&mut own.faults);
}

fn name_of(file: &str) -> &str {
    std::path::Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file)
}

impl Reader<'_, '_> {
    fn text(&mut self, text: &str, file: &str, role: Role) {
        let mut logical = String::new();
        let mut first = None;
        for (number, line) in lines(text) {
            let line = without_comment(line);
            let start = *first.get_or_insert(number);
            if let Some(continued) = line.strip_suffix('\\') {
                logical.push_str(continued);
                continue;
            }
            logical.push_str(line);
            let whole = std::mem::take(&mut logical);
            first = None;
            self.line(whole.trim(), file, start, role);
        }
        let last = first.unwrap_or(0);
        self.line(logical.trim(), file, last, role);
    }

    fn line(&mut self, line: &str, file: &str, number: usize, role: Role) {
        if line.is_empty() {
            return;
        }
        for (options, included) in
            [(["--requirement", "-r"], Role::Required), (["--constraint", "-c"], Role::Constraint)]
        {
            if let Some(path) = options.iter().find_map(|option| line.strip_prefix(option)) {
                let included = if role == Role::Constraint { role } else { included };
                self.include(path.trim_start_matches('=').trim(), file, number, included);
                return;
            }
        }
        if let Some(path) = ["--editable", "-e"].iter().find_map(|option| line.strip_prefix(option)) {
            self.unpinned(
                file,
                number,
                path.trim_start_matches('=').trim(),
                "it is installed from a path or a repository",
            );
        } else if !line.starts_with('-') {
            self.requirement(line, file, number, role);
        }
    }

    fn include(&mut self, path: &str, file: &str, number: usize, role: Role) {
        let read = self.files.beside(file, path).and_then(|(shown, real)| {
            if !self.seen.insert((real.clone(), role == Role::Required)) {
                return Ok(None);
            }
            if self.seen.len() > self.files.limits().includes {
                return Err(format!("is the file number {} that is included", self.seen.len()));
            }
            self.files.read(&real).map(|text| Some((shown, text)))
        });
        match read {
            Ok(Some((shown, text))) => self.text(&text, &shown, role),
            Ok(None) => {}
            Err(reason) => {
                let own = std::mem::replace(&mut self.out.file, file.to_owned());
                self.out.fault(number, format!("`{path}` {reason}"));
                self.out.file = own;
            }
        }
    }

    /// PEP 508: a name, extras, a specifier or `@` and a URL, a marker; pip's own options behind.
    fn requirement(&mut self, line: &str, file: &str, number: usize, role: Role) {
        let line = line.split(" --").next().unwrap_or(line);
        let end =
            line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
        let (name, rest) = line.split_at_checked(end).unwrap_or((line, ""));
        if name.is_empty() || rest.starts_with(['/', ':', '\\']) || line.starts_with('.') {
            self.unpinned(file, number, line, "it is installed from a path or a URL");
            return;
        }
        let rest = rest.split(';').next().unwrap_or(rest).trim();
        let rest = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']').map_or("", |(_, rest)| rest).trim(),
            None => rest,
        };
        if rest.starts_with('@') {
            self.unpinned(file, number, name, "it is installed from a URL");
            return;
        }
        let pin = pin(rest.trim_matches(['(', ')']));
        match (role, pin) {
            (Role::Constraint, Some(version)) => {
                self.constraints.insert(Ecosystem::PyPi.key(name), version);
            }
            (Role::Constraint, None) => {}
            (Role::Required, pin) => self.required.push(Requirement {
                file: file.to_owned(),
                line: number,
                name: name.to_owned(),
                pin,
                why: "it has no exact version (`==`)",
            }),
        }
    }

    fn unpinned(&mut self, file: &str, line: usize, what: &str, why: &'static str) {
        let (file, name) = (file.to_owned(), what.to_owned());
        let own = std::mem::replace(&mut self.out.file, file);
        self.out.unjudged(line, &name, why);
        self.out.file = own;
    }
}

/// The version of an exact clause. `==1.*` is a range.
fn pin(specifier: &str) -> Option<String> {
    let exact = |clause: &str| {
        let version = clause.trim().strip_prefix("==")?.trim_start_matches('=').trim();
        (!version.is_empty() && !version.contains('*')).then(|| version.to_owned())
    };
    specifier.split(',').find_map(exact)
}

/// A comment begins a line or follows a space.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.split_once(" #").map_or(line, |(before, _)| before).trim_end()
}
