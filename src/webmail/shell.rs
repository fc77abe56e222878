//! What stands around every page for mail: folders and the search box.

use crate::{
    folders::{Folders, Role},
    pool::Lease,
    visit::Visit,
};
use httpd::{Fault, Page};

/// Every page that extends `webmail/base.html` has it as `shell`, beside `page`.
pub(crate) struct Shell {
    /// All folders.
    pub(crate) folders: Folders,
    /// Name of the mailbox that is shown; empty on pages of no mailbox.
    pub(crate) mailbox: String,
    /// What is in the search box.
    pub(crate) query: String,
}

impl Shell {
    /// The shell of a page of `mailbox`, read over a connection that is at hand.
    pub(crate) async fn load(lease: &mut Lease, mailbox: &str) -> Result<Self, Fault> {
        Ok(Self { folders: Folders::load(lease).await?, mailbox: mailbox.to_owned(), query: String::new() })
    }

    /// The shell of a page that needs nothing else from IMAP.
    pub(crate) async fn alone(visit: &Visit) -> Result<Self, Fault> {
        Self::load(&mut visit.imap().await?, "").await
    }

    /// Where the search box searches.
    pub(crate) fn search_address(&self) -> String {
        crate::address::mailbox(if self.mailbox.is_empty() { "INBOX" } else { &self.mailbox })
    }

    /// Unread messages of the inbox, which the title tells.
    pub(crate) fn unread(&self) -> u64 {
        self.folders.iter().find(|f| f.is(Role::Inbox)).map_or(0, |f| f.unread)
    }

    /// Name of the mailbox that is shown.
    pub(crate) fn title(&self, page: &Page) -> String {
        self.folders.get(&self.mailbox).map_or_else(|| page.t("nav-mail"), |f| f.label(page))
    }

    /// Whether the mailbox that is shown has a role.
    pub(crate) fn is(&self, role: Role) -> bool {
        self.folders.get(&self.mailbox).is_some_and(|f| f.is(role))
    }
}
