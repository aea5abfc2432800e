//! How bad a finding is, in the five steps that people sort their work by.

use std::fmt;
use std::str::FromStr;

use crate::severity::Severity;

/// How bad a finding is. [`Severity`] says how sure and how loud a tool is; this says what to mend first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Helps an attacker a little.
    Low,
    /// An attacker gets somewhere under conditions.
    Medium,
    /// An attacker gets at what belongs to others.
    High,
    /// An attacker gets at everything, or at once.
    Critical,
}

impl Level {
    /// All of them, the worst first.
    pub const ALL: [Level; 5] = [Level::Critical, Level::High, Level::Medium, Level::Low, Level::Info];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Critical => "critical",
            Level::High => "high",
            Level::Medium => "medium",
            Level::Low => "low",
            Level::Info => "info",
        }
    }

    /// The number that code scanning sorts by. GitHub reads 9.0 and above as critical, from 7.0 as high, from 4.0 as
    /// medium, above 0.0 as low; with 0.0 there is no severity.
    pub const fn security_severity(self) -> &'static str {
        match self {
            Level::Critical => "9.5",
            Level::High => "8.0",
            Level::Medium => "5.5",
            Level::Low => "2.0",
            Level::Info => "0.0",
        }
    }
}

impl From<Severity> for Level {
    /// What a tool's severity means where it says no more.
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => Level::High,
            Severity::Warning => Level::Medium,
            Severity::Note => Level::Info,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level; the levels are critical, high, medium, low and info")]
pub struct UnknownLevel(String);

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_named = |level: &Level| level.name().eq_ignore_ascii_case(name);
        Level::ALL.into_iter().find(is_named).ok_or_else(|| UnknownLevel(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_errors_that_name_them() {
        for level in Level::ALL {
            assert_eq!(level.name().to_uppercase().parse(), Ok(level));
        }
        assert_eq!(
            "worst".parse::<Level>().unwrap_err().to_string(),
            "`worst` is no level; the levels are critical, high, medium, low and info"
        );
    }

    #[test]
    fn numbers_fall_where_code_scanning_draws_its_lines() {
        for (level, range) in [
            (Level::Critical, 9.0..10.0),
            (Level::High, 7.0..9.0),
            (Level::Medium, 4.0..7.0),
            (Level::Low, 0.1..4.0),
            (Level::Info, 0.0..0.1),
        ] {
            assert!(range.contains(&level.security_severity().parse::<f64>().unwrap()), "{level}");
        }
    }
}
