//! Whom we trust to be the relay. Certificates and names are always checked; there is no switch against it.

use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::relay::wire::Broken;
use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::Error;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io;
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
    Rustls(#[from] Error),
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

/// A handshake that failed. Where only a human can mend it, the sentence says how, and it counts as our settings'
/// trouble; nothing of the relay's words is in it.
pub fn failed(error: &io::Error) -> Broken {
    let known = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(why)) => of_certificate(why),
        Some(Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_)) => Some(OLD),
        Some(Error::InvalidMessage(_)) => Some(NO_TLS),
        Some(_) | None => None,
    };
    let Some(sentence) = known else {
        return Broken::new(Phase::Tls, format!("the TLS handshake failed: {error}"));
    };
    let made_up = Reply::new(554, &format!("5.7.5 (our words, not the relay's) {sentence}"));
    Broken::said(Phase::Tls, made_up, sentence)
}

const OLD: &str = "the relay speaks neither TLS 1.2 nor 1.3; have its TLS brought up to date, or name another relay";
const NO_TLS: &str = "what the relay says isn't TLS; smtps:// is for a port that begins with it (465), smtp:// for one \
                      with STARTTLS (587)";

fn of_certificate(why: &CertificateError) -> Option<&'static str> {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some("the relay's certificate has expired; have it renewed")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some("the relay's certificate isn't valid yet; look at the clock of this machine")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some("the relay's certificate is for another name; write the name that it is for into the relay's `url`")
        }
        // Or one of the same name as ours that signed it otherwise.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Some(
            "the relay's certificate comes from an authority that we don't trust; name that authority in `ca_file`",
        ),
        _ => None,
    }
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
