//! A request as a command that a person can run again.

use crate::probe::Probe;

/// Names of headers whose values are credentials.
const CREDENTIALS: [&str; 6] =
    ["authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-csrf-token"];

/// The longest body that a command repeats.
const MAX_BODY: usize = 2000;

/// The command. What the account shows of itself stands as a variable of its name: a report holds no credential.
pub(crate) fn command(root: &str, probe: &Probe, account: Option<&str>) -> String {
    let mut words = vec!["curl -i --path-as-is".to_owned()];
    if probe.method != http::Method::GET {
        words.push(format!("-X {}", probe.method));
    }
    for (name, value) in &probe.headers {
        let is_credential = CREDENTIALS.iter().any(|known| name.eq_ignore_ascii_case(known));
        match account.filter(|_| is_credential) {
            Some(account) => words.push(format!("-H \"{name}: ${}\"", variable(account, name))),
            None => words.push(format!("-H {}", quoted(&format!("{name}: {value}")))),
        }
    }
    if let Some(content) = &probe.body {
        words.push(format!("-H {}", quoted(&format!("content-type: {}", content.media_type))));
        let body: String = String::from_utf8_lossy(&content.bytes).chars().take(MAX_BODY).collect();
        words.push(format!("--data-binary {}", quoted(&body)));
    }
    words.push(quoted(&format!("{root}{}", probe.target)));
    words.join(" ")
}

/// `ALICE_AUTHORIZATION`.
fn variable(account: &str, header: &str) -> String {
    let text = format!("{account}_{header}");
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// A word in single quotes (POSIX shell §2.2.2).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_the_request_and_no_credential() {
        let probe = Probe::json(http::Method::PUT, "/a?b=%27", &serde_json::json!({ "n": "it's" }))
            .header("authorization", "Bearer secret")
            .header("origin", "https://evil.example");
        assert_eq!(
            command("http://127.0.0.1:1", &probe, Some("alice")),
            "curl -i --path-as-is -X PUT -H \"authorization: $ALICE_AUTHORIZATION\" -H 'origin: https://evil.example' \
             -H 'content-type: application/json' --data-binary '{\"n\":\"it'\\''s\"}' 'http://127.0.0.1:1/a?b=%27'"
        );
    }
}
