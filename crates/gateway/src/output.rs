//! Log files: opened, and opened anew when something has moved them.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guard::{FanOut, LineWriter};
use policy::Policy;

/// A log file that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot open the log {}: {error}; write `{setting}` to a file in a directory that this user may write to{otherwise}",
    path.display()
)]
pub struct LogError {
    path: PathBuf,
    setting: &'static str,
    otherwise: &'static str,
    error: io::Error,
}

/// The logs of a policy: events, lines of requests, the audit log of a rule set.
pub struct Logs {
    /// Events, and lines of requests where those have no file of their own.
    events: Writer,
    access: Option<Writer>,
    audit: Option<Writer>,
}

/// What writes to a place that a setting names.
struct Writer {
    writer: Arc<LineWriter>,
    place: Option<Place>,
}

/// A file, and the setting that names it.
struct Place {
    path: PathBuf,
    setting: &'static str,
}

impl Logs {
    /// Opens the logs of a policy: files to append to, or standard output.
    ///
    /// # Errors
    /// If a file cannot be opened.
    pub fn open(policy: &Policy) -> Result<Logs, LogError> {
        let log = &policy.log;
        let lines = log.access.as_ref();
        let file = |path: &Option<PathBuf>, setting| path.clone().map(|path| Place { path, setting });
        let styled = |writer: LineWriter| match lines {
            Some(lines) => writer.access_style(lines.style.clone()),
            None => writer,
        };
        let access = match lines.and_then(|lines| file(&lines.file, "[log] access_file")) {
            Some(place) => Some(Writer::to_file(place, &styled)?),
            None => None,
        };
        let events = match file(&log.file, "[log] file") {
            Some(place) => Writer::to_file(place, &styled)?,
            None => Writer { writer: Arc::new(styled(LineWriter::new(io::stdout()))), place: None },
        };
        let rules = policy.injection.core_rule_set.as_ref();
        let audit = match rules.and_then(|rules| file(&rules.audit_log, "[waf.crs] audit_log")) {
            Some(place) => Some(Writer::to_file(place, &|writer| writer)?),
            None => None,
        };
        Ok(Logs { events, access, audit })
    }

    /// The sinks of a guard that write to these logs.
    pub fn sinks(&self, policy: &Policy) -> FanOut {
        let mut sinks = FanOut::new().events(self.events.writer.clone());
        if policy.log.access.is_some() {
            sinks = sinks.access(self.access.as_ref().unwrap_or(&self.events).writer.clone());
        }
        match &self.audit {
            Some(audit) => sinks.audit(audit.writer.clone()),
            None => sinks,
        }
    }

    /// Opens the files anew, so that a file that was moved away is let go. Writes go on to the old one where that fails.
    pub(crate) fn reopen(&self) -> Vec<LogError> {
        self.writers().filter_map(|writer| writer.reopen().err()).collect()
    }

    /// Waits until everything taken so far is written; for the end of the process.
    pub fn flush(&self) {
        self.writers().for_each(|writer| writer.writer.flush());
    }

    fn writers(&self) -> impl Iterator<Item = &Writer> {
        std::iter::once(&self.events).chain(&self.access).chain(&self.audit)
    }
}

impl Writer {
    fn to_file(place: Place, styled: &dyn Fn(LineWriter) -> LineWriter) -> Result<Self, LogError> {
        let writer = Arc::new(styled(LineWriter::new(place.open()?)));
        Ok(Writer { writer, place: Some(place) })
    }

    fn reopen(&self) -> Result<(), LogError> {
        if let Some(place) = &self.place {
            self.writer.reopen(place.open()?);
        }
        Ok(())
    }
}

impl Place {
    fn open(&self) -> Result<File, LogError> {
        append_to(&self.path).map_err(|error| LogError {
            path: self.path.clone(),
            setting: self.setting,
            otherwise: if self.setting == "[log] file" {
                ", or leave it out for standard output"
            } else {
                ""
            },
            error,
        })
    }
}

/// A file that only its owner may read: logs hold addresses and paths of callers. One that was there loses what others
/// may do with it. What is no regular file stays as it is: a pipe, a terminal.
fn append_to(path: &Path) -> io::Result<File> {
    const OWNER_ONLY: u32 = 0o600;
    let file = OpenOptions::new().create(true).append(true).mode(OWNER_ONLY).open(path)?;
    let found = file.metadata()?;
    let mode = found.permissions().mode();
    if found.is_file() && mode & 0o077 != 0 {
        let narrowed = file.set_permissions(Permissions::from_mode(OWNER_ONLY));
        // Whoever owns it may have meant a group to read it, but hardly everybody.
        if mode & 0o007 != 0 {
            narrowed.map_err(|error| {
                io::Error::new(error.kind(), "everybody on this machine may read it, and chmod 600 fails")
            })?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_log_that_others_may_read_is_narrowed_when_it_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        for mode in [0o644, 0o640, 0o666, 0o600] {
            std::fs::write(&path, "before\n").unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            writeln!(append_to(&path).unwrap(), "after").unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{mode:o}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
        }
        assert!(append_to(Path::new("/dev/null")).is_ok());
    }
}
