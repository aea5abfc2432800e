//! Opens log destinations.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use policy::{Log, Policy};

/// Opens the log of a policy: a file to append to, or standard output.
///
/// # Errors
/// If the file cannot be opened.
pub fn open_log(log: &Log) -> io::Result<Box<dyn Write + Send>> {
    Ok(match &log.file {
        Some(path) => Box::new(append_to(path)?),
        None => Box::new(io::stdout()),
    })
}

/// Opens the audit log of a policy's rule set for appending; `None` if the policy configures none.
///
/// # Errors
/// If the file cannot be opened.
pub fn open_audit_log(policy: &Policy) -> io::Result<Option<impl Write + Send + use<>>> {
    let path = policy.injection.core_rule_set.as_ref().and_then(|rules| rules.audit_log.as_ref());
    path.map(|path| append_to(path)).transpose()
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
