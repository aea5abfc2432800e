//! Connections of a load balancer that speaks the PROXY protocol, version 2, with its additional fields.

use crate::support::{Recorder, Running, raw, status, until};

fn field(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind], &u16::try_from(value.len()).unwrap().to_be_bytes()[..], value].concat()
}

/// A header for a client at 198.51.100.8.
fn header(fields: &[u8]) -> Vec<u8> {
    let addresses = [198, 51, 100, 8, 192, 0, 2, 1, 0x13, 0x88, 0, 80];
    let length = u16::try_from(addresses.len() + fields.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11", &length[..], &addresses, fields].concat()
}

/// The same with its checksum (RFC 9260, appendix A).
fn summed(fields: &[u8]) -> Vec<u8> {
    let mut header = header(&[&field(3, &[0; 4])[..], fields].concat());
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    let sum =
        !header.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)));
    header[31..35].copy_from_slice(&sum.to_be_bytes());
    header
}

#[test]
fn what_a_load_balancer_says_of_the_connection_holds() {
    let upstream = Recorder::plain();
    let policy = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\nproxy_protocol = 'required'";
    let gate = Running::start(policy, &[upstream.url()]);
    let request = b"GET /told HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n";
    let tls = [&[1, 0, 0, 0, 0][..], &field(0x21, b"TLSv1.3")].concat();
    let fields =
        [field(1, b"http/1.1"), field(2, b"api.example"), field(5, b"lb-7"), field(0x20, &tls)].concat();
    let answer = raw(gate.address, &[&summed(&fields)[..], request].concat());
    assert_eq!(status(&answer), 200, "{answer}");
    let sent = upstream.take();
    assert!(
        sent.contains("x-forwarded-proto: https\r\n") && sent.contains("x-forwarded-for: 198.51.100.8\r\n"),
        "{sent}"
    );
    let told = [
        "/told",
        "\"tls\":\"TLSv1.3\"",
        "\"server_name\":\"api.example\"",
        "\"connection_id\":\"lb-7\"",
        "198.51.100.8",
    ];
    until("the line", || gate.events.has(&told));
    let mut wrong = summed(&fields);
    wrong[16] ^= 1;
    for (bytes, reason) in [
        (wrong, "checksum does not hold"),
        (header(&[2, 0, 9, 1]), "broken field"),
        (Vec::new(), "no PROXY protocol header"),
    ] {
        assert_eq!(raw(gate.address, &[&bytes[..], request].concat()), "", "{reason}");
        until(reason, || gate.events.has(&["proxy-protocol", reason, "[gateway] proxy_protocol"]));
    }
    assert_eq!(upstream.take(), "");
    let strict = Running::start(
        "[gateway]\ntrusted_proxies = ['10.0.0.0/8']\nproxy_protocol = 'required'",
        &[upstream.url()],
    );
    assert_eq!(raw(strict.address, &[&header(&[])[..], request].concat()), "");
    until("it is told", || strict.events.has(&["proxy-protocol", "trusted_proxies"]));
}
