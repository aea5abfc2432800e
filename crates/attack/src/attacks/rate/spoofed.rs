//! A limit that ends where the attacker says that he is somebody else.

use report::Level;

use super::guess::{Guesses, JUDGED, Limit, are_alike, says_limit, tries};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "log-in-limit-spoofed",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "When too many log ins are refused, does another address in a header, or another spelling of the path, begin anew?",
    level: Level::Medium,
    references: &["CWE-307", "CWE-348", "API2:2023", "API4:2023"],
    mend_in_code: "Take the client's address from the connection, or from headers of one's own proxies only; count by operation, not by path.",
    mend_at_gate: "Keep [rate] login: the gate counts the address of the connection, and believes headers of [gateway] trusted_proxies only.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How many passwords are tried to find the limit.
const MOST: usize = 40;

/// Headers in which proxies tell a client's address.
const HEADERS: [&str; 16] = [
    "x-forwarded-for",
    "x-real-ip",
    "forwarded",
    "x-client-ip",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-forwarded",
    "forwarded-for",
    "x-originating-ip",
    "x-remote-ip",
    "x-remote-addr",
    "x-cluster-client-ip",
    "fastly-client-ip",
    "x-azure-clientip",
    "x-original-forwarded-for",
];

/// Another spelling of a path.
type Spelling = fn(&str) -> String;

/// Other spellings of a path that some servers take for the same.
const SPELLINGS: [(&str, Spelling); 6] = [
    ("with a slash at its end", |path| format!("{path}/")),
    ("with two slashes at its beginning", |path| format!("/{path}")),
    ("in capitals", str::to_ascii_uppercase),
    ("with a query", |path| format!("{path}?dw=1")),
    ("with a step to itself", |path| format!("/.{path}")),
    ("with a blank at its end", |path| format!("{path}%20")),
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let forms = tries(p);
    if forms.is_empty() {
        tried.not_tried("no operation takes a password");
        return Ok(());
    }
    for form in forms {
        let operation = p.surface.endpoint(form.endpoint).name();
        let mut guesses = Guesses::for_nobody(p, &form);
        let limited = match guesses.go_on(p, MOST).await? {
            Limit::At(_, reply) => *reply,
            Limit::None => {
                tried.not_tried(format!("{operation}: there is no limit to get around"));
                continue;
            }
            Limit::Unclear(reason) => {
                tried.unknown(format!("{operation}: {reason}"));
                continue;
            }
        };
        let Some(judged) = p.noted(form.endpoint, JUDGED) else {
            tried.unknown(format!("{operation}: the answer to a wrong password was never seen"));
            continue;
        };
        let by = By { guesses: &guesses, judged: &judged, limited: &limited };
        if !by.is_limited(&guesses.once_more(p).await?) {
            tried.unknown(format!("{operation}: the limit comes and goes"));
            continue;
        }
        for header in HEADERS {
            // A proxy puts what it has seen behind what came: only the front is the client's. Who asks from the API's own
            // machine may stand for its proxy, so that the last address is believed with right.
            let is_near = header == "x-forwarded-for" && is_loopback(p.client.authority());
            let change = |nth: u32| {
                move |probe: Probe| match is_near {
                    true => probe.header(header, format!("{}, 198.51.100.7", address(header, nth))),
                    false => probe.header(header, address(header, nth)),
                }
            };
            if is_near
                && by.is_judged(&guesses.changed(p, |probe| probe.header(header, "198.51.100.7")).await?)
            {
                // The limit of that address is reached first.
                let mut reply = guesses.changed(p, |probe| probe.header(header, "198.51.100.7")).await?;
                for _ in 0..MOST {
                    if by.is_limited(&reply) {
                        break;
                    }
                    reply = guesses.changed(p, |probe| probe.header(header, "198.51.100.7")).await?;
                }
                if !by.is_limited(&reply) {
                    tried.unknown(format!("{operation}: no limit is reached for one address in `{header}`"));
                    continue;
                }
            }
            if by
                .is_open(
                    p,
                    change(1),
                    change(2),
                    &format!("another address in `{header}`"),
                    &operation,
                    tried,
                )
                .await?
            {
                return Ok(());
            }
        }
        for (what, spell) in SPELLINGS {
            let change = |probe: Probe| Probe { target: spell(&probe.target), ..probe };
            if by.is_open(p, change, change, &format!("the path {what}"), &operation, tried).await? {
                return Ok(());
            }
        }
    }
    Ok(())
}

struct By<'g> {
    guesses: &'g Guesses,
    judged: &'g Reply,
    limited: &'g Reply,
}

impl By<'_> {
    fn is_limited(&self, reply: &Reply) -> bool {
        says_limit(reply) || are_alike(reply, self.limited)
    }

    fn is_judged(&self, reply: &Reply) -> bool {
        !self.is_limited(reply) && are_alike(reply, self.judged)
    }

    /// Whether a change of the request makes it judged again, twice, while the plain one is still refused.
    async fn is_open(
        &self,
        p: &Prober<'_>,
        one: impl FnOnce(Probe) -> Probe,
        other: impl FnOnce(Probe) -> Probe,
        what: &str,
        operation: &str,
        tried: &mut Tried,
    ) -> Result<bool, Stop> {
        let reply = self.guesses.changed(p, one).await?;
        if !self.is_judged(&reply) {
            tried.shut(&reply.seen);
            return Ok(false);
        }
        let again = self.guesses.changed(p, other).await?;
        let plain = self.guesses.once_more(p).await?;
        if !self.is_judged(&again) || !self.is_limited(&plain) {
            tried.unknown(format!("{operation}: the limit comes and goes"));
            return Ok(false);
        }
        let message = format!("{what} begins the count of wrong passwords anew");
        tried.open(Hole::shown(operation, "", message, self.limited, &reply));
        Ok(true)
    }
}

/// Whether the API is on this machine.
fn is_loopback(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// An address of the networks for documentation (RFC 5737).
fn address(header: &str, nth: u32) -> String {
    match header {
        "forwarded" => format!("for=203.0.113.{nth}"),
        _ => format!("203.0.113.{nth}"),
    }
}
