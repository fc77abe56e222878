//! Certificates by ACME (RFC 8555) with HTTP-01 (section 8.3): the answer is served by the HTTP listener on port 80.
//!
//! Kept under `tls/`: `acme-account-SERVER.json` (the account key) and `acme.pem` (key and chain in one file, so that they
//! are replaced together), both for the owner alone. For an ACME server of one's own, its root certificate is put beside
//! them as `acme-root.pem`; it is then trusted instead of the system's roots.

use super::{Certificates, Error, Source, locked, off_thread, pem, pem::Identity};
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, LetsEncrypt, NewAccount, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use std::{path::Path, time::Duration};

/// Time between two looks at the certificate's age.
const CHECK: Duration = Duration::from_secs(3600);
/// First wait after a failed order; doubles up to the longest. ACME servers count failures (Let's Encrypt: 5 an hour).
const RETRY_MIN: Duration = Duration::from_secs(15 * 60);
const RETRY_MAX: Duration = Duration::from_secs(12 * 3600);
/// Bound on one order with all its polls.
const ORDER: Duration = Duration::from_secs(5 * 60);
/// Lets the HTTP listener come up before the first order.
const FIRST: Duration = Duration::from_secs(2);

/// The certificate of an earlier order, if it still can be used.
pub(super) fn stored(folder: &Path, hostname: &str) -> Option<Identity> {
    let path = folder.join("acme.pem");
    let identity = Identity::read(&path, &path).ok()?;
    let usable = identity.not_after > pem::now_ms() && identity.names.iter().any(|name| name == hostname);
    usable.then_some(identity)
}

impl Certificates {
    /// Orders at two thirds of the lifetime, for ever.
    pub(super) async fn renew(&self) {
        let mut wait = FIRST;
        let mut retry = RETRY_MIN;
        loop {
            tokio::time::sleep(wait).await;
            if self.source() == Source::Acme && self.shared.current.0.load().1.renew_at() > pem::now_ms() {
                wait = CHECK;
                continue;
            }
            match self.order_now().await {
                Ok(()) => (wait, retry) = (CHECK, RETRY_MIN),
                Err(error) => {
                    tracing::warn!(%error, retry_seconds = retry.as_secs(), "no certificate by ACME");
                    wait = retry;
                    retry = (retry * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// Orders a certificate now, whatever the age of the one in use, and uses it.
    ///
    /// # Errors
    /// [`Error::Acme`] where ACME is not configured, the server refuses, or does not answer in time.
    pub async fn order_now(&self) -> Result<(), Error> {
        let Some(contact) = &self.shared.tls.acme_contact else {
            return Err(Error::Acme("tls.acme_contact is not set".into()));
        };
        let ordered = tokio::time::timeout(ORDER, self.order(contact)).await;
        locked(&self.shared.answers).clear();
        let identity = match ordered.unwrap_or_else(|_| Err(Error::Acme("no answer in time".into()))) {
            Ok(identity) => identity,
            Err(error) => {
                *locked(&self.shared.fault) = Some(error.to_string());
                return Err(error);
            }
        };
        tracing::info!(names = ?identity.names, "certificate obtained by ACME");
        self.install(Source::Acme, identity);
        Ok(())
    }

    async fn order(&self, contact: &str) -> Result<Identity, Error> {
        let account = self.account(contact).await?;
        let names = [Identifier::Dns(self.shared.hostname.clone())];
        let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(fault)?;
        self.prove(&mut order).await?;
        let status = order.poll_ready(&RetryPolicy::default()).await.map_err(fault)?;
        if status != OrderStatus::Ready && status != OrderStatus::Valid {
            let why = order.state().error.as_ref().map_or_else(String::new, |problem| format!(": {problem}"));
            return Err(Error::Acme(format!(
                "the name {} could not be proved over http port 80 ({status:?}{why})",
                self.shared.hostname
            )));
        }
        let key = order.finalize().await.map_err(fault)?;
        let chain = order.poll_certificate(&RetryPolicy::default()).await.map_err(fault)?;
        let path = self.shared.folder.join("acme.pem");
        off_thread(move || {
            pem::write_secret(&path, &format!("{}\n{chain}", key.trim_end()))?;
            Identity::read(&path, &path)
        })
        .await
    }

    /// Lays out the answer to each open challenge and tells the server to ask for it.
    async fn prove(&self, order: &mut Order) -> Result<(), Error> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(fault)?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                other => return Err(Error::Acme(format!("authorization is {other:?}"))),
            }
            let mut challenge = authorization
                .challenge(ChallengeType::Http01)
                .ok_or_else(|| Error::Acme("the server offers no http-01 challenge".into()))?;
            let answer = challenge.key_authorization().as_str().to_owned();
            locked(&self.shared.answers).insert(challenge.token.clone(), answer);
            challenge.set_ready().await.map_err(fault)?;
        }
        Ok(())
    }

    /// The account at the configured server, made when there is none.
    async fn account(&self, contact: &str) -> Result<Account, Error> {
        let server = self.shared.tls.acme_directory.as_deref().unwrap_or(LetsEncrypt::Production.url());
        let path = self.shared.folder.join(format!("acme-account-{}.json", file_name(server)));
        let root = self.shared.folder.join("acme-root.pem");
        let builder = match root.exists() {
            true => Account::builder_with_root(&root),
            false => Account::builder(),
        };
        let builder = builder.map_err(fault)?;
        if let Ok(text) = tokio::fs::read_to_string(&path).await {
            let credentials: AccountCredentials =
                serde_json::from_str(&text).map_err(|error| Error::file(&path, error))?;
            return builder.from_credentials(credentials).await.map_err(fault);
        }
        let contact = if contact.contains(':') { contact.to_owned() } else { format!("mailto:{contact}") };
        let new = NewAccount { contact: &[&contact], terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder.create(&new, server.to_owned(), None).await.map_err(fault)?;
        let text = serde_json::to_string(&credentials).map_err(|error| Error::file(&path, error))?;
        off_thread(move || pem::write_secret(&path, &text)).await?;
        Ok(account)
    }
}

/// The host and path of a URL as part of a file name.
fn file_name(url: &str) -> String {
    let plain = url.trim_start_matches("https://");
    plain.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).take(150).collect()
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn fault(error: instant_acme::Error) -> Error {
    Error::Acme(error.to_string())
}
