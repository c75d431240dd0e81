//! Who is let in: this machine under its own names, and forms of our own pages.

use super::Desk;
use super::client::ask;
use crate::app::Kind;
use crate::program::SOON;
use crate::program::Site;

#[test]
fn only_the_names_of_this_machine_are_answered() {
    let desk = Desk::open();
    let port = desk.at.rsplit_once(':').unwrap().1;
    let check = |host: &str, expect: u16| {
        for path in ["/", "/lesson/calm/welcome", "/mail/light/calm/welcome", "/changes/", "/assets/preview.js"] {
            let status = ask(&desk.at, "GET", path, &[("Host", host)], "").status;
            let expect = if expect == 200 && path == "/changes/" { 404 } else { expect };
            assert_eq!(status, expect, "{host} {path}");
        }
    };
    check(&desk.at, 200);
    check(&format!("localhost:{port}"), 200);
    check(&format!("preview.example.org:{port}"), 421);
    check("127.0.0.1.example.org", 421);
    check(&format!("192.168.1.2:{port}"), 421);
}

#[test]
fn a_form_of_another_site_sends_nothing() {
    let desk = Desk::open();
    let own = format!("http://{}", desk.at);
    let check = |headers: &[(&str, &str)], expect: u16| {
        let form = [headers, &[("Content-Type", "application/x-www-form-urlencoded")]].concat();
        assert_eq!(ask(&desk.at, "POST", "/lesson/calm/welcome", &form, "to=nobody").status, expect, "{headers:?}");
    };
    check(&[], 403);
    check(&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://example.org")], 403);
    check(&[("Sec-Fetch-Site", "same-site"), ("Origin", &own)], 403);
    check(&[("Origin", "null")], 403);
    check(&[("Origin", "http://localhost:1")], 403);
    // Let in, and then nobody has this address.
    check(&[("Origin", &own)], 422);
    check(&[("Sec-Fetch-Site", "same-origin"), ("Origin", &own)], 422);
}

#[test]
fn every_answer_brings_its_policy() {
    let desk = Desk::open();
    for path in ["/", "/lesson/calm/welcome", "/plan/calm", "/nothing", "/assets/preview.css"] {
        let answer = desk.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn it_listens_on_this_machine_alone_and_says_so() {
    let site = Site::on(Kind::Sqlite, "smtp://127.0.0.1:9", "");
    let ran = site.run(&["preview", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("the preview is for this machine alone"), "{}", ran.err);
}

#[test]
fn without_a_configuration_it_says_what_check_says() {
    let site = Site::on(Kind::Sqlite, "smtp://127.0.0.1:9", "");
    std::fs::remove_file(site.path().join("dripline.toml")).unwrap();
    let (preview, check) = (site.run(&["preview"]), site.run(&["check"]));
    assert_eq!((preview.status, preview.out.as_str()), (Some(1), ""));
    assert_eq!(preview.err, check.out);
}

#[test]
fn it_leaves_no_file_and_ends_when_it_is_told_to_also_while_a_page_listens() {
    let mut desk = Desk::open();
    desk.page("/lesson/calm/welcome");
    let listening = desk.listen();
    desk.program.signal("TERM");
    assert_eq!(desk.program.ends(SOON), Some(0), "{}", desk.program.told());
    assert!(listening.ends());
    assert!(!desk.site.path().join("data/dripline.db").exists());
}
