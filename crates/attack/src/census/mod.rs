//! The census: which operations serve which account an ordinary request, before anything is attacked.
//!
//! An attack that is refused says nothing where the ordinary request is refused, too. So every operation is first asked
//! as its document says, with values that the API itself has given, by each account and by nobody. What is served is a
//! [`Control`]; what is not is kept with its reason.

mod control;
pub(crate) mod fill;
pub(crate) mod pool;

pub(crate) use control::{Control, Refused, shape_of};
pub(crate) use fill::drafts;
