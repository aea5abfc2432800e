//! Opens log destinations.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
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

/// A file that only its owner may read: logs hold addresses and paths of callers.
fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}
