//! What the mailbox keeps: files that a person can open, and a log that survives a crash.

use crate::wire::BODY;
use crate::wire::mailbox_with;
use crate::wire::open;
use crate::wire::send;
use dripline::mailbox;
use sha2::Digest;
use sha2::Sha256;
use tokio::task::JoinSet;

#[tokio::test]
async fn each_mail_becomes_a_file_and_numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let settings = mailbox::Settings { folder: Some(folder.path().join("inbox")), ..mailbox::Settings::default() };
        let mailbox = mailbox_with(settings);
        assert_eq!(send(&mut open(&mailbox).await, BODY).await, "said dot 250");
    }
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("inbox"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["0001-ana@example.org-day-1.eml", "0002-ana@example.org-day-1.eml"]);
    assert_eq!(std::fs::read(folder.path().join("inbox").join(&names[1])).unwrap(), BODY);
}

#[tokio::test]
async fn the_log_has_a_line_for_every_answered_mail_of_many_connections() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let settings = mailbox::Settings { log: Some(log.clone()), forgetful: true, ..mailbox::Settings::default() };
    let mailbox = std::sync::Arc::new(mailbox_with(settings));
    let mut senders = JoinSet::new();
    for _ in 0..20 {
        let mailbox = mailbox.clone();
        senders.spawn(async move {
            let mut session = open(&mailbox).await;
            for _ in 0..5 {
                assert_eq!(send(&mut session, BODY).await, "said dot 250");
            }
        });
    }
    mailbox.wait_for(100).await;
    senders.join_all().await;
    let digest: String = Sha256::digest(BODY).iter().map(|byte| format!("{byte:02x}")).collect();
    let line = format!("<1@example.org>\t{digest}\tana@example.org\n");
    assert_eq!(std::fs::read_to_string(log).unwrap(), line.repeat(100));
    assert!(mailbox.received().is_empty() && mailbox.heard().is_empty());
}
