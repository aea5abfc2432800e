//! The command line: flags and wiring over libraries that stand alone.

// A command line prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

/// Prints a line. A reader that has seen enough (`| head`) is no failure.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod commands;
mod ftw;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An exchange makes many small allocations on one thread, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Shuts every door of an API that attackers try to open, and proves it by attacking.
#[derive(Parser)]
#[command(name = "doorward", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway in front of an API; with only --upstream, safe defaults.
    Run(commands::run::Run),
    /// Write a commented doorward.toml.
    Init(commands::init::Init),
    /// Check a policy and print what holds on each route.
    Check(commands::check::Check),
    /// Send one request through the doors, without a server, and see what each says.
    Inspect(commands::inspect::Inspect),
    /// Write an OpenAPI document from traffic, for review.
    Learn(commands::learn::Learn),
    /// Attack the lab bare, hardened and behind the gate, and print the checklist.
    Demo(commands::demo::Demo),
    /// Serve a deliberately vulnerable API, to look and to practise on.
    Lab(commands::lab::Lab),
    /// Attack an API from outside and report what was found.
    Attack(commands::attack::Attack),
    /// List and explain rules of a ModSecurity rule set.
    Rules(commands::rules::Rules),
}

/// How a command ends.
enum Outcome {
    /// All is well.
    Fine,
    /// It ran, and found something.
    Findings,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Run(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Learn(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Lab(command) => command.run(),
        Command::Attack(command) => command.run(),
        Command::Rules(command) => command.run(),
    };
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{:?}", error.report);
            ExitCode::from(error.code)
        }
    }
}

/// Why a command did not do what it was asked.
struct Failure {
    code: u8,
    report: miette::Report,
}

impl Failure {
    /// Usage or configuration: the person can mend it.
    fn usage(report: impl Into<miette::Report>) -> Self {
        Failure { code: 2, report: report.into() }
    }

    /// It could not run: the surroundings have to change.
    fn could_not_run(message: impl std::fmt::Display) -> Self {
        Failure { code: 3, report: miette::miette!("{message}") }
    }
}
