//! The command line as a shell sees it: what is printed where, and the exit status.

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use tempfile::TempDir;

const GOOD: &str = r#"[site]
name = "Steady Ground"
url = "https://learn.example.org"
postal_address = "12 Rue Exemple"
[sender]
address = "ana@learn.example.org"
[[relay]]
url = "smtp://127.0.0.1:2525"
"#;

/// Runs dripline in `folder` with no variables but these.
fn dripline(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dripline"));
    command.current_dir(folder).args(words).env_clear().envs(environment.iter().copied());
    command.output().unwrap()
}

/// A folder with this dripline.toml in it, and no courses yet.
fn site(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dripline.toml"), config).unwrap();
    std::fs::create_dir(folder.path().join("courses")).unwrap();
    folder
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_wrong_command_line_ends_with_two() {
    let folder = site(GOOD);
    let check = |words: &[&str]| {
        let output = dripline(folder.path(), words, &[]);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(printed(&output).is_empty() && !told(&output).is_empty(), "{words:?}");
    };
    check(&["check", "--formt", "json"]);
    check(&["check", "--format", "yaml"]);
    check(&["chek"]);
    check(&["completions", "cmd.exe"]);
    check(&["--log-format", "xml", "check"]);
    check(&[]);
}

#[test]
fn a_good_configuration_ends_with_zero_and_prints_nothing() {
    let output = dripline(site(GOOD).path(), &["check"], &[]);
    assert_eq!((output.status.code(), printed(&output).as_str()), (Some(0), ""));
    assert_eq!(told(&output), "no problems\n");
}

#[test]
fn a_bad_configuration_ends_with_one_and_names_the_key_and_its_line() {
    let output = dripline(site(&format!("{GOOD}connectons = 4\n")).path(), &["check"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let expect = "dripline.toml:9:1: error: unknown key `relay.0.connectons`\n  help: did you mean `connections`?\n";
    assert_eq!(printed(&output), expect);
    assert_eq!(told(&output), "1 error\n");
}

#[test]
fn a_warning_is_printed_and_does_not_fail() {
    let config = GOOD.replace("smtp://", "smtp://user@");
    let output = dripline(site(&config).path(), &["check"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed(&output).starts_with("dripline.toml:7:1: warning: "), "{}", printed(&output));
}

#[test]
fn a_broken_template_of_a_page_is_a_problem() {
    let folder = site(GOOD);
    std::fs::create_dir_all(folder.path().join("templates/web")).unwrap();
    // The one can't be read, the other not be shown.
    for (broken, column) in [("{% if %}", 7), ("<p>{{ words.nowhere.at_all }}</p>", 13)] {
        std::fs::write(folder.path().join("templates/web/confirm.html"), broken).unwrap();
        let output = dripline(folder.path(), &["check"], &[]);
        assert_eq!(output.status.code(), Some(1), "{broken}");
        let expect = format!("templates/web/confirm.html:1:{column}: error: this page's template can't be used: ");
        assert!(printed(&output).starts_with(&expect), "{broken}: {}", printed(&output));
    }
}

#[test]
fn problems_come_as_json_for_programs() {
    let folder = site("[site]\nname = 1\n");
    let json = |words: &[&str]| -> Vec<Value> {
        let output = dripline(folder.path(), words, &[]);
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let problems = json(&["check", "--format", "json"]);
    assert_eq!(problems.len(), 5);
    for problem in &problems {
        let names: Vec<&String> = problem.as_object().unwrap().keys().collect();
        assert_eq!(names, ["file", "line", "column", "severity", "message", "help"]);
        assert_eq!((&problem["file"], &problem["severity"]), (&"dripline.toml".into(), &"error".into()));
        assert!(["message", "help"].iter().all(|name| problem[name].as_str().is_some_and(|text| !text.is_empty())));
    }
    let wrong = problems.iter().find(|problem| problem["line"] == 2).unwrap();
    assert_eq!(
        (&wrong["column"], &wrong["message"]),
        (&8.into(), &"`site.name` should be text in quotes, and is a whole number".into())
    );
    assert_eq!(json(&["--config", "nowhere.toml", "check", "--format", "json"])[0]["file"], "nowhere.toml");
}

#[test]
fn no_problems_are_an_empty_array() {
    let output = dripline(site(GOOD).path(), &["check", "--format", "json"], &[]);
    assert_eq!((output.status.code(), printed(&output).as_str()), (Some(0), "[]\n"));
}

#[test]
fn another_file_may_be_named_before_or_behind_the_command() {
    let folder = site(GOOD);
    std::fs::rename(folder.path().join("dripline.toml"), folder.path().join("other.toml")).unwrap();
    let check = |words: &[&str], expect: i32| {
        assert_eq!(dripline(folder.path(), words, &[]).status.code(), Some(expect), "{words:?}");
    };
    check(&["check"], 1);
    check(&["--config", "other.toml", "check"], 0);
    check(&["check", "--config", "other.toml"], 0);
}

#[test]
fn the_environment_stands_in_for_keys() {
    let check = |name: &str, value: &str, expect: i32| {
        let output = dripline(site(GOOD).path(), &["check"], &[(name, value)]);
        assert_eq!(output.status.code(), Some(expect), "{name}: {}", printed(&output));
    };
    check("DRIPLINE__SITE__NAME", "Other", 0);
    check("DRIPLINE__SITE__URL", "ftp://x", 1);
    check("DRIPLINE__SITE__NAM", "Other", 1);
    check("DRIPLINE_LOG", "debug", 0);
}

#[test]
fn a_level_of_the_log_is_one_of_five_words_and_counts_for_our_own_lines() {
    let check = |level: &str, expect: bool| {
        let told = told(&dripline(site(GOOD).path(), &["check"], &[("DRIPLINE_LOG", level)]));
        assert_eq!(told.contains("is no level"), expect, "{level}: {told:.1000}");
        assert!(told.lines().count() < 50, "{level}: {} lines", told.lines().count());
    };
    for level in ["error", "warn", "info", "debug", "trace", "TRACE"] {
        check(level, false);
    }
    for level in ["wran", "verbose", "info,hyper=trace", ""] {
        check(level, true);
    }
}

#[test]
fn secrets_stand_in_no_output() {
    let marker = "marker-of-a-secret";
    let written = format!("{GOOD}password = \"{marker}\"\nrelay_ = 1\n");
    let misspelt = format!("{GOOD}pasword = \"{marker}\"\n");
    let in_url = GOOD.replace("smtp://", &format!("smtp://user:{marker}@"));
    let broken = format!("{GOOD}password = \"{marker}\n");
    for config in [GOOD, &written, &misspelt, &in_url, &broken] {
        for words in [&["check"][..], &["check", "--format", "json"], &["check", "--log-format", "json"]] {
            let environment = [
                ("DRIPLINE__RELAY__0__PASSWORD", marker),
                ("DRIPLINE__DATABASE__URL", &format!("mysql://u:{marker}@h")),
                ("DRIPLINE__RELAY__0__PASWORD", marker),
                ("DRIPLINE_LOG", "trace"),
            ];
            for environment in [&environment[..], &[]] {
                let output = dripline(site(config).path(), words, environment);
                let all = printed(&output) + &told(&output);
                assert!(!all.contains(marker), "{all}");
            }
        }
    }
}

#[test]
fn completions_and_the_manual_page_name_every_command() {
    let folder = site(GOOD);
    for words in [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["man"]] {
        let output = dripline(folder.path(), words, &[]);
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        for name in ["dripline", "check", "completions", "man", "config"] {
            assert!(printed(&output).contains(name), "{words:?} without {name}");
        }
    }
    let manual = printed(&dripline(folder.path(), &["man"], &[]));
    assert!(manual.contains(".TH dripline 1") && manual.contains(".TH dripline-check 1"), "{manual}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dripline"));
    let mut child = command.arg("man").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), told(&output).as_str()), (Some(0), ""));
}

#[test]
fn help_and_version_are_data() {
    let folder = site(GOOD);
    let help = dripline(folder.path(), &["check", "--help"], &[]);
    assert_eq!((help.status.code(), printed(&help).contains("--format")), (Some(0), true));
    let version = dripline(folder.path(), &["--version"], &[]);
    assert_eq!(printed(&version), format!("dripline {}\n", env!("CARGO_PKG_VERSION")));
}
