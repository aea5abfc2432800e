//! A server behind a network that breaks: packets are lost, and nobody is told.

use std::process::Command;
use std::time::{Duration, Instant};

use store::Algorithm;

use super::{gateway, race, take, until};
use crate::servers::Server;

/// A host of its own on this machine: a network namespace with a cable to it.
struct Host {
    name: String,
    address: String,
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).output().is_ok_and(|output| output.status.success())
}

impl Host {
    /// Nothing where this machine does not let us.
    fn new() -> Option<Host> {
        let id = std::process::id();
        let (name, subnet) = (format!("dw{id}"), format!("198.18.{}", id % 250));
        let host = Host { name: name.clone(), address: format!("{subnet}.2") };
        let (near, far) = (format!("{name}a"), format!("{name}b"));
        let made = ip(&["netns", "add", &name])
            && ip(&["link", "add", &near, "type", "veth", "peer", "name", &far, "netns", &name])
            && ip(&["address", "add", &format!("{subnet}.1/30"), "dev", &near])
            && ip(&["link", "set", &near, "up"])
            && ip(&["-n", &name, "address", "add", &format!("{subnet}.2/30"), "dev", &far])
            && ip(&["-n", &name, "link", "set", &far, "up"]);
        made.then_some(host)
    }

    fn plug(&self, is_in: bool) {
        let far = format!("{}b", self.name);
        assert!(ip(&["-n", &self.name, "link", "set", &far, if is_in { "up" } else { "down" }]));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The cable ends with the host.
        ip(&["netns", "delete", &self.name]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stderr, reason = "whoever runs the tests is told what was left out")]
async fn a_partition_costs_no_request_and_opens_no_more_than_the_shares() {
    let Some(host) = Host::new() else {
        eprintln!("left out: a partition of the network, which takes the right to make a network namespace");
        return;
    };
    let server = Server::redis_in(&host.name, &host.address);
    let gateways: Vec<_> = (0..3).map(|_| gateway(&server.url, Duration::from_millis(200))).collect();
    let takes = vec![take(1, 60, Algorithm::SlidingWindow)];
    let before = race(&gateways, takes.clone(), 10).await;
    let all_three = || gateways.iter().all(|gateway| format!("{gateway:?}").contains(", shared by 3"));
    until("all know of all", all_three).await;
    host.plug(false);
    let begun = Instant::now();
    // No request fails, or `race` would.
    let during = race(&gateways, takes.clone(), 500).await;
    assert!(before > 0 && before + during <= 60 + 2 * 20, "{before} and {during}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    host.plug(true);
    until("all are back", all_three).await;
    assert_eq!(race(&gateways, takes, 100).await, 60 - before.min(60), "what was counted there still is");
    assert_eq!(race(&gateways, vec![take(2, 30, Algorithm::Gcra)], 100).await, 30);
}
