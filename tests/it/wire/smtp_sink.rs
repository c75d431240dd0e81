//! Very many mails to a receiver that isn't ours: Postfix's, made for measuring. Where there is none, see `postfix`.

use crate::program::SOON;
use crate::program::Site;
use crate::program::until;
use crate::program::until_or;
use crate::wire::openssl::DAILY;
use crate::wire::postfix::free_port;
use crate::wire::postfix::is_there;
use std::collections::BTreeSet;
use std::fs;
use std::fs::Permissions;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

/// It keeps each mail with its envelope in a file and ends with this.
struct SmtpSink {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl SmtpSink {
    fn start(flags: &[&str]) -> SmtpSink {
        let folder = tempfile::tempdir().unwrap();
        // It drops its rights.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let port = free_port();
        let files = folder.path().join("%M.").display().to_string();
        let mut command = Command::new("smtp-sink");
        command.args(["-u", "nobody", "-d", &files]).args(flags).args([&format!("127.0.0.1:{port}"), "100"]);
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let sink = SmtpSink { child, folder, port };
        until("smtp-sink", SOON, || TcpStream::connect(("127.0.0.1", port)).is_ok());
        sink
    }

    fn count(&self) -> usize {
        fs::read_dir(self.folder.path()).unwrap().count()
    }

    /// The arguments of MAIL and of RCPT of every mail.
    fn envelopes(&self) -> Vec<(String, String)> {
        let read = |path: PathBuf| {
            let text = fs::read_to_string(path).unwrap();
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_string();
            (field("X-Mail-Args: "), field("X-Rcpt-Args: "))
        };
        fs::read_dir(self.folder.path()).unwrap().map(|entry| read(entry.unwrap().path())).collect()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn two_thousand_mails_over_many_connections_reach_a_foreign_sink_once_each() {
    if !is_there() {
        return;
    }
    // The second speaks the old way: no PIPELINING, one command after the other.
    for (people, flags) in [(2000, &[][..]), (100, &["-p"])] {
        let sink = SmtpSink::start(flags);
        let site = Site::new(&format!("smtp://127.0.0.1:{}", sink.port), "connections = 8");
        site.course("path", &["one"], DAILY);
        let rows: String = (0..people).map(|n| format!("reader{n}@example.org,path,a paper form\n")).collect();
        site.write("people.csv", &format!("email,course,source\n{rows}"));
        site.good(&["import", "people.csv"]);
        let daemon = site.serve(&[]);
        let limit = Duration::from_secs(60);
        until_or("the mails", limit, || sink.count() >= people, || format!("{} arrived", sink.count()));
        until("their records", SOON, || site.deliveries()["accepted"] == people as i64);
        daemon.stop();
        let envelopes = sink.envelopes();
        let senders: BTreeSet<&str> = envelopes.iter().map(|(mail, _)| mail.split(' ').next().unwrap()).collect();
        let readers: BTreeSet<&str> = envelopes.iter().map(|(_, rcpt)| rcpt.split(' ').next().unwrap()).collect();
        assert_eq!((envelopes.len(), senders.len(), readers.len()), (people, people, people));
        for (mail, rcpt) in &envelopes {
            let (address, rest) = mail.split_once("@learn.example.org> RET=HDRS ENVID=").unwrap();
            assert_eq!(rest.split(' ').next().unwrap(), address[1..].replace('+', "+2B"), "{mail}");
            let reader = rcpt.trim_start_matches('<').split('>').next().unwrap();
            assert_eq!(rcpt, &format!("<{reader}> NOTIFY=FAILURE,DELAY ORCPT=rfc822;{reader}"));
        }
        assert_eq!(site.good(&["verify"]), "");
    }
}
