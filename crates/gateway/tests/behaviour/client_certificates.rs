//! Mutual TLS: whoever shows a certificate of an authority that the policy names is its subject.

use std::path::Path;

use base64::Engine;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{Recorder, Running, output};

/// An authority that makes client certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes a client's certificate and key; gives the thumbprint.
    fn client(&self, directory: &Path, name: &str, serial: u64, names: Vec<SanType>) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = names;
        params.serial_number = Some(SerialNumber::from(serial));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        std::fs::write(directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der()))
    }

    fn revokes(&self, serial: u64) -> String {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2025, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.0).unwrap().pem().unwrap()
    }
}

/// The status that curl gets, 0 where the handshake fails.
fn ask(gate: &Running, directory: &Path, client: &str, token: Option<&str>) -> u16 {
    let file = |name: String| directory.join(name).display().to_string();
    let url = format!("https://localhost:{}/orders", gate.address.port());
    let (cacert, certificate, key) =
        (file("cert.pem".into()), file(format!("{client}.pem")), file(format!("{client}.key")));
    let mut arguments = vec!["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", &cacert];
    if !client.is_empty() {
        arguments.extend(["--cert", &certificate, "--key", &key]);
    }
    let bearer = token.map(|token| format!("Authorization: Bearer {token}"));
    if let Some(bearer) = &bearer {
        arguments.extend(["-H", bearer]);
    }
    arguments.push(&url);
    output("curl", &arguments).1.trim().parse().unwrap()
}

const DOCUMENT: &str = "
openapi: 3.1.0
info: { title: a, version: '1' }
components: { securitySchemes: { bearer: { type: http, scheme: bearer } } }
paths: { /orders: { get: { security: [{ bearer: [] }], responses: {} } } }
";

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789";

fn token(claims: &serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap()
}

#[test]
fn a_client_certificate_says_who_calls() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (name, text) in [
        ("cert.pem", own.cert.pem()),
        ("key.pem", own.signing_key.serialize_pem()),
        ("secret", SECRET.to_owned()),
    ] {
        std::fs::write(at.join(name), text).unwrap();
        std::fs::set_permissions(at.join(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    std::fs::write(at.join("clients.pem"), ours.0.pem()).unwrap();
    std::fs::write(at.join("list.pem"), ours.revokes(7)).unwrap();
    let spiffe = SanType::URI("spiffe://example/billing".try_into().unwrap());
    let thumbprint = ours.client(at, "billing", 1, vec![spiffe]);
    ours.client(at, "revoked", 7, vec![]);
    others.client(at, "stranger", 1, vec![]);
    let upstream = Recorder::plain();
    let gate = |more: &str| {
        let policy = format!(
            "[auth]\nrequire = 'required'\n[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = 'secret'\n\
             [gateway.tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\nclient_ca = 'clients.pem'\nclient_crl = ['list.pem']\n{more}"
        );
        std::fs::write(at.join("doorward.toml"), policy).unwrap();
        Running::from_file(&at.join("doorward.toml"), &[upstream.url()])
    };
    let optional = gate("");
    assert_eq!(ask(&optional, at, "billing", None), 200);
    let seen = upstream.take();
    assert!(seen.contains("x-doorward-subject: spiffe://example/billing"), "{seen}");
    assert_eq!(ask(&optional, at, "", None), 401, "nobody");
    for unknown in ["revoked", "stranger"] {
        assert_eq!(ask(&optional, at, unknown, None), 0, "{unknown}");
    }
    // A token says for whom a service calls.
    let claims = json!({ "sub": "ann", "exp": 4_000_000_000_u64 });
    assert_eq!(ask(&optional, at, "billing", Some(&token(&claims))), 200);
    assert!(upstream.take().contains("x-doorward-subject: ann"));
    // One that is bound to a certificate holds with that alone (RFC 8705).
    let bound = json!({ "sub": "ann", "exp": 4_000_000_000_u64, "cnf": { "x5t#S256": thumbprint } });
    assert_eq!(ask(&optional, at, "billing", Some(&token(&bound))), 200);
    assert_eq!(ask(&optional, at, "", Some(&token(&bound))), 401);
    let other = json!({ "sub": "ann", "exp": 4_000_000_000_u64, "cnf": { "x5t#S256": "other" } });
    assert_eq!(ask(&optional, at, "billing", Some(&token(&other))), 401);
    // It is no token that an operation asks for.
    std::fs::write(at.join("api.yaml"), DOCUMENT).unwrap();
    let documented = gate("[gateway]\nopenapi = 'api.yaml'");
    assert_eq!(ask(&documented, at, "billing", None), 401, "the document asks for a token");
    assert_eq!(ask(&documented, at, "billing", Some(&token(&claims))), 200);
    let required = gate("client_certificate = 'required'\nclient_subject = 'common-name'");
    upstream.take();
    assert_eq!(ask(&required, at, "billing", None), 200);
    assert!(upstream.take().contains("x-doorward-subject: billing"));
    assert_eq!(ask(&required, at, "", Some(&token(&claims))), 0);
}
