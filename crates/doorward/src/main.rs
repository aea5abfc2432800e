//! The command line: flags and wiring over libraries that stand alone.

// A command line prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

/// Prints a line. A closed pipe (`| head`) is not an error.
macro_rules! outln {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod commands;
mod exit;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::exit::Exit;

/// An exchange makes many small allocations on one thread, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A security gateway for HTTP APIs, and a prober that tests it from outside.
#[derive(Parser)]
#[command(name = "doorward", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway in front of an API. Only --upstream is required.
    Run(commands::run::Run),
    /// Write a commented doorward.toml.
    Init(commands::init::Init),
    /// Check a policy and print the effective settings of each route.
    Check(commands::check::Check),
    /// Pass one request through the doors, without a server, and print every decision.
    Inspect(commands::inspect::Inspect),
    /// Draft an OpenAPI document from traffic, for review.
    Learn(commands::learn::Learn),
    /// Attack the lab unprotected, hardened and behind the gate, and print the results.
    Demo(commands::demo::Demo),
    /// Serve a deliberately vulnerable API, for demonstration and practice.
    Lab(commands::lab::Lab),
    /// Attack an API from outside and report the vulnerabilities.
    Attack(Box<commands::attack::Attack>),
    /// Look for holes in source code, and for known vulnerabilities in dependencies.
    Scan(commands::scan::Scan),
    /// List, explain and test the rules of a ModSecurity rule set.
    Rules(commands::rules::Rules),
    /// Make, list and change the users of the built-in service.
    Users(commands::users::Users),
    /// Issue, list and revoke API keys of the built-in service; make a filter of breached passwords.
    Keys(commands::keys::Keys),
    /// Refuse a client of a running gateway for a time.
    Ban(commands::operate::Ban),
    /// Lift a ban.
    Unban(commands::operate::Unban),
    /// Tell a running gateway that there is an attack, or none.
    UnderAttack(commands::operate::UnderAttack),
    /// Say how a running gateway stands, and who is banned.
    Status(commands::operate::Status),
    /// Ask a running gateway on this machine whether it is healthy, for health checks.
    Health(commands::health::Health),
    /// Print the script with which a shell completes the arguments of doorward.
    Completions(commands::completions::Completions),
    /// Print the manual page of doorward, or write the pages of all commands.
    Man(commands::man::Man),
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
        Command::Scan(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Users(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Ban(command) => command.run(),
        Command::Unban(command) => command.run(),
        Command::UnderAttack(command) => command.run(),
        Command::Status(command) => command.run(),
        Command::Health(command) => command.run(),
        Command::Completions(command) => Ok(command.run(Cli::command())),
        Command::Man(command) => command.run(Cli::command()),
    };
    match result {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::Findings) => ExitCode::from(1),
        Ok(Exit::Invalid) => ExitCode::from(2),
        Err(error) => {
            eprintln!("{:?}", error.report);
            ExitCode::from(error.code)
        }
    }
}
