//! Register.

use maud::html;

use super::chrome::{Chrome, Script, document};
use super::parts::{self, Field, Form, Kind};
use super::paths;
use crate::texts::{Hint, Problem, Texts};

/// The page to register.
#[derive(Debug, Clone, Copy, Default)]
pub struct Register<'a> {
    /// The address that was typed before.
    pub email: &'a str,
    /// The user name that was typed before; `None` if the site has no user names.
    pub username: Option<&'a str>,
    /// Where to go afterwards.
    pub next: Option<&'a str>,
    /// The least length of a password.
    pub password_minimum: u16,
    /// Why the last try failed.
    pub problems: &'a [Problem],
    /// Why the password is easy to guess.
    pub hints: &'a [Hint],
}

/// Create an account.
pub fn register(view: &Register<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let form = Form {
        id: "register",
        action: paths::REGISTER,
        next: view.next,
        problems: view.problems,
        hints: view.hints,
        chrome,
        t,
    };
    let main = html! {
        (form.around(&html! {
            (form.field(&Field {
                name: "email",
                label: &t.common.email,
                kind: Kind::Email,
                value: view.email,
                hint: None,
            }))
            @if let Some(username) = view.username {
                (form.field(&Field {
                    name: "username",
                    label: &t.common.username,
                    kind: Kind::Username,
                    value: username,
                    hint: Some(&t.register.username_hint),
                }))
            }
            (form.field(&Field {
                name: "password",
                label: &t.common.password,
                kind: Kind::NewPassword { minimum: view.password_minimum },
                value: "",
                hint: Some(&form.password_rule(view.password_minimum)),
            }))
            (parts::submit(&t.register.submit))
        }))
        p.after {
            (t.register.have_account) " "
            a href=(parts::href(chrome, paths::LOG_IN, view.next)) { (t.register.log_in) }
        }
    };
    document(chrome, t, &t.register.title, Script::None, &main)
}
