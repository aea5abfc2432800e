//! What a path is answered with that surely is not there: only what differs from that is something.

use std::collections::HashMap;

use crate::answer::without_what_varies;
use crate::probe::{Answer, Probe};
use crate::prober::{Prober, Sent, Stop, token};
use crate::who::Who;

/// Answers to paths that are not there, by the form of the path.
pub(super) struct Ground {
    known: HashMap<String, Sent>,
}

impl Ground {
    pub(super) fn new() -> Self {
        Ground { known: HashMap::new() }
    }

    /// What is answered to another path of the same form: the same folder, the same end.
    pub(super) async fn of(&mut self, p: &Prober<'_>, path: &str, who: Who) -> Result<Sent, Stop> {
        let other = sibling(path);
        let key = format!("{who:?} {other}");
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let sent = p.send_as(Probe::get_of_server(other.replace(NAME, &token())), who).await?;
        self.known.insert(key, sent.clone());
        Ok(sent)
    }
}

/// Stands for a random name.
const NAME: &str = "\u{e001}";

/// A path with another name in its last segment: `/a/backup.sql` and `/a/NAME.sql`.
fn sibling(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    let end = path.get(trimmed.len()..).unwrap_or("");
    let (folder, last) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    let dot = if last.starts_with('.') { "." } else { "" };
    let extension = last
        .trim_start_matches('.')
        .rsplit_once('.')
        .map_or(String::new(), |(_, extension)| format!(".{extension}"));
    format!("{folder}/{dot}{NAME}{extension}{end}")
}

/// Whether a path has something that a path which is not there has not.
pub(super) fn is_something(answer: &Answer, missing: &Answer) -> bool {
    if !answer.is_success() || answer.body.is_empty() {
        return false;
    }
    if !missing.is_success() {
        return true;
    }
    let plain = |answer: &Answer| without_what_varies(&answer.text());
    plain(answer) != plain(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sibling_has_the_form_of_a_path() {
        for (path, expected) in [
            ("/debug", "/*"),
            ("/debug/vars", "/debug/*"),
            ("/debug/", "/*/"),
            ("/.env", "/.*"),
            ("/.git/config", "/.git/*"),
            ("/backup.tar.gz", "/*.gz"),
            ("/.env.bak", "/.*.bak"),
        ] {
            assert_eq!(sibling(path).replace(NAME, "*"), expected, "{path}");
        }
    }

    #[test]
    fn a_page_for_everything_is_nothing() {
        let answer = |status: u16, body: &'static str| Answer {
            status: status.try_into().unwrap(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::from_static(body.as_bytes()),
        };
        let page = answer(200, "<title>Shop</title> 17:04");
        for (found, missing, expected) in [
            (&answer(200, "A=1"), &answer(404, ""), true),
            (&answer(200, "A=1"), &page, true),
            (&answer(200, "<title>Shop</title> 17:05"), &page, false),
            (&answer(404, "A=1"), &answer(404, ""), false),
            (&answer(200, ""), &answer(404, ""), false),
        ] {
            assert_eq!(is_something(found, missing), expected);
        }
    }
}
