//! Automatic answers (RFC 5230): who gets none, and the message itself. The engine decides who it is for and how often, and
//! makes a message whose header is not encoded; only its texts are taken from it, and the message is written anew.

use super::run::Job;
use mail::{address::Address, header};
use mail_builder::{
    MessageBuilder,
    headers::{message_id::MessageId, raw::Raw},
};
use std::fmt::Write as _;
use store::TraceId;

/// Characters of a subject.
const SUBJECT_CHARS_MAX: usize = 250;
/// Message-IDs that an answer refers to.
const REFERENCES_MAX: usize = 20;

/// Whether nothing automatic may answer this message (RFC 5230 sections 4.5 and 4.6, RFC 3834 section 2).
pub(super) fn is_unanswerable(job: &Job<'_>) -> bool {
    let delivery = job.delivery;
    let Some(sender) = &delivery.reverse_path.0 else { return true };
    let local = sender.local().to_ascii_lowercase();
    let robot = ["mailer-daemon", "listserv", "majordomo", "postmaster", "noreply", "no-reply", "donotreply"]
        .contains(&local.as_str())
        || local.starts_with("owner-")
        || ["-request", "-owner", "-bounces", "-noreply"].iter().any(|end| local.ends_with(end));
    robot || delivery.origin.spam.is_spam() || is_bulk(&delivery.message) || came_by_list(job)
}

/// Whether the header says that a list or a program sent it.
fn is_bulk(message: &[u8]) -> bool {
    header::fields(message).any(|(name, value)| {
        let value = || String::from_utf8_lossy(&header::unfold(value)).trim().to_ascii_lowercase();
        if name.len() > 5 && name[..5].eq_ignore_ascii_case(b"List-") {
            return true;
        }
        match name.to_ascii_lowercase().as_slice() {
            b"precedence" => ["bulk", "list", "junk"].contains(&value().as_str()),
            b"auto-submitted" => value().split(';').next().map(str::trim) != Some("no"),
            b"x-auto-response-suppress" => {
                value().split(',').any(|word| ["all", "oof", "autoreply"].contains(&word.trim()))
            }
            b"feedback-id" | b"x-loop" => true,
            _ => false,
        }
    })
}

/// Whether it came by an alias that leads to several people, and does not name this one.
fn came_by_list(job: &Job<'_>) -> bool {
    if !job.delivery.several {
        return false;
    }
    let own = [job.account.address.key(), job.delivery.address.key()];
    !["To", "Cc"].iter().any(|field| {
        let value = header::find(&job.delivery.message, field).map(header::unfold).unwrap_or_default();
        let value = String::from_utf8_lossy(&value).to_lowercase();
        own.iter().any(|address| value.contains(address))
    })
}

/// The texts of the engine's message.
struct Texts<'a> {
    from: &'a str,
    subject: String,
    /// Header fields of a body that is MIME already, and the body.
    body: (Option<&'a str>, &'a str),
}

impl<'a> Texts<'a> {
    /// The engine writes its fields in one order, of which this reads what it must.
    fn read(generated: &'a str) -> Option<Self> {
        let (from, rest) = generated.strip_prefix("From: ")?.split_once("\r\nTo:")?;
        let (_, rest) = rest.split_once("\r\nSubject: ")?;
        let end = ["\r\nIn-Reply-To: <", "\r\nDate: "].iter().filter_map(|mark| rest.find(mark)).min()?;
        let subject = rest[..end].chars().filter(|c| !c.is_control()).take(SUBJECT_CHARS_MAX).collect();
        let (_, rest) = rest[end..].split_once("\r\nAuto-Submitted: auto-replied\r\n")?;
        let body = match rest.strip_prefix("Content-type: text/plain; charset=utf-8\r\n\r\n") {
            Some(text) => (None, text),
            None => rest.split_once("\r\n\r\n").map_or((None, rest), |(fields, body)| (Some(fields), body)),
        };
        Some(Self { from, subject, body })
    }
}

/// The answer, written from what the engine made.
pub(super) fn write(job: &Job<'_>, generated: &[u8], to: &Address) -> Option<Vec<u8>> {
    let generated = String::from_utf8_lossy(generated);
    let texts = Texts::read(&generated)?;
    let (name, address) = sender(job, texts.from);
    let mut letter = letter(job, &name, &address, &to.to_string(), &texts.subject);
    let original = &job.delivery.message;
    if let Some(id) = ids(original, "Message-ID").pop() {
        let mut references = ids(original, "References");
        references.retain(|other| *other != id);
        let skip = references.len().saturating_sub(REFERENCES_MAX);
        references.drain(..skip);
        references.push(id.clone());
        letter = letter.in_reply_to(MessageId::new(id)).references(MessageId::new_list(references.into_iter()));
    }
    match texts.body {
        (None, text) => letter.text_body(text).write_to_vec().ok(),
        (Some(fields), body) => {
            let empty = letter.text_body("").write_to_vec().ok()?;
            let bare = header::remove(&empty, &["Content-Type", "Content-Transfer-Encoding"]);
            let mut message = bare[..header::header_length(&bare).saturating_sub(2)].to_vec();
            for (name, value) in header::fields(format!("{fields}\r\n\r\n").as_bytes()) {
                if name.len() > 8 && name[..8].eq_ignore_ascii_case(b"Content-") {
                    message.extend_from_slice(name);
                    message.push(b':');
                    message.extend_from_slice(value);
                    message.extend_from_slice(b"\r\n");
                }
            }
            // Scripts are UTF-8, so what a script says is 8bit unless it says otherwise.
            if !body.is_ascii() && header::find(&message, "Content-Transfer-Encoding").is_none() {
                message.extend_from_slice(b"Content-Transfer-Encoding: 8bit\r\n");
            }
            message.extend_from_slice(b"\r\n");
            message.extend_from_slice(body.as_bytes());
            Some(message)
        }
    }
}

/// A letter to the owner of a script that failed.
pub(super) fn note(job: &Job<'_>, fault: &str) -> Option<Vec<u8>> {
    let host = &job.delivery.origin.hostname;
    let mut text = format!("Your mail filter \"{}\" could not be run:\r\n\r\n    {fault}\r\n\r\n", job.name);
    text.push_str(
        "Nothing was lost: messages that it could not be run for are in your Inbox, as they came.\r\n\
         Correct the filter in webmail under Filters, or in your mail program.\r\n\r\n",
    );
    let subject = header::find(&job.delivery.message, "Subject").map(|raw| mail::encoded_word::decode(raw, None));
    let subject: String = subject.unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect();
    let _ = write!(text, "The message it failed on: {}\r\n", subject.trim());
    text.push_str("You are told of this once a day at most.\r\n");
    let daemon = format!("MAILER-DAEMON@{host}");
    let to = job.account.address.to_string();
    letter(job, "Mail filter", &daemon, &to, "Your mail filter could not be run").text_body(text).write_to_vec().ok()
}

fn letter<'a>(job: &Job<'_>, name: &str, from: &str, to: &str, subject: &str) -> MessageBuilder<'a> {
    let at = job.delivery.at;
    let id = format!("{}@{}", TraceId::new(at), job.delivery.origin.hostname);
    let builder = MessageBuilder::new();
    let builder = match name {
        "" => builder.from(from.to_owned()),
        name => builder.from((name.to_owned(), from.to_owned())),
    };
    builder
        .to(to.to_owned())
        .subject(subject.to_owned())
        .date(at.div_euclid(1000))
        .message_id(id)
        .header("Auto-Submitted", Raw::new("auto-replied"))
}

/// Who the answer is from: what the script says, if the account may write under that address; else the account.
fn sender(job: &Job<'_>, from: &str) -> (String, String) {
    let (name, address) = match from.rsplit_once('<') {
        Some((name, rest)) => (name.trim().trim_matches('"'), rest.trim_end().trim_end_matches('>')),
        None => ("", from.trim()),
    };
    let name: String = name.replace('\\', "").chars().filter(|c| !c.is_control()).take(200).collect();
    let allowed = |address: &Address| job.directory.account_may_send_as(job.account.id, address).unwrap_or(false);
    match address.parse::<Address>() {
        Ok(address) if allowed(&address) => (name, address.to_string()),
        _ => (job.account.name.clone(), job.account.address.to_string()),
    }
}

/// Message-IDs of a field, without angle brackets.
fn ids(message: &[u8], field: &str) -> Vec<String> {
    let value = header::find(message, field).map(header::unfold).unwrap_or_default();
    let value = String::from_utf8_lossy(&value);
    let plain = |id: &&str| !id.is_empty() && id.len() <= 250 && id.bytes().all(|byte| byte.is_ascii_graphic());
    value
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>').map(|(id, _)| id))
        .filter(plain)
        .map(str::to_owned)
        .collect()
}
