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
    let told = "my-first-course: at 08:30, Monday to Friday\nno problems\n";
    assert_eq!((check.status, check.out.as_str(), check.err.as_str()), (Some(0), "", told));
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

/// Runs git in a folder as somebody with a name, without what this machine's git is told. Its status, and all it says.
fn git(folder: &Path, words: &[&str]) -> (bool, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_dripline")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]).args(words);
    command.env("PATH", path).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn the_hook_lets_a_good_lesson_through_and_refuses_a_broken_one() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    site.good(&["init", "new"]);
    let new = site.path().join("new");
    let good = |words: &[&str]| {
        let (done, said) = git(&new, words);
        assert!(done, "{words:?}: {said}");
    };
    good(&["init", "-q"]);
    good(&["config", "core.hooksPath", "hooks"]);
    good(&["add", "-A"]);
    good(&["commit", "-qm", "A new site"]);
    let lesson = new.join("courses/my-first-course/welcome.md");
    let sound = fs::read_to_string(&lesson).unwrap();
    fs::write(&lesson, format!("{sound}\n{{{{ subscriber.first_name }}}}\n")).unwrap();
    good(&["add", "-A"]);
    let (done, said) = git(&new, &["commit", "-qm", "A broken lesson"]);
    assert!(!done && said.contains("welcome.md:") && said.contains("may be missing for a subscriber"), "{said}");
    // What is about to be committed counts, not what lies in the folder.
    fs::write(&lesson, &sound).unwrap();
    let (done, said) = git(&new, &["commit", "-qm", "Still broken"]);
    assert!(!done, "{said}");
    good(&["add", "-A"]);
    good(&["commit", "-q", "--allow-empty", "-m", "Mended"]);
    let left = fs::read_dir(new.join("secrets")).unwrap().count();
    assert!(left >= 1, "the secrets stay where they are");
}

/// The commands of a step of the workflow, as GitHub hands them to a shell.
fn step(workflow: &str, name: &str) -> String {
    let (_, behind) = workflow.split_once(&format!("- name: {name}")).unwrap();
    let (_, commands) = behind.split_once("run: |\n").unwrap();
    commands
        .lines()
        .take_while(|line| line.starts_with("          "))
        .map(|line| format!("{}\n", &line[10..]))
        .collect()
}

#[test]
fn the_workflow_checks_a_site_whose_secrets_are_elsewhere() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    site.good(&["init", "new"]);
    let new = site.path().join("new");
    let workflow = fs::read_to_string(new.join(".github/workflows/check.yml")).unwrap();
    let text = fs::read_to_string(new.join("dripline.toml")).unwrap();
    let relay = "[[relay]]\nurl = \"smtps://ana@smtp.example.org\"\npassword_file = \"secrets/smtp\"\n";
    let dkim = "[dkim]\ndomain = \"learn.example.org\"\nkeys = [{ selector = \"d1\", file = \"secrets/d1.pem\" }]\n";
    let text = text.replace("[[relay]]\nurl = \"smtp://127.0.0.1:2525\"\n", &format!("{relay}{dkim}"));
    fs::write(new.join("dripline.toml"), text).unwrap();
    // A copy out of the repository has none.
    fs::remove_dir_all(new.join("secrets")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_dripline")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let run = |name: &str| {
        let mut command = Command::new("bash");
        command.current_dir(&new).args(["-e", "-c", &step(&workflow, name)]).env("PATH", &path);
        let output = command.env("HOME", "/nonexistent").output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    assert_eq!(run("The program").0, Some(0), "a program that is there already isn't built again");
    let (status, said) = run("Check");
    assert!(status == Some(1) && said.contains("::error file=dripline.toml,line="), "{said}");
    let (status, said) = run("Stand-ins");
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = run("Check");
    assert_eq!(status, Some(0), "{said}");
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
