//! Records of the crates above (directory, settings), kept by key. What they mean is not the store's business.

use crate::{
    Error, Store, Tx,
    backend::Tree,
    tx::{Read, Row},
};
use serde::{Serialize, de::DeserializeOwned};

/// Largest record, bytes: sled keeps larger values in files of their own, which its checkpoints do not cover.
const RECORD_BYTES_MAX: usize = 16 * 1024;
/// Keys of counters in [`Tree::Meta`] begin with this.
const COUNTER: &[u8] = b"counter/";

impl Store {
    /// One record.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it does not decode as `T`.
    pub fn record<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        one(self, key)
    }
    /// All records whose key begins with `prefix`, in order of key.
    ///
    /// # Errors
    /// [`Error::Damaged`] when one does not decode as `T`.
    pub fn records<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
        all(self, prefix)
    }
}

impl Tx<'_> {
    /// As [`Store::record`].
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub fn record<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        one(self, key)
    }
    /// As [`Store::records`].
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub fn records<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
        all(self, prefix)
    }
    /// Writes a record (postcard; under 16 KB).
    ///
    /// # Errors
    /// [`Error::Limit`] when it is too large.
    pub fn record_put<T: Serialize>(&mut self, key: &[u8], value: &T) -> Result<(), Error> {
        let value = postcard::to_stdvec(value)
            .map_err(|error| Error::Invalid(format!("the record cannot be encoded: {error}")))?;
        if value.len() > RECORD_BYTES_MAX {
            return Err(Error::Limit("bytes of one record"));
        }
        self.put(Tree::Directory, key, value);
        Ok(())
    }
    /// Removes a record.
    pub fn record_remove(&mut self, key: &[u8]) {
        self.delete(Tree::Directory, key);
    }
    /// The next value of a named counter, from 1; never given twice.
    ///
    /// # Errors
    /// Machine faults.
    pub fn next_id(&mut self, counter: &str) -> Result<u64, Error> {
        let key = [COUNTER, counter.as_bytes()].concat();
        let last = match self.get(Tree::Meta, &key)? {
            Some(value) => {
                u64::from_be_bytes(value.as_ref().try_into().map_err(|_| Error::Damaged(format!("counter {counter}")))?)
            }
            None => 0,
        };
        self.put(Tree::Meta, &key, (last + 1).to_be_bytes().to_vec());
        Ok(last + 1)
    }
}

fn one<T: DeserializeOwned>(read: &impl Read, key: &[u8]) -> Result<Option<T>, Error> {
    read.get(Tree::Directory, key)?.map(|value| decode(key, &value)).transpose()
}

fn all<T: DeserializeOwned>(read: &impl Read, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
    let decode = |row: Result<Row, Error>| row.and_then(|(key, value)| Ok((key.to_vec(), decode(&key, &value)?)));
    read.prefix(Tree::Directory, prefix).map(decode).collect()
}

fn decode<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, Error> {
    postcard::from_bytes(value).map_err(|error| Error::Damaged(format!("record {}: {error}", key.escape_ascii())))
}
