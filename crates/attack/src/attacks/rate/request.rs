//! Requests without end.

use report::Level;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "request-limit",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Gate,
    thought: "May I ask as often as I like?",
    level: Level::Info,
    references: &["CWE-770", "API4:2023"],
    mend_in_code: "Limit requests by account and by address, and answer 429 with Retry-After beyond.",
    mend_at_gate: "Keep [rate] limits: 2000 requests in 5 minutes by address, unless it is set otherwise.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How many requests are sent in a row.
const MOST: usize = 120;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let reads = p.controls().into_iter().filter(|control| p.surface.endpoint(control.endpoint).is_read());
    let Some(control) = reads.min_by_key(|control| control.reply.took) else {
        tried.not_tried("no read is served");
        return Ok(());
    };
    let first = p.ask(&control.draft, control.who).await?;
    if tells_limit(&first) {
        tried.shut(&first.seen);
        return Ok(());
    }
    let mut last = first.clone();
    for _ in 0..MOST {
        last = match p.ask(&control.draft, control.who).await {
            Ok(reply) => reply,
            Err(Stop::NoAnswer(_) | Stop::NotAllowed(_)) => {
                tried.shut(&last.seen);
                return Ok(());
            }
            Err(ended) => return Err(ended),
        };
        if last.status() == 429 || !last.is_served {
            tried.shut(&last.seen);
            return Ok(());
        }
    }
    let message = format!("{MOST} requests in a row are served, and no answer tells of a limit");
    tried.open(Hole::shown(p.surface.endpoint(control.endpoint).name(), "", message, &first, &last));
    Ok(())
}

/// Whether an answer tells of a limit.
fn tells_limit(reply: &Reply) -> bool {
    let names = [
        "ratelimit",
        "ratelimit-limit",
        "ratelimit-policy",
        "x-ratelimit-limit",
        "x-rate-limit-limit",
        "x-ratelimit-remaining",
    ];
    reply.status() == 429 || names.iter().any(|name| reply.answer.headers.contains_key(*name))
}
