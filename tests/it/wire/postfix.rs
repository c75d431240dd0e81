//! A real Postfix between the program and its readers: TLS and login by OpenSSL and Cyrus, what it takes, hands on and
//! reports back. Where none can be started (it takes root, and Debian's packages) that is said, and with `CI=true` it fails.

use crate::program::DISCLAIMER;
use crate::program::POSTAL_ADDRESS;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::judge;
use crate::program::until_or;
use crate::wire::openssl::Authority;
use crate::wire::openssl::DAILY;
use dripline::message::DkimKey;
use dripline::message::record_name;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::fs::Permissions;
use std::net::TcpListener;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const LESSONS: [&str; 3] = ["one", "two", "three"];
/// The last is refused behind Postfix.
const READERS: [&str; 5] =
    ["ana@example.org", "o'neil+list@example.org", "zoe@bücher.example", "jürgen@example.org", "gone@example.org"];
const ARRIVE: [&str; 4] =
    ["ana@example.org", "o'neil+list@example.org", "zoe@xn--bcher-kva.example", "jürgen@example.org"];
const KEYS: [(&str, &str); 2] =
    [("d1", include_str!("../../keys/rsa.pem")), ("d2", include_str!("../../keys/ed25519.pem"))];

/// A Postfix of our own in a folder of its own, on loopback; it ends with this.
struct Postfix {
    folder: TempDir,
    port: u16,
}

impl Postfix {
    /// One that takes mail from who logs in under TLS, and hands everything to the sink.
    fn start(sink: &Sink, mechanism: &str) -> Postfix {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        // Its processes run as another user.
        fs::set_permissions(at, Permissions::from_mode(0o755)).unwrap();
        Authority::new(at).certify("relay", "localhost", 30);
        let port = free_port();
        fs::write(at.join("main.cf"), main_cf(at, sink)).unwrap();
        fs::write(at.join("master.cf"), format!("127.0.0.1:{port} inet n - n - - smtpd\n{MASTER_CF}")).unwrap();
        let database = at.join("sasldb2");
        fs::create_dir(at.join("sasl")).unwrap();
        let sasl = format!(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\nmech_list: {mechanism}\n",
            database.display()
        );
        fs::write(at.join("sasl/smtpd.conf"), sasl).unwrap();
        fs::create_dir(at.join("queue")).unwrap();
        fs::create_dir(at.join("data")).unwrap();
        shell(at, "printf right | saslpasswd2 -p -c -f ./sasldb2 -u relay.example.org dripline");
        shell(at, "chown postfix data sasldb2");
        shell(at, "postfix -c \"$PWD\" start");
        let postfix = Postfix { folder, port };
        let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        until_or("Postfix", SOON, listens, || postfix.log());
        postfix
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn site(&self) -> Site {
        let more = format!(
            "password_file = \"secrets/smtp\"\nca_file = \"{}\"\nconnections = 3\n\n[dkim]\ndomain = \"learn.example.org\"\n\
             keys = [{{ selector = \"d1\", file = \"secrets/d1\" }}, {{ selector = \"d2\", file = \"secrets/d2\" }}]",
            self.folder.path().join("ca.pem").display()
        );
        let site = Site::new("smtp://127.0.0.1", "");
        for (file, text) in [("smtp", "right"), KEYS[0], KEYS[1]] {
            site.write(&format!("secrets/{file}"), text);
            let path = site.path().join("secrets").join(file);
            fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        }
        site.configure(&format!("smtp://dripline@localhost:{}", self.port), &more);
        site
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        Command::new("postfix").arg("-c").arg(self.folder.path()).arg("stop").output().ok();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn shell(folder: &Path, line: &str) {
    let ran = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn main_cf(at: &Path, sink: &Sink) -> String {
    let (at, sink) = (at.display(), sink.url().trim_start_matches("smtp://").replace("127.0.0.1", "[127.0.0.1]"));
    format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\ncommand_directory = /usr/sbin\n\
         daemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\nsetgid_group = postdrop\nmaillog_file = {at}/log\n\
         maillog_file_prefixes = {at}\nmyhostname = relay.example.org\nmydestination =\nlocal_transport = error:nobody\n\
         alias_maps =\nalias_database =\ninet_interfaces = loopback-only\ninet_protocols = ipv4\nsmtputf8_enable = yes\n\
         relayhost = {sink}\nmynetworks =\nsmtpd_relay_restrictions = permit_sasl_authenticated, reject\n\
         smtpd_tls_security_level = encrypt\nsmtpd_tls_cert_file = {at}/relay.pem\nsmtpd_tls_key_file = {at}/relay.key\n\
         smtpd_tls_auth_only = yes\nsmtpd_tls_received_header = yes\nsmtpd_sasl_auth_enable = yes\n\
         cyrus_sasl_config_path = {at}/sasl\nsmtpd_sasl_path = smtpd\nnotify_classes =\n{STRICT}"
    )
}

/// As hard to please as Postfix can be. Not `strict_7bit_headers`: by that it refuses its own note of an international address.
const STRICT: &str = "\
strict_rfc821_envelopes = yes
strict_8bitmime_body = yes
strict_mime_encoding_domain = yes
smtpd_forbid_bare_newline = yes
smtpd_forbid_unauth_pipelining = yes
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender
smtpd_recipient_restrictions = reject_non_fqdn_recipient, permit_sasl_authenticated, reject
smtpd_data_restrictions = reject_unauth_pipelining, reject_multi_recipient_bounce
smtpd_hard_error_limit = 1
";

const MASTER_CF: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// Whether a Postfix can be started here; where it must be, that is required.
pub fn is_there() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0);
    let programs = ["/usr/sbin/postfix", "/usr/sbin/saslpasswd2", "/usr/bin/openssl"];
    let python = Command::new("/usr/bin/python3").args(["-c", "import dkim, nacl"]).output();
    let is_judged = python.is_ok_and(|ran| ran.status.success());
    let is_there = is_root && is_judged && programs.iter().all(|it| Path::new(it).exists());
    if !is_there {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "no Postfix can be started; see .ci/install, and be root"
        );
        println!("not tested: a real Postfix, which takes root and what .ci/install installs");
    }
    is_there
}

#[test]
fn a_whole_course_goes_through_a_real_postfix_once_and_unharmed() {
    if !is_there() {
        return;
    }
    let sink = Sink::start("to=gone@example.org rcpt reply \"550 5.1.1 nobody\"");
    let postfix = Postfix::start(&sink, "PLAIN");
    let site = postfix.site();
    site.course("path", &LESSONS, DAILY);
    for reader in READERS {
        let words =
            ["subscriber", "add", reader, "--course", "path", "--name", "Zoë", "--confirmed", "--source", "paper"];
        site.good(&words);
    }
    let daemon = site.serve(&["--day", "2s"]);
    // Three lessons and the goodbye for everybody; of the mails to nobody, reports come back.
    let state = || format!("{:?}\n{}\n{}", site.deliveries(), daemon.told(), postfix.log());
    until_or("the mails and the reports", Duration::from_secs(60), || sink.accepted().len() == 20, state);
    assert_eq!(site.deliveries()["accepted"], 20);
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");
    assert_eq!(sink.accepted().len(), 20);

    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in sink.accepted() {
        arrived.entry(mail.to).or_default().push(mail.message_id);
    }
    for reader in ARRIVE {
        let ids = arrived.get_mut(reader).unwrap_or_else(|| panic!("{reader} got nothing"));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4, "{reader}");
    }
    check_mails(&sink);
    check_reports(&sink);
}

#[test]
fn a_wrong_password_is_refused_by_a_real_postfix_and_told() {
    if !is_there() {
        return;
    }
    let sink = Sink::start("");
    let postfix = Postfix::start(&sink, "LOGIN");
    let site = postfix.site();
    site.course("path", &["one"], DAILY);
    site.write("secrets/smtp", "wrong");
    site.good(&["subscriber", "add", "ana@example.org", "--course", "path", "--confirmed", "--source", "paper"]);
    let daemon = site.serve(&[]);
    let problems = || site.json(&["status", "--json"])["problems"].to_string();
    until_or("the alarm", SOON, || problems().contains("refuses us at auth with 535"), problems);
    daemon.stop();
    assert_eq!((site.deliveries()["ready"], sink.accepted().len()), (1, 0));

    site.write("secrets/smtp", "right");
    let daemon = site.serve(&[]);
    until_or("the mail", SOON, || sink.accepted().len() == 1, || postfix.log());
    daemon.stop();
    assert!(postfix.log().contains("sasl_method=LOGIN"), "{}", postfix.log());
}

/// The files of the sink by whom they are to.
fn files<'a>(sink: &'a Sink, wanted: &'a dyn Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let names = fs::read_dir(sink.mails()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| wanted(name)).collect();
    names.sort();
    names.iter().map(|name| fs::read(sink.mails().join(name)).unwrap()).collect()
}

fn is_report(name: &str) -> bool {
    name.contains("-bounces+")
}

/// Python's strict parser, a wire lint and dkimpy, on what Postfix made of our mails.
fn check_mails(sink: &Sink) {
    let question = json!({
        "folder": sink.mails(),
        "site": "https://learn.example.org",
        "domain": "learn.example.org",
        "both": [DISCLAIMER, POSTAL_ADDRESS],
        "without": "-bounces+",
    });
    let judged = judge("mail.py", &question);
    let judged = judged.as_array().unwrap();
    assert_eq!(judged.len(), ARRIVE.len() * (LESSONS.len() + 1));
    for mail in judged {
        assert_eq!(mail["defects"], json!([]), "{mail:#}");
    }
    let records = KEYS.map(|(selector, pem)| {
        let record = DkimKey::from_pem(pem).unwrap().record();
        (record_name(selector, "learn.example.org"), Value::from(record))
    });
    let question = json!({ "folder": sink.mails(), "records": serde_json::Map::from_iter(records) });
    let signatures = judge("dkimpy.py", &question);
    for (file, holds) in signatures.as_object().unwrap().iter().filter(|(file, _)| !is_report(file)) {
        assert_eq!(holds, &json!([true, true]), "{file}");
    }
    for mail in files(sink, &|name| !is_report(name)) {
        let head = String::from_utf8_lossy(&mail).split("\r\n\r\n").next().unwrap().to_string();
        // RFC 3848, 6531 §4.3: with TLS and login, as Postfix saw it.
        let by_postfix = head.contains("with ESMTPSA") || head.contains("with UTF8SMTPSA");
        assert!(by_postfix && head.contains("using TLSv1.3"), "{head}");
    }
}

/// RFC 3464: each report names the delivery as we did, and the reader, and has no more of the mail than its headers.
fn check_reports(sink: &Sink) {
    let reports = files(sink, &is_report);
    assert_eq!(reports.len(), 4);
    let named: Vec<String> =
        sink.accepted().into_iter().map(|it| it.to).filter(|to| to.starts_with("bounces+")).collect();
    assert_eq!(named.len(), 4);
    for report in reports {
        let report = String::from_utf8(report).unwrap();
        let field = |name: &str| {
            let found = report.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_else(|| panic!("no {name} in {report}")).trim().to_string()
        };
        let id = field("Original-Envelope-Id:");
        assert!(named.contains(&format!("{id}@learn.example.org")), "{id}");
        assert_eq!(field("Original-Recipient:"), "rfc822;gone@example.org");
        assert_eq!((field("Action:"), field("Status:")), ("failed".to_string(), "5.1.1".to_string()));
        assert!(report.contains("Content-Type: text/rfc822-headers") && !report.contains("Dear Zo"), "{report}");
    }
}
