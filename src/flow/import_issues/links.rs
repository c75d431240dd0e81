//! Where an issue of the same import stands in the archive, by how another one calls it. Knows no file but its name.

use percent_encoding::percent_decode_str;
use std::path::Path;

/// Folders that say nothing more about a post than that it is one.
const COMMON: [&str; 8] = ["posts", "post", "blog", "p", "news", "newsletter", "emails", "archive"];

/// The issues that can be linked to.
pub struct Links {
    /// The archive's address, without a slash at its end.
    pub archive: String,
    pub pages: Vec<Page>,
}

pub struct Page {
    /// The names of its folders and its own, without an ending.
    pub path: Vec<String>,
    /// Other names of its own: without its date, from its head.
    pub names: Vec<String>,
    pub issue: String,
}

impl Links {
    /// The address in the archive of what a link in the page `from` leads to, if that is one of the issues.
    pub fn address(&self, from: &[String], link: &str) -> Option<String> {
        let link = link.strip_prefix("__GHOST_URL__").unwrap_or(link);
        let (place, rest) = link.split_at(link.find(['#', '?']).unwrap_or(link.len()));
        let place = percent_decode_str(place).decode_utf8_lossy();
        if place.is_empty() || place.contains(':') || place.starts_with("//") {
            return None;
        }
        let path = path(Path::new(place.trim_end_matches('/')));
        let found = if place.starts_with('/') {
            self.pages.iter().find(|page| page.path.ends_with(&path))
        } else {
            // Beside the file, and beside the page that was made of it.
            let folder = from.split_last().map(|(_, folder)| folder).unwrap_or_default();
            [folder, from].iter().find_map(|base| {
                let whole = joined(base, &path);
                self.pages.iter().find(|page| page.path == whole)
            })
        };
        let issue = &found.or_else(|| self.of_name(&path))?.issue;
        let anchor = rest.find('#').map(|at| &rest[at..]).unwrap_or_default();
        Some(format!("{}/{issue}{anchor}", self.archive))
    }

    /// The one page of this name, where the folders in front of it are its own, or a date, or say nothing.
    fn of_name(&self, path: &[String]) -> Option<&Page> {
        let (name, folders) = path.split_last()?;
        let is_part = |page: &Page, folder: &String| {
            matches!(folder.as_str(), "..")
                || folder.bytes().all(|byte| byte.is_ascii_digit())
                || COMMON.contains(&folder.as_str())
                || page.path.contains(folder)
        };
        let named = |page: &&Page| page.path.last() == Some(name) || page.names.contains(name);
        let mut found = self.pages.iter().filter(named).filter(|page| folders.iter().all(|it| is_part(page, it)));
        found.next().filter(|_| found.next().is_none())
    }

    /// A text in which the tags of other programs that stand for addresses are addresses.
    pub fn filled_in(&self, from: &[String], text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((at, close)) =
            [("{{", "}}"), ("{%", "%}")].iter().filter_map(|(a, b)| Some((rest.find(a)?, *b))).min()
        {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let line = rest.lines().next().unwrap_or_default();
            let end = line.get(2..).and_then(|inner| inner.find(close)).map(|found| found + 4);
            let filled = end.and_then(|end| self.meant(from, &line[2..end - 2], &rest[end..]));
            let whole = end.unwrap_or(2);
            out.push_str(filled.as_deref().unwrap_or(&rest[..whole]));
            rest = &rest[whole..];
        }
        out + rest
    }

    /// What the inside of a tag stands for; `after` is what follows it.
    fn meant(&self, from: &[String], inner: &str, after: &str) -> Option<String> {
        let inner = inner.trim_matches(['<', '>', '%', '-', ' ']);
        let bare = |text: &str| text.trim_start_matches("path=").trim_matches(['"', '\'']).to_string();
        match inner.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["post_url" | "link" | "ref" | "relref", name] => {
                let name = bare(name);
                self.address(from, &name).or_else(|| self.address(from, &format!("/{name}")))
            }
            [path, "|", "relative_url" | "absolute_url" | "url"] if path.starts_with(['"', '\'']) => Some(bare(path)),
            ["site.baseurl" | "site.url"] if after.starts_with(['/', '{']) => Some(String::new()),
            _ => None,
        }
    }
}

/// The names on a path without its file's ending; of `some-title/index.md` those of the folder.
pub fn path(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = path
        .components()
        .map(|it| it.as_os_str().to_string_lossy().into_owned())
        .filter(|it| it != "/" && it != ".")
        .collect();
    if let Some(last) = names.last_mut() {
        let stem = last.rsplit_once('.').filter(|(_, end)| matches!(*end, "md" | "markdown" | "html" | "htm"));
        *last = stem.map_or(last.clone(), |(stem, _)| stem.to_string());
    }
    names.pop_if(|last| last == "index");
    names
}

fn joined(base: &[String], path: &[String]) -> Vec<String> {
    let mut whole = base.to_vec();
    for name in path {
        if name == ".." {
            whole.pop();
        } else {
            whole.push(name.clone());
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Links {
        let page = |file: &str, name: &str, issue: &str| Page {
            path: path(Path::new(file)),
            names: vec![name.to_string()],
            issue: issue.to_string(),
        };
        let pages = vec![
            page("content/posts/one.md", "one", "one"),
            page("content/posts/other/index.md", "other", "other-2"),
            page("_posts/2020-01-02-third.md", "third", "third"),
        ];
        Links { archive: "https://x.org/archive/notes".to_string(), pages }
    }

    #[test]
    fn a_post_is_found_however_it_is_called() {
        let from = path(Path::new("content/posts/one.md"));
        let check = |link: &str, expect: &str| {
            let found = links().address(&from, link).unwrap_or_default();
            assert_eq!(
                found,
                [if expect.is_empty() { "" } else { "https://x.org/archive/notes/" }, expect].concat(),
                "{link}"
            );
        };
        for link in
            ["other/index.md", "other/", "../other/", "./other", "/posts/other/", "/posts/other.html", "other.md"]
        {
            check(link, "other-2");
        }
        check("/2020/01/02/third.html#part", "third#part");
        check("../other/?x=1", "other-2");
        check("__GHOST_URL__/third/", "third");
        for link in ["/tags/other/", "https://other", "mailto:other", "#other", "nowhere.md", "", "//other"] {
            check(link, "");
        }
    }

    #[test]
    fn tags_that_stand_for_a_post_become_its_address() {
        let from = path(Path::new("_posts/2020-01-02-third.md"));
        let check = |text: &str, expect: &str| assert_eq!(links().filled_in(&from, text), expect, "{text}");
        check("[x]({% post_url 2020-01-02-third %})", "[x](https://x.org/archive/notes/third)");
        check("[x]({{ site.baseurl }}{% link _posts/2020-01-02-third.md %})", "[x](https://x.org/archive/notes/third)");
        check(
            "[x]({{< ref \"one.md\" >}}) {{%relref \"/posts/other\"%}}",
            "[x](https://x.org/archive/notes/one) https://x.org/archive/notes/other-2",
        );
        check("![a]({{ \"/a.png\" | relative_url }}) {{ site.url }}/x", "![a](/a.png) /x");
        check("{{< ref \"nowhere\" >}} {% if x %} {{ open", "{{< ref \"nowhere\" >}} {% if x %} {{ open");
    }
}
