//! How a message being written is shown, and how the form is answered: a page, or JSON for the script of the page.

use super::{
    attachment::Attachment,
    draft::{Draft, Original, Purpose},
};
use crate::{shell::Shell, visit::Visit};
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use httpd::{Fault, Page, render};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is wrong, beside the field it is wrong in; in the person's language or in the server's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Errors {
    /// From.
    pub(super) from: Vec<String>,
    /// To.
    pub(super) to: Vec<String>,
    /// Cc.
    pub(super) cc: Vec<String>,
    /// Bcc.
    pub(super) bcc: Vec<String>,
    /// The message as a whole.
    pub(super) form: Vec<String>,
}

impl Errors {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        [&self.from, &self.to, &self.cc, &self.bcc, &self.form].iter().all(|list| list.is_empty())
    }
}

/// An attachment in the list.
#[derive(Debug, Clone)]
pub(super) struct File {
    id: String,
    name: String,
    size: String,
    icon: &'static str,
}

impl File {
    fn of(attachment: &Attachment, page: &Page) -> Self {
        let icon = match attachment.media_type.split('/').next() {
            Some("image") => "image",
            Some("text") => "file-text",
            Some("message") => "mail",
            _ => "file",
        };
        let size = page.size(attachment.bytes.len() as u64);
        Self { id: attachment.id(), name: attachment.name.clone(), size, icon }
    }
}

#[derive(Template)]
#[template(path = "webmail/compose_files.html")]
struct Files<'a> {
    page: &'a Page,
    files: &'a [File],
}

/// The page.
#[derive(Template)]
#[template(path = "webmail/compose.html")]
pub(super) struct Sheet<'a> {
    page: &'a Page,
    shell: Shell,
    draft: &'a Draft,
    uid: Option<u32>,
    back: String,
    title: String,
    addresses: &'a [String],
    original: String,
    references: String,
    files: Vec<File>,
    bytes_max: usize,
    /// The same in words.
    limit: String,
    /// Formatted text for the editor; empty for plain text.
    html: String,
    /// Signatures by address, for the editor.
    signatures: String,
    /// Whether attachments of the original are still to be taken over.
    pub(super) carries: bool,
    /// What is wrong.
    pub(super) errors: Errors,
    /// When it was saved, in words; empty before.
    pub(super) saved: String,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(visit: &'a Visit, shell: Shell, draft: &'a Draft, uid: Option<u32>, back: String) -> Self {
        let addresses = visit.session.person.addresses.iter();
        let signatures: BTreeMap<&String, String> =
            addresses.map(|address| (address, shell.settings.identity(address).signature)).collect();
        Self {
            page: &visit.page,
            html: if draft.is_rich() { draft.rich.for_editor() } else { String::new() },
            signatures: serde_json::to_string(&signatures).unwrap_or_default(),
            shell,
            draft,
            uid,
            back,
            title: title(&visit.page, draft),
            addresses: &visit.session.person.addresses,
            original: draft.original.as_ref().map(Original::written).unwrap_or_default(),
            references: draft.references.join(" "),
            files: draft.attachments.iter().map(|a| File::of(a, &visit.page)).collect(),
            bytes_max: visit.state.message_bytes_max,
            limit: visit.page.size(visit.state.message_bytes_max as u64),
            carries: false,
            errors: Errors::default(),
            saved: String::new(),
        }
    }

    pub(super) fn render(&self) -> Result<HttpResponse, Fault> {
        render(self)
    }

    /// The text where there is no editor.
    fn plain_text(&self) -> String {
        if self.draft.is_rich() { crate::markup::text(&self.draft.rich.html) } else { self.draft.text.clone() }
    }

    /// Whether the cursor belongs into the text: everything above it is there.
    fn starts_in_text(&self) -> bool {
        !self.draft.to.is_empty() && self.errors.is_empty()
    }

    fn is_invalid(&self, errors: &[String]) -> bool {
        !errors.is_empty()
    }
}

fn title(page: &Page, draft: &Draft) -> String {
    match draft.original.as_ref().map(|original| original.purpose) {
        Some(Purpose::Reply) => page.t("compose-title-reply"),
        Some(Purpose::Forward) => page.t("compose-title-forward"),
        None => page.t("compose-title-new"),
    }
}

/// What the script is told.
#[derive(Serialize)]
struct Told<'a> {
    draft: Option<u32>,
    mailbox: String,
    saved: &'a str,
    files: String,
    bytes: usize,
    errors: &'a Errors,
    /// Content-IDs that new images were given, in their order.
    images: &'a [String],
}

/// The page stays.
pub(super) struct Stay<'a> {
    /// The draft as it is now.
    pub(super) draft: &'a Draft,
    /// Its UID, when it is kept.
    pub(super) uid: Option<u32>,
    /// Name of Drafts.
    pub(super) drafts: &'a str,
    /// Where closing leads.
    pub(super) back: &'a str,
    /// Whether attachments of the original are still to be taken over.
    pub(super) carries: bool,
    /// What is wrong.
    pub(super) errors: Errors,
    /// Content-IDs that new images were given.
    pub(super) given: Vec<String>,
}

impl Stay<'_> {
    pub(super) async fn answer(self, visit: &Visit, wants_json: bool) -> Result<HttpResponse, Fault> {
        let status = if self.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let page = &visit.page;
        let saved = match self.uid {
            Some(_) => page.t1("compose-saved", "time", page.instant(page.now()).short),
            None => String::new(),
        };
        if wants_json {
            let files: Vec<File> = self.draft.attachments.iter().map(|a| File::of(a, page)).collect();
            let files = Files { page, files: &files }.render()?;
            let bytes = self.draft.message_bytes();
            let mailbox = crate::address::mailbox(self.drafts);
            let told = Told {
                draft: self.uid,
                mailbox,
                saved: &saved,
                files,
                bytes,
                errors: &self.errors,
                images: &self.given,
            };
            return Ok(HttpResponse::build(status).json(told));
        }
        let shell = Shell::alone(visit).await?;
        let mut sheet = Sheet::new(visit, shell, self.draft, self.uid, self.back.to_owned());
        sheet.carries = self.carries;
        sheet.errors = self.errors;
        sheet.saved = saved;
        Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(sheet.render_text()?))
    }
}

impl Sheet<'_> {
    fn render_text(&self) -> Result<String, Fault> {
        Ok(Template::render(self)?)
    }
}

#[derive(Serialize)]
struct Next<'a> {
    next: &'a str,
    said: String,
    is_bad: bool,
}

/// The page is done with: leads back.
pub(super) fn leave(back: &str, wants_json: bool) -> HttpResponse {
    if wants_json {
        return HttpResponse::Ok().json(Next { next: back, said: String::new(), is_bad: false });
    }
    HttpResponse::SeeOther().insert_header((header::LOCATION, back)).finish()
}

/// The same after sending, and says so.
pub(super) fn leave_sent(page: &Page, back: &str, with_copy: bool, wants_json: bool) -> HttpResponse {
    if wants_json {
        let said = page.t(if with_copy { "compose-sent" } else { "compose-sent-without-copy" });
        return HttpResponse::Ok().json(Next { next: back, said, is_bad: !with_copy });
    }
    let place = format!("/mail/-/compose/sent?copy={with_copy}&back={}", crate::address::segment(back));
    HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish()
}

/// A place of ours to go back to; the inbox for anything else.
pub(super) fn safe_back(text: &str) -> &str {
    let is_ours = text.starts_with("/mail/") && text.len() <= 8000;
    let is_sound = text.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
    if is_ours && is_sound { text } else { "/mail/" }
}

#[derive(Deserialize)]
pub(super) struct SentQuery {
    #[serde(default)]
    back: String,
    #[serde(default)]
    copy: bool,
}

#[derive(Template)]
#[template(path = "webmail/compose_sent.html")]
struct SentPage<'a> {
    page: &'a Page,
    shell: Shell,
    back: &'a str,
    with_copy: bool,
}

/// `GET /mail/-/compose/sent`: says that a message went, where no script can.
pub(super) async fn sent(visit: Visit, query: web::Query<SentQuery>) -> Result<HttpResponse, Fault> {
    let shell = Shell::alone(&visit).await?;
    render(&SentPage { page: &visit.page, shell, back: safe_back(&query.back), with_copy: query.copy })
}

#[cfg(test)]
mod tests {
    use super::safe_back;

    #[test]
    fn the_way_back_stays_here() {
        assert_eq!(safe_back("/mail/INBOX/7"), "/mail/INBOX/7");
        for bad in
            ["", "https://evil.test/", "//evil.test/mail/", "/mail/\\evil", "/mail/a b", "/admin/", "/mail/\r\nX: y"]
        {
            assert_eq!(safe_back(bad), "/mail/", "{bad}");
        }
    }
}
