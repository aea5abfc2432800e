//! What the API offers to an attacker: its operations, wherever they were learnt.

pub(crate) mod cycle;
mod field;
pub(crate) mod graphql;
pub(crate) mod graphql_schema;
mod har;
mod openapi;
mod postman;
pub(crate) mod recording;
pub(crate) mod role;
pub(crate) mod sensitive;
pub(crate) mod shape;
pub(crate) mod words;

use http::Method;

pub use field::{Graphql, GraphqlKind};
pub use role::Role;
pub use shape::{Extent, Field, Kind, Shape};

/// The operations of an API.
#[derive(Debug, Clone, Default)]
pub struct Surface {
    /// All operations, in the order of the document.
    pub endpoints: Vec<Endpoint>,
    /// Where the API's root is on its server: the path of the first of the document's `servers`, with the defaults of
    /// its variables. It counts when the API's URL has no path of its own ([`ApiUrl`](crate::ApiUrl)).
    pub base_path: String,
    /// How credentials are sent, as the document says.
    pub schemes: Vec<Scheme>,
    /// What the document calls the API.
    pub title: String,
    /// What the document says of the API in a few words; empty if nothing.
    pub description: String,
    /// Ways through the types of GraphQL that lead back to where they began.
    pub(crate) cycles: Vec<cycle::Cycle>,
}

/// How a credential is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization`, with this word before the token.
    Authorization(String),
    /// A header of its own, with nothing but the key.
    Header(String),
    /// A parameter of the query.
    Query(String),
    /// A cookie.
    Cookie(String),
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Method.
    pub method: Method,
    /// Path template, as in the document.
    pub path: String,
    /// What the document calls it: its operation id, or the field of a GraphQL schema.
    pub id: String,
    /// What it is listed under.
    pub tags: Vec<String>,
    /// What people read of it in the document.
    pub description: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its body, where it takes one.
    pub body: Option<Body>,
    /// Whether the document says that it needs a credential.
    pub is_secured: bool,
    /// Scopes or roles that its credential must have.
    pub scopes: Vec<String>,
    /// What the document says that a success answers with.
    pub response: Option<Shape>,
    /// Whether a success is a page.
    pub is_page: bool,
    /// What it is for.
    pub role: Role,
    /// The field of a GraphQL schema that it is. Its body is the object of the field's arguments.
    pub graphql: Option<Graphql>,
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it holds.
    pub shape: Shape,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
    /// In a cookie.
    Cookie,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub struct Body {
    /// How it is written.
    pub format: BodyFormat,
    /// What it holds.
    pub shape: Shape,
    /// Whether it must be there.
    pub is_required: bool,
}

/// How a body is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFormat {
    /// JSON, under this media type.
    Json(String),
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`; these fields are files.
    Multipart(Vec<String>),
    /// XML with this name of the root.
    Xml(String),
    /// The arguments of a field of GraphQL.
    Graphql,
}

impl Endpoint {
    /// Method and path, or kind and field: how people name it.
    pub fn name(&self) -> String {
        match &self.graphql {
            Some(field) => format!("{} {}", field.kind.word(), field.name),
            None => format!("{} {}", self.method, self.path),
        }
    }

    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        match &self.graphql {
            Some(field) => field.kind == GraphqlKind::Query,
            None => matches!(self.method, Method::GET | Method::HEAD),
        }
    }

    /// Whether it removes something.
    pub fn is_removal(&self) -> bool {
        match &self.graphql {
            Some(field) => {
                let words = words::words(&field.name);
                field.kind == GraphqlKind::Mutation
                    && words.first().is_some_and(|word| {
                        [
                            "delete", "remove", "destroy", "revoke", "cancel", "drop", "erase", "discard",
                            "del", "trash",
                        ]
                        .contains(&word.as_str())
                    })
            }
            None => self.method == Method::DELETE,
        }
    }

    /// Whether it makes something new.
    pub fn is_creation(&self) -> bool {
        let takes_id = || {
            let fields = self.body.as_ref().map(|body| body.shape.properties()).unwrap_or_default();
            fields.iter().any(|field| field.name.eq_ignore_ascii_case("id"))
        };
        match &self.graphql {
            Some(field) => {
                let words = words::words(&field.name);
                field.kind == GraphqlKind::Mutation
                    && words.first().is_some_and(|word| {
                        ["create", "add", "new", "make", "register", "borrow", "place", "submit", "post"]
                            .contains(&word.as_str())
                            // These may be about what is there, which they name then.
                            || ["send", "write", "start", "insert", "upload"].contains(&word.as_str())
                                && !takes_id()
                    })
            }
            None => self.method == Method::POST,
        }
    }

    /// The static segments of the path, without those that only say where the API is.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter(|segment| !segment.is_empty())
    }

    /// The collection that the operation is about: the last static segment of its path, or the noun of its field.
    pub fn collection(&self) -> String {
        if let Some(field) = &self.graphql {
            return field.noun();
        }
        self.segments().filter(|segment| says_what(segment)).last().unwrap_or("").to_owned()
    }

    /// The names of the parameters of its path.
    pub(crate) fn path_names(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
    }

    /// A parameter by name and place.
    pub fn parameter(&self, place: Place, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.place == place && parameter.name == name)
    }
}

/// Whether a segment of a path says what it is about: `orders` does, `{id}`, `api` and `v1` do not.
pub(crate) fn says_what(segment: &str) -> bool {
    let is_version = segment.strip_prefix(['v', 'V']).is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
    });
    !(segment.contains('{') || is_version || segment.eq_ignore_ascii_case("api"))
}

impl Surface {
    /// The operations of both. Where they have different base paths, these become part of the operations' paths.
    #[must_use]
    pub fn and(mut self, mut other: Surface) -> Surface {
        if self.base_path != other.base_path {
            for part in [&mut self, &mut other] {
                let base_path = std::mem::take(&mut part.base_path);
                let base_path = base_path.trim_end_matches('/');
                part.endpoints.iter_mut().for_each(|endpoint| endpoint.path.insert_str(0, base_path));
            }
        }
        let is_known = |new: &Endpoint, all: &[Endpoint]| all.iter().any(|known| known.name() == new.name());
        let new: Vec<Endpoint> =
            other.endpoints.into_iter().filter(|new| !is_known(new, &self.endpoints)).collect();
        self.endpoints.extend(new);
        let schemes: Vec<Scheme> =
            other.schemes.into_iter().filter(|scheme| !self.schemes.contains(scheme)).collect();
        self.schemes.extend(schemes);
        self
    }

    /// The operations with this role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = (usize, &Endpoint)> {
        self.endpoints.iter().enumerate().filter(move |(_, endpoint)| endpoint.role == role)
    }

    /// One of the operations.
    ///
    /// # Panics
    /// When there is no such operation: numbers come from this surface.
    #[expect(clippy::indexing_slicing, reason = "numbers come from this surface")]
    pub(crate) fn endpoint(&self, at: usize) -> &Endpoint {
        &self.endpoints[at]
    }

    /// Whether it has GraphQL.
    pub fn graphql_path(&self) -> Option<&str> {
        self.endpoints
            .iter()
            .find(|endpoint| endpoint.graphql.is_some())
            .map(|endpoint| endpoint.path.as_str())
    }
}
