//! What it costs to look an address up among a million networks: `cargo bench -p reputation`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use divan::Bencher;
use divan::counter::ItemsCount;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::joint::JointPrefixMap;
use reputation::AddressTable;

const NETWORKS: usize = 1_000_000;
const LOOKUPS: usize = 100_000;
const KINDS: [&str; 3] = ["IPv4", "IPv6", "both"];

fn main() {
    for kind in KINDS {
        let table: AddressTable = networks(kind).collect();
        println!("{kind}: a million networks take {} MB", table.bytes() / 1_000_000);
    }
    divan::main();
}

fn v6(random: &mut fastrand::Rng) -> Ipv6Addr {
    Ipv6Addr::from(0x2000_u128 << 112 | random.u128(..) >> 3)
}

/// Networks as lists have them: many single addresses, some large ones, all over.
fn networks(kind: &str) -> impl Iterator<Item = (IpNet, u16)> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..NETWORKS).map(move |_| {
        let is_v4 = kind == "IPv4" || kind == "both" && random.bool();
        let network: IpNet = if is_v4 {
            Ipv4Net::new(Ipv4Addr::from(random.u32(..)), [32, 32, 24, 28][random.usize(..4)]).unwrap().into()
        } else {
            Ipv6Net::new(v6(&mut random), [128, 48, 64, 56][random.usize(..4)]).unwrap().into()
        };
        (network.trunc(), random.u16(..8))
    })
}

/// Half of the addresses are on the list.
fn addresses(kind: &str) -> Vec<IpAddr> {
    let mut random = fastrand::Rng::with_seed(9);
    let listed: Vec<IpAddr> = networks(kind).map(|(network, _)| network.network()).collect();
    let stranger = |random: &mut fastrand::Rng| match kind {
        "IPv4" => IpAddr::from(Ipv4Addr::from(random.u32(..))),
        _ => v6(random).into(),
    };
    (0..LOOKUPS)
        .map(|_| if random.bool() { listed[random.usize(..NETWORKS)] } else { stranger(&mut random) })
        .collect()
}

#[divan::bench(args = KINDS)]
fn table(bencher: Bencher<'_, '_>, kind: &str) {
    let table: AddressTable = networks(kind).collect();
    let addresses = addresses(kind);
    bencher
        .counter(ItemsCount::new(LOOKUPS))
        .bench(|| addresses.iter().filter(|address| black_box(table.find(**address)).is_some()).count());
}

/// The peer: a trie, as the gate had before.
#[divan::bench(args = KINDS)]
fn trie(bencher: Bencher<'_, '_>, kind: &str) {
    let mut trie = JointPrefixMap::new();
    networks(kind).for_each(|(network, value)| {
        trie.insert(network, value);
    });
    let addresses: Vec<IpNet> = addresses(kind).into_iter().map(IpNet::from).collect();
    bencher
        .counter(ItemsCount::new(LOOKUPS))
        .bench(|| addresses.iter().filter(|address| black_box(trie.get_lpm(*address)).is_some()).count());
}
