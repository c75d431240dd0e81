//! `check --links` against a small web server: what is gone, has moved, won't answer or can't be reached, each told once a place.

use crate::broken::case::Case;
use crate::wire::protection::certified;
use dripline::course;
use dripline::course::Tree;
use dripline::flow::links::check_links;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A web server of a few pages; counts what it is asked.
struct Web {
    address: String,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Web {
    async fn start() -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let counts = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&counts)));
            }
        });
        Web { address, asked }
    }

    fn asked(&self, what: &str) -> usize {
        self.asked.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite, counts: Arc<Mutex<BTreeMap<String, usize>>>) {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut lines = BufReader::new(reader).lines();
    let Ok(Some(first)) = lines.next_line().await else { return };
    while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
    let asked = first.trim_end_matches(" HTTP/1.1").to_string();
    *counts.lock().unwrap().entry(asked.clone()).or_default() += 1;
    let (method, path) = asked.split_once(' ').unwrap();
    let said = match (method, path) {
        (_, "/here") | ("GET", "/only-get") => "200 OK",
        ("HEAD", "/only-get") => "404 Not Found",
        (_, "/moved") => "301 Moved Permanently\r\nLocation: /here",
        (_, "/for-now") => "302 Found\r\nLocation: /here",
        (_, "/to-nowhere") => "302 Found\r\nLocation: /gone",
        (_, "/round") => "302 Found\r\nLocation: /round",
        (_, "/forbidden") => "403 Forbidden",
        (_, "/broken") => "500 Internal Server Error",
        // The other side gives up.
        (_, "/silent") => return std::future::pending().await,
        _ => "404 Not Found",
    };
    let _ = writer.write_all(format!("HTTP/1.1 {said}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
}

fn tree(web: &str, closed: &str) -> Tree {
    let pages =
        ["here", "here#part", "only-get", "moved", "for-now", "gone", "to-nowhere", "round", "forbidden", "broken"];
    let links: String = pages.iter().map(|page| format!("[{page}]({web}/{page})\n\n")).collect();
    let lesson =
        format!("+++\nsubject = \"Links\"\n+++\n\n{links}[silent]({web}/silent)\n\n[closed](http://{closed}/)\n");
    let translated =
        format!("+++\nsubject = \"Ligações\"\n+++\n\n[gone]({web}/gone)\n\n<a href=\"{web}/gone\">raw</a>\n");
    let course = format!(
        "title = \"A\"\nlanguage = \"en\"\nlessons = [\"links\"]\nabout = \"about.md\"\n\
         disclaimer = \"\"\"\nSee [it]({web}/gone-too).\n\"\"\"\ninvite = {{ text = \"Talk\", url = \"{web}/gone-talk\" }}\n\
         [schedule]\nwait = \"1 day\"\nsend = \"0 8 * * *\"\n"
    );
    let files = [
        ("course.toml", course),
        ("links.md", lesson),
        ("about.md", format!("About [it]({web}/gone-about).\n")),
        ("pt/course.toml", "title = \"A\"\n".to_string()),
        ("pt/links.md", translated),
    ];
    files.into_iter().map(|(path, text)| (path.to_string(), text.into_bytes())).collect()
}

#[tokio::test]
async fn each_link_is_asked_once_and_told_where_it_is_written() {
    let web = Web::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let loaded = course::load("a", "courses", &tree(&web.address, &closed));
    assert!(loaded.course.is_some(), "{:?}", loaded.problems);
    let mut problems = check_links(&[loaded], Duration::from_secs(1), |_, _| {}).await.unwrap();
    dripline::problem::sort(&mut problems);
    let said: Vec<String> =
        problems.iter().map(|it| it.to_string().replace(&web.address, "").replace(&closed, "CLOSED")).collect();
    let expect = [
        "courses/a/about.md:1:7: error: dead link: `/gone-about` answers 404",
        "courses/a/course.toml:6:5: error: dead link: `/gone-too` answers 404",
        "courses/a/course.toml:8:34: error: dead link: `/gone-talk` answers 404",
        "courses/a/links.md:11:1: warning: `/moved` has moved for good to /here",
        "courses/a/links.md:15:1: error: dead link: `/gone` answers 404",
        "courses/a/links.md:17:1: error: dead link: `/to-nowhere` answers 404, at /gone",
        "courses/a/links.md:19:1: error: `/round` couldn't be reached: it leads on more than 10 times",
        "courses/a/links.md:21:1: warning: `/forbidden` answers 403 to a program",
        "courses/a/links.md:23:1: warning: `/broken` answers 500 to a program",
        "courses/a/links.md:25:1: error: `/silent` couldn't be reached: no answer within 1 seconds",
        "courses/a/links.md:27:1: error: `http://CLOSED/` couldn't be reached: nobody listens there",
        "courses/a/pt/links.md:5:1: error: dead link: `/gone` answers 404",
        "courses/a/pt/links.md:7:1: error: dead link: `/gone` answers 404",
    ];
    assert_eq!(said, expect);
    // Four places lead to pages here and gone: each is asked once, with what leads there by itself.
    assert_eq!((web.asked("HEAD /here"), web.asked("GET /here")), (3, 0), "by itself, and twice by those that moved");
    assert_eq!((web.asked("HEAD /only-get"), web.asked("GET /only-get")), (1, 1));
    assert_eq!((web.asked("HEAD /gone-too"), web.asked("GET /gone-too")), (1, 1));
}

#[tokio::test]
async fn a_link_over_tls_is_believed_only_with_a_good_certificate() {
    let (authority, config) = certified("localhost");
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(config);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(answer(stream, Arc::default()));
            }
        }
    });
    let site = Case::sound();
    let page = |path: &str| format!("https://localhost:{port}/{path}");
    let lesson = format!("+++\nsubject = \"Links\"\n+++\n\n[here]({}) [gone]({})\n", page("here"), page("gone"));
    std::fs::write(site.path().join("courses/window/breath.md"), lesson).unwrap();
    for unwanted in ["steps", "notes"] {
        std::fs::remove_dir_all(site.path().join("courses").join(unwanted)).unwrap();
    }
    let run = |trusted: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dripline"));
        command.current_dir(site.path()).args(["check", "--links"]).env_clear();
        if trusted {
            command.env("SSL_CERT_FILE", authority.path());
        }
        tokio::task::spawn_blocking(move || String::from_utf8(command.output().unwrap().stdout).unwrap())
    };
    let believed = run(true).await.unwrap();
    assert_eq!(believed.matches("error").count(), 1, "{believed}");
    assert!(believed.contains("breath.md:5:") && believed.contains("/gone` answers 404"), "{believed}");
    let doubted = run(false).await.unwrap();
    assert_eq!(doubted.matches("couldn't be reached: TLS failed").count(), 2, "{doubted}");
}
