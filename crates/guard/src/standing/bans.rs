//! Who is banned, and until when. Gateways that count together share their bans: each has a copy of all of them, so that no
//! request waits for another machine.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use parking_lot::RwLock;
use store::{Millis, Post, millis};

/// A network that is refused for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Which.
    pub network: IpNet,
    /// Until when.
    pub until: SystemTime,
    /// Why: what an operator wrote, or which rule banned it.
    pub reason: String,
    /// How many bans it had before, which are not forgotten yet.
    pub before: u32,
}

/// What the name of a ban on the board begins with.
const PREFIX: &str = "ban ";

/// The bans of this gateway's copy.
#[derive(Default)]
pub(crate) struct Bans {
    table: RwLock<Table>,
    any: AtomicBool,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Key, Entry>,
    /// Lengths of prefixes that are there.
    lengths: BTreeSet<u8>,
}

/// A network in the space of IPv6, in which `::ffff:0:0/96` is IPv4.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    length: u8,
    bits: u128,
}

#[derive(Clone)]
struct Entry {
    until: Millis,
    before: u32,
    reason: String,
}

/// The prefix of IPv4 in the space of IPv6.
const V4: u8 = 96;

impl Key {
    fn of(network: IpNet) -> Key {
        match network.trunc() {
            IpNet::V4(v4) => Key { length: v4.prefix_len() + V4, bits: v4.network().to_ipv6_mapped().into() },
            IpNet::V6(v6) => Key { length: v6.prefix_len(), bits: v6.network().into() },
        }
    }

    /// The network of this length in which an address is.
    fn around(address: IpAddr, length: u8) -> Key {
        let bits: u128 = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
            IpAddr::V6(v6) => v6.into(),
        };
        let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
        Key { length, bits: bits & mask }
    }

    fn network(self) -> IpNet {
        let address = std::net::Ipv6Addr::from(self.bits);
        match (address.to_ipv4_mapped(), self.length.checked_sub(V4)) {
            (Some(v4), Some(length)) => {
                Ipv4Net::new(v4, length).map_or(IpNet::from(IpAddr::V4(v4)), IpNet::V4)
            }
            _ => Ipv6Net::new(address, self.length).map_or(IpNet::from(IpAddr::V6(address)), IpNet::V6),
        }
    }
}

/// The network that a client is banned with: an IPv6 customer has a /64.
pub(crate) fn client_network(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4).into(),
        IpAddr::V6(v6) => Ipv6Net::new(v6, 64).map_or(IpNet::from(IpAddr::V6(v6)), |net| net.trunc().into()),
    }
}

impl Bans {
    /// The ban that holds for an address.
    pub(crate) fn find(&self, address: IpAddr, now: SystemTime) -> Option<Ban> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let now = unix(now);
        let table = self.table.read();
        table.lengths.iter().rev().find_map(|length| {
            let key = Key::around(address.to_canonical(), *length);
            table.entries.get(&key).filter(|entry| entry.until > now).map(|entry| ban(key, entry))
        })
    }

    /// How many bans a network has had that are not forgotten.
    pub(crate) fn before(&self, network: IpNet) -> u32 {
        self.table.read().entries.get(&Key::of(network)).map_or(0, |entry| entry.before + 1)
    }

    /// Every ban that holds, those that end first coming first.
    pub(crate) fn all(&self, now: SystemTime) -> Vec<Ban> {
        let now = unix(now);
        let table = self.table.read();
        let mut bans: Vec<Ban> = table
            .entries
            .iter()
            .filter(|(_, entry)| entry.until > now)
            .map(|(key, entry)| ban(*key, entry))
            .collect();
        bans.sort_by_key(|ban| (ban.until, ban.network));
        bans
    }

    /// Bans here, and says what the other gateways are to be told. It is remembered for some time after its end.
    pub(crate) fn add(&self, ban: &Ban, remembered: Duration) -> Post {
        let key = Key::of(ban.network);
        let until = unix(ban.until);
        let entry = Entry { until, before: ban.before, reason: ban.reason.clone() };
        {
            let mut table = self.table.write();
            table.lengths.insert(key.length);
            table.entries.insert(key, entry);
            self.any.store(true, Ordering::Relaxed);
        }
        let value = format!("{until} {} {}", ban.before, ban.reason);
        Post { name: name(ban.network), value, until: until.saturating_add(millis(remembered)) }
    }

    /// Lifts a ban here, and says the name of its post.
    pub(crate) fn lift(&self, network: IpNet) -> String {
        self.table.write().entries.remove(&Key::of(network));
        name(network)
    }

    /// Takes over what stands on the board.
    pub(crate) fn replace(&self, posts: &[Post]) {
        let mut table = Table::default();
        for post in posts {
            let Some((network, entry)) = read(post) else { continue };
            let key = Key::of(network);
            table.lengths.insert(key.length);
            table.entries.insert(key, entry);
        }
        self.any.store(!table.entries.is_empty(), Ordering::Relaxed);
        *self.table.write() = table;
    }
}

fn ban(key: Key, entry: &Entry) -> Ban {
    Ban {
        network: key.network(),
        until: SystemTime::UNIX_EPOCH + Duration::from_millis(entry.until),
        reason: entry.reason.clone(),
        before: entry.before,
    }
}

fn name(network: IpNet) -> String {
    format!("{PREFIX}{}", Key::of(network).network())
}

fn read(post: &Post) -> Option<(IpNet, Entry)> {
    let network = post.name.strip_prefix(PREFIX)?.parse().ok()?;
    let mut parts = post.value.splitn(3, ' ');
    let (until, before) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((network, Entry { until, before, reason: parts.next()?.to_owned() }))
}

fn unix(time: SystemTime) -> Millis {
    millis(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn a_ban_holds_for_its_network_and_its_time_and_on_other_gateways() {
        let (here, there) = (Bans::default(), Bans::default());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let minute = Duration::from_secs(60);
        let mut posts = Vec::new();
        for network in ["192.0.2.7/32", "198.51.100.0/24", "2001:db8:1:2::/64"] {
            let ban = Ban { network: net(network), until: now + minute, reason: "a b c".into(), before: 0 };
            posts.push(here.add(&ban, minute));
        }
        there.replace(&posts);
        for bans in [&here, &there] {
            for (address, banned) in [
                ("192.0.2.7", Some("192.0.2.7/32")),
                ("::ffff:192.0.2.7", Some("192.0.2.7/32")),
                ("192.0.2.8", None),
                ("198.51.100.200", Some("198.51.100.0/24")),
                ("2001:db8:1:2:3::1", Some("2001:db8:1:2::/64")),
                ("2001:db8:1:3::1", None),
            ] {
                let found = bans.find(address.parse().unwrap(), now).map(|ban| ban.network.to_string());
                assert_eq!(found.as_deref(), banned, "{address}");
            }
            assert!(bans.find("192.0.2.7".parse().unwrap(), now + minute).is_none());
            assert_eq!(bans.all(now).len(), 3);
            assert_eq!(bans.before(net("192.0.2.7/32")), 1);
        }
        assert_eq!(here.lift(net("192.0.2.7/32")), "ban 192.0.2.7/32");
        assert!(here.find("192.0.2.7".parse().unwrap(), now).is_none());
    }
}
