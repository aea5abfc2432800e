//! Session cookies that scripts read, and that other sites and plain HTTP send.

use report::Level;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::surface::shape::fold;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "cookie-flags",
    door: GuideDoor::SecurityHeaders,
    shut_by: ShutBy::Code,
    thought: "Can a script read the session cookie, or another site have it sent?",
    level: Level::Medium,
    references: &["CWE-1004", "CWE-614", "CWE-1275", "API8:2023"],
    mend_in_code: "Set session cookies with HttpOnly, Secure and SameSite.",
    mend_at_gate: "The gate adds HttpOnly, Secure over TLS and SameSite where they are missing; see [cookies].",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut replies: Vec<(Reply, From)> = Vec::new();
    if let Some(who) = p.people().first()
        && let Some((_, reply)) = p.new_session(*who).await?
    {
        replies.push((reply, From::LogIn));
    }
    for control in p.controls() {
        if control.reply.answer.headers.contains_key("set-cookie") && control.who != Who::Nobody {
            replies.push((control.reply.clone(), From::Other));
        }
    }
    let transport_is_tls = p.client.is_tls();
    let mut known: Vec<String> = Vec::new();
    for (reply, from) in replies {
        let operation = p.surface.endpoint(reply.draft.endpoint).name();
        let lines = reply.answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let mut worst: Option<(Level, Vec<String>)> = None;
        for cookie in lines.filter_map(Cookie::read) {
            if !cookie.is_session(from) || known.contains(&cookie.name) {
                continue;
            }
            known.push(cookie.name.clone());
            let (missing, level) = cookie.missing(transport_is_tls);
            let text = format!("{} without {}", cookie.name, missing.join(", "));
            match level {
                None => tried.shut(&reply.seen),
                Some(level) => {
                    let (known, texts) = worst.get_or_insert((level, Vec::new()));
                    *known = (*known).max(level);
                    texts.push(text);
                }
            }
        }
        if let Some((level, texts)) = worst {
            let hole = Hole::shown(operation, "", texts.join("; "), &reply, &reply);
            let evidence = vec![reply.seen.clone()];
            tried.open(Hole { level: Some(level), evidence, ..hole });
        }
    }
    if known.is_empty() {
        tried.not_tried("no answer sets a session cookie");
    }
    Ok(())
}

/// Which answer set a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    LogIn,
    Other,
}

/// A cookie as an answer sets it (RFC 6265 §4.1).
#[derive(Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    /// Names of its attributes in small letters, `samesite` with its value.
    attributes: Vec<(String, String)>,
}

impl Cookie {
    /// Reads `Set-Cookie`. `None` for what removes a cookie.
    fn read(line: &str) -> Option<Cookie> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let attributes: Vec<(String, String)> = parts
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase())
            })
            .collect();
        let is_removal =
            value.trim_matches('"').is_empty() || attributes.contains(&("max-age".into(), "0".into()));
        (!is_removal).then(|| Cookie { name: name.trim().to_owned(), value: value.to_owned(), attributes })
    }

    /// Whether it is a credential: set by a log in, or called so. Tokens against forged requests are read by scripts.
    fn is_session(&self, from: From) -> bool {
        let name = fold(&self.name);
        let is = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if is(&["csrf", "xsrf"]) || is(&["lang", "locale", "theme", "consent", "timezone"]) {
            return false;
        }
        let is_called_so = is(&["sess", "sid", "token", "jwt", "auth", "refresh", "remember"]);
        is_called_so || (from == From::LogIn && self.value.len() >= 16)
    }

    /// The flags that are missing, and how bad that is.
    fn missing(&self, is_tls: bool) -> (Vec<&'static str>, Option<Level>) {
        let has = |name: &str| self.attributes.iter().any(|(known, _)| known == name);
        let same_site =
            self.attributes.iter().find(|(name, _)| name == "samesite").map(|(_, value)| value.as_str());
        let mut missing = Vec::new();
        let mut level: Option<Level> = None;
        let mut miss = |name: &'static str, is_bad: Level| {
            missing.push(name);
            level = level.max(Some(is_bad));
        };
        if !has("httponly") {
            miss("HttpOnly", Level::Medium);
        }
        if !has("secure") {
            // Over plain HTTP such a cookie would not come back.
            miss("Secure", if is_tls { Level::Medium } else { Level::Info });
        }
        match same_site {
            None => miss("SameSite", Level::Low),
            Some("none") => miss("SameSite other than None", Level::Low),
            _ => {}
        }
        (missing, level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_cookie_needs_its_flags() {
        for (line, is_tls, expected) in [
            ("session=abc; HttpOnly; Secure; SameSite=Lax", true, None),
            ("session=abc; HttpOnly; SameSite=Lax", false, Some(Level::Info)),
            ("session=abc; HttpOnly; SameSite=Lax", true, Some(Level::Medium)),
            ("session=abc; Secure; HttpOnly", true, Some(Level::Low)),
            ("session=abc; secure; httponly; samesite=none", true, Some(Level::Low)),
            ("session=abc; Secure; SameSite=Strict", true, Some(Level::Medium)),
        ] {
            assert_eq!(Cookie::read(line).unwrap().missing(is_tls).1, expected, "{line}");
        }
        for line in ["session=; Max-Age=0", "session=\"\"; Path=/", "nothing", "a=b; Max-Age=0"] {
            assert_eq!(Cookie::read(line), None, "{line}");
        }
    }

    #[test]
    fn only_credentials_are_session_cookies() {
        for (line, from, expected) in [
            ("connect.sid=s", From::Other, true),
            ("PHPSESSID=s", From::Other, true),
            ("csrftoken=s", From::LogIn, false),
            ("XSRF-TOKEN=s", From::Other, false),
            ("theme=dark", From::LogIn, false),
            ("id=0123456789abcdef", From::LogIn, true),
            ("id=0123456789abcdef", From::Other, false),
        ] {
            assert_eq!(Cookie::read(line).unwrap().is_session(from), expected, "{line}");
        }
    }
}
