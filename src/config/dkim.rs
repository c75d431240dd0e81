//! `[dkim]`: the domain and the keys that sign our mails. Reads the keys, and signs nothing.

use crate::address::Address;
use crate::config::secret;
use crate::keys::Keys;
use crate::message::Algorithm;
use crate::message::DkimKey;
use crate::message::Signer;
use crate::message::is_selector;
use secrecy::ExposeSecret as _;
use std::path::Path;

/// `None` when the relay signs; also when a key can't be used, which is reported.
pub fn dkim(keys: &Keys<'_>, base: &Path, sender: Option<&Address>) -> Option<Signer> {
    let dkim = keys.table("dkim")?;
    let domain = domain(&dkim);
    let tables = dkim.tables("keys");
    if tables.is_empty() && dkim.has("keys") {
        dkim.error(dkim.span(), "`dkim.keys` has no key in it", "add one, or remove the table if the relay signs");
    }
    let mut taken = Vec::new();
    let signs = domain.as_deref().unwrap_or("DOMAIN");
    let read: Vec<_> = tables.iter().map(|key| named_key(key, base, signs, &mut taken)).collect();
    dkim.missing("domain", "write the domain that signs, which the sender's address belongs to");
    dkim.missing(
        "keys",
        "write keys = [{ selector = \"d1\", file = \"secrets/dkim-rsa.pem\" }]; `dripline dkim-key` makes them",
    );
    dkim.finish();
    let signer = Signer::new(domain?, read.into_iter().collect::<Option<_>>()?);
    if !signer.has(Algorithm::Rsa) && !tables.is_empty() {
        let message = "`dkim.keys` has no RSA key, and most receivers read no other";
        dkim.warning(dkim.span(), message, "make one with `dripline dkim-key --algorithm rsa` and keep both");
    }
    if let Some(sender) = sender.filter(|sender| !signer.covers(sender)) {
        let message = format!("`dkim.domain` isn't the domain of `sender.address`, {}, or above it", sender.domain());
        let help = "receivers count a signature only for mails of its own domain (DMARC): make the two agree";
        let span = dkim.string("domain").map_or(0..0, |domain| domain.span());
        dkim.error(span, message, help);
    }
    Some(signer)
}

fn named_key(key: &Keys<'_>, base: &Path, domain: &str, taken: &mut Vec<String>) -> Option<(String, DkimKey)> {
    let selector = selector(key, taken);
    let absent = key.string("file").filter(|file| !base.join(file.get_ref()).exists());
    if let Some(file) = &absent {
        let message = format!("`{}`: there is no {}", key.path("file"), base.join(file.get_ref()).display());
        let name = selector.as_deref().unwrap_or("d1");
        let help = format!(
            "correct the path, or make it: dripline dkim-key --algorithm rsa --selector {name} --domain {domain} --out {}",
            file.get_ref()
        );
        key.error(file.span(), message, help);
    }
    let pem = if absent.is_none() { secret::file(key, "file", base) } else { None };
    key.missing("selector", "write the name under which the public key stands in the DNS");
    key.missing("file", "name the file with the private key in PEM");
    let read = pem.and_then(|pem| match DkimKey::from_pem(pem.expose_secret()) {
        Ok(read) => Some(read),
        Err(error) => {
            let (file, span) = key.string("file").map(|file| (file.get_ref().clone(), file.span()))?;
            let message = format!("`{}`: {}: {error}", key.path("file"), base.join(file).display());
            key.error(span, message, "name an RSA or Ed25519 key; `dripline dkim-key` makes both");
            None
        }
    });
    key.finish();
    Some((selector?, read?))
}

fn domain(dkim: &Keys<'_>) -> Option<String> {
    let text = dkim.text("domain")?;
    let domain = idna::domain_to_ascii_strict(text.get_ref()).ok().filter(|domain| domain.contains('.'));
    if domain.is_none() {
        dkim.error(text.span(), "`dkim.domain` isn't a domain name", "write it like learn.example.org");
    }
    domain
}

fn selector(key: &Keys<'_>, taken: &mut Vec<String>) -> Option<String> {
    let text = key.text("selector")?;
    if !is_selector(text.get_ref()) {
        let message = format!("`{}` isn't a name of the DNS", key.path("selector"));
        key.error(text.span(), message, "use letters, digits and hyphens, at most 63, like d1");
        return None;
    }
    if taken.contains(text.get_ref()) {
        let message = format!("`{}` is another key's: a selector names one key", key.path("selector"));
        key.error(text.span(), message, "give this one a name of its own");
        return None;
    }
    taken.push(text.get_ref().clone());
    Some(text.into_inner())
}
