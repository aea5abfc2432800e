//! The providers that a service knows.

use std::sync::Arc;

use quick_cache::sync::Cache;
use store::Millis;

use super::discovery::Known;
use super::web::Web;

/// Tokens for the upstream that are kept in memory.
const CACHED: usize = 10_000;

/// The providers of a service.
pub(crate) struct Providers {
    pub(crate) known: Vec<Known>,
    pub(crate) web: Option<Arc<dyn Web>>,
    /// By session: the token for the upstream, and until when it holds.
    pub(crate) tokens: Cache<String, (Arc<str>, Millis)>,
}

impl Default for Providers {
    fn default() -> Self {
        Providers { known: Vec::new(), web: None, tokens: Cache::new(CACHED) }
    }
}

impl Providers {
    /// A provider by its name, and how it is reached.
    pub(crate) fn named(&self, name: &str) -> Option<(&Known, &Arc<dyn Web>)> {
        let known = self.known.iter().find(|known| known.settings.name == name)?;
        Some((known, self.web.as_ref()?))
    }
}
