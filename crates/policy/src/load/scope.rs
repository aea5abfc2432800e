//! What a table of routes is made from.

use std::sync::Arc;

use openapi::Document;

use crate::config::Config;
use crate::route::{Destinations, RoutePolicy};

/// What a table of routes is made from.
pub(super) struct Scope<'c> {
    pub(super) config: &'c Config,
    /// The document of each group of upstreams.
    pub(super) documents: &'c [Option<Document>],
    /// The host, perhaps `*.` with one; none for hosts that no route names.
    pub(super) host: Option<&'c str>,
    /// The places of the routes that hold there.
    pub(super) entries: Vec<usize>,
    /// The hosts of each route of the file.
    pub(super) hosts: &'c [Vec<String>],
    pub(super) destinations: Destinations,
    pub(super) groups: &'c [Arc<str>],
    pub(super) fallback: &'c Arc<RoutePolicy>,
    pub(super) login: &'c Arc<RoutePolicy>,
}
