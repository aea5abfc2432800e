//! `[network]`: which clients may connect at all.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use prefix_trie::joint::JointPrefixSet;

use crate::reader::Reader;
use crate::settings::settings;

settings! {
    /// `[network]`: which clients may connect at all.
    pub struct NetworkConfig {
        /// When not empty, only these networks.
        pub allow: Vec<IpNet> = Vec::new(),
        /// Never these networks.
        pub deny: Vec<IpNet> = Vec::new(),
        /// Files of networks to deny, one a line, `#` comments.
        pub deny_files: Vec<PathBuf> = Vec::new(),
        /// Whether a request must have a `User-Agent`. One of a caller who is known by a credential, and a WebSocket
        /// handshake, pass without.
        pub require_user_agent: bool = true,
    }
}

/// Client address rules.
#[derive(Debug)]
pub struct Network {
    /// When not empty, only these.
    pub allow: AddressSet,
    /// Never these.
    pub deny: AddressSet,
    /// Whether a request must have a `User-Agent`.
    pub require_user_agent: bool,
}

impl NetworkConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Network {
        let mut denied = self.deny.clone();
        for (i, file) in self.deny_files.iter().enumerate() {
            let at = ["network", "deny_files", &i.to_string()];
            let Some(bytes) = reader.file(file, &at) else { continue };
            let path = reader.path(file);
            let Ok(text) = String::from_utf8(bytes) else {
                let message = format!("{} cannot be read: it is not UTF-8", path.display());
                reader.wrong(&at, message, "");
                continue;
            };
            for (n, line) in text.lines().enumerate() {
                let entry = line.split(['#', ';']).next().unwrap_or("").trim();
                if entry.is_empty() {
                    continue;
                }
                match entry.parse::<IpNet>().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from)) {
                    Ok(network) => denied.push(network),
                    Err(_) => reader.wrong(
                        &at,
                        format!("{}:{}: `{entry}` is not a network", path.display(), n + 1),
                        "write `192.0.2.0/24` or an address, one a line",
                    ),
                }
            }
        }
        Network {
            allow: self.allow.iter().copied().collect(),
            deny: denied.into_iter().collect(),
            require_user_agent: self.require_user_agent,
        }
    }
}

/// A set of networks; a look-up costs the length of the prefix, not the number of networks.
#[derive(Debug, Default)]
pub struct AddressSet {
    networks: JointPrefixSet<IpNet>,
}

impl AddressSet {
    /// The network of the set that contains the address.
    pub fn find(&self, address: IpAddr) -> Option<IpNet> {
        if self.is_empty() { None } else { self.networks.get_lpm(&IpNet::from(address)) }
    }

    /// Whether it contains nothing.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let mut set = JointPrefixSet::new();
        for network in networks {
            set.insert(network.trunc());
        }
        AddressSet { networks: set }
    }
}
