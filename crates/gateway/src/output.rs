//! Where lines go.

use std::fs::OpenOptions;
use std::io::{self, Write};

use policy::Log;

/// Opens the log of a policy: a file to append to, or standard output.
///
/// # Errors
/// When the file cannot be opened.
pub fn open_log(log: &Log) -> io::Result<Box<dyn Write + Send>> {
    Ok(match &log.file {
        Some(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
        None => Box::new(io::stdout()),
    })
}
