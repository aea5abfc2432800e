//! The errors of this crate.

use std::path::PathBuf;

/// Why a suite cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum FtwError {
    /// A file of tests or overrides cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    File {
        /// The file or directory.
        file: PathBuf,
        /// The error of the file system or of the YAML reader.
        reason: String,
    },
    /// A text is not a suite or a list of overrides.
    #[error("{0}")]
    Format(String),
    /// The rules cannot be compiled.
    #[error(transparent)]
    Rules(#[from] seclang::SyntaxError),
    /// The gateway of [`crate::Mode::ThroughGateway`] does not start.
    #[error("cannot start the gateway: {0}")]
    Gateway(String),
}
