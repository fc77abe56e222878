//! Argon2id, off the async threads and a few at a time: one hash takes 19 MiB and some 20 ms of a processor.

use crate::{Error, credential::Credential, random, sasl::scram};
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc::PasswordHash,
};
use config::Limits;
use std::{
    sync::{Arc, OnceLock},
    thread::available_parallelism,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Parameters of OWASP's password storage sheet for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes computed at once, at most, whatever the number of processors.
const AT_ONCE_MAX: usize = 8;
/// Characters of a password, at least.
const CHARS_MIN: usize = 8;

/// Computes hashes.
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
    /// A hash that no password has, for names that do not exist.
    dummy: Arc<OnceLock<String>>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        let places = available_parallelism().map_or(2, usize::from).clamp(1, AT_ONCE_MAX);
        Self { places: Arc::new(Semaphore::new(places)), dummy: Arc::default() }
    }

    /// Waits for the right to compute one hash.
    pub(crate) async fn place(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// A new credential for a password.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is too short or too long.
    pub(crate) async fn credential(&self, password: &str, scram_salt: [u8; 16]) -> Result<Credential, Error> {
        check(password)?;
        let place = self.place().await;
        let password = password.to_owned();
        off_thread(move || {
            let _place = place;
            // SCRAM clients prepare other passwords by SASLprep (RFC 4013), which would have to be done here as well.
            let scram = password.is_ascii().then(|| scram::Keys::derive(&password, scram_salt, scram::ITERATIONS));
            Credential { hash: hash(&password), scram, scram_salt, version: random_version() }
        })
        .await
    }

    /// The SCRAM keys of a secret that is ASCII.
    pub(crate) async fn scram_keys(&self, secret: &str, salt: [u8; 16]) -> Result<scram::Keys, Error> {
        let place = self.place().await;
        let secret = secret.to_owned();
        off_thread(move || {
            let _place = place;
            scram::Keys::derive(&secret, salt, scram::ITERATIONS)
        })
        .await
    }

    /// Whether a password fits a hash; `None` takes as long and never fits.
    pub(crate) async fn fits(
        &self,
        place: OwnedSemaphorePermit,
        password: &str,
        hash: Option<String>,
    ) -> Result<bool, Error> {
        let password = password.to_owned();
        let dummy = Arc::clone(&self.dummy);
        off_thread(move || {
            let _place = place;
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| dummy.get_or_init(|| self::hash(&random_text())).clone());
            let fits = PasswordHash::new(&hash)
                .is_ok_and(|parsed| argon2().verify_password(password.as_bytes(), &parsed).is_ok());
            fits && known
        })
        .await
    }
}

/// What a password must be to be set.
pub(crate) fn check(password: &str) -> Result<(), Error> {
    if password.chars().count() < CHARS_MIN {
        return Err(Error::Invalid(format!("a password has at least {CHARS_MIN} characters")));
    }
    if password.len() > Limits::PASSWORD_BYTES_MAX {
        return Err(Error::Invalid(format!("a password has at most {} bytes", Limits::PASSWORD_BYTES_MAX)));
    }
    if password.chars().any(char::is_control) {
        return Err(Error::Invalid("a password has no control characters".into()));
    }
    Ok(())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// As a PHC string, which names its parameters: they can be raised without losing old hashes.
fn hash(password: &str) -> String {
    argon2().hash_password(password.as_bytes()).expect("a bounded password can be hashed").to_string()
}

fn random_text() -> String {
    blake3::Hash::from_bytes(random()).to_hex().to_string()
}

/// Random, so that a credential restored from a backup is never taken for one that memory knows.
pub(crate) fn random_version() -> u64 {
    u64::from_be_bytes(random())
}

async fn off_thread<T, F>(work: F) -> Result<T, Error>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let fault = |error: tokio::task::JoinError| Error::Store(store::Error::Io(std::io::Error::other(error)));
    tokio::task::spawn_blocking(work).await.map_err(fault)
}
