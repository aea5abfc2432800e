//! The files that TLS reads, and what is wrong with them.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::server::VerifierBuilderError;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not a PEM file of the expected kind.
    #[error("{0}: {1}")]
    Pem(PathBuf, rustls_pki_types::pem::Error),
    /// A certificate and a key do not belong together, or are not supported.
    #[error("{0} and {1} cannot be used together: {2}{mend}", mend = mend(.0, .1, .2))]
    Pair(PathBuf, PathBuf, Error),
    /// A file has no certificate of an authority.
    #[error("{0}: there is no certificate in it that can be used")]
    NoAuthority(PathBuf),
    /// A file has no list of revoked certificates.
    #[error("{0}: there is no list of revoked certificates in it (`-----BEGIN X509 CRL-----`)")]
    NoList(PathBuf),
    /// The certificates of authorities cannot be used.
    #[error("the certificates of authorities cannot be used: {0}")]
    Verifier(#[from] VerifierBuilderError),
    /// The system has no root certificates, and an `https` upstream needs them.
    #[error(
        "this system has no root certificates, and an https upstream needs them; install them, or name a file in \
         `[gateway.upstream_tls] ca`, or `tls.ca` of an `[[upstream]]`"
    )]
    NoRoots,
}

/// How to see that a certificate is for another key.
fn mend(certificate: &Path, key: &Path, error: &Error) -> String {
    match error {
        Error::InconsistentKeys(_) => format!(
            "; `openssl x509 -noout -pubkey -in {}` and `openssl pkey -pubout -in {}` have to print the same",
            certificate.display(),
            key.display()
        ),
        _ => String::new(),
    }
}

pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(file).and_then(|certificates| certificates.collect());
    read.map_err(|e| TlsError::Pem(file.to_owned(), e))
}
