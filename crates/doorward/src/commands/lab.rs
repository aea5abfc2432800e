//! `doorward lab`.

use std::net::SocketAddr;

use clap::Args;
use lab::{Exposure, LabError, Settings, Version};

use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Lab {
    /// The address to listen on.
    #[arg(long, short, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Serve the hardened version instead of the vulnerable one.
    #[arg(long)]
    hardened: bool,
    /// Believe this header, in which a gate says who calls, and nothing else; there is no log in then.
    #[arg(long, value_name = "HEADER")]
    identity_header: Option<http::HeaderName>,
    /// Allow an address that other machines can reach, although the API is vulnerable on purpose.
    #[arg(long)]
    i_know: bool,
}

impl Lab {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let settings = Settings {
            version: if self.hardened { Version::Hardened } else { Version::Vulnerable },
            listen: self.listen,
            exposure: if self.i_know { Exposure::Public } else { Exposure::Loopback },
            identity_header: self.identity_header,
            secret: std::env::var("DOORWARD_LAB_SECRET").ok(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::could_not_run)?;
        runtime.block_on(async {
            let lab = lab::Lab::start(settings).await.map_err(|e| match e {
                LabError::NotLoopback(_) => {
                    Failure::usage(miette::miette!(help = "add --i-know to listen there nevertheless", "{e}"))
                }
                other => Failure::could_not_run(other),
            })?;
            let kind = if self.hardened { "hardened" } else { "vulnerable on purpose" };
            eprintln!("lab: http://{} ({kind}); accounts: alice, bob, admin", lab.address());
            eprintln!("lab: passwords {}", lab::ACCOUNTS.map(|(_, password)| password).join(", "));
            let _ = tokio::signal::ctrl_c().await;
            Ok(Exit::Success)
        })
    }
}
