//! The account's page: password, second step, passkeys, sessions.

use std::time::SystemTime;

use maud::{Markup, html};

use super::chrome::{Chrome, Script, document};
use super::parts::{self, Field, Form, Kind};
use super::paths;
use super::providers::{self, Linked, Provider};
use super::when::time;
use crate::texts::{Hint, Notice, Problem, Texts, fill};

/// The account's page.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The user name, if there is one.
    pub username: Option<&'a str>,
    /// The address.
    pub email: &'a str,
    /// Whether the address is confirmed.
    pub email_verified: bool,
    /// What has been done before.
    pub notice: Option<Notice>,
    /// The least length of a password.
    pub password_minimum: u16,
    /// Why the password was not changed.
    pub password_problems: &'a [Problem],
    /// Why the new password is easy to guess.
    pub password_hints: &'a [Hint],
    /// The second step.
    pub two_step: TwoStep,
    /// Why the second step was not changed.
    pub two_step_problems: &'a [Problem],
    /// The passkeys; `None` if passkeys cannot be used.
    pub passkeys: Option<&'a [Passkey<'a>]>,
    /// Others' providers, if there are any; what is linked; and whether there is a password to ask for.
    pub providers: Option<Providers<'a>>,
    /// Whether there is a password, which a new passkey is asked for.
    pub has_password: bool,
    /// The sessions, in the order to show.
    pub sessions: &'a [Session<'a>],
}

/// Others' providers on the account's page.
#[derive(Debug, Clone, Copy)]
pub struct Providers<'a> {
    /// Those that can be linked.
    pub known: &'a [Provider<'a>],
    /// What is linked.
    pub linked: &'a [Linked<'a>],
    /// Whether the account has a password.
    pub has_password: bool,
}

/// Whether a code is asked for at log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwoStep {
    /// No code is asked for.
    Off,
    /// A code is asked for.
    On {
        /// Recovery codes that were not used.
        recovery_codes_left: u64,
    },
}

/// A passkey in the list.
#[derive(Debug, Clone, Copy)]
pub struct Passkey<'a> {
    /// Its id in the form that removes it.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// When it was added.
    pub created: SystemTime,
    /// When somebody last logged in with it.
    pub last_used: Option<SystemTime>,
}

/// A session in the list.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// Its id in the form that ends it.
    pub id: &'a str,
    /// What is known of the device: `Firefox on Linux`.
    pub device: &'a str,
    /// The address that last used it.
    pub address: &'a str,
    /// When it began.
    pub created: SystemTime,
    /// When it was last used.
    pub last_used: SystemTime,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// All that a person can do with the account.
pub fn account(view: &Account<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let page = Page { view, t, chrome };
    let main = html! {
        (parts::notice(view.notice, t))
        div.who {
            p { @if let Some(name) = view.username { strong { (name) } br; } (view.email) }
            @if !view.email_verified { p.problem { (t.account.unverified) } }
            (page.form("logout", paths::LOG_OUT, &[]).around(&html! {
                button type="submit" { (t.account.logout) }
            }))
        }
        (page.sessions())
        (page.password())
        (page.two_step())
        @if let Some(passkeys) = view.passkeys { (page.passkeys(passkeys)) }
        @if let Some(view) = view.providers {
            (providers::section((view.known, view.linked), page.view.email, view.has_password, t, chrome))
        }
    };
    document(
        chrome,
        t,
        &t.account.title,
        if view.passkeys.is_some() { Script::Passkeys } else { Script::None },
        &main,
    )
}

struct Page<'a> {
    view: &'a Account<'a>,
    t: &'a Texts,
    chrome: &'a Chrome<'a>,
}

impl Page<'_> {
    fn form<'b>(&'b self, id: &'static str, action: &'static str, problems: &'b [Problem]) -> Form<'b> {
        let hints = self.view.password_hints;
        Form { id, action, next: None, problems, hints, chrome: self.chrome, t: self.t }
    }

    fn sessions(&self) -> Markup {
        let t = &self.t.account;
        html! {
            section aria-labelledby="sessions" {
                h2 id="sessions" { (t.sessions_title) }
                ul.list {
                    @for session in self.view.sessions {
                        li {
                            div {
                                p.name {
                                    (session.device)
                                    @if session.current { " " span.badge { (t.session_here) } }
                                }
                                dl {
                                    div.line { dt { (t.address) } dd { (session.address) } }
                                    div { dt { (t.last_used) } dd { (time(session.last_used)) } }
                                    div { dt { (t.created) } dd { (time(session.created)) } }
                                }
                            }
                            @if !session.current {
                                (self.row_form(paths::END_SESSION, ("session", session.id), &t.session_revoke,
                                    &fill(&t.session_revoke_named, &[("device", session.device)])))
                            }
                        }
                    }
                }
                (self.form("everywhere", paths::LOG_OUT_EVERYWHERE, &[]).around(&html! {
                    p.soft id="everywhere-hint" { (t.logout_everywhere_lead) }
                    button.bad type="submit" aria-describedby="everywhere-hint" { (t.logout_everywhere) }
                }))
            }
        }
    }

    fn password(&self) -> Markup {
        let t = self.t;
        let form = self.form("password", paths::CHANGE_PASSWORD, self.view.password_problems);
        html! {
            section aria-labelledby="password-title" {
                h2 id="password-title" { (t.account.password_title) }
                p.soft { (t.account.password_lead) }
                (form.around(&html! {
                    (form.account(self.view.email))
                    (form.field(&Field {
                        name: "current_password",
                        label: &t.account.current_password,
                        kind: Kind::CurrentPassword,
                        value: "",
                        hint: None,
                    }))
                    (form.field(&Field {
                        name: "password",
                        label: &t.common.new_password,
                        kind: Kind::NewPassword { minimum: self.view.password_minimum },
                        value: "",
                        hint: Some(&form.password_rule(self.view.password_minimum)),
                    }))
                    button type="submit" { (t.account.password_submit) }
                }))
            }
        }
    }

    fn two_step(&self) -> Markup {
        let t = &self.t.account;
        html! {
            section aria-labelledby="two-step" {
                h2 id="two-step" { (t.mfa_title) }
                @match self.view.two_step {
                    TwoStep::Off => {
                        p { (t.mfa_off) }
                        p { a.button href=(self.chrome.at(paths::TOTP)) { (t.mfa_turn_on) } }
                    }
                    TwoStep::On { recovery_codes_left } => {
                        p { (t.mfa_on) " " (t.codes_left.of(recovery_codes_left)) }
                        p.soft { (t.codes_new_lead) }
                        (self.two_step_form())
                    }
                }
            }
        }
    }

    /// One field for the password, two buttons: the second posts to a path of its own.
    fn two_step_form(&self) -> Markup {
        let t = &self.t.account;
        let form = self.form("twostep", paths::RECOVERY_CODES, self.view.two_step_problems);
        form.around(&html! {
            (form.account(self.view.email))
            (form.field(&Field {
                name: "current_password",
                label: &t.current_password,
                kind: Kind::CurrentPassword,
                value: "",
                hint: None,
            }))
            div.buttons {
                button type="submit" { (t.codes_new) }
                button.bad type="submit" formaction=(self.chrome.at(paths::TOTP_OFF)) { (t.mfa_turn_off) }
            }
        })
    }

    fn passkeys(&self, passkeys: &[Passkey<'_>]) -> Markup {
        let (t, words) = (&self.t.account, &self.t.passkey);
        html! {
            section aria-labelledby="passkeys" {
                h2 id="passkeys" { (t.passkeys_title) }
                p.soft { (t.passkeys_lead) }
                @if passkeys.is_empty() { p { (t.passkeys_none) } }
                @else {
                    ul.list {
                        @for passkey in passkeys {
                            li {
                                div {
                                    p.name { (passkey.name) }
                                    dl {
                                        div { dt { (t.last_used) } dd {
                                            @match passkey.last_used {
                                                Some(used) => (time(used)),
                                                None => (t.never),
                                            }
                                        } }
                                        div { dt { (t.created) } dd { (time(passkey.created)) } }
                                    }
                                }
                                (self.row_form(paths::REMOVE_PASSKEY, ("passkey", passkey.id), &t.passkey_remove,
                                    &fill(&t.passkey_remove_named, &[("name", passkey.name)])))
                            }
                        }
                    }
                }
                noscript { p.soft { (t.passkey_script) } }
                form hidden method="post" action=(self.chrome.at(paths::PASSKEY_REGISTER_START))
                    data-passkey="register" data-base=(self.chrome.base) data-cancelled=(words.cancelled)
                    data-known=(words.known) data-failed=(words.failed) {
                    input type="hidden" name="form" value=(self.chrome.form_token);
                    div.field {
                        label for="passkey-name" { (t.passkey_name) }
                        p.hint id="passkey-hint" { (t.passkey_name_hint) }
                        input id="passkey-name" name="name" type="text" autocomplete="off" maxlength="64"
                            aria-describedby="passkey-hint";
                    }
                    @if self.view.has_password { (self.passkey_password()) }
                    button type="submit" { (t.passkey_add) }
                    p.problem role="alert" {}
                }
            }
        }
    }

    /// Whoever has taken over a session must not get a key to the account.
    fn passkey_password(&self) -> Markup {
        let form = self.form("passkey", paths::PASSKEY_REGISTER_START, &[]);
        html! {
            (form.account(self.view.email))
            (form.field(&Field {
                name: "current_password",
                label: &self.t.account.current_password,
                kind: Kind::CurrentPassword,
                value: "",
                hint: None,
            }))
        }
    }

    /// A form with one button at the end of a row. Its name says which row, for those who hear it out of the row.
    fn row_form(&self, path: &str, (name, value): (&str, &str), text: &str, full: &str) -> Markup {
        html! {
            form method="post" action=(self.chrome.at(path)) {
                input type="hidden" name="form" value=(self.chrome.form_token);
                input type="hidden" name=(name) value=(value);
                button type="submit" aria-label=(full) { (text) }
            }
        }
    }
}
