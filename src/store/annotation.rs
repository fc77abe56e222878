//! Annotations of an account and of its mailboxes: named values that clients keep (RFC 5464). What they mean is not the
//! store's business. Those of a mailbox go with it; a rename does not touch them.

use crate::account::Account;
use crate::backend::Tree;
use crate::tx::{Read, Row};
use crate::{AccountId, Error, MailboxId, Store, Tx, keys};

/// Bytes of a value.
pub const ANNOTATION_BYTES_MAX: usize = 12 * 1024;
/// Annotations of one mailbox, or of the account itself.
pub const ANNOTATIONS_MAX: usize = 100;
/// Bytes of a name.
pub const ANNOTATION_NAME_BYTES_MAX: usize = 250;

/// What is annotated: a mailbox, or with `None` the account as a whole.
pub type Annotated = Option<MailboxId>;

impl Store {
    /// The annotations whose names begin with `prefix`, by name.
    ///
    /// # Errors
    /// Machine faults.
    pub fn annotations(
        &self,
        account: AccountId,
        of: Annotated,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let start = keys::annotation(account, of, "").len();
        let decode = |row: Result<Row, Error>| {
            let (key, value) = row?;
            let name = String::from_utf8_lossy(key.get(start..).unwrap_or_default()).into_owned();
            Ok((name, keys::decode("annotation", &value)?))
        };
        self.prefix(Tree::History, &keys::annotation(account, of, prefix)).map(decode).collect()
    }
}

impl Tx<'_> {
    /// Sets an annotation, or removes it with `None`. Removing one that is not there is done at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] without the account or mailbox; [`Error::Limit`] beyond [`ANNOTATIONS_MAX`],
    /// [`ANNOTATION_BYTES_MAX`] and [`ANNOTATION_NAME_BYTES_MAX`].
    pub fn annotation_set(
        &mut self,
        account: AccountId,
        of: Annotated,
        name: &str,
        value: Option<&[u8]>,
    ) -> Result<(), Error> {
        Account::load(self, account)?;
        if let Some(mailbox) = of {
            self.mailbox(account, mailbox)?;
        }
        let key = keys::annotation(account, of, name);
        self.wake_watchers(account)?;
        let Some(value) = value else {
            self.delete(Tree::History, &key);
            return Ok(());
        };
        if value.len() > ANNOTATION_BYTES_MAX {
            return Err(Error::Limit("bytes of an annotation"));
        }
        if name.len() > ANNOTATION_NAME_BYTES_MAX {
            return Err(Error::Limit("bytes of an annotation's name"));
        }
        let is_new = self.get(Tree::History, &key)?.is_none();
        let all = keys::annotation(account, of, "");
        if is_new && self.prefix(Tree::History, &all).take(ANNOTATIONS_MAX).count() >= ANNOTATIONS_MAX {
            return Err(Error::Limit("annotations"));
        }
        self.put(Tree::History, &key, keys::encode(&value.to_vec()));
        Ok(())
    }

    /// Those of a mailbox that is deleted go with it.
    pub(crate) fn annotations_forget(&mut self, account: AccountId, mailbox: MailboxId) -> Result<(), Error> {
        let all = keys::annotation(account, Some(mailbox), "");
        let rows: Vec<Row> = self.prefix(Tree::History, &all).collect::<Result<_, _>>()?;
        for (key, _) in rows {
            self.delete(Tree::History, &key);
        }
        Ok(())
    }
}
