//! Who is banned, and until when. Gateways that count together share their bans: each has a copy of all of them, so that no
//! request waits for another machine.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use ipnet::{IpNet, Ipv6Net};
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

/// The most bans of a copy; a board holds fewer.
const MOST: usize = 200_000;
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
    /// Lengths of prefixes that are there, by family.
    lengths: BTreeSet<(bool, u8)>,
}

/// A network of one of the two families.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    is_v4: bool,
    length: u8,
    bits: u128,
}

#[derive(Clone)]
struct Entry {
    until: Millis,
    before: u32,
    reason: String,
    /// Its post, while the board has not got it.
    untold: Option<Millis>,
}

impl Key {
    fn of(network: IpNet) -> Key {
        match network.trunc() {
            IpNet::V4(v4) => {
                Key { is_v4: true, length: v4.prefix_len(), bits: u128::from(u32::from(v4.network())) }
            }
            IpNet::V6(v6) => Key { is_v4: false, length: v6.prefix_len(), bits: v6.network().into() },
        }
    }

    /// The network of this length in which an address is.
    fn around(address: IpAddr, length: u8) -> Key {
        let network = IpNet::new(address, length).unwrap_or(IpNet::from(address));
        Key::of(network)
    }

    fn network(self) -> IpNet {
        if self.is_v4 {
            let address = Ipv4Addr::from(u32::try_from(self.bits).unwrap_or(u32::MAX));
            IpNet::new(address.into(), self.length).unwrap_or(IpNet::from(IpAddr::V4(address)))
        } else {
            let address = Ipv6Addr::from(self.bits);
            IpNet::new(address.into(), self.length).unwrap_or(IpNet::from(IpAddr::V6(address)))
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
        let now = unix_millis(now);
        let (table, address) = (self.table.read(), address.to_canonical());
        let lengths = table.lengths.iter().rev().filter(|(is_v4, _)| *is_v4 == address.is_ipv4());
        lengths.into_iter().find_map(|(_, length)| {
            let key = Key::around(address, *length);
            table.entries.get(&key).filter(|entry| entry.until > now).map(|entry| ban(key, entry))
        })
    }

    /// How many bans a network has had that are not forgotten.
    pub(crate) fn before(&self, network: IpNet) -> u32 {
        self.table.read().entries.get(&Key::of(network)).map_or(0, |entry| entry.before + 1)
    }

    /// Every ban that holds, those that end first coming first.
    pub(crate) fn all(&self, now: SystemTime) -> Vec<Ban> {
        let now = unix_millis(now);
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

    /// Bans here. The other gateways are told of what [`Bans::untold`] says. It is remembered for some time after its end.
    pub(crate) fn add(&self, ban: &Ban, remembered: Duration) {
        let key = Key::of(ban.network);
        let until = unix_millis(ban.until);
        let untold = Some(until.saturating_add(millis(remembered)));
        let entry = Entry { until, before: ban.before, reason: ban.reason.clone(), untold };
        let mut table = self.table.write();
        if table.entries.len() >= MOST {
            let now = unix_millis(SystemTime::now());
            table.entries.retain(|_, entry| entry.until > now);
            // Where all still hold, a tenth goes at once, so that a full table is not searched for each ban.
            let surplus = if table.entries.len() >= MOST { MOST / 10 } else { 0 };
            let first: Vec<Key> = table.entries.keys().take(surplus).copied().collect();
            first.iter().for_each(|key| drop(table.entries.remove(key)));
        }
        table.lengths.insert((key.is_v4, key.length));
        table.entries.insert(key, entry);
        self.any.store(true, Ordering::Relaxed);
    }

    /// What the board has not got yet, as much as is put there at once.
    pub(crate) fn untold(&self) -> Vec<(IpNet, Post)> {
        const AT_ONCE: usize = 1000;
        let table = self.table.read();
        let untold = table.entries.iter().filter_map(|(key, entry)| {
            let Entry { until, before, reason, untold } = entry;
            let network = key.network();
            let value = format!("{until} {before} {reason}");
            Some((network, Post { name: name(network), value, until: (*untold)? }))
        });
        untold.take(AT_ONCE).collect()
    }

    /// The board has got it.
    pub(crate) fn told(&self, network: IpNet) {
        if let Some(entry) = self.table.write().entries.get_mut(&Key::of(network)) {
            entry.untold = None;
        }
    }

    /// Lifts a ban here; says the name of its post, and whether there was one.
    pub(crate) fn lift(&self, network: IpNet) -> (String, bool) {
        let was_there = self.table.write().entries.remove(&Key::of(network)).is_some();
        (name(network), was_there)
    }

    /// Takes over what stands on the board, and keeps what it has not got yet.
    pub(crate) fn replace(&self, posts: &[Post]) {
        let mut table = Table::default();
        for post in posts {
            let Some((network, entry)) = read(post) else { continue };
            let key = Key::of(network);
            table.lengths.insert((key.is_v4, key.length));
            table.entries.insert(key, entry);
        }
        let mut own = self.table.write();
        let kept = own.entries.drain().filter(|(_, entry)| entry.untold.is_some());
        for (key, entry) in kept {
            table.lengths.insert((key.is_v4, key.length));
            table.entries.insert(key, entry);
        }
        self.any.store(!table.entries.is_empty(), Ordering::Relaxed);
        *own = table;
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
    format!("{PREFIX}{}", network.trunc())
}

fn read(post: &Post) -> Option<(IpNet, Entry)> {
    let network = post.name.strip_prefix(PREFIX)?.parse().ok()?;
    let mut parts = post.value.splitn(3, ' ');
    let (until, before) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((network, Entry { until, before, reason: parts.next()?.to_owned(), untold: None }))
}

/// Milliseconds since 1970.
pub(crate) fn unix_millis(time: SystemTime) -> Millis {
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
        for network in ["192.0.2.7/32", "198.51.100.0/24", "2001:db8:1:2::/64", "::/64"] {
            let ban = Ban { network: net(network), until: now + minute, reason: "a b c".into(), before: 0 };
            here.add(&ban, minute);
        }
        posts.extend(here.untold().into_iter().map(|(_, post)| post));
        there.replace(&posts);
        for bans in [&here, &there] {
            for (address, banned) in [
                ("192.0.2.7", Some("192.0.2.7/32")),
                ("::ffff:192.0.2.7", Some("192.0.2.7/32")),
                ("192.0.2.8", None),
                ("198.51.100.200", Some("198.51.100.0/24")),
                ("2001:db8:1:2:3::1", Some("2001:db8:1:2::/64")),
                ("2001:db8:1:3::1", None),
                // What is written like IPv4 in IPv6 is no IPv4.
                ("::1", Some("::/64")),
                ("203.0.113.1", None),
            ] {
                let found = bans.find(address.parse().unwrap(), now).map(|ban| ban.network.to_string());
                assert_eq!(found.as_deref(), banned, "{address}");
            }
            assert!(bans.find("192.0.2.7".parse().unwrap(), now + minute).is_none());
            assert_eq!(bans.all(now).len(), 4);
            assert_eq!(bans.before(net("192.0.2.7/32")), 1);
        }
        // What the board has not got outlives a board that has forgotten.
        here.told(net("198.51.100.0/24"));
        here.replace(&[]);
        assert!(here.find("192.0.2.7".parse().unwrap(), now).is_some());
        assert!(here.find("198.51.100.1".parse().unwrap(), now).is_none());
        assert_eq!(here.lift(net("192.0.2.7/32")), ("ban 192.0.2.7/32".to_owned(), true));
        assert!(here.find("192.0.2.7".parse().unwrap(), now).is_none());
    }
}
