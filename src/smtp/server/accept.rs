//! From the first byte of message text to the commit: headers in front, what submission adds and checks, the reply.

use super::{Service, connection::Connection, judge, session::Transaction};
use crate::{
    intake::{
        self, Draft, Incoming,
        header::{self, Survey},
    },
    proto::{
        parameters::{Hold, MailParameters},
        reply::{self, Reply},
    },
};
use config::Limits;
use mail::received::Received;
use store::{Terms, TraceId, terms::DeliverBy, trace::Step};

/// Room made at once for the text of a message, whatever SIZE it claims.
const ROOM_BYTES_MAX: usize = 256 * 1024;
/// Room made when the size is not known.
const ROOM_BYTES: usize = 8 * 1024;

/// Makes the headers that go in front, and reserves memory.
pub(super) fn begin(connection: &mut Connection) -> Result<(Draft, TraceId, i64), Reply> {
    let transaction = connection.session.transaction().ok_or(reply::NEED_MAIL)?;
    let declared = transaction.parameters.size.and_then(|size| usize::try_from(size).ok());
    let room = declared.map_or(ROOM_BYTES, |size| size.saturating_add(64)).min(ROOM_BYTES_MAX);
    if !connection.reserve(room) {
        return Err(reply::NO_MEMORY);
    }
    let transaction = connection.session.transaction().ok_or(reply::NEED_MAIL)?;
    let at = intake::now();
    let trace = TraceId::new(at);
    let recipient = match transaction.recipients.as_slice() {
        [one] => Some(one.address.to_string()),
        _ => None,
    };
    let id = trace.to_string();
    let received = Received {
        helo: connection.session.client_name(),
        client: connection.peer.client.ip(),
        by: &connection.settings.hostname,
        with: connection.session.with(),
        tls: connection.tls.as_deref(),
        id: &id,
        recipient: recipient.as_deref(),
        at,
    };
    Ok((Draft::new(&transaction.reverse_path, &received.render(), room), trace, at))
}

/// Takes a finished message in and says so.
pub(super) async fn finish(connection: &Connection, transaction: Transaction) -> Reply {
    let Some((trace, at)) = transaction.stamp else { return reply::STORE_FAILED };
    let service = connection.service.name();
    let (recipients, size) = (transaction.recipients.len(), transaction.bytes);
    let named: Vec<_> = transaction.recipients.iter().map(|recipient| recipient.address.clone()).collect();
    let sender = transaction.reverse_path.clone();
    let reply = match take(connection, transaction, trace, at).await {
        Ok(accepted) => {
            judge::wrote(connection, &named, at).await;
            if let Some(login) = &connection.login {
                connection.context.caps.count(login.account.id, recipients, intake::now());
            }
            metrics::counter!("gatepost_smtp_messages_total", "service" => service).increment(1);
            metrics::counter!("gatepost_smtp_bytes_total", "service" => service).increment(size);
            tracing::info!(
                %trace, service, client = %connection.peer.client, %sender, recipients, size,
                delivered = accepted.delivered, queued = accepted.queued, "message taken"
            );
            return Reply::new(250, Some([2, 0, 0]), format!("queued as {trace}"));
        }
        Err(reply) => reply,
    };
    metrics::counter!("gatepost_smtp_messages_refused_total", "service" => service).increment(1);
    tracing::info!(
        %trace, service, client = %connection.peer.client, %sender, recipients, size,
        code = reply.code, reason = %reply.text, "message refused"
    );
    reply
}

async fn take(
    connection: &Connection,
    transaction: Transaction,
    trace: TraceId,
    at: i64,
) -> Result<intake::Accepted, Reply> {
    let Transaction { reverse_path, parameters, mut recipients, mut draft, .. } = transaction;
    let survey = header::survey(draft.text());
    if survey.received >= Limits::RECEIVED_HEADERS_MAX {
        return Err(reply::LOOP);
    }
    let utf8_envelope = reverse_path.0.as_ref().is_some_and(mail::address::Address::is_utf8)
        || recipients.iter().any(|recipient| recipient.remote.iter().any(mail::address::Address::is_utf8));
    let utf8 = utf8_envelope || (parameters.utf8 && survey.eight_bit);
    match connection.service {
        Service::Mx | Service::Lmtp => {
            let cut = survey.return_path;
            judge::message(connection, &reverse_path, &mut recipients, &mut draft, (trace, at), cut).await?;
        }
        Service::Submission => {
            check_submission(connection, draft.text(), &survey, parameters.utf8)?;
            let fields = missing_fields(&survey, trace, at, &connection.settings.hostname);
            let mut cut = survey.bcc;
            cut.extend(survey.return_path);
            cut.sort_by_key(|range| range.start);
            draft.edit(&fields, &cut);
        }
    }
    let account = connection.login.as_ref().map(|login| login.account.id);
    let incoming = Incoming {
        reverse_path,
        recipients,
        account,
        utf8,
        eight_bit: parameters.eight_bit || !draft.text().is_ascii(),
        trace,
        at,
        step: Some(if account.is_some() { Step::Submitted } else { Step::Received }),
        detail: detail(connection),
        quota: true,
        origin: intake::Origin {
            hostname: connection.settings.hostname.clone(),
            client: Some(connection.peer.client.ip()),
            helo: connection.session.client_name().to_string(),
            ..intake::Origin::default()
        },
        terms: terms(&parameters, at),
        message: draft.finish(),
    };
    intake::accept(&connection.context.directory, incoming).await.map_err(|error| {
        let reply = Reply::from(&error);
        if reply.code < 500 {
            tracing::warn!(%trace, %error, "message not taken");
        }
        reply
    })
}

/// What the client asked for of the message as a whole.
fn terms(parameters: &MailParameters, at: i64) -> Terms {
    let deliver_by = parameters.by.map(|by| DeliverBy {
        at: at.saturating_add(by.seconds.saturating_mul(1000)),
        give_up: by.give_up,
        trace: by.trace,
    });
    Terms {
        envelope_id: parameters.envelope_id.clone(),
        returned: parameters.returned,
        require_tls: parameters.require_tls,
        deliver_by,
        // A time that is over holds nothing (RFC 4865 section 4.1).
        release_at: parameters.hold.map(|hold| release_at(hold, at)).filter(|&release| release > at),
        ..Terms::default()
    }
}

/// When a message that came at `at` may be sent, milliseconds since 1970.
pub(super) fn release_at(hold: Hold, at: i64) -> i64 {
    match hold {
        Hold::For(seconds) => at.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)),
        Hold::Until(time) => time,
    }
}

/// What submission demands of the header (RFC 6409 section 8): one From, of the account; ASCII unless SMTPUTF8.
fn check_submission(connection: &Connection, text: &[u8], survey: &Survey, utf8: bool) -> Result<(), Reply> {
    if survey.eight_bit && (!utf8 || std::str::from_utf8(&text[..survey.length]).is_err()) {
        return Err(reply::HEADER_NOT_ASCII);
    }
    if survey.from != 1 {
        return Err(reply::BAD_FROM);
    }
    let login = connection.login.as_ref().ok_or(reply::SIGN_IN_FIRST)?;
    for address in header::from_addresses(text, survey).ok_or(reply::BAD_FROM)? {
        match connection.context.directory.account_may_send_as(login.account.id, &address) {
            Ok(true) => {}
            Ok(false) => return Err(reply::NOT_YOUR_FROM),
            Err(error) => {
                tracing::error!(%error, "the directory cannot answer");
                return Err(reply::DIRECTORY_FAILED);
            }
        }
    }
    Ok(())
}

/// Date and Message-ID where the client left them out.
fn missing_fields(survey: &Survey, trace: TraceId, at: i64, hostname: &str) -> String {
    let mut fields = String::new();
    if !survey.date {
        fields.push_str(&format!("Date: {}\r\n", mail::date::rfc5322(at)));
    }
    if !survey.message_id {
        fields.push_str(&format!("Message-ID: <{trace}@{hostname}>\r\n"));
    }
    fields
}

fn detail(connection: &Connection) -> String {
    let tls = connection.tls.as_deref().unwrap_or("no TLS");
    let client = connection.peer.client.ip();
    match &connection.login {
        Some(login) => format!(
            "from {client} ({}), signed in as {}, {tls}",
            connection.session.client_name(),
            login.account.address
        ),
        None => format!("from {client} ({}), {tls}", connection.session.client_name()),
    }
}
