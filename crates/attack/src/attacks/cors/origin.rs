//! Answers that pages of any site may read.

use http::Method;
use report::Level;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::probe::{Answer, Probe};
use crate::prober::{Prober, Stop};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "cors",
    door: GuideDoor::Cors,
    shut_by: ShutBy::Code,
    thought: "May a page of my own site read the answers to a victim who visits it?",
    level: Level::Medium,
    references: &["CWE-942", "CWE-346", "API8:2023"],
    mend_in_code: "List the origins that may read, compare them whole, and allow credentials for none but these.",
    mend_at_gate: "List them in [cors] origins: the gate replaces the API's CORS headers.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How many operations are tried with a plain foreign origin, beside the first.
const MAX_OTHERS: usize = 5;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let controls = targets(p);
    if controls.is_empty() {
        tried.not_tried("no read is served");
        return Ok(());
    }
    let own = p.client.authority().split(':').next().unwrap_or("").to_owned();
    let all = origins(&own, p.client.is_tls());
    for (nth, control) in controls.iter().enumerate() {
        let few = if nth == 0 { all.len() } else { 2 };
        for (what, origin, other) in all.iter().take(few) {
            let reply = with_origin(p, control, origin).await?;
            if !is_readable(&reply.answer, origin) {
                tried.shut(&reply.seen);
                continue;
            }
            // The same for another site of that form: an origin that is listed is no hole.
            if is_readable(&with_origin(p, control, other).await?.answer, other) {
                let operation = p.surface.endpoint(control.endpoint).name();
                let message = format!("pages of {what} may read the answer, with the victim's credentials");
                let level = if lives_in_cookie(p) { Level::High } else { Level::Medium };
                let hole = Hole::shown(operation, "header origin", message, &control.reply, &reply);
                tried.open(Hole { level: Some(level), ..hole });
                return Ok(());
            }
        }
    }
    preflight(p, &controls, tried).await
}

/// Reads that are served: first one that is served to nobody without a credential.
fn targets(p: &Prober<'_>) -> Vec<Control> {
    let is_read = |control: &Control| p.surface.endpoint(control.endpoint).is_read();
    let mut controls: Vec<Control> =
        p.controls().iter().map(|control| (**control).clone()).filter(is_read).collect();
    controls.sort_by_key(|control| p.control(control.endpoint, Who::Nobody).is_some());
    let mut collections: Vec<String> = Vec::new();
    controls.retain(|control| {
        let collection = p.surface.endpoint(control.endpoint).collection();
        let is_new = !collections.contains(&collection);
        collections.push(collection);
        is_new
    });
    controls.truncate(1 + MAX_OTHERS);
    controls
}

async fn with_origin(p: &Prober<'_>, control: &Control, origin: &str) -> Result<Reply, Stop> {
    let draft = control.draft.settled();
    let probe = draft.probe(p.surface.endpoint(draft.endpoint)).header("origin", origin);
    p.ask_as(draft, probe, control.who).await
}

/// Whether a browser shows an answer to a page of this origin although credentials went along (Fetch §4.9).
fn is_readable(answer: &Answer, origin: &str) -> bool {
    let one = |name: &str| {
        let mut values = answer.headers.get_all(name).iter();
        values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none()).map(str::trim)
    };
    one("access-control-allow-origin") == Some(origin)
        && one("access-control-allow-credentials") == Some("true")
}

/// Whether browsers send the credential by themselves.
fn lives_in_cookie(p: &Prober<'_>) -> bool {
    let sessions = p.people().into_iter().filter_map(|who| p.person(who)?.session);
    sessions.into_iter().any(|session| !session.cookies.is_empty())
}

/// Origins of an attacker, each with a second one of its form. The first is a site like any other.
fn origins(own: &str, is_tls: bool) -> Vec<(&'static str, String, String)> {
    let pair =
        |what, form: &dyn Fn(&str) -> String| (what, form("dw-foreign.example"), form("dw-stranger.example"));
    let scheme = if is_tls { "https" } else { "http" };
    let mut all = vec![
        pair("any site", &|site| format!("https://{site}")),
        ("no site at all (the origin `null` of a sandboxed frame)", "null".into(), "null".into()),
        pair("any site without TLS", &|site| format!("http://{site}")),
        pair("any site at a port", &|site| format!("https://{site}:8443")),
        pair("a site that begins with the API's name", &|site| format!("{scheme}://{own}.{site}")),
        pair("a site that begins with the API's name, without a dot", &|site| {
            format!("{scheme}://{own}{site}")
        }),
        pair("a site that ends with the API's name", &|site| {
            format!("{scheme}://{}{own}", site.trim_end_matches(".example"))
        }),
        pair("a site with the API's name before an underscore", &|site| format!("{scheme}://{own}_.{site}")),
        pair("a site with the API's name before a backquote", &|site| format!("{scheme}://{own}`.{site}")),
        pair("a site with the API's name before a brace", &|site| format!("{scheme}://{own}}}.{site}")),
        pair("a site with the API's name before an exclamation mark", &|site| {
            format!("{scheme}://{own}!.{site}")
        }),
        pair("a site with the API's name as a user", &|site| format!("{scheme}://{own}@{site}")),
        pair("a site with the API's name in its path", &|site| format!("{scheme}://{site}/{own}")),
        pair("a site with the API's name in its query", &|site| format!("{scheme}://{site}?{own}")),
        pair("a site that begins with `localhost`", &|site| format!("http://localhost.{site}")),
        pair("a site that ends with `localhost`", &|site| {
            format!("http://{}localhost", site.trim_end_matches("example"))
        }),
        pair("any site under another scheme", &|site| format!("ftp://{site}")),
    ];
    // Where a label is left out of the name, its dot may be any letter.
    if let Some((front, back)) = own.split_once('.').filter(|_| own.parse::<std::net::IpAddr>().is_err()) {
        let letters = |c: char| format!("{scheme}://{front}{c}{back}");
        all.push(("a site with a letter in place of the API's dot", letters('x'), letters('z')));
    }
    all
}

/// A write that a browser asks about first.
async fn preflight(p: &Prober<'_>, controls: &[Control], tried: &mut Tried) -> Result<(), Stop> {
    let Some(control) = controls.first() else { return Ok(()) };
    let draft = control.draft.settled();
    let endpoint = p.surface.endpoint(draft.endpoint);
    let mut seen = Vec::new();
    for origin in ["https://dw-foreign.example", "https://dw-stranger.example"] {
        let ordinary = draft.probe(endpoint);
        let probe = Probe { method: Method::OPTIONS, body: None, ..ordinary }
            .header("origin", origin)
            .header("access-control-request-method", "DELETE")
            .header("access-control-request-headers", "authorization,content-type");
        let reply = p.ask_as(draft.clone(), probe, Who::Nobody).await?;
        let allows = reply.answer.header("access-control-allow-methods").is_some_and(|list| {
            list.split(',').any(|method| method.trim().eq_ignore_ascii_case("delete") || method.trim() == "*")
        });
        if !(is_readable(&reply.answer, origin) && allows && reply.answer.is_success()) {
            tried.shut(&reply.seen);
            return Ok(());
        }
        seen.push(reply);
    }
    if let Some(reply) = seen.first() {
        let message =
            "pages of any site may write with the victim's credentials: the preflight is answered with yes";
        tried.open(Hole::shown(endpoint.name(), "header origin", message, &control.reply, reply));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn an_answer_is_readable_only_for_its_origin_and_with_credentials() {
        for (headers, is_it) in [
            (
                &[
                    ("access-control-allow-origin", "https://a.example"),
                    ("access-control-allow-credentials", "true"),
                ][..],
                true,
            ),
            (&[("access-control-allow-origin", "https://a.example")], false),
            // Browsers refuse that.
            (&[("access-control-allow-origin", "*"), ("access-control-allow-credentials", "true")], false),
            (
                &[
                    ("access-control-allow-origin", "https://b.example"),
                    ("access-control-allow-credentials", "true"),
                ],
                false,
            ),
            (&[], false),
        ] {
            let mut map = HeaderMap::new();
            headers.iter().for_each(|(name, value)| {
                map.append(*name, value.parse().unwrap());
            });
            let answer = Answer { status: StatusCode::OK, headers: map, body: Bytes::new() };
            assert_eq!(is_readable(&answer, "https://a.example"), is_it, "{headers:?}");
        }
    }

    #[test]
    fn there_are_origins_enough_and_each_pair_differs() {
        let all = origins("api.shop.example", true);
        assert!(all.len() >= 15);
        assert!(all.iter().all(|(_, one, other)| one != other || one == "null"));
        assert!(all.iter().all(|(_, one, _)| one != "https://api.shop.example"));
    }
}
