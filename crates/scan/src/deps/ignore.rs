//! What somebody has looked at and lives with, in `doorward-scan.toml`:
//!
//! ```toml
//! [[ignore]]
//! id = "GHSA-xxxx-xxxx-xxxx"
//! package = "lodash"            # only for this package; optional
//! reason = "templates are written by us alone"
//! until = "2027-01-01"          # the last day on which it holds; optional
//! ```
//!
//! A reason is required. An entry that has expired counts no more, and is told.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use report::{Finding, Location, Severity};
use serde::Deserialize;
use toml::Spanned;

use super::vulnerability::Vulnerability;

/// The largest ignore file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day in UTC, so many seconds after the beginning of 1970.
    pub fn from_unix(seconds: u64) -> Self {
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days; years begin in March.
        let days = seconds / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Date {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day).unwrap_or(31),
        }
    }
}

impl FromStr for Date {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = *parts.as_slice() else { return Err(()) };
        let is_written = [(year, 4), (month, 2), (day, 2)]
            .iter()
            .all(|(part, length)| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_digit()));
        let date = Date {
            year: year.parse().map_err(|_| ())?,
            month: month.parse().map_err(|_| ())?,
            day: day.parse().map_err(|_| ())?,
        };
        let leap =
            date.year.is_multiple_of(4) && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400));
        let last = match date.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_day = (1..=12).contains(&date.month) && (1..=last).contains(&date.day);
        (is_written && is_day).then_some(date).ok_or(())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Why an ignore file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct IgnoreError {
    /// The file.
    pub file: String,
    /// The line, counted from one; zero for the whole file.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The id of a vulnerability: any that an advisory lists.
    pub id: String,
    /// Only for this package.
    pub package: Option<String>,
    /// Why it is ignored.
    pub reason: String,
    /// The last day on which the entry holds.
    pub until: Option<Date>,
    /// Where it stands.
    pub line: usize,
}

/// An ignore file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignores {
    file: String,
    entries: Vec<Ignore>,
}

/// The file; tables of other scanners are theirs.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    ignore: Vec<Spanned<WrittenIgnore>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIgnore {
    id: String,
    #[serde(default)]
    package: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    until: Option<Spanned<String>>,
}

impl Ignores {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is wrong. An entry that is not understood never ignores anything.
    pub fn read(path: &Path) -> Result<Self, IgnoreError> {
        use std::io::Read;
        let file = path.display().to_string();
        let unreadable =
            |error: std::io::Error| IgnoreError { file: file.clone(), line: 0, reason: error.to_string() };
        let mut text = String::new();
        let opened = std::fs::File::open(path).map_err(unreadable)?;
        opened.take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
        Ignores::parse(&file, &text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, IgnoreError> {
        let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        let error = |line, reason: String| IgnoreError { file: file.to_owned(), line, reason };
        let written: Written = toml::from_str(text)
            .map_err(|e| error(e.span().map_or(0, |span| line_of(span.start)), e.message().to_owned()))?;
        let mut entries = Vec::new();
        for entry in written.ignore {
            let line = line_of(entry.span().start);
            let WrittenIgnore { id, package, reason, until } = entry.into_inner();
            if reason.trim().is_empty() {
                return Err(error(line, format!("{id} is ignored without a `reason`: write why")));
            }
            let until = match until {
                None => None,
                Some(until) => Some(Date::from_str(until.get_ref()).map_err(|()| {
                    let text = until.get_ref();
                    error(line_of(until.span().start), format!("`{text}` is no date such as 2027-01-31"))
                })?),
            };
            entries.push(Ignore { id, package, reason, until, line });
        }
        Ok(Ignores { file: file.to_owned(), entries })
    }

    /// The entry that holds today for a vulnerability.
    pub(super) fn find(&self, vulnerability: &Vulnerability, today: Date) -> Option<&Ignore> {
        let package = &vulnerability.package;
        self.entries.iter().find(|entry| {
            entry.until.is_none_or(|until| today <= until)
                && vulnerability.ids.iter().any(|id| id.eq_ignore_ascii_case(&entry.id))
                && entry
                    .package
                    .as_ref()
                    .is_none_or(|name| package.ecosystem.key(name) == package.ecosystem.key(&package.name))
        })
    }

    /// A note for each entry that has expired.
    pub(super) fn expired(&self, today: Date) -> Vec<Finding> {
        let expired = self.entries.iter().filter_map(|entry| {
            let until = entry.until.filter(|until| *until < today)?;
            let message =
                format!("{} was ignored until {until} ({}); it counts again", entry.id, entry.reason);
            Some(
                Finding::new("expired-ignore", Severity::Note, message)
                    .at(Location::position(&self.file, entry.line, 1))
                    .help("upgrade the package, or look again and give a new date"),
            )
        });
        expired.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_761_599, "2026-12-31"),
            (1_798_761_600, "2027-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Date::from_unix(seconds).to_string(), day);
            assert_eq!(day.parse(), Ok(Date::from_unix(seconds)));
        }
        for no_day in
            ["2027-02-29", "2027-13-01", "2027-1-1", "27-01-01", "2027-00-10", "tomorrow", "+027-01-01"]
        {
            assert_eq!(Date::from_str(no_day), Err(()), "{no_day}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error_with_its_line() {
        for (text, line, part) in [
            ("[[ignore]]\nid = \"A\"\n", 1, "without a `reason`"),
            ("[[ignore]]\nid = \"A\"\nreason = \" \"\n", 1, "without a `reason`"),
            ("[[ignore]]\nid = \"A\"\nreason = \"r\"\nuntil = \"soon\"\n", 4, "no date"),
            ("\n[[ignore]]\nid = \"A\"\nreasn = \"r\"\n", 4, "unknown field"),
            ("[[ignore]]\nreason = \"r\"\n", 1, "missing field"),
        ] {
            let error = Ignores::parse("i.toml", text).unwrap_err();
            assert!(error.line == line && error.reason.contains(part), "{text}: {error}");
        }
        assert!(Ignores::parse("i.toml", "[code]\nx = 1\n").unwrap().entries.is_empty());
    }
}
