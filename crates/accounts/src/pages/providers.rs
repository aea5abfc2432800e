//! Others' providers on our pages: their buttons, and what an account has linked.

use std::time::SystemTime;

use maud::{Markup, html};

use super::chrome::{Chrome, Script, document};
use super::parts::{self, Field, Form, Kind};
use super::paths;
use super::when::time;
use crate::texts::{Notice, Texts, fill};

/// A provider.
#[derive(Debug, Clone, Copy)]
pub struct Provider<'a> {
    /// Its name in paths.
    pub name: &'a str,
    /// Its label.
    pub label: &'a str,
}

/// An identity that an account has linked.
#[derive(Debug, Clone, Copy)]
pub struct Linked<'a> {
    /// Its id in the form that unlinks it.
    pub id: &'a str,
    /// The label of its provider.
    pub label: &'a str,
    /// The address that the provider said.
    pub email: Option<&'a str>,
    /// When it was linked.
    pub linked: SystemTime,
}

/// Why somebody who is logged in logs in once more (RFC 9470), for the forms that lead to a provider.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepUp<'a> {
    /// How long ago he may have shown who he is, in seconds.
    pub max_age: &'a str,
    /// By more than one means, if this is not empty.
    pub acr_values: &'a str,
}

/// Buttons that lead to the providers: each is a form of its own, so that no other site can begin a log in.
pub(super) fn buttons(
    providers: &[Provider<'_>],
    next: Option<&str>,
    step_up: StepUp<'_>,
    t: &Texts,
    chrome: &Chrome<'_>,
) -> Markup {
    html! {
        @if !providers.is_empty() {
            p.or { span { (t.log_in.or) } }
            @for provider in providers {
                form method="post" action={ (chrome.at(paths::PROVIDER)) (provider.name) } {
                    input type="hidden" name="form" value=(chrome.form_token);
                    @if let Some(next) = next { input type="hidden" name="next" value=(next); }
                    @for (name, value) in [("max_age", step_up.max_age), ("acr_values", step_up.acr_values)] {
                        @if !value.is_empty() { input type="hidden" name=(name) value=(value); }
                    }
                    button type="submit" { (fill(&t.log_in.provider, &[("provider", provider.label)])) }
                }
            }
        }
    }
}

/// The part of the account's page: what is linked, and what can be.
pub(super) fn section(
    (providers, linked): (&[Provider<'_>], &[Linked<'_>]),
    email: &str,
    has_password: bool,
    t: &Texts,
    chrome: &Chrome<'_>,
) -> Markup {
    let words = &t.account;
    let form = |id, action| Form { id, action, next: None, problems: &[], hints: &[], chrome, t };
    let password = |form: &Form<'_>| {
        html! {
            @if has_password {
                (form.account(email))
                (form.field(&Field {
                    name: "current_password",
                    label: &words.current_password,
                    kind: Kind::CurrentPassword,
                    value: "",
                    hint: None,
                }))
            }
        }
    };
    let (unlink, link) = (form("unlink", paths::UNLINK_PROVIDER), form("link", paths::LINK_PROVIDER));
    html! {
        section aria-labelledby="providers" {
            h2 id="providers" { (words.providers_title) }
            p.soft { (words.providers_lead) }
            @if !linked.is_empty() {
                (unlink.around(&html! {
                    ul.list {
                        @for one in linked {
                            li {
                                div {
                                    p.name { (one.label) @if let Some(email) = one.email { " · " (email) } }
                                    dl { div { dt { (words.created) } dd { (time(one.linked)) } } }
                                }
                                button type="submit" name="identity" value=(one.id)
                                    aria-label=(fill(&words.provider_unlink_named, &[("provider", one.label)])) {
                                    (words.provider_unlink)
                                }
                            }
                        }
                    }
                    (password(&unlink))
                }))
            }
            (link.around(&html! {
                (password(&link))
                div.buttons {
                    @for provider in providers {
                        button type="submit" name="provider" value=(provider.name) {
                            (fill(&words.provider_link, &[("provider", provider.label)]))
                        }
                    }
                }
            }))
        }
    }
}

/// The page after a log out from a session that began at a provider, where its user is still logged in.
pub fn logged_out(label: &str, location: &str, t: &Texts, chrome: &Chrome<'_>) -> String {
    let main = html! {
        p.lead { (Notice::LoggedOut.text(t)) }
        p { (fill(&t.logged_out.lead, &[("provider", label)])) }
        p { a.button href=(location) { (fill(&t.logged_out.submit, &[("provider", label)])) } }
        (parts::link_line(&chrome.at(paths::LOG_IN), &t.common.to_log_in))
    };
    document(chrome, t, &t.logged_out.title, Script::None, &main)
}
