//! `GET /mail/{mailbox}/{uid}`: one message to read, beside its list where there is room.

use crate::{
    address,
    attachment::{self, Attachment},
    body::{self, View},
    envelope::{Contact, Envelope, Flags},
    imap::{Command, Value, pair},
    list::{Listing, MailboxPage, Place},
    pool::Lease,
    shell::Shell,
    structure::{Contents, Part},
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use httpd::{Fault, Instant, Markup, Page};

const ITEMS: &str = "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE";

/// A message that is being read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Name of its mailbox.
    pub(crate) mailbox: String,
    /// UIDVALIDITY.
    pub(crate) validity: u32,
    /// UID.
    pub(crate) uid: u32,
    /// Flags, as they were before it was opened.
    pub(crate) flags: Flags,
    /// Who, to whom, about what.
    pub(crate) envelope: Envelope,
    /// Bytes.
    size: u64,
    /// Its plain text; `None` when it is shown in a frame.
    pub(crate) text: Option<Markup>,
    /// Whether there is HTML and plain text to choose from.
    pub(crate) has_both: bool,
    /// What is asked of the view.
    pub(crate) view: View,
    /// Files.
    pub(crate) attachments: Vec<Attachment>,
    /// The list it was opened from.
    pub(crate) place: Place,
    received: i64,
}

impl Reading {
    /// Reads a message and marks it as read. `None` when it is gone.
    async fn load(
        lease: &mut Lease,
        (mailbox, validity, uid): (&str, u32, u32),
        view: View,
        place: &Place,
        page: &Page,
    ) -> Result<Option<Self>, Fault> {
        let Some(data) = lease.fetch_one(uid, ITEMS).await? else { return Ok(None) };
        let root = pair(&data, "BODYSTRUCTURE").and_then(Part::read).unwrap_or_default();
        let contents = Contents::of(&root);
        let framed = contents.has_html() && !view.wants_plain();
        let text = match framed {
            true => None,
            false => Some(body::text(lease, uid, &contents.plain, page).await?),
        };
        let flags = Flags::of(&data);
        if !flags.seen {
            lease.run(Command::new(format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)"))).await?;
        }
        let envelope = Envelope::of(&data);
        let received = pair(&data, "INTERNALDATE").and_then(Value::text).and_then(|d| mail::date::parse_imap(&d));
        Ok(Some(Self {
            mailbox: mailbox.to_owned(),
            validity,
            uid,
            flags,
            size: pair(&data, "RFC822.SIZE").and_then(Value::number).unwrap_or_default(),
            text,
            has_both: contents.has_html() && contents.has_plain(),
            view,
            attachments: attachment::list(&contents, mailbox, uid, page),
            place: place.clone(),
            received: received.or(envelope.date).unwrap_or_default(),
            envelope,
        }))
    }

    /// Subject, or words for none.
    pub(crate) fn subject(&self, page: &Page) -> String {
        if self.envelope.subject.is_empty() { page.t("no-subject") } else { self.envelope.subject.clone() }
    }

    /// Who wrote it.
    pub(crate) fn sender(&self, page: &Page) -> Contact {
        let unknown = || Contact { name: page.t("no-sender"), address: String::new() };
        self.envelope.from.first().cloned().unwrap_or_else(unknown)
    }

    /// When it was sent, as its Date header says, else when it arrived.
    pub(crate) fn date(&self, page: &Page) -> Instant {
        page.instant(self.envelope.date.unwrap_or(self.received))
    }

    /// When it arrived.
    pub(crate) fn arrived(&self, page: &Page) -> Instant {
        page.instant(self.received)
    }

    /// To whom, in short.
    pub(crate) fn recipients(&self) -> String {
        let all: Vec<&str> = self.envelope.to.iter().chain(&self.envelope.cc).map(Contact::label).collect();
        match all.len() {
            0..=3 => all.join(", "),
            more => format!("{} +{}", all[..3].join(", "), more - 3),
        }
    }

    /// Its size in words.
    pub(crate) fn size(&self, page: &Page) -> String {
        page.size(self.size)
    }

    /// Whether answers go elsewhere than to the sender.
    pub(crate) fn has_reply_to(&self) -> bool {
        let addresses = |contacts: &[Contact]| contacts.iter().map(|c| c.address.clone()).collect::<Vec<_>>();
        !self.envelope.reply_to.is_empty() && addresses(&self.envelope.reply_to) != addresses(&self.envelope.from)
    }

    /// Address of something of this message.
    pub(crate) fn address(&self, what: &str) -> String {
        address::of_message(&self.mailbox, self.uid, what)
    }

    /// Address of this page with another view.
    pub(crate) fn address_with(&self, extra: &str) -> String {
        let query = self.place.query();
        let joint = if query.is_empty() { "?" } else { "&" };
        format!("{}{query}{joint}{extra}", address::message(&self.mailbox, self.uid))
    }

    /// Address of the list it was opened from.
    pub(crate) fn back(&self) -> String {
        format!("{}{}", address::mailbox(&self.mailbox), self.place.query())
    }

    /// Address of the frame.
    pub(crate) fn frame(&self) -> String {
        let query = if self.view.allows_images() { "?images=1" } else { "" };
        format!("{}{query}", self.address("body"))
    }
}

/// What htmx puts into `#reader`.
#[derive(Template)]
#[template(path = "webmail/message_part.html")]
struct MessagePart<'a> {
    page: &'a Page,
    shell: &'a Shell,
    reading: &'a Reading,
}

/// `GET /mail/{mailbox}/{uid}`
pub(crate) async fn show(
    visit: Visit,
    path: web::Path<(String, u32)>,
    place: web::Query<Place>,
    view: web::Query<View>,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, selected) = visit.open(&mailbox).await?;
    let which = (mailbox.as_str(), selected.uid_validity, uid);
    let reading = Reading::load(&mut lease, which, *view, &place, &visit.page).await?.ok_or(Fault::NotFound)?;
    // The folders are read after the message, so that it is not counted as unread any more.
    let mut shell = Shell::load(&mut lease, &mailbox).await?;
    if visit.is_fragment && visit.target.as_deref() == Some("reader") {
        let shell = shell.into_part();
        return httpd::render(&MessagePart { page: &visit.page, shell: &shell, reading: &reading });
    }
    let mut list = Listing::load(&mut lease, &selected, &place).await?;
    drop(lease);
    list.open = uid;
    shell.query.clone_from(&list.place.q);
    httpd::render(&MailboxPage { page: &visit.page, shell: &shell, list: &list, reading: Some(&reading), undo: None })
}

/// `GET /mail/{mailbox}/{uid}/print`: head and text as one document for paper.
#[derive(Template)]
#[template(path = "webmail/print.html")]
struct PrintPage<'a> {
    page: &'a Page,
    reading: &'a Reading,
    html: Markup,
}

/// `GET /mail/{mailbox}/{uid}/print`
pub(crate) async fn print(
    visit: Visit,
    path: web::Path<(String, u32)>,
    view: web::Query<View>,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, selected) = visit.open(&mailbox).await?;
    let which = (mailbox.as_str(), selected.uid_validity, uid);
    let as_plain = View { plain: 1, ..*view };
    let reading =
        Reading::load(&mut lease, which, as_plain, &Place::default(), &visit.page).await?.ok_or(Fault::NotFound)?;
    let root = body::structure(&mut lease, uid).await?;
    let contents = Contents::of(&root);
    let parts = if view.wants_plain() { &contents.plain } else { &contents.rich };
    let rich = body::rich(&mut lease, &visit, (&mailbox, uid), &root, parts, *view).await?;
    drop(lease);
    body::document(&PrintPage { page: &visit.page, reading: &reading, html: rich.html })
}
