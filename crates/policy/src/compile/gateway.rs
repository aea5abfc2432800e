//! Sockets and networks: addresses, upstreams, certificates, origins, lists of networks.

use ipnet::IpNet;

use super::Compiler;
use crate::compiled::PolicyFile;
use crate::compiled::{AddressSet, Cors, Gateway, Upstream};
use crate::config::Config;
use crate::origin::OriginPattern;

impl Compiler {
    pub(super) fn gateway(&mut self, config: &Config) -> Gateway {
        let g = &config.gateway;
        let mut upstreams = Vec::new();
        for (i, text) in g.upstream.iter().enumerate() {
            match text.parse::<Upstream>() {
                Ok(upstream) => upstreams.push(upstream),
                Err(message) => self.wrong(&["gateway", "upstream", &i.to_string()], message, ""),
            }
        }
        if g.listen.is_empty() {
            self.wrong(
                &["gateway", "listen"],
                "there is no address to listen on",
                "write `listen = [\"0.0.0.0:8080\"]`",
            );
        }
        for (i, upgrade) in g.upgrades.iter().enumerate() {
            if upgrade.to_ascii_lowercase().starts_with("h2c") {
                self.wrong(
                    &["gateway", "upgrades", &i.to_string()],
                    "an upgrade to h2c is a tunnel past every door",
                    "remove it; HTTP/2 needs no upgrade here",
                );
            }
        }
        if matches!(g.proxy_protocol, crate::config::ProxyProtocol::Required) && g.trusted_proxies.is_empty()
        {
            self.wrong(
                &["gateway", "proxy_protocol"],
                "anybody could claim any address",
                "name the proxies in `trusted_proxies`",
            );
        }
        let tls = g.tls.as_ref().map(|t| (self.directory.join(&t.certificate), self.directory.join(&t.key)));
        if let Some((certificate, key)) = &tls {
            for (file, field) in [(certificate, "certificate"), (key, "key")] {
                if let Err(e) = std::fs::metadata(file) {
                    self.wrong(
                        &["gateway", "tls", field],
                        format!("{} cannot be read: {e}", file.display()),
                        "",
                    );
                }
            }
            self.private(key, &["gateway", "tls", "key"]);
        }
        Gateway {
            listen: g.listen.clone(),
            upstreams,
            trusted_proxies: g.trusted_proxies.clone(),
            client_address_from: g.client_address_from,
            proxy_protocol: g.proxy_protocol,
            workers: g.workers.filter(|n| *n > 0),
            upgrades: g.upgrades.iter().map(|u| u.to_ascii_lowercase()).collect(),
            preserve_host: g.preserve_host,
            max_connections: g.max_connections.max(1),
            drain: g.drain.0,
            tls,
            timeouts: g.timeouts.clone(),
            health: g.health.clone(),
        }
    }

    pub(super) fn cors(&mut self, config: &Config) -> Option<Cors> {
        if config.cors.credentials && config.cors.origins.contains(&OriginPattern::Any) {
            self.wrong(
                &["cors", "origins"],
                "`*` with credentials lets every site act as the visitor",
                "list the origins, or set `credentials = false`",
            );
        }
        match Cors::compile(&config.cors) {
            Ok(cors) => Some(cors),
            Err((field, message)) => {
                self.wrong(&["cors", field], message, "");
                None
            }
        }
    }

    pub(super) fn deny(&mut self, config: &Config) -> AddressSet {
        let mut networks = config.network.deny.clone();
        for (i, file) in config.network.deny_files.iter().enumerate() {
            let path = self.directory.join(file);
            self.files.push(PolicyFile::at(path.clone()));
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(e) => {
                    self.wrong(
                        &["network", "deny_files", &i.to_string()],
                        format!("{} cannot be read: {e}", path.display()),
                        "",
                    );
                    continue;
                }
            };
            for (n, line) in text.lines().enumerate() {
                let entry = line.split(['#', ';']).next().unwrap_or("").trim();
                if entry.is_empty() {
                    continue;
                }
                let network =
                    entry.parse::<IpNet>().or_else(|_| entry.parse::<std::net::IpAddr>().map(IpNet::from));
                match network {
                    Ok(network) => networks.push(network),
                    Err(_) => self.wrong(
                        &["network", "deny_files", &i.to_string()],
                        format!("{}:{}: `{entry}` is not a network", path.display(), n + 1),
                        "write `192.0.2.0/24` or an address, one a line",
                    ),
                }
            }
        }
        networks.into_iter().collect()
    }
}
