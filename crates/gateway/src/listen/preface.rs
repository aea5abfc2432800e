//! HTTP/2 with prior knowledge (RFC 9113 §3.3): told from HTTP/1.1 by the first bytes.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// RFC 9113 §3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Read at once; what comes behind the preface belongs to the connection.
const FIRST_READ: usize = 4096;

/// Reads until it is clear whether the client speaks HTTP/2. Returns the bytes read, and whether it does.
pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<(Vec<u8>, bool)> {
    let mut read = Vec::with_capacity(FIRST_READ);
    loop {
        let count = stream.read_buf(&mut read).await?;
        let is_prefix = read.iter().zip(PREFACE).all(|(read, expected)| read == expected);
        let is_whole = read.len() >= PREFACE.len();
        if count == 0 || !is_prefix || is_whole {
            return Ok((read, is_prefix && is_whole));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn only_the_whole_preface_is_http2() {
        for (pieces, expected) in [
            (&[&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..]][..], true),
            (&[b"PRI * HT", b"TP/2.0\r\n\r\nSM\r\n\r\n\0\0\0"], true),
            (&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n"], false),
            (&[b"PRI * HTTP/1.1\r\n"], false),
            (&[b"P", b"OST / HTTP/1.1\r\n\r\n"], false),
            (&[], false),
        ] {
            let (mut client, mut server) = tokio::io::duplex(64);
            let mut sent = Vec::new();
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                sent.extend_from_slice(piece);
            }
            drop(client);
            let (read, is_http2) = super::read(&mut server).await.unwrap();
            assert_eq!(is_http2, expected, "{}", sent.escape_ascii());
            assert!(sent.starts_with(&read), "nothing is lost: {}", sent.escape_ascii());
        }
    }
}
