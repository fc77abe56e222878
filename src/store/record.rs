//! Records of the crates above (directory, settings), kept by key. What they mean is not the store's business.

use crate::{Error, Store, Tx};
use serde::{Serialize, de::DeserializeOwned};

impl Store {
    /// One record.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it does not decode as `T`.
    pub fn record<T: DeserializeOwned>(&self, _key: &[u8]) -> Result<Option<T>, Error> {
        todo!()
    }
    /// All records whose key begins with `prefix`, in order of key.
    ///
    /// # Errors
    /// [`Error::Damaged`] when one does not decode as `T`.
    pub fn records<T: DeserializeOwned>(&self, _prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
        todo!()
    }
}

impl Tx<'_> {
    /// As [`Store::record`].
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub fn record<T: DeserializeOwned>(&self, _key: &[u8]) -> Result<Option<T>, Error> {
        todo!()
    }
    /// As [`Store::records`].
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub fn records<T: DeserializeOwned>(&self, _prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
        todo!()
    }
    /// Writes a record (postcard; under 16 KB).
    ///
    /// # Errors
    /// [`Error::Limit`] when it is too large.
    pub fn record_put<T: Serialize>(&mut self, _key: &[u8], _value: &T) -> Result<(), Error> {
        todo!()
    }
    /// Removes a record.
    pub fn record_remove(&mut self, _key: &[u8]) {
        todo!()
    }
    /// The next value of a named counter, from 1; never given twice.
    ///
    /// # Errors
    /// Machine faults.
    pub fn next_id(&mut self, _counter: &str) -> Result<u64, Error> {
        todo!()
    }
}
