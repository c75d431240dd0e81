//! What is known of people who want into a course, and what a decision changed of it: read and written for as many at
//! once as there are. Decides nothing itself.

use crate::address::Address;
use crate::clock::Now;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::letter::CONFIRM;
use crate::flow::reader::Answers;
use crate::store::Connection;
use crate::store::confirmations;
use crate::store::confirmations::Confirmation;
use crate::store::enrolments;
use crate::store::outbox;
use crate::store::outbox::Delivery;
use crate::store::people;
use crate::store::people::Agreed;
use crate::store::subscribers::Consent;
use crate::store::suppressions;
use crate::store::suppressions::Suppression;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

/// Where one address stands. What a decision makes is put in by the methods, so that a second decision finds it.
#[derive(Debug, Default)]
pub struct Standing<'a> {
    pub suppression: Option<Suppression>,
    pub person: Option<Subscriber>,
    pub enrolments: Vec<Enrolment>,
    pub answers: Arc<Answers>,
    /// What the person agreed to, oldest first.
    pub agreed: Vec<Agreed>,
    /// The links by which the person was asked.
    pub asked: Vec<Confirmation>,
    /// Which time the last mail went out that asks.
    pub last_asked: i64,
    new: Changes<'a>,
}

#[derive(Debug, Default)]
struct Changes<'a> {
    person: bool,
    enrolments: BTreeSet<i64>,
    consents: Vec<Consent<'a>>,
    links: Vec<(String, Confirmation)>,
    mails: Vec<Delivery>,
    /// What a visitor entered, for the link that was mailed already.
    wishes: String,
    /// Somebody who gets mail has to be stopped.
    stop: bool,
    suppression: bool,
}

/// Where a set of people stand, by address.
#[derive(Debug)]
pub struct Standings<'a> {
    of: HashMap<String, Standing<'a>>,
}

impl<'a> Standing<'a> {
    /// Keeps a new state of the person.
    pub fn put_person(&mut self, person: Subscriber) {
        self.person = Some(person);
        self.new.person = true;
    }

    /// Keeps a new enrolment, or a new state of one.
    pub fn put_enrolment(&mut self, enrolment: Enrolment) {
        self.new.enrolments.insert(enrolment.id);
        match self.enrolments.iter_mut().find(|it| it.id == enrolment.id) {
            Some(known) => *known = enrolment,
            None => self.enrolments.push(enrolment),
        }
    }

    pub fn add_consent(&mut self, consent: Consent<'a>) {
        self.new.consents.push(consent);
    }

    /// Keeps what a visitor entered, in the link that was mailed already.
    pub fn put_wishes(&mut self, wishes: String) {
        self.new.wishes = wishes;
    }

    /// Keeps that the address gets nothing any more. `stop`: the person may get mail now, and all of it stops.
    pub fn suppress(&mut self, suppression: Suppression, stop: bool) {
        self.new.suppression = true;
        self.new.stop = stop;
        if let Some(person) = &mut self.person {
            person.status = Status::Suppressed;
            self.new.person = true;
        }
        self.suppression = Some(suppression);
    }

    /// Keeps a link and the mail that carries it.
    pub fn add_link(&mut self, hash: String, link: Confirmation, mail: Delivery) {
        self.last_asked = mail.occurrence;
        self.asked.push(link.clone());
        self.new.links.push((hash, link));
        self.new.mails.push(mail);
    }

    /// The mail that was added last leaves later, by the wall clock, and so does everything that counts from it; `due` is
    /// what the reader's clock shows then.
    pub fn put_off(&mut self, by: SignedDuration, due: Timestamp) {
        let later = |instant: Timestamp| instant.saturating_add(by).unwrap_or(Timestamp::MAX);
        if let Some(mail) = self.new.mails.last_mut() {
            (mail.due, mail.not_before, mail.expires) = (due, later(mail.not_before), later(mail.expires));
        }
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let links = self.new.links.last_mut().map(|(_, link)| link).into_iter().chain(self.asked.last_mut());
        for link in links {
            (link.created, link.expires) = (link.created.saturating_add(ms), link.expires.saturating_add(ms));
        }
    }
}

impl<'a> Standings<'a> {
    /// Reads what is known of these addresses.
    pub async fn read(app: &App, connection: &mut Connection, addresses: &[&Address]) -> Result<Standings<'a>> {
        let mut of: HashMap<String, Standing<'a>> = HashMap::with_capacity(addresses.len());
        let mut hashes = HashMap::with_capacity(addresses.len());
        for address in addresses {
            hashes.insert(app.address_hash(address), address.key());
            of.entry(address.key()).or_default();
        }
        let keys: Vec<String> = of.keys().cloned().collect();
        for (hash, suppression) in people::suppressed(connection, &hashes.keys().cloned().collect::<Vec<_>>()).await? {
            if let Some(standing) = hashes.get(&hash).and_then(|key| of.get_mut(key)) {
                standing.suppression = Some(suppression);
            }
        }
        let known = people::by_keys(connection, &keys).await?;
        let mut standings = Standings { of };
        if !known.is_empty() {
            standings.recall(connection, known).await?;
        }
        Ok(standings)
    }

    /// Adds what is stored of people who are known.
    async fn recall(&mut self, connection: &mut Connection, known: Vec<Subscriber>) -> Result<()> {
        let keys: HashMap<i64, String> = known.iter().map(|person| (person.id, person.address.key())).collect();
        let ids: Vec<i64> = keys.keys().copied().collect();
        for enrolment in people::enrolments(connection, &ids).await? {
            self.by_id(&keys, enrolment.subscriber_id).enrolments.push(enrolment);
        }
        let waiting = self.of.values().flat_map(|it| &it.enrolments).filter(|it| it.state == State::Waiting);
        let answers = Arc::new(Answers::read(connection, waiting.map(|it| it.id).collect()).await?);
        self.of.values_mut().for_each(|standing| standing.answers = Arc::clone(&answers));
        for agreed in people::agreed(connection, &ids).await? {
            self.by_id(&keys, agreed.subscriber_id).agreed.push(agreed);
        }
        for asked in people::asked(connection, &ids).await? {
            self.by_id(&keys, asked.subscriber_id).asked.push(asked);
        }
        for (id, occurrence) in people::last_occurrences(connection, CONFIRM, &ids).await? {
            self.by_id(&keys, id).last_asked = occurrence;
        }
        for person in known {
            let standing = self.by_id(&keys, person.id);
            standing.person = Some(person);
        }
        Ok(())
    }

    fn by_id(&mut self, keys: &HashMap<i64, String>, id: i64) -> &mut Standing<'a> {
        self.of.entry(keys.get(&id).cloned().unwrap_or_default()).or_default()
    }

    pub fn of(&mut self, address: &Address) -> &mut Standing<'a> {
        self.of.entry(address.key()).or_default()
    }

    /// Writes what the decisions changed.
    ///
    /// # Errors
    /// When somebody else wrote in between; the transaction must be given up.
    pub async fn write(self, app: &App, connection: &mut Connection, now: Now) -> Result<()> {
        let mut standings: Vec<Standing<'a>> = self.of.into_values().collect();
        // Rows append to their tables in this order, and whoever locks several people does it in the same one.
        standings.sort_unstable_by_key(|it| it.person.as_ref().map(|person| person.id));
        let persons = standings.iter().filter(|it| it.new.person).filter_map(|it| it.person.as_ref());
        people::put(connection, &persons.collect::<Vec<_>>(), now.wall.as_millisecond()).await?;
        let is_new = |it: &&Enrolment, of: &Standing<'a>| of.new.enrolments.contains(&it.id);
        let enrolments = standings.iter().flat_map(|of| of.enrolments.iter().filter(move |it| is_new(it, of)));
        let written = enrolments::put_all(connection, &enrolments.collect::<Vec<_>>(), now.wall).await?;
        anyhow::ensure!(written, "somebody else changed this enrolment at the same time; try again");
        let (mut consents, mut links, mut mails) = (Vec::new(), Vec::new(), Vec::new());
        for standing in &mut standings {
            consents.append(&mut standing.new.consents);
            links.append(&mut standing.new.links);
            mails.append(&mut standing.new.mails);
        }
        let wishes = standings.iter().filter(|it| !it.new.wishes.is_empty());
        for (standing, person) in wishes.filter_map(|it| Some((it, it.person.as_ref()?))) {
            confirmations::set_wishes(connection, person.id, &standing.new.wishes).await?;
        }
        people::add_consents(connection, &consents).await?;
        people::add_links(connection, &links).await?;
        let queued = if mails.is_empty() { 0 } else { outbox::insert(connection, &mails, now.wall).await?.len() };
        anyhow::ensure!(queued == mails.len(), "somebody else asked this person at the same time; try again");
        stop(app, connection, &standings, now).await
    }
}

/// Stores who gets nothing any more, after everything else: what was queued for them a moment ago stops too.
async fn stop(app: &App, connection: &mut Connection, standings: &[Standing<'_>], now: Now) -> Result<()> {
    let new = standings.iter().filter(|it| it.new.suppression);
    let new: Vec<(&Standing<'_>, &Suppression)> = new.filter_map(|it| Some((it, it.suppression.as_ref()?))).collect();
    let hash = |it: &Suppression| it.address.parse().map(|it| app.address_hash(&it)).unwrap_or_default();
    let rows: Vec<(String, Suppression)> = new.iter().map(|(_, it)| (hash(it), (*it).clone())).collect();
    people::suppress(connection, &rows).await?;
    for (standing, suppression) in new.iter().filter(|(standing, _)| standing.new.stop) {
        let Some(person) = &standing.person else { continue };
        suppressions::stop_everything(connection, person.id, &suppression.reason, now.wall).await?;
    }
    Ok(())
}
