//! What a person may take along, and why people left, by command.

use super::ANA;
use super::add_confirmed;
use super::site;
use serde_json::json;

#[test]
fn a_persons_data_is_printed_for_them_and_reasons_without_their_names() {
    let (_sink, site) = site("");
    add_confirmed(&site, ANA);
    let data = site.json(&["subscriber", "export", ANA]);
    assert_eq!((&data["person"]["address"], &data["places"][0]["course"]), (&json!(ANA), &json!("path")));
    assert_eq!(data["consents"][0]["source"], "paper");
    let nobody = site.run(&["subscriber", "export", "nobody@example.org"]);
    assert_eq!((nobody.status, nobody.out.as_str()), (Some(1), ""));
    assert_eq!(site.json(&["report", "path", "--json"])["farewells"], json!([]));
}
