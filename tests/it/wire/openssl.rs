//! TLS as OpenSSL speaks it: its certificates, its old versions, and what the operator reads when a relay can't prove
//! who it is. Knows no SMTP.

use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until_or;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

pub const DAILY: &str = "wait = \"1 day\"\nsend = \"30 8 * * *\"";

/// An authority in a folder, `ca.pem`, that signs certificates there.
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    pub fn new(folder: &Path) -> Authority {
        let made = Authority { folder: folder.to_path_buf() };
        made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority");
        made
    }

    /// `FILE.pem` and `FILE.key` for a host, valid for so many days from now.
    pub fn certify(&self, file: &str, host: &str, days: i32) {
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {file}.key -out {file}.csr -subj /CN={host} \
             -addext subjectAltName=DNS:{host}"
        ));
        self.openssl(&format!(
            "x509 -req -in {file}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy -days {days} -out {file}.pem"
        ));
    }

    fn openssl(&self, words: &str) {
        let ran = Command::new("openssl").args(words.split(' ')).current_dir(&self.folder).output();
        let ran = ran.unwrap_or_else(|error| {
            panic!("openssl can't be started ({error}); the tests need it as a judge of TLS: `apt-get install openssl`")
        });
        assert!(ran.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

/// `openssl s_server`, which ends with this.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start(folder: &Path, certificate: &str, more: &str) -> Server {
        let printed = folder.join("s_server");
        let words = format!("s_server -accept 127.0.0.1:0 -cert {certificate}.pem -key {certificate}.key {more}");
        let mut command = Command::new("openssl");
        command.args(words.split_whitespace()).current_dir(folder).stdin(Stdio::piped());
        let output = fs::File::create(&printed).unwrap();
        let child = command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
        let mut port = String::new();
        let said = || fs::read_to_string(&printed).unwrap_or_default();
        let find = || {
            let said = said();
            let found = said.lines().find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:"));
            port = found.unwrap_or_default().to_string();
            !port.is_empty() && said.ends_with('\n')
        };
        until_or("s_server", SOON, find, said);
        Server { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_relay_that_cannot_prove_who_it_is_gets_nothing_and_the_operator_reads_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.certify("good", "localhost", 30);
    authority.certify("expired", "localhost", -1);
    authority.certify("other", "other.example.org", 30);
    for (certificate, more, expect) in [
        (
            "good",
            "-tls1_1 -cipher DEFAULT@SECLEVEL=0",
            "speaks neither TLS 1.2 nor 1.3; have its TLS brought up to date",
        ),
        ("expired", "", "certificate has expired; have it renewed"),
        ("other", "", "certificate is for another name; write the name that it is for into the relay's `url`"),
    ] {
        let server = Server::start(folder.path(), certificate, more);
        let relay = format!("smtps://localhost:{}", server.port);
        let ca_file = format!("ca_file = \"{}\"", folder.path().join("ca.pem").display());
        check(&relay, &ca_file, expect);
    }
}

#[test]
fn an_authority_that_nobody_named_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    Authority::new(folder.path()).certify("good", "localhost", 30);
    let server = Server::start(folder.path(), "good", "");
    check(
        &format!("smtps://localhost:{}", server.port),
        "",
        "from an authority that we don't trust; name that authority",
    );
}

/// Nothing leaves to this relay, the status says why in these words, and with another relay all arrives once.
fn check(relay: &str, more: &str, expect: &str) {
    let site = Site::new(relay, more);
    site.course("path", &["one"], DAILY);
    for reader in ["ana@example.org", "ben@example.org"] {
        site.good(&["subscriber", "add", reader, "--course", "path", "--confirmed", "--source", "a paper form"]);
    }
    let daemon = site.serve(&[]);
    let problems = || site.json(&["status", "--json"])["problems"].to_string();
    let told = || {
        let problems = problems();
        problems.contains(&format!("{relay} refuses us at tls")) && problems.contains(expect)
    };
    until_or(expect, SOON, told, problems);
    daemon.tells(expect);
    daemon.stop();
    assert_eq!(site.deliveries()["ready"], 2, "{:?}", site.deliveries());

    let sink = Sink::start("");
    site.configure(sink.url(), "");
    let daemon = site.serve(&[]);
    sink.wait_for(2, SOON);
    daemon.stop();
    let mut readers: Vec<String> = sink.accepted().into_iter().map(|mail| mail.to).collect();
    readers.sort();
    assert_eq!(readers, ["ana@example.org", "ben@example.org"]);
    assert_eq!(site.good(&["verify"]), "");
}
