//! FUZZY (RFC 6203): keys whose answer the full-text index knows. Messages that it does not hold yet are looked at one by one,
//! as without FUZZY, so that nothing is missed.
//!
//! Here FUZZY of a text means: its words in a row, without regard to case, accents and the spelling of umlauts; a single word
//! also where it is the beginning of one. In quotation marks it means these words alone. Of all other keys it means what the key
//! means, but that the keyword `$HasAttachment` stands for what messages are, whoever set it.

use crate::proto::search::Key;
use search::{Index, Needle, Part, Question, Scope, Snapshot, unquoted};
use std::collections::{BTreeMap, HashMap};
use store::{AccountId, MailboxId, Uid, UidSet};

/// The keyword that stands for attachments.
const HAS_ATTACHMENT: &str = "$HasAttachment";

/// The fuzzy keys of one search in mailboxes of one account.
pub(crate) struct Fuzzy {
    /// `None` while there is no index that could be asked.
    snapshot: Option<Snapshot>,
    /// What was asked for all mailboxes at once; `None` for a search in one.
    asked: Option<Vec<(Question, Answer)>>,
    /// What messages of the mailbox are worth, where that is wanted.
    scores: Option<HashMap<Uid, f32>>,
    /// Messages that have to be looked at one by one.
    one_by_one: u64,
}

type Answer = Option<BTreeMap<MailboxId, UidSet>>;

/// The messages of one mailbox.
#[derive(Clone, Copy)]
struct Within<'a> {
    mailbox: MailboxId,
    uids: &'a UidSet,
}

impl Fuzzy {
    /// For one mailbox of an account, or for many.
    pub(crate) fn new(index: Option<&Index>, account: AccountId, is_wide: bool, is_scored: bool) -> Self {
        Self {
            snapshot: index.and_then(|index| index.snapshot(account)),
            asked: is_wide.then(Vec::new),
            scores: is_scored.then(HashMap::new),
            one_by_one: 0,
        }
    }

    /// The search with answers in the place of fuzzy keys, for some messages of a mailbox. Blocks.
    pub(crate) fn resolve(&mut self, key: &Key, mailbox: MailboxId, uids: &UidSet) -> Result<Key, store::Error> {
        let before = self.one_by_one;
        let key = self.key(key, Within { mailbox, uids }, false, true)?;
        // Several keys leave the same messages.
        self.one_by_one = before + (self.one_by_one - before).min(uids.len() as u64);
        Ok(key)
    }

    /// How many messages the index could not answer for.
    pub(crate) fn one_by_one(&self) -> u64 {
        self.one_by_one
    }

    /// The index as this search has asked it.
    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// From 1 to 100 for each of these messages of the mailbox that was looked at last (RFC 6203 section 4).
    pub(crate) fn relevancies(&self, uids: impl Iterator<Item = Uid>) -> Vec<u8> {
        let scores = self.scores.as_ref();
        let of = |uid: &Uid| scores.and_then(|scores| scores.get(uid)).copied().unwrap_or_default();
        let most = scores.map_or(0.0, |scores| scores.values().copied().fold(0.0, f32::max)).max(f32::MIN_POSITIVE);
        // Whole numbers from 1 to 100: nothing is cut off.
        uids.map(|uid| (1.0 + 99.0 * of(&uid) / most).round().clamp(1.0, 100.0) as u8).collect()
    }

    fn key(&mut self, key: &Key, within: Within<'_>, is_fuzzy: bool, counts: bool) -> Result<Key, store::Error> {
        Ok(match key {
            Key::And(keys) => Key::And(
                keys.iter().map(|key| self.key(key, within, is_fuzzy, counts)).collect::<Result<_, store::Error>>()?,
            ),
            Key::Or(first, second) => Key::Or(
                Box::new(self.key(first, within, is_fuzzy, counts)?),
                Box::new(self.key(second, within, is_fuzzy, counts)?),
            ),
            // What must not be there makes nothing worth more.
            Key::Not(key) => Key::Not(Box::new(self.key(key, within, is_fuzzy, false)?)),
            Key::Fuzzy(key) => self.key(key, within, true, counts)?,
            leaf if is_fuzzy => self.leaf(leaf, within, counts)?,
            leaf => leaf.clone(),
        })
    }

    fn leaf(&mut self, leaf: &Key, within: Within<'_>, counts: bool) -> Result<Key, store::Error> {
        let Some((part, text, exact)) = words(leaf) else {
            return match leaf {
                Key::Keyword(keyword) if keyword.eq_ignore_ascii_case(HAS_ATTACHMENT) => {
                    let found = self.ask(&Question::HasAttachment, Key::HasAttachment, within, false)?;
                    Ok(Key::Or(Box::new(leaf.clone()), Box::new(found)))
                }
                other => Ok(other.clone()),
            };
        };
        match Needle::new(text) {
            Some(needle) => self.ask(&Question::Words(part, needle), exact, within, counts),
            // No word is in it that the index could hold.
            None => {
                self.one_by_one += within.uids.len() as u64;
                Ok(exact)
            }
        }
    }

    fn ask(&mut self, question: &Question, exact: Key, within: Within<'_>, counts: bool) -> Result<Key, store::Error> {
        let Some(found) = self.answer(question, within.mailbox, counts) else {
            self.one_by_one += within.uids.len() as u64;
            return Ok(exact);
        };
        let missing = match &self.snapshot {
            Some(snapshot) => snapshot.missing(within.mailbox, within.uids)?,
            None => within.uids.clone(),
        };
        if missing.is_empty() {
            return Ok(Key::Found(found));
        }
        self.one_by_one += missing.len() as u64;
        let rest = Key::And(vec![Key::Found(missing), exact]);
        Ok(Key::Or(Box::new(Key::Found(found)), Box::new(rest)))
    }

    fn answer(&mut self, question: &Question, mailbox: MailboxId, counts: bool) -> Option<UidSet> {
        let snapshot = self.snapshot.as_ref()?;
        if let Some(scores) = self.scores.as_mut().filter(|_| counts) {
            let found = snapshot.find_scored(mailbox, question)?;
            for &(uid, score) in &found {
                *scores.entry(uid).or_default() += score;
            }
            return Some(found.into_iter().map(|(uid, _)| (uid, uid)).collect());
        }
        let Some(asked) = &mut self.asked else {
            return Some(snapshot.find(Scope::Mailbox(mailbox), question)?.remove(&mailbox).unwrap_or_default());
        };
        let at = match asked.iter().position(|(before, _)| before == question) {
            Some(at) => at,
            None => {
                asked.push((question.clone(), snapshot.find(Scope::Account, question)));
                asked.len() - 1
            }
        };
        asked[at].1.as_ref().map(|found| found.get(&mailbox).cloned().unwrap_or_default())
    }
}

/// What the index can be asked for a key, and the key without quotation marks.
fn words(key: &Key) -> Option<(Part, &str, Key)> {
    let plain = |text: &String| unquoted(text).to_owned();
    Some(match key {
        Key::From(text) => (Part::From, text, Key::From(plain(text))),
        Key::To(text) => (Part::To, text, Key::To(plain(text))),
        Key::Cc(text) => (Part::Cc, text, Key::Cc(plain(text))),
        Key::Bcc(text) => (Part::Bcc, text, Key::Bcc(plain(text))),
        Key::Subject(text) => (Part::Subject, text, Key::Subject(plain(text))),
        Key::Body(text) => (Part::Body, text, Key::Body(plain(text))),
        Key::Text(text) => (Part::Text, text, Key::Text(plain(text))),
        Key::Header(name, text) if name == "subject" => (Part::Subject, text, Key::Subject(plain(text))),
        _ => return None,
    })
}
