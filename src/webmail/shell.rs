//! What stands around every page for mail: folders and the search box.

use crate::{
    folders::{Folder, Folders, Role},
    imap::Error,
    pool::Lease,
    settings::{Panes, Settings},
    visit::Visit,
};
use httpd::Page;

/// Every page that extends `webmail/base.html` has it as `shell`, beside `page`.
#[derive(Debug)]
pub(crate) struct Shell {
    /// All folders.
    pub(crate) folders: Folders,
    /// Name of the mailbox that is shown; empty on pages of no mailbox.
    pub(crate) mailbox: String,
    /// What is in the search box.
    pub(crate) query: String,
    /// What the person has chosen.
    pub(crate) settings: Settings,
    /// Whether the folders go along with a part of a page, to take the place of those that are there.
    pub(crate) is_part: bool,
}

impl Shell {
    /// The shell of a page of `mailbox`, read over a connection that is at hand.
    pub(crate) async fn load(lease: &mut Lease, mailbox: &str) -> Result<Self, Error> {
        let settings = Settings::load(lease).await?;
        Self::with(lease, mailbox, settings).await
    }

    /// The same with settings that were read before.
    pub(crate) async fn with(lease: &mut Lease, mailbox: &str, settings: Settings) -> Result<Self, Error> {
        let folders = Folders::load(lease).await?;
        Ok(Self { folders, mailbox: mailbox.to_owned(), query: String::new(), settings, is_part: false })
    }

    /// All folders, where messages that belong together are shown together. Drafts are gone on with one by one.
    pub(crate) fn conversations(&self) -> Option<&Folders> {
        (self.settings.choices.conversations && !self.is_drafts()).then_some(&self.folders)
    }

    /// Whether a message takes the place of the list on wide screens too.
    pub(crate) fn has_two_panes(&self) -> bool {
        self.settings.choices.panes == Panes::Two
    }

    /// The shell of a page that needs nothing else from IMAP.
    pub(crate) async fn alone(visit: &Visit) -> Result<Self, Error> {
        Self::load(&mut visit.imap().await?, "").await
    }

    /// The same for a part of a page.
    pub(crate) fn into_part(mut self) -> Self {
        self.is_part = true;
        self
    }

    /// Where the search box searches.
    pub(crate) fn search_address(&self) -> String {
        crate::address::mailbox(if self.mailbox.is_empty() { "INBOX" } else { &self.mailbox })
    }

    fn folder(&self) -> Option<&Folder> {
        self.folders.get(&self.mailbox)
    }

    /// Name of the mailbox that is shown.
    pub(crate) fn title(&self, page: &Page) -> String {
        self.folder().map_or_else(|| self.mailbox.clone(), |f| f.label(page))
    }

    /// The same with the number of unread messages, as the window is called.
    pub(crate) fn full_title(&self, page: &Page) -> String {
        match self.folder().map_or(0, Folder::count) {
            0 => self.title(page),
            count => format!("({count}) {}", self.title(page)),
        }
    }

    /// Icon of the mailbox that is shown.
    pub(crate) fn icon(&self) -> &'static str {
        self.folder().map_or("folder", Folder::icon)
    }

    fn is(&self, role: Role) -> bool {
        self.folder().is_some_and(|f| f.is(role))
    }

    /// Whether messages go on being written here.
    pub(crate) fn is_drafts(&self) -> bool {
        self.is(Role::Drafts)
    }
    /// Whether this is where deleted mail is.
    pub(crate) fn is_trash(&self) -> bool {
        self.is(Role::Trash)
    }
    /// Whether this is where unwanted mail is.
    pub(crate) fn is_junk(&self) -> bool {
        self.is(Role::Junk)
    }
    /// Whether this is where mail is kept.
    pub(crate) fn is_archive(&self) -> bool {
        self.is(Role::Archive)
    }
    /// Whether all of it may be deleted at once.
    pub(crate) fn may_empty(&self) -> bool {
        self.is_trash() || self.is_junk()
    }
    /// Whether rows show to whom instead of from whom.
    pub(crate) fn shows_recipients(&self) -> bool {
        self.is(Role::Sent) || self.is_drafts()
    }

    /// Head of an empty list.
    pub(crate) fn empty_title(&self, page: &Page) -> String {
        if self.is(Role::Inbox) { page.t("empty-inbox") } else { page.t("empty-title") }
    }

    /// What an empty list says beyond that.
    pub(crate) fn empty_text(&self, page: &Page) -> String {
        match self.folder().and_then(|f| f.role) {
            Some(Role::Inbox) => page.t("empty-inbox-text"),
            Some(Role::Drafts) => page.t("empty-drafts-text"),
            Some(Role::Sent) => page.t("empty-sent-text"),
            Some(Role::Archive) => page.t("empty-archive-text"),
            Some(Role::Junk) => page.t("empty-junk-text"),
            Some(Role::Trash) => page.t("empty-trash-text"),
            None => page.t("empty-folder-text"),
        }
    }
}
