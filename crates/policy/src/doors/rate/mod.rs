//! `[rate]`: how often a caller may ask.

mod credential_stuffing;
mod failed_logins;
mod failure;
mod hash_secret;
mod limit;
mod limits;
mod shared;

use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use reputation::AddressTable;

pub use credential_stuffing::{CredentialStuffing, CredentialStuffingConfig, StuffingAction, StuffingClient};
pub use failed_logins::{Alike, FailedLoginsConfig};
pub use failure::{Failure, JsonTest};
pub use hash_secret::HashSecret;
pub use limit::{Cost, CountedOutcome, Limit, LimitAlgorithm, LimitKey};
pub use limits::Limits;
pub use shared::{RateStore, RateStoreConfig};

use crate::reader::Reader;
use crate::settings::{route_settings, settings};

settings! {
    /// `[rate]`: limits in words; several hold at once and the strictest wins.
    pub struct RateConfig {
        /// Limits on every route.
        pub limits: Limits = Limits::of("2000 per 5 minutes"),
        /// Limits on login routes, beside the others; and on mutations of GraphQL that log somebody in (`login`, `signIn`,
        /// `tokenAuth` and their like), on any route: twenty in one request count as twenty.
        pub login: Limits = Limits::of("5 per 15 minutes counting failures"),
        /// Paths of login routes, beside the requests that look like a login by their last segment.
        pub login_paths: Vec<String> = Vec::new(),
        /// Networks that no limit counts: those of a monitor, of an office behind one address.
        pub exempt: Vec<IpNet> = Vec::new(),
        /// Requests that may be under way at once; 503 beyond. From four fifths on, callers without a credential are refused.
        /// When not set, the gateway takes half of the descriptors that it may open.
        pub max_requests: Option<usize> = None,
        /// Requests of one client that may be under way at once; 429 beyond. A tunnel (WebSocket) is one as long as it lasts.
        /// No limit when 0.
        pub max_requests_per_client: u32 = 500,
        /// Counters kept. When there are more, those go first that would expire soonest.
        pub max_keys: usize = 1_000_000,
        /// A file in which counters outlive a restart: it is written when the gateway stops, and read when it starts. Not with
        /// `[rate.store]`, which keeps them anyway.
        pub file: Option<PathBuf> = None,
        /// A file with the secret under which counter keys are hashed, the same for all gateways that share counters;
        /// random when not set.
        pub hash_secret_file: Option<PathBuf> = None,
        /// The environment variable that holds this secret.
        pub hash_secret_env: Option<String> = None,
        /// How failed log ins are answered.
        pub failed_logins: FailedLoginsConfig = FailedLoginsConfig::default(),
        /// Clients that try many accounts.
        pub credential_stuffing: CredentialStuffingConfig = CredentialStuffingConfig::default(),
        /// The server on which gateways count together.
        pub store: RateStoreConfig = RateStoreConfig::default(),
    }
}

/// What holds of limits on every route.
#[derive(Debug)]
pub struct Rate {
    /// Limits on log ins, also on those that GraphQL makes where no path says it.
    pub login: Vec<Arc<Limit>>,
    /// Networks that no limit counts.
    pub exempt: AddressTable,
    /// The one answer to all log ins that fail, where the policy asks for one.
    pub failed_logins: Option<Alike>,
    /// What is credential stuffing, where it is counted.
    pub credential_stuffing: Option<CredentialStuffing>,
    /// Requests under way at once, where the policy says it.
    pub max_requests: Option<usize>,
    /// Of one client; 0 for any number.
    pub max_requests_per_client: u32,
    /// Counters kept.
    pub max_keys: usize,
    /// Where counters outlive a restart.
    pub file: Option<PathBuf>,
    /// The secret of counter keys, where gateways share one.
    pub hash_secret: Option<HashSecret>,
    /// The server on which gateways count together.
    pub store: Option<RateStore>,
}

impl RateConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Rate {
        let hash_secret =
            HashSecret::read(self.hash_secret_file.as_deref(), self.hash_secret_env.as_deref(), reader);
        let names_secret = self.hash_secret_file.is_some() || self.hash_secret_env.is_some();
        let store = self.store.compile(names_secret, reader);
        if store.is_some() && self.file.is_some() {
            reader.wrong(
                &["rate", "file"],
                "counters are kept on the server of `[rate.store]`",
                "remove `file`",
            );
        }
        Rate {
            login: sorted(self.login.0.iter().cloned()),
            exempt: self.exempt.iter().map(|network| (*network, 0)).collect(),
            failed_logins: self.failed_logins.compile(reader),
            credential_stuffing: self.credential_stuffing.compile(reader),
            max_requests: self.max_requests,
            max_requests_per_client: self.max_requests_per_client,
            max_keys: self.max_keys,
            file: self.file.as_deref().map(|file| reader.path(file)),
            hash_secret,
            store,
        }
    }
}

route_settings! {
    /// What a route may say of limits.
    pub struct RateRouteConfig {
        /// Limits here, beside the global ones. They count this route alone.
        pub limits: Limits,
        /// What says that an attempt failed, for limits that count failures: `{ status = [401], json = "/status == fail" }`.
        pub failure: Option<Failure>,
    }
}

/// The limits of one route.
#[derive(Debug, Clone)]
pub struct RateRoute {
    /// Limits, those that need a principal last.
    pub limits: Vec<Arc<Limit>>,
    /// What a failure is here, where the route says it.
    pub failure: Option<Failure>,
}

impl RateRoute {
    /// What holds where no route says otherwise.
    pub(crate) fn everywhere(config: &RateConfig) -> Self {
        RateRoute { limits: sorted(config.limits.0.iter().cloned()), failure: None }
    }

    /// What holds on a login route.
    pub(crate) fn on_login(config: &RateConfig) -> Self {
        RateRoute { limits: sorted(config.limits.0.iter().chain(&config.login.0).cloned()), failure: None }
    }

    /// The same with what a route says.
    pub(crate) fn on_route(&self, route: &RateRouteConfig) -> Self {
        RateRoute {
            limits: sorted(
                self.limits
                    .iter()
                    .map(|l| (**l).clone())
                    .chain(route.limits.0.iter().map(Limit::of_one_route)),
            ),
            failure: route.failure.clone(),
        }
    }

    /// The lines of `doorward check`.
    pub fn rows(&self) -> Vec<String> {
        let failure = self.failure.iter().map(|failure| format!("failure: {failure}"));
        self.limits.iter().map(ToString::to_string).chain(failure).collect()
    }
}

fn sorted(limits: impl Iterator<Item = Limit>) -> Vec<Arc<Limit>> {
    // One that is written twice counts once.
    let mut distinct: Vec<Limit> = Vec::new();
    limits.for_each(|limit| {
        if !distinct.contains(&limit) {
            distinct.push(limit);
        }
    });
    distinct.sort_by_key(Limit::needs_principal);
    distinct.into_iter().map(Arc::new).collect()
}
