//! What is looked after from time to time: every domain has keys to sign with, and new keys sign once the DNS shows them.

use crate::Queue;
use directory::dkim::{DkimKey, KeyState};
use net::{dns, shutdown::Shutdown};
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(600);

impl Queue {
    /// Looks after the keys of all domains until draining begins.
    pub async fn keep(&self, shutdown: Shutdown) {
        let work = async {
            loop {
                self.keep_once().await;
                tokio::time::sleep(EVERY).await;
            }
        };
        tokio::select! {
            () = shutdown.draining.cancelled() => {}
            () = work => {}
        }
    }

    /// One look at all domains.
    pub async fn keep_once(&self) {
        let domains = match self.shared.directory.domains() {
            Ok(domains) => domains,
            Err(error) => return tracing::error!(%error, "the domains cannot be read"),
        };
        if let Err(error) = self.shared.directory.srs_ensure().await {
            tracing::error!(%error, "there is no key for senders of forwarded mail");
        }
        for domain in domains {
            if let Err(error) = self.keep_keys(&domain.name).await {
                tracing::error!(domain = domain.name, %error, "the DKIM keys cannot be looked after");
            }
        }
    }

    /// Makes the first keys of a domain, lets those sign whose records are in the DNS, and forgets old ones.
    ///
    /// # Errors
    /// [`directory::Error::NotFound`] for the domain; machine faults.
    pub async fn keep_keys(&self, domain: &str) -> Result<Vec<DkimKey>, directory::Error> {
        let directory = &self.shared.directory;
        directory.dkim_sweep(domain).await?;
        let mut keys = directory.dkim_ensure(domain).await?;
        let waiting: Vec<DkimKey> = keys.iter().filter(|key| key.state == KeyState::Pending).cloned().collect();
        for key in waiting {
            let name = format!("{}._domainkey.{domain}", key.selector);
            match self.shared.resolver.txt(&name).await {
                Ok(texts) if texts.iter().any(|text| key.is_published_by(text)) => {
                    match directory.dkim_activate(domain, Some(&key.selector)).await {
                        Ok(now) => keys = now,
                        // Somebody else was quicker.
                        Err(directory::Error::NotFound(_)) => keys = directory.dkim_keys(domain)?,
                        Err(error) => return Err(error),
                    }
                }
                Ok(_) | Err(dns::Error::NoDomain(_) | dns::Error::NoRecord(..)) => {}
                Err(error) => tracing::debug!(%error, "a DKIM record cannot be looked up"),
            }
        }
        Ok(keys)
    }
}
