//! A request from a file: as it is sent, as a curl command, or as an HTTP Archive has it.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, Request};
use http_body_util::Full;
use serde_json::Value;

/// Reads a request.
///
/// # Errors
/// What it is not.
pub fn parse(text: &[u8]) -> Result<Request<Full<Bytes>>, String> {
    let start = text.trim_ascii_start();
    if start.starts_with(b"curl ") {
        return curl(&String::from_utf8_lossy(start));
    }
    if start.starts_with(b"{") {
        return archive(start);
    }
    raw(text)
}

/// A request from the text of one; lines may end in LF, as editors write them.
fn raw(text: &[u8]) -> Result<Request<Full<Bytes>>, String> {
    let (head, body) = [b"\r\n\r\n".as_slice(), b"\n\n"]
        .into_iter()
        .filter_map(|gap| text.windows(gap.len()).position(|w| w == gap).map(|at| (at, at + gap.len())))
        .min()
        .map_or((text, &b""[..]), |(end, start)| (&text[..end], &text[start..]));
    let head = std::str::from_utf8(head).map_err(|_| "the head is not text")?;
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or("").split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err("the first line is not `METHOD target HTTP/1.1`".into());
    };
    let mut request = Request::builder().method(method).uri(target);
    let mut has_host = false;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("`{line}` is no header"))?;
        let name: HeaderName = name.trim().parse().map_err(|_| format!("`{name}` is no header name"))?;
        has_host |= name == HOST;
        request = request.header(name, value.trim());
    }
    if !has_host {
        request = request.header(HOST, "api.example");
    }
    // An editor's last line break is not part of the body.
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    request.body(Full::new(Bytes::copy_from_slice(body))).map_err(|e| e.to_string())
}

/// The options of curl that say what is sent; others say how, or what is shown.
fn curl(command: &str) -> Result<Request<Full<Bytes>>, String> {
    let mut words = words(command)?.into_iter().skip(1);
    let (mut method, mut target, mut headers, mut data) = (None, None, Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` has no value"));
        match word.as_str() {
            "-X" | "--request" => method = Some(value()?),
            "-H" | "--header" => headers.push(value()?),
            "-A" | "--user-agent" => headers.push(format!("user-agent: {}", value()?)),
            "-b" | "--cookie" => headers.push(format!("cookie: {}", value()?)),
            "-e" | "--referer" => headers.push(format!("referer: {}", value()?)),
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => data.push(value()?),
            "--json" => {
                headers.push("content-type: application/json".to_owned());
                data.push(value()?);
            }
            "--url" => target = Some(value()?),
            "-o" | "--output" | "-u" | "--user" | "--max-time" | "-m" | "--connect-timeout" | "-x"
            | "--proxy" => {
                value()?;
            }
            option if option.starts_with('-') => {}
            _ => target = Some(word),
        }
    }
    let target = target.ok_or("the command has no URL")?;
    let body = data.join("&");
    let method = method.unwrap_or_else(|| if data.is_empty() { "GET".to_owned() } else { "POST".to_owned() });
    let pairs = headers.iter().map(|line| line.split_once(':').unwrap_or((line, "")));
    let mut pairs: Vec<(&str, &str)> = pairs.collect();
    let has =
        |pairs: &[(&str, &str)], name: &str| pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !data.is_empty() && !has(&pairs, "content-type") {
        pairs.push((CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"));
    }
    if !has(&pairs, "user-agent") {
        pairs.push(("user-agent", "curl"));
    }
    made(&method, &target, &pairs, body)
}

/// The words of a command, quoted as shells quote.
fn words(command: &str) -> Result<Vec<String>, String> {
    let (mut all, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                begun = true;
                loop {
                    match characters.next().ok_or("a quote is not closed")? {
                        end if end == character => break,
                        '\\' if character == '"' => {
                            word.push(characters.next().ok_or("a quote is not closed")?)
                        }
                        other => word.push(other),
                    }
                }
            }
            // A line that goes on.
            '\\' if characters.peek() == Some(&'\n') => drop(characters.next()),
            '\\' => {
                begun = true;
                word.extend(characters.next());
            }
            space if space.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    all.push(std::mem::take(&mut word));
                }
            }
            other => {
                begun = true;
                word.push(other);
            }
        }
    }
    if begun {
        all.push(word);
    }
    Ok(all)
}

/// The first request of an HTTP Archive (HAR 1.2).
fn archive(text: &[u8]) -> Result<Request<Full<Bytes>>, String> {
    let archive: Value = serde_json::from_slice(text).map_err(|e| format!("not an HTTP Archive: {e}"))?;
    let request = archive.pointer("/log/entries/0/request").ok_or("the archive has no request")?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
    let headers = request.get("headers").and_then(Value::as_array).into_iter().flatten();
    let headers: Vec<(String, String)> =
        headers.map(|header| (text(header.get("name")), text(header.get("value")))).collect();
    // What HTTP/2 says of the request line, and what counts the body anew.
    let is_told = |name: &str| !name.starts_with(':') && !name.eq_ignore_ascii_case("content-length");
    let pairs: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| is_told(name))
        .collect();
    let body = text(request.pointer("/postData/text"));
    made(&text(request.get("method")), &text(request.get("url")), &pairs, body)
}

fn made(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        let name: HeaderName = name.trim().parse().map_err(|_| format!("`{name}` is no header name"))?;
        request = request.header(name, value.trim());
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        let uri: http::Uri = target.parse().map_err(|_| format!("`{target}` is no URL"))?;
        request = request.header(HOST, uri.authority().map_or("api.example", |authority| authority.as_str()));
    }
    request.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_curl_is_what_it_sends() {
        let command = "curl 'https://api.example/a?b=c' \\\n  -H 'Accept: */*' --compressed --data-raw '{\"x\":\"it'\\''s\"}'";
        let request = parse(command.as_bytes()).unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/a"));
        assert_eq!(request.headers()["host"], "api.example");
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        for broken in ["curl", "curl -H", "curl 'http://a", "curl http://a -H 'a b: c'"] {
            assert!(parse(format!("{broken} ").as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn an_archive_has_its_first_request() {
        let archive = r#"{"log":{"entries":[{"request":{"method":"PUT","url":"http://a.example/x","headers":
            [{"name":":path","value":"/x"},{"name":"Content-Type","value":"text/plain"}],"postData":{"text":"t"}}}]}}"#;
        let request = parse(archive.as_bytes()).unwrap();
        assert_eq!(
            (request.method().as_str(), request.headers()["content-type"].to_str().unwrap()),
            ("PUT", "text/plain")
        );
        assert!(parse(b"{}").is_err() && parse(b"{").is_err());
    }
}
