//! Asks the admin listener of a running gateway how it is: for health checks where there is no other HTTP client.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inquiry {
    /// Whether it runs: `/healthz`.
    Health,
    /// Whether it serves: `/readyz`.
    Readiness,
}

/// What a running gateway answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is well.
    Good,
    /// It is not, for this reason.
    Bad(String),
}

impl Inquiry {
    /// Asks the admin listener at this address.
    ///
    /// # Errors
    /// If nobody answers there in time.
    pub fn ask(self, admin: SocketAddr) -> io::Result<Condition> {
        const TIMEOUT: Duration = Duration::from_secs(3);
        const LONGEST: u64 = 16 * 1024;
        let path = match self {
            Inquiry::Health => "/healthz",
            Inquiry::Readiness => "/readyz",
        };
        let mut stream = TcpStream::connect_timeout(&admin, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer)?;
        read(&String::from_utf8_lossy(&answer))
    }
}

/// Status and body of an answer to one request.
pub(crate) fn answered(answer: &str) -> io::Result<(&str, &str)> {
    let not_http = || io::Error::new(io::ErrorKind::InvalidData, "what listens there speaks no HTTP");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(not_http)?;
    let status =
        head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next()).ok_or_else(not_http)?;
    Ok((status, body))
}

fn read(answer: &str) -> io::Result<Condition> {
    let (status, body) = answered(answer)?;
    Ok(match (status, body.trim()) {
        ("200", _) => Condition::Good,
        ("503", why) => Condition::Bad(why.to_owned()),
        _ => Condition::Bad(format!("what listens there is no admin listener: status {status}")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn answers() {
        let bad = |why: &str| Condition::Bad(why.to_owned());
        assert_eq!(read("HTTP/1.1 200 OK\r\nA: b\r\n\r\nok\n").unwrap(), Condition::Good);
        assert_eq!(
            read("HTTP/1.1 503 Service Unavailable\r\n\r\nno upstream\n").unwrap(),
            bad("no upstream")
        );
        assert!(
            matches!(read("HTTP/1.1 404 Not Found\r\n\r\n").unwrap(), Condition::Bad(why) if why.contains("404"))
        );
        for garbage in ["", "HTTP/1.1 200 OK\r\n", "SSH-2.0-x\r\n\r\n"] {
            assert!(read(garbage).is_err(), "{garbage:?}");
        }
    }
}
