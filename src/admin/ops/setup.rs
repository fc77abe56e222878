//! The one-time link by which the first admin is made.

use super::{Password, address};
use crate::{Context, OpError, context::now};
use directory::setup::LIFETIME_MS;
use serde::{Deserialize, Serialize};

/// A link to be opened in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupLink {
    /// Where to open it. The token is its fragment, which browsers send to nobody.
    pub url: String,
    /// Until when it works, milliseconds since 1970.
    pub expires: i64,
}

/// Whether an account with the admin role exists.
///
/// # Errors
/// Machine faults.
pub fn has_admin(context: &Context) -> Result<bool, OpError> {
    Ok(!context.directory.setup_needed()?)
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
    let token = context.directory.setup_token_create().await?;
    Ok(SetupLink { url: format!("{}/setup#{token}", base_url(&context.settings())), expires: now() + LIFETIME_MS })
}

/// Makes the first admin, with its domain when that is new, and spends the link.
///
/// # Errors
/// [`OpError::Invalid`] for a link that does not work or a password that is not allowed.
pub async fn finish(context: &Context, token: &str, text: &str, password: &Password) -> Result<(), OpError> {
    let admin = address(text)?;
    context.directory.setup_redeem(token.trim(), &admin, &password.0).await?;
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
