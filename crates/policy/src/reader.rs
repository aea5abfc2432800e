//! Reads what a policy is made of, and collects what is wrong with it: the doors compile their settings through this,
//! so that a file is watched and a problem has its place, whichever door meets it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openapi::{Copies, Document, Problem, Source};

/// A file that a policy was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its path.
    pub path: PathBuf,
    /// The time of its last change, taken before it was read.
    pub changed: Option<SystemTime>,
}

impl PolicyFile {
    /// A file as it is now.
    pub fn at(path: PathBuf) -> PolicyFile {
        let changed = std::fs::metadata(&path).and_then(|meta| meta.modified()).ok();
        PolicyFile { path, changed }
    }
}

/// The text of a policy, the files beside it, and the problems found so far.
pub(crate) struct Reader {
    source: Source,
    directory: PathBuf,
    /// The old and the present name of every renamed setting.
    renamed: Vec<(&'static str, &'static str)>,
    pub(crate) problems: Vec<Problem>,
    /// What is told at each start.
    pub(crate) notices: Vec<Problem>,
    pub(crate) files: Vec<PolicyFile>,
}

/// Where a route is written.
#[derive(Clone)]
pub(crate) enum Place {
    /// `[[route]]` with this number.
    File(String),
    /// An operation: the JSON Pointer of each of its settings.
    Document(Vec<(String, String)>),
}

/// A route while it is compiled: the names that its settings may use, and the place for problems with it.
#[derive(Clone, Copy)]
pub(crate) struct RouteSource<'s> {
    pub(crate) path: &'s str,
    pub(crate) parameters: &'s [&'s str],
    pub(crate) place: &'s Place,
    pub(crate) document: Option<&'s Document>,
}

impl Reader {
    /// Reads from a policy's text; paths in it are relative to a directory.
    pub(crate) fn new(
        source: Source,
        directory: PathBuf,
        files: Vec<PolicyFile>,
        renamed: impl Iterator<Item = (&'static str, &'static str)>,
    ) -> Reader {
        let (renamed, problems, notices) = (renamed.collect(), Vec::new(), Vec::new());
        Reader { source, directory, renamed, problems, notices, files }
    }

    /// The policy's text.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// A path of the policy, from where the process runs.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    /// A problem with a setting of the policy's text, at the key path of the setting.
    pub(crate) fn wrong(&mut self, at: &[&str], message: impl Into<String>, help: impl Into<String>) {
        let problem = self.source.problem(self.locate(at), message);
        let help = help.into();
        self.problems.push(if help.is_empty() { problem } else { problem.with_help(help) });
    }

    /// Something about a setting that is told at each start.
    pub(crate) fn notice(&mut self, at: &[&str], message: &str, help: &str) {
        self.notices.push(self.source.problem(self.locate(at), message).with_help(help));
    }

    /// A problem with a setting of a route, where that was written.
    pub(crate) fn wrong_at(
        &mut self,
        route: RouteSource<'_>,
        at: &[&str],
        message: impl Into<String>,
        help: &str,
    ) {
        match (route.place, route.document) {
            (Place::Document(places), Some(document)) => {
                let setting = at.first().copied().unwrap_or("");
                let found = places.iter().find(|(name, _)| name == setting).or(places.first());
                let pointer = found.map_or(String::new(), |(_, pointer)| {
                    let rest = at.get(1..).unwrap_or_default();
                    rest.iter().fold(pointer.clone(), |pointer, part| format!("{pointer}/{part}"))
                });
                let problem = document.problem(&pointer, message);
                self.problems.push(if help.is_empty() { problem } else { problem.with_help(help) });
            }
            (Place::File(index), _) => {
                let path: Vec<&str> = ["route", index].into_iter().chain(at.iter().copied()).collect();
                self.wrong(&path, message, help);
            }
            (Place::Document(_), None) => self.wrong(&[], message, help),
        }
    }

    /// The place of a setting: under its name, or under the old spelling that the file uses.
    fn locate(&self, at: &[&str]) -> Option<std::ops::Range<usize>> {
        let table = self.source.text().parse::<toml::Table>().ok()?;
        let root = toml::Value::Table(table);
        let mut value = Some(&root);
        let mut spelled = Vec::new();
        for name in at {
            let old = self.renamed.iter().find(|(_, new)| new == name).map(|(old, _)| *old);
            let has = |name: &str| value.and_then(|value| value.get(name)).is_some();
            let name = old.filter(|old| !has(name) && has(old)).unwrap_or(name);
            value = value.and_then(|value| match name.parse::<usize>() {
                Ok(index) if value.is_array() => value.get(index),
                _ => value.get(name),
            });
            spelled.push(name);
        }
        self.source.locate(&spelled)
    }

    /// The text of a file, which is watched from now on.
    pub(crate) fn text(&mut self, path: &Path) -> Option<Source> {
        self.files.push(PolicyFile::at(path.to_owned()));
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Some(Source::new(name, text)),
            Err(e) => {
                self.problems.push(Source::new(name, "").problem(None, format!("cannot be read: {e}")));
                None
            }
        }
    }

    /// The bytes of a file that a setting names, which is watched from now on.
    pub(crate) fn file(&mut self, file: &Path, at: &[&str]) -> Option<Vec<u8>> {
        let path = self.path(file);
        self.files.push(PolicyFile::at(path.clone()));
        match std::fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(e) => {
                self.wrong(at, format!("{} cannot be read: {e}", path.display()), "");
                None
            }
        }
    }

    /// A secret from a file that only its owner reads; at the key path of the setting that names it.
    pub(crate) fn secret_file(&mut self, file: &Path, at: &[&str]) -> Option<Vec<u8>> {
        self.private(&self.path(file), at);
        self.file(file, at)
    }

    /// A secret from an environment variable.
    pub(crate) fn secret_env(&mut self, variable: &str, at: &[&str]) -> Option<String> {
        match std::env::var(variable) {
            Ok(secret) => Some(secret),
            Err(_) => {
                self.wrong(at, format!("the environment variable `{variable}` is not set"), "");
                None
            }
        }
    }

    /// A secret that everybody on the machine may read is an error.
    pub(crate) fn private(&mut self, file: &Path, at: &[&str]) {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(meta) = std::fs::metadata(file)
            && meta.permissions().mode() & 0o004 != 0
        {
            self.wrong(
                at,
                format!("{} can be read by everybody on this machine", file.display()),
                format!("chmod 600 {}", file.display()),
            );
        }
    }

    /// The OpenAPI document, with its overlays and the local copies of what it refers to.
    pub(crate) fn document(
        &mut self,
        path: &Path,
        overlays: &[PathBuf],
        copies: &Copies,
    ) -> Option<Document> {
        let document = self.text(path)?;
        let overlays = overlays.iter().map(|path| self.text(path)).collect::<Option<Vec<_>>>()?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let copies = copies.iter().map(|(url, copy)| (url.clone(), self.path(copy))).collect();
        let parsed = Document::with_overlays(&document, Some(directory), &overlays, &copies);
        let parsed = parsed.map_err(|problem| self.problems.push(problem)).ok()?;
        self.files.extend(parsed.other_files().cloned().map(PolicyFile::at));
        Some(parsed)
    }
}
