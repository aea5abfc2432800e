//! The types that claims may have.

use serde::{Deserialize, Serialize};

/// The declared type of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimType {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A list of texts, or one text.
    Strings,
    /// A list of whole numbers, or one.
    Integers,
}
