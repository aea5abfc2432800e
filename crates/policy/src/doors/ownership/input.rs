//! Values of a request that are compared with claims, or name an object.

use http::header::HeaderName;
use inputs::GraphqlPath;
use openapi::Pointer;

/// Where in a request a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A path parameter.
    Path(String),
    /// A query parameter.
    Query(String),
    /// A request header.
    Header(HeaderName),
    /// Values of the body.
    Body(Pointer),
    /// An argument of a GraphQL field.
    Graphql(GraphqlPath),
}

impl Input {
    /// Whether the value stands in the body, which then has to be read.
    pub fn is_in_body(&self) -> bool {
        matches!(self, Input::Body(_) | Input::Graphql(_))
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Input::Path(name) => write!(f, "path.{name}"),
            Input::Query(name) => write!(f, "query.{name}"),
            Input::Header(name) => write!(f, "header.{name}"),
            Input::Body(pointer) => write!(f, "body.{pointer}"),
            Input::Graphql(path) => write!(f, "graphql.{path}"),
        }
    }
}

impl Input {
    /// Reads `path.NAME`, `query.NAME`, `header.NAME`, `body./pointer` or `graphql.FIELD.ARGUMENT`; a path parameter has
    /// to be one of the route's.
    pub(crate) fn parse(text: &str, parameters: &[&str]) -> Option<Input> {
        match text.split_once('.')? {
            ("path", name) if parameters.contains(&name) => Some(Input::Path(name.into())),
            ("query", name) => Some(Input::Query(name.into())),
            ("header", name) => name.parse().ok().map(Input::Header),
            ("graphql", path) if cfg!(feature = "graphql") => path.parse().ok().map(Input::Graphql),
            ("body", pointer) if pointer.starts_with('/') => pointer.parse().ok().map(Input::Body),
            _ => None,
        }
    }
}
