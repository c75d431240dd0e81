//! Two daemons where one should be: on one file, and on a copy of it.

use super::Ground;
use super::LONG;
use super::PEOPLE;
use super::copy_folder;
use super::shim::Faults;
use crate::program::SOON;
use crate::program::Site;
use crate::program::until;
use std::fs;

#[test]
fn a_copy_of_the_database_sends_nothing_until_a_human_says_whether_it_was_made_at_work_or_at_rest() {
    let ground = Ground::new("every=1 dot delay 20ms");
    let daemon = ground.serve(&Faults::default());
    until("some mails", LONG, || ground.mails().len() >= PEOPLE / 3);
    let at_work = copied(&ground);
    until("all mails", LONG, || ground.mails().len() == PEOPLE);
    daemon.program.stop();
    let at_rest = copied(&ground);
    for (copy, when) in [(&at_work, "at work"), (&at_rest, "at rest")] {
        let daemon = copy.serve(&[]);
        until("the hold", SOON, || {
            let held = copy.json(&["status", "--json"])["held"][0].as_str().unwrap_or_default().to_string();
            held.contains("is a copy or was restored")
        });
        daemon.stop();
        assert_eq!(copy.good(&["verify"]), "", "{when}");
    }
    assert_eq!(ground.sink.accepted().len(), PEOPLE, "a copy sent something");
    // The original isn't held.
    ground.site.serve(&[]).stop();
    assert!(ground.site.json(&["status", "--json"])["held"].as_array().unwrap().is_empty());
}

#[test]
fn a_second_daemon_that_the_deleted_lock_let_in_loses_nothing_and_repeats_only_what_was_on_the_wire() {
    let ground = Ground::new("every=1 dot delay 400ms");
    let first = ground.serve(&Faults::default());
    until("some mails", LONG, || ground.mails().len() >= PEOPLE / 4);
    fs::remove_file(ground.site.path().join("data/dripline.db.lock")).unwrap();
    let second = ground.serve(&Faults::default());
    let end = ground.bring_to_an_end(second, "two daemons");
    first.program.stop();
    println!("two daemons on one file: {end:?}");
}

/// Another site with the same files in the same places, but for the mark that says which of the two is the original.
fn copied(ground: &Ground) -> Site {
    let copy = Site::on(crate::app::Kind::Sqlite, ground.sink.url(), "");
    copy.course("calm", &["one", "two"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    let data = copy.path().join("data");
    copy_folder(&ground.site.path().join("data"), &data);
    for name in ["dripline.db.epoch", "dripline.db.lock", "dripline.db-shm"] {
        fs::remove_file(data.join(name)).ok();
    }
    copy
}
