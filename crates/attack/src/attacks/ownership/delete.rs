//! Another account's object, removed by its id: one that the victim makes for that.

use super::administrative::Powers;
use super::aim::{ours, place_of, why_theirs};
use super::privacy::{self, Privacy};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Now, Prober, Stop};
use crate::surface::Endpoint;
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "bola-delete",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "If I delete an object by the id that another account has, is it gone?",
    level: Level::Critical,
    references: &["CWE-639", "API1:2023"],
    mend_in_code: "Delete objects by their id and their owner together, the owner being the account that asks.",
    mend_at_gate: "Name the owner's field with `owner` of a [[route]], and set `check_owner_before_write`.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    if !p.people().contains(&Who::Victim) || !p.people().contains(&Who::Attacker) {
        tried.not_tried("needs two accounts");
        return Ok(());
    }
    let powers = Powers::learn(p);
    let privacy = privacy::learn(p).await?;
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        if p.may_ask(at) && endpoint.is_removal() && powers.why(endpoint).is_none() {
            let result = try_operation(p, at, endpoint, &privacy, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

async fn try_operation(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    privacy: &Privacy,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let ways = match p.draft_on_new(at, Who::Victim).await? {
        Some((draft, _)) => ours(p, &draft).await?.len(),
        None => {
            tried.not_tried(format!("{}: the victim makes no object for it", endpoint.name()));
            return Ok(());
        }
    };
    for way in 0..ways {
        let mut gone = 0;
        for _ in 0..2 {
            let Some((draft, made)) = p.draft_on_new(at, Who::Victim).await? else { return Ok(()) };
            let Some(view) = p.view(&draft, &made.id, Who::Victim).await? else {
                tried.not_tried(format!("{}: the object is not seen by its owner", endpoint.name()));
                return Ok(());
            };
            let Some(why) = why_theirs(p, privacy, &made.collection, &view.object) else {
                tried.not_tried(format!("{}: nothing says whose the object is", endpoint.name()));
                return Ok(());
            };
            let Some(mine) = ours(p, &draft).await?.into_iter().nth(way) else { return Ok(()) };
            let reply = p.ask(&mine, Who::Attacker).await?;
            match p.look_again(&view).await? {
                Now::There(_) => {
                    tried.shut(&reply.seen);
                    break;
                }
                Now::Gone => {
                    p.forget(&made.id);
                    gone += 1;
                    if gone == 2 {
                        let message = format!("the attacker deletes what is the victim's: {why}");
                        tried.open(Hole::shown(
                            endpoint.name(),
                            place_of(&draft, &made.id),
                            message,
                            &view.reply,
                            &reply,
                        ));
                        return Ok(());
                    }
                }
                Now::Unclear => {
                    tried.unknown(format!("{}: the owner's view is no longer served", endpoint.name()));
                    break;
                }
            }
        }
    }
    Ok(())
}
