//! TLS: the acceptor for clients, and the configuration for upstreams.

pub(crate) mod clients;
mod files;
pub(crate) mod fingerprint;
mod pinned;

use std::io;
use std::path::Path;
use std::sync::Arc;

use policy::{Policy, Tls, Upstream, UpstreamTls};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore, ServerConfig};

pub use files::TlsError;
use files::certificates;
use pinned::Pinned;

/// Whether the files that a policy names can be used, as `Gateway::start` uses them.
///
/// # Errors
/// What cannot be, and why.
pub fn check_tls(policy: &Policy) -> Result<(), TlsError> {
    if let Some(tls) = &policy.gateway.tls {
        acceptor(tls)?;
    }
    for group in policy.gateway.groups.iter().filter(|group| group.upstreams.iter().any(Upstream::is_tls)) {
        client_config(&group.tls)?;
    }
    Ok(())
}

/// A failed handshake with an upstream, with what helps against it.
pub(crate) fn with_mend(error: io::Error) -> io::Error {
    let why = match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(Error::InvalidCertificate(why)) => why,
        _ => return error,
    };
    let mend = match why {
        CertificateError::UnknownIssuer => "name the authority that it is from: `ca` of the TLS settings",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "say the name that it is for: `server_name` of the TLS settings"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "renew it",
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "it is a certificate of an authority (CA:TRUE), which no server may show: make one with CA:FALSE"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{error}; {mend}"))
}

/// An acceptor for clients: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
pub(crate) fn acceptor(tls: &Tls) -> Result<TlsAcceptor, TlsError> {
    let (chain, secret) = identity(&tls.certificate, &tls.key)?;
    let config = ServerConfig::builder();
    let config = match &tls.clients {
        Some(clients) => config.with_client_cert_verifier(clients::verifier(clients)?),
        None => config.with_no_client_auth(),
    };
    let config = config.with_single_cert(chain, secret);
    let mut config = config.map_err(|e| TlsError::Pair(tls.certificate.clone(), tls.key.clone(), e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The configuration for upstreams, which says nothing of protocols yet.
pub(crate) fn client_config(tls: &UpstreamTls) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        Some(file) => {
            let (added, _) = roots.add_parsable_certificates(certificates(file)?);
            if added == 0 {
                return Err(TlsError::NoAuthority(file.clone()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsError::NoRoots);
            }
        }
    }
    let verifier = WebPkiServerVerifier::builder(Arc::new(roots)).build()?;
    let config = ClientConfig::builder();
    let config = match tls.pins.as_slice() {
        [] => config.with_webpki_verifier(verifier),
        pins => {
            let pinned = Pinned { verifier, pins: pins.to_vec() };
            config.dangerous().with_custom_certificate_verifier(Arc::new(pinned))
        }
    };
    Ok(match &tls.identity {
        Some((certificate, key)) => {
            let (chain, secret) = identity(certificate, key)?;
            let config = config.with_client_auth_cert(chain, secret);
            config.map_err(|e| TlsError::Pair(certificate.clone(), key.clone(), e))?
        }
        None => config.with_no_client_auth(),
    })
}

fn identity(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(certificate)?;
    Ok((chain, PrivateKeyDer::from_pem_file(key).map_err(|e| TlsError::Pem(key.to_owned(), e))?))
}
