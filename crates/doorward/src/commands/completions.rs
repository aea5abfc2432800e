//! `doorward completions`.

use clap::Args;
use clap_complete::Shell;

use crate::exit::Exit;

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Prints the script for this shell to complete the arguments of `cli`.
    pub(crate) fn run(self, mut cli: clap::Command) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli, "doorward", &mut script);
        outln!("{}", String::from_utf8_lossy(&script).trim_end());
        Exit::Success
    }
}
