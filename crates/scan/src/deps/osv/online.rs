//! The API: <https://google.github.io/osv.dev/api/>. `POST /v1/querybatch` says which records concern a package at a
//! version, `GET /v1/vulns/{id}` what they say.
//!
//! The names and versions of all packages are sent to the server. What it says matches is believed; the fix and the
//! severity are computed here.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use super::http::{Http, HttpError};
use super::{Advisories, Record, subjects};
use crate::deps::package::Package;

/// The public API.
pub const PUBLIC: &str = "https://api.osv.dev";
/// The most queries that the API takes in one batch.
const BATCH: usize = 1000;
/// How many records are fetched at a time.
const AT_ONCE: usize = 8;
/// The most pages of one query.
const MAX_PAGES: usize = 50;
/// The most records that are fetched.
const MAX_RECORDS: usize = 20_000;

/// Why the API said nothing.
#[derive(Debug, thiserror::Error)]
pub enum OnlineError {
    /// No answer, or a refusal.
    #[error("{0}")]
    Http(#[from] HttpError),
    /// The answer is not what the API documents.
    #[error("the answer to {path} is not that of an OSV API: {reason}")]
    Answer {
        /// The path.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
struct BatchAnswer {
    #[serde(default)]
    results: Vec<Option<QueryAnswer>>,
}

#[derive(Default, Deserialize)]
struct QueryAnswer {
    #[serde(default)]
    vulns: Vec<Reference>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

/// Asks the API about packages.
///
/// # Errors
/// When it does not answer the queries. A single record that cannot be had is a failure in the result.
pub async fn advisories(http: &impl Http, packages: &[Package]) -> Result<Advisories, OnlineError> {
    let subjects = subjects(packages);
    let mut found = Advisories::default();
    let mut ids: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    // What is still to be asked: a subject, and the page.
    let mut open: Vec<(usize, Option<String>)> = (0..subjects.len()).map(|index| (index, None)).collect();
    for page in 0.. {
        if open.is_empty() {
            break;
        }
        if page == MAX_PAGES {
            found.failure(format!("{} queries have more than {MAX_PAGES} pages of answers", open.len()));
            break;
        }
        let mut next = Vec::new();
        for batch in open.chunks(BATCH) {
            let queries = batch.iter().filter_map(|(index, token)| {
                let subject = subjects.get(*index)?;
                let mut query = json!({
                    "package": { "ecosystem": subject.ecosystem.osv_name(), "name": subject.name },
                    "version": subject.version,
                });
                if let (Some(token), Some(query)) = (token, query.as_object_mut()) {
                    query.insert("page_token".into(), json!(token));
                }
                Some(query)
            });
            let body = json!({ "queries": queries.collect::<Vec<_>>() }).to_string();
            let answer: BatchAnswer = ask(http, "/v1/querybatch", Some(body)).await?;
            if answer.results.len() != batch.len() {
                let reason = format!("{} answers to {} queries", answer.results.len(), batch.len());
                return Err(OnlineError::Answer { path: "/v1/querybatch".into(), reason });
            }
            for ((index, _), result) in batch.iter().zip(answer.results) {
                let QueryAnswer { vulns, next_page_token } = result.unwrap_or_default();
                for Reference { id } in vulns {
                    let subject = subjects.get(*index).into_iter();
                    ids.entry(id).or_default().extend(subject.flat_map(|subject| &subject.packages));
                }
                if let Some(token) = next_page_token.filter(|token| !token.is_empty()) {
                    next.push((*index, Some(token)));
                }
            }
        }
        open = next;
    }
    if ids.len() > MAX_RECORDS {
        found.failure(format!("the API names more than {MAX_RECORDS} records; the rest was not read"));
    }
    let wanted: Vec<(String, BTreeSet<usize>)> = ids.into_iter().take(MAX_RECORDS).collect();
    let fetched = stream::iter(wanted.iter().map(|(id, _)| record(http, id)));
    let fetched: Vec<Result<Record, OnlineError>> = fetched.buffered(AT_ONCE).collect().await;
    for ((id, indices), record) in wanted.into_iter().zip(fetched) {
        match record {
            Ok(record) if record.withdrawn.is_some() => {}
            Ok(record) => {
                found.newest = found.newest.take().max(record.modified.clone());
                found.hits.extend(indices.into_iter().map(|index| (index, record.id.clone())));
                found.records.insert(record.id.clone(), record);
            }
            Err(error) => found.failure(format!("{id}: {error}")),
        }
    }
    found.hits.sort();
    found.hits.dedup();
    Ok(found)
}

async fn record(http: &impl Http, id: &str) -> Result<Record, OnlineError> {
    let is_id = !id.is_empty()
        && id.len() <= 128
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    if !is_id {
        let reason = "a record's id is no id".to_owned();
        return Err(OnlineError::Answer { path: "/v1/querybatch".into(), reason });
    }
    ask(http, &format!("/v1/vulns/{id}"), None).await
}

async fn ask<T: for<'de> Deserialize<'de>>(
    http: &impl Http,
    path: &str,
    body: Option<String>,
) -> Result<T, OnlineError> {
    let answer = http.send(path, body).await?;
    serde_json::from_slice(&answer)
        .map_err(|error| OnlineError::Answer { path: path.to_owned(), reason: error.to_string() })
}
