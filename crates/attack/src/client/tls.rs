//! Whose certificates a client believes, and which it shows itself.

use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::api_url::{ApiUrl, Scheme};

/// Whose certificates are believed.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// Those of authorities that the system believes.
    #[default]
    System,
    /// Those of the authorities of this PEM file.
    Authorities(Vec<u8>),
    /// Any: for test systems.
    Anybody,
}

/// A certificate with its key, as PEM.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate, and those between it and its authority.
    pub chain: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate")
    }
}

/// For a client without anything special. Without TLS, the system's authorities are not read.
pub(super) fn ordinary(url: &ApiUrl) -> ClientConfig {
    let roots = if url.scheme == Scheme::Https { system() } else { RootCertStore::empty() };
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// For a client that believes and shows this.
pub(super) fn config(trust: &Trust, certificate: Option<ClientCertificate>) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder();
    let builder = match trust {
        Trust::System => builder.with_root_certificates(system()),
        Trust::Authorities(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(pem)? {
                roots.add(certificate).map_err(|error| format!("a certificate of an authority: {error}"))?;
            }
            builder.with_root_certificates(roots)
        }
        Trust::Anybody => {
            let provider = builder.crypto_provider().clone();
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        }
    };
    let Some(certificate) = certificate else { return Ok(builder.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_slice(&certificate.key).map_err(|error| format!("the key: {error}"))?;
    builder
        .with_client_auth_cert(certificates(&certificate.chain)?, key)
        .map_err(|error| format!("the client certificate: {error}"))
}

fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| format!("a certificate: {error}"))?;
    if all.is_empty() { Err("there is no certificate in the file".into()) } else { Ok(all) }
}

/// Believes anybody. Signatures of the handshake are still checked: the other side has the key of what it shows.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_an_error_that_says_so() {
        for (pem, reason) in [
            (&b""[..], "there is no certificate in the file"),
            (
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "a certificate of an authority",
            ),
        ] {
            let error = config(&Trust::Authorities(pem.to_vec()), None).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
        assert!(config(&Trust::Anybody, None).is_ok());
        let certificate = ClientCertificate { chain: Vec::new(), key: b"no key".to_vec() };
        assert!(config(&Trust::Anybody, Some(certificate)).unwrap_err().starts_with("the key"));
    }
}
