//! What a person is told when a file cannot be used.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::error::StoreError;

/// An error of the database, with the file and the mend.
pub(super) fn explain(path: &Path, error: &Error) -> StoreError {
    let at = path.display();
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Unusable(format!(
            "{at} is not a database, or its beginning is damaged; name another file, or restore a backup"
        )),
        Some(ErrorCode::DatabaseCorrupt) => {
            StoreError::Unusable(format!("{at} is damaged ({error}); restore a backup"))
        }
        Some(ErrorCode::CannotOpen) if directory.is_some_and(|directory| !directory.is_dir()) => {
            let directory = directory.unwrap_or(path).display();
            StoreError::Unavailable(format!(
                "{at}: there is no directory {directory}; make it, and let the user that runs this program write to it"
            ))
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreError::Unavailable(format!(
                "{at}: {error}; let the user that runs this program write to this file and to its directory"
            ))
        }
        Some(ErrorCode::DiskFull) => {
            StoreError::Unavailable(format!("{at}: the disk is full; make room on it"))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable(format!(
            "{at}: another program has kept it locked for seconds; end that one, or try again"
        )),
        _ => StoreError::Unavailable(format!("{at}: {error}")),
    }
}
