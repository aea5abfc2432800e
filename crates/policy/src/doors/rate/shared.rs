//! `[rate.store]`: where gateways count together.

use std::path::PathBuf;
use std::time::Duration;

use crate::reader::Reader;
use crate::settings::settings;
use crate::store_place::{NamedPlace, SecretUrl, StorePlace};
use crate::units::Period;

const TABLE: [&str; 2] = ["rate", "store"];

settings! {
    /// `[rate.store]`: the server on which several gateways count together; each counts for itself where none is named. It is
    /// Redis from 6.2 on, or Valkey. While it is away, each gateway allows its share: the limit divided by the gateways that were
    /// there. All gateways need the same `hash_secret_file` or `hash_secret_env`.
    pub struct RateStoreConfig {
        /// Its address: `redis://host:6379/0`, `rediss://` with TLS, `redis-cluster://host1:7000,host2:7000`, or
        /// `redis-sentinel://host1:26379,host2:26379/master/0`.
        pub url: Option<String> = None,
        /// A file with the address, for an address with a password.
        pub url_file: Option<PathBuf> = None,
        /// An environment variable with the address.
        pub url_env: Option<String> = None,
        /// How long a request waits for it. After three answers that did not come in time, nobody waits until it answers again.
        pub timeout: Period = Period(Duration::from_millis(20)),
    }
}

/// Where gateways count together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateStore {
    /// The address.
    pub url: SecretUrl,
    /// How long a request waits for it.
    pub timeout: Duration,
}

impl RateStoreConfig {
    pub(super) fn compile(&self, has_secret: bool, reader: &mut Reader) -> Option<RateStore> {
        let place = NamedPlace {
            file: None,
            url: self.url.as_deref(),
            url_file: self.url_file.as_deref(),
            url_env: self.url_env.as_deref(),
            what: "the store of limits",
        };
        let field = match (&self.url, &self.url_file) {
            (Some(_), _) => "url",
            (None, Some(_)) => "url_file",
            (None, None) => "url_env",
        };
        let at = [TABLE[0], TABLE[1], field];
        match place.read(&TABLE, reader)? {
            StorePlace::Redis(_) if !has_secret => {
                let help = "add `[rate] hash_secret_file = \"limits.secret\"` (openssl rand -base64 48 > limits.secret), the same file everywhere";
                reader.wrong(
                    &at,
                    "gateways that count together need one secret for the names of their counters",
                    help,
                );
                None
            }
            StorePlace::Redis(url) => Some(RateStore { url, timeout: self.timeout.0 }),
            StorePlace::Memory | StorePlace::File(_) | StorePlace::Postgres(_) => {
                reader.wrong(
                    &at,
                    "limits are counted in memory, or in Redis or Valkey",
                    "write `redis://host:6379/0`",
                );
                None
            }
        }
    }
}
