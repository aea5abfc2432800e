//! Writes that a page of another site makes with the victim's cookies.

use bytes::Bytes;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use report::Level;
use serde_json::Value;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::probe::{Content, Probe};
use crate::prober::{Entered, Prober, Stop};
use crate::request::{Draft, scalar_text};
use crate::surface::Role;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "csrf",
    door: GuideDoor::Cors,
    shut_by: ShutBy::Code,
    thought: "Can a form on my own site write as the victim, whose browser adds the cookie?",
    level: Level::Medium,
    references: &["CWE-352", "API8:2023"],
    mend_in_code: "Set SameSite=Lax or Strict on session cookies, and take writes with cookies from one's own origin only.",
    mend_at_gate: "Keep [cors] csrf = \"refuse\": writes with cookies from other sites are refused.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The site that the form is on.
const FOREIGN: &str = "https://dw-foreign.example";
/// The most operations that are tried.
const MAX_OPERATIONS: usize = 4;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some((cookie, shown)) = session_cookie(p, tried).await? else { return Ok(()) };
    let is_write = |control: &Control| {
        let endpoint = p.surface.endpoint(control.endpoint);
        endpoint.method == Method::POST
            && !endpoint.is_read()
            && endpoint.role == Role::Ordinary
            && !endpoint.is_removal()
    };
    let writes: Vec<Control> = (0..p.surface.endpoints.len())
        .filter_map(|at| p.control(at, Who::Attacker))
        .filter(|control| is_write(control) && p.control(control.endpoint, Who::Nobody).is_none())
        .map(|control| (*control).clone())
        .take(MAX_OPERATIONS)
        .collect();
    if writes.is_empty() {
        tried.not_tried("no POST is served to an account that is not served to nobody");
    }
    for control in writes {
        let result = try_one(p, &control, &cookie, &shown, tried).await;
        if tried.take(result)?.unwrap_or(false) {
            break;
        }
    }
    p.revive().await
}

/// The cookie that alone is a session, where browsers send it along from other sites.
async fn session_cookie(p: &Prober<'_>, tried: &mut Tried) -> Result<Option<(Identity, Entered)>, Stop> {
    let Some(session) = p.person(Who::Attacker).and_then(|person| person.session) else {
        tried.not_tried("the account does not log in with a password");
        return Ok(None);
    };
    if session.cookies.is_empty() {
        tried.not_tried("a log in sets no cookie");
        return Ok(None);
    }
    let Some((fresh, reply)) = p.new_session(Who::Attacker).await? else { return Ok(None) };
    let Some(sign) = p.person(Who::Attacker).and_then(|person| person.sign) else { return Ok(None) };
    let attributes: Vec<String> = reply
        .answer
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|v| Some(v.to_str().ok()?.to_owned()))
        .collect();
    for (name, value) in &fresh.cookies {
        let alone =
            Identity { name: "victim".into(), headers: vec![("cookie".into(), format!("{name}={value}"))] };
        let served = p.ask_by(&sign, &alone).await?;
        if !served.is_served {
            continue;
        }
        let attributes = attributes.iter().rfind(|line| line.trim_start().starts_with(&format!("{name}=")));
        if attributes.is_some_and(|line| stays_home(line)) {
            tried.shut(&served.seen);
            return Ok(None);
        }
        let entered = Entered { identity: alone.clone(), session: fresh.clone(), sign, served };
        return Ok(Some((alone, entered)));
    }
    tried.not_tried("no cookie alone is a session");
    p.revive().await?;
    Ok(None)
}

/// Whether a browser keeps a cookie from writes of other sites.
fn stays_home(cookie: &str) -> bool {
    cookie.split(';').skip(1).any(|attribute| {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let value = value.trim().to_ascii_lowercase();
        name.trim().eq_ignore_ascii_case("samesite") && (value == "lax" || value == "strict")
    })
}

/// Whether the operation is open.
async fn try_one(
    p: &Prober<'_>,
    control: &Control,
    cookie: &Identity,
    shown: &Entered,
    tried: &mut Tried,
) -> Result<bool, Stop> {
    let endpoint = p.surface.endpoint(control.endpoint);
    for form in Form::ALL {
        let reply = as_form(p, &control.draft, form, Some(cookie)).await?;
        if !reply.is_served {
            tried.shut(&reply.seen);
            continue;
        }
        // What was made is removed in the end.
        p.made(reply.clone(), Who::Attacker);
        let without = as_form(p, &control.draft, form, None).await?;
        let again = as_form(p, &control.draft, form, Some(cookie)).await?;
        p.made(again.clone(), Who::Attacker);
        if again.is_served && !without.is_served {
            let message = format!(
                "a form of another site ({}) is served with nothing but the cookie",
                form.media_type()
            );
            let mut hole = Hole::shown(endpoint.name(), "cookie", message, &control.reply, &reply);
            hole.evidence.insert(0, shown.served.seen.clone());
            tried.open(hole);
            return Ok(true);
        }
        tried.unknown(format!("{}: what was served is served without the cookie, too", endpoint.name()));
    }
    Ok(false)
}

/// What a page of another site can send without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Fields,
    Text,
}

impl Form {
    const ALL: [Form; 2] = [Form::Fields, Form::Text];

    fn media_type(self) -> &'static str {
        match self {
            Form::Fields => "application/x-www-form-urlencoded",
            Form::Text => "text/plain",
        }
    }
}

async fn as_form(
    p: &Prober<'_>,
    draft: &Draft,
    form: Form,
    cookie: Option<&Identity>,
) -> Result<Reply, Stop> {
    let draft = draft.settled();
    let ordinary = draft.probe(p.surface.endpoint(draft.endpoint));
    let bytes = ordinary.body.as_ref().map(|content| content.bytes.clone()).unwrap_or_default();
    let json: Option<Value> = serde_json::from_slice(&bytes).ok();
    let bytes = match (form, json) {
        (Form::Fields, Some(json)) => Bytes::from(fields(&json)),
        _ => bytes,
    };
    let content = Content { media_type: form.media_type().to_owned(), bytes };
    let mut probe = Probe { body: Some(content), ..ordinary }
        .header("origin", FOREIGN)
        .header("sec-fetch-site", "cross-site");
    if let Some(cookie) = cookie {
        probe = probe.by(cookie);
    }
    p.ask_as(draft, probe, Who::Nobody).await
}

/// The members of an object as the fields of a form.
fn fields(json: &Value) -> String {
    fn add(name: &str, value: &Value, pairs: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (inner, member) in members {
                    let name = if name.is_empty() { inner.clone() } else { format!("{name}[{inner}]") };
                    add(&name, member, pairs);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| add(&format!("{name}[]"), item, pairs)),
            scalar => {
                let text = scalar_text(scalar).unwrap_or_default();
                let write = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                pairs.push(format!("{}={}", write(name), write(&text)));
            }
        }
    }
    let mut pairs = Vec::new();
    add("", json, &mut pairs);
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_lax_and_strict_cookies_stay_at_home() {
        for (cookie, is_it) in [
            ("s=1; Path=/; SameSite=Lax", true),
            ("s=1; samesite=STRICT", true),
            ("s=1; SameSite=None; Secure", false),
            ("s=1; HttpOnly", false),
            ("samesite=strict", false),
        ] {
            assert_eq!(stays_home(cookie), is_it, "{cookie}");
        }
    }

    #[test]
    fn objects_are_written_as_fields() {
        let json = json!({ "a": "b c", "d": { "e": 1 }, "f": [true] });
        assert_eq!(fields(&json), "a=b%20c&d%5Be%5D=1&f%5B%5D=true");
    }
}
