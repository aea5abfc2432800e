//! The formats by name.

use std::fmt;
use std::str::FromStr;

use crate::results::Report;
use crate::text::Style;
use crate::tool::Tool;
use crate::{html, json, junit, markdown, sarif, text};

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Tables and lists for a terminal.
    #[default]
    Text,
    /// JSON for other programs.
    Json,
    /// SARIF 2.1.0 for code scanning.
    Sarif,
    /// JUnit XML for the test pages of build servers.
    Junit,
    /// One HTML file to read, print and pass on.
    Html,
    /// Markdown for comments on pull requests and for job summaries.
    Markdown,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 6] =
        [Format::Text, Format::Json, Format::Sarif, Format::Junit, Format::Html, Format::Markdown];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::Junit => "junit",
            Format::Html => "html",
            Format::Markdown => "markdown",
        }
    }

    /// How the names of its files end, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::Junit => "xml",
            Format::Html => "html",
            Format::Markdown => "md",
        }
    }

    /// A report in this format, with a line break at the end. `style` is for [`Format::Text`] alone.
    pub fn render(self, tool: &Tool<'_>, report: &Report, style: Style) -> String {
        match self {
            Format::Text => text::report(tool, report, style),
            Format::Json => format!("{:#}\n", json::report(tool, report)),
            Format::Sarif => format!("{:#}\n", sarif::log(tool, report)),
            Format::Junit => junit::report(tool, report),
            Format::Html => html::report(tool, report),
            Format::Markdown => markdown::report(tool, report, markdown::COMMENT),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format; the formats are text, json, sarif, junit, html and markdown")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_named = |format: &Format| format.name().eq_ignore_ascii_case(name);
        Format::ALL.into_iter().find(is_named).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_errors_that_name_them() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert_eq!(
            "pdf".parse::<Format>().unwrap_err().to_string(),
            "`pdf` is no format; the formats are text, json, sarif, junit, html and markdown"
        );
    }
}
