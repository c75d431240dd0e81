//! Makes a key that signs mails and writes it where only its owner reads it. Knows neither configuration nor DNS.

use crate::message::Algorithm;
use crate::message::DkimKey;
use anyhow::Context as _;
use anyhow::Result;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::fs::File;
use std::io::ErrorKind;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Makes a key and writes it to `file` with mode 600; a folder that is missing is made with mode 700.
///
/// # Errors
/// When the file exists: a key that may be in use is never overwritten.
pub fn make(algorithm: Algorithm, file: &Path) -> Result<DkimKey> {
    let der = generate(algorithm).context("the operating system gives no key")?;
    let key = DkimKey::from_pkcs8(&der)?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.with_context(|| format!("can't make the folder {}", folder.display()))?;
    }
    match File::options().create_new(true).write(true).mode(0o600).open(file) {
        Ok(mut opened) => {
            let written = opened.write_all(pem(&der).as_bytes()).and_then(|()| opened.sync_all());
            written.with_context(|| format!("can't write {}", file.display()))?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            anyhow::bail!("{} exists, and a key is never overwritten; choose another file or selector", file.display())
        }
        Err(error) => Err(error).with_context(|| format!("can't write {}", file.display())),
    }
}

/// PKCS#8 as every tool reads it. Chance comes from the library that makes the key: it asks the operating system.
fn generate(algorithm: Algorithm) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    match algorithm {
        Algorithm::Rsa => {
            let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?;
            Ok(der.as_ref().to_vec())
        }
        Algorithm::Ed25519 => Ok(Ed25519KeyPair::generate()?.to_pkcs8v1()?.as_ref().to_vec()),
    }
}

/// RFC 7468: 64 characters a line.
fn pem(der: &[u8]) -> String {
    let coded = STANDARD.encode(der);
    let lines: Vec<&str> = (0..coded.len()).step_by(64).map(|at| &coded[at..coded.len().min(at + 64)]).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
