//! One message to read, on the page and on paper.

use crate::{
    address,
    attachment::{self, Attachment},
    authentication::Standing,
    body::{self, View},
    envelope::{Contact, Envelope, Flags},
    imap::{Command, Value, pair},
    list::Place,
    pool::Lease,
    settings::Settings,
    structure::{Contents, Part},
    unsubscribe::Way,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use httpd::{Fault, Instant, Markup, Page};

const ITEMS: &str = "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE \
     BODY.PEEK[HEADER.FIELDS (AUTHENTICATION-RESULTS LIST-UNSUBSCRIBE LIST-UNSUBSCRIBE-POST)]";

/// The header fields in a FETCH response that asked for some.
pub(crate) fn header_block(items: &[Value]) -> Vec<u8> {
    let is_block = |name: &Value| {
        let Value::Atom(name) = name else { return false };
        name.get(..19).is_some_and(|start| start.eq_ignore_ascii_case(b"BODY[HEADER.FIELDS "))
    };
    let block = items.chunks_exact(2).find(|pair| is_block(&pair[0])).and_then(|pair| pair[1].bytes());
    block.map(|bytes| bytes.to_vec()).unwrap_or_default()
}

/// A message that is being read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Name of its mailbox.
    pub(crate) mailbox: String,
    /// UIDVALIDITY.
    pub(crate) validity: u32,
    /// UID.
    pub(crate) uid: u32,
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
    /// What is known of the sender.
    pub(crate) standing: Standing,
    /// How the mailing list it came from can be left.
    pub(crate) leave: Option<Way>,
    /// The list it was opened from.
    pub(crate) place: Place,
    received: i64,
}

impl Reading {
    /// Reads a message and marks it as read. `None` when it is gone.
    pub(crate) async fn load(
        lease: &mut Lease,
        (mailbox, validity, uid): (&str, u32, u32),
        view: View,
        place: &Place,
        (page, settings, hostname): (&Page, &Settings, &str),
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
        let block = header_block(&data);
        let standing = Standing::of(&block, &envelope.from, hostname);
        let sender = envelope.from.first().map(|from| from.address.clone()).unwrap_or_default();
        // A forged sender was not allowed anything.
        let allows_sender = !standing.is_forged() && !sender.is_empty() && settings.allows_images_of(&sender);
        let view = View { images: view.images.max(u8::from(allows_sender)), ..view };
        Ok(Some(Self {
            mailbox: mailbox.to_owned(),
            validity,
            uid,
            size: pair(&data, "RFC822.SIZE").and_then(Value::number).unwrap_or_default(),
            text,
            has_both: contents.has_html() && contents.has_plain(),
            view,
            attachments: attachment::list(&contents, mailbox, uid, page),
            leave: Way::of(&block, &standing),
            standing,
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

    /// Whether it has several files, which can be saved as one.
    pub(crate) fn has_files(&self) -> bool {
        self.attachments.len() > 1
    }

    /// The domain of the sender.
    pub(crate) fn sender_domain(&self) -> &str {
        self.sender_address().rsplit('@').next().unwrap_or_default()
    }

    /// The sender's address, which images can be allowed for.
    pub(crate) fn sender_address(&self) -> &str {
        self.envelope.from.first().map_or("", |from| from.address.as_str())
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

    /// Address of the card alone with another view, as part of what was opened from `within`.
    pub(crate) fn card_with(&self, within: &str, several: &bool, extra: &str) -> String {
        let alone = if *several { "" } else { "&alone=1" };
        format!("{}?within={}{alone}&{extra}", self.address("card"), address::segment(within))
    }

    /// Name of the element that holds it.
    pub(crate) fn card_id(&self) -> String {
        crate::conversation::card_id(&self.mailbox, self.uid)
    }

    /// Address of the frame.
    pub(crate) fn frame(&self) -> String {
        let query = if self.view.allows_images() { "?images=1" } else { "" };
        format!("{}{query}", self.address("body"))
    }
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
    let context = (&visit.page, &Settings::default(), visit.state.hostname.as_str());
    let reading = Reading::load(&mut lease, which, as_plain, &Place::default(), context).await?;
    let reading = reading.ok_or(Fault::NotFound)?;
    let root = body::structure(&mut lease, uid).await?;
    let contents = Contents::of(&root);
    let parts = if view.wants_plain() { &contents.plain } else { &contents.rich };
    let rich = body::rich(&mut lease, &visit, (&mailbox, uid), &root, parts, *view).await?;
    drop(lease);
    body::document(&PrintPage { page: &visit.page, reading: &reading, html: rich.html })
}
