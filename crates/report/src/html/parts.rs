//! Small pieces that stand in several places.

use maud::{Markup, html};

use crate::check::Standing;
use crate::level::Level;
use crate::visible::visible;

/// Text that came from outside: escaped, its hidden characters written out, and kept from turning the text around it.
pub(super) fn outside(text: &str) -> Markup {
    html! { bdi { (visible(text)) } }
}

/// The same as lines of code.
pub(super) fn code(text: &str) -> Markup {
    html! { pre tabindex="0" { code dir="auto" { (visible(text)) } } }
}

/// A level as a badge.
pub(super) fn level(level: Level) -> Markup {
    html! { span class={ "badge " (level) } { (level) } }
}

/// A standing as a badge. The sign tells it without colour.
pub(super) fn standing(standing: Standing) -> Markup {
    let (class, sign) = match standing {
        Standing::Open => ("open", "✗"),
        Standing::Unknown => ("unknown", "?"),
        Standing::ShutWhereTried => ("partly", "◐"),
        Standing::Shut => ("shut", "✓"),
        Standing::NotTried => ("not-tried", "–"),
    };
    html! { span class={ "standing " (class) } { span aria-hidden="true" { (sign) } " " (standing.title()) } }
}
