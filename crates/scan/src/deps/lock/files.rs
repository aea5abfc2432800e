//! Reading files of a tree that somebody else wrote: bounded in size, and never outside of the tree.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::deps::limits::Limits;

/// The files below one directory.
#[derive(Debug)]
pub(crate) struct Files<'l> {
    root: PathBuf,
    limits: &'l Limits,
}

impl<'l> Files<'l> {
    pub(crate) fn below(root: &Path, limits: &'l Limits) -> std::io::Result<Self> {
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        Ok(Files { root: root.canonicalize()?, limits })
    }

    pub(crate) fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &Path) -> Result<String, String> {
        let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        let mut bytes = Vec::new();
        let most = self.limits.file_bytes;
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be read: {error}"))?;
        if bytes.len() as u64 > most {
            return Err(format!("is larger than {most} bytes"));
        }
        let mut text = String::from_utf8(bytes).map_err(|_| "is not in UTF-8".to_owned())?;
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Ok(text)
    }

    /// Another file that a file names by a path relative to itself: the path as shown, and what identifies it.
    pub(crate) fn beside(&self, file: &str, relative: &str) -> Result<(String, PathBuf), String> {
        let path = Path::new(file).parent().unwrap_or(Path::new("")).join(relative);
        let real = path.canonicalize().map_err(|error| format!("cannot be read: {error}"))?;
        if !real.starts_with(&self.root) {
            return Err("is outside of the directory that is scanned".to_owned());
        }
        if !real.is_file() {
            return Err("is no file".to_owned());
        }
        Ok((plain(&path).display().to_string(), real))
    }
}

/// The path without `.` and `..`, so that a file has one name however it is reached.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
