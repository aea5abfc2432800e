//! A curl command, as browsers copy it and API documentation shows it.

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::Full;

use crate::request::{RequestError, build};

/// Parses a command. Options that do not change what is sent are skipped.
pub(crate) fn parse(command: &str) -> Result<Request<Full<Bytes>>, RequestError> {
    let mut words = shlex::split(&joined(command)).ok_or(RequestError::Quoting)?.into_iter().skip(1);
    let (mut method, mut url, mut headers, mut data) = (None, None, Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| RequestError::MissingValue(word.clone()));
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
            "--url" => url = Some(value()?),
            "-o" | "--output" | "-u" | "--user" | "--max-time" | "-m" | "--connect-timeout" | "-x"
            | "--proxy" => {
                value()?;
            }
            option if option.starts_with('-') => {}
            _ => url = Some(word),
        }
    }
    let url = url.ok_or(RequestError::NoUrl)?;
    let method = method.unwrap_or_else(|| if data.is_empty() { "GET".to_owned() } else { "POST".to_owned() });
    let mut pairs: Vec<(&str, &str)> =
        headers.iter().map(|line| line.split_once(':').unwrap_or((line, ""))).collect();
    let has =
        |pairs: &[(&str, &str)], name: &str| pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !data.is_empty() && !has(&pairs, "content-type") {
        pairs.push((CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"));
    }
    if !has(&pairs, "user-agent") {
        pairs.push(("user-agent", "curl"));
    }
    build(&method, &url, &pairs, data.join("&"))
}

/// Joins lines that end in a backslash, where `shlex` would see an empty word. A backslash inside quotes is left to it.
fn joined(command: &str) -> String {
    let mut joined = String::with_capacity(command.len());
    for line in command.split_inclusive('\n') {
        match line.strip_suffix("\\\n") {
            Some(start) if shlex::split(&format!("{joined}{start}")).is_some() => joined.push_str(start),
            _ => joined.push_str(line),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::shown;

    #[tokio::test]
    async fn a_command_is_the_request_that_curl_sends() {
        for (command, expected) in [
            (
                "curl http://a.example/x",
                "GET http://a.example/x host=a.example content-type= cookie= user-agent=curl ",
            ),
            (
                "curl 'https://a.example/a?b=c' \\\n  -H 'Accept: */*' --compressed --data-raw '{\"x\":\"it'\\''s\"}'",
                "POST https://a.example/a?b=c host=a.example content-type=application/x-www-form-urlencoded cookie= \
                 user-agent=curl {\\\"x\\\":\\\"it\\'s\\\"}",
            ),
            (
                "curl -X PUT -A me -b a=b -d x=1 -d y=2 --url http://h/",
                "PUT http://h/ host=h content-type=application/x-www-form-urlencoded cookie=a=b user-agent=me x=1&y=2",
            ),
            (
                "curl -s -o out -m 5 --json {} http://h/ -H 'Host: other'",
                "POST http://h/ host=other content-type=application/json cookie= user-agent=curl {}",
            ),
            (
                "curl http://h/ \\\n -d \\\n'a \\\nb' -H \"x: \\\ny\"",
                "POST http://h/ host=h content-type=application/x-www-form-urlencoded cookie= user-agent=curl a \\\\\\nb",
            ),
        ] {
            let request = parse(command).unwrap();
            let names = ["host", "content-type", "cookie", "user-agent"];
            assert_eq!(shown(request, &names).await, expected, "{command}");
        }
    }

    #[test]
    fn a_broken_command_says_why() {
        for (command, expected) in [
            ("curl ", RequestError::NoUrl),
            ("curl -s", RequestError::NoUrl),
            ("curl -H", RequestError::MissingValue("-H".into())),
            ("curl 'http://a", RequestError::Quoting),
            ("curl http://a \\", RequestError::Quoting),
            ("curl http://a -H 'a b: c'", RequestError::HeaderName("a b".into())),
        ] {
            assert_eq!(parse(command).unwrap_err(), expected, "{command}");
        }
    }
}
