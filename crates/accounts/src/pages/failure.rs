//! The page for what no other page can answer.

use maud::{PreEscaped, html};

use super::chrome::{Chrome, Script, around, document};
use super::{parts, paths};
use crate::texts::{Problem, Texts};

/// A page that says that something failed.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// What failed.
    pub problem: Problem,
    /// The id under which the operator finds the request.
    pub request_id: Option<&'a str>,
}

/// The page for requests that no other page can answer.
pub fn error(view: &Failure<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let main = html! {
        p.lead { (view.problem.text(t)) }
        @if let Some(id) = view.request_id {
            p.soft { (PreEscaped(around(&t.error.request, "id", &html! { code { (id) } }))) }
        }
        (parts::link_line(&chrome.at(paths::LOG_IN), &t.common.to_log_in))
    };
    document(chrome, t, &t.error.title, Script::None, &main)
}
