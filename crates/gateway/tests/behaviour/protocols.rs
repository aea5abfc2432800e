//! What is spoken to an upstream: HTTP/1.1, HTTP/2, WebSockets over both, TLS, and heads of any size.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertifiedKey, KeyPair, PublicKeyData};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::http_api::{HttpApi, Speaks};
use crate::support::{Running, status};

/// A certificate that is its own authority, as files of a directory.
struct Certificate {
    name: &'static str,
    certified: CertifiedKey<KeyPair>,
}

impl Certificate {
    fn new(directory: &Path, name: &'static str, names: &[&str]) -> Certificate {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(directory.join(format!("{name}.pem")), certified.cert.pem()).unwrap();
        let key = directory.join(format!("{name}.key"));
        std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Certificate { name, certified }
    }

    fn pin(&self) -> String {
        STANDARD.encode(Sha256::digest(self.certified.signing_key.subject_public_key_info()))
    }

    /// A server with this certificate, which asks for that of its client.
    fn server(&self, client: Option<&Certificate>) -> Option<Arc<ServerConfig>> {
        let config = ServerConfig::builder();
        let config = match client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client.certified.cert.der().clone()).unwrap();
                config.with_client_cert_verifier(WebPkiClientVerifier::builder(roots.into()).build().unwrap())
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.certified.signing_key.serialize_der()));
        let mut config = config.with_single_cert(vec![self.certified.cert.der().clone()], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Some(Arc::new(config))
    }
}

fn gate(directory: &Path, policy: &str, upstream: String) -> Running {
    let file = directory.join("doorward.toml");
    std::fs::write(&file, format!("[rate]\nlimits = []\n{policy}")).unwrap();
    Running::from_file(&file, &[upstream])
}

/// A handshake and a word through the tunnel: the status, and what came back of the word.
fn websocket(gate: &Running) -> (u16, String) {
    let mut stream = TcpStream::connect(gate.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = "GET /ws HTTP/1.1\r\nHost: api.example\r\nUser-Agent: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let answer = String::from_utf8(answer).unwrap();
    if status(&answer) != 101 {
        return (status(&answer), String::new());
    }
    let mut back = [0; 4];
    stream.write_all(b"word").unwrap();
    stream.read_exact(&mut back).unwrap();
    let accept = answer.lines().find_map(|line| line.strip_prefix("sec-websocket-accept: "));
    (101, String::from_utf8_lossy(&back).into_owned() + " " + accept.unwrap_or_default())
}

#[test]
fn a_websocket_reaches_every_upstream_that_takes_one() {
    let directory = tempfile::tempdir().unwrap();
    let certificate = Certificate::new(directory.path(), "own", &["127.0.0.1"]);
    let tls = certificate.server(None);
    let plain = Speaks::default();
    let h2c = Speaks { http2: true, tunnels: true, ..Speaks::default() };
    let secure = Speaks { tls, tunnels: true, ..Speaks::default() };
    let trusting = "[gateway.upstream_tls]\nca = 'own.pem'\n";
    let two = format!("[gateway]\nupstream_protocol = '2'\n{trusting}");
    let one = format!("[gateway]\nupstream_protocol = '1.1'\n{trusting}");
    let over_h2 = "word s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    for (name, scheme, speaks, policy, request, handshake, word) in [
        ("http", "http", &plain, "", "HTTP/1.1 GET", "HTTP/1.1 GET", "word "),
        ("h2c", "h2c", &h2c, "", "HTTP/2.0 GET", "HTTP/2.0 CONNECT", over_h2),
        ("https", "https", &secure, trusting, "HTTP/2.0 GET", "HTTP/1.1 GET", "word "),
        ("https, HTTP/2", "https", &secure, two.as_str(), "HTTP/2.0 GET", "HTTP/2.0 CONNECT", over_h2),
        ("https, HTTP/1.1", "https", &secure, one.as_str(), "HTTP/1.1 GET", "HTTP/1.1 GET", "word "),
    ] {
        let api = HttpApi::start(speaks.clone());
        let gate = gate(directory.path(), policy, format!("{scheme}://{}", api.address));
        for round in 0..2 {
            assert_eq!(websocket(&gate), (101, word.to_owned()), "{name} {round}: {:?}", gate.events.all());
            assert_eq!(status(&gate.get("/")), 200, "{name}");
            let [upgrade, get] = [format!("{handshake} /ws"), format!("{request} /")];
            assert_eq!(api.take(), [upgrade, get], "{name} {round}");
        }
    }
}

#[test]
fn a_websocket_that_an_http2_upstream_does_not_take_is_a_502_that_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let api = HttpApi::start(Speaks { http2: true, ..Speaks::default() });
    let gate = gate(directory.path(), "", format!("h2c://{}", api.address));
    assert_eq!(websocket(&gate).0, 502);
    assert!(gate.events.has(&["\"door\":\"upstream\"", "RFC 8441", "upstream_protocol"]));
    assert_eq!(status(&gate.get("/")), 200);
}

#[test]
fn heads_of_answers_have_limits_that_can_be_set() {
    let directory = tempfile::tempdir().unwrap();
    let (more_fields, more_bytes) =
        ("[gateway]\nmax_response_headers = 400", "[gateway]\nmax_response_head = '1 MiB'");
    for http2 in [false, true] {
        let api = HttpApi::start(Speaks { http2, ..Speaks::default() });
        let scheme = if http2 { "h2c" } else { "http" };
        for (policy, path, expected) in [
            ("", "/fields/190/10", 200),
            ("", "/fields/250/10", 502),
            (more_fields, "/fields/250/10", 200),
            ("", "/fields/100/2000", 200),
            ("", "/fields/100/4000", 502),
            (more_bytes, "/fields/100/4000", 200),
        ] {
            let gate = gate(directory.path(), policy, format!("{scheme}://{}", api.address));
            assert_eq!(
                status(&gate.get(path)),
                expected,
                "{scheme} {policy} {path}: {:?}",
                gate.events.all()
            );
            let told = gate.events.has(&["\"door\":\"upstream\"", "max_response_head"]);
            assert_eq!(told, expected == 502, "{scheme} {policy} {path}: {:?}", gate.events.all());
        }
    }
}

#[test]
fn an_upstream_is_believed_by_its_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let by_address = Certificate::new(at, "address", &["127.0.0.1"]);
    let by_name = Certificate::new(at, "name", &["api.internal"]);
    let client = Certificate::new(at, "client", &["gate.internal"]);
    let (own, other) = (by_address.pin(), by_name.pin());
    let trusting = |certificate: &Certificate, more: &str| {
        format!("[gateway.upstream_tls]\nca = '{}.pem'\n{more}", certificate.name)
    };
    let identity = "certificate = 'client.pem'\nkey = 'client.key'";
    for (name, server, policy, expected, told) in [
        ("unknown", by_address.server(None), String::new(), 502, "name the authority"),
        ("known", by_address.server(None), trusting(&by_address, ""), 200, ""),
        ("another name", by_name.server(None), trusting(&by_name, ""), 502, "`server_name`"),
        ("that name", by_name.server(None), trusting(&by_name, "server_name = 'api.internal'"), 200, ""),
        (
            "pinned",
            by_address.server(None),
            trusting(&by_address, &format!("pins = ['{other}', '{own}']")),
            200,
            "",
        ),
        (
            "as curl",
            by_address.server(None),
            trusting(&by_address, &format!("pins = ['sha256//{own}']")),
            200,
            "",
        ),
        (
            "not pinned",
            by_address.server(None),
            trusting(&by_address, &format!("pins = ['{other}']")),
            502,
            "pins",
        ),
        ("asks", by_address.server(Some(&client)), trusting(&by_address, ""), 502, ""),
        ("is shown", by_address.server(Some(&client)), trusting(&by_address, identity), 200, ""),
    ] {
        let api = HttpApi::start(Speaks { tls: server, ..Speaks::default() });
        let gate = gate(at, &policy, format!("https://{}", api.address));
        assert_eq!(status(&gate.get("/")), expected, "{name}: {:?}", gate.events.all());
        assert!(
            expected == 200 || gate.events.has(&["\"door\":\"upstream\"", told]),
            "{name}: {:?}",
            gate.events.all()
        );
        let sni = if name == "that name" { " api.internal" } else { "" };
        let seen = api.take();
        assert_eq!(seen, vec![format!("HTTP/2.0 GET /{sni}"); usize::from(expected == 200)], "{name}");
    }
}
