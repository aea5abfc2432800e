//! What mends an injection of SQL.

/// What mends every injection of SQL in the code.
pub(super) const MEND_IN_CODE: &str =
    "Bind values as parameters of the statement; never build SQL out of texts.";
/// What keeps it out at the gate.
pub(super) const MEND_AT_GATE: &str =
    "The door injection refuses SQL in values by its detector sql; keep [doors] injection in enforce.";
