//! `[network]`: which clients may connect at all.

mod bans;
mod list;
mod places;

use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use reputation::{AddressTable, Geo};

pub use bans::{BanRule, Bans, BansConfig};
pub use list::{List, ListAction, ListConfig, ListSource, RemoteList};
pub use places::{AsnsConfig, CountriesConfig, Places};

use crate::reader::Reader;
use crate::settings::settings;

settings! {
    /// `[network]`: which clients may connect at all.
    pub struct NetworkConfig {
        /// When not empty, only these networks.
        pub allow: Vec<IpNet> = Vec::new(),
        /// Never these networks.
        pub deny: Vec<IpNet> = Vec::new(),
        /// Files of networks to deny, in any form that `[[network.list]]` reads.
        pub deny_files: Vec<PathBuf> = Vec::new(),
        /// Whether a request must have a `User-Agent`. One of a caller who is known by a credential, and a WebSocket
        /// handshake, pass without.
        pub require_user_agent: bool = true,
        /// Lists of networks that others publish.
        pub list: Vec<ListConfig> = Vec::new(),
        /// Countries.
        pub countries: CountriesConfig = CountriesConfig::default(),
        /// Operators of networks.
        pub asns: AsnsConfig = AsnsConfig::default(),
        /// Clients that are refused again and again.
        pub bans: BansConfig = BansConfig::default(),
    }
}

/// Client address rules.
#[derive(Debug)]
pub struct Network {
    /// When there, only these.
    pub allow: Option<AddressTable>,
    /// The lists, those that decide first come first.
    pub lists: Arc<[List]>,
    /// Which addresses are on which list, of all lists that are known when the policy is read.
    pub listed: AddressTable,
    /// The same for operators of networks.
    pub listed_asns: Vec<(u32, u16)>,
    /// Countries and operators that are kept out.
    pub places: Places,
    /// What the databases say of an address.
    pub geo: Arc<Geo>,
    /// Who is refused for a time.
    pub bans: Bans,
    /// Whether a request must have a `User-Agent`.
    pub require_user_agent: bool,
}

impl Network {
    /// Whether anything depends on who operates the network of a client.
    pub fn asks_for_asn(&self) -> bool {
        !self.listed_asns.is_empty() || !self.places.deny_asns.is_empty()
    }
}

impl NetworkConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Network {
        let allow = self.allow.iter().map(|network| (*network, 0)).collect();
        let known = list::compile(&self.deny, &self.deny_files, &self.list, reader);
        let (places, geo) = places::compile(&self.countries, &self.asns, !known.asns.is_empty(), reader);
        Network {
            allow: (!self.allow.is_empty()).then_some(allow),
            lists: known.lists.into(),
            listed: known.networks.into_iter().collect(),
            listed_asns: known.asns,
            places,
            geo: Arc::new(geo),
            bans: self.bans.compile(reader),
            require_user_agent: self.require_user_agent,
        }
    }
}
