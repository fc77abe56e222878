//! Accounts and their app passwords.

use super::{Password, address};
use crate::{Context, OpError};
use directory::{Account, AccountState, account::NewAccount, credential::AppPassword};
use serde::{Deserialize, Serialize};

/// An account with what it uses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountView {
    /// Primary address and sign-in name.
    pub address: String,
    /// Display name.
    pub name: String,
    /// `active`, `suspended` or `closed`.
    pub state: AccountState,
    /// Whether it may use the console.
    pub admin: bool,
    /// Bytes it may use.
    pub quota: Option<u64>,
    /// Bytes it uses.
    pub bytes: u64,
    /// Messages it holds.
    pub messages: u64,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
}

/// An account to be added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountAdd {
    /// Primary address.
    pub address: String,
    /// Display name.
    #[serde(default)]
    pub name: String,
    /// Password.
    pub password: Password,
    /// Whether it may use the console.
    #[serde(default)]
    pub admin: bool,
    /// Bytes it may use; without it the domain's default holds.
    #[serde(default)]
    pub quota: Option<u64>,
}

/// What to change of an account; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountSet {
    /// Which.
    pub address: String,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// State.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<AccountState>,
    /// Whether it may use the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<bool>,
    /// Bytes it may use; 0 for unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
}

/// A new app password with its secret, which is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewAppPassword {
    /// Number within the account.
    pub id: u64,
    /// What it is for.
    pub name: String,
    /// The secret.
    pub secret: Password,
}

/// Which accounts to show; what is left empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountFilter {
    /// A part of the address or the name, in any case.
    pub text: String,
    /// Domain.
    pub domain: String,
    /// State.
    pub state: Option<AccountState>,
    /// Only those with the admin role.
    pub admin: bool,
}

/// Accounts by address that pass the filter: how many, and those from `offset` on, at most `limit`. Only these are looked up in the
/// store, so thousands cost little.
///
/// # Errors
/// Machine faults.
pub fn search(
    context: &Context,
    filter: &AccountFilter,
    offset: impl FnOnce(usize) -> usize,
    limit: usize,
) -> Result<(usize, Vec<AccountView>), OpError> {
    let text = filter.text.trim().to_lowercase();
    let passes = |account: &Account| {
        (text.is_empty()
            || account.address.to_string().to_lowercase().contains(&text)
            || account.name.to_lowercase().contains(&text))
            && filter.state.is_none_or(|state| account.state == state)
            && (!filter.admin || account.admin)
    };
    let domain = Some(filter.domain.as_str()).filter(|domain| !domain.is_empty());
    let found: Vec<Account> = context.directory.accounts(domain)?.into_iter().filter(passes).collect();
    let total = found.len();
    let shown = found.into_iter().skip(offset(total)).take(limit);
    Ok((total, shown.map(|account| view(context, account)).collect::<Result<_, _>>()?))
}

/// A password nobody has to think of: five groups of letters and digits that cannot be mistaken for each other, 99 bits.
///
/// # Errors
/// [`OpError::Machine`] without randomness.
pub fn generated_password() -> Result<Password, OpError> {
    const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut text = String::new();
    let mut byte = [0u8; 1];
    while text.len() < 24 {
        if text.len() % 5 == 4 {
            text.push('-');
        }
        getrandom::fill(&mut byte).map_err(|error| OpError::Machine(error.to_string()))?;
        // 248 is the largest multiple of 31 in a byte: above it letters would not be equally likely.
        if byte[0] < 248 {
            text.push(char::from(LETTERS[usize::from(byte[0]) % LETTERS.len()]));
        } else if text.ends_with('-') {
            text.pop();
        }
    }
    Ok(Password(text))
}

/// Accounts by address; of one domain, or all.
///
/// # Errors
/// Machine faults.
pub fn list(context: &Context, domain: Option<&str>) -> Result<Vec<AccountView>, OpError> {
    context.directory.accounts(domain)?.into_iter().map(|account| view(context, account)).collect()
}

/// One account.
///
/// # Errors
/// [`OpError::NotFound`]
pub fn show(context: &Context, text: &str) -> Result<AccountView, OpError> {
    view(context, find(context, text)?)
}

/// Adds an account with its mailboxes.
///
/// # Errors
/// [`OpError::Exists`], [`OpError::NotFound`] for the domain, [`OpError::Invalid`].
pub async fn add(context: &Context, add: AccountAdd) -> Result<AccountView, OpError> {
    let address = address(&add.address)?;
    let name = if add.name.trim().is_empty() { address.local().to_owned() } else { add.name.trim().to_owned() };
    let new = NewAccount {
        address,
        name,
        password: add.password.0,
        admin: add.admin,
        quota: add.quota.filter(|&bytes| bytes > 0),
    };
    let account = context.directory.account_add(new).await?;
    tracing::info!(account = %account.address, admin = account.admin, "account added");
    view(context, account)
}

/// Changes name, state, role or quota.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for the last admin.
pub async fn set(context: &Context, set: AccountSet) -> Result<AccountView, OpError> {
    let mut account = find(context, &set.address)?;
    if let Some(name) = set.name {
        account.name = name;
    }
    if let Some(state) = set.state {
        account.state = state;
    }
    if let Some(admin) = set.admin {
        account.admin = admin;
    }
    if let Some(bytes) = set.quota {
        account.quota = Some(bytes).filter(|&bytes| bytes > 0);
    }
    context.directory.account_update(account.clone()).await?;
    tracing::info!(account = %account.address, state = ?account.state, admin = account.admin, "account changed");
    view(context, account)
}

/// Sets a password and ends the account's sessions.
///
/// # Errors
/// [`OpError::NotFound`], [`OpError::Invalid`].
pub async fn password(context: &Context, text: &str, password: &Password) -> Result<(), OpError> {
    let account = find(context, text)?;
    context.directory.password_set(account.id, &password.0).await?;
    tracing::info!(account = %account.address, "password set");
    Ok(())
}

/// Removes an account with all its mail.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for the last admin.
pub async fn remove(context: &Context, text: &str) -> Result<(), OpError> {
    let account = find(context, text)?;
    context.directory.account_remove(account.id).await?;
    tracing::info!(account = %account.address, "account removed");
    Ok(())
}

/// App passwords of an account.
///
/// # Errors
/// [`OpError::NotFound`]
pub fn app_passwords(context: &Context, text: &str) -> Result<Vec<AppPassword>, OpError> {
    Ok(context.directory.app_passwords(find(context, text)?.id)?)
}

/// Makes an app password.
///
/// # Errors
/// [`OpError::NotFound`], [`OpError::Invalid`].
pub async fn app_password_add(context: &Context, text: &str, name: &str) -> Result<NewAppPassword, OpError> {
    let account = find(context, text)?;
    let (app_password, secret) = context.directory.app_password_add(account.id, name.trim()).await?;
    Ok(NewAppPassword { id: app_password.id, name: app_password.name, secret: Password(secret) })
}

/// Removes an app password.
///
/// # Errors
/// [`OpError::NotFound`]
pub async fn app_password_remove(context: &Context, text: &str, id: u64) -> Result<(), OpError> {
    Ok(context.directory.app_password_remove(find(context, text)?.id, id).await?)
}

fn find(context: &Context, text: &str) -> Result<Account, OpError> {
    Ok(context.directory.account_by_address(&address(text)?)?)
}

fn view(context: &Context, account: Account) -> Result<AccountView, OpError> {
    let usage = context.store().usage(account.id)?;
    Ok(AccountView {
        address: account.address.to_string(),
        name: account.name,
        state: account.state,
        admin: account.admin,
        quota: account.quota,
        bytes: usage.bytes,
        messages: usage.messages,
        created: account.created,
    })
}

#[cfg(test)]
mod tests {
    use super::generated_password;

    #[test]
    fn generated_passwords_are_five_groups_and_differ() {
        let (one, two) = (generated_password().unwrap().0, generated_password().unwrap().0);
        assert_ne!(one, two);
        for password in [one, two] {
            let groups: Vec<&str> = password.split('-').collect();
            assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [4; 5], "{password}");
            assert!(password.chars().all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit()), "{password}");
        }
    }
}
