//! Where the operations of the API come from: a document, a schema, a recording, or the API itself.

use std::path::{Path, PathBuf};

use attack::{Account, ApiUrl, HttpClient, Identity, Probe, Surface};
use clap::Args;
use openapi::{Document, Problem};

use super::reach::Reach;
use crate::exit::Failure;

/// The most redirections to a document.
const MAX_REDIRECTIONS: usize = 3;

#[derive(Args)]
pub(super) struct Source {
    /// Its OpenAPI document: a file or a URL. Without this and those below, the API is asked for one.
    #[arg(long, value_name = "FILE|URL")]
    openapi: Option<String>,
    /// Its GraphQL schema: a file (schema language, or the answer to introspection), or the path at which the API is asked.
    #[arg(long, value_name = "FILE|PATH")]
    graphql: Option<String>,
    /// Where GraphQL is served, if the schema is a file.
    #[arg(long, value_name = "PATH", default_value = "/graphql")]
    graphql_path: String,
    /// A recording of a browser's or a proxy's requests (HAR 1.2).
    #[arg(long, value_name = "FILE")]
    har: Vec<PathBuf>,
    /// A Postman collection (v2.1).
    #[arg(long, value_name = "FILE")]
    postman: Vec<PathBuf>,
}

impl Source {
    /// The file to which results belong.
    pub(super) fn artifact(&self) -> Option<String> {
        let named = self.openapi.iter().chain(&self.graphql).find(|name| Path::new(name).is_file());
        let recorded = || self.har.iter().chain(&self.postman).next().map(|path| path.display().to_string());
        named.cloned().or_else(recorded)
    }

    /// The file with the OpenAPI document.
    pub(super) fn document(&self) -> Option<&str> {
        self.openapi.as_deref().filter(|name| Path::new(name).is_file())
    }

    /// The operations.
    pub(super) async fn surface(
        &self,
        client: &HttpClient,
        url: &ApiUrl,
        reach: &Reach,
        accounts: &[Account],
    ) -> Result<Surface, Failure> {
        let identities: Vec<&Identity> =
            accounts.iter().filter_map(|account| account.identity.as_ref()).collect();
        let mut parts = Vec::new();
        if let Some(name) = &self.openapi {
            let document = match name.starts_with("http://") || name.starts_with("https://") {
                true => download(name, url, reach).await?,
                false => read(Path::new(name)).map_err(Failure::usage)?,
            };
            parts.push(Surface::of(&document));
        }
        if let Some(name) = &self.graphql {
            parts.push(self.graphql(name, client, identities.first().copied()).await?);
        }
        for file in &self.har {
            let surface = Surface::of_har(&text(file)?, url).map_err(|error| named(file, &error))?;
            parts.push(surface);
        }
        for file in &self.postman {
            let surface = Surface::of_postman(&text(file)?, url).map_err(|error| named(file, &error))?;
            parts.push(surface);
        }
        if parts.is_empty() {
            let found = attack::discover(client, identities.first().copied()).await;
            let found = found.map_err(Failure::could_not_run)?;
            if found.is_empty() {
                return Err(Failure::usage(miette::miette!(
                    help = "give --openapi FILE|URL, --graphql FILE|PATH, --har FILE or --postman FILE",
                    "the API shows neither an OpenAPI document nor a GraphQL schema at the usual paths"
                )));
            }
            for (place, surface) in found {
                eprintln!("found {} operations at {place}", surface.endpoints.len());
                parts.push(surface);
            }
        }
        // With a path in the URL, the root is there, whatever a document says.
        if url.has_path() {
            parts.iter_mut().for_each(|part| part.base_path.clear());
        }
        Ok(parts.into_iter().reduce(Surface::and).unwrap_or_default())
    }

    async fn graphql(
        &self,
        name: &str,
        client: &HttpClient,
        identity: Option<&Identity>,
    ) -> Result<Surface, Failure> {
        let path = Path::new(name);
        if path.is_file() {
            let text = text(path)?;
            if let Ok(answer) = serde_json::from_str(&text) {
                return Surface::of_graphql(&answer, &self.graphql_path)
                    .ok_or_else(|| named(path, &"not an answer to introspection"));
            }
            return Surface::of_graphql_schema(&text, &self.graphql_path)
                .map_err(|error| named(path, &error));
        }
        if !name.starts_with('/') {
            return Err(named(path, &"there is no such file; a path of the API begins with /"));
        }
        let found = attack::introspect(client, name, identity).await.map_err(Failure::could_not_run)?;
        found.ok_or_else(|| {
            Failure::usage(miette::miette!(
                help = "give the schema as a file: --graphql schema.graphql --graphql-path {name}",
                "{name} does not answer introspection"
            ))
        })
    }
}

fn named(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(miette::miette!("{}: {error}", file.display()))
}

fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| named(file, &error))
}

/// The document from a file, and from those beside it that it refers to.
fn read(path: &Path) -> Result<Document, Problem> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Document::parse(&openapi::Source::new(name, text), path.parent()),
        Err(e) => Err(openapi::Source::new(name, "").problem(None, format!("cannot be read: {e}"))),
    }
}

/// The document from a URL. Headers, proxy and certificates are those of the API, where it is the API's own.
async fn download(name: &str, api: &ApiUrl, reach: &Reach) -> Result<Document, Failure> {
    let mut at = name.to_owned();
    for _ in 0..=MAX_REDIRECTIONS {
        let url: ApiUrl = at.parse().map_err(|error| Failure::usage(miette::miette!("{error}")))?;
        let is_own = url.host() == api.host() && url.port() == api.port();
        let client = if is_own { reach.client(&url.at_server())? } else { HttpClient::new(url.at_server()) };
        let rest = at.split_once("://").map_or("", |(_, rest)| rest);
        let target = rest.find(['/', '?']).and_then(|start| rest.get(start..)).unwrap_or("/");
        let (answer, _) = client.send(&Probe::get(target)).await.map_err(Failure::could_not_run)?;
        if answer.is_success() {
            return Document::parse(&openapi::Source::new(name, answer.text()), None).map_err(Failure::usage);
        }
        match answer.header("location").filter(|_| answer.status.is_redirection()) {
            Some(to) if to.starts_with('/') => {
                let root = at.split('/').take(3).collect::<Vec<_>>().join("/");
                at = format!("{root}{to}");
            }
            Some(to) => at = to.to_owned(),
            None => {
                return Err(Failure::could_not_run(format!("{at} answers {}", answer.status)));
            }
        }
    }
    Err(Failure::could_not_run(format!("{name} leads in circles")))
}
