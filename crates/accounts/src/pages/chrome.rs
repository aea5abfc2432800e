//! What is around every page.

use maud::{DOCTYPE, Markup, html};

use crate::texts::{Texts, fill};

/// The header for all pages.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
     script-src 'self'; form-action 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What all pages of a site have in common.
#[derive(Debug, Clone, Copy)]
pub struct Chrome<'a> {
    /// The path that all paths of the service begin with, without a slash at its end: `/auth`.
    pub base: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The address of the stylesheet: below [`ASSETS`](super::paths::ASSETS) with [`style_name`](super::style_name), or the operator's own.
    pub style_href: &'a str,
    /// The address of the script for passkeys.
    pub script_href: &'a str,
    /// The token against forged requests, of this visitor.
    pub form_token: &'a str,
}

impl Chrome<'_> {
    /// The address of a path of the service.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Whether a page needs the script for passkeys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    None,
    Passkeys,
}

/// A whole document. `same-origin` keeps links of mails, which have a token, from other sites, and leaves the header `Origin`
/// on forms.
pub(super) fn document(chrome: &Chrome<'_>, t: &Texts, title: &str, script: Script, main: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang=(t.lang()) dir=(t.direction()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="same-origin";
                meta name="robots" content="noindex";
                title { (title) " – " (chrome.site_name) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(chrome.style_href);
                @if script == Script::Passkeys {
                    script src=(chrome.script_href) defer {}
                }
            }
            body {
                header { p.site { (chrome.site_name) } }
                main {
                    h1 { (title) }
                    (main)
                }
            }
        }
    }
    .into_string()
}

/// A text with markup in place of its one placeholder. The text itself is escaped.
pub(super) fn around(text: &str, name: &str, markup: &Markup) -> String {
    // U+FFFC stands for an object in a text; a translation has no use for it.
    const OBJECT: &str = "\u{fffc}";
    html! { (fill(text, &[(name, OBJECT)])) }.into_string().replace(OBJECT, &markup.0)
}
