//! What the directory says to senders, recipients and sign-ins.

use super::{Service, accept, connection::Connection};
use crate::{
    intake::{self, Recipient, Refusal, recipient::may_send},
    proto::{
        parameters::{MailParameters, RcptParameters},
        path::Path,
        reply::{self, Reply},
    },
};
use config::Limits;
use directory::{Directory, SignInError, sasl::SaslError};
use mail::address::{Address, ReversePath};
use store::Terms;

/// Whether the client may send from this address.
pub(super) fn sender(
    connection: &Connection,
    reverse_path: &ReversePath,
    parameters: &MailParameters,
) -> Result<(), Reply> {
    if connection.service != Service::Submission {
        return Ok(());
    }
    let longest = i64::try_from(Limits::FUTURE_RELEASE_MAX.as_millis()).unwrap_or(i64::MAX);
    let now = intake::now();
    if parameters.hold.is_some_and(|hold| accept::release_at(hold, now) > now.saturating_add(longest)) {
        return Err(reply::HELD_TOO_LONG);
    }
    let login = connection.login.as_ref().ok_or(reply::SIGN_IN_FIRST)?;
    let directory = &connection.context.directory;
    // The account may have been suspended since it signed in.
    match may_send(directory, login.account.id) {
        Ok(true) => {}
        Ok(false) | Err(directory::Error::NotFound(_)) => return Err(reply::SIGN_IN_REFUSED),
        Err(error) => return Err(directory_failed(&error)),
    }
    let Some(address) = &reverse_path.0 else { return Ok(()) };
    match directory.account_may_send_as(login.account.id, address) {
        Ok(true) => Ok(()),
        Ok(false) => Err(reply::NOT_YOUR_ADDRESS),
        Err(error) => Err(directory_failed(&error)),
    }
}

/// Where mail for this recipient goes, if it is taken.
pub(super) fn recipient(connection: &Connection, path: Path, parameters: RcptParameters) -> Result<Recipient, Reply> {
    let directory = &connection.context.directory;
    let address = match path {
        Path::Mailbox(address) => address,
        Path::Null => return Err(reply::BAD_RECIPIENT),
        Path::Postmaster => postmaster(directory, &connection.settings.hostname).ok_or(reply::UNKNOWN_RECIPIENT)?,
    };
    let relay = connection.service == Service::Submission && connection.login.is_some();
    let size = connection.session.transaction().and_then(|transaction| transaction.parameters.size).unwrap_or(0);
    // A bounce to a sender that this server has rewritten goes on to who that was.
    let bounce = connection.session.transaction().is_some_and(|transaction| transaction.reverse_path.0.is_none());
    let rewritten = match bounce {
        true => directory.srs_back(&address, intake::now()).map_err(|error| directory_failed(&error))?,
        false => None,
    };
    let result = match rewritten {
        Some(sender) => Recipient::resolve(directory, sender, true, Some(size)).map(|to| Recipient { address, ..to }),
        None => Recipient::resolve(directory, address, relay, Some(size)),
    };
    let terms =
        Terms { notify: parameters.notify, original_recipient: parameters.original_recipient, ..Terms::default() };
    result.map(|recipient| Recipient { terms, ..recipient }).map_err(|refusal| {
        metrics::counter!("gatepost_smtp_recipients_refused_total", "service" => connection.service.name())
            .increment(1);
        match refusal {
            Refusal::Unknown => reply::UNKNOWN_RECIPIENT,
            Refusal::Relaying => reply::NO_RELAY,
            Refusal::Closed => reply::CLOSED,
            Refusal::Full => reply::MAILBOX_FULL,
            Refusal::TooLarge => reply::TOO_LARGE_FOR_MAILBOX,
            Refusal::Directory(error) => directory_failed(&error),
        }
    })
}

/// `<Postmaster>` without a domain: that of our host name, or of our first domain.
fn postmaster(directory: &Directory, hostname: &str) -> Option<Address> {
    let domain = match directory.is_local(hostname) {
        Ok(true) => hostname.to_owned(),
        _ => directory.domains().ok()?.into_iter().next()?.name,
    };
    format!("postmaster@{domain}").parse().ok()
}

fn directory_failed(error: &directory::Error) -> Reply {
    tracing::error!(%error, "the directory cannot answer");
    reply::DIRECTORY_FAILED
}

/// What a failed step of a sign-in tells the client.
pub(super) fn sasl_reply(error: &SaslError) -> Reply {
    match error {
        SaslError::Unknown => reply::UNKNOWN_MECHANISM,
        SaslError::Malformed(_) => Reply::new(501, Some([5, 5, 2]), error.to_string()),
        SaslError::SignIn(SignInError::Refused) => reply::SIGN_IN_REFUSED,
        SaslError::SignIn(SignInError::Throttled(_)) => Reply::new(454, Some([4, 7, 0]), error.to_string()),
        SaslError::SignIn(SignInError::Unavailable(_)) => reply::SIGN_IN_UNAVAILABLE,
    }
}
