//! The fingerprint of a client by its TLS handshake: JA4, as FoxIO describes it ("JA4: TLS Client Fingerprinting").
//!
//! It says what library and version speaks: the same program has the same on every address. What is random in a ClientHello
//! (GREASE, RFC 8701, and the order of extensions) is left out.

use sha2::{Digest, Sha256};

/// The beginning of a connection in which a ClientHello has to stand.
pub(crate) const LONGEST: usize = 16 << 10;

/// The fingerprint of the ClientHello with which a connection begins; nothing where that is none, or not whole.
pub(crate) fn ja4(start: &[u8]) -> Option<String> {
    let handshake = handshake(start)?;
    let mut message = Reader(&handshake);
    // A ClientHello (RFC 8446 §4.1.2).
    (message.byte()? == 1).then_some(())?;
    let mut hello = Reader(message.long()?);
    let legacy_version = hello.number()?;
    hello.take(32)?;
    hello.short()?;
    let ciphers = numbers(hello.medium()?)?;
    hello.short()?;
    let mut extensions = Vec::new();
    let (mut has_name, mut protocol, mut algorithms, mut version) = (false, None, Vec::new(), legacy_version);
    let mut rest = Reader(if hello.0.is_empty() { &[] } else { hello.medium()? });
    while !rest.0.is_empty() {
        let (kind, content) = (rest.number()?, rest.medium()?);
        if is_grease(kind) {
            continue;
        }
        extensions.push(kind);
        match kind {
            SERVER_NAME => has_name = true,
            SIGNATURE_ALGORITHMS => algorithms = numbers(Reader(content).medium()?)?,
            PROTOCOLS => {
                let mut names = Reader(Reader(content).medium()?);
                protocol = names.short().filter(|name| !name.is_empty());
            }
            VERSIONS => {
                let offered = numbers(Reader(content).short()?)?;
                version = offered.into_iter().filter(|version| !is_grease(*version)).max().unwrap_or(version);
            }
            _ => {}
        }
    }
    let known =
        |numbers: &[u16]| numbers.iter().copied().filter(|number| !is_grease(*number)).collect::<Vec<_>>();
    let mut ciphers = known(&ciphers);
    let head = format!(
        "t{}{}{:02}{:02}{}",
        version_name(version),
        if has_name { 'd' } else { 'i' },
        ciphers.len().min(99),
        extensions.len().min(99),
        protocol_name(protocol),
    );
    ciphers.sort_unstable();
    let mut others: Vec<u16> =
        extensions.into_iter().filter(|kind| ![SERVER_NAME, PROTOCOLS].contains(kind)).collect();
    others.sort_unstable();
    let mut said = listed(&others);
    let algorithms = known(&algorithms);
    if !algorithms.is_empty() {
        said = format!("{said}_{}", listed(&algorithms));
    }
    Some(format!("{head}_{}_{}", hashed(&listed(&ciphers)), hashed(&said)))
}

const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
const PROTOCOLS: u16 = 16;
const VERSIONS: u16 = 43;

/// What stands in the records of a handshake, as far as they are there (RFC 8446 §5.1). A ClientHello may be in several.
fn handshake(start: &[u8]) -> Option<Vec<u8>> {
    let (mut records, mut all) = (Reader(start), Vec::new());
    while let Some(22) = records.byte() {
        records.number()?;
        let Some(fragment) = records.medium() else { break };
        all.extend_from_slice(fragment);
    }
    (!all.is_empty()).then_some(all)
}

/// Values that clients make up, so that servers pass over what they do not know (RFC 8701).
fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn version_name(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// The first and the last character of the first protocol that is offered.
fn protocol_name(protocol: Option<&[u8]>) -> String {
    let Some((first, last)) = protocol.and_then(|name| Some((*name.first()?, *name.last()?))) else {
        return "00".into();
    };
    match first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        true => [first, last].map(char::from).iter().collect(),
        false => {
            let (first, last) = (format!("{first:02x}"), format!("{last:02x}"));
            first.chars().take(1).chain(last.chars().skip(1)).collect()
        }
    }
}

fn listed(numbers: &[u16]) -> String {
    numbers.iter().map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",")
}

/// The first twelve digits of a hash; zeros for nothing.
fn hashed(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".into();
    }
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers of two bytes; nothing where a byte is left over.
fn numbers(bytes: &[u8]) -> Option<Vec<u16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
}

/// Bytes that are read from the front.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// What follows its length in one byte, in two, in three.
    fn short(&mut self) -> Option<&'b [u8]> {
        let length = self.byte()?;
        self.take(length.into())
    }

    fn medium(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.take(length.into())
    }

    fn long(&mut self) -> Option<&'b [u8]> {
        let (high, low) = (self.byte()?, self.number()?);
        self.take(usize::from(high) << 16 | usize::from(low))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_length(width: usize, content: &[u8]) -> Vec<u8> {
        [&content.len().to_be_bytes()[8 - width..], content].concat()
    }

    fn list(numbers: &[u16]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    /// A ClientHello in records of this size.
    fn hello(ciphers: &[u16], extensions: &[(u16, Vec<u8>)], record: usize) -> Vec<u8> {
        let extensions: Vec<u8> = extensions
            .iter()
            .flat_map(|(kind, content)| [kind.to_be_bytes().to_vec(), with_length(2, content)].concat())
            .collect();
        let body = [
            &[3, 3][..],
            &[7; 32],
            &with_length(1, &[1; 32]),
            &with_length(2, &list(ciphers)),
            &[1, 0],
            &with_length(2, &extensions),
        ]
        .concat();
        let message = [vec![1], with_length(3, &body)].concat();
        message.chunks(record).flat_map(|part| [&[22, 3, 1][..], &with_length(2, part)].concat()).collect()
    }

    /// The example that FoxIO's description works through: a Chrome.
    fn chrome(record: usize) -> Vec<u8> {
        let ciphers = [
            0x5a5a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ];
        let algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
        let mut extensions = vec![
            (0x2a2a, vec![]),
            (0x0000, b"\0\x0c\0\0\x09localhost".to_vec()),
            (0x0010, with_length(2, b"\x02h2\x08http/1.1")),
            (0x000d, with_length(2, &list(&algorithms))),
            (0x002b, with_length(1, &list(&[0x3a3a, 0x0304, 0x0303]))),
            (0x8a8a, vec![0]),
        ];
        let others =
            [0x0005, 0x000a, 0x000b, 0x0012, 0x0015, 0x0017, 0x001b, 0x0023, 0x002d, 0x0033, 0x4469, 0xff01];
        extensions.extend(others.map(|kind| (kind, vec![])));
        hello(&ciphers, &extensions, record)
    }

    #[test]
    fn the_described_example_has_the_described_fingerprint() {
        for record in [20, 100, 16_000] {
            assert_eq!(ja4(&chrome(record)).unwrap(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        }
        for (ciphers, extensions, expected) in [
            (&[][..], vec![], "t12i000000_000000000000_000000000000"),
            (
                &[0x1301],
                vec![(0x0010, with_length(2, b"\x03\xffab"))],
                "t12i0101f2_0f2cb44170f4_000000000000",
            ),
        ] {
            assert_eq!(ja4(&hello(ciphers, &extensions, 16_000)).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_whole_hello_has_none() {
        let whole = chrome(16_000);
        for end in 0..whole.len() {
            assert_eq!(ja4(&whole[..end]), None, "{end}");
        }
        for start in
            [&b"GET / HTTP/1.1\r\n\r\n"[..], b"", &[22, 3, 1, 0, 4, 2, 0, 0, 0], &[21, 3, 1, 0, 2, 1, 0]]
        {
            assert_eq!(ja4(start), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
            ja4(&bytes);
            bytes = chrome(16_000);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            ja4(&bytes);
        }
    }
}
