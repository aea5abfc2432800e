//! A board in memory, which may write down what changes.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::answer::Answer;
use crate::board::{Board, Post};
use crate::error::StoreError;
use crate::millis::{Millis, unix_millis};

/// A board of one process. With a file, it outlives a restart: every change is a line, and the file is written anew when most
/// of its lines are of the past.
pub struct MemoryBoard {
    max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    posts: HashMap<String, (String, Millis)>,
    is_read: bool,
    file: Option<Written>,
}

struct Written {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl MemoryBoard {
    /// A board for about so many posts.
    pub fn new(max: usize) -> Self {
        MemoryBoard { max: max.max(1), state: Mutex::default() }
    }

    /// A board whose posts are kept in a file, which nobody else may read.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is none of this kind.
    pub fn open(max: usize, path: &Path) -> Result<Self, StoreError> {
        let unusable = |error: io::Error| StoreError::Unusable(format!("{}: {error}", path.display()));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unusable(error)),
        };
        let mut state = State::default();
        let mut lines = text.split('\n').enumerate().peekable();
        while let Some((n, line)) = lines.next() {
            // The last line may have been cut off by a crash.
            if line.is_empty() || lines.peek().is_none() {
                continue;
            }
            let Some((until, name, value)) = read(line) else {
                let message = format!("{}: line {} is no post; move the file away", path.display(), n + 1);
                return Err(StoreError::Unusable(message));
            };
            if until > unix_millis() {
                state.posts.insert(name, (value, until));
            } else {
                state.posts.remove(&name);
            }
        }
        state.file = Some(write_anew(path, &state.posts).map_err(unusable)?);
        Ok(MemoryBoard { max: max.max(1), state: Mutex::new(state) })
    }

    fn change(&self, name: &str, post: Option<(String, Millis)>, now: Millis) -> Result<bool, StoreError> {
        let mut state = self.state.lock();
        let State { posts, is_read, file } = &mut *state;
        *is_read = false;
        let line = post.as_ref().map_or_else(|| (String::new(), 0), Clone::clone);
        let was_there = match post {
            Some(post) => posts.insert(name.to_owned(), post).is_some(),
            None => posts.remove(name).is_some(),
        };
        if posts.len() > self.max {
            // A tenth at once, so that a full board is not searched for each post.
            posts.retain(|_, (_, until)| *until > now);
            let mut ends: Vec<Millis> = posts.values().map(|(_, until)| *until).collect();
            let surplus = posts.len().saturating_sub(self.max - self.max / 10);
            if surplus > 0 && posts.len() > self.max {
                let (_, line, _) = ends.select_nth_unstable(surplus - 1);
                let line = *line;
                posts.retain(|_, (_, until)| *until > line);
            }
        }
        if let Some(written) = file {
            let unusable =
                |error: io::Error| StoreError::Unusable(format!("{}: {error}", written.path.display()));
            if written.lines > 2 * posts.len() + 1000 {
                *written = write_anew(&written.path.clone(), posts).map_err(unusable)?;
            } else {
                written.file.write_all(text(name, &line.0, line.1).as_bytes()).map_err(unusable)?;
                written.lines += 1;
            }
        }
        Ok(was_there)
    }
}

/// A line: until when, name and value.
fn text(name: &str, value: &str, until: Millis) -> String {
    let clean = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    format!("{until}\t{}\t{}\n", clean(name), clean(value))
}

fn read(line: &str) -> Option<(Millis, String, String)> {
    let mut parts = line.splitn(3, '\t');
    let (until, name, value) = (parts.next()?, parts.next()?, parts.next()?);
    Some((until.parse().ok()?, name.to_owned(), value.to_owned()))
}

/// Writes a new file beside and puts it in place, so that a crash leaves one of the two.
fn write_anew(path: &Path, posts: &HashMap<String, (String, Millis)>) -> io::Result<Written> {
    use std::os::unix::fs::OpenOptionsExt;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let all: String = posts.iter().map(|(name, (value, until))| text(name, value, *until)).collect();
    let _ = std::fs::remove_file(&beside);
    let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(all.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    Ok(Written { path: path.to_owned(), file, lines: posts.len() })
}

impl Board for MemoryBoard {
    fn put(&self, post: Post, now: Millis) -> Answer<'_, ()> {
        answer(self.change(&post.name, Some((post.value, post.until)), now).map(|_| ()))
    }

    fn take_down(&self, name: String) -> Answer<'_, bool> {
        answer(self.change(&name, None, unix_millis()))
    }

    fn news(&self, now: Millis) -> Answer<'_, Option<Vec<Post>>> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.is_read, true) {
            return Answer::now(None);
        }
        let post = |(name, (value, until)): (&String, &(String, Millis))| Post {
            name: name.clone(),
            value: value.clone(),
            until: *until,
        };
        Answer::now(Some(state.posts.iter().filter(|(_, (_, until))| *until > now).map(post).collect()))
    }
}

fn answer<'a, T>(result: Result<T, StoreError>) -> Answer<'a, T> {
    Answer::Ready(std::future::ready(result))
}

impl Debug for MemoryBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryBoard({} posts)", self.state.lock().posts.len())
    }
}
