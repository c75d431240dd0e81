//! What is kept of a person's agreement, and in whose language they agree.

use super::site::ADDRESS;
use super::site::TestSite;
use dripline::flow::export::Export;
use dripline::link::Scope;

const FORM: &str = "application/x-www-form-urlencoded";
const ROW: &str = "SELECT course || '|' || source || '|' || text || '|' || page || '|' || ip || '|' || agent || '|' || at || '|' || asked
    FROM consent ORDER BY id";
/// When the test's clock stands, in milliseconds.
const NOW: &str = "1772442000000";

#[tokio::test]
async fn asking_and_confirming_are_kept_with_their_page_and_the_first_asking_alone() {
    let site = TestSite::start_with_course(&[("consent", "\"I agree to mail.\"")]).await;
    for n in 1..20 {
        let done =
            site.post_from(&format!("198.51.100.{n}"), "/c/stages", FORM, "email=vera%40example.org&agree=1").await;
        assert_eq!(done.status, 200);
    }
    let asked = format!("stages|sign-up|I agree to mail.|/c/stages|198.51.100.1|Reader/1.0|{NOW}|1");
    assert_eq!(site.texts(ROW).await.concat(), asked);
    assert!(!exported(&site).await.contains("I agree"), "who only asked has agreed to nothing yet");
    let link = format!("/confirm/{}", site.token().await);
    assert_eq!(site.post_from("203.0.113.7", &link, FORM, "").await.status, 200);
    let confirmed = format!("stages|confirmation link|I agree to mail.|/confirm|203.0.113.7|Reader/1.0|{NOW}|0");
    assert_eq!(site.texts(ROW).await, [asked, confirmed]);
    let versions = site.texts("SELECT DISTINCT version FROM consent").await;
    assert_eq!(versions, [site.app.shelf.read().await.get("stages").unwrap().course.version.clone()]);
    let file = exported(&site).await;
    assert!(file.contains("confirmation link") && file.contains("2026-03-02T09:00:00Z,I agree to mail."), "{file}");
}

#[tokio::test]
async fn who_begins_a_further_course_on_their_own_page_agrees_with_the_same_evidence() {
    let site = TestSite::start_with_course(&[("consent", "\"I agree to mail.\"")]).await;
    let link = site.sign_up().await;
    assert_eq!(site.post_from("203.0.113.7", &link, FORM, "").await.status, 200);
    let person = site.texts("SELECT cast(id AS text) FROM subscriber").await.concat().parse().unwrap();
    let my = site.app.keys.sign(Scope::My, person, None);
    let done = site.post_from("192.0.2.4", &format!("/my/{my}/garden/join"), FORM, "agree=1").await;
    assert_eq!(done.title(), "Done");
    let rows = site.texts(ROW).await;
    let agreed = format!("garden|own page|I agree to mail.|/my/garden/join|192.0.2.4|Reader/1.0|{NOW}|0");
    assert_eq!(rows.last(), Some(&agreed), "{rows:?}");
}

async fn exported(site: &TestSite) -> String {
    let mut export = Export::begin(&site.app).await;
    let mut file = Vec::new();
    while let Some(piece) = export.step(&site.app).await.unwrap() {
        file.extend(piece);
    }
    String::from_utf8(file).unwrap()
}

const GERMAN: &str = "title = \"Vier Stufen\"\nsummary = \"Langsam.\"\nlanguage = \"de\"\nlessons = [\"one\", \"two\"]\n\
    disclaimer = \"Keine Medizin.\"\nconsent = \"Ich stimme zu.\"\nfields = { instrument = { label = \"Dein Instrument\" } }\n\
    schedule = { wait = \"2 days\", send = \"30 8 * * *\" }\n";
const ENGLISH: &str = "title = \"Four stages\"\nsummary = \"Slowly.\"\nconsent = \"I agree.\"\n";

#[tokio::test]
async fn a_visitor_reads_the_course_in_the_pages_language_and_chooses_their_own() {
    let site = TestSite::start_with_files(&[("course.toml", GERMAN), ("en/course.toml", ENGLISH)]).await;
    let page = site.get("/c/stages").await.body;
    for part in [
        "<h1 lang=\"en\" dir=\"auto\">Four stages</h1>",
        "<div class=\"consent\" lang=\"en\" dir=\"auto\"><p>I agree.</p>",
        "<div class=\"small\" lang=\"en\" dir=\"auto\"><p>Keine Medizin.</p>",
        "Dein Instrument",
        "<option value=\"de\" lang=\"de\">de</option>",
        "<option value=\"en\" lang=\"en\" selected>English</option>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let wrong = site.post_from("198.51.100.1", "/c/stages", FORM, "email=x&language=tlh").await;
    assert!(wrong.status == 422 && wrong.body.contains("choose a language from the list"), "{}", wrong.body);
    let sent = format!("email={}&agree=1&language=DE", ADDRESS.replace('@', "%40"));
    assert_eq!(site.post_from("198.51.100.1", "/c/stages", FORM, &sent).await.status, 200);
    assert_eq!(site.texts("SELECT language FROM subscriber").await, ["de"]);
    let link = format!("/confirm/{}", site.token().await);
    assert!(site.get(&link).await.body.contains("<li><bdi>Vier Stufen</bdi></li>"));
    assert!(site.post(&link, None, b"").await.body.contains("Vier Stufen"));
    let texts = site.texts("SELECT text || ' ' || page FROM consent ORDER BY id").await;
    assert_eq!(texts, ["I agree. /c/stages", "Ich stimme zu. /confirm"], "each as it was read");
}
