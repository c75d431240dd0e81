//! Sends a lesson to one address, for the chosen sample person, by the relay of dripline.toml: the one thing that a page of
//! the preview does. Keeps nothing of it.

use crate::address::Address;
use crate::flow::preview::Trouble;
use crate::flow::send_test;
use crate::relay::Connector;
use crate::relay::Envelope;
use crate::web::preview::Preview;
use crate::web::preview::chosen::Chosen;
use axum::http::StatusCode;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a relay is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of it, in a sentence.
pub struct Sent {
    /// As it was typed.
    to: String,
    outcome: Outcome,
    sentence: String,
}

enum Outcome {
    Accepted,
    /// By the relay, or there is none.
    Refused,
    /// What was typed is no address.
    Wrong,
}

impl Sent {
    pub fn status(&self) -> StatusCode {
        match self.outcome {
            Outcome::Accepted => StatusCode::OK,
            Outcome::Refused => StatusCode::BAD_GATEWAY,
            Outcome::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    pub fn values(&self) -> Value {
        let good = matches!(self.outcome, Outcome::Accepted);
        json!({ "to": self.to, "good": good, "sentence": self.sentence })
    }
}

/// Makes the mail and hands it over; says what happened.
pub async fn send(
    preview: &Preview,
    course: &str,
    lesson: &str,
    chosen: &Chosen,
    form: &BTreeMap<String, String>,
) -> Sent {
    let to = form.get("to").map(|to| to.trim().to_string()).unwrap_or_default();
    let said = |outcome, sentence: String| Sent { to: to.clone(), outcome, sentence };
    let Ok(address) = to.parse::<Address>() else {
        return said(Outcome::Wrong, "This is no e-mail address; nothing was sent.".to_string());
    };
    match hand_over(preview, course, lesson, chosen, address).await {
        Ok(answer) => said(Outcome::Accepted, answer),
        Err(why) => said(Outcome::Refused, why),
    }
}

async fn hand_over(
    preview: &Preview,
    course: &str,
    lesson: &str,
    chosen: &Chosen,
    to: Address,
) -> Result<String, String> {
    let state = preview.state();
    let relay = state.ground.relay.as_ref().map_err(Clone::clone)?;
    let whole =
        state.books.get(course).and_then(|book| book.course.as_deref()).ok_or("There is no such course now.")?;
    let (person, _) = chosen.person(whole, whole.lessons.get(lesson));
    let mail = preview.mail(course, lesson, person, Some(to.clone())).await.map_err(|trouble| match trouble {
        Trouble::Sentence(sentence) => sentence,
        Trouble::Nothing => "There is no such lesson now.".to_string(),
        Trouble::Problems(_) => "No mail can be made of this lesson as it stands; nothing was sent.".to_string(),
    })?;
    let connector = Connector::new(relay).map_err(|error| format!("Nothing was sent: {error}"))?;
    let from = preview.desk.keys.verp(&state.ground.settings.bounce, mail.id);
    let envelope = Envelope::new(from, to, &mail.bytes);
    match tokio::time::timeout(PATIENCE, send_test::hand_over(&connector, envelope, &mail.bytes)).await {
        Ok(Ok(answer)) => Ok(format!("Accepted by {}: {answer}", connector.label())),
        Ok(Err(error)) => Err(format!("Not accepted by {}: {error:#}", connector.label())),
        Err(_) => {
            Err(format!("{} hasn’t answered for 30 seconds; nobody knows whether it was sent.", connector.label()))
        }
    }
}
