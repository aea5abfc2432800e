//! Lists of networks that others publish: fetched on a schedule, and kept for a start without their publisher.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use http::{Request, StatusCode};
use policy::RemoteList;
use reputation::list::{Entries, parse};

use super::notice::notice;
use crate::outside::Outside;
use crate::state::State;

/// The time between two tries until the first succeeds.
const RETRY: Duration = Duration::from_secs(30);
/// For one fetch.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a list.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Keeps a list fresh until the task is dropped.
pub(super) async fn keep_fresh(list: RemoteList, name: String, state: Arc<State>) {
    let outside = Outside::new(MAX_BYTES, TIMEOUT);
    let mut seen = Seen::default();
    let mut is_known = false;
    if let Some(copy) = &list.copy
        && let Ok(bytes) = std::fs::read(copy)
    {
        match parse(&bytes) {
            Ok(entries) => {
                is_known = true;
                state.guard.update_list(list.url.to_string(), entries);
            }
            Err(error) => notice(&state, &format!("the copy of the list `{name}` is not used: {error}")),
        }
    }
    let mut is_away = false;
    loop {
        match fetch(&outside, &list, &mut seen).await {
            Ok(Some(bytes)) => match read(bytes.clone()).await {
                // A publisher's slip, more likely than the end of all that it lists.
                Ok(entries) if entries.is_empty() && is_known => {
                    seen = Seen::default();
                    tell(&state, &mut is_away, &name, &list, "it is empty");
                }
                Ok(entries) => {
                    let count = entries.len();
                    state.guard.update_list(list.url.to_string(), entries);
                    is_known = true;
                    if std::mem::take(&mut is_away) {
                        notice(&state, &format!("the list `{name}` was fetched again: {count} entries"));
                    }
                    if let Some(copy) = &list.copy
                        && let Err(error) = keep(copy, &bytes)
                    {
                        notice(&state, &format!("the copy of the list `{name}` was not written: {error}"));
                    }
                }
                Err(error) => {
                    seen = Seen::default();
                    tell(&state, &mut is_away, &name, &list, &error);
                }
            },
            Ok(None) => is_away = false,
            Err(why) => tell(&state, &mut is_away, &name, &list, &why),
        }
        tokio::time::sleep(if is_known { list.every } else { RETRY.min(list.every) }).await;
    }
}

fn tell(state: &State, is_away: &mut bool, name: &str, list: &RemoteList, why: &str) {
    if !std::mem::replace(is_away, true) {
        notice(
            state,
            &format!("cannot fetch the list `{name}`, what was known holds on: {}: {why}", list.url),
        );
    }
}

/// Reads a list beside all else: a large one takes seconds.
async fn read(bytes: Vec<u8>) -> Result<Entries, String> {
    let read = tokio::task::spawn_blocking(move || parse(&bytes).map_err(|error| error.to_string()));
    read.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// What a publisher said of the list that was fetched last.
#[derive(Default)]
struct Seen {
    etag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

/// The list, or nothing if it has not changed.
async fn fetch(outside: &Outside, list: &RemoteList, seen: &mut Seen) -> Result<Option<Vec<u8>>, String> {
    let mut request = Request::get(list.url.clone());
    for (name, value) in [(IF_NONE_MATCH, &seen.etag), (IF_MODIFIED_SINCE, &seen.modified)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let answer = outside.answer(request.body(Vec::new()).map_err(|error| error.to_string())?).await?;
    match answer.status() {
        StatusCode::NOT_MODIFIED => Ok(None),
        StatusCode::OK => {
            *seen = Seen {
                etag: answer.headers().get(ETAG).cloned(),
                modified: answer.headers().get(LAST_MODIFIED).cloned(),
            };
            Ok(Some(answer.into_body()))
        }
        status => {
            let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to.map_or(String::new(), |to| format!(" to {to}; write this address in the policy"));
            Err(format!("the publisher answered {status}{to}"))
        }
    }
}

/// Writes a file beside and puts it in place.
fn keep(copy: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = copy.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, copy)
}
