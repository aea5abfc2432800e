//! What an operation is for, by its words.

use http::Method;

use super::shape::{Shape, fold};
use super::words::words;

/// What an operation is for, where that matters to an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Nothing of the below.
    Ordinary,
    /// It begins a session.
    LogIn,
    /// It ends one.
    LogOut,
    /// It renews one.
    Refresh,
    /// It makes an account.
    Register,
    /// It sets a new password of somebody who is logged in.
    PasswordChange,
    /// It begins the recovery of a forgotten password.
    Forgot,
    /// It ends that recovery: a code and a new password.
    Recover,
    /// It shuts an account out.
    Exclusion,
    /// By its name, it destroys what others need: reset, seed, purge, shutdown.
    Destructive,
}

/// What an operation is called, and what it takes.
pub(crate) struct Called<'c> {
    pub(crate) method: &'c Method,
    /// Path without its parameters, or the field of a schema.
    pub(crate) path: &'c str,
    pub(crate) id: &'c str,
    pub(crate) is_read: bool,
    pub(crate) has_path_parameter: bool,
    pub(crate) body: Option<&'c Shape>,
}

/// The role of an operation.
pub(crate) fn role(called: &Called<'_>) -> Role {
    let path = words(called.path);
    let all: Vec<String> = path.iter().cloned().chain(words(called.id)).collect();
    let has = |names: &[&str]| all.iter().any(|word| names.contains(&word.as_str()));
    let joined = fold(called.path);
    let has_joined = |names: &[&str]| names.iter().any(|name| joined.contains(name));
    let leaves: Vec<String> = called
        .body
        .map(|body| body.leaves().iter().map(|(at, _)| fold(at.rsplit('/').next().unwrap_or(""))).collect())
        .unwrap_or_default();
    let is_password = |leaf: &String| leaf.contains("pass") || leaf == "pwd" || leaf == "secret";
    let passwords = leaves.iter().filter(|leaf| is_password(leaf)).count();
    let takes_name = leaves.iter().any(|leaf| {
        ["user", "mail", "login", "name", "account", "phone", "nick", "handle", "identif"]
            .iter()
            .any(|word| leaf.contains(word))
    });
    let last = path.last().map_or("", String::as_str);
    let is_session =
        has(&["session", "sessions", "token", "tokens", "auth", "login", "signin", "authenticate"])
            || has_joined(&["login", "signin", "logon", "authtoken", "accesstoken"]);

    if has(&["refresh", "renew"])
        && !called.is_read
        && (is_session || leaves.iter().any(|l| l.contains("token")))
    {
        return Role::Refresh;
    }
    if has(&["logout", "signout", "logoff"])
        || has_joined(&["logout", "signout", "logoff"])
        || (called.method == Method::DELETE && !called.has_path_parameter && is_session)
    {
        return Role::LogOut;
    }
    if !called.is_read {
        let is_recovery = has(&["forgot", "forgotten", "recover", "recovery"])
            || (has(&["reset", "resets"]) && has_joined(&["password"]));
        if is_recovery && passwords == 0 && takes_name {
            return Role::Forgot;
        }
        let takes_code =
            leaves.iter().any(|leaf| ["code", "token", "otp", "pin"].iter().any(|word| leaf.contains(word)));
        if is_recovery && passwords > 0 && takes_code {
            return Role::Recover;
        }
        let is_new =
            leaves.iter().any(|leaf| is_password(leaf) && (leaf.contains("new") || leaf.contains("next")));
        if passwords > 0 && (is_new || (last.contains("password") || has(&["changepassword"])) && !takes_name)
        {
            return Role::PasswordChange;
        }
        if passwords > 0 && has_register(&all, &joined) {
            return Role::Register;
        }
        // Whatever a log in calls the name: `who`, `badge`, `member_no`.
        let takes_other = leaves.iter().any(|leaf| {
            !is_password(leaf)
                && !["code", "token", "otp", "pin", "grant"].iter().any(|word| leaf.contains(word))
        });
        if passwords > 0 && is_session && (takes_name || takes_other && *called.method == Method::POST) {
            return Role::LogIn;
        }
        if passwords > 0
            && takes_name
            && *called.method == Method::POST
            && leaves.len() <= 3
            && !has(&["users", "accounts", "members", "customers"])
        {
            return Role::LogIn;
        }
        if passwords > 0 && takes_name && *called.method == Method::POST && !called.has_path_parameter {
            return Role::Register;
        }
    }
    let destroys = [
        "reset", "seed", "reseed", "purge", "wipe", "drop", "truncate", "shutdown", "restart", "reboot",
        "createdb", "populate", "initdb", "flush", "nuke", "restore", "factory",
    ];
    // Who is shut out here may be the account that asks.
    let is_against = !called.is_read
        && has(&["ban", "suspend", "deactivate", "disable", "lock", "block", "terminate", "close"])
        && all.iter().any(|word| super::sensitive::is_people(word));
    if is_against {
        return Role::Exclusion;
    }
    let is_all = called.method == Method::DELETE && !called.has_path_parameter;
    if has(&destroys)
        || has_joined(&["deleteall", "removeall", "clearall", "createdb", "resetdb", "initdb"])
        || is_all
    {
        return Role::Destructive;
    }
    Role::Ordinary
}

fn has_register(words: &[String], joined: &str) -> bool {
    words.iter().any(|word| ["register", "registration", "signup", "enroll", "join"].contains(&word.as_str()))
        || ["signup", "createaccount", "createuser"].iter().any(|name| joined.contains(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(names: &[&str]) -> Shape {
        let fields = names.iter().map(|name| super::super::Field {
            name: (*name).to_owned(),
            shape: Shape::text(),
            is_required: true,
            is_read_only: false,
        });
        Shape {
            kind: super::super::Kind::Object(fields.collect()),
            given: Some(json!({})),
            ..Shape::default()
        }
    }

    #[test]
    fn operations_are_known_by_their_words_and_by_what_they_take() {
        for (method, path, leaves, expected) in [
            ("POST", "/auth/token", &["username", "password", "grant_type"][..], Role::LogIn),
            ("POST", "/login", &["username", "password"], Role::LogIn),
            ("POST", "/api/v1/sessions", &["email", "password"], Role::LogIn),
            ("POST", "/sessions/refresh", &["refreshToken"], Role::Refresh),
            ("POST", "/signIn", &["nick", "password"], Role::LogIn),
            ("POST", "/session", &["badge", "password"], Role::LogIn),
            ("POST", "/session", &["otp", "password"], Role::Ordinary),
            ("DELETE", "/sessions", &[], Role::LogOut),
            ("POST", "/auth/logout", &[], Role::LogOut),
            ("POST", "/users", &["email", "password", "name", "role"], Role::Register),
            ("POST", "/auth/register", &["username", "password"], Role::Register),
            ("POST", "/auth/forgot", &["email"], Role::Forgot),
            ("POST", "/password-resets", &["email"], Role::Forgot),
            ("POST", "/password-resets/confirm", &["email", "code", "password"], Role::Recover),
            ("POST", "/auth/password", &["current_password", "new_password"], Role::PasswordChange),
            ("PATCH", "/users/me/password", &["current_password", "new_password"], Role::PasswordChange),
            ("POST", "/orders", &["address"], Role::Ordinary),
            ("DELETE", "/orders", &[], Role::Destructive),
            ("GET", "/createdb", &[], Role::Destructive),
            ("POST", "/admin/reset", &[], Role::Destructive),
            ("POST", "/banUser", &["userId"], Role::Exclusion),
            ("POST", "/users/{id}/suspend", &[], Role::Exclusion),
            ("POST", "/orders/{id}/close", &[], Role::Ordinary),
            ("GET", "/users/{id}", &[], Role::Ordinary),
            ("GET", "/tokens", &[], Role::Ordinary),
        ] {
            let shape = object(leaves);
            let method: Method = method.parse().unwrap();
            let called = Called {
                method: &method,
                path,
                id: "",
                is_read: method == Method::GET,
                has_path_parameter: path.contains('{'),
                body: Some(&shape).filter(|_| !leaves.is_empty()),
            };
            assert_eq!(role(&called), expected, "{method} {path}");
        }
    }
}
