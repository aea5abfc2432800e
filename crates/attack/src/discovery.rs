//! Where an API shows its own surface: OpenAPI documents at the usual paths, pages that link them, GraphQL introspection.

mod page;

use http::Method;
use openapi::{Document, Source};
use serde_json::json;

use crate::client::{ClientError, HttpClient};
use crate::identity::Identity;
use crate::probe::{Answer, Probe};
use crate::surface::Surface;
use crate::surface::graphql::INTROSPECTION;

/// Where frameworks and teams serve the document, the usual ones first.
const DOCUMENTS: [&str; 26] = [
    "/openapi.json",
    "/openapi.yaml",
    "/openapi.yml",
    "/swagger.json",
    "/v3/api-docs",
    "/api/openapi.json",
    "/api/v1/openapi.json",
    "/docs/openapi.json",
    "/documentation/json",
    "/swagger/v1/swagger.json",
    "/api-json",
    "/api/docs-json",
    "/docs-json",
    "/schema/",
    "/api/schema/",
    "/api/schema",
    "/openapi",
    "/api-docs.json",
    "/api-docs",
    "/api/swagger.json",
    "/api/openapi.yaml",
    "/v1/openapi.json",
    "/api/v3/openapi.json",
    "/docs.json",
    "/apispec_1.json",
    "/q/openapi",
];

/// Where pages are that show the document to people.
const PAGES: [&str; 12] = [
    "/docs",
    "/docs/",
    "/redoc",
    "/swagger",
    "/swagger-ui.html",
    "/swagger-ui/index.html",
    "/swagger/index.html",
    "/api-docs/",
    "/api/docs",
    "/api",
    "/documentation",
    "/",
];

/// Where GraphQL is served.
const GRAPHQL: [&str; 6] = ["/graphql", "/api/graphql", "/query", "/graphql/", "/v1/graphql", "/gql"];

/// The most links of a page that are followed.
const MAX_LINKS: usize = 8;
/// The most redirections.
const MAX_REDIRECTIONS: usize = 3;

/// Asks an API for its surface: a document and a GraphQL schema, each with where it was found. Empty where it shows none.
///
/// # Errors
/// When the API does not answer.
pub async fn discover(
    client: &HttpClient,
    identity: Option<&Identity>,
) -> Result<Vec<(String, Surface)>, ClientError> {
    let mut found = Vec::new();
    let server = client.at_server();
    let finder = Finder { identity };
    let mut document = finder.document(client).await?;
    if document.is_none() && client.target("") != server.target("") {
        document = finder.document(&server).await?;
    }
    found.extend(document);
    for path in GRAPHQL {
        if let Some(surface) = introspect(client, path, identity).await? {
            found.push((path.to_owned(), surface));
            break;
        }
    }
    Ok(found)
}

/// Asks for the GraphQL schema at a path (GraphQL October 2021 §4). `None` where that is not answered.
///
/// # Errors
/// When the API does not answer.
pub async fn introspect(
    client: &HttpClient,
    path: &str,
    identity: Option<&Identity>,
) -> Result<Option<Surface>, ClientError> {
    let probe = signed(Probe::json(Method::POST, path, &json!({ "query": INTROSPECTION })), identity);
    let (answer, _) = client.send(&probe).await?;
    let surface = answer.json().and_then(|answer| Surface::of_graphql(&answer, path));
    Ok(surface.filter(|surface| !surface.endpoints.is_empty()))
}

fn signed(probe: Probe, identity: Option<&Identity>) -> Probe {
    match identity {
        Some(identity) => probe.by(identity),
        None => probe,
    }
}

struct Finder<'f> {
    identity: Option<&'f Identity>,
}

impl Finder<'_> {
    async fn document(&self, client: &HttpClient) -> Result<Option<(String, Surface)>, ClientError> {
        for path in DOCUMENTS {
            if let Some(surface) = self.at(client, path).await? {
                return Ok(Some((path.to_owned(), surface)));
            }
        }
        for path in PAGES {
            let Some((path, answer)) = self.get(client, path, "text/html").await? else { continue };
            if let Some(found) = self.linked(client, &path, &answer).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The document that a page links or holds, or one of its scripts.
    async fn linked(
        &self,
        client: &HttpClient,
        path: &str,
        answer: &Answer,
    ) -> Result<Option<(String, Surface)>, ClientError> {
        let text = answer.text();
        let mut links = page::documents(&text, path);
        for script in page::scripts(&text, path).into_iter().take(MAX_LINKS) {
            let Some((path, answer)) = self.get(client, &script, "*/*").await? else { continue };
            let text = answer.text();
            if let Some(surface) = page::embedded(&text).and_then(|text| surface_of(&path, &text)) {
                return Ok(Some((path, surface)));
            }
            links.extend(page::documents(&text, &path));
        }
        let root = client.target("");
        for link in links.into_iter().take(MAX_LINKS) {
            // Links of pages are paths of the server.
            let (client, link) = match link.strip_prefix(&root) {
                Some(rest) if !root.is_empty() && rest.starts_with('/') => (client.beside(), rest.to_owned()),
                _ => (client.at_server(), link),
            };
            if let Some(surface) = self.at(&client, &link).await? {
                return Ok(Some((link, surface)));
            }
        }
        Ok(None)
    }

    async fn at(&self, client: &HttpClient, path: &str) -> Result<Option<Surface>, ClientError> {
        let found =
            self.get(client, path, "application/json, application/vnd.oai.openapi+json, */*;q=0.5").await?;
        Ok(found.and_then(|(path, answer)| surface_of(&path, &answer.text())))
    }

    /// A success, and where it was: redirections within the server are followed.
    async fn get(
        &self,
        client: &HttpClient,
        path: &str,
        accept: &str,
    ) -> Result<Option<(String, Answer)>, ClientError> {
        let mut path = path.to_owned();
        for _ in 0..=MAX_REDIRECTIONS {
            let probe = signed(Probe::get(path.clone()).header("accept", accept), self.identity);
            let answer = match client.send(&probe).await {
                Ok((answer, _)) => answer,
                // What a page links may be no path.
                Err(ClientError::Request(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            if answer.is_success() {
                return Ok(Some((path, answer)));
            }
            let to = answer.header("location").filter(|_| answer.status.is_redirection());
            let Some(to) = to.and_then(|to| page::resolved(to, &path)) else { return Ok(None) };
            path = to;
        }
        Ok(None)
    }
}

/// The operations of a text, if it is a document that has some.
fn surface_of(path: &str, text: &str) -> Option<Surface> {
    // A page answers to any path of some servers.
    if text.trim_start().starts_with('<') {
        return None;
    }
    let document = Document::parse(&Source::new(path, text), None).ok()?;
    Some(Surface::of(&document)).filter(|surface| !surface.endpoints.is_empty())
}
