//! Sieve scripts of an account, and what running them has to remember: whom a vacation answered, which messages were seen.
//!
//! A script is kept in pieces, so that each row stays within what the index engines take. What is remembered lapses by itself:
//! each new memory lets some lapsed ones of the same account go.

use crate::account::Account;
use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, Error, Store, Tx, keys};
use serde::{Deserialize, Serialize};

/// Scripts of one account.
pub const SCRIPTS_MAX: usize = 32;
/// Bytes of one script.
pub const SCRIPT_BYTES_MAX: usize = 128 * 1024;
/// Bytes of a script's name (RFC 5804 section 1.6 asks for at least 128 characters).
pub const SCRIPT_NAME_BYTES_MAX: usize = 512;

/// Bytes of one piece.
const PIECE_BYTES: usize = 12 * 1024;
/// Lapsed memories that a new one lets go.
const LAPSED_PER_COMMIT: usize = 20;

/// A script as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Name.
    pub name: String,
    /// Bytes of its text.
    pub size: u32,
    /// When it was written, milliseconds since 1970.
    pub modified: i64,
    /// Whether it is the one that runs.
    pub active: bool,
}

/// Stands for something that is remembered: the first half of a BLAKE3.
pub type Memory = [u8; 16];

/// What is kept of a script beside its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Head {
    size: u32,
    modified: i64,
    pieces: u8,
}

fn active(read: &impl Read, account: AccountId) -> Result<Option<String>, Error> {
    read.get(Tree::Mailbox, &keys::script_active(account))?.map(|row| keys::decode("active script", &row)).transpose()
}

fn head(read: &impl Read, account: AccountId, name: &str) -> Result<Option<Head>, Error> {
    read.get(Tree::Mailbox, &keys::script(account, name))?.map(|row| keys::decode("script", &row)).transpose()
}

fn list(read: &impl Read, account: AccountId) -> Result<Vec<Script>, Error> {
    let active = active(read, account)?;
    let prefix = keys::scripts(account);
    let script = |(key, row): crate::tx::Row| {
        let head: Head = keys::decode("script", &row)?;
        let name = std::str::from_utf8(&key[prefix.len()..]).map_err(|_| keys::damaged("name of a script"))?;
        let active = active.as_deref() == Some(name);
        Ok(Script { name: name.to_owned(), size: head.size, modified: head.modified, active })
    };
    read.prefix(Tree::Mailbox, &prefix).map(|row| row.and_then(script)).collect()
}

fn text(read: &impl Read, account: AccountId, name: &str) -> Result<Option<String>, Error> {
    let Some(head) = head(read, account, name)? else { return Ok(None) };
    let mut bytes = Vec::with_capacity(head.size as usize);
    for piece in 0..head.pieces {
        let row = read.get(Tree::Mailbox, &keys::script_piece(account, name, piece))?;
        bytes.extend_from_slice(&row.ok_or_else(|| keys::damaged("text of a script"))?);
    }
    String::from_utf8(bytes).map(Some).map_err(|_| keys::damaged("text of a script"))
}

fn remembered(read: &impl Read, account: AccountId, memory: Memory, now: i64) -> Result<bool, Error> {
    let row = read.get(Tree::Mailbox, &keys::memory(account, memory))?;
    let lapses: Option<i64> = row.map(|row| keys::decode("memory", &row)).transpose()?;
    Ok(lapses.is_some_and(|at| at > now))
}

/// Checks a name (RFC 5804 section 1.6). `/` would be read as a path by those who back scripts up.
fn new_name(name: &str) -> Result<(), Error> {
    let barred = |c: char| c.is_control() || matches!(c, '/' | '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}');
    let why = match name {
        "" => "cannot be empty",
        _ if name.len() > SCRIPT_NAME_BYTES_MAX => "is too long",
        _ if name.contains(barred) => "cannot hold slashes or control characters",
        _ => return Ok(()),
    };
    Err(Error::Invalid(format!("a script name {why}")))
}

impl Store {
    /// The scripts of an account, by name.
    ///
    /// # Errors
    /// Machine faults.
    pub fn scripts(&self, account: AccountId) -> Result<Vec<Script>, Error> {
        list(self, account)
    }
    /// The text of a script.
    ///
    /// # Errors
    /// Machine faults.
    pub fn script_text(&self, account: AccountId, name: &str) -> Result<Option<String>, Error> {
        let _stable = self.hub.stable();
        text(self, account, name)
    }
    /// Name and text of the script that runs, if one does.
    ///
    /// # Errors
    /// Machine faults.
    pub fn script_running(&self, account: AccountId) -> Result<Option<(String, String)>, Error> {
        // Most accounts have none: one read tells.
        let _stable = self.hub.stable();
        let Some(name) = active(self, account)? else { return Ok(None) };
        Ok(text(self, account, &name)?.map(|text| (name, text)))
    }
    /// Whether something is remembered and has not lapsed at `now`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn remembered(&self, account: AccountId, memory: Memory, now: i64) -> Result<bool, Error> {
        remembered(self, account, memory, now)
    }
}

impl Tx<'_> {
    /// As [`Store::scripts`].
    ///
    /// # Errors
    /// Machine faults.
    pub fn scripts(&self, account: AccountId) -> Result<Vec<Script>, Error> {
        list(self, account)
    }
    /// Writes a script, over one of this name if there is one. Whether it is Sieve is for the caller to know.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the name, [`Error::Limit`], [`Error::NotFound`] for the account.
    pub fn script_put(&mut self, account: AccountId, name: &str, text: &str, at: i64) -> Result<(), Error> {
        Account::load(self, account)?;
        new_name(name)?;
        self.script_room(account, name, text.len())?;
        self.pieces_delete(account, name)?;
        let mut pieces = 0;
        for piece in text.as_bytes().chunks(PIECE_BYTES) {
            self.put(Tree::Mailbox, &keys::script_piece(account, name, pieces), piece.to_vec());
            pieces += 1;
        }
        let head = Head { size: u32::try_from(text.len()).unwrap_or(u32::MAX), modified: at, pieces };
        self.put(Tree::Mailbox, &keys::script(account, name), keys::encode(&head));
        Ok(())
    }
    /// Whether a script of this name and size could be put.
    ///
    /// # Errors
    /// [`Error::Limit`]
    pub fn script_room(&self, account: AccountId, name: &str, bytes: usize) -> Result<(), Error> {
        if bytes > SCRIPT_BYTES_MAX {
            return Err(Error::Limit("bytes of one script"));
        }
        let scripts = self.scripts(account)?;
        if scripts.len() >= SCRIPTS_MAX && !scripts.iter().any(|script| script.name == name) {
            return Err(Error::Limit("scripts of one account"));
        }
        Ok(())
    }
    /// Sets the script that runs; `None` for none.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn script_activate(&mut self, account: AccountId, name: Option<&str>) -> Result<(), Error> {
        let key = keys::script_active(account);
        match name {
            None => self.delete(Tree::Mailbox, &key),
            Some(name) => {
                head(self, account, name)?.ok_or(Error::NotFound("script"))?;
                self.put(Tree::Mailbox, &key, keys::encode(name));
            }
        }
        Ok(())
    }
    /// Gives a script another name; if it runs, it goes on running.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Exists`], [`Error::Invalid`] for the new name.
    pub fn script_rename(&mut self, account: AccountId, from: &str, to: &str) -> Result<(), Error> {
        new_name(to)?;
        let old = head(self, account, from)?.ok_or(Error::NotFound("script"))?;
        if head(self, account, to)?.is_some() {
            return Err(Error::Exists("script"));
        }
        for piece in 0..old.pieces {
            let row = self.get(Tree::Mailbox, &keys::script_piece(account, from, piece))?;
            let row = row.ok_or_else(|| keys::damaged("text of a script"))?;
            self.put(Tree::Mailbox, &keys::script_piece(account, to, piece), row.to_vec());
        }
        self.put(Tree::Mailbox, &keys::script(account, to), keys::encode(&old));
        if active(self, account)?.as_deref() == Some(from) {
            self.script_activate(account, Some(to))?;
        }
        self.pieces_delete(account, from)?;
        self.delete(Tree::Mailbox, &keys::script(account, from));
        Ok(())
    }
    /// Removes a script that does not run.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for the one that runs (RFC 5804 section 2.10).
    pub fn script_remove(&mut self, account: AccountId, name: &str) -> Result<(), Error> {
        head(self, account, name)?.ok_or(Error::NotFound("script"))?;
        if active(self, account)?.as_deref() == Some(name) {
            return Err(Error::Invalid("the script is active".into()));
        }
        self.pieces_delete(account, name)?;
        self.delete(Tree::Mailbox, &keys::script(account, name));
        Ok(())
    }
    /// As [`Store::remembered`], as this commit sees it.
    ///
    /// # Errors
    /// Machine faults.
    pub fn remembered(&self, account: AccountId, memory: Memory, now: i64) -> Result<bool, Error> {
        remembered(self, account, memory, now)
    }
    /// Remembers something until `lapses`, and lets some go that have lapsed at `now`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn remember(&mut self, account: AccountId, memory: Memory, lapses: i64, now: i64) -> Result<(), Error> {
        let (start, end) = keys::memories_lapsed(account, now);
        let rows: Vec<_> = self.range(Tree::Mailbox, &start, &end).take(LAPSED_PER_COMMIT).collect::<Result<_, _>>()?;
        for (key, _) in rows {
            self.delete(Tree::Mailbox, &keys::memory(account, keys::memory_lapse_of(&key)?));
            self.delete(Tree::Mailbox, &key);
        }
        if let Some(row) = self.get(Tree::Mailbox, &keys::memory(account, memory))? {
            let before: i64 = keys::decode("memory", &row)?;
            self.delete(Tree::Mailbox, &keys::memory_lapse(account, before, memory));
        }
        self.put(Tree::Mailbox, &keys::memory(account, memory), keys::encode(&lapses));
        self.put(Tree::Mailbox, &keys::memory_lapse(account, lapses, memory), Vec::new());
        Ok(())
    }

    fn pieces_delete(&mut self, account: AccountId, name: &str) -> Result<(), Error> {
        let pieces = head(self, account, name)?.map_or(0, |head| head.pieces);
        for piece in 0..pieces {
            self.delete(Tree::Mailbox, &keys::script_piece(account, name, piece));
        }
        Ok(())
    }
}
