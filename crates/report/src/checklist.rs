//! A checklist: doors in rows, targets in columns, and in each cell how the attacks ended.

/// How the attacks on one door ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attacks that worked.
    pub exploited: usize,
    /// Attacks that were tried and did not work.
    pub blocked: usize,
    /// Attacks that could not run to their end.
    pub failed: usize,
}

/// What a cell shows. A door is shut only when something was tried and nothing failed to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// No attack was applicable.
    NothingToTry,
    /// At least one attack worked.
    Open {
        /// How many worked.
        exploited: usize,
        /// How many were tried.
        tried: usize,
    },
    /// None worked, but some could not run.
    Unknown {
        /// How many could not run.
        failed: usize,
        /// How many were tried, those included.
        tried: usize,
    },
    /// All were tried and blocked.
    Shut {
        /// How many.
        blocked: usize,
    },
}

impl Tally {
    /// What the cell shows.
    pub const fn cell(self) -> Cell {
        let Tally { exploited, blocked, failed } = self;
        let tried = exploited + blocked + failed;
        match self {
            Tally { exploited: 1.., .. } => Cell::Open { exploited, tried },
            Tally { failed: 1.., .. } => Cell::Unknown { failed, tried },
            Tally { blocked: 1.., .. } => Cell::Shut { blocked },
            _ => Cell::NothingToTry,
        }
    }
}

/// Doors by targets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checklist {
    /// Titles of the columns.
    pub columns: Vec<String>,
    /// Titles of the rows, each with a tally for each column.
    pub rows: Vec<(String, Vec<Tally>)>,
    /// Ordinary requests for each column: how many were served, and how many were sent.
    pub ordinary: Vec<(usize, usize)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_shut_only_when_every_attack_was_tried_and_blocked() {
        for ((exploited, blocked, failed), cell) in [
            ((0, 0, 0), Cell::NothingToTry),
            ((0, 3, 0), Cell::Shut { blocked: 3 }),
            ((1, 2, 0), Cell::Open { exploited: 1, tried: 3 }),
            ((1, 0, 2), Cell::Open { exploited: 1, tried: 3 }),
            ((0, 2, 1), Cell::Unknown { failed: 1, tried: 3 }),
            ((0, 0, 3), Cell::Unknown { failed: 3, tried: 3 }),
        ] {
            assert_eq!(Tally { exploited, blocked, failed }.cell(), cell);
        }
    }
}
