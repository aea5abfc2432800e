//! Which fields of GraphQL log somebody in.

use super::graphql_document::{Field, Value};

/// What tells that a field logs somebody in, or finds out whether a password is right. Its name says so, as servers and their libraries
/// call it (`login`, `customerSignIn`, `tokenAuth`, `createSession`), and what it is given: `createSession(title: …)` is about
/// something else. A mutation that is given a password is one whatever its name is, unless it sets that password.
pub(super) fn log_in(field: &Field<'_>, is_mutation: bool) -> Option<LogInBy> {
    let given = Given::of(field);
    let is_one = match (given, of_name(field.name)) {
        (Given::Nothing, _) | (_, Named::Sets) => false,
        (_, Named::LogIn) => is_mutation || given != Given::Other,
        // It may be about log ins, or sessions of another kind.
        (_, Named::Perhaps) => given != Given::Other,
        (_, Named::Other) => return (is_mutation && given == Given::Password).then_some(LogInBy::Password),
    };
    is_one.then_some(LogInBy::Name)
}

/// What tells that a field logs somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogInBy {
    /// Its name.
    Name,
    /// The password that it is given: it may just say whether that is right.
    Password,
}

/// What a field is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Nothing,
    /// A password, or a one-time code.
    Password,
    /// Something that may be one, or hold one.
    Hidden,
    Other,
}

impl Given {
    fn of(field: &Field<'_>) -> Self {
        const SECRETS: [&str; 8] =
            ["password", "passwd", "passphrase", "passcode", "pwd", "pincode", "otp", "totp"];
        // A pin may be on a map, and a code of a voucher.
        const PERHAPS: [&str; 6] = ["pass", "pin", "code", "secret", "credentials", "mfa"];
        const HOLDS: [&str; 11] = [
            "input", "data", "args", "params", "payload", "request", "body", "form", "record", "where",
            "user",
        ];
        if field.arguments.is_empty() {
            return Given::Nothing;
        }
        let (mut left, mut is_hidden) = (Vec::new(), false);
        left.extend(field.arguments.iter().map(|(name, value)| (*name, value)));
        while let Some((name, value)) = left.pop() {
            let said = words(name);
            if has(&said, &SECRETS) {
                return Given::Password;
            }
            is_hidden |= name.len() == 1 || has(&said, &PERHAPS);
            match value {
                Value::Variable(_) => {
                    is_hidden |= said.last().is_some_and(|word| HOLDS.contains(&word.as_str()))
                }
                Value::Object(members) => left.extend(members.iter().map(|(name, value)| (*name, value))),
                Value::List(items) => left.extend(items.iter().map(|item| ("", item))),
                Value::Plain(value) if names(value).any(|name| has(&words(name), &SECRETS)) => {
                    return Given::Password;
                }
                Value::Plain(_) => {}
            }
        }
        if is_hidden { Given::Hidden } else { Given::Other }
    }
}

/// The names of members in a value, and in what is in it.
fn names(value: &serde_json::Value) -> impl Iterator<Item = &str> {
    let (mut left, mut names) = (vec![value], Vec::new());
    while let Some(value) = left.pop() {
        match value {
            serde_json::Value::Array(items) => left.extend(items),
            serde_json::Value::Object(members) => {
                names.extend(members.keys().map(String::as_str));
                left.extend(members.values());
            }
            _ => {}
        }
    }
    names.into_iter()
}

fn has(words: &[String], known: &[&str]) -> bool {
    words.iter().any(|word| known.contains(&word.as_str()))
}

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    LogIn,
    Perhaps,
    /// Makes an account, or changes a password.
    Sets,
    Other,
}

fn of_name(name: &str) -> Named {
    const DOES: [&str; 7] = ["login", "logon", "signin", "signon", "authenticate", "auth", "session"];
    const GIVES: [&str; 5] = ["create", "generate", "obtain", "get", "request"];
    const TOKEN: [&str; 4] = ["token", "session", "jwt", "accesstoken"];
    const BESIDE: [&str; 26] = [
        "user",
        "customer",
        "admin",
        "account",
        "member",
        "employee",
        "client",
        "staff",
        "with",
        "by",
        "using",
        "for",
        "via",
        "and",
        "email",
        "mail",
        "password",
        "username",
        "phone",
        "credentials",
        "local",
        "json",
        "web",
        "access",
        "the",
        "new",
    ];
    const MAKES: [&str; 3] = ["create", "new", "add"];
    const SETS: [&str; 14] = [
        "register", "signup", "change", "update", "set", "reset", "edit", "save", "invite", "import",
        "encrypt", "hash", "strength", "recover",
    ];
    const OTHER: [&str; 34] = [
        "settings",
        "setting",
        "history",
        "attempt",
        "attempts",
        "url",
        "link",
        "page",
        "config",
        "method",
        "methods",
        "options",
        "policy",
        "notification",
        "alert",
        "update",
        "delete",
        "remove",
        "disable",
        "enable",
        "set",
        "reset",
        "log",
        "audit",
        "activity",
        "message",
        "image",
        "form",
        "stats",
        "count",
        "track",
        "record",
        "deactivate",
        "activate",
    ];
    let words = words(name);
    let has = |known: &[&str]| has(&words, known);
    let is_known = |word: &String| {
        [&DOES[..], &GIVES, &TOKEN, &BESIDE].iter().any(|known| known.contains(&word.as_str()))
    };
    let is_token = has(&TOKEN) && (has(&GIVES) || has(&["auth"]));
    let unknown: Vec<&String> = words.iter().filter(|word| !is_known(word)).collect();
    let at_an_end =
        [words.first(), words.last()].into_iter().flatten().any(|word| DOES[..5].contains(&word.as_str()));
    if has(&SETS) || has(&MAKES) && !has(&DOES) && !has(&TOKEN) {
        return Named::Sets;
    }
    match unknown.as_slice() {
        [] if has(&DOES[..5]) && !has(&GIVES) => Named::LogIn,
        [] if has(&DOES[..5]) || is_token => Named::Perhaps,
        // Whom it is for: `loginSeller`, `driverSignIn`, `authenticatePersonWithPassword`, `loginV2`.
        [word] if at_an_end && !OTHER.contains(&word.as_str()) => Named::Perhaps,
        // `issueToken(password: …)`, `loginWithTwoFactorCode(code: …)`; what is neither, a password tells.
        _ if has(&DOES[..5]) && !has(&OTHER) => Named::Perhaps,
        _ => Named::Other,
    }
}

/// The words of a name, in lower case; `log in` and `sign on` are one.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut was_lower, mut rest) = (false, name.chars().peekable());
    while let Some(c) = rest.next() {
        // `JSONWeb` is two.
        let is_first = was_lower || rest.peek().is_some_and(char::is_ascii_lowercase);
        let begins = c == '_' || c.is_ascii_uppercase() && is_first || words.is_empty();
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.push(c.to_ascii_lowercase());
        }
        was_lower = !c.is_ascii_uppercase();
    }
    // `signIn2`
    words
        .iter_mut()
        .for_each(|word| word.truncate(word.trim_end_matches(|c: char| c.is_ascii_digit()).len()));
    words.retain(|word| !word.is_empty());
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(before)
                if ["log", "sign"].contains(&before.as_str())
                    && ["in", "on", "up"].contains(&word.as_str()) =>
            {
                before.push_str(&word);
            }
            _ => joined.push(word),
        }
    }
    // `loginuser`, as some write it.
    joined.into_iter().flat_map(|word| split_lower(&word)).collect()
}

/// `loginuser` in two.
fn split_lower(word: &str) -> Vec<String> {
    for known in ["login", "signin", "authenticate"] {
        let parts = word
            .strip_prefix(known)
            .map(|rest| (known, rest))
            .or_else(|| Some((word.strip_suffix(known)?, known)));
        if let Some((first, second)) = parts.filter(|(first, second)| !first.is_empty() && !second.is_empty())
        {
            return vec![first.to_owned(), second.to_owned()];
        }
    }
    vec![word.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::super::graphql_document::{Selection, WORK, read};
    use super::*;

    fn of(operation: &str) -> Option<LogInBy> {
        let document = read(operation, 10, &mut WORK.clone()).ok()?;
        let operation = document.operations.first()?;
        match operation.selections.as_slice() {
            [Selection::Field(field)] => log_in(field, operation.is_mutation),
            _ => None,
        }
    }

    #[test]
    fn names_tell() {
        for (name, is_one) in [
            ("login", true),
            ("logIn", true),
            ("sign_in", true),
            ("userlogin", true),
            ("auth_login", true),
            ("customerSignIn", true),
            ("loginAdmin", true),
            ("authenticateAdminWithPassword", true),
            ("accountCreateEmailPasswordSession", true),
            ("signInWithEmail", true),
            ("createSession", true),
            ("generateToken", true),
            ("tokenAuth", true),
            ("obtainJSONWebToken", true),
            ("customerAccessTokenCreate", true),
            ("loginSeller", true),
            ("driverSignIn", true),
            ("authenticatePersonWithPassword", true),
            ("loginV2", true),
            ("doLogin", true),
            ("createTokenPair", false),
            ("updateLogin", false),
            ("loginMessage", false),
            ("updateLoginSettings", false),
            ("createCheckoutSession", false),
            ("loginHistory", false),
            ("createUser", false),
            ("revokeToken", false),
            ("authors", false),
            ("session", false),
            ("signup", false),
        ] {
            let document = format!("mutation($i: I) {{ {name}(input: $i) {{ a }} }}");
            assert_eq!(of(&document).is_some(), is_one, "{name}");
        }
    }

    #[test]
    fn what_is_given_tells() {
        use LogInBy::{Name, Password};
        for (document, expected) in [
            ("query { login(email: \"a\", password: \"b\") { token } }", Some(Name)),
            ("query { login(id: 1) { at } }", None),
            ("query { user(password: \"b\") { name } }", None),
            ("mutation { login(email: \"a\") { sent } }", Some(Name)),
            ("mutation { auth(email: \"a\", password: \"b\") { token } }", Some(Password)),
            ("mutation { issueToken(user: \"a\", password: \"b\") }", Some(Password)),
            ("mutation { signIn2(email: \"a\", password: \"b\") { token } }", Some(Name)),
            ("mutation { verifyPassword(password: \"b\") }", Some(Password)),
            ("mutation($p: S) { unlock(input: { passcode: $p }) }", Some(Password)),
            ("mutation { loginWithTwoFactorCode(code: 1) { token } }", Some(Name)),
            ("mutation { createSession(input: { email: \"a\", password: \"b\" }) { token } }", Some(Name)),
            // What is about something else.
            ("mutation { createSession(title: \"Yoga\") { id } }", None),
            ("mutation { getSession(id: 1) { id } }", None),
            ("mutation { createLogin(employee: 7) { id } }", None),
            ("mutation($e: E) { trackLogin(event: $e) }", None),
            ("mutation { deactivateLogin(employee: 7) { id } }", None),
            ("mutation { createUser(email: \"a\", password: \"b\") { id } }", None),
            ("mutation { changePassword(old: \"a\", password: \"b\") }", None),
            ("mutation { resetPassword(token: \"a\", password: \"b\") }", None),
            ("mutation { movePin(pin: 3, x: 1) { id } }", None),
            ("mutation { applyCoupon(code: \"SPRING\") { price } }", None),
        ] {
            assert_eq!(of(document), expected, "{document}");
        }
    }
}
