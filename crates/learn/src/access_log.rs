//! Access logs: lines of the Common and Combined Log Format, and JSON lines of proxies and gateways.

use serde_json::{Map, Value};

use crate::observation::Observation;

/// Where JSON lines name method, target and status: our own, Caddy, Traefik, nginx, Envoy.
const FIELDS: [[&str; 3]; 5] = [
    ["/method", "/path", "/status"],
    ["/request/method", "/request/uri", "/status"],
    ["/RequestMethod", "/RequestPath", "/DownstreamStatus"],
    ["/request_method", "/request_uri", "/status"],
    ["/method", "/path", "/response_code"],
];

/// The exchanges of a log, and how many lines of it could not be read. A log tells paths, queries and statuses; what
/// bodies look like it does not.
pub fn read_access_log(text: &str) -> (Vec<Observation>, usize) {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (mut read, mut unread) = (Vec::new(), 0);
    for line in lines {
        match if line.starts_with('{') { json(line) } else { common(line) } {
            Some(Line::Exchange(observation)) => read.push(*observation),
            Some(Line::Other) => {}
            None => unread += 1,
        }
    }
    (read, unread)
}

enum Line {
    Exchange(Box<Observation>),
    /// A line of a log that is about something else, such as an event.
    Other,
}

/// `client - user [time] "METHOD target HTTP/1.1" status bytes ...`; a name of a host may come first.
fn common(line: &str) -> Option<Line> {
    let (_, rest) = line.split_once("] \"")?;
    // Quotes within are escaped, as `\"` or `\x22`.
    let mut cuts = rest.match_indices('"').filter_map(|(at, _)| rest.split_at_checked(at));
    let (request, rest) = cuts.find(|(before, _)| !before.ends_with('\\'))?;
    let rest = rest.strip_prefix('"')?;
    let mut words = request.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    observation(method, target, rest.split_whitespace().next()?.parse().ok()?)
}

fn json(line: &str) -> Option<Line> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line.get("type").is_some_and(|kind| kind != "access") && line.get("door").is_some() {
        return Some(Line::Other);
    }
    FIELDS.iter().find_map(|[method, target, status]| {
        let text = |pointer: &str| line.pointer(pointer)?.as_str();
        let status = line.pointer(status)?;
        let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
        observation(text(method)?, text(target)?, status.try_into().ok()?)
    })
}

fn observation(method: &str, target: &str, status: u16) -> Option<Line> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // An absolute target, as proxies are sent.
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => path,
    };
    if !path.starts_with('/') {
        return Some(Line::Other);
    }
    Some(Line::Exchange(Box::new(Observation {
        method: method.parse().ok()?,
        path: path.to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        request: None,
        status,
        response: None,
        claims: Map::new(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_usual_form_are_read() {
        let log = r#"
127.0.0.1 - alice [24/Nov/2026:10:00:00 +0000] "GET /api/orders/7?full=true HTTP/1.1" 200 512 "-" "curl/8"
api.example:443 10.0.0.1 - - [24/Nov/2026:10:00:01 +0000] "DELETE /api/orders/7 HTTP/2.0" 204 0
10.0.0.1 - - [24/Nov/2026:10:00:01 +0000] "GET /search?q=\"a\" HTTP/1.1" 200 9 "-" "x \"y\""
{"type":"access","method":"POST","path":"/api/orders","status":201}
{"type":"event","door":"injection","method":"GET","path":"/x","status":403}
{"request":{"method":"PUT","uri":"/api/orders/7?x=1"},"status":200}
{"RequestMethod":"PATCH","RequestPath":"/api/me","DownstreamStatus":200}
{"request_method":"GET","request_uri":"http://api.example/v1","status":"200"}
10.0.0.1 - - [24/Nov/2026:10:00:01 +0000] "OPTIONS * HTTP/1.1" 200 0
not a line
{"half":
"#;
        let (read, unread) = read_access_log(log);
        let seen: Vec<String> =
            read.iter().map(|o| format!("{} {} {} {:?}", o.method, o.path, o.status, o.query)).collect();
        assert_eq!(
            seen,
            [
                "GET /api/orders/7 200 [(\"full\", \"true\")]",
                "DELETE /api/orders/7 204 []",
                "GET /search 200 [(\"q\", \"\\\\\\\"a\\\\\\\"\")]",
                "POST /api/orders 201 []",
                "PUT /api/orders/7 200 [(\"x\", \"1\")]",
                "PATCH /api/me 200 []",
                "GET /v1 200 []",
            ]
        );
        assert_eq!(unread, 2);
    }
}
