//! How much of what others wrote is read.

/// Limits of a scan. What exceeds one is a failure that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest lock file, in bytes.
    pub file_bytes: u64,
    /// The most lock files.
    pub files: usize,
    /// The most entries of directories that are walked.
    pub entries: usize,
    /// How deep directories are walked, and how deep values may be nested in a file.
    pub depth: usize,
    /// The most values in one file.
    pub nodes: usize,
    /// The most packages of all files together.
    pub packages: usize,
    /// The most files that one file may include or inherit from.
    pub includes: usize,
    /// The largest advisory, in bytes.
    pub record_bytes: u64,
    /// The most advisories that are looked at in one export.
    pub records: usize,
    /// The most bytes of an export, unpacked.
    pub export_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file_bytes: 32 << 20,
            files: 2_000,
            entries: 1_000_000,
            depth: 64,
            nodes: 4_000_000,
            packages: 200_000,
            includes: 64,
            record_bytes: 16 << 20,
            records: 2_000_000,
            export_bytes: 16 << 30,
        }
    }
}
