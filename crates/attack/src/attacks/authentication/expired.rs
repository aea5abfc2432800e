//! A token whose time is over.

use report::Level;

use super::carried::{Carried, jwt_in};
use super::secret;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::token;

pub(super) const ATTACK: Attack = Attack {
    name: "token-expired",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Is a token still believed after the time that it names as its end?",
    level: Level::High,
    references: &["CWE-613", "API2:2023"],
    mend_in_code: "Require `exp` and compare it with the clock, as libraries do unless they are told not to.",
    mend_at_gate: "Declare the issuer in [[auth.issuer]]: the gate refuses tokens after `exp`, and with max_lifetime sooner.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How long ago the forged tokens ended: an hour, beyond every allowance for clocks.
const AGO: u64 = 3600;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let now = jsonwebtoken::get_current_timestamp();
    let Some(carried) = Carried::by_somebody(p).await? else {
        tried.not_tried("no account has a JSON Web Token in a request that is served with it alone");
        return Ok(());
    };
    // An account may have been given with an old token.
    for who in p.people() {
        let Some((person, identity)) =
            p.person(who).and_then(|person| Some((person.clone(), person.identity?)))
        else {
            continue;
        };
        let end = jwt_in(&identity).and_then(|(_, _, claims)| claims.get("exp")?.as_u64());
        let Some(sign) = person.sign.filter(|_| end.is_some_and(|end| end + 300 < now)) else { continue };
        let (first, again) = (p.ask(&sign, who).await?, p.ask(&sign, who).await?);
        if first.is_served && again.is_served {
            let message = "a token is served after the time that its `exp` names";
            tried.open(Hole::shown(carried.operation(p), carried.slot(), message, &first, &again));
            return Ok(());
        }
    }
    let algorithm = secret::shared(carried.algorithm());
    let known = algorithm.and_then(|algorithm| {
        Some((algorithm, secret::find(&carried.token, algorithm, &secret::own_words(p))?))
    });
    let Some((algorithm, secret)) = known else {
        tried.not_tried("no token is older than its `exp`, and none can be made");
        return Ok(());
    };
    let claims = token::changed(
        carried.claims.clone(),
        [("exp", (now - AGO).into()), ("iat", (now - 2 * AGO).into())],
    );
    let Some(forged) = secret::sign(&claims, &secret, algorithm) else { return Ok(()) };
    match carried.served(p, &forged).await? {
        Ok(reply) => {
            let message = "a token that ended an hour ago is served";
            tried.open(Hole::shown(carried.operation(p), carried.slot(), message, &carried.control, &reply));
        }
        Err(reply) => tried.shut(&reply.seen),
    }
    Ok(())
}
