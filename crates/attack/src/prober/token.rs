//! Words that nothing else has, and that tell who wrote them.

use crate::request::fresh;

/// Letters and digits that stand nowhere else: they begin with `dw`, and no two calls give the same.
pub(crate) fn token() -> String {
    format!("dw{}", fresh())
}
