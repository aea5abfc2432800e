//! `doorward man`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, bold, roman};

use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Man {
    /// Write the page of every command into this directory, instead of the first one to standard output.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, cli: clap::Command) -> Result<Exit, Failure> {
        let mut cli = cli.disable_help_subcommand(true);
        cli.build();
        let Some(dir) = self.dir else {
            let page = page(&cli, &[]).map_err(Failure::could_not_run)?;
            outln!("{}", String::from_utf8_lossy(&page).trim_end());
            return Ok(Exit::Success);
        };
        let cannot = |e| Failure::could_not_run(format!("{} cannot be written: {e}", dir.display()));
        std::fs::create_dir_all(&dir).map_err(cannot)?;
        let mut commands = Vec::new();
        below(&cli, &mut commands);
        let names: Vec<&str> = commands.iter().map(|command| name(command)).collect();
        for command in &commands {
            let text = page(command, &names).map_err(Failure::could_not_run)?;
            std::fs::write(dir.join(format!("{}.1", name(command))), text).map_err(cannot)?;
        }
        Ok(Exit::Success)
    }
}

/// A command and all below it.
fn below<'a>(command: &'a clap::Command, all: &mut Vec<&'a clap::Command>) {
    all.push(command);
    command.get_subcommands().for_each(|sub| below(sub, all));
}

/// `doorward-rules-test`, as its page is called.
fn name(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page of a command. `names` are those of all pages.
fn page(command: &clap::Command, names: &[&str]) -> io::Result<Vec<u8>> {
    let page = Page::new(command.clone())
        .title(name(command).to_uppercase())
        // Not the day of the build: one source makes the same pages. An empty date would move what follows into its place.
        .date(" ")
        .source(concat!("doorward ", env!("CARGO_PKG_VERSION")))
        .manual("Doorward");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    let usage = command.clone().render_usage().to_string();
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]).text([roman(usage.trim_start_matches("Usage: "))]);
    synopsis.to_writer(&mut text)?;
    if command.get_long_about().is_some() {
        page.render_description_section(&mut text)?;
    }
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let mut end = Roff::new();
    end.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in [
        ("0", "success"),
        ("1", "the command found problems"),
        ("2", "wrong usage, or an invalid policy"),
        ("3", "it could not run"),
    ] {
        end.control("TP", []).text([bold(code)]).text([roman(meaning)]);
    }
    let others: Vec<String> = names
        .iter()
        .filter(|other| is_near(name(command), other))
        .map(|other| format!("{other}(1)"))
        .collect();
    if !others.is_empty() {
        // Neither names cut in two nor lines filled up with blanks.
        end.control("SH", ["SEE ALSO"])
            .control("nh", [])
            .control("ad", ["l"])
            .text([roman(others.join(", "))]);
    }
    end.to_writer(&mut text)?;
    Ok(text)
}

/// Whether one of two commands is directly below the other.
fn is_near(one: &str, other: &str) -> bool {
    let parent = |child: &str| child.rsplit_once('-').map(|(parent, _)| parent.to_owned());
    parent(one).as_deref() == Some(other) || parent(other).as_deref() == Some(one)
}
