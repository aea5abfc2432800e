//! The log in as the document declares it: which operation, and which of its fields hold a name and a password.

use serde_json::Value;

use crate::request::{Draft, Slot};
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Extent, Kind, Role, Surface};

/// How an account logs in.
#[derive(Debug, Clone)]
pub(crate) struct LogInForm {
    /// Which operation.
    pub(crate) endpoint: usize,
    /// Where the name stands.
    pub(crate) name: Slot,
    /// Where the password stands.
    pub(crate) password: Slot,
}

impl LogInForm {
    /// The ways to log in, the likeliest first.
    pub(crate) fn all(surface: &Surface) -> Vec<LogInForm> {
        let mut forms: Vec<(usize, LogInForm)> = surface
            .with_role(Role::LogIn)
            .filter_map(|(at, endpoint)| LogInForm::of(at, endpoint))
            .map(|form| (rank(surface.endpoint(form.endpoint)), form))
            .collect();
        forms.sort_by_key(|(rank, _)| *rank);
        forms.into_iter().map(|(_, form)| form).collect()
    }

    /// Where the name and the password of an operation's body stand.
    pub(crate) fn of(at: usize, endpoint: &Endpoint) -> Option<LogInForm> {
        let body = endpoint.body.as_ref()?;
        let leaves = body.shape.leaves();
        let name = |pointer: &str| fold(pointer.rsplit('/').next().unwrap_or(""));
        let find = |is_it: &dyn Fn(&str) -> bool| {
            leaves.iter().find(|(pointer, _)| is_it(&name(pointer))).map(|(at, _)| Slot::Body(at.clone()))
        };
        let password = find(&|name| name.contains("pass") || name == "pwd")?;
        let names =
            ["username", "mail", "login", "user", "account", "phone", "name", "nick", "handle", "identif"];
        let named =
            names.iter().find_map(|word| find(&|name: &str| name.contains(word) && !name.contains("pass")));
        // Whatever the document calls the name: the first other text that it takes.
        let other = || {
            leaves.iter().find_map(|(pointer, shape)| {
                let slot = Slot::Body(pointer.clone());
                let name = name(pointer);
                let is_other = ["code", "token", "otp", "pin", "grant", "scope", "client", "captcha"]
                    .iter()
                    .any(|word| name.contains(word));
                let is_text = matches!(shape.kind, Kind::Text | Kind::Any) && !shape.is_closed;
                (slot != password && is_text && !is_other && !name.contains("pass")).then_some(slot)
            })
        };
        let user = named.or_else(other)?;
        Some(LogInForm { endpoint: at, name: user, password })
    }

    /// The request that logs in.
    pub(crate) fn draft(&self, endpoint: &Endpoint, name: &str, password: &str) -> Draft {
        let extent = Extent::Required;
        let mut body = endpoint.body.as_ref().map(|body| body.shape.example("", extent));
        // OAuth's password grant (RFC 6749 §4.3) is one value of a pattern in many documents.
        if let (Some(Value::Object(members)), Some(shape)) = (&mut body, &endpoint.body)
            && shape.shape.properties().iter().any(|field| field.name == "grant_type")
        {
            members.insert("grant_type".into(), "password".into());
        }
        Draft { body, ..Draft::empty(self.endpoint) }.with(&self.name, name).with(&self.password, password)
    }
}

/// A log in that only begins a second step, or is for administrators, is not the first choice.
fn rank(endpoint: &Endpoint) -> usize {
    let path = fold(&endpoint.path) + &fold(&endpoint.id);
    let is = |word: &str| usize::from(path.contains(word));
    is("admin") * 4
        + is("test") * 4
        + is("otp") * 8
        + is("mfa") * 8
        + (1 - is("login").max(is("token")).max(is("session")))
}
