//! What a relay and a recipient domain are given: rates, quotas, connections; and which relay takes what.

mod domains;
mod quota;
mod rate;
mod relays;
mod told;

use crate::app::Setup;
use crate::app::TestApp;
use dripline::relay::Limits;

/// A line with these limits, and a course of two lessons.
async fn limited(limits: Limits, script: &str) -> TestApp {
    let app = TestApp::with(Setup { limits, script: script.to_string(), ..Setup::default() }).await;
    app.course("calm", &["one", "two"]).await;
    app
}

/// `p0@DOMAIN` and so on are in the course, their first lesson due at once.
async fn crowd(app: &TestApp, count: usize, domain: &str) {
    for n in 0..count {
        app.enrol(&format!("p{n}@{domain}"), "calm").await;
    }
}

/// How many mails arrived at a domain.
fn arrived(app: &TestApp, domain: &str) -> usize {
    app.mailbox.received().iter().filter(|mail| mail.to.ends_with(domain)).count()
}

/// How many seconds lie between one mail that the relay took and the next.
async fn gaps(app: &TestApp) -> Vec<i64> {
    let times = app.numbers("SELECT at FROM attempt WHERE outcome = 'accepted' ORDER BY at").await;
    times.windows(2).map(|pair| (pair[1] - pair[0]) / 1000).collect()
}
