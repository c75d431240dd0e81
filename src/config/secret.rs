//! Secrets: files that only their owner may read, and their absence from whatever is printed. Knows no use of them.

use crate::keys::Keys;
use crate::keys::nearest;
use secrecy::SecretString;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const OTHERS: u32 = 0o077;

/// The text of the file that `key` names, without one newline at its end. A file that others may open is refused.
pub fn file(keys: &Keys<'_>, key: &str, base: &Path) -> Option<SecretString> {
    let name = keys.text(key)?;
    let path = base.join(name.get_ref());
    let problem = match read(&path) {
        Ok(Secret::Text(text)) => return Some(SecretString::from(text)),
        Ok(Secret::Empty) => ("is empty".to_string(), "write the secret into it".to_string()),
        Ok(Secret::Open) => {
            let help = format!("run: chmod 600 {}", path.display());
            ("may be read by other users of this machine".to_string(), help)
        }
        Err(error) => (format!("can't be read ({error})"), "correct the path, which begins at this file".to_string()),
    };
    let (message, help) = problem;
    keys.error(name.span(), format!("`{}`: {} {message}", keys.path(key), path.display()), help);
    None
}

enum Secret {
    Text(String),
    Empty,
    Open,
}

fn read(path: &Path) -> std::io::Result<Secret> {
    let mut file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    if file.metadata()?.permissions().mode() & OTHERS != 0 {
        return Ok(Secret::Open);
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(if line.is_empty() { Secret::Empty } else { Secret::Text(line.to_string()) })
}

/// The same text, byte for byte as long and with the same lines, with stars where a secret was written: problems quote
/// the lines round them. Works by lines and not by syntax, because a file with an error in it is quoted most.
pub fn masked(text: &str) -> String {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('=') {
        let before = text[..at].rsplit(['\n', '{', ',', '.', '?', '&']).next().unwrap_or_default();
        if sounds_secret(before.trim().trim_matches(['"', '\''])) {
            hidden.push(at + 1..value_end(text, at + 1));
        }
    }
    for (at, _) in text.match_indices("://") {
        let start = at + "://".len();
        // Up to the last @ of the text: a password with a slash or an @ in it is hidden whole.
        let end = text[start..].find(['"', '\'', '\n']).map_or(text.len(), |length| start + length);
        let user = text[start..end].rfind('@').map_or(start..start, |length| start..start + length);
        if let Some(colon) = text[user.clone()].find(':') {
            hidden.push(user.start + colon + 1..user.end);
        }
    }
    let mut bytes = text.as_bytes().to_vec();
    for byte in hidden.into_iter().flat_map(|range| range.into_iter()) {
        if bytes[byte] != b'\n' {
            bytes[byte] = b'*';
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Also misspelt: a key that is unknown is quoted with its line.
fn sounds_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    !key.contains("file") && nearest(&key, ["password", "passphrase", "secret", "token"].into_iter()).is_some()
}

/// A value ends with its line, a text in three quotes with the next three.
fn value_end(text: &str, start: usize) -> usize {
    let value = &text[start..];
    let begun = value.trim_start_matches([' ', '\t']);
    let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| begun.starts_with(quotes));
    let length = match quotes {
        None => value.find('\n'),
        Some(quotes) => {
            let opened = value.len() - begun.len() + quotes.len();
            value[opened..].find(quotes).map(|n| opened + n)
        }
    };
    length.map_or(text.len(), |length| start + length)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn a_secret_written_into_the_file_is_not_quoted() {
        let check = |text: &str| {
            let masked = masked(text);
            assert!(!masked.contains("hunter2"), "{masked}");
            assert_eq!(masked.len(), text.len());
            assert_eq!(masked.lines().count(), text.lines().count());
        };
        check("password = \"hunter2\"\nhost = 1");
        check("Password=hunter2");
        check("pasword = 'hunter2'");
        check("relay = [{ url = \"x\", \"password\" = \"hunter2\" }]");
        check("relay.password = \"\"\"\nhunter2\n\"\"\"");
        check("url = \"smtp://user:hunter2@example.org\"");
        check("url = \"postgres://u:a:hunter2@x@host/db\"");
        check("url = \"smtp://u:a/hunter2@host\"");
        check("url = \"postgres://db.example.org/mails?user=ana&password=hunter2\"");
        check("# password = \"hunter2\"");
        check("secret = \"é hunter2 é\"");
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        let check = |text: &str| assert_eq!(masked(text), text);
        check("password_file = \"secrets/smtp\"");
        check("url = \"smtp://user@smtp.example.org:587\"");
        check("url = \"https://example.org:8080/a\"\nname = \"Ana = Bob\"");
    }

    #[test]
    fn a_secret_file_is_read_without_its_newline_unless_others_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let check = |content: &str, mode: u32, expect: Option<&str>| {
            let path = folder.path().join("secret");
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let text = match read(&path).unwrap() {
                Secret::Text(text) => Some(text),
                Secret::Empty | Secret::Open => None,
            };
            assert_eq!(text.as_deref(), expect, "{content:?} {mode:o}");
            std::fs::remove_file(&path).unwrap();
        };
        check("hunter2\n", 0o600, Some("hunter2"));
        check("hunter2\r\n", 0o400, Some("hunter2"));
        check(" hunter2 \n\n", 0o600, Some(" hunter2 \n"));
        check("\n", 0o600, None);
        check("hunter2", 0o640, None);
        check("hunter2", 0o604, None);
        check("hunter2", 0o610, None);
    }
}
