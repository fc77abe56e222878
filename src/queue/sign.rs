//! Signing of what leaves: which domain signs, and the fields that go in front of the message.
//!
//! Only what was written here is signed: mail of a signed-in account, from an address that is its own, and what this server
//! writes itself. Mail that is only passed on is not vouched for.

use crate::Error;
use directory::Directory;
use mail::{address, header};
use smtp::{
    dkim::{self, BodyHash},
    intake::header as intake_header,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::{BodyId, spool::SpoolEntry};

/// Octets that are looked through for the header; a message whose header is longer is not signed.
const HEADER_BYTES_MAX: u64 = 256 * 1024;
/// Octets of a body that are held at once.
const BLOCK_BYTES: u64 = 64 * 1024;
/// Finished fields that are kept for further destinations of a message.
const FIELDS_MAX: usize = 512;
/// Keys that are kept ready.
const KEYS_MAX: usize = 1024;

/// Signs, and remembers what it signed.
#[derive(Default)]
pub(crate) struct Signer {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// By body, domain and selectors.
    fields: HashMap<(BodyId, String), Arc<str>>,
    order: VecDeque<(BodyId, String)>,
    /// By domain and selector; a selector is never given twice.
    keys: HashMap<(String, String), Arc<dkim::Key>>,
}

impl Signer {
    /// The DKIM-Signature fields of a message, empty where nothing is signed. Reads the whole body unless it was signed just
    /// before; to be called where blocking is allowed.
    ///
    /// # Errors
    /// Machine faults.
    pub(crate) fn fields(&self, directory: &Directory, entry: &SpoolEntry, at: i64) -> Result<Arc<str>, Error> {
        if entry.account.is_none() && !entry.terms.own {
            return Ok("".into());
        }
        let (store, size) = (directory.store(), u64::from(entry.size));
        let start = store.body_range(entry.body, 0..size.min(HEADER_BYTES_MAX))?;
        let length = header::header_length(&start);
        if length == start.len() && size > HEADER_BYTES_MAX {
            tracing::warn!(trace = %entry.trace, "not signed: the header is too long");
            return Ok("".into());
        }
        let Some(domain) = domain(directory, entry, &start[..length])? else { return Ok("".into()) };
        let keys = directory.dkim_signing(&domain)?;
        if keys.is_empty() {
            return Ok("".into());
        }
        let selectors: Vec<&str> = keys.iter().map(|key| key.selector.as_str()).collect();
        let name = (entry.body, format!("{domain} {}", selectors.join(" ")));
        if let Some(fields) = self.lock().fields.get(&name) {
            return Ok(fields.clone());
        }
        let hash = body_hash(store, entry.body, length as u64, size)?;
        let mut fields = String::new();
        for key in &keys {
            let signature = self.key(&domain, key).and_then(|ready| {
                dkim::signature(&ready, &address::domain_to_ascii(&domain), &start[..length], &hash, at / 1000)
            });
            match signature {
                Some(signature) => fields.push_str(&signature),
                None => tracing::error!(domain, selector = key.selector, "the DKIM key cannot be used"),
            }
        }
        Ok(self.keep(name, fields.into()))
    }

    fn key(&self, domain: &str, key: &directory::dkim::SigningKey) -> Option<Arc<dkim::Key>> {
        let name = (domain.to_owned(), key.selector.clone());
        if let Some(ready) = self.lock().keys.get(&name) {
            return Some(ready.clone());
        }
        let ready = Arc::new(dkim::Key::new(key)?);
        let mut inner = self.lock();
        if inner.keys.len() >= KEYS_MAX {
            inner.keys.clear();
        }
        inner.keys.insert(name, ready.clone());
        Some(ready)
    }

    fn keep(&self, name: (BodyId, String), fields: Arc<str>) -> Arc<str> {
        let mut inner = self.lock();
        if inner.fields.insert(name.clone(), fields.clone()).is_none() {
            inner.order.push_back(name);
        }
        if inner.order.len() > FIELDS_MAX
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.fields.remove(&oldest);
        }
        fields
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every critical section leaves the maps whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who signs: the domain of the author, where the author is who sent it.
fn domain(directory: &Directory, entry: &SpoolEntry, head: &[u8]) -> Result<Option<String>, Error> {
    let survey = intake_header::survey(head);
    let Some(authors) = intake_header::from_addresses(head, &survey).filter(|_| survey.from == 1) else {
        return Ok(None);
    };
    let Some(author) = authors.first() else { return Ok(None) };
    if let Some(account) = entry.account {
        return match directory.account_may_send_as(account, author) {
            Ok(true) => Ok(Some(author.domain().to_owned())),
            Ok(false) | Err(directory::Error::NotFound(_)) => Ok(None),
            Err(error) => Err(smtp::Error::Directory(error).into()),
        };
    }
    // What the server writes comes from its host name, for which the domain above may sign (RFC 7489 section 3.1.1).
    let mut name = author.domain();
    loop {
        if directory.is_local(name)? {
            return Ok(Some(name.to_owned()));
        }
        match name.split_once('.') {
            Some((_, parent)) if !parent.is_empty() => name = parent,
            _ => return Ok(None),
        }
    }
}

fn body_hash(store: &store::Store, body: BodyId, mut at: u64, size: u64) -> Result<[u8; 32], store::Error> {
    let mut hash = BodyHash::default();
    while at < size {
        let end = size.min(at + BLOCK_BYTES);
        hash.update(&store.body_range(body, at..end)?);
        at = end;
    }
    Ok(hash.finish())
}
