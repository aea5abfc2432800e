//! A listener of our own: what asks for a path with our token was told to by us.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The most bytes that are read of a request.
const MAX_REQUEST: usize = 8 * 1024;
/// The most requests that are remembered.
const MAX_SEEN: usize = 1000;
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long is waited for a fetch that comes after the answer.
const PATIENCE: Duration = Duration::from_millis(150);

type Seen = Arc<Mutex<Vec<String>>>;

/// A listener on loopback, for as long as the value lives.
pub(super) struct Listener {
    /// Its port.
    pub(super) port: u16,
    seen: Seen,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Listener {
    /// Listens on a free port of loopback: that of IPv4, and of IPv6 where there is one.
    pub(super) async fn start() -> io::Result<Listener> {
        let four = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = four.local_addr()?.port();
        let seen = Seen::default();
        let mut tasks = vec![tokio::spawn(accept(four, seen.clone()))];
        if let Ok(six) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            tasks.push(tokio::spawn(accept(six, seen.clone())));
        }
        Ok(Listener { port, seen, tasks })
    }

    /// The request that asked for a path with this token, by its first line. Waits for a moment.
    pub(super) async fn asked_for(&self, token: &str) -> Option<String> {
        if let Some(line) = self.find(token) {
            return Some(line);
        }
        tokio::time::sleep(PATIENCE).await;
        self.find(token)
    }

    /// Which of these tokens were asked for until now.
    pub(super) fn all_of<V: Clone>(&self, tokens: &HashMap<String, V>) -> Vec<V> {
        tokens
            .iter()
            .filter(|(token, _)| self.find(token).is_some())
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// The same without waiting.
    pub(super) fn find(&self, token: &str) -> Option<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().find(|line| line.contains(token)).cloned()
    }
}

async fn accept(listener: TcpListener, seen: Seen) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let seen = seen.clone();
        tokio::spawn(async move {
            // Who says nothing has asked for nothing.
            let _ = tokio::time::timeout(TIMEOUT, answer(stream, seen)).await;
        });
    }
}

async fn answer(mut stream: TcpStream, seen: Seen) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.contains(&b'\n') && request.len() < MAX_REQUEST {
        if stream.read_buf(&mut request).await? == 0 {
            break;
        }
    }
    let text = String::from_utf8_lossy(&request);
    let line: String = text.lines().next().unwrap_or("").chars().take(300).collect();
    {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MAX_SEEN {
            seen.push(line);
        }
    }
    let body = "doorward was here\n";
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_known_by_its_token() {
        let listener = Listener::start().await.unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, listener.port)).await.unwrap();
        stream.write_all(b"GET /dw1 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"));
        assert_eq!(listener.asked_for("dw1").await.as_deref(), Some("GET /dw1 HTTP/1.1"));
        assert_eq!(listener.asked_for("dw2").await, None);
        let tokens = HashMap::from([("dw1".to_owned(), 1), ("dw2".to_owned(), 2)]);
        assert_eq!(listener.all_of(&tokens), [1]);
    }
}
