//! `doorward keys breached build`: a filter of a list of hashes.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use identity::secrets::breached::{Settings, build};

use crate::exit::{Exit, Failure};

/// Bytes of a line: 40 digits, a colon, a count, and the end of the line.
const LINE: u64 = 45;

#[derive(Args)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Build the filter. A list is sorted lines of SHA-1 hashes, `HASH` or `HASH:COUNT`, as the known service gives it out.
    Build(Build),
}

#[derive(Args)]
struct Build {
    /// The list; `-` is standard input.
    list: PathBuf,
    /// The filter to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One password in 2^BITS that is in no list is refused with those that are; each costs a bit for each hash.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(4..=24))]
    bits: u8,
    /// About how many hashes the list has; by its length when not set.
    #[arg(long)]
    expected: Option<u64>,
}

impl Command {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let Action::Build(command) = self.action;
        command.run()
    }
}

impl Build {
    fn run(self) -> Result<Exit, Failure> {
        let named = |path: &std::path::Path, error: std::io::Error| {
            Failure::usage(miette::miette!("{}: {error}", path.display()))
        };
        let is_stdin = self.list.as_os_str() == "-";
        let length = match is_stdin {
            true => None,
            false => Some(std::fs::metadata(&self.list).map_err(|e| named(&self.list, e))?.len()),
        };
        // The largest public list has some 900 million.
        let expected = self.expected.or(length.map(|length| length / LINE)).unwrap_or(900_000_000);
        let list: Box<dyn Read> = match is_stdin {
            true => Box::new(std::io::stdin().lock()),
            false => Box::new(File::open(&self.list).map_err(|e| named(&self.list, e))?),
        };
        let file = File::create_new(&self.out).map_err(|e| named(&self.out, e))?;
        let settings = Settings { bits: self.bits, ..Settings::new(expected) };
        let built = build(BufReader::new(list), BufWriter::new(file), settings);
        let built = built.map_err(|error| {
            // What is there is no filter.
            let _ = std::fs::remove_file(&self.out);
            Failure::usage(miette::miette!("{}: {error}", self.list.display()))
        })?;
        outln!(
            "{} hashes, {} bytes; one password in {} that is in no list is refused, too",
            built.count,
            built.length,
            1_u64 << self.bits
        );
        Ok(Exit::Success)
    }
}
