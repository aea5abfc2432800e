//! A TCP connection to one of several addresses (happy eyeballs, RFC 8305 §5): each has a head start before the next one,
//! and the first that answers is taken.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The head start of an address.
const STAGGER: Duration = Duration::from_millis(250);

/// A connection, and what was learnt about the addresses on the way.
pub(super) struct Dialled {
    pub(super) stream: TcpStream,
    pub(super) address: SocketAddr,
    /// Addresses that refused, or were slower by their head start.
    pub(super) worse: Vec<SocketAddr>,
}

/// Connects to the first address that answers.
pub(super) async fn dial(addresses: &[SocketAddr]) -> io::Result<Dialled> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut waiting = addresses.iter().copied();
    let mut worse = Vec::new();
    let mut connecting = FuturesUnordered::new();
    loop {
        let is_last = match waiting.next() {
            Some(address) => {
                worse.push(address);
                connecting.push(async move { (address, TcpStream::connect(address).await) });
                waiting.len() == 0
            }
            None if connecting.is_empty() => return Err(last),
            None => true,
        };
        tokio::select! {
            Some((address, connected)) = connecting.next() => match connected {
                Ok(stream) => {
                    worse.retain(|tried| *tried != address);
                    return Ok(Dialled { stream, address, worse });
                }
                Err(error) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
            },
            () = sleep(STAGGER), if !is_last => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use socket2::{Domain, Socket, Type};

    use super::*;

    /// An address where nobody answers: its queue is full.
    fn black_hole() -> (Vec<Socket>, SocketAddr) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..4 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            sockets.push(socket);
        }
        (sockets, address.as_socket().unwrap())
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_refuses_or_is_silent() {
        let alive = TcpListener::bind("127.0.0.1:0").unwrap();
        let alive = alive.local_addr().map(|a| (alive, a)).unwrap();
        let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (_sockets, silent) = black_hole();
        for (addresses, worse) in [
            (vec![alive.1], vec![]),
            (vec![alive.1, silent], vec![]),
            (vec![refusing, alive.1, silent], vec![refusing]),
            (vec![silent, refusing, alive.1], vec![silent, refusing]),
        ] {
            let dialled = dial(&addresses).await.unwrap();
            assert_eq!((dialled.address, dialled.worse), (alive.1, worse), "{addresses:?}");
        }
        assert!(dial(&[refusing]).await.is_err());
        assert!(dial(&[]).await.is_err());
    }
}
