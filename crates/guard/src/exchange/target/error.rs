//! Targets that servers read in different ways.

/// Why a target has more than one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither a path nor a URL with one.
    #[error("the target is not a path")]
    NotAPath,
    /// `.` or `..` as a segment, also escaped or with parameters.
    #[error("the path has dot segments")]
    DotSegment,
    /// A backslash, escaped or not.
    #[error("the path has a backslash")]
    Backslash,
    /// A control byte, escaped or not.
    #[error("the target has a control byte")]
    Control,
    /// `%` without two hexadecimal digits.
    #[error("the path has a broken escape")]
    BrokenEscape,
    /// A byte in a longer UTF-8 form than it has (RFC 3629 §3), or a full-width dot or slash: plain ones to some.
    #[error("the path has an overlong or full-width form")]
    Overlong,
}

impl TargetError {
    /// The name of the rule in events.
    pub const fn rule(self) -> &'static str {
        match self {
            TargetError::NotAPath => "target-not-a-path",
            TargetError::DotSegment => "path-dot-segment",
            TargetError::Backslash => "path-backslash",
            TargetError::Control => "target-control-byte",
            TargetError::BrokenEscape => "path-broken-escape",
            TargetError::Overlong => "path-overlong",
        }
    }
}
