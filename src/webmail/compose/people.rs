//! People to complete addresses from: those of the newest mail that came and went. Bounded, and read only when asked for.

use super::addresses::Person;
use crate::{
    envelope::{Contact, Envelope},
    folders::{Folders, Role},
    imap::{Command, Error},
    visit::Visit,
};
use actix_web::HttpResponse;
use httpd::Fault;
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

/// Newest messages that are looked at in each mailbox.
const MESSAGES_MAX: u32 = 300;
/// Recipients that are looked at of one message: a letter to hundreds says little of the people.
const RECIPIENTS_MAX: usize = 20;
/// People that are told.
const PEOPLE_MAX: usize = 400;

/// Someone who can be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Known {
    /// Display name; may be empty.
    pub(super) name: String,
    /// Their address.
    pub(super) address: String,
    /// As it is put into a field.
    pub(super) typed: String,
}

/// `GET /mail/-/compose/people`: the likeliest first.
pub(super) async fn list(visit: Visit) -> Result<HttpResponse, Fault> {
    let known = match visit.state.desk.people(&visit.session.ticket) {
        Some(known) => known,
        None => {
            let known = Arc::new(gather(&visit).await?);
            visit.state.desk.remember_people(&visit.session.ticket, known.clone());
            known
        }
    };
    Ok(HttpResponse::Ok().json(&*known))
}

async fn gather(visit: &Visit) -> Result<Vec<Known>, Error> {
    let folders = Folders::load(&mut visit.imap().await?).await?;
    let mut ranks = Ranks::default();
    if let Some(sent) = folders.of_role(Role::Sent) {
        for envelope in newest(visit, sent).await? {
            // Whom one wrote to is likelier written to again.
            [envelope.to, envelope.cc, envelope.bcc]
                .iter()
                .flatten()
                .take(RECIPIENTS_MAX)
                .for_each(|c| ranks.add(c, 3));
        }
    }
    for envelope in newest(visit, "INBOX").await? {
        envelope.from.iter().for_each(|contact| ranks.add(contact, 1));
    }
    let own = &visit.session.person.addresses;
    Ok(ranks.sorted(|address| own.iter().any(|o| o.eq_ignore_ascii_case(address))))
}

/// Envelopes of the newest messages, newest first.
async fn newest(visit: &Visit, mailbox: &str) -> Result<Vec<Envelope>, Error> {
    let (mut lease, selected) = visit.open(mailbox).await?;
    if selected.exists == 0 {
        return Ok(Vec::new());
    }
    let first = selected.exists.saturating_sub(MESSAGES_MAX - 1).max(1);
    let done = lease.run(Command::new(format!("FETCH {first}:{} (ENVELOPE)", selected.exists))).await?;
    Ok(done.fetches().rev().map(|(_, items)| Envelope::of(items)).collect())
}

/// How often someone occurs; those who occur first are the newest.
#[derive(Default)]
struct Ranks(HashMap<String, (Person, u32, usize)>);

impl Ranks {
    fn add(&mut self, contact: &Contact, weight: u32) {
        let Ok(address) = contact.address.parse::<mail::address::Address>() else { return };
        let order = self.0.len();
        let key = address.key();
        let entry = self.0.entry(key).or_insert_with(|| (Person::new(&contact.name, address), 0, order));
        entry.1 += weight;
        if entry.0.name.is_empty() {
            entry.0 = Person::new(&contact.name, entry.0.address.clone());
        }
    }

    fn sorted(self, is_own: impl Fn(&str) -> bool) -> Vec<Known> {
        let mut all: Vec<_> = self.0.into_values().filter(|(p, ..)| !is_machine(&p.address)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.2.cmp(&b.2)));
        let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(p, ..)| is_own(&p.address.to_string()));
        let people = others.into_iter().chain(own).take(PEOPLE_MAX);
        people
            .map(|(person, ..)| Known { typed: person.typed(), address: person.address.to_string(), name: person.name })
            .collect()
    }
}

/// Addresses that nobody reads.
fn is_machine(address: &mail::address::Address) -> bool {
    let local: String = address.local().to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    ["noreply", "donotreply", "mailerdaemon", "bounce", "bounces"].iter().any(|word| local == *word)
}

#[cfg(test)]
mod tests {
    use super::{Contact, Ranks};

    fn contact(name: &str, address: &str) -> Contact {
        Contact { name: name.into(), address: address.into() }
    }

    #[test]
    fn those_written_to_come_first_and_machines_not_at_all() {
        let mut ranks = Ranks::default();
        ranks.add(&contact("", "ann@x.test"), 3);
        for _ in 0..2 {
            ranks.add(&contact("Bob", "bob@x.test"), 1);
        }
        ranks.add(&contact("Ann", "ANN@x.test"), 1);
        ranks.add(&contact("Me", "alice@x.test"), 50);
        ranks.add(&contact("Shop", "no-reply@shop.test"), 9);
        ranks.add(&contact("nobody", ""), 9);
        let typed: Vec<String> = ranks.sorted(|a| a == "alice@x.test").into_iter().map(|k| k.typed).collect();
        assert_eq!(typed, ["Ann <ann@x.test>", "Bob <bob@x.test>", "Me <alice@x.test>"]);
    }
}
