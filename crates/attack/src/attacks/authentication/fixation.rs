//! A session whose name the attacker has chosen before the victim logs in.

use report::Level;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::prober::{Prober, Stop};
use crate::session::session_of;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "session-fixation",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "If the victim's browser has a session cookie of mine, does the victim log in to my session?",
    level: Level::High,
    references: &["CWE-384", "API2:2023"],
    mend_in_code: "Begin a new session, with a new random name, at every log in.",
    mend_at_gate: "A gate does not issue the API's sessions; those of the built-in service ([auth] service) begin anew at log in.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some(person) = p.person(Who::Attacker) else {
        tried.not_tried("no account could log in");
        return Ok(());
    };
    let (Some(form), Some((name, password)), Some(sign)) =
        (person.form, person.account.credentials, person.sign)
    else {
        tried.not_tried("the account does not log in with a password");
        return Ok(());
    };
    let lives_in_cookie = person
        .identity
        .as_ref()
        .is_some_and(|identity| identity.headers.iter().any(|(name, _)| name == "cookie"));
    let Some(session) = person.session.filter(|session| lives_in_cookie && !session.cookies.is_empty())
    else {
        tried.not_tried("sessions are in no cookie");
        return Ok(());
    };
    let endpoint = p.surface.endpoint(form.endpoint);
    for (cookie, own) in &session.cookies {
        // What the server gives to strangers, and what an attacker makes up in the same form.
        let stranger = p.ask(&sign, Who::Nobody).await?;
        let given = session_of(&stranger.answer).into_iter().flat_map(|session| session.cookies);
        let given = given.filter(|(known, _)| known == cookie).map(|(_, value)| value);
        let made_up: String = own.chars().map(|c| if c.is_ascii_alphanumeric() { 'd' } else { c }).collect();
        for value in given.chain([made_up]) {
            let fixed = Identity {
                name: "fixed".into(),
                headers: vec![("cookie".into(), format!("{cookie}={value}"))],
            };
            let before = p.ask_by(&sign, &fixed).await?;
            if before.is_served {
                continue;
            }
            let reply = p.ask_by(&form.draft(endpoint, &name, &password), &fixed).await?;
            if !reply.is_served {
                tried.not_tried(format!("{}: no log in with a cookie of others", endpoint.name()));
                continue;
            }
            let after = served_twice(p, &sign, &fixed).await?;
            match after {
                Some(after) => {
                    let message = "a session cookie from before the log in is served after it";
                    tried.open(Hole::shown(
                        endpoint.name(),
                        format!("cookie {cookie}"),
                        message,
                        &before,
                        &after,
                    ));
                }
                None => tried.shut(&reply.seen),
            }
        }
    }
    p.revive().await
}

async fn served_twice(
    p: &Prober<'_>,
    sign: &crate::request::Draft,
    as_whom: &Identity,
) -> Result<Option<Reply>, Stop> {
    let reply = p.ask_by(sign, as_whom).await?;
    let again = p.ask_by(sign, as_whom).await?;
    Ok(Some(reply).filter(|reply| reply.is_served && again.is_served))
}
