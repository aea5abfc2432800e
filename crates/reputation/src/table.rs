//! A value for each of many networks.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;

use ipnet::IpNet;

/// A value for each of many networks; where networks overlap, the smallest value.
///
/// Networks become intervals that do not overlap, so that the table grows with what it says and not with how it was
/// written: a network within another of the same value takes no place. An interval takes 6 bytes for IPv4 and 18 for IPv6,
/// and a look-up reads one small node on each level of a search tree that never changes.
///
/// ```
/// use reputation::AddressTable;
///
/// let entries = [("192.0.2.0/24", 7), ("192.0.2.128/25", 3), ("2001:db8::/32", 7)];
/// let table: AddressTable = entries.iter().map(|(network, value)| (network.parse().unwrap(), *value)).collect();
/// assert_eq!(table.find("192.0.2.1".parse().unwrap()), Some(7));
/// assert_eq!(table.find("192.0.2.200".parse().unwrap()), Some(3));
/// assert_eq!(table.find("::ffff:192.0.2.1".parse().unwrap()), Some(7));
/// assert_eq!(table.find("203.0.113.1".parse().unwrap()), None);
/// ```
#[derive(Debug, Default)]
pub struct AddressTable {
    v4: Intervals<u32>,
    v6: Intervals<u128>,
}

impl AddressTable {
    /// The largest value that a network can have.
    pub const MAX_VALUE: u16 = NOTHING - 1;

    /// The value at an address.
    pub fn find(&self, address: IpAddr) -> Option<u16> {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.find(address.into()),
            IpAddr::V6(address) => self.v6.find(address.into()),
        }
    }

    /// Whether no address has a value.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.v4.bytes() + self.v6.bytes()
    }
}

impl FromIterator<(IpNet, u16)> for AddressTable {
    /// Values above [`AddressTable::MAX_VALUE`] count as this one.
    fn from_iter<I: IntoIterator<Item = (IpNet, u16)>>(networks: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (network, value) in networks {
            let value = value.min(AddressTable::MAX_VALUE);
            match canonical(network) {
                IpNet::V4(n) => v4.push((n.network().into(), n.broadcast().into(), value)),
                IpNet::V6(n) => v6.push((n.network().into(), n.broadcast().into(), value)),
            }
        }
        AddressTable { v4: Intervals::new(v4), v6: Intervals::new(v6) }
    }
}

/// A network of IPv4 that is written as one of IPv6 (`::ffff:192.0.2.0/120`) is one of IPv4.
fn canonical(network: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    if let IpNet::V6(v6) = network
        && let Some(address) = v6.network().to_ipv4_mapped()
        && let Some(length) = v6.prefix_len().checked_sub(MAPPED)
        && let Ok(v4) = ipnet::Ipv4Net::new(address, length)
    {
        return v4.into();
    }
    network
}

/// The value of an interval whose addresses have none.
const NOTHING: u16 = u16::MAX;

/// Numbers of addresses.
trait Number: Copy + Ord + Debug {
    const LAST: Self;

    fn next(self) -> Option<Self>;
}

impl Number for u32 {
    const LAST: Self = u32::MAX;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Number for u128 {
    const LAST: Self = u128::MAX;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// Keys in a node of the search tree: a line of the cache for IPv4.
const FAN_OUT: usize = 16;

/// Keys in order; behind the last one, [`Number::LAST`].
type Node<N> = [N; FAN_OUT];

/// Some intervals in order, each from its start to the next start, and the values that hold there.
#[derive(Debug)]
struct Leaf<N> {
    starts: Node<N>,
    values: [u16; FAN_OUT],
}

/// Intervals in order, in a search tree that never changes.
#[derive(Debug)]
struct Intervals<N> {
    /// The first start of every leaf, in nodes; the first of every node of these, and so on. The root comes first.
    levels: Vec<Vec<Node<N>>>,
    leaves: Vec<Leaf<N>>,
}

impl<N> Default for Intervals<N> {
    fn default() -> Self {
        Intervals { levels: Vec::new(), leaves: Vec::new() }
    }
}

impl<N: Number> Intervals<N> {
    fn new(networks: Vec<(N, N, u16)>) -> Self {
        let starts = starts(networks);
        let leaves: Vec<Leaf<N>> = starts
            .chunks(FAN_OUT)
            .map(|some| Leaf {
                starts: node(some.iter().map(|(start, _)| *start)),
                values: std::array::from_fn(|at| {
                    some.get(at).or(some.last()).map_or(NOTHING, |(_, value)| *value)
                }),
            })
            .collect();
        let mut firsts: Vec<N> = leaves.iter().filter_map(|leaf| leaf.starts.first().copied()).collect();
        let mut levels = Vec::new();
        while firsts.len() > 1 {
            let nodes: Vec<Node<N>> = firsts.chunks(FAN_OUT).map(|some| node(some.iter().copied())).collect();
            firsts = nodes.iter().filter_map(|node| node.first().copied()).collect();
            levels.insert(0, nodes);
        }
        Intervals { levels, leaves }
    }

    fn find(&self, address: N) -> Option<u16> {
        let mut at = 0;
        for level in &self.levels {
            at = at * FAN_OUT + not_after(level.get(at)?, address).checked_sub(1)?;
        }
        // The last address is not before the keys that are none.
        let leaf = self.leaves.get(at).or(self.leaves.last())?;
        let value = leaf.values.get(not_after(&leaf.starts, address).checked_sub(1)?)?;
        (*value != NOTHING).then_some(*value)
    }

    fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    fn bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(Vec::capacity).sum();
        nodes * size_of::<Node<N>>() + self.leaves.capacity() * size_of::<Leaf<N>>()
    }
}

/// How many keys come not after an address. All are compared, without a branch, which a processor does at once.
fn not_after<N: Number>(node: &Node<N>, address: N) -> usize {
    node.iter().map(|key| usize::from(*key <= address)).sum()
}

fn node<N: Number>(mut keys: impl Iterator<Item = N>) -> Node<N> {
    std::array::from_fn(|_| keys.next().unwrap_or(N::LAST))
}

/// Where which value begins to hold, of networks that are given with first and last address.
fn starts<N: Number>(mut networks: Vec<(N, N, u16)>) -> Vec<(N, u16)> {
    // Of two that begin together the larger one comes first, so that what is open is nested.
    networks.sort_unstable_by(|a, b| (a.0, b.1, a.2).cmp(&(b.0, a.1, b.2)));
    let mut built = Starts { starts: Vec::with_capacity(networks.len()), values: BTreeMap::new() };
    // Networks that are open now, with the values that they make hold.
    let mut open: Vec<(N, u16)> = Vec::new();
    for (first, last, value) in networks {
        while let Some((last, value)) = open.pop_if(|(last, _)| *last < first) {
            built.ends(last, value);
        }
        open.push((last, value));
        built.begins(first, value);
    }
    while let Some((last, value)) = open.pop() {
        built.ends(last, value);
    }
    built.starts
}

/// Starts of intervals while networks begin and end.
struct Starts<N> {
    starts: Vec<(N, u16)>,
    /// The values that hold, with the number of networks that make them hold.
    values: BTreeMap<u16, usize>,
}

impl<N: Number> Starts<N> {
    fn begins(&mut self, first: N, value: u16) {
        *self.values.entry(value).or_default() += 1;
        self.holds_from(first);
    }

    fn ends(&mut self, last: N, value: u16) {
        if let Some(count) = self.values.get_mut(&value) {
            *count -= 1;
            if *count == 0 {
                self.values.remove(&value);
            }
        }
        if let Some(after) = last.next() {
            self.holds_from(after);
        }
    }

    fn holds_from(&mut self, start: N) {
        let value = self.values.keys().next().copied().unwrap_or(NOTHING);
        self.starts.pop_if(|(at, _)| *at == start);
        if self.starts.last().map_or(NOTHING, |(_, before)| *before) != value {
            self.starts.push((start, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    /// The smallest value among networks that contain the address.
    fn plain(networks: &[(IpNet, u16)], address: IpAddr) -> Option<u16> {
        networks.iter().filter(|(network, _)| network.contains(&address)).map(|(_, value)| *value).min()
    }

    /// Networks near each other, so that they overlap and touch.
    fn network() -> impl Strategy<Value = IpNet> {
        let v4 = (0_u32..4096, 20_u8..=32, any::<bool>()).prop_map(|(low, length, is_end)| {
            let base = if is_end { u32::MAX - 4095 } else { 0 };
            ipnet::Ipv4Net::new(Ipv4Addr::from(base + low), length).unwrap().trunc().into()
        });
        let v6 = (0_u128..4096, 116_u8..=128, any::<bool>()).prop_map(|(low, length, is_end)| {
            let base = if is_end { u128::MAX - 4095 } else { 0x2001 << 112 };
            ipnet::Ipv6Net::new(Ipv6Addr::from(base + low), length).unwrap().trunc().into()
        });
        prop_oneof![v4, v6]
    }

    proptest! {
        #[test]
        fn it_is_what_a_plain_search_finds(networks in prop::collection::vec((network(), 0_u16..5), 0..200)) {
            let table: AddressTable = networks.iter().copied().collect();
            let ends = networks.iter().flat_map(|(network, _)| [network.network(), network.broadcast()]);
            let near = |address: IpAddr| match address {
                IpAddr::V4(a) => [u32::from(a).wrapping_sub(1), u32::from(a), u32::from(a).wrapping_add(1)]
                    .map(|n| IpAddr::from(Ipv4Addr::from(n))),
                IpAddr::V6(a) => [u128::from(a).wrapping_sub(1), u128::from(a), u128::from(a).wrapping_add(1)]
                    .map(|n| IpAddr::from(Ipv6Addr::from(n))),
            };
            for address in ends.flat_map(near) {
                prop_assert_eq!(table.find(address), plain(&networks, address), "{}", address);
            }
        }
    }

    #[test]
    fn everything_and_nothing() {
        let all: AddressTable =
            [("0.0.0.0/0".parse().unwrap(), 1), ("::/0".parse().unwrap(), u16::MAX)].into_iter().collect();
        for (address, value) in [("0.0.0.0", 1), ("255.255.255.255", 1), ("::", AddressTable::MAX_VALUE)] {
            assert_eq!(all.find(address.parse().unwrap()), Some(value), "{address}");
        }
        let none = AddressTable::default();
        assert!(none.is_empty() && none.find("192.0.2.1".parse().unwrap()).is_none());
        let mapped: AddressTable = [("::ffff:192.0.2.0/120".parse().unwrap(), 0)].into_iter().collect();
        assert_eq!(mapped.find("192.0.2.9".parse().unwrap()), Some(0));
    }

    #[test]
    fn neighbours_of_one_value_are_one_interval() {
        let halves =
            (0..256_u32).map(|n| (ipnet::Ipv4Net::new(Ipv4Addr::from(n << 8), 24).unwrap().into(), 4));
        let table: AddressTable = halves.collect();
        let starts: Vec<u32> =
            table.v4.leaves.iter().flat_map(|leaf| leaf.starts).filter(|start| *start < u32::MAX).collect();
        assert_eq!(starts, [0, 1 << 16], "where it begins, and where it ends");
    }
}
