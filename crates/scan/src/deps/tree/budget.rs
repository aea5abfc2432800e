//! What a reader may use, and where it is in a text.

use crate::deps::limits::Limits;
use crate::deps::package::TextFault;

/// Counts values and levels while a text is read.
#[derive(Debug)]
pub(super) struct Budget {
    nodes: usize,
    depth: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Budget { nodes: limits.nodes, depth: limits.depth }
    }

    pub(super) fn take(&mut self, depth: usize, line: usize) -> Result<(), TextFault> {
        if depth > self.depth {
            return Err(TextFault::new(line, format!("values are nested deeper than {}", self.depth)));
        }
        match self.nodes.checked_sub(1) {
            Some(left) => self.nodes = left,
            None => return Err(TextFault::new(line, "there are too many values")),
        }
        Ok(())
    }
}

/// Where the lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines(std::iter::once(0).chain(breaks).collect())
    }

    /// The line of a byte, counted from one.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}
