//! SQL injection.

/// A name that no row has, for the control request.
pub(crate) const UNKNOWN_NAME: &str = "zz-nobody-has-this-name";

/// Conditions that are always true.
pub(crate) const ALWAYS_TRUE: [&str; 3] = ["' OR '1'='1", "zz' OR 1=1 -- ", "zz') OR ('1'='1"];

/// Values that leave the statement unfinished.
pub(crate) const UNFINISHED: [&str; 3] = ["'", "zz'\"", "zz' AND (SELECT"];

/// A column that only a database can turn into [`UNION_PROOF`]: an echo of the request does not contain the product.
pub(crate) const UNION_COLUMN: &str = "'dw'||'-'||(41*271)";

/// What the database makes of [`UNION_COLUMN`].
pub(crate) const UNION_PROOF: &str = "dw-11111";

/// The most columns that are tried in a UNION.
pub(crate) const MAX_UNION_COLUMNS: usize = 6;

/// A second statement that destroys data.
pub(crate) const STACKED: &str = "'; DROP TABLE users; --";
