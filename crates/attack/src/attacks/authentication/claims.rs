//! A token that was made for something else.

use report::Level;
use serde_json::Value;

use super::carried::{Carried, header_of};
use crate::answer::values;
use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "token-claims",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Is a token that was made for something else, as to renew a session, taken for an access token?",
    level: Level::Medium,
    references: &["CWE-345", "CWE-863", "API2:2023"],
    mend_in_code: "Give tokens of each purpose a claim, an audience or a key of their own, and check it.",
    mend_at_gate: "In [[auth.issuer]], set audience, and typ to the one of access tokens (`at+jwt`).",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Names of members that hold tokens which are not for access.
const OTHERS: [&str; 9] = [
    "refresh_token",
    "refresh",
    "id_token",
    "reset_token",
    "verification_token",
    "confirmation_token",
    "mfa_token",
    "email_token",
    "invite_token",
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some(carried) = Carried::by_somebody(p).await? else {
        tried.not_tried("no account has a JSON Web Token in a request that is served with it alone");
        return Ok(());
    };
    if !carried.is_verified(p).await? {
        tried.not_tried("signatures are not verified at all");
        return Ok(());
    }
    let Some((session, reply)) = p.person(carried.who).and_then(|person| person.session.zip(person.entry))
    else {
        tried.not_tried("the account has a token and no password");
        return Ok(());
    };
    let mut tokens: Vec<(&str, String)> =
        session.refresh.iter().map(|token| ("refresh token", token.clone())).collect();
    for name in OTHERS {
        let members = reply.value.iter().flat_map(|value| values::members(value, name));
        tokens.extend(members.filter_map(Value::as_str).map(|text| (name, text.to_owned())));
    }
    tokens.retain(|(_, token)| header_of(token).is_some() && session.token.as_ref() != Some(token));
    if tokens.is_empty() {
        tried.not_tried("a log in answers with no second token that is a JSON Web Token");
    }
    let tokens = tokens
        .into_iter()
        .map(|(what, token)| (format!("the {what} of a log in is served as an access token"), token))
        .collect();
    carried.try_each(p, tokens, tried).await
}
