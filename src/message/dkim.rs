//! Signs finished mails (RFC 6376, 8301, 8463) and reads the keys for it. Knows no file, no clock and no DNS: the same
//! mail with the same keys always gets the same signatures, so that a copy that is made again is the same copy.

use crate::address::Address;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mail_auth::common::crypto::Algorithm as SignatureAlgorithm;
use mail_auth::common::crypto::CryptoError;
use mail_auth::common::crypto::Sha256;
use mail_auth::common::crypto::SigningKey;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::common::headers::Writable;
use mail_auth::common::headers::Writer;
use mail_auth::dkim::Canonicalization;
use mail_auth::dkim::Signature;
use std::fmt;

/// Named once more than they are there: who adds a second one, or one that was absent, breaks the signature
/// (RFC 6376 §8.15). `Cc` is never in our mails, and `Content-Transfer-Encoding` only in their parts.
const OVERSIGNED: [&str; 13] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// Signed where they are there. Relays have been seen to add a `Feedback-ID` of their own, and may.
const SIGNED: [&str; 2] = ["Auto-Submitted", "Feedback-ID"];

/// What our signatures begin with; they stand before everything else.
const HEADER: &[u8] = b"DKIM-Signature:";

/// RFC 8301 §3.2: signers use 2048 bits at least, and receivers need not take more than 4096.
const MOST_BITS: usize = 4096;

/// The kinds of keys that DKIM knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Rsa,
    /// Understood by few receivers yet: beside RSA, never alone.
    Ed25519,
}

/// A private key that signs. Never prints itself.
pub struct DkimKey(Pair);

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Why a text is no key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("this isn't a private key in PEM, which begins with -----BEGIN PRIVATE KEY-----")]
    NotPem,
    #[error("this is a public key; the private one that belongs to it signs")]
    Public,
    #[error("this key is locked with a passphrase, which nobody types when the daemon starts")]
    Locked,
    #[error("this RSA key has fewer than 2048 bits, which receivers no longer trust (RFC 8301)")]
    Short,
    #[error("this RSA key has more than 4096 bits, which receivers needn't read (RFC 8301)")]
    Long,
    #[error("this key is damaged, or neither RSA nor Ed25519")]
    Kind,
}

impl DkimKey {
    /// Reads PEM: PKCS#8 for both kinds, PKCS#1 for RSA as well.
    ///
    /// # Errors
    /// When it is no private key that DKIM can use.
    pub fn from_pem(pem: &str) -> Result<DkimKey, KeyError> {
        let (label, der) = read_pem(pem)?;
        match label {
            "PRIVATE KEY" => DkimKey::from_pkcs8(&der),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der).map_err(rejected).and_then(of_rsa),
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::Locked),
            label if label.ends_with("PUBLIC KEY") => Err(KeyError::Public),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::Kind),
            _ => Err(KeyError::NotPem),
        }
    }

    /// Reads the DER form of RFC 5208.
    ///
    /// # Errors
    /// As [`DkimKey::from_pem`].
    pub fn from_pkcs8(der: &[u8]) -> Result<DkimKey, KeyError> {
        match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            Ok(pair) => Ok(DkimKey(Pair::Ed25519(pair))),
            Err(_) => RsaKeyPair::from_pkcs8(der).map_err(rejected).and_then(of_rsa),
        }
    }

    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Pair::Rsa(_) => Algorithm::Rsa,
            Pair::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// What the TXT record at [`record_name`] says (RFC 6376 §3.6.1).
    pub fn record(&self) -> String {
        match &self.0 {
            Pair::Rsa(pair) => {
                let der = pair.public_key().as_der();
                format!("v=DKIM1; k=rsa; p={}", der.map(|der| STANDARD.encode(der.as_ref())).unwrap_or_default())
            }
            Pair::Ed25519(pair) => format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(pair.public_key())),
        }
    }
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DkimKey").field(&self.algorithm()).finish()
    }
}

/// Where in the DNS a key is published.
pub fn record_name(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

/// Whether a text can be a selector: labels of 1 to 63 letters, digits and hyphens, none at an end (RFC 6376 §3.1).
pub fn is_selector(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.split('.').all(is_label)
}

/// Everything that a mail is signed with.
#[derive(Debug)]
pub struct Signer {
    domain: String,
    /// Selector and key.
    keys: Vec<(String, DkimKey)>,
}

/// The library couldn't sign. Nothing about the mail makes this happen.
#[derive(Debug, thiserror::Error)]
#[error("the mail can't be signed: {0}")]
pub struct SignError(#[from] mail_auth::Error);

impl Signer {
    pub fn new(domain: String, keys: Vec<(String, DkimKey)>) -> Signer {
        Signer { domain, keys }
    }

    pub fn domain(&self) -> &str {
        &self.domain
    }

    pub fn selectors(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(selector, _)| selector.as_str())
    }

    pub fn has(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|(_, key)| key.algorithm() == algorithm)
    }

    /// Whether mails from this address belong to the domain that signs: only then does a signature speak for them
    /// (RFC 9989, alignment).
    pub fn covers(&self, sender: &Address) -> bool {
        let domain = sender.domain().to_ascii_lowercase();
        let above = domain.strip_suffix(&self.domain);
        above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// The mail with one signature a key before it. `at` is the mail's Date, to the second: it stands in the signature.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(&self, message: &[u8], at: Timestamp) -> Result<Vec<u8>, SignError> {
        let mut signed = Vec::with_capacity(message.len() + 1024 * self.keys.len());
        for (selector, key) in &self.keys {
            let mut header = Vec::with_capacity(1024);
            self.signature(selector, &key.0, message, at)?.write_header(&mut header);
            // The library's first line is long, and a fold is as good as a space (RFC 6376 §3.4.2).
            let domain = memchr::memmem::find(&header, b" d=").unwrap_or(header.len());
            signed.extend_from_slice(&header[..domain]);
            signed.extend_from_slice(b"\r\n\t");
            signed.extend_from_slice(header.get(domain + 1..).unwrap_or_default());
        }
        signed.extend_from_slice(message);
        Ok(signed)
    }

    fn signature(&self, selector: &str, key: &Pair, message: &[u8], at: Timestamp) -> mail_auth::Result<Signature> {
        let (headers, body) = split(message);
        let mut covered = Vec::new();
        let mut named = Vec::new();
        for (name, once_more) in OVERSIGNED.iter().map(|name| (name, true)).chain(SIGNED.iter().map(|it| (it, false))) {
            // Receivers take the headers of one name from the last to the first.
            let found = headers.iter().rev().filter(|(it, _)| it.eq_ignore_ascii_case(name.as_bytes()));
            let before = covered.len();
            covered.extend(found);
            let times = covered.len() - before + usize::from(once_more);
            named.extend(std::iter::repeat_n(name.to_string(), times));
        }
        let mut signature = Signature {
            v: 1,
            a: key.algorithm(),
            d: self.domain.clone(),
            s: selector.to_string(),
            h: named,
            t: u64::try_from(at.as_second()).unwrap_or_default(),
            bh: key.hash(Canonicalization::Relaxed.canonical_body(body, 0)).as_ref().to_vec(),
            ..Signature::default()
        };
        signature.b = key.sign(Unsigned { headers: covered, signature: &signature })?;
        Ok(signature)
    }
}

/// Name and value of a header; the value with its folds and its line end.
type Header<'a> = (&'a [u8], &'a [u8]);

/// The headers of a mail as we build it, and its body.
fn split(message: &[u8]) -> (Vec<Header<'_>>, &[u8]) {
    let mut headers = Vec::new();
    let mut rest = message;
    while !rest.is_empty() && !rest.starts_with(b"\r\n") {
        let (header, behind) = rest.split_at(header_end(rest));
        let colon = memchr::memchr(b':', header).unwrap_or(0);
        headers.push((&header[..colon], header.get(colon + 1..).unwrap_or_default()));
        rest = behind;
    }
    (headers, rest.get(2..).unwrap_or_default())
}

/// Where the first header ends, with its folded lines and its line end.
fn header_end(text: &[u8]) -> usize {
    let mut ends = memchr::memmem::find_iter(text, b"\r\n").map(|at| at + 2);
    ends.find(|end| !matches!(text.get(*end), Some(b' ' | b'\t'))).unwrap_or(text.len())
}

/// A mail without the signatures that stand before it.
pub fn unsigned(message: &[u8]) -> &[u8] {
    let mut rest = message;
    while rest.starts_with(HEADER) {
        rest = &rest[header_end(rest)..];
    }
    rest
}

/// What is signed besides the body: the headers, and the signature without its value (RFC 6376 §3.7).
struct Unsigned<'a> {
    headers: Vec<Header<'a>>,
    signature: &'a Signature,
}

impl Writable for Unsigned<'_> {
    fn write(self, writer: &mut impl Writer) {
        Canonicalization::Relaxed.canonicalize_headers(self.headers.into_iter(), writer);
        self.signature.write(writer, false);
    }
}

impl SigningKey for Pair {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        let failed = |_| mail_auth::Error::Crypto(CryptoError::Library("signing failed".to_string()));
        match self {
            Pair::Rsa(pair) => {
                let mut data = Vec::with_capacity(2048);
                input.write(&mut data);
                let mut signature = vec![0; pair.public_modulus_len()];
                // PKCS#1 v1.5 draws no random number.
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &data, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            // RFC 8463 §3: the hash is what is signed.
            Pair::Ed25519(pair) => {
                let signature = pair.try_sign(self.hash(input).as_ref()).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Pair::Rsa(_) => SignatureAlgorithm::RsaSha256,
            Pair::Ed25519(_) => SignatureAlgorithm::Ed25519Sha256,
        }
    }
}

fn of_rsa(pair: RsaKeyPair) -> Result<DkimKey, KeyError> {
    if pair.public_modulus_len() * 8 > MOST_BITS { Err(KeyError::Long) } else { Ok(DkimKey(Pair::Rsa(pair))) }
}

fn rejected(error: aws_lc_rs::error::KeyRejected) -> KeyError {
    match error.to_string().as_str() {
        "TooSmall" => KeyError::Short,
        "TooLarge" => KeyError::Long,
        _ => KeyError::Kind,
    }
}

/// The label and the content of the first block (RFC 7468); text before it is a comment.
fn read_pem(pem: &str) -> Result<(&str, Vec<u8>), KeyError> {
    let (_, begun) = pem.split_once("-----BEGIN ").ok_or(KeyError::NotPem)?;
    let (label, rest) = begun.split_once("-----").ok_or(KeyError::NotPem)?;
    let (content, _) = rest.split_once(&format!("-----END {label}-----")).ok_or(KeyError::NotPem)?;
    if content.contains("ENCRYPTED") {
        return Err(KeyError::Locked);
    }
    let content: String = content.split_whitespace().collect();
    Ok((label, STANDARD.decode(content).map_err(|_| KeyError::Kind)?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a key that can't be read is a failed test")]
mod tests;
