//! What a directory depends on: all lock files in it, read.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::limits::Limits;
use super::lock::{Files, Kind, plain};
use super::package::{Contents, Fault, Package, Scope, Unjudged};

/// Directories that hold what was installed or built, not what was asked for.
const LEFT_OUT: [&str; 6] = ["node_modules", "target", ".git", "vendor", ".venv", "__pycache__"];

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The files, in the order of their paths.
    pub files: Vec<String>,
    /// The packages, in the order of files and lines.
    pub packages: Vec<Package>,
    /// What has no exact version of a public package.
    pub unjudged: Vec<Unjudged>,
    /// What could not be read.
    pub faults: Vec<Fault>,
}

/// Why there is nothing to judge.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The path cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// The path is a file of no kind that is known.
    #[error("{path}: this is no lock file that is known by its name")]
    Unknown {
        /// The path.
        path: String,
    },
    /// A directory has no lock file, which is not the same as no vulnerable dependency.
    #[error("{path}: there is no lock file in it")]
    Nothing {
        /// The path.
        path: String,
    },
}

/// Reads a lock file, or all that are below a directory. Symbolic links are not followed.
///
/// # Errors
/// When there is nothing to judge. What is wrong with a file is among the [faults](Inventory::faults).
pub fn inventory(path: &Path, limits: &Limits) -> Result<Inventory, InventoryError> {
    let shown = path.display().to_string();
    let unreadable = |error| InventoryError::Unreadable { path: shown.clone(), error };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    let mut found = Inventory::default();
    let (root, files) = match metadata.is_dir() {
        true => (path, walk(path, limits, &mut found)),
        false => {
            let kind = kind_of(path).ok_or_else(|| InventoryError::Unknown { path: shown.clone() })?;
            (path.parent().unwrap_or(Path::new("")), vec![(path.to_owned(), kind)])
        }
    };
    if files.is_empty() && found.faults.is_empty() {
        return Err(InventoryError::Nothing { path: shown });
    }
    let access = Files::below(root, limits).map_err(unreadable)?;
    for (path, kind) in files {
        found.read(&path, kind, &access);
    }
    found.without_repetitions();
    Ok(found)
}

fn kind_of(path: &Path) -> Option<Kind> {
    let directory = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    Kind::of(path.file_name()?.to_str()?, directory)
}

/// The lock files below a directory.
fn walk(root: &Path, limits: &Limits, found: &mut Inventory) -> Vec<(PathBuf, Kind)> {
    let wanted = |entry: &DirEntry| {
        let name = entry.file_name().to_str();
        entry.depth() == 0 || !entry.file_type().is_dir() || name.is_none_or(|name| !LEFT_OUT.contains(&name))
    };
    let too_deep = limits.depth;
    let walk = WalkDir::new(root).follow_links(false).max_depth(too_deep).sort_by_file_name();
    let mut files = Vec::new();
    let mut fault = |path: &Path, reason: String| {
        found.faults.push(Fault { file: path.display().to_string(), line: 0, reason });
    };
    for (count, entry) in walk.into_iter().filter_entry(wanted).enumerate() {
        if count >= limits.entries {
            fault(
                root,
                format!(
                    "there are more than {} files and directories; the rest was not looked at",
                    limits.entries
                ),
            );
            break;
        }
        match entry {
            Ok(entry) if entry.file_type().is_dir() && entry.depth() == too_deep => {
                fault(entry.path(), format!("directories deeper than {too_deep} are not looked at"));
            }
            Ok(entry) if entry.file_type().is_file() => {
                let Some(kind) = kind_of(entry.path()) else { continue };
                if files.len() == limits.files {
                    fault(
                        root,
                        format!("there are more than {} lock files; the rest was not read", limits.files),
                    );
                    break;
                }
                files.push((entry.into_path(), kind));
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                fault(&path, format!("cannot be looked at: {error}"));
            }
        }
    }
    // go.sum says less than go.mod beside it.
    let modules: HashSet<PathBuf> = files
        .iter()
        .filter(|(_, kind)| *kind == Kind::GoMod)
        .filter_map(|(path, _)| Some(path.parent()?.to_owned()))
        .collect();
    files.retain(|(path, kind)| {
        *kind != Kind::GoSum || path.parent().is_none_or(|dir| !modules.contains(dir))
    });
    files
}

impl Inventory {
    fn read(&mut self, path: &Path, kind: Kind, access: &Files<'_>) {
        let file = plain(path).display().to_string();
        let mut out = Contents::of(file.clone());
        match access.read(path) {
            Ok(text) => {
                if let Err(fault) = kind.read(&text, access, &mut out) {
                    out.fault(fault.line, fault.reason);
                }
            }
            Err(reason) => out.fault(0, reason),
        }
        self.files.push(file.clone());
        let room = access.limits().packages.saturating_sub(self.packages.len());
        if out.packages.len() > room {
            out.packages.truncate(room);
            let reason =
                format!("there are more than {} packages; the rest is not judged", access.limits().packages);
            out.fault(0, reason);
        }
        self.packages.append(&mut out.packages);
        self.unjudged.append(&mut out.unjudged);
        self.faults.append(&mut out.faults);
    }

    /// A package may stand in a file many times, and a file be included by others: the first place counts.
    fn without_repetitions(&mut self) {
        // The place where a package is used for more than development says more.
        let mut best: HashMap<_, usize> = HashMap::new();
        for (index, p) in self.packages.iter().enumerate() {
            let key = (p.file.clone(), p.ecosystem, p.ecosystem.key(&p.name), p.version.clone());
            let known = best.entry(key).or_insert(index);
            let is_development =
                |at: usize| self.packages.get(at).is_some_and(|p| p.scope == Scope::Development);
            if is_development(*known) && !is_development(index) {
                *known = index;
            }
        }
        let best: HashSet<usize> = best.into_values().collect();
        let mut index = 0..;
        self.packages.retain(|_| index.next().is_some_and(|index| best.contains(&index)));
        self.packages.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        let mut seen = HashSet::new();
        self.unjudged.retain(|u| seen.insert((u.file.clone(), u.line, u.what.clone())));
        let mut seen = HashSet::new();
        self.faults.retain(|f| seen.insert((f.file.clone(), f.line, f.reason.clone())));
    }

    /// Leaves out what is only for development.
    pub fn omit_development(&mut self) {
        self.packages.retain(|package| package.scope != Scope::Development);
    }
}
