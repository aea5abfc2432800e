//! Exit codes: 0 success, 1 findings, 2 usage or configuration, 3 could not run.

/// How a command that ran ends.
pub(crate) enum Exit {
    /// The command succeeded.
    Success,
    /// The command ran and found problems.
    Findings,
    /// The policy is wrong, and the command has said so in the format that was asked for.
    Invalid,
}

/// Why a command failed.
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    /// The message for the user.
    pub(crate) report: miette::Report,
}

impl Failure {
    /// A usage or configuration error, which the user can fix.
    pub(crate) fn usage(report: impl Into<miette::Report>) -> Self {
        Failure { code: 2, report: report.into() }
    }

    /// An error of the environment: a port, a file system, a server.
    pub(crate) fn could_not_run(message: impl std::fmt::Display) -> Self {
        Failure { code: 3, report: miette::miette!("{message}") }
    }
}
