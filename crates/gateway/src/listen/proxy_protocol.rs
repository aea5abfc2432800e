//! The PROXY protocol, versions 1 and 2: a load balancer names the client before the first byte of TLS or HTTP.
//!
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use guard::ClientConnection;
use ppp::{HeaderResult, PartialResult};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::proxy_fields as fields;

/// The longest header that is accepted, the TLVs of version 2 included.
const LONGEST: usize = 4096;

/// What a header says of the connection.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Header {
    /// The client's address; `None` for a connection of the proxy itself (`LOCAL`, `UNKNOWN`).
    pub(super) client: Option<IpAddr>,
    /// Whether the client spoke TLS to the proxy.
    pub(super) is_tls: bool,
    /// What is only told.
    pub(super) facts: ClientConnection,
}

/// Reads the header and leaves what follows it.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Header> {
    let mut buffer = [0; LONGEST];
    loop {
        let count = stream.peek(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match parse(buffer.get(..count).unwrap_or_default()) {
            Parsed::Header { length, header } => {
                stream.read_exact(buffer.get_mut(..length).unwrap_or_default()).await?;
                return Ok(header);
            }
            Parsed::Incomplete if count < LONGEST => {
                // A peek does not wait for more than it has seen.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Parsed::Incomplete => {
                return Err(invalid("a PROXY protocol header over the limit of 4096 bytes"));
            }
            Parsed::Invalid(reason) => return Err(invalid(reason)),
        }
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq)]
enum Parsed {
    /// A header of so many bytes.
    Header { length: usize, header: Header },
    /// The beginning of a header.
    Incomplete,
    /// Not a header.
    Invalid(&'static str),
}

const NO_HEADER: &str = "no PROXY protocol header";

fn parse(bytes: &[u8]) -> Parsed {
    match HeaderResult::parse(bytes) {
        HeaderResult::V1(Ok(header)) => {
            let client = match header.addresses {
                ppp::v1::Addresses::Tcp4(addresses) => Some(addresses.source_address.into()),
                ppp::v1::Addresses::Tcp6(addresses) => Some(addresses.source_address.into()),
                ppp::v1::Addresses::Unknown => None,
            };
            Parsed::Header { length: header.header.len(), header: Header { client, ..Header::default() } }
        }
        HeaderResult::V2(Ok(header)) => {
            let client = match header.addresses {
                ppp::v2::Addresses::IPv4(addresses) => Some(addresses.source_address.into()),
                ppp::v2::Addresses::IPv6(addresses) => Some(addresses.source_address.into()),
                _ => None,
            };
            let length = header.len();
            let is_proxied = header.command == ppp::v2::Command::Proxy;
            match fields::read(header.as_bytes(), header.tlv_bytes().len()) {
                Ok(fields) if is_proxied => {
                    let header = Header { client, is_tls: fields.is_tls, facts: fields.facts };
                    Parsed::Header { length, header }
                }
                Ok(_) => Parsed::Header { length, header: Header::default() },
                Err(reason) => Parsed::Invalid(reason),
            }
        }
        unfinished if unfinished.is_incomplete() => Parsed::Incomplete,
        _ => Parsed::Invalid(NO_HEADER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

    /// A version 2 header: version and command, family and protocol, then the addresses.
    fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, addresses].concat()
    }

    #[test]
    fn a_header_names_the_client_or_says_that_there_is_none() {
        let v4 = [198, 51, 100, 8, 192, 0, 2, 1, 0x13, 0x88, 0, 80];
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        let with_tlv = [&v4[..], &[0x04, 0, 1, 0]].concat();
        for (name, header, client) in [
            ("v1, TCP4", b"PROXY TCP4 198.51.100.7 192.0.2.1 5000 80\r\n".to_vec(), Some("198.51.100.7")),
            ("v1, TCP6", b"PROXY TCP6 2001:db8::1 2001:db8::2 5000 80\r\n".to_vec(), Some("2001:db8::1")),
            ("v1, UNKNOWN", b"PROXY UNKNOWN\r\n".to_vec(), None),
            ("v2, IPv4", v2(0x21, 0x11, &v4), Some("198.51.100.8")),
            ("v2, IPv4 with a TLV", v2(0x21, 0x11, &with_tlv), Some("198.51.100.8")),
            ("v2, IPv6", v2(0x21, 0x21, &v6), Some("2001:db8::")),
            ("v2, LOCAL", v2(0x20, 0x11, &v4), None),
            ("v2, unspecified", v2(0x21, 0x00, &[]), None),
        ] {
            let client = client.map(|address| address.parse().unwrap());
            let header_of = Header { client, ..Header::default() };
            let expected = Parsed::Header { length: header.len(), header: header_of };
            assert_eq!(parse(&[&header[..], b"GET / HTTP/1.1\r\n"].concat()), expected, "{name}");
        }
    }

    #[test]
    fn half_a_header_is_waited_for_and_no_header_is_not() {
        let v4 = v2(0x21, 0x11, &[0; 12]);
        for (bytes, expected) in [
            (&b"PROXY TCP4 198.51."[..], Parsed::Incomplete),
            (b"PRO", Parsed::Incomplete),
            (&SIGNATURE[..5], Parsed::Incomplete),
            (&v4[..20], Parsed::Incomplete),
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Parsed::Invalid(NO_HEADER)),
            (b"PROXY TCP4 198.51.100.300 192.0.2.1 5000 80\r\n", Parsed::Invalid(NO_HEADER)),
            (b"PROXY TCP5 198.51.100.7 192.0.2.1 5000 80\r\n", Parsed::Invalid(NO_HEADER)),
            (&[SIGNATURE, &[0x31, 0x11, 0, 0]].concat(), Parsed::Invalid(NO_HEADER)),
        ] {
            assert_eq!(parse(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
