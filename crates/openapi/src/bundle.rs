//! A document with the files that it refers to, as one tree.
//!
//! Every other file is put under [`FILES`] and references to it become local ones, so that a reader of the tree
//! follows local references only. Positions lead back to the file where a value was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::{Map, Value};

use crate::diagnostics::{Problem, Source};
use crate::fragment;
use crate::overlay;
use crate::positions::Positions;
use crate::value::read_value;

/// Where other files stand in the tree.
const FILES: &str = "x-doorward-files";
/// Files that one document may refer to, and how large they may be together.
const MAX_FILES: usize = 256;
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The tree, and where it was written.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) root: Value,
    /// The document itself, as it was written.
    document: File,
    /// What it refers to, numbered from 1.
    others: Vec<File>,
    /// What overlays added: where it stands in the tree, in which overlay, and where there it was written.
    added: Vec<(String, usize, String)>,
    /// Paths with the methods that overlays took from them.
    pub(crate) removed: Vec<(String, Vec<Method>)>,
    overlays: Vec<File>,
    copies: Copies,
}

/// Directories that hold copies of what is on other machines, by the URLs that these begin with.
pub type Copies = BTreeMap<String, PathBuf>;

#[derive(Debug)]
struct File {
    source: Source,
    positions: Positions,
    path: Option<PathBuf>,
}

impl File {
    fn new(source: Source, path: Option<PathBuf>) -> Self {
        File { positions: Positions::of(source.text()), source, path }
    }
}

impl Bundle {
    /// Reads a document and what it refers to. Without a directory it may refer to nothing outside itself.
    pub(crate) fn read(
        source: &Source,
        directory: Option<&Path>,
        overlays: &[Source],
        copies: &Copies,
    ) -> Result<Bundle, Problem> {
        let mut root = read_value(source)?;
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for (i, overlay) in overlays.iter().enumerate() {
            let by_this = overlay::apply(&mut root, overlay)?;
            added.extend(by_this.added.into_iter().map(|(pointer, written)| (pointer, i, written)));
            removed.extend(by_this.removed);
        }
        let overlays = overlays.iter().map(|source| File::new(source.clone(), None)).collect();
        let path = directory.map(|directory| directory.join(file_name(source.name())));
        let document = File::new(source.clone(), path);
        let mut bundle = Bundle {
            root: Value::Null,
            document,
            others: Vec::new(),
            added,
            removed,
            overlays,
            copies: copies.clone(),
        };
        let mut others = Map::new();
        let mut read = 0;
        bundle.localize(0, &mut root, directory)?;
        let mut next = 1;
        while let Some(file) = bundle.others.get(next - 1) {
            let source = file.source.clone();
            read += source.text().len();
            if next > MAX_FILES || read > MAX_BYTES {
                return Err(source.problem(None, "the document refers to too many files"));
            }
            let mut value = read_value(&source)?;
            bundle.localize(next, &mut value, directory)?;
            others.insert(next.to_string(), value);
            next += 1;
        }
        if let (Value::Object(root), false) = (&mut root, others.is_empty()) {
            root.insert(FILES.into(), Value::Object(others));
        }
        bundle.root = root;
        Ok(bundle)
    }

    /// The files beside the document itself.
    pub(crate) fn other_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.others.iter().filter_map(|file| file.path.as_ref())
    }

    /// A problem at a pointer of the tree, in the file where that was written.
    pub(crate) fn problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
        let within =
            |added: &str| pointer.strip_prefix(added).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        // The last definition counts.
        let by_overlay =
            self.added.iter().rev().find_map(|(at, i, written)| {
                Some((self.overlays.get(*i)?, format!("{written}{}", within(at)?)))
            });
        if let Some((overlay, written)) = by_overlay {
            return overlay.source.problem(overlay.positions.find(&written), message);
        }
        let inside = pointer.strip_prefix('/').and_then(|p| p.strip_prefix(FILES)).and_then(|p| {
            let inside = p.strip_prefix('/')?;
            let (number, rest) = inside.split_once('/').unwrap_or((inside, ""));
            Some((number.parse::<usize>().ok()?, rest))
        });
        let (file, pointer) = match inside {
            Some((number, rest)) if number <= self.others.len() => (self.file(number), format!("/{rest}")),
            _ => (&self.document, pointer.to_owned()),
        };
        file.source.problem(file.positions.find(&pointer), message)
    }

    /// A file by its number; 0 is the document.
    fn file(&self, number: usize) -> &File {
        number.checked_sub(1).and_then(|at| self.others.get(at)).unwrap_or(&self.document)
    }

    /// Makes references to other files local, and notes the files.
    fn localize(
        &mut self,
        number: usize,
        value: &mut Value,
        directory: Option<&Path>,
    ) -> Result<(), Problem> {
        match value {
            Value::Array(items) => {
                items.iter_mut().try_for_each(|item| self.localize(number, item, directory))
            }
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get_mut("$ref") {
                    let local = self.local(number, target, directory)?;
                    *target = local;
                }
                // OpenAPI 3.1 §4.8.25: a discriminator names schemas by reference too.
                if let Some(Value::Object(mapping)) = map.get_mut("mapping") {
                    for target in mapping.values_mut() {
                        if let Value::String(target) = target
                            && target.contains(['#', '/'])
                        {
                            let local = self.local(number, target, directory)?;
                            *target = local;
                        }
                    }
                }
                map.values_mut().try_for_each(|item| self.localize(number, item, directory))
            }
            _ => Ok(()),
        }
    }

    /// Where the copy of a URL is: under the longest known beginning of it, and not outside of that.
    fn copy_of(&self, url: &str) -> Option<PathBuf> {
        let known = self.copies.iter().filter(|(begin, _)| url.starts_with(begin.as_str()));
        let (begin, directory) = known.max_by_key(|(begin, _)| begin.len())?;
        let rest = url.strip_prefix(begin.as_str())?.trim_start_matches('/');
        let inside = rest.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        inside.then(|| directory.join(rest))
    }

    fn local(&mut self, number: usize, target: &str, directory: Option<&Path>) -> Result<String, Problem> {
        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
        let fragment = fragment::decode(fragment);
        if file.is_empty() {
            let prefix = if number == 0 { String::new() } else { format!("/{FILES}/{number}") };
            return Ok(format!("#{prefix}{fragment}"));
        }
        let here = self.file(number);
        let wrong = |message: String| {
            let at = here.source.text().find(target).map(|at| at..at + target.len());
            here.source.problem(at, message)
        };
        let copied = file.contains("://").then(|| self.copy_of(file));
        if let Some(None) = copied {
            return Err(wrong(format!("`$ref: {target}` is on another machine")).with_help(
                "download it, and say where the copy is: `[gateway.references]`, URL = directory",
            ));
        }
        let (Some(_), Some(base)) = (directory, here.path.as_deref().and_then(Path::parent)) else {
            return Err(wrong(format!("`$ref: {target}` leaves the document"))
                .with_help("read the document from a file, so that others can be found beside it"));
        };
        let path = copied.flatten().unwrap_or_else(|| base.join(file));
        let mut known = std::iter::once(&self.document).chain(&self.others);
        let found = known.position(|known| known.path.as_ref() == Some(&path));
        let found = match found {
            Some(found) => found,
            None => {
                let text = std::fs::read_to_string(&path).map_err(|e| {
                    wrong(format!("`$ref: {target}`: {} cannot be read: {e}", path.display()))
                })?;
                self.others.push(File::new(Source::new(path.display().to_string(), text), Some(path)));
                self.others.len()
            }
        };
        let prefix = if found == 0 { String::new() } else { format!("/{FILES}/{found}") };
        Ok(format!("#{prefix}{fragment}"))
    }
}

fn file_name(name: &str) -> &str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or(name)
}
