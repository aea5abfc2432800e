//! Pages before and behind the links of mails: confirm an address, reset a password.
//!
//! A link leads to a page with a form. The form spends the link, not the visit: mail scanners visit links too.

use maud::{PreEscaped, html};

use super::chrome::{Chrome, Script, around, document};
use super::parts::{self, Field, Form, Kind};
use super::paths;
use crate::texts::{Hint, Problem, Texts, fill};

/// Why a mail was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// To confirm an address. The page is the same if there was an account already.
    Verify,
    /// To reset a password. The page is the same if there is no account.
    Reset,
}

/// The page after a mail was sent.
#[derive(Debug, Clone, Copy)]
pub struct MailSent<'a> {
    /// Why.
    pub sent: Sent,
    /// The address that was typed.
    pub address: &'a str,
}

/// "Look into your mail".
pub fn mail_sent(view: &MailSent<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let (text, again, path) = match view.sent {
        Sent::Verify => (&t.mail_sent.verify, &t.mail_sent.again_register, paths::REGISTER),
        Sent::Reset => (&t.mail_sent.reset, &t.mail_sent.again_reset, paths::ASK_RESET),
    };
    let main = html! {
        p.lead { (PreEscaped(around(text, "address", &html! { strong { (view.address) } }))) }
        p.soft { (t.mail_sent.nothing) }
        p.after { a href=(chrome.at(path)) { (again) } }
        (parts::link_line(&chrome.at(paths::LOG_IN), &t.common.to_log_in))
    };
    document(chrome, t, &t.mail_sent.title, Script::None, &main)
}

/// The page behind the link that confirms an address.
#[derive(Debug, Clone, Copy, Default)]
pub struct Verify<'a> {
    /// The address.
    pub address: &'a str,
    /// The secret of the link.
    pub token: &'a str,
    /// Why the last try failed.
    pub problems: &'a [Problem],
}

/// Confirm an address with a button.
pub fn verify(view: &Verify<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let form = Form {
        id: "verify",
        action: paths::VERIFY,
        next: None,
        problems: view.problems,
        hints: &[],
        chrome,
        t,
    };
    let main = html! {
        p.lead { (PreEscaped(around(&t.verify.lead, "address", &html! { strong { (view.address) } }))) }
        (form.around(&html! {
            (form.hidden("token", view.token))
            (form.field(&Field {
                name: "password",
                label: &t.common.password,
                kind: Kind::CurrentPassword,
                value: "",
                hint: None,
            }))
            (parts::submit(&t.verify.submit))
        }))
    };
    document(chrome, t, &t.verify.title, Script::None, &main)
}

/// The page after an address was confirmed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Verified<'a> {
    /// The address.
    pub address: &'a str,
    /// Where to go after the log in.
    pub next: Option<&'a str>,
}

/// The address is confirmed.
pub fn verified(view: &Verified<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let main = html! {
        p.lead { (fill(&t.verify.done, &[("address", view.address)])) }
        p { a.button href=(parts::href(chrome, paths::LOG_IN, view.next)) { (t.verify.done_submit) } }
    };
    document(chrome, t, &t.verify.done_title, Script::None, &main)
}

/// The page to ask for a reset.
#[derive(Debug, Clone, Copy, Default)]
pub struct AskReset<'a> {
    /// The address that was typed before.
    pub email: &'a str,
    /// Where to go after the log in.
    pub next: Option<&'a str>,
    /// Why the last try failed.
    pub problems: &'a [Problem],
}

/// Ask for a link to choose a new password.
pub fn ask_reset(view: &AskReset<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let form = Form {
        id: "reset",
        action: paths::ASK_RESET,
        next: view.next,
        problems: view.problems,
        hints: &[],
        chrome,
        t,
    };
    let main = html! {
        p.lead { (t.reset.lead) }
        (form.around(&html! {
            (form.field(&Field {
                name: "email",
                label: &t.common.email,
                kind: Kind::Email,
                value: view.email,
                hint: None,
            }))
            (parts::submit(&t.reset.submit))
        }))
        (parts::link_line(&parts::href(chrome, paths::LOG_IN, view.next), &t.common.to_log_in))
    };
    document(chrome, t, &t.reset.title, Script::None, &main)
}

/// The page behind the link that resets a password.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewPassword<'a> {
    /// The secret of the link.
    pub token: &'a str,
    /// The account, for password managers.
    pub identifier: &'a str,
    /// The least length of a password.
    pub password_minimum: u16,
    /// Why the last try failed.
    pub problems: &'a [Problem],
    /// Why the password is easy to guess.
    pub hints: &'a [Hint],
}

/// Choose a new password.
pub fn new_password(view: &NewPassword<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let form = Form {
        id: "new",
        action: paths::NEW_PASSWORD,
        next: None,
        problems: view.problems,
        hints: view.hints,
        chrome,
        t,
    };
    let main = html! {
        p.lead { (t.reset.new_lead) }
        (form.around(&html! {
            (form.hidden("token", view.token))
            (form.account(view.identifier))
            (form.field(&Field {
                name: "password",
                label: &t.common.new_password,
                kind: Kind::NewPassword { minimum: view.password_minimum },
                value: "",
                hint: Some(&form.password_rule(view.password_minimum)),
            }))
            (parts::submit(&t.reset.new_submit))
        }))
    };
    document(chrome, t, &t.reset.new_title, Script::None, &main)
}
