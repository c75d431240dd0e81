//! Whether everybody could read what another program has sent. Knows no file but its name.

use crate::course::Front;
use crate::flow::import_issues::name;
use jiff::tz::TimeZone;
use std::path::Path;

const YES: [&str; 5] = ["true", "yes", "on", "y", "1"];
const NO: [&str; 5] = ["false", "no", "off", "n", "0"];
/// Keys, and the values with which everybody may read.
const OPEN: [(&[&str], &[&str]); 4] = [
    (&["draft", "isdraft", "hidden", "unlisted"], &NO),
    (&["published", "publish", "ispublished"], &YES),
    (&["status", "state", "poststatus"], &["published", "publish", "sent", "public", "imported"]),
    (&["expirydate", "unpublishdate"], &[]),
];
/// The same, where anything else means that readers paid or were invited.
const PAID: [(&[&str], &[&str]); 3] = [
    (&["visibility", "emailtype", "audience"], &["public", "everyone", "archival"]),
    (&["paid", "ispaid", "paidonly", "premium", "private", "membersonly", "subscribersonly"], &NO),
    (&["password"], &[]),
];

/// Why nobody should read it, in words; `None` where nothing is said. `file` counts with the folders above it.
pub fn why_not(front: &Front, file: &Path) -> Option<String> {
    let mut folders = file.parent()?.components().map(|it| it.as_os_str().to_string_lossy());
    if let Some(folder) =
        folders.find(|name| name.eq_ignore_ascii_case("drafts") || name.eq_ignore_ascii_case("_drafts"))
    {
        return Some(format!("it lies in `{folder}`"));
    }
    if let Some(said) = closed(front, &PAID) {
        return Some(format!("it was for paying or invited readers ({said})"));
    }
    closed(front, &OPEN).map(|said| format!("it says {said}"))
}

/// The first of these keys with another value.
fn closed(front: &Front, rules: &[(&[&str], &[&str])]) -> Option<String> {
    let keys = rules.iter().flat_map(|(keys, open)| keys.iter().map(move |key| (*key, *open)));
    keys.filter_map(|(key, open)| Some((key, front.first(&[key])?, open))).find_map(|(key, value, open)| {
        let is_date = key.starts_with("publish") && name::moment(value, &TimeZone::UTC).is_some();
        let is_open = is_date || open.iter().any(|it| it.eq_ignore_ascii_case(value));
        (!is_open).then(|| format!("`{key}: {value}`"))
    })
}

/// Whether it is an answer and no date.
pub fn is_answer(value: &str) -> bool {
    YES.iter().chain(&NO).any(|it| it.eq_ignore_ascii_case(value))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a head that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::course::split_foreign;

    fn why(head: &str, file: &str) -> Option<String> {
        let text = format!("---\n{head}\n---\n");
        why_not(&split_foreign(&text).unwrap().0, Path::new(file))
    }

    #[test]
    fn what_was_not_public_is_known_by_many_words() {
        let check = |head: &str, said: &str| assert!(why(head, "posts/a.md").unwrap().contains(said), "{head}");
        for yes in ["true", "True", "yes", "on", "y", "1", "\"true\"", "maybe"] {
            check(&format!("draft: {yes}"), "`draft: ");
            check(&format!("is_draft: {yes}"), "`isdraft: ");
        }
        for no in ["false", "no", "off", "n", "0", "never"] {
            check(&format!("published: {no}"), "`published: ");
            check(&format!("publish: {no}"), "`publish: ");
        }
        for status in ["draft", "scheduled", "private", "pending"] {
            check(&format!("status: {status}"), "it says `status: ");
            check(&format!("post_status: {status}"), "it says `poststatus: ");
        }
        for head in ["visibility: members", "email_type: premium", "paid: true", "audience: only_paid", "password: x"] {
            check(head, "it was for paying or invited readers");
        }
    }

    #[test]
    fn what_was_public_stays_so() {
        let check = |head: &str| assert_eq!(why(head, "posts/a.md"), None, "{head}");
        check("draft: false\npublished: true\nstatus: sent");
        check("published: 2024-01-05\npublish_date: 2024-01-05");
        check("published: 2024-01-05 10:00\nstatus: Imported");
        check("visibility: public\nemail_type: public\npaid: no\ntitle: One");
    }

    #[test]
    fn folders_of_drafts_hold_drafts() {
        let check = |file: &str, expect: bool| assert_eq!(why("title: One", file).is_some(), expect, "{file}");
        check("posts/_drafts/a.md", true);
        check("Drafts/more/a.md", true);
        check("posts/drafts.md", false);
    }
}
