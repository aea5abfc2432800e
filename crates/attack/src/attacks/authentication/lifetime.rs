//! How long a stolen token is good for.

use report::Level;
use serde_json::Value;

use super::carried::{header_of, jwt_in};
use crate::answer::values;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::surface::shape::fold;
use crate::token;

pub(super) const ATTACK: Attack = Attack {
    name: "token-lifetime",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "For how long can I use a token that I have stolen?",
    level: Level::Medium,
    references: &["CWE-613", "API2:2023"],
    mend_in_code: "Let access tokens end after minutes (`exp`), and renew them with refresh tokens that work once.",
    mend_at_gate: "Set max_lifetime in [[auth.issuer]]: tokens are refused so long after their `iat`, whatever their `exp`.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The longest life of an access token, in seconds, with some for clocks.
const LONGEST: u64 = 3600 + 60;
/// A life that is long, and not yet careless.
const A_DAY: u64 = 24 * 3600 + 60;

/// How long something lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Seconds(u64),
    ForEver,
}

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some((who, person)) = p.people().into_iter().find_map(|who| Some((who, p.person(who)?))) else {
        tried.not_tried("no account could log in");
        return Ok(());
    };
    let now = jsonwebtoken::get_current_timestamp();
    let Some((session, reply)) = person.session.zip(person.entry) else {
        // Given with a token: only that can be read.
        let claims = person.identity.as_ref().and_then(jwt_in).map(|(_, _, claims)| claims);
        let (Some(claims), Some(sign)) = (claims, person.sign) else {
            tried.not_tried("the account has a key that says nothing of its end");
            return Ok(());
        };
        let seen = p.ask(&sign, who).await?;
        judge(life_of(&claims, now), p.surface.endpoint(sign.endpoint).name(), &seen, tried);
        return Ok(());
    };
    let operation = p.surface.endpoint(reply.draft.endpoint).name();
    let shown = p.shown(who, &session);
    let jwt = shown.as_ref().and_then(jwt_in).or_else(|| {
        let token = session.token.clone()?;
        Some((token.clone(), header_of(&token)?, token::claims(&token)?))
    });
    let life = match jwt {
        Some((_, _, claims)) => life_of(&claims, now),
        None => reply.value.as_ref().and_then(|value| stated(value, now)),
    };
    judge(life, operation, &reply, tried);
    Ok(())
}

fn judge(life: Option<Life>, operation: String, seen: &crate::answer::Reply, tried: &mut Tried) {
    let (message, level) = match life {
        None => return tried.not_tried("tokens are opaque, and their end is not told"),
        Some(Life::Seconds(seconds)) if seconds <= LONGEST => return tried.shut(&seen.seen),
        Some(Life::Seconds(seconds)) if seconds <= A_DAY => {
            (format!("an access token lives for {}", in_words(seconds)), Level::Low)
        }
        Some(Life::Seconds(seconds)) => {
            (format!("an access token lives for {}", in_words(seconds)), Level::Medium)
        }
        Some(Life::ForEver) => ("an access token lives for ever: it has no `exp`".to_owned(), Level::Medium),
    };
    tried.open(Hole { level: Some(level), ..Hole::shown(operation, "", message, seen, seen) });
}

/// How long a token with these claims lives.
fn life_of(claims: &Value, now: u64) -> Option<Life> {
    let time = |name: &str| claims.get(name).and_then(whole_seconds);
    match claims.get("exp") {
        None | Some(Value::Null) => Some(Life::ForEver),
        Some(_) => {
            let begin =
                time("iat").or_else(|| time("nbf")).filter(|begin| *begin <= now + LONGEST).unwrap_or(now);
            Some(Life::Seconds(time("exp")?.saturating_sub(begin)))
        }
    }
}

/// A time in seconds, without its fraction.
fn whole_seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64()?.trunc().to_string().parse().ok())
}

/// How long the answer to a log in says that its token lives (RFC 6749 §5.1).
fn stated(value: &Value, now: u64) -> Option<Life> {
    let holds_token = |found: &values::Found<'_>| {
        found.members.keys().any(|name| fold(name).contains("token") || fold(name) == "key")
    };
    let seconds = |found: values::Found<'_>| {
        found.members.iter().find_map(|(name, value)| match fold(name).as_str() {
            // A whole number of minutes in thousandths is no number of seconds.
            "expiresin" | "accesstokenexpiresin" => value
                .as_u64()
                .filter(|seconds| *seconds < 1_000_000_000 && (*seconds < 300_000 || seconds % 60_000 != 0)),
            "expiresat" | "exp" | "expires" => {
                value.as_u64().filter(|at| (now..now * 2).contains(at)).map(|at| at - now)
            }
            _ => None,
        })
    };
    values::objects(value).into_iter().filter(holds_token).find_map(seconds).map(Life::Seconds)
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_life_is_from_issue_to_end() {
        let now = 1_800_000_000;
        for (claims, life) in [
            (json!({ "iat": now, "exp": now + 900 }), Some(Life::Seconds(900))),
            (json!({ "iat": now - 60, "exp": now + 2_592_000 }), Some(Life::Seconds(2_592_060))),
            (json!({ "exp": now + 900 }), Some(Life::Seconds(900))),
            (json!({ "exp": 1_800_000_900.5 }), Some(Life::Seconds(900))),
            (json!({ "sub": "1" }), Some(Life::ForEver)),
            (json!({ "exp": "soon" }), None),
        ] {
            assert_eq!(life_of(&claims, now), life, "{claims}");
        }
    }

    #[test]
    fn an_answer_tells_the_life_of_its_own_token_only() {
        let now = 1_800_000_000;
        for (answer, life) in [
            (json!({ "access_token": "a", "expires_in": 3600 }), Some(Life::Seconds(3600))),
            (json!({ "access_token": "a", "refresh_expires_in": 99_999 }), None),
            (json!({ "data": { "token": "a", "expiresAt": now + 60 } }), Some(Life::Seconds(60))),
            (json!({ "token": "a", "plan": { "expires_in": 99_999 } }), None),
            (json!({ "token": "a", "expires_in": "30d" }), None),
            (json!({ "token": "a", "expires_in": 3_600_000 }), None),
        ] {
            assert_eq!(stated(&answer, now), life, "{answer}");
        }
    }
}
