//! Checks with their outcomes.
//!
//! A list of findings cannot tell a door that held from one at which nobody could knock. A check can: it ends with one
//! of four [`Verdict`]s, they are counted apart, and only [`Verdict::Shut`] speaks for what was examined.

use crate::level::Level;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The attack worked, and the findings prove it.
    Open,
    /// An ordinary request like it was served, and the attack was not.
    Shut,
    /// There was nothing to try it on, or what it needs was not given.
    NotTried,
    /// It was tried, and what came back proves neither.
    Unknown,
}

impl Verdict {
    /// All of them, what needs most attention first.
    pub const ALL: [Verdict; 4] = [Verdict::Open, Verdict::Unknown, Verdict::NotTried, Verdict::Shut];

    /// Its name for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Open => "open",
            Verdict::Shut => "shut",
            Verdict::NotTried => "not-tried",
            Verdict::Unknown => "unknown",
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Verdict::Open => "open",
            Verdict::Shut => "shut",
            Verdict::NotTried => "could not be tried",
            Verdict::Unknown => "unknown",
        }
    }
}

/// One thing that was examined. Its findings are those whose rule has its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name: that of the attack or the rule.
    pub name: String,
    /// The name of its [`Category`]: for the prober, the door.
    pub category: Option<String>,
    /// The question that it asks.
    pub thought: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen, or why it could not be tried.
    pub reason: String,
}

impl Check {
    /// A check without category and thought.
    pub fn new(name: impl Into<String>, verdict: Verdict, reason: impl Into<String>) -> Self {
        Check { name: name.into(), category: None, thought: None, verdict, reason: reason.into() }
    }

    /// Puts it into a category.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// Adds the question that it asks.
    #[must_use]
    pub fn thought(mut self, thought: impl Into<String>) -> Self {
        self.thought = Some(thought.into());
        self
    }
}

/// A row of the checklist: a door of the guide, or a group of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The name that checks and findings have.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How early to work on it.
    pub priority: Option<Level>,
}

impl Category {
    /// A category with a priority.
    pub fn new(name: impl Into<String>, title: impl Into<String>, priority: Level) -> Self {
        Category { name: name.into(), title: title.into(), priority: Some(priority) }
    }
}

/// How many checks ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// See [`Verdict::Open`].
    pub open: usize,
    /// See [`Verdict::Shut`].
    pub shut: usize,
    /// See [`Verdict::NotTried`].
    pub not_tried: usize,
    /// See [`Verdict::Unknown`].
    pub unknown: usize,
}

impl Counts {
    /// Counts these.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        verdicts.into_iter().fold(Counts::default(), Counts::and)
    }

    /// These and one more.
    #[must_use]
    pub const fn and(mut self, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Open => self.open += 1,
            Verdict::Shut => self.shut += 1,
            Verdict::NotTried => self.not_tried += 1,
            Verdict::Unknown => self.unknown += 1,
        }
        self
    }

    /// How many ended so.
    pub const fn get(self, verdict: Verdict) -> usize {
        match verdict {
            Verdict::Open => self.open,
            Verdict::Shut => self.shut,
            Verdict::NotTried => self.not_tried,
            Verdict::Unknown => self.unknown,
        }
    }

    /// All of them.
    pub const fn total(self) -> usize {
        self.open + self.shut + self.not_tried + self.unknown
    }

    /// What they say together.
    pub const fn standing(self) -> Standing {
        match self {
            Counts { open: 1.., .. } => Standing::Open,
            Counts { unknown: 1.., .. } => Standing::Unknown,
            Counts { shut: 1.., not_tried: 1.., .. } => Standing::ShutWhereTried,
            Counts { shut: 1.., .. } => Standing::Shut,
            _ => Standing::NotTried,
        }
    }
}

/// What several checks say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// At least one is open.
    Open,
    /// None is open, but at least one is unknown.
    Unknown,
    /// What was tried is shut, but some could not be tried.
    ShutWhereTried,
    /// All were tried, and all are shut.
    Shut,
    /// Nothing could be tried.
    NotTried,
}

impl Standing {
    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Unknown => "unknown",
            Standing::ShutWhereTried => "shut where tried",
            Standing::Shut => "shut",
            Standing::NotTried => "could not be tried",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_tried_is_never_shut() {
        for ((open, shut, not_tried, unknown), standing) in [
            ((0, 0, 0, 0), Standing::NotTried),
            ((0, 0, 3, 0), Standing::NotTried),
            ((0, 2, 0, 0), Standing::Shut),
            ((0, 2, 1, 0), Standing::ShutWhereTried),
            ((0, 2, 1, 1), Standing::Unknown),
            ((0, 0, 0, 1), Standing::Unknown),
            ((1, 2, 3, 4), Standing::Open),
        ] {
            assert_eq!(Counts { open, shut, not_tried, unknown }.standing(), standing);
        }
    }

    #[test]
    fn each_verdict_is_counted_apart() {
        let counts = Counts::of(Verdict::ALL.into_iter().chain([Verdict::NotTried]));
        assert_eq!(counts, Counts { open: 1, shut: 1, not_tried: 2, unknown: 1 });
        assert_eq!(
            Verdict::ALL.map(|verdict| counts.get(verdict)).into_iter().sum::<usize>(),
            counts.total()
        );
    }
}
