//! `doorward ban`, `unban`, `under-attack` and `status`: what an operator tells a running gateway on this machine.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use gateway::{AdminSocket, AttackNote, BanNote, Done};
use ipnet::IpNet;
use openapi::Source;
use policy::{Config, Period};

use crate::exit::{Exit, Failure};

/// Where the gateway is found.
#[derive(Args)]
struct Socket {
    /// Its admin socket; `[admin] socket` of the policy when not given.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Its policy file.
    #[arg(short = 'c', long = "config", value_name = "FILE", default_value = "doorward.toml")]
    config: PathBuf,
}

impl Socket {
    fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(socket) = &self.socket {
            return Ok(socket.clone());
        }
        const MEND: &str = "name it with `--socket`, or write `[admin]` with `socket = \"/run/doorward/admin.sock\"` in the \
                            policy and restart the gateway";
        let text = std::fs::read_to_string(&self.config).map_err(|error| {
            Failure::could_not_run(format!(
                "which gateway? {} cannot be read ({error}), and there is no `--socket`; name the policy with `-c`",
                self.config.display()
            ))
        })?;
        let source = Source::new(self.config.display().to_string(), text);
        let config = Config::parse(&source).map_err(Failure::usage)?;
        let directory = self.config.parent().unwrap_or_else(|| std::path::Path::new(""));
        config.admin.socket.map(|socket| directory.join(socket)).ok_or_else(|| {
            Failure::could_not_run(format!("{} names no admin socket: {MEND}", self.config.display()))
        })
    }

    fn ask<T>(&self, ask: impl FnOnce(AdminSocket<'_>) -> io::Result<T>) -> Result<T, Failure> {
        let path = self.path()?;
        ask(AdminSocket::at(&path)).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => Failure::could_not_run(format!("the gateway refuses: {error}")),
            io::ErrorKind::PermissionDenied => Failure::could_not_run(format!(
                "{} may only be opened by the gateway's user: {error}; try `sudo -u doorward doorward ...`",
                path.display()
            )),
            _ => Failure::could_not_run(format!(
                "no gateway answers at {}: {error}; is it running, and is that its `[admin] socket`?",
                path.display()
            )),
        })
    }
}

fn said(done: Done, all: String, nothing: &str) -> Exit {
    match done {
        Done::All => outln!("{all}"),
        Done::Here(why) => outln!("{all}; {why}"),
        Done::Nothing => {
            outln!("{nothing}");
            return Exit::Findings;
        }
    }
    Exit::Success
}

/// A network, or an address.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network
        .map(|network| network.trunc())
        .map_err(|_| format!("`{text}` is no address or network; write `192.0.2.7` or `192.0.2.0/24`"))
}

#[derive(Args)]
pub(crate) struct Ban {
    /// An address, or a network such as `192.0.2.0/24`.
    #[arg(value_parser = network)]
    network: IpNet,
    /// For how long.
    #[arg(long = "for", value_name = "TIME", default_value = "1h")]
    time: Period,
    /// Why, for the log and for `doorward status`.
    #[arg(long, default_value = "by an operator")]
    reason: String,
    #[command(flatten)]
    socket: Socket,
}

impl Ban {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let seconds = self.time.0.as_secs().max(1);
        let note = BanNote { network: self.network, seconds, reason: self.reason };
        let done = self.socket.ask(|admin| admin.ban(&note))?;
        Ok(said(done, format!("{} is banned for {}", self.network, self.time), ""))
    }
}

#[derive(Args)]
pub(crate) struct Unban {
    /// The address or network, as `doorward status` lists it.
    #[arg(value_parser = network)]
    network: IpNet,
    #[command(flatten)]
    socket: Socket,
}

impl Unban {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let (done, bans) = self.socket.ask(|admin| Ok((admin.unban(self.network)?, admin.bans()?)))?;
        // A ban of many is not lifted for one.
        let wider = bans.iter().map(|ban| ban.network).find(|wider| wider.contains(&self.network));
        let nothing = match wider {
            Some(wider) => {
                format!("{} is banned with {wider}: `doorward unban {wider}` lifts that", self.network)
            }
            None => "there is no such ban; `doorward status` lists them".into(),
        };
        Ok(said(done, format!("{} is banned no more", self.network), &nothing))
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Order {
    /// There is an attack.
    On,
    /// There is none, whatever it looks like.
    Off,
    /// As `[under_attack]` of the policy says.
    Auto,
}

#[derive(Args)]
pub(crate) struct UnderAttack {
    /// Whether there is an attack.
    order: Order,
    /// For how long `on` and `off` hold.
    #[arg(long = "for", value_name = "TIME", default_value = "24h")]
    time: Period,
    #[command(flatten)]
    socket: Socket,
}

impl UnderAttack {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let (order, told) = match self.order {
            Order::On => (
                "on",
                format!("under attack for {}: whoever has no credential has to solve a challenge", self.time),
            ),
            Order::Off => ("off", format!("not under attack for {}, whatever it looks like", self.time)),
            Order::Auto => ("auto", "whether an attack lasts is up to `[under_attack]` of the policy".into()),
        };
        let note = AttackNote { order: order.into(), seconds: self.time.0.as_secs().max(1) };
        Ok(said(self.socket.ask(|admin| admin.under_attack(&note))?, told, ""))
    }
}

#[derive(Args)]
pub(crate) struct Status {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

impl Status {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let (status, bans) = self.socket.ask(|admin| Ok((admin.status()?, admin.bans()?)))?;
        let exit = || if status.unready.is_none() { Exit::Success } else { Exit::Findings };
        if self.json {
            outln!("{}", serde_json::json!({ "status": status, "bans": bans }));
            return Ok(exit());
        }
        outln!("doorward {}: {}", status.version, status.unready.as_deref().unwrap_or("ready"));
        let attack = if status.under_attack { "under attack" } else { "no attack" };
        let by = match status.order.as_str() {
            "auto" => "by the policy",
            _ => "by order",
        };
        outln!("{attack} ({by})");
        match bans.len() {
            0 => outln!("nobody is banned"),
            1 => outln!("1 ban:"),
            many => outln!("{many} bans:"),
        }
        for ban in &bans {
            let left = humantime::format_duration(Duration::from_secs(ban.seconds));
            outln!("  {:<20} {left} left: {}", ban.network.to_string(), ban.reason);
        }
        Ok(exit())
    }
}
