//! The whole of the demo's mail: every message with the account, mailbox and flags it is kept under.

use super::{
    email::Email,
    people::{ADMIN, ALICE, BOB, Person, is_local},
    random::Random,
    series::{Series, daily},
    stories::{STORIES, Story},
};
use store::Flags;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A message in its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// Whose it is.
    pub(crate) owner: Person,
    /// Name of the mailbox.
    pub(crate) mailbox: String,
    pub(crate) flags: Flags,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) bytes: Vec<u8>,
}

/// Writes the demo's mail, oldest first. `copies` repeats the machine-made part, for mailboxes of any size; the newest message
/// is a little older than `until`.
pub(crate) fn write(seed: u64, until: i64, copies: i64) -> Vec<Placed> {
    let mut writer = Writer { random: Random::new(seed), until, placed: Vec::new(), written: 0 };
    for story in STORIES {
        writer.story(story);
    }
    for copy in 0..copies {
        writer.series(copy);
    }
    writer.drafts();
    writer.placed.sort_by_key(|placed| placed.at);
    writer.placed
}

struct Writer {
    random: Random,
    until: i64,
    placed: Vec<Placed>,
    written: u64,
}

impl Writer {
    fn story(&mut self, story: &Story) {
        let mut at = self.until - story.days_ago * DAY - 3 * 60 * MINUTE;
        let mut references: Vec<String> = Vec::new();
        let mut before: Option<Email> = None;
        for turn in story.turns {
            at += turn.after * MINUTE;
            if at > self.until {
                return;
            }
            let others: Vec<Person> = story.people.iter().copied().filter(|&person| person != turn.from).collect();
            let subject = if before.is_some() { format!("Re: {}", story.subject) } else { story.subject.to_owned() };
            let mut text = turn.text.to_owned();
            if let Some(before) = &before {
                let quoted: Vec<String> = before
                    .text
                    .split("\n\nOn ")
                    .next()
                    .unwrap_or_default()
                    .lines()
                    .map(|line| format!("> {line}").trim_end().to_owned())
                    .collect();
                text = format!("{text}\n\nOn {} {} wrote:\n{}\n", day(before.at), before.from.name, quoted.join("\n"));
            }
            let mut email = Email::new(turn.from, &others, subject, at, text);
            email.charset = story.charset;
            email.references.clone_from(&references);
            email.files.extend(turn.file.map(|file| file()));
            let email = self.place(email, story.folder, 88);
            references.push(email.id.clone());
            before = Some(email);
        }
    }

    fn series(&mut self, copy: i64) {
        let until = self.until - copy * DAY / 24;
        for number in 0..45 {
            let email = Series { random: &mut self.random, until }.newsletter(number);
            self.place(email, if number % 3 == 2 { "Reading" } else { "" }, 55);
        }
        for number in 0..22 {
            let email = Series { random: &mut self.random, until }.receipt(number);
            self.place(email, if number > 3 { "Receipts" } else { "" }, 90);
        }
        for number in 0..70 {
            let email = Series { random: &mut self.random, until }.notice(number);
            self.place(email, "", 85);
        }
        for number in 0..10 {
            let email = Series { random: &mut self.random, until }.invitation(number);
            self.place(email, "", 90);
        }
        for number in 0..40 {
            let email = daily(&mut self.random, until, number);
            self.place(email, "", 94);
        }
        for number in 0..12 {
            let emails = Series { random: &mut self.random, until }.list_thread(number);
            for email in emails {
                self.receive(ALICE, email, "Lists/Garden Talk", 70);
            }
        }
        for number in 0..14 {
            let email = Series { random: &mut self.random, until }.junk(number);
            self.receive(ALICE, email, "Junk", 20);
        }
    }

    fn drafts(&mut self) {
        let unsent = [
            (ALICE, BOB, "Holiday in August", "I would like to take the two weeks after the 10th. Could you", 90),
            (ALICE, ADMIN, "Storage for Mum", "Hello,\n\ncould we make an account for my mother, 5 GB, and", 30 * 60),
            (BOB, ALICE, "Bollards", "The dealer says six weeks. I have asked", 4 * 60),
        ];
        for (from, to, subject, text, minutes) in unsent {
            let mut email = Email::new(from, &[to], subject, self.until - minutes * MINUTE, text);
            email.id = self.id("example.test");
            let flags = Flags::system(Flags::DRAFT | Flags::SEEN);
            self.placed.push(Placed {
                owner: from,
                mailbox: "Drafts".into(),
                flags,
                at: email.at,
                bytes: email.render(),
            });
        }
    }

    /// Puts a message where its writer and each of its readers who have mail here find it.
    fn place(&mut self, mut email: Email, folder: &str, seen_percent: u64) -> Email {
        if email.id.is_empty() {
            email.id = self.id(email.from.address.split('@').nth(1).unwrap_or("example.test"));
        }
        if is_local(email.from) {
            let flags = Flags::system(Flags::SEEN);
            self.placed.push(Placed {
                owner: email.from,
                mailbox: "Sent".into(),
                flags,
                at: email.at,
                bytes: email.render(),
            });
        }
        for person in [ALICE, BOB, ADMIN] {
            if email.to.contains(&person) || email.cc.contains(&person) {
                self.receive(person, email.clone(), folder, seen_percent);
            }
        }
        email
    }

    fn receive(&mut self, owner: Person, mut email: Email, folder: &str, seen_percent: u64) {
        if email.id.is_empty() {
            email.id = self.id(email.from.address.split('@').nth(1).unwrap_or("example.test"));
        }
        let age_days = (self.until - email.at) / DAY;
        let percent = if age_days < 1 { seen_percent / 3 } else { seen_percent };
        let mut bits = 0;
        if self.random.chance(percent) || age_days > 60 {
            bits |= Flags::SEEN;
        }
        if self.random.chance(if email.files.is_empty() { 3 } else { 8 }) {
            bits |= Flags::FLAGGED;
        }
        if bits & Flags::SEEN != 0 && !is_local(email.from) && self.random.chance(6) {
            bits |= Flags::ANSWERED;
        }
        let mailbox = match folder {
            "" if age_days > 75 && bits & Flags::SEEN != 0 => "Archive",
            "" => "INBOX",
            named => named,
        };
        let bytes = [self.received(owner, &email).into_bytes(), email.render()].concat();
        self.placed.push(Placed {
            owner,
            mailbox: mailbox.to_owned(),
            flags: Flags::system(bits),
            at: email.at,
            bytes,
        });
    }

    /// The trace headers that our own server puts in front on delivery.
    fn received(&mut self, owner: Person, email: &Email) -> String {
        let at = mail::date::rfc5322(email.at + 2_000);
        let domain = email.from.address.split('@').nth(1).unwrap_or("example.org");
        let (from, with) = if is_local(email.from) {
            ("[127.0.0.1]".to_owned(), "ESMTPSA")
        } else {
            (format!("mx.{domain} ([192.0.2.{}])", 1 + self.random.below(250)), "ESMTPS")
        };
        format!(
            "Return-Path: <{}>\r\nReceived: from {from}\r\n\tby mail.example.test with {with} id {:016x}\r\n\tfor <{}>; {at}\r\n",
            email.from.address,
            self.random.next(),
            owner.address
        )
    }

    fn id(&mut self, domain: &str) -> String {
        self.written += 1;
        format!("{:012x}.{}@{domain}", self.random.next() >> 16, self.written)
    }
}

fn day(at: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    time.strftime("%a, %-d %b %Y at %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const UNTIL: i64 = 1_795_000_000_000;

    #[test]
    fn the_same_seed_writes_the_same_mail() {
        let (one, two) = (write(7, UNTIL, 1), write(7, UNTIL, 1));
        assert!(one.iter().zip(&two).all(|(a, b)| a.bytes == b.bytes && a.flags == b.flags && a.at == b.at));
        assert_ne!(write(8, UNTIL, 1)[0].bytes, one[0].bytes);
    }

    #[test]
    fn it_is_a_few_hundred_messages_in_many_folders_none_in_the_future() {
        let placed = write(1, UNTIL, 1);
        let of_alice = placed.iter().filter(|placed| placed.owner == ALICE).count();
        assert!((250..700).contains(&of_alice), "{of_alice}");
        let folders: BTreeSet<&str> = placed.iter().map(|placed| placed.mailbox.as_str()).collect();
        assert!(folders.len() >= 9, "{folders:?}");
        assert!(placed.iter().all(|placed| placed.at <= UNTIL));
    }

    #[test]
    fn every_message_is_well_formed_and_from_an_example_domain() {
        for placed in write(1, UNTIL, 1) {
            let summary = mail::summary::summarize(&placed.bytes);
            let from = &summary.envelope.from[0];
            let domain = from.domain.as_deref().unwrap_or_default();
            assert!(domain.split('.').any(|label| label == "example"), "{domain}");
            assert!(summary.envelope.message_id.is_some() && summary.envelope.sent.is_some());
            assert!(!summary.preview.is_empty(), "{:?}", summary.envelope.subject);
            let lines = placed.bytes.split(|&byte| byte == b'\n');
            assert!(lines.clone().all(|line| line.is_empty() || line.ends_with(b"\r") || line.len() < 2), "a bare LF");
            assert!(lines.into_iter().all(|line| line.len() <= 999), "a line too long for SMTP");
        }
    }
}
