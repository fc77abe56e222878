//! The pages that begin a message, or go on with one.

use super::{
    addresses, attachment,
    draft::{self, Draft, Original, Purpose},
    head::Head,
    page::{Errors, Sheet},
    quote::{self, Quoted},
    reply as answer,
    rich::Rich,
    shelf, text,
};
use crate::{
    address,
    folders::Role,
    imap::{Value, pair},
    shell::Shell,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use httpd::Fault;
use mail::summary::structure;
use serde::Deserialize;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a message that are read to answer it: its text stands before its attachments.
const ANSWERED_BYTES_MAX: usize = 1024 * 1024;

/// What an address may fill in, as in a `mailto:` link (RFC 6068).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Prefilled {
    to: String,
    cc: String,
    bcc: String,
    subject: String,
    body: String,
    /// The mailbox to go back to.
    mailbox: String,
}

/// A Message-ID that nobody has used.
pub(super) fn fresh_id(visit: &Visit) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = blake3::Hasher::new_derive_key("gatepost 2026 message-id");
    hasher.update(visit.session.ticket.as_bytes());
    hasher.update(&jiff::Timestamp::now().as_nanosecond().to_le_bytes());
    hasher.update(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    format!("{}@{}", &hasher.finalize().to_hex()[..32], visit.state.hostname)
}

fn first_address(visit: &Visit) -> String {
    visit.session.person.addresses.first().unwrap_or(&visit.session.person.address).clone()
}

/// `GET /mail/-/compose`
pub(super) async fn new(visit: Visit, query: web::Query<Prefilled>) -> Result<HttpResponse, Fault> {
    let query = query.into_inner();
    let shell = Shell::alone(&visit).await?;
    let settings = &shell.settings;
    let is_own = |address: &&String| visit.session.person.addresses.contains(address);
    let from = Some(&settings.from).filter(is_own).cloned().unwrap_or_else(|| first_address(&visit));
    let body = draft::plain_text(&query.body);
    let start = quote::start(settings, &from, &body, Quoted::default());
    let draft = Draft {
        message_id: fresh_id(&visit),
        from,
        to: draft::one_line(&query.to),
        cc: draft::one_line(&query.cc),
        bcc: draft::one_line(&query.bcc),
        subject: draft::one_line(&query.subject),
        text: start.text,
        rich: start.rich,
        ..Draft::default()
    };
    let mailbox = if query.mailbox.is_empty() { "INBOX" } else { &query.mailbox };
    show(&visit, shell, &draft, false, address::mailbox(mailbox))
}

/// `GET /mail/{mailbox}/{uid}/reply`
pub(super) async fn reply(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    answered(visit, path.into_inner(), false).await
}

/// `GET /mail/{mailbox}/{uid}/reply-all`
pub(super) async fn reply_all(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    answered(visit, path.into_inner(), true).await
}

async fn answered(visit: Visit, (mailbox, uid): (String, u32), to_all: bool) -> Result<HttpResponse, Fault> {
    let (mut lease, selected) = visit.open(&mailbox).await?;
    let items = lease.fetch_one(uid, &format!("UID BODY.PEEK[]<0.{ANSWERED_BYTES_MAX}>")).await?;
    drop(lease);
    let message: Bytes =
        items.and_then(|items| pair(&items, "BODY[]<0>").and_then(Value::bytes).cloned()).ok_or(Fault::NotFound)?;
    let head = Head::read(&message);
    let person = &visit.session.person;
    let own: Vec<_> = person.addresses.iter().filter_map(|address| address.parse().ok()).collect();
    let (to, cc) = answer::recipients(&head, &own, to_all);
    let root = structure(&message);
    let words = text::of(&root, &message);
    let shell = Shell::alone(&visit).await?;
    let from = answer::sender(&head, &person.addresses).to_owned();
    let quoted = Quoted {
        text: quote::answer(&visit.page, &head, &words),
        rich: Some(quote::answer_rich(&visit.page, &head, Rich::of(&root, &message, false), &words)),
    };
    let start = quote::start(&shell.settings, &from, "", quoted);
    let draft = Draft {
        message_id: fresh_id(&visit),
        from,
        to: addresses::typed(&to),
        cc: addresses::typed(&cc),
        subject: answer::reply_subject(&head.subject),
        text: start.text,
        rich: start.rich,
        in_reply_to: head.message_id.clone(),
        references: head.thread(),
        original: Some(Original {
            purpose: Purpose::Reply,
            uid_validity: selected.uid_validity,
            uid,
            mailbox: mailbox.clone(),
        }),
        ..Draft::default()
    };
    show(&visit, shell, &draft, false, address::message(&mailbox, uid))
}

/// `GET /mail/{mailbox}/{uid}/forward`. The attachments are taken over when the draft is saved for the first time.
pub(super) async fn forward(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, selected) = visit.open(&mailbox).await?;
    let message = shelf::message(&mut lease, uid).await?.ok_or(Fault::NotFound)?;
    drop(lease);
    let head = Head::read(&message);
    let shell = Shell::alone(&visit).await?;
    let is_rich = shell.settings.choices.rich;
    let (words, rich, attachments) = super::heavy(message.len(), move || {
        let root = structure(&message);
        let rich = Rich::of(&root, &message, true).filter(|_| is_rich);
        let attachments = attachment::of(&root, &message, rich.as_ref());
        (text::of(&root, &message), rich, attachments)
    })
    .await?;
    let from = answer::sender(&head, &visit.session.person.addresses).to_owned();
    let quoted = Quoted {
        text: quote::handed_on(&visit.page, &head, &words),
        rich: Some(quote::handed_on_rich(&visit.page, &head, rich, &words)),
    };
    let start = quote::start(&shell.settings, &from, "", quoted);
    let draft = Draft {
        message_id: fresh_id(&visit),
        from,
        subject: answer::forward_subject(&head.subject),
        text: start.text,
        rich: start.rich,
        references: head.thread(),
        original: Some(Original {
            purpose: Purpose::Forward,
            uid_validity: selected.uid_validity,
            uid,
            mailbox: mailbox.clone(),
        }),
        attachments,
        ..Draft::default()
    };
    show(&visit, shell, &draft, true, address::message(&mailbox, uid))
}

/// `GET /mail/{mailbox}/{uid}/edit`, for drafts.
pub(super) async fn edit(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let shell = Shell::alone(&visit).await?;
    if shell.folders.of_role(Role::Drafts) != Some(mailbox.as_str()) {
        return Err(Fault::NotFound);
    }
    let (mut lease, _) = visit.open(&mailbox).await?;
    let message = shelf::message(&mut lease, uid).await?.ok_or(Fault::NotFound)?;
    drop(lease);
    let mut draft = super::heavy(message.len(), move || Draft::read(&message)).await?;
    if draft.message_id.is_empty() {
        draft.message_id = fresh_id(&visit);
    }
    if !visit.session.person.addresses.contains(&draft.from) {
        draft.from = first_address(&visit);
    }
    {
        // It is there and was opened again: neither thrown away nor done with.
        let sheet = visit.state.desk.sheet(&visit.session.person.address, &draft.message_id);
        let mut progress = sheet.lock().await;
        progress.uid = Some(uid);
        progress.discarded = false;
        progress.sent = None;
    }
    Sheet::new(&visit, shell, &draft, Some(uid), address::mailbox(&mailbox)).render()
}

fn show(visit: &Visit, shell: Shell, draft: &Draft, carries: bool, back: String) -> Result<HttpResponse, Fault> {
    let mut sheet = Sheet::new(visit, shell, draft, None, back);
    sheet.carries = carries;
    sheet.errors = Errors::default();
    sheet.render()
}

/// The attachments of the message that a draft hands on.
/// Images that formatted text shows are in that text.
pub(super) async fn carried(
    visit: &Visit,
    original: &Original,
    is_rich: bool,
) -> Result<Vec<attachment::Attachment>, Fault> {
    let (mut lease, selected) = visit.open(&original.mailbox).await?;
    if selected.uid_validity != original.uid_validity {
        return Ok(Vec::new());
    }
    let Some(message) = shelf::message(&mut lease, original.uid).await? else { return Ok(Vec::new()) };
    Ok(super::heavy(message.len(), move || {
        let root = structure(&message);
        let rich = Rich::of(&root, &message, true).filter(|_| is_rich);
        attachment::of(&root, &message, rich.as_ref())
    })
    .await?)
}
