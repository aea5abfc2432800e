//! Log in, and its second step.

use std::time::Duration;

use maud::{Markup, html};

use super::chrome::{Chrome, Script, document};
use super::parts::{self, Field, Form, Kind};
use super::paths;
use super::providers::{self, Provider, StepUp};
use crate::texts::{Notice, Problem, Texts};

/// The page to log in.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogIn<'a> {
    /// What was typed before.
    pub identifier: &'a str,
    /// Where to go afterwards.
    pub next: Option<&'a str>,
    /// Why the last try failed.
    pub problems: &'a [Problem],
    /// How long the next try has to wait.
    pub wait: Option<Duration>,
    /// What has been done before.
    pub notice: Option<Notice>,
    /// Whether anybody can register.
    pub registration: bool,
    /// Whether passkeys can be used.
    pub passkeys: bool,
    /// Others' providers with which one can log in.
    pub providers: &'a [Provider<'a>],
    /// What a log in once more is for.
    pub step_up: StepUp<'a>,
}

/// Log in with an address or user name and a password, or a passkey.
pub fn log_in(view: &LogIn<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let form = Form {
        id: "login",
        action: paths::LOG_IN,
        next: view.next,
        problems: view.problems,
        hints: &[],
        chrome,
        t,
    };
    let main = html! {
        (parts::notice(view.notice, t))
        (form.around(&html! {
            (waiting(view.wait, t))
            (form.field(&Field {
                name: "identifier",
                label: &t.log_in.identifier,
                kind: Kind::Identifier { passkeys: view.passkeys },
                value: view.identifier,
                hint: None,
            }))
            (form.field(&Field {
                name: "password",
                label: &t.common.password,
                kind: Kind::CurrentPassword,
                value: "",
                hint: None,
            }))
            (parts::submit(&t.log_in.submit))
        }))
        @if view.passkeys { (passkey(("login", paths::PASSKEY_LOG_IN_START, &t.log_in.passkey), view.next, t, chrome)) }
        (providers::buttons(view.providers, view.next, view.step_up, t, chrome))
        (parts::link_line(&parts::href(chrome, paths::ASK_RESET, view.next), &t.log_in.forgot))
        @if view.registration {
            p.after {
                (t.log_in.new_here) " "
                a href=(parts::href(chrome, paths::REGISTER, view.next)) { (t.log_in.register) }
            }
        }
    };
    document(chrome, t, &t.log_in.title, if view.passkeys { Script::Passkeys } else { Script::None }, &main)
}

fn waiting(wait: Option<Duration>, t: &Texts) -> Markup {
    html! {
        @if let Some(wait) = wait {
            p.soft { (t.common.try_again_in.of(wait.as_secs().div_ceil(60).max(1))) }
        }
    }
}

/// The button for passkeys, which the script shows where there are any.
fn passkey(
    (kind, action, button): (&str, &str, &str),
    next: Option<&str>,
    t: &Texts,
    chrome: &Chrome<'_>,
) -> Markup {
    html! {
        form hidden method="post" action=(chrome.at(action)) data-passkey=(kind) data-base=(chrome.base)
            data-next=[next] data-cancelled=(t.passkey.cancelled) data-known=(t.passkey.known)
            data-failed=(t.passkey.failed) {
            input type="hidden" name="form" value=(chrome.form_token);
            p.or { span { (t.log_in.or) } }
            button type="submit" { (button) }
            p.problem role="alert" {}
        }
    }
}

/// Which of the two forms of the second step was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tried {
    /// The code of an app, or nothing yet.
    #[default]
    Code,
    /// A recovery code.
    Recovery,
}

/// The page for the second step of a log in.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecondFactor<'a> {
    /// Where to go afterwards.
    pub next: Option<&'a str>,
    /// What the problems are about.
    pub tried: Tried,
    /// Why the last try failed.
    pub problems: &'a [Problem],
    /// How long the next try has to wait.
    pub wait: Option<Duration>,
    /// Whether a passkey does as well.
    pub passkey: bool,
}

/// Ask for a one-time code, or for a recovery code in its place.
pub fn second_factor(view: &SecondFactor<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let of = |tried| if view.tried == tried { view.problems } else { &[] };
    let form = |id, action, problems| Form { id, action, next: view.next, problems, hints: &[], chrome, t };
    let code = form("code", paths::SECOND_FACTOR, of(Tried::Code));
    let recovery = form("recovery", paths::RECOVERY, of(Tried::Recovery));
    let main = html! {
        p.lead { (t.second_factor.lead) }
        (waiting(view.wait, t))
        (code.around(&html! {
            (code.field(&Field {
                name: "code",
                label: &t.common.code,
                kind: Kind::Code,
                value: "",
                hint: None,
            }))
            (parts::submit(&t.second_factor.submit))
        }))
        @if view.passkey { (passkey(("step", paths::PASSKEY_STEP_START, &t.second_factor.passkey), view.next, t, chrome)) }
        details open[view.tried == Tried::Recovery] {
            summary { (t.second_factor.no_device) }
            p { (t.second_factor.recovery_lead) }
            (recovery.around(&html! {
                (recovery.field(&Field {
                    name: "recovery_code",
                    label: &t.second_factor.recovery_code,
                    kind: Kind::RecoveryCode,
                    value: "",
                    hint: None,
                }))
                button type="submit" { (t.second_factor.recovery_submit) }
            }))
        }
        (parts::link_line(&parts::href(chrome, paths::LOG_IN, view.next), &t.common.to_log_in))
    };
    document(
        chrome,
        t,
        &t.second_factor.title,
        if view.passkey { Script::Passkeys } else { Script::None },
        &main,
    )
}
