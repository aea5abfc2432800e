//! Ordinary requests: what people and programs send every day and no gate may refuse.

use http::Method;
use report::Transcript;
use serde_json::json;

use crate::client::HttpClient;
use crate::identity::Identity;
use crate::payloads::ordinary::{CAPTION, FILES, QUERIES, TEXTS};
use crate::probe::Probe;
use crate::surface::{Endpoint, Surface};
use crate::transcript;

/// Sends the ordinary requests of an API: reads, searches, writes with each text in turn, uploads. Returns how many
/// were sent, and those that were refused or had no answer.
pub(crate) async fn send(
    client: &HttpClient,
    surface: &Surface,
    identity: Option<&Identity>,
) -> (usize, Vec<Transcript>) {
    let probes = probes(surface, identity);
    let mut refused = Vec::new();
    for probe in &probes {
        match client.send(probe).await {
            // An error of the API itself is no refusal; an error of a gate that cannot reach the API is.
            Ok((answer, transcript))
                if answer.status.is_client_error() || (502..=504).contains(&answer.status.as_u16()) =>
            {
                refused.push(transcript);
            }
            Ok(_) => {}
            Err(error) => refused.push(transcript::unanswered(probe, &error)),
        }
    }
    (probes.len(), refused)
}

fn probes(surface: &Surface, identity: Option<&Identity>) -> Vec<Probe> {
    let mut probes: Vec<Probe> =
        reads(surface).chain(writes(surface)).chain(searches(surface)).chain(uploads(surface)).collect();
    if let Some(identity) = identity {
        probes = probes.into_iter().map(|probe| probe.by(identity)).collect();
    }
    probes
}

fn reads(surface: &Surface) -> impl Iterator<Item = Probe> {
    // A list of ids would have to name the account's own objects.
    surface.plain(&Method::GET).filter(|endpoint| endpoint.lists.is_empty()).map(|endpoint| {
        let pairs: Vec<String> = endpoint.query.iter().map(|name| format!("{name}=ordinary")).collect();
        match pairs.is_empty() {
            true => Probe::get(endpoint.path.clone()),
            false => Probe::get(format!("{}?{}", endpoint.path, pairs.join("&"))),
        }
    })
}

/// Each text once, in the fields in turn.
fn writes(surface: &Surface) -> impl Iterator<Item = Probe> {
    const METHODS: [Method; 2] = [Method::POST, Method::PATCH];
    let endpoints = METHODS.iter().flat_map(|method| surface.plain(method));
    let fields: Vec<(&Endpoint, &str)> = endpoints
        .flat_map(|endpoint| endpoint.texts().into_iter().map(move |field| (endpoint, field)))
        .filter(|(_, field)| !is_credential(field))
        .collect();
    let count = if fields.is_empty() { 0 } else { TEXTS.len() };
    fields.into_iter().cycle().zip(TEXTS).take(count).map(|((endpoint, field), text)| {
        // A PATCH changes what it names and nothing else.
        let body = match endpoint.method {
            Method::PATCH => json!({ field: text }),
            _ => endpoint.example_with(field, text),
        };
        endpoint.request(&body)
    })
}

fn searches(surface: &Surface) -> impl Iterator<Item = Probe> {
    surface
        .queries()
        .flat_map(|(endpoint, name)| QUERIES.map(|text| Probe::query(&endpoint.path, name, text)))
}

fn uploads(surface: &Surface) -> impl Iterator<Item = Probe> {
    surface.endpoints.iter().filter(|endpoint| endpoint.method == Method::POST).flat_map(|endpoint| {
        FILES.into_iter().filter_map(|(name, content)| {
            let body = Some(endpoint.upload(name, content, CAPTION)?);
            Some(Probe { method: Method::POST, body, ..Probe::get(endpoint.path.clone()) })
        })
    })
}

/// Fields that somebody logs in with: changing them would lock the account out.
fn is_credential(field: &str) -> bool {
    ["name", "username", "login", "email", "password"].contains(&field)
}
