//! Finds out whether crawlers are what they say: the name of the address, and the addresses of that name (DNS).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use guard::Claim;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use tokio::sync::Semaphore;

use super::notice::notice;
use crate::state::State;

/// For one claim.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Claims that are looked up at once.
const AT_ONCE: usize = 16;
/// Names of an address that are looked at.
const NAMES: usize = 4;

/// Answers claims until the task is dropped.
pub(super) async fn verify(state: Arc<State>, server: Option<SocketAddr>) {
    let mut claims = state.guard.claims();
    let resolver = match resolver(server) {
        Ok(resolver) => resolver,
        Err(why) => {
            notice(&state, &format!("crawlers cannot be verified: {why}"));
            return;
        }
    };
    let free = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(claim) = claims.recv().await {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        let (state, resolver) = (Arc::clone(&state), resolver.clone());
        tokio::spawn(async move {
            let is_true = tokio::time::timeout(TIMEOUT, is_true(&resolver, claim)).await.ok().flatten();
            state.guard.verified(claim, is_true);
            drop(permit);
        });
    }
}

fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, String> {
    let builder = match server {
        None => TokioResolver::builder_tokio().map_err(|error| error.to_string())?,
        Some(server) => {
            let with_port = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let connections = vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
            let server = NameServerConfig::new(server.ip(), true, connections);
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    builder.build().map_err(|error| error.to_string())
}

/// Whether a claim is true; `None` if nobody could say. An address without a name is none of a crawler's.
async fn is_true(resolver: &TokioResolver, claim: Claim) -> Option<bool> {
    let address = claim.address.to_canonical();
    let names = match resolver.reverse_lookup(address).await {
        Ok(names) => names,
        Err(error) if error.is_no_records_found() => return Some(false),
        Err(_) => return None,
    };
    let names = names.answers().iter().filter_map(|record| match &record.data {
        RData::PTR(name) => Some(name.0.clone()),
        _ => None,
    });
    for name in names.take(NAMES) {
        let text = name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
        if !claim.crawler.hosts.iter().any(|host| text.ends_with(host)) {
            continue;
        }
        match resolver.lookup_ip(name).await {
            Ok(found) if found.iter().any(|one: IpAddr| one.to_canonical() == address) => return Some(true),
            Ok(_) => {}
            Err(error) if error.is_no_records_found() => {}
            Err(_) => return None,
        }
    }
    Some(false)
}
