//! Where drafts and copies are kept: the mailboxes of the person, by IMAP.

use super::draft::{Draft, Original, Purpose};
use crate::{
    folders::{Folders, Role},
    imap::{Command, Error, Value, pair},
    pool::Lease,
    visit::Visit,
};

/// Newest messages of Sent among which a message is looked for before it is sent again.
const RECENT_SENT: u32 = 50;
/// Newest drafts among which one is looked for by its Message-ID.
const RECENT_DRAFTS: u32 = 500;

/// The person's mailboxes that compose uses.
pub(super) struct Shelf<'a> {
    visit: &'a Visit,
    /// Name of Drafts.
    pub(super) drafts: String,
    sent: String,
    trash: Option<String>,
}

impl<'a> Shelf<'a> {
    /// Finds them; Drafts and Sent are made where they are missing.
    pub(super) async fn open(visit: &'a Visit) -> Result<Self, Error> {
        let mut lease = visit.imap().await?;
        let folders = Folders::load(&mut lease).await?;
        let drafts = named(&mut lease, &folders, Role::Drafts, "Drafts").await?;
        let sent = named(&mut lease, &folders, Role::Sent, "Sent").await?;
        let trash = folders.of_role(Role::Trash).map(str::to_owned);
        Ok(Self { visit, drafts, sent, trash })
    }

    /// The draft with that Message-ID and its UID. `hints` are UIDs it may have.
    pub(super) async fn find(&self, message_id: &str, hints: &[u32]) -> Result<Option<(u32, Draft)>, Error> {
        let (mut lease, selected) = self.visit.open(&self.drafts).await?;
        for uid in hints {
            if let Some(draft) = fetch(&mut lease, *uid).await?.filter(|draft| draft.message_id == message_id) {
                return Ok(Some((*uid, draft)));
            }
        }
        if hints.is_empty() || selected.exists == 0 {
            return Ok(None);
        }
        let uids = search(&mut lease, selected.exists, RECENT_DRAFTS, message_id).await?;
        let Some(uid) = uids.into_iter().max() else { return Ok(None) };
        Ok(fetch(&mut lease, uid).await?.map(|draft| (uid, draft)))
    }

    /// Keeps a version of a draft and gives its UID. The version before it goes when the new one is safe.
    pub(super) async fn save(&self, message: Vec<u8>, old: Option<u32>) -> Result<u32, Error> {
        let (mut lease, _) = self.visit.open(&self.drafts).await?;
        let command = Command::new("APPEND").mailbox(&self.drafts).word("(\\Draft \\Seen)").literal(message);
        let done = lease.run(command).await?;
        let uid = done.code.strip_prefix("APPENDUID ").and_then(|code| code.split(' ').nth(1)?.parse().ok());
        let uid = uid.ok_or_else(|| Error::Protocol("APPEND gave no UID".into()))?;
        if let Some(old) = old.filter(|old| *old != uid)
            && let Err(error) = expunge(&mut lease, old).await
        {
            // Two versions are better than none; the older one is found by its Message-ID and goes with the next.
            tracing::warn!(%error, "an older version of a draft stays");
        }
        Ok(uid)
    }

    /// Takes a draft away for good, because its message has been sent.
    pub(super) async fn remove(&self, uid: u32) -> Result<(), Error> {
        let (mut lease, _) = self.visit.open(&self.drafts).await?;
        expunge(&mut lease, uid).await
    }

    /// Throws a draft away: to Trash, from where it can be brought back.
    pub(super) async fn discard(&self, uid: u32) -> Result<(), Error> {
        let (mut lease, _) = self.visit.open(&self.drafts).await?;
        match &self.trash {
            Some(trash) => lease.run(Command::new(format!("UID MOVE {uid}")).mailbox(trash)).await.map(drop),
            None => expunge(&mut lease, uid).await,
        }
    }

    /// Whether a message with that Message-ID is among the newest of Sent.
    pub(super) async fn was_sent(&self, message_id: &str) -> Result<bool, Error> {
        let (mut lease, selected) = self.visit.open(&self.sent).await?;
        Ok(selected.exists > 0 && !search(&mut lease, selected.exists, RECENT_SENT, message_id).await?.is_empty())
    }

    /// Keeps a copy of what was sent. A connection that broke is replaced once.
    pub(super) async fn keep_copy(&self, message: Vec<u8>) -> Result<(), Error> {
        let append = |message| Command::new("APPEND").mailbox(&self.sent).word("(\\Seen)").literal(message);
        let first = self.visit.imap().await?.run(append(message.clone())).await;
        match first {
            Err(Error::Gone(_)) => self.visit.imap().await?.run(append(message)).await.map(drop),
            other => other.map(drop),
        }
    }

    /// Marks a message as answered or handed on.
    pub(super) async fn mark(&self, original: &Original) -> Result<(), Error> {
        let (mut lease, selected) = self.visit.open(&original.mailbox).await?;
        if selected.uid_validity != original.uid_validity {
            return Ok(());
        }
        let flag = match original.purpose {
            Purpose::Reply => "\\Answered",
            Purpose::Forward => "$Forwarded",
        };
        lease.run(Command::new(format!("UID STORE {} +FLAGS.SILENT ({flag})", original.uid))).await.map(drop)
    }
}

/// Name of the mailbox of a role; it is made under `name` where there is none.
async fn named(lease: &mut Lease, folders: &Folders, role: Role, name: &str) -> Result<String, Error> {
    if let Some(found) = folders.of_role(role) {
        return Ok(found.to_owned());
    }
    if folders.get(name).is_none() {
        match lease.run(Command::new("CREATE").mailbox(name)).await {
            Err(Error::No { code, .. }) if code == "ALREADYEXISTS" => {}
            other => _ = other?,
        }
    }
    Ok(name.to_owned())
}

async fn fetch(lease: &mut Lease, uid: u32) -> Result<Option<Draft>, Error> {
    let Some(message) = message(lease, uid).await? else { return Ok(None) };
    Ok(Some(super::heavy(message.len(), move || Draft::read(&message)).await?))
}

/// A whole message; `None` when it is gone.
pub(super) async fn message(lease: &mut Lease, uid: u32) -> Result<Option<bytes::Bytes>, Error> {
    let items = lease.fetch_one(uid, "UID BODY.PEEK[]").await?;
    Ok(items.and_then(|items| pair(&items, "BODY[]").and_then(Value::bytes).cloned()))
}

async fn search(lease: &mut Lease, exists: u32, newest: u32, message_id: &str) -> Result<Vec<u32>, Error> {
    let first = exists.saturating_sub(newest - 1).max(1);
    let command = Command::new(format!("UID SEARCH {first}:* HEADER Message-ID")).string(message_id);
    Ok(lease.run(command).await?.search())
}

async fn expunge(lease: &mut Lease, uid: u32) -> Result<(), Error> {
    lease.run(Command::new(format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"))).await?;
    lease.run(Command::new(format!("UID EXPUNGE {uid}"))).await.map(drop)
}
