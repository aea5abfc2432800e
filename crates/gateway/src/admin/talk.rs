//! Talks to the admin socket of a running gateway on this machine.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::socket::{AttackNote, BanNote, Status};
use crate::inquiry::answered;

/// The admin socket of a running gateway.
#[derive(Debug)]
pub struct AdminSocket<'p> {
    path: &'p Path,
}

/// What a gateway has done of what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// All.
    All,
    /// It holds here, and the other gateways could not be told: why.
    Here(String),
    /// There was nothing to be done.
    Nothing,
}

impl<'p> AdminSocket<'p> {
    /// The socket at a path.
    pub fn at(path: &'p Path) -> Self {
        AdminSocket { path }
    }

    /// How the gateway stands.
    ///
    /// # Errors
    /// If nobody answers there.
    pub fn status(&self) -> io::Result<Status> {
        self.get("/status")
    }

    /// Its bans.
    ///
    /// # Errors
    /// If nobody answers there.
    pub fn bans(&self) -> io::Result<Vec<BanNote>> {
        self.get("/bans")
    }

    /// Bans a network.
    ///
    /// # Errors
    /// If nobody answers there, or the gateway refuses.
    pub fn ban(&self, ban: &BanNote) -> io::Result<Done> {
        self.tell("POST", "/bans", ban)
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// If nobody answers there, or the gateway refuses.
    pub fn unban(&self, network: IpNet) -> io::Result<Done> {
        self.tell("DELETE", "/bans", &network)
    }

    /// Says whether there is an attack.
    ///
    /// # Errors
    /// If nobody answers there, or the gateway refuses.
    pub fn under_attack(&self, note: &AttackNote) -> io::Result<Done> {
        self.tell("POST", "/under-attack", note)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> io::Result<T> {
        let (_, body) = self.ask("GET", path, "")?;
        serde_json::from_str(&body).map_err(io::Error::other)
    }

    fn tell(&self, method: &str, path: &str, what: &impl Serialize) -> io::Result<Done> {
        let (status, body) =
            self.ask(method, path, &serde_json::to_string(what).map_err(io::Error::other)?)?;
        let message = || serde_json::from_str::<String>(&body).unwrap_or_else(|_| body.clone());
        match status.as_str() {
            "200" => Ok(Done::All),
            "202" => Ok(Done::Here(message())),
            "404" => Ok(Done::Nothing),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, message())),
        }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> io::Result<(String, String)> {
        const TIMEOUT: Duration = Duration::from_secs(5);
        /// A list of every ban that can be.
        const LONGEST: u64 = 64 * 1024 * 1024;
        let mut stream = UnixStream::connect(self.path)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (status, body) = answered(&answer)?;
        Ok((status.to_owned(), body.to_owned()))
    }
}
