//! What the log says of readers: nothing.

use super::site::ADDRESS;
use super::site::TestSite;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn tokens_and_addresses_never_reach_the_log_and_a_failure_is_told_once() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(log.clone()).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let site = TestSite::start().await;
    let confirm = site.sign_up().await;
    let token = confirm.strip_prefix("/confirm/").unwrap().to_string();
    let leave = site.app.keys.sign(dripline::link::Scope::Leave, 5, None);
    for path in [&confirm, &format!("/leave/{leave}"), &format!("/view/{leave}"), &format!("/nowhere/{token}")] {
        site.get(path).await;
        site.post(path, None, ADDRESS.as_bytes()).await;
    }
    assert!(!log.text().contains("ERROR"), "{}", log.text());
    site.app.store.close().await;
    let page = site.get(&confirm).await;
    assert_eq!((page.status, page.title().as_str()), (500, "That didn't work, and it isn't your fault"));
    assert!(page.body.contains("try again in a few minutes"));
    let text = log.text();
    assert_eq!(text.matches("ERROR").count(), 1, "{text}");
    assert!(text.contains("route=\"/confirm/{token}\""), "{text}");
    for secret in [token.as_str(), &leave, ADDRESS, "quinta"] {
        assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} in {text}");
    }
}
