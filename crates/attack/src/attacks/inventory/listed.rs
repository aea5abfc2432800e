//! Paths of a list: each is asked for once, and what is there is proved by its content.

use super::ground::{Ground, is_something};
use crate::attack::Tried;
use crate::probe::{Answer, Probe};
use crate::prober::{Prober, Stop};
use crate::who::Who;

/// The most beginnings of paths that are tried.
const MAX_PREFIXES: usize = 4;

/// What a content proves, in words.
pub(super) type Proof<'f> = &'f (dyn Fn(&Answer) -> Option<String> + Sync);

/// Where on a server a path of a list is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// At the root of the server.
    Server,
    /// There, and at the root of the API and what its paths begin with.
    Both,
}

/// Asks for a path, and says what is there. Twice: what is there once is there again.
pub(super) async fn try_path(
    p: &Prober<'_>,
    ground: &mut Ground,
    path: &str,
    at: Where,
    proof: Proof<'_>,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let prefixes = if at == Where::Both { prefixes(p) } else { vec![String::new()] };
    for prefix in prefixes {
        let full = format!("{prefix}{path}");
        let name = format!("GET {full}");
        let same = |operation: &str| operation.trim_end_matches('/') == name.trim_end_matches('/');
        if is_declared(p, &full) || tried.holes.iter().any(|hole| same(&hole.operation)) {
            continue;
        }
        let probe = Probe::get_of_server(&full);
        let sent = p.send_as(probe.clone(), Who::Nobody).await?;
        if !sent.answer.is_success() || proof(&sent.answer).is_none() {
            tried.shut(&sent.seen);
            continue;
        }
        let missing = ground.of(p, &full, Who::Nobody).await?;
        let again = p.send_as(probe, Who::Nobody).await?;
        let is_real = is_something(&again.answer, &missing.answer) && proof(&missing.answer).is_none();
        // Where every path is served, a page may repeat the words of this one.
        let answer =
            if missing.answer.is_success() { without(&again.answer, path) } else { again.answer.clone() };
        match proof(&answer).filter(|_| is_real) {
            Some(what) => tried.open(again.hole(name, what, &missing)),
            None => tried.shut(&again.seen),
        }
    }
    Ok(())
}

/// An answer without the words of a path.
fn without(answer: &Answer, path: &str) -> Answer {
    let mut text = answer.text();
    let words = std::iter::once(path).chain(path.split(['/', '.'])).filter(|word| word.len() > 3);
    words.for_each(|word| text = text.replace(word, ""));
    Answer { body: text.into(), ..answer.clone() }
}

/// What paths of a server may begin with: nothing, the path of the API's root, and what says no more than that an API is
/// there: `/api`, `/api/v1`.
fn prefixes(p: &Prober<'_>) -> Vec<String> {
    let mut prefixes = vec![String::new()];
    let mut add = |prefix: String| {
        if prefixes.len() < MAX_PREFIXES && !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    };
    add(p.client.base_path().to_owned());
    for endpoint in &p.surface.endpoints {
        general(&format!("{}{}", p.client.base_path(), endpoint.path)).into_iter().for_each(&mut add);
    }
    prefixes
}

/// The beginnings of a path that are general, from the shortest.
fn general(path: &str) -> Vec<String> {
    let is_version = |segment: &str| {
        segment
            .strip_prefix(['v', 'V'])
            .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_general =
        |segment: &&str| ["api", "rest", "public", "service"].contains(segment) || is_version(segment);
    let mut prefix = String::new();
    let longer = |segment: &str| {
        prefix.push('/');
        prefix.push_str(segment);
        prefix.clone()
    };
    path.split('/').skip(1).take_while(is_general).map(longer).collect()
}

/// Whether the document has a read at this path of the server: then it is meant to be there.
pub(super) fn is_declared(p: &Prober<'_>, full: &str) -> bool {
    let base = p.client.base_path();
    let same = |path: &str| format!("{base}{path}").trim_end_matches('/') == full.trim_end_matches('/');
    p.surface.endpoints.iter().any(|endpoint| endpoint.is_read() && same(&endpoint.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_repeats_a_path_has_no_word_of_it() {
        let body = "<p>There is no /phpmyadmin/ here: phpmyadmin".into();
        let answer = Answer { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body };
        assert_eq!(without(&answer, "/phpmyadmin/").text(), "<p>There is no  here: ");
    }

    #[test]
    fn only_what_says_that_an_api_is_there_is_general() {
        for (path, expected) in [
            ("/api/v1/users", &["/api", "/api/v1"][..]),
            ("/v2/pets", &["/v2"]),
            ("/users", &[]),
            ("/apiary/x", &[]),
            ("/", &[]),
        ] {
            assert_eq!(general(path), expected, "{path}");
        }
    }
}
