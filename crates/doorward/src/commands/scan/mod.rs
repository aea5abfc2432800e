//! `doorward scan`: source code and dependencies.

mod code;
mod deps;

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Scan {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Look for holes in source code: Python, JavaScript, TypeScript, Java, Go, PHP.
    Code(code::Code),
    /// Match lock files against the database of known vulnerabilities (OSV).
    Deps(deps::Deps),
}

impl Scan {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        match self.what {
            What::Code(code) => code.run(),
            What::Deps(deps) => deps.run(),
        }
    }
}
