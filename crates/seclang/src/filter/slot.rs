//! Where a rule stands in the filter.

/// A rule's place in the filter.
#[derive(Debug)]
pub(crate) enum Slot {
    Literals(Place),
    /// The number of the union, and of its target list.
    Union(usize, usize),
}

/// A rule's place in a group.
#[derive(Debug)]
pub(crate) struct Place {
    pub(super) group: usize,
    /// Which of the group's sets of collections.
    pub(super) collections: usize,
    /// The rule's number in the group.
    pub(super) rule: usize,
}
