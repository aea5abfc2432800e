//! Client certificates: whom the gateway believes, and who somebody is by his certificate.

use std::path::Path;
use std::sync::Arc;

use identity::{Credential, Principal};
use policy::{ClientCertificates, ClientSubject};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::files::{TlsError, certificates};

/// Names of one kind that are read of a certificate, and bytes of one.
const MAX_NAMES: usize = 50;
const MAX_NAME: usize = 1_000;

/// Verifies client certificates as the policy says.
pub(super) fn verifier(clients: &ClientCertificates) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(&clients.ca)?);
    if added == 0 {
        return Err(TlsError::NoAuthority(clients.ca.clone()));
    }
    let mut revoked = Vec::new();
    for file in &clients.crls {
        revoked.extend(lists(file)?);
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).with_crls(revoked);
    // A list says nothing of certificates of other authorities, which the same file of authorities may name.
    // One that is out of date says nothing at all, and nobody may get in by that.
    let verifier = verifier.allow_unknown_revocation_status().enforce_revocation_expiration();
    let verifier = if clients.is_required { verifier } else { verifier.allow_unauthenticated() };
    Ok(verifier.build()?)
}

fn lists(file: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let failed = |error| TlsError::Pem(file.to_owned(), error);
    let lists = CertificateRevocationListDer::pem_file_iter(file).map_err(failed)?;
    let lists = lists.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if lists.is_empty() { Err(TlsError::NoList(file.to_owned())) } else { Ok(lists) }
}

/// Who somebody is by a certificate that was verified; nobody, if it has no name of the kind that the policy asks for.
pub(crate) fn principal(
    certificate: &CertificateDer<'_>,
    wanted: Option<ClientSubject>,
) -> Option<Principal> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let names = Names::of(&parsed);
    let subject = names.subject(wanted)?.to_owned();
    let thumbprint = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(certificate))
    };
    let mut claims = Map::new();
    claims.insert("sub".into(), Value::String(subject.clone()));
    claims.insert("x5t#S256".into(), Value::String(thumbprint));
    for (name, list) in [
        ("san_uri", names.uris),
        ("san_dns", names.dns),
        ("san_email", names.emails),
        ("cn", names.common),
        ("ou", names.units),
    ] {
        if !list.is_empty() {
            claims.insert(name.into(), json!(list));
        }
    }
    Some(Principal { subject, claims, scopes: Vec::new(), credential: Credential::Certificate })
}

/// The names in a certificate.
#[derive(Default)]
struct Names {
    uris: Vec<String>,
    dns: Vec<String>,
    emails: Vec<String>,
    common: Vec<String>,
    units: Vec<String>,
}

impl Names {
    fn of(certificate: &X509Certificate<'_>) -> Names {
        let mut names = Names::default();
        let alternatives = certificate.subject_alternative_name().ok().flatten();
        for name in alternatives.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::URI(text) => keep(&mut names.uris, text),
                GeneralName::DNSName(text) => keep(&mut names.dns, text),
                GeneralName::RFC822Name(text) => keep(&mut names.emails, text),
                _ => {}
            }
        }
        for name in certificate.subject().iter_common_name() {
            // A URI is one where it stands as such.
            let name = name.as_str().unwrap_or_default();
            keep(&mut names.common, if name.contains("://") { "" } else { name });
        }
        for name in certificate.subject().iter_organizational_unit() {
            keep(&mut names.units, name.as_str().unwrap_or_default());
        }
        names
    }
}

impl Names {
    /// The name that is the subject.
    fn subject(&self, wanted: Option<ClientSubject>) -> Option<&str> {
        let all = [
            (ClientSubject::Uri, &self.uris),
            (ClientSubject::Dns, &self.dns),
            (ClientSubject::Email, &self.emails),
            (ClientSubject::CommonName, &self.common),
        ];
        let is_wanted = |kind| wanted.is_none_or(|wanted| wanted == kind);
        all.into_iter()
            .filter(|(kind, _)| is_wanted(*kind))
            .find_map(|(_, names)| names.first().map(String::as_str))
    }
}

/// Keeps a name that nobody reads as another: no control characters, and not as the subject of an API key begins.
fn keep(names: &mut Vec<String>, text: &str) {
    if names.len() < MAX_NAMES
        && !text.is_empty()
        && text.len() <= MAX_NAME
        && !text.starts_with("key:")
        && !text.chars().any(char::is_control)
    {
        names.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(common: &str, names: Vec<SanType>) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common);
        params.subject_alt_names = names;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_says_who_somebody_is() {
        let dns = || SanType::DnsName("billing.example".try_into().unwrap());
        let uri = || SanType::URI("spiffe://example/billing".try_into().unwrap());
        for (common, names, wanted, expected) in [
            ("billing", vec![], None, Some("billing")),
            ("billing", vec![dns()], None, Some("billing.example")),
            ("billing", vec![dns(), uri()], None, Some("spiffe://example/billing")),
            ("billing", vec![dns(), uri()], Some(ClientSubject::CommonName), Some("billing")),
            ("billing", vec![dns()], Some(ClientSubject::Uri), None),
            ("spiffe://example/billing", vec![], None, None),
            ("key:7", vec![], None, None),
            ("bill\ning", vec![], None, None),
            ("", vec![], None, None),
        ] {
            let found = principal(&certificate(common, names), wanted);
            assert_eq!(found.map(|found| found.subject).as_deref(), expected, "{common}");
        }
    }
}
