//! Lists of networks that are fetched while the gateway runs.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use parking_lot::Mutex;
use policy::{List, ListSource, Network};
use reputation::AddressTable;
use reputation::list::Entries;

/// The lists that were fetched, by their address. They outlive a change of policy.
#[derive(Default)]
pub(crate) struct RemoteLists {
    fetched: Mutex<HashMap<String, Arc<Entries>>>,
    table: ArcSwap<Fetched>,
}

/// What they say together.
#[derive(Default)]
struct Fetched {
    /// The lists of the policy that the numbers are of.
    lists: Option<Arc<[List]>>,
    networks: AddressTable,
    /// In order.
    asns: Vec<(u32, u16)>,
}

impl RemoteLists {
    /// Takes over a list.
    pub(crate) fn update(&self, url: String, entries: Entries, network: &Network) {
        self.fetched.lock().insert(url, Arc::new(entries));
        self.rebuild(network);
    }

    /// Puts what was fetched under the numbers of a policy's lists.
    pub(crate) fn rebuild(&self, network: &Network) {
        let fetched = self.fetched.lock();
        let mut networks = Vec::new();
        let mut asns = Vec::new();
        for (n, list) in (0_u16..).zip(network.lists.iter()) {
            let ListSource::Remote(remote) = &list.source else { continue };
            let Some(entries) = fetched.get(&remote.url.to_string()) else { continue };
            // Lists of strangers name private networks as well, which are the operator's own.
            let kept = entries.networks.iter().filter(|net| !is_private(**net) && !is_too_wide(**net));
            networks.extend(kept.map(|net| (*net, n)));
            asns.extend(entries.operators.iter().map(|number| (*number, n)));
        }
        asns.sort_unstable();
        asns.dedup_by_key(|(number, _)| *number);
        let lists = Some(Arc::clone(&network.lists));
        self.table.store(Arc::new(Fetched { lists, networks: networks.into_iter().collect(), asns }));
    }

    /// The first list of a policy that an address is on.
    pub(crate) fn find<'p>(&self, network: &'p Network, address: IpAddr) -> Option<&'p List> {
        if network.lists.is_empty() {
            return None;
        }
        let fetched = self.table.load();
        // While a new policy comes into force, the numbers are those of the one before.
        let is_current = fetched.lists.as_ref().is_some_and(|lists| Arc::ptr_eq(lists, &network.lists));
        let asn = || network.geo.operator(address);
        let by_asn = |asns: &[(u32, u16)], number: u32| {
            let at = asns.binary_search_by_key(&number, |(number, _)| *number).ok()?;
            asns.get(at).map(|(_, list)| *list)
        };
        let has_asns = !network.listed_asns.is_empty() || is_current && !fetched.asns.is_empty();
        let number = has_asns.then(asn).flatten();
        let remote = is_current.then_some(&*fetched);
        let found = [
            network.listed.find(address),
            remote.and_then(|remote| remote.networks.find(address)),
            number.and_then(|number| by_asn(&network.listed_asns, number)),
            number.and_then(|number| by_asn(&remote?.asns, number)),
        ];
        network.lists.get(usize::from(found.into_iter().flatten().min()?))
    }
}

/// Whether a network is larger than any that is given to one holder: a slip, or an attack on the list.
fn is_too_wide(network: IpNet) -> bool {
    match network {
        IpNet::V4(v4) => v4.prefix_len() < 8,
        IpNet::V6(v6) => v6.prefix_len() < 16,
    }
}

/// Whether a network is of those that nobody routes (RFC 6890).
fn is_private(network: IpNet) -> bool {
    has_no_country(network.network()) && has_no_country(network.broadcast())
}

/// Whether an address is of a network that belongs to no country: private, of this machine, of this link.
pub(crate) fn has_no_country(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let is_shared = v4.octets().starts_with(&[100]) && (64..128).contains(&v4.octets()[1]);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || is_shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
    }
}
