//! Messages that people put into Junk or took out of it, kept until the filter has learned from them. A lesson is written by the
//! commit that moves the message, so none is lost, and removed by the commit that learns it, so none is learned twice.

use crate::{AccountId, BodyId, Error, Mailbox, Role, Store, Tx};
use serde::{Deserialize, Serialize};

const LESSONS: &[u8] = b"lesson/";
/// Messages of one move that are learned from; thousands at once teach no more.
const LESSONS_PER_MOVE_MAX: usize = 100;

/// A message to be learned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Who moved it.
    pub account: AccountId,
    /// The message.
    pub body: BodyId,
    /// Whether it was put into Junk.
    pub is_spam: bool,
}

fn key(id: u64) -> Vec<u8> {
    [LESSONS, &id.to_be_bytes()].concat()
}

impl Store {
    /// Lessons that wait, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn lessons(&self, limit: usize) -> Result<Vec<(u64, Lesson)>, Error> {
        let rows = self.records(LESSONS)?.into_iter().take(limit);
        Ok(rows.filter_map(|(key, lesson)| Some((u64::from_be_bytes(*key.last_chunk()?), lesson))).collect())
    }
}

impl Tx<'_> {
    /// Notes what a move between mailboxes says about messages. Throwing away says nothing.
    pub(crate) fn lessons_of_move(
        &mut self,
        account: AccountId,
        from: &Mailbox,
        to: &Mailbox,
        bodies: impl Iterator<Item = BodyId>,
    ) -> Result<(), Error> {
        let is_spam = match (from.role, to.role) {
            (Some(Role::Junk), Some(Role::Junk | Role::Trash)) => return Ok(()),
            (_, Some(Role::Junk)) => true,
            (Some(Role::Junk), _) => false,
            _ => return Ok(()),
        };
        for body in bodies.take(LESSONS_PER_MOVE_MAX) {
            let id = self.next_id("lesson")?;
            self.record_put(&key(id), &Lesson { account, body, is_spam })?;
        }
        // Whoever waits for the spool waits for this as well.
        self.spool_touch();
        Ok(())
    }

    /// Removes a lesson that was learned.
    pub fn lesson_remove(&mut self, id: u64) {
        self.record_remove(&key(id));
    }
}
