//! Opens log destinations.

use std::fs::OpenOptions;
use std::io::{self, Write};

use policy::{Log, Policy};

/// Opens the log of a policy: a file to append to, or standard output.
///
/// # Errors
/// If the file cannot be opened.
pub fn open_log(log: &Log) -> io::Result<Box<dyn Write + Send>> {
    Ok(match &log.file {
        Some(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
        None => Box::new(io::stdout()),
    })
}

/// Opens the audit log of a policy's rule set for appending; `None` if the policy configures none.
///
/// # Errors
/// If the file cannot be opened.
pub fn open_audit_log(policy: &Policy) -> io::Result<Option<impl Write + Send + use<>>> {
    let path = policy.injection.core_rule_set.as_ref().and_then(|rules| rules.audit_log.as_ref());
    path.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()
}
