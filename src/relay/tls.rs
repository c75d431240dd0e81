//! Whom we trust to be the relay. Certificates and names are always checked; there is no switch against it.

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0} can't be read as PEM certificates ({1}); name a file with the relay's authority in it")]
    CaFile(PathBuf, String),
    #[error("{0} has no certificate in it; name a PEM file with the relay's authority in it")]
    NoCertificate(PathBuf),
    #[error("TLS can't be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// TLS 1.2 or 1.3 with the public authorities and the machine's own, or with those of `ca_file` only.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = match ca_file {
        Some(path) => own_roots(path)?,
        None => public_roots(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn own_roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let unreadable = |why: String| TlsError::CaFile(path.to_path_buf(), why);
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| unreadable(e.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|e| unreadable(e.to_string()))?;
        roots.add(certificate).map_err(|e| unreadable(e.to_string()))?;
    }
    if roots.is_empty() { Err(TlsError::NoCertificate(path.to_path_buf())) } else { Ok(roots) }
}

/// The machine's store may be missing or hold odd entries: what can be read is added to the built-in list.
fn public_roots() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
