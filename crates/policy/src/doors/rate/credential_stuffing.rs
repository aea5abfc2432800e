//! `[rate.credential_stuffing]`: stolen names and passwords, tried one after the other.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::doors::ownership::Input;
use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[rate.credential_stuffing]`: one client that tries many accounts, each once or twice. Different accounts whose log ins fail are
    /// counted, an account once in a window, and each account whose log in succeeds pays for some of them: people behind one
    /// address who mistype get in at last, and a list of stolen passwords hardly ever does.
    pub struct CredentialStuffingConfig {
        /// Different accounts whose log ins fail, of one client in a window, that are no accident.
        pub accounts: u32 = 15,
        /// The same of all clients together: an event once in a window, and nobody is refused for it.
        pub global_accounts: u32 = 200,
        /// How many accounts that fail are paid for by one that succeeds; 0: none.
        pub failures_per_success: u32 = 4,
        /// The time in which they are counted.
        pub window: Period = Period(Duration::from_secs(3600)),
        /// What a client is: `ip`, its address (an IPv6 /64 is one), and `ja4`, its program's TLS handshake. All who use one
        /// program have the same handshake.
        pub by: Vec<StuffingClient> = vec![StuffingClient::Ip],
        /// What follows: `report` writes an event, `throttle` also answers log ins of this client with 429; `off` counts nothing.
        pub then: StuffingAction = StuffingAction::Throttle,
        /// For how long; the next time twice as long, up to a day.
        pub blocking: Period = Period(Duration::from_secs(900)),
        /// Where a log in has the name of the account, such as `body./user/handle`. When not set, fields with the usual names
        /// are looked for: `email`, `username`, `login`, `phone` and their like.
        pub account: Vec<String> = Vec::new(),
    }
}

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StuffingClient {
    /// An address; of IPv6, its /64.
    Ip,
    /// The fingerprint of a TLS handshake.
    Ja4,
}

/// What happens to a client that tries many accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StuffingAction {
    /// Nothing is counted.
    Off,
    /// An event.
    Report,
    /// An event, and 429 for its log ins.
    Throttle,
}

/// What is credential stuffing, and what follows.
#[derive(Debug, Clone)]
pub struct CredentialStuffing {
    /// Accounts of one client.
    pub accounts: u32,
    /// Accounts of all clients.
    pub global_accounts: u32,
    /// What a success pays for.
    pub failures_per_success: u32,
    /// The time in which they are counted.
    pub window: Duration,
    /// What a client is.
    pub by: Vec<StuffingClient>,
    /// For how long a client is blocked at first; nobody is when `None`.
    pub blocking: Option<Duration>,
    /// Where the name of the account is, if the policy says it.
    pub account: Vec<Input>,
}

impl fmt::Display for StuffingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StuffingClient::Ip => "ip",
            StuffingClient::Ja4 => "ja4",
        })
    }
}

impl CredentialStuffingConfig {
    pub(super) fn compile(&self, reader: &mut Reader) -> Option<CredentialStuffing> {
        let at = |field| ["rate", "credential_stuffing", field];
        for (field, accounts) in [("accounts", self.accounts), ("global_accounts", self.global_accounts)] {
            if accounts == 0 {
                let help = "write a number from 1 on; `then = \"off\"` counts nothing";
                reader.wrong(&at(field), "anybody may mistype", help);
            }
        }
        let mut account = Vec::new();
        for (i, text) in self.account.iter().enumerate() {
            match Input::parse(text, &[]) {
                Some(input) => account.push(input),
                None => {
                    let path = ["rate", "credential_stuffing", "account", &i.to_string()];
                    let message = format!("`{text}` is no place in a request");
                    reader.wrong(&path, message, "write `body./email`, `query.user` or `header.x-user`");
                }
            }
        }
        (self.then != StuffingAction::Off).then(|| CredentialStuffing {
            accounts: self.accounts,
            global_accounts: self.global_accounts,
            failures_per_success: self.failures_per_success,
            window: self.window.0,
            by: self.by.clone(),
            blocking: (self.then == StuffingAction::Throttle).then_some(self.blocking.0),
            account,
        })
    }
}
