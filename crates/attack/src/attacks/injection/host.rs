//! Links of an answer that follow a header of the request.

use report::Level;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Stop, token};

pub(super) const ATTACK: Attack = Attack {
    name: "host-header",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Do the links of its answers and mails lead to the host that I name in a header?",
    level: Level::Medium,
    references: &["CWE-644", "API8:2023"],
    mend_in_code: "Make links with a configured address, and take X-Forwarded-Host from a proxy of your own only.",
    mend_at_gate: "[gateway] hosts refuses other hosts; X-Forwarded-Host of clients is not passed on unless keep_forwarded names it.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// A header that frameworks take a host from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    ForwardedHost,
    Forwarded,
    Other,
    Host,
}

impl Header {
    const ALL: [Header; 4] = [Header::ForwardedHost, Header::Forwarded, Header::Other, Header::Host];

    const fn name(self) -> &'static str {
        match self {
            Header::ForwardedHost => "x-forwarded-host",
            Header::Forwarded => "forwarded",
            Header::Other => "x-host",
            Header::Host => "host",
        }
    }

    fn on(self, probe: Probe, host: &str) -> Probe {
        match self {
            Header::Forwarded => probe.header(self.name(), format!("host={host}")),
            Header::Other => probe
                .header("x-host", host)
                .header("x-original-host", host)
                .header("x-forwarded-server", host),
            _ => probe.header(self.name(), host),
        }
    }

    /// Any server knows no other address of itself than Host: that alone is less.
    const fn level(self) -> Option<Level> {
        match self {
            Header::Host => Some(Level::Low),
            _ => None,
        }
    }
}

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut others = 0;
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        if !endpoint.is_read() {
            continue;
        }
        let result = try_one(p, &control, tried.holes.is_empty(), tried).await;
        others += usize::from(tried.take(result)?.unwrap_or(false));
    }
    if let (Some(hole), 2..) = (tried.holes.first_mut(), others) {
        hole.message.push_str(&format!(", and so do {} other operations", others - 1));
    }
    if tried.shut == 0 && tried.holes.is_empty() {
        tried.not_tried("no read serves an ordinary request");
    }
    Ok(())
}

/// Whether links of an operation follow a header. One hole for the whole service: links are made in one place.
async fn try_one(p: &Prober<'_>, control: &Control, is_first: bool, tried: &mut Tried) -> Result<bool, Stop> {
    let endpoint = p.surface.endpoint(control.endpoint);
    let ask = |headers: &'static [Header], host: String| {
        let draft = control.draft.settled();
        let probe = headers.iter().fold(draft.probe(endpoint), |probe, header| header.on(probe, &host));
        async move { Ok::<_, Stop>((p.ask_as(draft, probe, control.who).await?, host)) }
    };
    let host = || format!("{}.example", token());
    // All at once but Host first: a Host that is refused hides the others.
    const FORWARDED: &[Header] = &[Header::ForwardedHost, Header::Forwarded, Header::Other];
    let (all, named) = ask(FORWARDED, host()).await?;
    let (by_host, named_host) = ask(&[Header::Host], host()).await?;
    if !follows(&all, &named) && !follows(&by_host, &named_host) {
        tried.shut(&all.seen);
        return Ok(false);
    }
    if !is_first {
        return Ok(true);
    }
    for (header, alone) in Header::ALL.into_iter().zip([
        &[Header::ForwardedHost][..],
        &[Header::Forwarded],
        &[Header::Other],
        &[Header::Host],
    ]) {
        let (once, named) = ask(alone, host()).await?;
        if !follows(&once, &named) {
            continue;
        }
        let (again, named) = ask(alone, host()).await?;
        if follows(&again, &named) {
            let message = "links of the answer lead to the host that the header names";
            let hole = Hole::shown(
                endpoint.name(),
                format!("header {}", header.name()),
                message,
                &control.reply,
                &again,
            );
            tried.open(Hole { level: header.level(), ..hole });
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a link of an answer that was served leads to a host. An answer that repeats headers has no link.
fn follows(reply: &Reply, host: &str) -> bool {
    reply.is_served && is_link_in(&reply.text(), host)
}

fn is_link_in(text: &str, host: &str) -> bool {
    // JSON may write slashes with a backslash.
    let text = text.replace("\\/", "/");
    text.match_indices(&format!("//{host}")).any(|(at, found)| {
        let next = text.get(at + found.len()..).and_then(|rest| rest.chars().next());
        next.is_none_or(|c| ['/', '"', '\'', ':', '?', '#', '<', ' ', ')', '&'].contains(&c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_counts_in_a_link_only() {
        for (text, expected) in [
            (r#"{"self":"http://dw1.example/projects"}"#, true),
            (r#"{"self":"http:\/\/dw1.example"}"#, true),
            (r#"<a href="//dw1.example">"#, true),
            (r#"{"headers":{"host":"dw1.example"}}"#, false),
            (r#"{"self":"http://dw1.example.org/"}"#, false),
            ("", false),
        ] {
            assert_eq!(is_link_in(text, "dw1.example"), expected, "{text}");
        }
    }
}
