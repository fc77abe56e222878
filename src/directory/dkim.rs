//! The keys that sign a domain's outgoing mail (RFC 6376, RFC 8463): made here, kept in the store, rotated with overlap.
//!
//! A key is *pending* until the DNS shows its record, then *active*: it signs. The key that it takes over from is *retired*: its
//! private half is gone at once, and its record stays in the DNS for [`RETIRED_KEPT_MS`], for mail that is still on its way.
//! So no message ever carries a signature whose key nobody can find.

use crate::{
    Directory, Error,
    domain::{missing, normal},
    now_ms,
    row::{self, Records as _},
};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::KeySize,
    signature::{Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Time that the record of a retired key stays in the DNS: longer than any message is queued anywhere.
pub const RETIRED_KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// `rsa-sha256` with 2048 bits, which every receiver can check.
    Rsa,
    /// `ed25519-sha256` (RFC 8463), for receivers that know it.
    Ed25519,
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Waits for its record to be seen in the DNS.
    Pending,
    /// Signs.
    Active,
    /// Signs no more; its record is to stay for a while.
    Retired,
}

/// A key without its private half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DkimKey {
    /// Selector: `SELECTOR._domainkey.DOMAIN` is the name of its record.
    pub selector: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// State.
    pub state: KeyState,
    /// When it came into this state, milliseconds since 1970.
    pub since: i64,
    /// Public half, base64, as in `p=`.
    pub public: String,
}

impl DkimKey {
    /// Text of its record (RFC 6376 section 3.6.1).
    pub fn record(&self) -> String {
        let kind = match self.algorithm {
            Algorithm::Rsa => "rsa",
            Algorithm::Ed25519 => "ed25519",
        };
        format!("v=DKIM1; k={kind}; p={}", self.public)
    }

    /// Whether a text found in the DNS publishes this key.
    pub fn is_published_by(&self, text: &str) -> bool {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        compact.split(';').any(|tag| tag.strip_prefix("p=") == Some(self.public.as_str()))
    }
}

/// A key that signs. `Debug` does not show the private half.
#[derive(Clone)]
pub struct SigningKey {
    /// Selector.
    pub selector: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Private half, PKCS #8.
    pub pkcs8: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("selector", &self.selector).finish_non_exhaustive()
    }
}

/// A key as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    key: DkimKey,
    /// PKCS #8; empty once retired.
    private: Vec<u8>,
}

/// A new key pair, not stored yet.
#[derive(Clone)]
struct Pair {
    algorithm: Algorithm,
    private: Vec<u8>,
    public: String,
}

impl Directory {
    /// The keys of a domain, newest last.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the domain.
    pub fn dkim_keys(&self, domain: &str) -> Result<Vec<DkimKey>, Error> {
        let name = self.domain(domain)?.name;
        Ok(self.kept(&name)?.into_iter().map(|kept| kept.key).collect())
    }

    /// The keys that sign for a domain; none when it is not ours or its records are not in the DNS yet.
    ///
    /// # Errors
    /// Machine faults.
    pub fn dkim_signing(&self, domain: &str) -> Result<Vec<SigningKey>, Error> {
        let Some(name) = normal(domain) else { return Ok(Vec::new()) };
        let active = self.kept(&name)?.into_iter().filter(|kept| kept.key.state == KeyState::Active);
        Ok(active
            .map(|Kept { key, private }| SigningKey {
                selector: key.selector,
                algorithm: key.algorithm,
                pkcs8: private,
            })
            .collect())
    }

    /// Makes the first keys of a domain, if it has none.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the domain.
    pub async fn dkim_ensure(&self, domain: &str) -> Result<Vec<DkimKey>, Error> {
        match self.dkim_keys(domain)? {
            keys if keys.is_empty() => self.make(domain, false).await,
            keys => Ok(keys),
        }
    }

    /// Begins a rotation: new keys wait for their records, the present ones sign until then.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the domain; [`Error::Exists`] while keys wait already.
    pub async fn dkim_rotate(&self, domain: &str) -> Result<Vec<DkimKey>, Error> {
        self.make(domain, true).await
    }

    /// Lets pending keys sign from now on; those before them retire. `selector`: one key, as its record was seen; `None`: all,
    /// because an admin says so.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is nothing to activate.
    pub async fn dkim_activate(&self, domain: &str, selector: Option<&str>) -> Result<Vec<DkimKey>, Error> {
        let name = self.domain(domain)?.name;
        let (selector, at) = (selector.map(str::to_owned), now_ms());
        let activated = name.clone();
        let keys = self
            .commit(move |tx| {
                let mut kept: Vec<Kept> = tx.get(&row::dkim(&name))?.unwrap_or_default();
                let fits = |kept: &Kept| selector.as_ref().is_none_or(|selector| *selector == kept.key.selector);
                let chosen: Vec<(String, Algorithm)> = kept
                    .iter()
                    .filter(|kept| kept.key.state == KeyState::Pending && fits(kept))
                    .map(|kept| (kept.key.selector.clone(), kept.key.algorithm))
                    .collect();
                if chosen.is_empty() {
                    return Err(Error::NotFound(format!("a key of {name} that waits to be activated")));
                }
                for kept in &mut kept {
                    if chosen.iter().any(|(selector, _)| *selector == kept.key.selector) {
                        (kept.key.state, kept.key.since) = (KeyState::Active, at);
                    } else if kept.key.state == KeyState::Active
                        && chosen.iter().any(|(_, algorithm)| *algorithm == kept.key.algorithm)
                    {
                        (kept.key.state, kept.key.since) = (KeyState::Retired, at);
                        kept.private.clear();
                    }
                }
                row::put(tx, &row::dkim(&name), &kept)?;
                Ok(kept.into_iter().map(|kept| kept.key).collect())
            })
            .await?;
        tracing::info!(domain = activated, "DKIM keys activated");
        Ok(keys)
    }

    /// Forgets keys whose records may leave the DNS.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn dkim_sweep(&self, domain: &str) -> Result<(), Error> {
        let name = self.domain(domain)?.name;
        let due = now_ms().saturating_sub(RETIRED_KEPT_MS);
        let over = move |kept: &Kept| kept.key.state == KeyState::Retired && kept.key.since < due;
        if !self.kept(&name)?.iter().any(over) {
            return Ok(());
        }
        self.commit(move |tx| {
            let mut kept: Vec<Kept> = tx.get(&row::dkim(&name))?.unwrap_or_default();
            kept.retain(|kept| !over(kept));
            row::put(tx, &row::dkim(&name), &kept)
        })
        .await
    }

    fn kept(&self, name: &str) -> Result<Vec<Kept>, Error> {
        Ok(self.store().get(&row::dkim(name))?.unwrap_or_default())
    }

    /// New keys; `more` when there may be some already.
    async fn make(&self, domain: &str, more: bool) -> Result<Vec<DkimKey>, Error> {
        let name = self.domain(domain)?.name;
        let lost = || Error::Invalid("the work was interrupted".into());
        // RSA keys take their time.
        let pairs = tokio::task::spawn_blocking(|| Some([rsa()?, ed25519()?])).await.map_err(|_| lost())?;
        let pairs = pairs.ok_or_else(|| Error::Invalid("the cryptography gives no keys".into()))?;
        let at = now_ms();
        let made = name.clone();
        let keys = self
            .commit(move |tx| {
                tx.domain_row(&name)?.ok_or_else(|| missing(&name))?;
                let mut kept: Vec<Kept> = tx.get(&row::dkim(&name))?.unwrap_or_default();
                let waits = kept.iter().any(|kept| kept.key.state == KeyState::Pending);
                if waits && more {
                    return Err(Error::Exists(format!("new keys of {name}, which wait for their DNS records,")));
                }
                if kept.is_empty() || more {
                    let generation = tx.next_id(&format!("dkim/{name}"))?;
                    kept.extend(pairs.iter().map(|pair| pair.kept(generation, at)));
                    row::put(tx, &row::dkim(&name), &kept)?;
                }
                Ok(kept.into_iter().map(|kept| kept.key).collect())
            })
            .await?;
        tracing::info!(domain = made, "DKIM keys made");
        Ok(keys)
    }
}

impl Pair {
    fn kept(&self, generation: u64, at: i64) -> Kept {
        let letter = match self.algorithm {
            Algorithm::Rsa => 'r',
            Algorithm::Ed25519 => 'e',
        };
        let key = DkimKey {
            selector: format!("gp{generation}{letter}"),
            algorithm: self.algorithm,
            state: KeyState::Pending,
            since: at,
            public: self.public.clone(),
        };
        Kept { key, private: self.private.clone() }
    }
}

fn rsa() -> Option<Pair> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).ok()?.as_ref().to_vec();
    Some(Pair { algorithm: Algorithm::Rsa, private, public: STANDARD.encode(public.as_ref()) })
}

fn ed25519() -> Option<Pair> {
    let pair = Ed25519KeyPair::generate().ok()?;
    // RFC 8463 section 4: the bare 32 octets.
    let public = STANDARD.encode(pair.public_key().as_ref());
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).ok()?.as_ref().to_vec();
    Some(Pair { algorithm: Algorithm::Ed25519, private, public })
}
