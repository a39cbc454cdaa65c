//! TLS, from a certificate chain and its key in PEM files.

use std::{path::Path, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    },
};

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot read certificates from {file}: {cause}")]
    Certificates { file: String, cause: pem::Error },
    #[error("{0} has no certificate: it must hold the chain as PEM, the server's own first")]
    NoCertificate(String),
    #[error("cannot read a private key from {file}: {cause}")]
    Key { file: String, cause: pem::Error },
    #[error("the certificate and the key do not serve: {0}")]
    Unfit(#[from] rustls::Error),
}

/// What accepts TLS connections with this certificate.
pub(crate) fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let file = certificates.display().to_string();
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificates).and_then(Iterator::collect);
    let chain = chain.map_err(|cause| TlsError::Certificates {
        file: file.clone(),
        cause,
    })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(file));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|cause| TlsError::Key {
        file: key.display().to_string(),
        cause,
    })?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // Clients only write. One that closes with tickets unread sends a reset, and what is still in its socket is lost.
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
