//! Files that nobody else may read.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// How long one program waits for another that writes to the same file.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Creates the file for its owner alone, if there is none. What goes wrong here goes wrong again, with a message, when the
/// file is opened.
pub(super) fn create_private(path: &Path) {
    let _ = owner_only().create(true).open(path);
    // The name of a file that keeps what was answered survives a power cut too.
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all());
}

/// Creates a file for its owner alone.
///
/// # Errors
/// If there is one.
pub(super) fn create_new(path: &Path) -> std::io::Result<File> {
    owner_only().create_new(true).open(path)
}

fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes from others what they may do with a file, and with those beside it. New ones get its mode from SQLite.
pub(super) fn narrow(path: &Path) {
    #[cfg(unix)]
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        if std::fs::metadata(&file).is_ok_and(|found| found.is_file()) {
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            let _ = std::fs::set_permissions(&file, owner_only);
        }
    }
}

/// Which file a path leads to; nothing where it leads to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(Option<(u64, u64)>);

impl FileId {
    pub(super) fn of(path: &Path) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            FileId(std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino())))
        }
        #[cfg(not(unix))]
        {
            FileId(std::fs::metadata(path).ok().map(|_| (0, 0)))
        }
    }
}

/// A connection to a file that waits while others write to it.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}
