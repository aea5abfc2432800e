//! The additional fields of a PROXY protocol header, version 2 (§2.2 of its specification: TLVs).

use guard::ClientConnection;

/// What the fields say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fields {
    /// Whether the client spoke TLS to the proxy.
    pub(super) is_tls: bool,
    pub(super) facts: ClientConnection,
}

const ALPN: u8 = 0x01;
const AUTHORITY: u8 = 0x02;
const CRC32C: u8 = 0x03;
const UNIQUE_ID: u8 = 0x05;
const SSL: u8 = 0x20;
const SSL_VERSION: u8 = 0x21;
/// The bit of the `SSL` field that says that the client spoke TLS.
const CLIENT_SSL: u8 = 0x01;
/// §2.2.5: longer ids are not allowed.
const LONGEST_ID: usize = 128;
/// The longest name of a host.
const LONGEST_NAME: usize = 255;

/// Reads the fields, which are the last `length` bytes of a header.
pub(super) fn read(header: &[u8], length: usize) -> Result<Fields, &'static str> {
    let begin = header.len().saturating_sub(length);
    let mut rest = header.get(begin..).unwrap_or_default();
    let mut fields = Fields::default();
    while !rest.is_empty() {
        let (kind, value, after) = field(rest).ok_or("a broken field in a PROXY protocol header")?;
        match kind {
            ALPN if value.is_empty() => return Err("an empty ALPN in a PROXY protocol header"),
            AUTHORITY => {
                let name = std::str::from_utf8(value).ok().filter(|name| name.len() <= LONGEST_NAME);
                let name = name.ok_or("a name that is none in a PROXY protocol header")?;
                fields.facts.server_name = Some(printable(name.as_bytes()).into());
            }
            CRC32C => {
                let at = header.len() - rest.len() + 3;
                if !sum_holds(header, at, value) {
                    return Err("a PROXY protocol header whose checksum does not hold");
                }
            }
            UNIQUE_ID if value.len() > LONGEST_ID => {
                return Err("an id over the limit of 128 bytes in a PROXY protocol header");
            }
            UNIQUE_ID => fields.facts.id = Some(printable(value).into()),
            SSL => ssl(value, &mut fields).ok_or("a broken field of TLS in a PROXY protocol header")?,
            _ => {}
        }
        rest = after;
    }
    Ok(fields)
}

/// Kind and value of the first field, and what follows it.
fn field(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, high, low], rest) = bytes.split_first_chunk::<3>()?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
    Some((kind, value, rest))
}

/// The field of TLS: a byte of bits, four bytes of verification, and fields of its own.
fn ssl(value: &[u8], fields: &mut Fields) -> Option<()> {
    let (&[bits, _, _, _, _], mut rest) = value.split_first_chunk::<5>()?;
    fields.is_tls = bits & CLIENT_SSL != 0;
    if fields.is_tls {
        fields.facts.tls = Some("TLS");
    }
    while !rest.is_empty() {
        let (kind, value, after) = field(rest)?;
        if kind == SSL_VERSION && fields.is_tls {
            let known = ["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1"];
            fields.facts.tls = known.into_iter().find(|known| known.as_bytes() == value).or(Some("TLS"));
        }
        rest = after;
    }
    Some(())
}

/// An id is bytes; one that is no text is written in hexadecimal.
fn printable(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => text.to_owned(),
        _ => value.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Whether the checksum of a header is right, in which its own four bytes at `at` count as zero.
fn sum_holds(header: &[u8], at: usize, sum: &[u8]) -> bool {
    let zeroed = header.iter().enumerate().map(|(i, byte)| if (at..at + 4).contains(&i) { 0 } else { *byte });
    sum == crc32c(zeroed).to_be_bytes()
}

/// CRC-32C (RFC 9260, appendix A).
fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[kind], &length[..], value].concat()
    }

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
        assert_eq!(crc32c([0; 32].into_iter()), 0x8a91_36aa);
    }

    #[test]
    fn fields_are_read_and_broken_ones_refused() {
        let ssl = |bits: u8, version: &[u8]| [&[bits, 0, 0, 0, 0][..], &tlv(SSL_VERSION, version)].concat();
        let facts = |tls, name: Option<&str>, id: Option<&str>| ClientConnection {
            tls,
            server_name: name.map(Into::into),
            id: id.map(Into::into),
            certificate: None,
            ja4: None,
        };
        let all = [
            tlv(ALPN, b"h2"),
            tlv(AUTHORITY, b"api.example"),
            tlv(UNIQUE_ID, b"a7-1"),
            tlv(SSL, &ssl(1, b"TLSv1.3")),
            tlv(0xe0, b"somebody's own"),
        ]
        .concat();
        for (bytes, expected) in [
            (vec![], Some((false, facts(None, None, None)))),
            (all, Some((true, facts(Some("TLSv1.3"), Some("api.example"), Some("a7-1"))))),
            (tlv(SSL, &ssl(0, b"TLSv1.3")), Some((false, facts(None, None, None)))),
            (tlv(SSL, &ssl(1, b"TLSv9\n")), Some((true, facts(Some("TLS"), None, None)))),
            (tlv(UNIQUE_ID, &[0, 255]), Some((false, facts(None, None, Some("00ff"))))),
            (tlv(UNIQUE_ID, &[b'a'; 129]), None),
            (tlv(AUTHORITY, &[b'a'; 256]), None),
            (tlv(AUTHORITY, &[255]), None),
            (tlv(SSL, &[1, 0, 0]), None),
            (tlv(SSL, &[1, 0, 0, 0, 0, 0x21]), None),
            (vec![AUTHORITY, 0, 9, b'a'], None),
            (vec![AUTHORITY], None),
            (tlv(ALPN, b""), None),
        ] {
            let read = read(&[&[7; 28][..], &bytes].concat(), bytes.len()).ok();
            assert_eq!(
                read.map(|fields| (fields.is_tls, fields.facts)),
                expected,
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn a_header_with_a_wrong_checksum_is_none() {
        let mut header = [&[7; 28][..], &tlv(CRC32C, &[0; 4]), &tlv(UNIQUE_ID, b"a")].concat();
        let length = header.len() - 28;
        let sum = crc32c(header.iter().copied()).to_be_bytes();
        header[31..35].copy_from_slice(&sum);
        assert!(read(&header, length).is_ok());
        header[38] ^= 1;
        assert!(read(&header, length).is_err());
    }
}
