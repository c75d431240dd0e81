//! `init`: a new site passes its own check at once and sends as soon as there is a relay.

use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_site_passes_its_check_and_sends_as_soon_as_it_has_a_relay() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    let printed = site.good(&["init", "new"]);
    let new = site.path().join("new");
    let toml = new.join("dripline.toml");
    let run = |words: &[&str]| site.run(&[&["--config", toml.to_str().unwrap()], words].concat());
    let check = run(&["check"]);
    assert_eq!((check.status, check.out.as_str(), check.err.as_str()), (Some(0), "", "no problems\n"));
    // The commands that it names.
    assert!(printed.contains("dripline check") && printed.contains("dripline simulate my-first-course"), "{printed}");
    let plan = run(&["simulate", "my-first-course", "--signup", "2027-03-25T10:00"]);
    assert_eq!((plan.status, plan.out.lines().count()), (Some(0), 3), "{}", plan.out);
    for (path, expect) in [("secrets", 0o700), ("data", 0o700)] {
        assert_eq!(mode(&new.join(path)), expect, "{path}");
    }
    for path in [".gitignore", "templates/README.md", "courses/my-first-course/welcome.md", "dripline.service"] {
        assert!(new.join(path).is_file(), "{path}");
    }
    let sink = Sink::start("");
    let text = fs::read_to_string(&toml).unwrap().replace("smtp://127.0.0.1:2525", sink.url());
    fs::write(&toml, text + "\n[web]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let daemon = site.start(&["--config", toml.to_str().unwrap(), "serve", "--day", "2s"]);
    daemon.tells("\"ready\"");
    let added =
        run(&["subscriber", "add", "ana@example.org", "--course", "my-first-course", "--confirmed", "--source", "x"]);
    assert_eq!(added.status, Some(0), "{}", added.err);
    until("the whole course", SOON, || sink.accepted().len() == 3);
    daemon.stop();
    assert_eq!(run(&["verify"]).status, Some(0));
}

#[test]
fn a_folder_that_holds_anything_stays_as_it_is() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    site.write("full/.hidden", "mine");
    site.write("file", "mine");
    for name in ["full", "file", "."] {
        let ran = site.run(&["init", name]);
        assert!(ran.status == Some(1) && ran.out.is_empty() && ran.err.contains(name), "{name}: {}", ran.err);
    }
    assert_eq!(fs::read_dir(site.path().join("full")).unwrap().count(), 1);
    fs::create_dir(site.path().join("empty")).unwrap();
    site.good(&["init", "empty"]);
    site.good(&["init", "deeply/below"]);
    assert!(site.path().join("deeply/below/dripline.toml").exists());
}

/// Where systemd's own judge is on the machine.
#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let site = Site::new("smtp://127.0.0.1:2525", "");
    site.good(&["init", "a new site"]);
    let unit = site.path().join("a new site/dripline.service");
    // The user is made by whoever installs it.
    let text = fs::read_to_string(&unit).unwrap().replace("User=dripline\nGroup=dripline\n", "");
    fs::write(&unit, text).unwrap();
    let judged = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    let told = String::from_utf8(judged.stderr).unwrap();
    let ours: Vec<&str> = told.lines().filter(|line| line.contains("dripline")).collect();
    assert!(judged.status.success() && ours.is_empty(), "{told}");
}
