//! Everything that can be wrong with somebody's file: said in words, before anything is written or for one row alone.

use super::counts;
use super::dry_run;
use super::import;
use crate::app::TestApp;
use crate::program::Ran;
use crate::program::Site;
use proptest::prelude::any;
use proptest::strategy::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

const HEADER: &str = "email,first_name,zone,language,course,source,field:goal\n";
const GOOD: &str = "good@example.org,Good,Europe/Paris,fr,calm,paper,rest\n";

fn site() -> Site {
    let site = Site::new("smtp://127.0.0.1:9", "");
    site.course(
        "calm",
        &["one"],
        "wait = \"1 day\"\nsend = \"30 8 * * *\"\n\n[fields]\ngoal = { label = \"Goal\", required = true }",
    );
    site
}

fn import_bytes(site: &Site, bytes: &[u8], flags: &[&str]) -> Ran {
    std::fs::write(site.path().join("people.csv"), bytes).unwrap();
    site.run(&[&["import", "people.csv"], flags].concat())
}

#[test]
fn a_file_whose_columns_are_not_understood_changes_nothing_and_says_what_to_write() {
    let site = site();
    let check = |bytes: &[u8], flags: &[&str], expect: &[&str]| {
        let ran = import_bytes(&site, bytes, flags);
        assert_eq!(ran.status, Some(1), "{bytes:?} {flags:?}: {ran:?}");
        for part in expect {
            assert!(ran.err.contains(part), "{part} isn't in {}", ran.err);
        }
        assert_eq!(site.json(&["subscriber", "list", "--json"]), json!([]));
    };
    check(b"", &[], &["people.csv is empty", "email,first_name"]);
    check(b"\n\n", &[], &["is empty"]);
    check(
        b"Mail address;course\na@b.org;calm\n",
        &[],
        &["line 1", "no column is called `email`", "--map 'Mail address='"],
    );
    check(b"email,firstname\na@b.org,Ana\n", &[], &["no column is called `course`", "calm", "is it first_name?"]);
    check(b"email,course,e-mail\n", &[], &["is it email? --map 'e-mail=email'", "--map 'e-mail='"]);
    check(b"email,course,source,source\n", &[], &["two columns say the same: `source`"]);
    check(b"email,course,Mail\n", &["--map", "Mail=email"], &["two columns say the same: `Mail`"]);
    check(b"email,course\n", &["--map", "Adresse=email"], &["--map names the column `Adresse`, which isn't there"]);
    check(b"email,course,field:no such\n", &[], &["`field:no such` isn't known"]);
    check(b"email,cou\xeerse\n", &[], &["line 1", "isn't written in UTF-8"]);
    check(b"e\0m\0a\0i\0l\0\n\0", &[], &["NUL"]);
    check(b"email,\"course\na@b.org,calm\n", &[], &["a quote opens"]);
    let missing = site.run(&["import", "nowhere.csv"]);
    assert!(missing.status == Some(1) && missing.err.contains("can't read nowhere.csv"), "{missing:?}");
    let folder = site.run(&["import", "courses"]);
    assert!(folder.status == Some(1) && folder.err.contains("courses is a folder"), "{folder:?}");
    for flag in ["Mail", "Mail=mail", "=email"] {
        assert_eq!(site.run(&["import", "people.csv", "--map", flag]).status, Some(2), "{flag}");
    }
}

#[test]
fn their_columns_are_mapped_to_ours_or_left_out_whatever_parts_them() {
    let site = site();
    let maps = ["--map", "Mail address=email", "--map", "Ziel=field:goal", "--map", "Notes=", "--map", "Woher?=source"];
    let file = "Mail address;Course;Ziel;Notes;Woher?;\na@example.org;calm;\"rest; sleep\";x;fair;\n";
    let ran = import_bytes(&site, file.as_bytes(), &maps);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let utf16: Vec<u8> = "\u{feff}email\tcourse\tfield:goal\tfirst_name\r\nb@example.org\tcalm\trest\tZoë\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let ran = import_bytes(&site, &utf16, &[]);
    assert!(ran.status == Some(0) && ran.err.contains("a mail asks everybody"), "{ran:?}");
    let ran = import_bytes(&site, b"\xef\xbb\xbfemail,course,field:goal\rc@example.org,calm,rest\r", &["--json"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(site.json(&["subscriber", "list", "--json"]).as_array().unwrap().len(), 3);
    let header = import_bytes(&site, b"email,course\n", &[]);
    assert!(header.status == Some(0) && header.err.starts_with("the file has no column `source`"), "{header:?}");
}

#[test]
fn each_row_that_is_refused_is_named_with_its_line_and_why() {
    let long = "x".repeat(1_000_000);
    let rows: Vec<(Vec<u8>, &str)> = [
        ("", "email: the cell is empty"),
        ("nobody", "email: this isn't an e-mail address"),
        ("a b@example.org", "email: this isn't an e-mail address"),
        ("a@-example.org", "email: the domain after @ isn't a name"),
        (&format!("{}@example.org", "ü".repeat(33)), "email: the address is too long: at most 64 characters"),
        (
            &format!("a@{}b.org", "b.".repeat(124)),
            "email: the address is too long: at most 64 characters before @ and 254",
        ),
        ("\"a@example.org\r\nBcc: x@example.org\"", "email: this isn't an e-mail address"),
    ]
    .into_iter()
    .map(|(email, reason)| (format!("{email},X,,,calm,p,g").into_bytes(), reason))
    .chain([
        (b"a@example.org,X,Mars/Base,,calm,p,g".to_vec(), "zone: `Mars/Base` isn't a time zone"),
        (b"a@example.org,X,eve@example.org,,calm,p,g".to_vec(), "zone: this isn't a time zone"),
        (b"a@example.org,X,,klingon!,calm,p,g".to_vec(), "language: this is no language tag"),
        (b"a@example.org,X,,,,p,g".to_vec(), "course: the cell is empty"),
        (b"a@example.org,X,,,Calm!,p,g".to_vec(), "course: this isn't the name of a course's folder"),
        (b"a@example.org,X,,,clam,p,g".to_vec(), "course: there is no course clam; did you mean calm?"),
        (b"a@example.org,X,,,calm,p,".to_vec(), "field:goal: the course calm needs it"),
        (b"a@example.org,X,,,calm,p".to_vec(), "the row has 6 cells, the header 7"),
        (b"a@example.org,X,,,calm,p,g,h".to_vec(), "the row has 8 cells, the header 7"),
        (format!("a@example.org,{},,,calm,p,g", "x".repeat(65)).into_bytes(), "first_name: longer than 64"),
        (format!("a@example.org,X,,,calm,p,{}", "x".repeat(1001)).into_bytes(), "field:goal: longer than 1000"),
        (format!("a@example.org,{long},,,calm,p,g").into_bytes(), "longer than 64 KiB"),
        (format!("a@example.org,\"{long}\",,,calm,p,g").into_bytes(), "longer than 64 KiB"),
        (b"a@example.org,Zo\xeb,,,calm,p,g".to_vec(), "isn't written in UTF-8"),
        (b"a@example.org,X\0,,,calm,p,g".to_vec(), "NUL"),
        ("a@example.org,Jos\u{fffd},,,calm,p,g".into(), "an earlier conversion lost a letter"),
        (b"a@example.org,\"X\"Y,,,calm,p,g".to_vec(), "text stands behind a closing quote"),
        (b"a@example.org,X,Mars/Base,!,calm,p,g".to_vec(), "IANA name like Europe/Berlin; language: this is no"),
        (b"GOOD@example.org,X,,,calm,p,g".to_vec(), "the same person and course stand in line 2 already"),
        (b"a@example.org,\"X,,,calm,p,g".to_vec(), "a quote opens in this line and never closes"),
    ])
    .collect();
    let mut bytes = format!("{HEADER}{GOOD}\n").into_bytes();
    let (mut line, mut lines) = (4, Vec::new());
    for (row, _) in &rows {
        bytes.extend(row);
        bytes.extend(b"\r\n");
        lines.push(line);
        line += 1 + row.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    bytes.extend(b"last@example.org,Last,,,calm,p,g");
    let site = site();
    let ran = import_bytes(&site, &bytes, &["--json"]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let refused = told["refused"].as_array().unwrap();
    for ((at, (_, reason)), refused) in lines.iter().zip(&rows).zip(refused) {
        assert_eq!(refused["line"], *at, "{reason}: {refused}");
        assert!(refused["reason"].as_str().unwrap().contains(reason), "{reason}: {refused}");
    }
    assert_eq!(refused.len(), rows.len(), "{refused:#?}");
    assert_eq!((&told["read"], &told["imported"]), (&(rows.len() + 2).into(), &2.into()));
    assert!(!ran.err.contains('@'), "{}", ran.err);
    let text = import_bytes(&site, &bytes, &[]);
    assert!(text.out.starts_with("people.csv:4: email: the cell is empty\n"), "{}", &text.out[..200]);
    assert!(
        text.err.contains("0 imported, 2 there already") && text.err.contains("mend the refused rows"),
        "{}",
        text.err
    );
}

#[tokio::test]
async fn what_belongs_to_a_move_is_checked_too() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    let header = "email,course,source,state,done,passed,since,pace,run,hour,weekdays,last_date,paused_until,suppressed,suppressed_by";
    let table = [
        ("calm,p,asleep,,,,,,,,,,,", "state: this is none of active, pending"),
        ("calm,,active,,,,,,,,,,,", "source: nothing says where consent came from"),
        ("calm,p,,one,,,,,,,,,,", "done: this counts only in a row with a state"),
        ("calm,p,,,,,,,07:30,,,,,", "hour: this counts only in a row with a state"),
        ("calm,p,active,one/two,,,,,,,,,,", "done: write names of lessons"),
        ("calm,p,active,,one:sent,,,,,,,,,", "passed: write lesson:skipped"),
        ("calm,p,active,one,,2026-13-01T00:00:00Z,,,,,,,,", "since: write an instant in UTC"),
        ("calm,p,active,one,,2036-01-01T00:00:00Z,,,,,,,,", "since: this lies in the future"),
        ("calm,p,active,,,,0,,,,,,,", "pace: a pace is a number above 0"),
        ("calm,p,active,,,,NaN,,,,,,,", "pace: a pace is a number above 0"),
        ("calm,p,active,,,,,0,,,,,,", "run: write a whole number from 1"),
        ("calm,p,active,,,,,,25:00,,,,,", "hour: write an hour like 07:30"),
        ("calm,p,active,,,,,,,Funday,,,,", "weekdays: write days like Mon-Fri"),
        ("calm,p,active,,,,,,,,someday,,,", "last_date: write a date"),
        ("calm,p,paused,,,,,,,,,tomorrow,,", "paused_until: write an instant"),
        (",p,active,,,,,,,,,,,", "course: the cell is empty"),
        ("calm,p,,,,,,,,,,,bounced,", "state: a suppressed person's row needs a state"),
        (",,,,,,,,,,,,,the relay", "suppressed: the cell is empty"),
        ("nowhere,p,active,,,,,,,,,,,", "course: there is no course nowhere"),
    ];
    for (cells, reason) in table {
        let tally = import(&app, format!("{header}\na@example.org,{cells}\n")).await;
        assert_eq!(tally.refused.len(), 1, "{cells}");
        assert!(tally.refused[0].reason.contains(reason), "{cells}: {}", tally.refused[0].reason);
    }
    assert_eq!(app.number("SELECT count(*) FROM subscriber").await, 0);
}

#[tokio::test]
async fn a_course_that_has_begun_and_a_question_that_it_does_not_ask_are_refused() {
    let app = TestApp::new().await;
    app.course("calm", &["one"]).await;
    let closed = crate::app::course_toml("spring", &["one"]) + "starts = 2026-03-01\nlate = \"closed\"\n";
    app.write("spring/course.toml", closed);
    app.write("spring/one.md", crate::app::lesson("spring one", "Breathe."));
    app.reload().await;
    let tally = import(&app, "email,course,source,field:goal\na@example.org,spring,p,\nb@example.org,calm,p,x\n").await;
    assert_eq!(counts(&tally), (0, 0, 2, 0));
    assert!(tally.refused[0].reason.contains("has begun"), "{:?}", tally.refused);
    assert!(tally.refused[1].reason.contains("asks for no such field"), "{:?}", tally.refused);
}

#[tokio::test]
async fn no_bytes_whatever_end_an_import_otherwise_than_in_words() {
    let app = TestApp::new().await;
    app.course("calm", &["one"]).await;
    let head = b"email,first_name,zone,language,course,source,hour,weekdays,run,state,pace,done,since,suppressed\n";
    let cells = proptest::collection::vec("[a-z@.:=' \"0-9é\n;,-]{0,12}|calm|active|paused|held|a@b\\.org|", 14);
    let rows = proptest::collection::vec(cells, 1..6)
        .prop_map(|rows| rows.iter().map(|row| row.join(",")).collect::<Vec<_>>().join("\n").into_bytes());
    let noise = proptest::collection::vec(any::<u8>(), 0..300);
    let mut runner = TestRunner::deterministic();
    for round in 0..100 {
        let bytes = if round % 2 == 0 {
            rows.new_tree(&mut runner).unwrap().current()
        } else {
            noise.new_tree(&mut runner).unwrap().current()
        };
        let told = dry_run(&app, [head.as_slice(), &bytes].concat()).await;
        let done = import(&app, [head.as_slice(), &bytes].concat()).await;
        assert_eq!(told.read, done.read);
        assert_eq!(told.refused.len(), done.refused.len(), "{:?}", String::from_utf8_lossy(&bytes));
    }
    app.verify().await;
}
