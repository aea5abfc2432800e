//! `[ownership.ledger]`: where the ids that callers received are kept, in one place and named in one way.

use std::path::PathBuf;
use std::time::Duration;

use crate::reader::Reader;
use crate::settings::settings;
use crate::store_place::{NamedPlace, StorePlace};
use crate::units::Period;

const TABLE: &str = "ownership";
const LEDGER: &str = "ledger";

settings! {
    /// `[ownership.ledger]`: the ids that callers received; in memory, where neither a file nor a server is named.
    pub struct LedgerConfig {
        /// A file that survives a restart.
        pub file: Option<PathBuf> = None,
        /// A server that gateways share: `redis://host:6379/0`, `rediss://` with TLS, `postgres://user@host/database`.
        pub url: Option<String> = None,
        /// A file with the address, for an address with a password.
        pub url_file: Option<PathBuf> = None,
        /// An environment variable with the address.
        pub url_env: Option<String> = None,
        /// How long an id is kept.
        #[formerly("keep")]
        pub ttl: Period = Period(Duration::from_secs(30 * 24 * 3600)),
        /// Ids kept; those that expire soonest go first.
        pub max_ids: usize = 1_000_000,
    }
}

/// Where ids are kept, how many and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Where.
    pub place: StorePlace,
    /// How long an id is kept.
    pub ttl: Duration,
    /// Ids kept; those that expire soonest go first.
    pub max_ids: usize,
}

impl LedgerConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Ledger {
        let place = NamedPlace {
            file: self.file.as_deref(),
            url: self.url.as_deref(),
            url_file: self.url_file.as_deref(),
            url_env: self.url_env.as_deref(),
            what: "the ledger",
        };
        let place = place.read(&[TABLE, LEDGER], reader).unwrap_or(StorePlace::Memory);
        Ledger { place, ttl: self.ttl.0, max_ids: self.max_ids }
    }
}
