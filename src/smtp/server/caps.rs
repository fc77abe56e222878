//! What one account may send in an hour and in a day, over all its sessions.
//!
//! Counted in memory, so a restart begins anew. At the bound for an hour the client is told to try later; at the bound for a
//! day the account's sending stops until an admin allows it again, and the admins get a message: that many recipients are an
//! account that somebody else uses.

use super::Context;
use crate::{
    intake::{self, Draft, Incoming, Origin, Recipient},
    proto::reply::{self, Reply},
};
use config::Settings;
use directory::Account;
use mail::address::ReversePath;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::{AccountId, Terms, TraceId, trace::Step};

/// Accounts counted at once.
const ACCOUNTS_MAX: usize = 100_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Counts of all accounts.
#[derive(Debug, Default)]
pub(super) struct Caps(Mutex<HashMap<AccountId, Count>>);

/// What an account has sent within the hour and the day that are running.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    hour: i64,
    day: i64,
    hour_messages: u32,
    hour_recipients: u32,
    day_recipients: u32,
}

/// What a further message or recipient would be beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    Hour,
    Day,
}

impl Caps {
    /// Whether the account may send to `recipients` more now; with `message` in one more message. Counts nothing.
    pub(super) fn check(
        &self,
        settings: &Settings,
        account: AccountId,
        recipients: usize,
        now: i64,
    ) -> Result<(), Beyond> {
        let count = self.lock().get(&account).copied().unwrap_or_default().at(now);
        let (limits, more) = (&settings.limits, u32::try_from(recipients).unwrap_or(u32::MAX));
        if count.day_recipients.saturating_add(more) > limits.account_recipients_per_day_max {
            return Err(Beyond::Day);
        }
        let many = count.hour_recipients.saturating_add(more) > limits.account_recipients_per_hour_max;
        if many || count.hour_messages >= limits.account_messages_per_hour_max {
            return Err(Beyond::Hour);
        }
        Ok(())
    }

    /// Counts a message that was taken.
    pub(super) fn count(&self, account: AccountId, recipients: usize, now: i64) {
        let mut counts = self.lock();
        if counts.len() >= ACCOUNTS_MAX && !counts.contains_key(&account) {
            counts.retain(|_, count| count.day == now / DAY_MS);
        }
        let count = counts.entry(account).or_default();
        *count = count.at(now);
        let more = u32::try_from(recipients).unwrap_or(u32::MAX);
        count.hour_messages = count.hour_messages.saturating_add(1);
        count.hour_recipients = count.hour_recipients.saturating_add(more);
        count.day_recipients = count.day_recipients.saturating_add(more);
    }

    /// Begins the day of an account anew.
    fn forget(&self, account: AccountId) {
        self.lock().remove(&account);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    /// As it is at a time: another hour or day begins at nothing.
    fn at(mut self, now: i64) -> Self {
        if self.day != now / DAY_MS {
            self = Self { day: now / DAY_MS, ..Self::default() };
        }
        if self.hour != now / HOUR_MS {
            self = Self { hour: now / HOUR_MS, hour_messages: 0, hour_recipients: 0, ..self };
        }
        self
    }
}

/// Whether an account may send to so many recipients now; stops its sending when it is over the bound for a day.
pub(super) async fn check(
    context: &Context,
    settings: &Settings,
    account: &Account,
    recipients: usize,
) -> Result<(), Reply> {
    match context.caps.check(settings, account.id, recipients, intake::now()) {
        Ok(()) => Ok(()),
        Err(Beyond::Hour) => {
            metrics::counter!("gatepost_smtp_sending_slowed_total").increment(1);
            Err(reply::SENDING_TOO_FAST)
        }
        Err(Beyond::Day) => {
            stop(context, settings, account).await;
            Err(reply::SENDING_STOPPED)
        }
    }
}

/// Why an account may not send, as a reply.
pub(super) fn stopped(context: &Context, account: AccountId) -> Result<(), Reply> {
    match context.directory.sending_stop(account) {
        Ok(None) => Ok(()),
        Ok(Some(_)) => Err(reply::SENDING_STOPPED),
        Err(error) => {
            tracing::error!(%error, "the directory cannot answer");
            Err(reply::DIRECTORY_FAILED)
        }
    }
}

async fn stop(context: &Context, settings: &Settings, account: &Account) {
    let max = settings.limits.account_recipients_per_day_max;
    let reason = format!("more than {max} recipients in a day");
    match context.directory.sending_stop_set(account.id, &reason).await {
        Ok(true) => {}
        // Another session was quicker.
        Ok(false) => return,
        Err(error) => return tracing::error!(%error, "an account's sending could not be stopped for good"),
    }
    // Once an admin allows it again, the day begins anew.
    context.caps.forget(account.id);
    metrics::counter!("gatepost_smtp_sending_stopped_total").increment(1);
    tracing::warn!(account = %account.address, reason, "sending stopped");
    if let Err(error) = tell_admins(context, settings, account, &reason).await {
        tracing::error!(%error, "the admins could not be told that an account's sending was stopped");
    }
}

async fn tell_admins(
    context: &Context,
    settings: &Settings,
    account: &Account,
    reason: &str,
) -> Result<(), crate::Error> {
    let (directory, at) = (&context.directory, intake::now());
    let admins = directory.admin_addresses()?;
    let to: Vec<String> = admins.iter().map(ToString::to_string).collect();
    let resolve = |address| Recipient::resolve(directory, address, true, None).ok();
    let recipients: Vec<Recipient> = admins.into_iter().filter_map(resolve).collect();
    if recipients.is_empty() {
        return Ok(());
    }
    let (trace, host, who) = (TraceId::new(at), &settings.hostname, &account.address);
    let text = format!(
        "From: Gatepost <postmaster@{host}>\r\nTo: {}\r\nSubject: Sending was stopped for {who}\r\nDate: {}\r\n\
         Message-ID: <{trace}@{host}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         The account {who} may not send any more: {reason}.\r\n\r\n\
         Perhaps somebody else knows its password. Look at what it sent (gatepost trace, or the console),\r\n\
         set a new password, and allow it to send again: in the console, on the account's page, or with\r\n\r\n    \
         gatepost account allow-sending {who}\r\n",
        to.join(", "),
        mail::date::rfc5322(at),
    );
    let mut draft = Draft::new(&ReversePath::NULL, "", text.len());
    draft.bytes.extend_from_slice(text.as_bytes());
    let incoming = Incoming {
        reverse_path: ReversePath::NULL,
        recipients,
        account: None,
        utf8: !text.is_ascii(),
        eight_bit: !text.is_ascii(),
        trace,
        at,
        step: Some(Step::Submitted),
        detail: "written by this server".into(),
        quota: false,
        origin: Origin { hostname: host.clone(), ..Origin::default() },
        terms: Terms { own: true, ..Terms::default() },
        message: draft.finish(),
    };
    intake::accept(directory, incoming).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_are_counted_apart() {
        let mut settings = Settings::new("mail.example.test", "/data");
        settings.limits.account_messages_per_hour_max = 2;
        settings.limits.account_recipients_per_hour_max = 10;
        settings.limits.account_recipients_per_day_max = 15;
        let (caps, one) = (Caps::default(), AccountId(1));
        let check = |recipients, now| caps.check(&settings, one, recipients, now);
        assert_eq!(check(10, 0), Ok(()));
        assert_eq!(check(11, 0), Err(Beyond::Hour));
        assert_eq!(check(16, 0), Err(Beyond::Day));
        caps.count(one, 9, 0);
        assert_eq!((check(1, 1), check(2, 1)), (Ok(()), Err(Beyond::Hour)));
        caps.count(one, 1, 1);
        assert_eq!(check(0, 2), Err(Beyond::Hour), "two messages in an hour");
        assert_eq!((check(5, HOUR_MS), check(6, HOUR_MS)), (Ok(()), Err(Beyond::Day)));
        assert_eq!(check(10, DAY_MS), Ok(()));
        assert_eq!(caps.check(&settings, AccountId(2), 10, 0), Ok(()));
    }
}
