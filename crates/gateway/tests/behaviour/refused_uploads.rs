//! A refusal reaches a client that is still sending: it is told that the connection closes, and read on for a while.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Recorder, Running, output, script, until};

/// A certificate and its key, in a directory.
pub(crate) fn certificate(directory: &std::path::Path) -> String {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    format!("[gateway.tls]\ncertificate = '{}'\nkey = '{}'\n", certificate.display(), key.display())
}

#[test]
fn python_reads_the_refusal_of_a_body_that_it_is_still_sending() {
    let upstream = Recorder::plain();
    let directory = tempfile::tempdir().unwrap();
    let policy = "[protocol]\nmax_body = '64 KiB'\n[rate]\nlimits = []\n[[route]]\npath = '/limited'\nlimits = ['1 per hour']\n";
    for (scheme, tls) in [("http", String::new()), ("https", certificate(directory.path()))] {
        let gate = Running::start(&format!("{policy}{tls}"), &[upstream.url()]);
        let address = gate.address.to_string();
        if scheme == "http" {
            gate.get("/limited");
        } else {
            output("curl", &["-sk", "-A", "t", &format!("https://{address}/limited")]);
        }
        let (has_passed, said) =
            output("/usr/bin/python3", &[&script("refused_uploads.py"), scheme, &address]);
        assert!(has_passed, "{scheme}: {said}");
    }
}

#[test]
fn curl_reads_the_refusal_of_a_body_that_it_is_still_sending_over_http2() {
    let upstream = Recorder::plain();
    let policy = "[protocol]\nmax_body = '2 MiB'\nmax_decoded_body = '1 MiB'\n[rate]\nlimits = []";
    let gate = Running::start(policy, &[upstream.url()]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("body");
    std::fs::write(&file, vec![b'a'; 10 << 20]).unwrap();
    let body = format!("@{}", file.display());
    for (path, status) in [("/", "413"), ("/?q=%27%20OR%20%271%27=%271", "403")] {
        for _ in 0..5 {
            let url = format!("http://{}{path}", gate.address);
            let options =
                ["-s", "--http2-prior-knowledge", "-w", "\n%{http_code}", "--data-binary", &body, &url];
            let (_, said) = output("curl", &options);
            assert!(
                said.contains("urn:doorward:event:") && said.trim_end().ends_with(status),
                "{path}: {said}"
            );
        }
    }
    assert_eq!(upstream.take(), "");
}

#[test]
fn a_tls_handshake_on_the_plain_port_is_told_as_such() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let mut client = TcpStream::connect(gate.address).unwrap();
    client.write_all(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03").unwrap();
    let _ = client.read(&mut [0; 64]);
    until("it is told", || gate.events.has(&["framing-tls", "[gateway.tls]", "https://", "refused"]));
}
