//! TLS: the acceptor for clients, and the configuration for upstreams.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not a PEM file of the expected kind.
    #[error("{0}: {1}")]
    Pem(PathBuf, rustls_pki_types::pem::Error),
    /// The certificate and the key do not belong together, or are not supported.
    #[error("the certificate and key cannot be used: {0}")]
    Config(#[from] tokio_rustls::rustls::Error),
    /// The system has no root certificates, and an `https` upstream needs them.
    #[error("this system has no root certificates, and an https upstream needs them")]
    NoRoots,
}

/// An acceptor for clients: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let pem = |path: &Path| {
        let path = path.to_owned();
        move |e| TlsError::Pem(path.clone(), e)
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(|certificates| certificates.collect())
        .map_err(pem(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The configuration for upstreams, which trusts the system's root certificates.
pub(crate) fn client_config() -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}
