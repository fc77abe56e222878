//! What somebody signed in with, which must stay what it was for a connection to go on.

use crate::{AccountId, AccountState, Directory, Error, Login, Ticket};

/// The right by which a connection is somebody's.
pub struct Right {
    account: AccountId,
    by: By,
}

enum By {
    /// The ticket of a browser session.
    Ticket(Ticket),
    /// An app password, by its number.
    AppPassword(u64),
    /// The password; see [`Directory::password_mark`].
    Password(u64),
}

impl Directory {
    /// The right that a sign-in gave; `ticket` when one was presented. Begin to watch [`Directory::session_watch`] before, so
    /// that no loss of it goes unseen.
    ///
    /// # Errors
    /// Machine faults.
    pub fn right(&self, login: &Login, ticket: Option<Ticket>) -> Result<Right, Error> {
        let account = login.account.id;
        let by = match (ticket, login.app_password) {
            (Some(ticket), _) => By::Ticket(ticket),
            (None, Some(used)) => By::AppPassword(used),
            (None, None) => By::Password(self.password_mark(account)?),
        };
        Ok(Right { account, by })
    }

    /// Whether it still holds. What cannot be read does not.
    pub fn holds(&self, right: &Right) -> bool {
        let account = right.account;
        let is_active = || self.account(account).is_ok_and(|found| found.state == AccountState::Active);
        match &right.by {
            By::Ticket(ticket) => self.session(ticket).is_ok_and(|(_, found)| found.id == account),
            By::AppPassword(used) => {
                is_active() && self.app_passwords(account).is_ok_and(|kept| kept.iter().any(|kept| kept.id == *used))
            }
            By::Password(mark) => is_active() && self.password_mark(account).is_ok_and(|found| found == *mark),
        }
    }
}
