//! Mutations that a link can make.

use bytes::Bytes;
use http::Method;
use report::Level;

use super::ask::{data, served_at};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::{Content, Probe};
use crate::prober::{Prober, Stop};
use crate::request::Draft;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "graphql-get",
    door: GuideDoor::Cors,
    shut_by: ShutBy::Code,
    thought: "Will a link or a form on my own site make a mutation as the victim who follows it?",
    level: Level::Medium,
    references: &["CWE-352", "API8:2023"],
    mend_in_code: "Take mutations by POST with application/json only, and ask for a header that forms cannot set.",
    mend_at_gate: "Keep [cors] csrf = \"refuse\", and declare POST alone for the path.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some((at, path)) = served_at(p) else {
        tried.not_tried("there is no GraphQL");
        return Ok(());
    };
    let who = p.people().into_iter().next().unwrap_or(Who::Nobody);
    // It does nothing, and is a mutation all the same.
    let mutation = "mutation%20%7B__typename%7D";
    let Some(ordinary) = super::ask::ask_query(p, "mutation {__typename}", who).await?.filter(is_made) else {
        tried.not_tried("there is no mutation");
        return Ok(());
    };
    let sessions = p.people().into_iter().filter_map(|who| p.identity(who));
    let in_cookie = sessions
        .into_iter()
        .any(|identity| identity.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cookie")));
    let form = Content {
        media_type: "application/x-www-form-urlencoded".into(),
        bytes: Bytes::from(format!("query={mutation}")),
    };
    let text = Content {
        media_type: "text/plain".into(),
        bytes: Bytes::from_static(br#"{"query":"mutation {__typename}"}"#),
    };
    let probes = [
        ("a link (GET)", Probe::get(format!("{path}?query={mutation}"))),
        ("a form", Probe { method: Method::POST, body: Some(form), ..Probe::get(path) }),
        ("a form of text", Probe { method: Method::POST, body: Some(text), ..Probe::get(path) }),
    ];
    for (what, probe) in probes {
        let probe = probe.header("origin", "https://dw-foreign.example");
        let reply = p.ask_as(Draft::empty(at), probe.clone(), who).await?;
        let is_link = probe.method == Method::GET;
        if !is_made(&reply) || (!in_cookie && !is_link) {
            tried.shut(&reply.seen);
            continue;
        }
        if is_made(&p.ask_as(Draft::empty(at), probe, who).await?) {
            let message = format!("{what} makes a mutation");
            // Browsers add cookies to it, and no other credential.
            let level = if in_cookie { Level::Medium } else { Level::Info };
            tried.open(Hole {
                level: Some(level),
                ..Hole::shown(format!("POST {path}"), "", message, &ordinary, &reply)
            });
            return Ok(());
        }
    }
    Ok(())
}

/// Whether a mutation was made.
fn is_made(reply: &Reply) -> bool {
    let name = data(reply).and_then(|data| Some(data.get("__typename")?.as_str()?.to_ascii_lowercase()));
    name.is_some_and(|name| name.contains("mutation"))
}
