//! The pages of a running program, asked for over a real socket.

use crate::app::Mail;
use crate::app::TestApp;
use crate::pages::browser;
use crate::pages::browser::Answer;
use dripline::web;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// The pages of a running program.
pub struct Pages(pub SocketAddr);

impl Pages {
    pub async fn of(app: &TestApp) -> Pages {
        let router = web::router(Arc::clone(&app.app), &BTreeMap::new(), &[]).unwrap();
        Pages(browser::serve(router).await)
    }

    pub async fn get(&self, path: &str) -> Answer {
        browser::ask(self.0, "GET", path, None, b"").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        browser::ask(self.0, "POST", path, FORM, body.as_bytes()).await
    }
}

/// The path of the questions of a mail, without the number of one.
pub fn questions(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once("/answer/").expect("a link to answer");
    format!("/answer/{}", rest.split('?').next().unwrap())
}
