//! The one-time link by which the first admin is made.
//!
//! The store keeps the BLAKE3 of the token only. A link works while there is no admin, for a day, once.

use super::{Password, accounts, accounts::AccountAdd, address};
use crate::{Context, OpError, context::now};
use serde::{Deserialize, Serialize};
use store::Tx;

const KEY: &[u8] = b"admin/setup-link";
/// Milliseconds for which a link works.
const LINK_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    token_hash: [u8; 32],
    created: i64,
}

/// A link to be opened in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupLink {
    /// Where to open it.
    pub url: String,
    /// Until when it works, milliseconds since 1970.
    pub expires: i64,
}

/// Whether an account with the admin role exists.
///
/// # Errors
/// Machine faults.
pub fn has_admin(context: &Context) -> Result<bool, OpError> {
    Ok(context.directory.accounts(None)?.iter().any(|account| account.admin))
}

/// Makes a link; an earlier one stops working.
///
/// # Errors
/// [`OpError::Exists`] when there is an admin.
pub async fn link(context: &Context) -> Result<SetupLink, OpError> {
    if has_admin(context)? {
        return Err(OpError::Exists(
            "there is an admin already: sign in, or set a password with gatepost account password".into(),
        ));
    }
    let mut random = [0u8; 32];
    getrandom::fill(&mut random).map_err(|error| OpError::Machine(error.to_string()))?;
    let token = blake3::Hash::from_bytes(random).to_hex();
    let record = Record { token_hash: *blake3::hash(token.as_bytes()).as_bytes(), created: now() };
    let expires = record.created + LINK_MS;
    context.store().commit(Vec::new(), move |tx: &mut Tx<'_>| tx.record_put(KEY, &record)).await?;
    Ok(SetupLink { url: format!("{}/setup?token={token}", base_url(&context.settings())), expires })
}

/// Whether the token opens the setup page now.
///
/// # Errors
/// Machine faults.
pub fn may(context: &Context, token: &str) -> Result<bool, OpError> {
    let Some(record) = context.store().record::<Record>(KEY)? else { return Ok(false) };
    // `blake3::Hash` compares in constant time.
    let fits = blake3::Hash::from_bytes(record.token_hash) == blake3::hash(token.as_bytes());
    Ok(fits && now() - record.created < LINK_MS && !has_admin(context)?)
}

/// Makes the first admin, with its domain when that is new, and spends the link.
///
/// # Errors
/// [`OpError::Invalid`] for a link that does not work or a password that is not allowed.
pub async fn finish(context: &Context, token: &str, text: &str, name: &str, password: Password) -> Result<(), OpError> {
    if !may(context, token)? {
        return Err(OpError::Invalid(
            "this link is used or too old: run gatepost serve again or gatepost setup-link for a new one".into(),
        ));
    }
    let admin = address(text)?;
    match context.directory.domain_add(admin.domain()).await {
        Ok(_) | Err(directory::Error::Exists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let add = AccountAdd { address: admin.to_string(), name: name.to_owned(), password, admin: true, quota: None };
    accounts::add(context, add).await?;
    context
        .store()
        .commit(Vec::new(), |tx: &mut Tx<'_>| {
            tx.record_remove(KEY);
            Ok::<_, store::Error>(())
        })
        .await?;
    Ok(())
}

/// Address of the web pages as people type it.
pub fn base_url(settings: &config::Settings) -> String {
    if settings.loopback
        && let Some(address) = settings.listen.http.first()
    {
        return format!("http://{address}");
    }
    match settings.listen.https.first().map(std::net::SocketAddr::port) {
        Some(443) | None => format!("https://{}", settings.hostname),
        Some(port) => format!("https://{}:{port}", settings.hostname),
    }
}
