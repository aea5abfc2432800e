//! The survey takes the census: every operation is asked, as every account and as nobody.

use crate::answer::Mask;
use crate::census::{Control, Refused};
use crate::prober::{Prober, Stop};
use crate::surface::{Endpoint, Role};
use crate::who::Who;

/// The most rounds: values of one answer make the next request.
const MAX_ROUNDS: usize = 4;

/// Asks every operation an ordinary request, as every account and as nobody, and keeps the answers.
pub(crate) async fn take(p: &Prober<'_>) -> Result<(), Stop> {
    let mut order: Vec<usize> = (0..p.surface.endpoints.len()).filter(|at| p.may_ask(*at)).collect();
    order.sort_by_key(|at| rank(p.surface.endpoint(*at)));
    for _ in 0..MAX_ROUNDS {
        let mut is_news = false;
        for at in order.iter().copied() {
            let endpoint = p.surface.endpoint(at);
            if endpoint.is_removal() || endpoint.role == Role::Register {
                continue;
            }
            for who in p.people() {
                if p.control(at, who).is_none() {
                    is_news |= going_on(ask(p, at, who).await)?;
                }
            }
        }
        if !is_news {
            break;
        }
    }
    for at in order.iter().copied() {
        let endpoint = p.surface.endpoint(at);
        if endpoint.is_removal() {
            for who in p.people() {
                going_on(remove(p, at, who).await)?;
            }
        } else {
            going_on(by_nobody(p, at).await)?;
        }
    }
    Ok(())
}

/// A request without an answer does not end the census.
fn going_on<T: Default>(result: Result<T, Stop>) -> Result<T, Stop> {
    match result {
        Err(Stop::NoAnswer(_) | Stop::NotAllowed(_)) => Ok(T::default()),
        other => other,
    }
}

/// What only reads comes first, and what needs the values of others comes later.
fn rank(endpoint: &Endpoint) -> usize {
    let needs = endpoint.path.matches('{').count();
    let kind = match (endpoint.is_read(), endpoint.is_creation(), endpoint.is_removal()) {
        (true, ..) => 0,
        (_, true, _) => 1,
        (.., true) => 9,
        _ => 6,
    };
    needs * 2 + kind
}

/// Asks as an account until a request is served. Whether one was.
async fn ask(p: &Prober<'_>, at: usize, who: Who) -> Result<bool, Stop> {
    let endpoint = p.surface.endpoint(at);
    let mut asked = None;
    let mut candidates = p.drafts(at, who).await?;
    // An operation that changes something is not tried in every way on what is not one's own.
    candidates.truncate(if endpoint.is_read() { 6 } else { 3 });
    for draft in candidates {
        if p.was_refused(at, who, &draft) {
            continue;
        }
        let reply = p.ask(&draft, who).await?;
        if !reply.is_served {
            p.note_refused(&draft, who, &reply);
            asked = Some(reply);
            continue;
        }
        let mask = match endpoint.is_read() {
            true => Mask::between(&reply, &p.ask(&draft, who).await?),
            false => Mask::default(),
        };
        match endpoint.is_creation() {
            true => drop(p.made(reply.clone(), who)),
            false => p.learn(&reply, who),
        }
        p.keep(Control { endpoint: at, who, draft, reply, mask });
        return Ok(true);
    }
    if let Some(reply) = asked {
        p.keep_refused(Refused { endpoint: at, who, reply });
    }
    Ok(false)
}

/// Asks without a credential what an account was served, or the document's own example where there is no account.
async fn by_nobody(p: &Prober<'_>, at: usize) -> Result<(), Stop> {
    let known = p.people().into_iter().find_map(|who| p.control(at, who));
    let Some(control) = known else {
        ask(p, at, Who::Nobody).await?;
        return Ok(());
    };
    let reply = p.ask(&control.draft, Who::Nobody).await?;
    match reply.is_served {
        true => {
            p.learn(&reply, Who::Nobody);
            p.keep(Control { who: Who::Nobody, reply, ..(*control).clone() });
        }
        false => p.keep_refused(Refused { endpoint: at, who: Who::Nobody, reply }),
    }
    Ok(())
}

/// Removes an object that was made for that.
async fn remove(p: &Prober<'_>, at: usize, who: Who) -> Result<(), Stop> {
    let Some((draft, made)) = p.draft_on_new(at, who).await? else { return Ok(()) };
    let reply = p.ask(&draft, who).await?;
    if reply.is_served {
        p.forget(&made.id);
        p.keep(Control { endpoint: at, who, draft, reply, mask: Mask::default() });
    } else {
        p.keep_refused(Refused { endpoint: at, who, reply });
    }
    Ok(())
}
