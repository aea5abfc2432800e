//! `doorward health`.

use std::net::SocketAddr;

use clap::Args;
use gateway::{Condition, Inquiry};

use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Health {
    /// The address of its admin listener (`[admin] listen`).
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9901")]
    admin: SocketAddr,
    /// Ask whether it is ready, too: it does not drain, and an upstream is up.
    #[arg(long)]
    ready: bool,
}

impl Health {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let inquiry = if self.ready { Inquiry::Readiness } else { Inquiry::Health };
        match inquiry.ask(self.admin) {
            Ok(Condition::Good) => {
                outln!("{}", if self.ready { "ready" } else { "healthy" });
                Ok(Exit::Success)
            }
            Ok(Condition::Bad(why)) => {
                outln!("{why}");
                Ok(Exit::Findings)
            }
            Err(error) => Err(Failure::could_not_run(format!(
                "no gateway answers at {}: {error}; is it running, and is that its `[admin] listen`?",
                self.admin
            ))),
        }
    }
}
