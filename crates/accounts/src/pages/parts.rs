//! What pages are made of: forms, fields, problems.

use maud::{Markup, html};

use super::chrome::Chrome;
use crate::texts::{Hint, Notice, Problem, Texts, fill};

/// Longer than any address (RFC 5321 §4.5.3.1.3).
pub(super) const MAX_ADDRESS: u16 = 254;
/// Browsers cut what is pasted at `maxlength` and tell nobody. A long password must arrive whole, to be refused.
const MAX_PASSWORD: u16 = 1_024;

/// A form. The ids in it begin with its own, so that a page can have several.
pub(super) struct Form<'a> {
    pub(super) id: &'static str,
    pub(super) action: &'static str,
    pub(super) next: Option<&'a str>,
    pub(super) problems: &'a [Problem],
    pub(super) hints: &'a [Hint],
    pub(super) chrome: &'a Chrome<'a>,
    pub(super) t: &'a Texts,
}

/// An `<input>` with its label.
pub(super) struct Field<'a> {
    pub(super) name: &'static str,
    pub(super) label: &'a str,
    pub(super) kind: Kind,
    pub(super) value: &'a str,
    pub(super) hint: Option<&'a str>,
}

/// What is typed into a field, and with it how browsers and password managers treat it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An address or a user name, at log in. Passkeys are offered there where there are any.
    Identifier {
        passkeys: bool,
    },
    Email,
    Username,
    CurrentPassword,
    NewPassword {
        minimum: u16,
    },
    Code,
    RecoveryCode,
}

struct Attributes {
    kind: &'static str,
    autocomplete: &'static str,
    inputmode: Option<&'static str>,
    max: u16,
    min: Option<u16>,
}

impl Kind {
    fn attributes(self) -> Attributes {
        let of =
            |kind, autocomplete, inputmode, max| Attributes { kind, autocomplete, inputmode, max, min: None };
        match self {
            Kind::Identifier { passkeys: false } => of("text", "username", Some("email"), MAX_ADDRESS),
            Kind::Identifier { passkeys: true } => {
                of("text", "username webauthn", Some("email"), MAX_ADDRESS)
            }
            Kind::Email => of("email", "email", Some("email"), MAX_ADDRESS),
            Kind::Username => of("text", "username", None, 64),
            Kind::CurrentPassword => of("password", "current-password", None, MAX_PASSWORD),
            Kind::NewPassword { minimum } => {
                Attributes { min: Some(minimum), ..of("password", "new-password", None, MAX_PASSWORD) }
            }
            // Codes are often pasted with a blank in the middle.
            Kind::Code => of("text", "one-time-code", Some("numeric"), 11),
            Kind::RecoveryCode => of("text", "off", None, 64),
        }
    }
}

/// The field that a problem is about; the others are about the form.
fn field_of(problem: Problem) -> Option<&'static str> {
    match problem {
        Problem::WrongCode => Some("code"),
        Problem::WrongRecoveryCode => Some("recovery_code"),
        Problem::WrongPassword => Some("current_password"),
        Problem::EmailInvalid => Some("email"),
        Problem::UsernameInvalid | Problem::UsernameTaken => Some("username"),
        Problem::PasswordTooShort
        | Problem::PasswordTooLong
        | Problem::PasswordWeak
        | Problem::PasswordBreached
        | Problem::PasswordIsAboutYou
        | Problem::PasswordSame => Some("password"),
        _ => None,
    }
}

/// The field to go on with: a log in that failed, whatever was wrong, with its password.
fn focus_of(problem: Problem) -> Option<&'static str> {
    match problem {
        Problem::WrongCredentials | Problem::TooManyTries => Some("password"),
        _ => field_of(problem),
    }
}

impl Form<'_> {
    /// The form around its fields.
    pub(super) fn around(&self, content: &Markup) -> Markup {
        html! {
            form id=(self.id) method="post" action=(self.chrome.at(self.action)) {
                (self.hidden("form", self.chrome.form_token))
                @if let Some(next) = self.next { (self.hidden("next", next)) }
                (self.general_problems())
                (content)
            }
        }
    }

    pub(super) fn hidden(&self, name: &str, value: &str) -> Markup {
        html! { input type="hidden" name=(name) value=(value); }
    }

    /// Tells a password manager whose password it is. Read-only and not in the way: it is hidden from sight, and nobody tabs
    /// to it.
    pub(super) fn account(&self, identifier: &str) -> Markup {
        html! {
            @if !identifier.is_empty() {
                input type="text" name="account" value=(identifier) autocomplete="username" readonly hidden
                    aria-label=(self.t.common.email);
            }
        }
    }

    /// A field with its problems and its hint. The focus is where to go on after a problem; without one it is not
    /// moved: a page is read from its heading on.
    pub(super) fn field(&self, field: &Field<'_>) -> Markup {
        let id = format!("{}-{}", self.id, field.name);
        let problems: Vec<Problem> = self.of(Some(field.name)).collect();
        let hints = if field.name == "password" && !problems.is_empty() { self.hints } else { &[] };
        let mut described = Vec::new();
        if self.of(None).next().is_some() {
            described.push(format!("{}-problem", self.id));
        }
        if !problems.is_empty() {
            described.push(format!("{id}-problem"));
        }
        if field.hint.is_some() {
            described.push(format!("{id}-hint"));
        }
        let Attributes { kind, autocomplete, inputmode, max, min } = field.kind.attributes();
        let code = matches!(field.kind, Kind::Code | Kind::RecoveryCode);
        html! {
            div.field.wrong[!problems.is_empty()] {
                label for=(id) { (field.label) }
                @if let Some(hint) = field.hint { p.hint id={ (id) "-hint" } { (hint) } }
                @if !problems.is_empty() {
                    div.problem role="alert" id={ (id) "-problem" } {
                        @for problem in &problems { p { (problem.text(self.t)) } }
                        @if !hints.is_empty() {
                            ul { @for hint in hints { li { (hint.text(self.t)) } } }
                        }
                    }
                }
                input.code[code] id=(id) name=(field.name) type=(kind) autocomplete=(autocomplete)
                    value=[(!field.value.is_empty()).then_some(field.value)]
                    inputmode=[inputmode] maxlength=(max) minlength=[min] required
                    autocapitalize="none" spellcheck="false"
                    aria-invalid=[(!problems.is_empty()).then_some("true")]
                    aria-describedby=[(!described.is_empty()).then(|| described.join(" "))]
                    autofocus[self.focus(field.name)];
            }
        }
    }

    /// The rule for new passwords, as the hint of their field.
    pub(super) fn password_rule(&self, minimum: u16) -> String {
        fill(&self.t.common.password_rule, &[("minimum", &minimum.to_string())])
    }

    fn of<'b>(&'b self, field: Option<&'b str>) -> impl Iterator<Item = Problem> + 'b {
        self.problems.iter().copied().filter(move |problem| field_of(*problem) == field)
    }

    fn focus(&self, field: &str) -> bool {
        self.problems.iter().find_map(|problem| focus_of(*problem)) == Some(field)
    }

    fn general_problems(&self) -> Markup {
        let problems: Vec<Problem> = self.of(None).collect();
        html! {
            @if !problems.is_empty() {
                div.alert role="alert" id={ (self.id) "-problem" } {
                    @for problem in problems { p { (problem.text(self.t)) } }
                }
            }
        }
    }
}

/// What has been done, above the rest of a page.
pub(super) fn notice(notice: Option<Notice>, t: &Texts) -> Markup {
    html! { @if let Some(notice) = notice { p.notice role="status" { (notice.text(t)) } } }
}

/// The button that sends a form.
pub(super) fn submit(text: &str) -> Markup {
    html! { button.main type="submit" { (text) } }
}

/// A link on a line of its own, at the end of a page.
pub(super) fn link_line(href: &str, text: &str) -> Markup {
    html! { p.after { a href=(href) { (text) } } }
}

/// An address of the service with `next`, for links between pages that lead to the same place.
pub(super) fn href(chrome: &Chrome<'_>, path: &str, next: Option<&str>) -> String {
    let at = chrome.at(path);
    match next {
        Some(next) => {
            let query: String =
                form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("{at}?{query}")
        }
        None => at,
    }
}
