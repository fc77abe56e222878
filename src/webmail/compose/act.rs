//! `POST /mail/-/compose`: everything the form can do. The button says what: `send`, `save`, `close`, `attach`, `remove-{attachment}`
//! or `discard`.

use super::{
    begin::{self, carried},
    desk::{Progress, Sent},
    draft::{self, Draft, Original, Purpose, Reader},
    page::{self, Errors, Stay},
    rich::Rich,
    shelf::Shelf,
    submit::{self, Refused},
    upload::{self, Entered},
};
use crate::{imap::Error, settings::Settings, visit::Visit};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use httpd::Fault;
use mail::address::Address;

/// Recipients of a message, in all fields together.
const RECIPIENTS_MAX: usize = 500;
/// Attachments of a message.
const ATTACHMENTS_MAX: usize = 100;
/// How often a message is held in memory while it is worked on.
const COPIES: usize = 4;

/// What a button asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Send,
    Save,
    Close,
    Discard,
    Remove(String),
}

impl Action {
    fn of(word: &str) -> Self {
        match word {
            "send" => Self::Send,
            "close" => Self::Close,
            "discard" => Self::Discard,
            _ => match word.strip_prefix("remove-") {
                Some(id) => Self::Remove(id.to_owned()),
                // Files are taken whatever the button.
                None => Self::Save,
            },
        }
    }
}

/// Handles the form.
pub(super) async fn post(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Fault> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    let message_bytes_max = visit.state.message_bytes_max;
    let memory = length.unwrap_or(message_bytes_max).min(message_bytes_max.saturating_mul(2)).saturating_mul(COPIES);
    let memory = visit.state.desk.memory(memory).await?;
    let entered = upload::read(&request, &visit.session, payload, message_bytes_max).await?;
    let wants_json = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.starts_with("application/json"));
    // A browser that goes away must not stop this half-way: between sending a message and noting that it was sent.
    let work = actix_web::rt::spawn(async move {
        let _memory = memory;
        Work::begin(&visit, entered, wants_json).run().await
    });
    work.await.map_err(Fault::internal)?
}

/// One use of the form.
struct Work<'a> {
    visit: &'a Visit,
    action: Action,
    draft: Draft,
    /// Formatted text as the editor has it; `None` for plain text.
    html: Option<String>,
    /// Content-IDs that new images were given.
    given: Vec<String>,
    /// Name under which the person writes from other addresses than the account's own.
    settings: Settings,
    /// UID that the form knows.
    uid: Option<u32>,
    carries: bool,
    back: String,
    files: Vec<super::attachment::Attachment>,
    errors: Errors,
    wants_json: bool,
}

impl<'a> Work<'a> {
    fn begin(visit: &'a Visit, mut entered: Entered, wants_json: bool) -> Self {
        let files = std::mem::take(&mut entered.files);
        let mut errors = Errors::default();
        let limit = || visit.page.size(visit.state.message_bytes_max as u64);
        for name in &entered.too_large {
            errors.form.push(visit.page.t2("compose-file-too-large", "name", name, "limit", limit()));
        }
        Self {
            visit,
            action: Action::of(entered.text("do")),
            html: Some(entered.text("html")).filter(|_| entered.text("format") == "rich").map(str::to_owned),
            draft: entered_draft(visit, &entered),
            uid: entered.text("draft").parse().ok(),
            given: Vec::new(),
            settings: Settings::default(),
            carries: entered.text("carries") == "1",
            back: page::safe_back(entered.text("back")).to_owned(),
            files,
            errors,
            wants_json,
        }
    }

    async fn run(mut self) -> Result<HttpResponse, Fault> {
        let sheet = self.visit.state.desk.sheet(&self.visit.session.person.address, &self.draft.message_id);
        let mut progress = sheet.lock().await;
        if let Some(sent) = progress.sent {
            return Ok(self.leave_sent(sent));
        }
        if progress.discarded {
            return Ok(page::leave(&self.back, self.wants_json));
        }
        let shelf = Shelf::open(self.visit).await?;
        let mut lease = self.visit.imap().await?;
        self.settings = Settings::load(&mut lease).await?;
        drop(lease);
        let mut hints: Vec<u32> = progress.uid.into_iter().chain(self.uid).collect();
        hints.dedup();
        let current = shelf.find(&self.draft.message_id, &hints).await?;
        let current_uid = current.as_ref().map(|(uid, _)| *uid);
        if self.action == Action::Discard {
            return self.discard(&shelf, &mut progress, current_uid).await;
        }
        let current = current.map(|(_, draft)| draft);
        self.take_text(current.as_ref()).await?;
        self.take_attachments(current).await?;
        if self.action == Action::Close && self.errors.is_empty() && self.draft.is_empty() && current_uid.is_none() {
            return Ok(page::leave(&self.back, self.wants_json));
        }
        if self.action == Action::Send {
            self.check();
            if self.errors.is_empty() {
                return self.send(&shelf, &mut progress, current_uid).await;
            }
        }
        let uid = self.save(&shelf, &mut progress, current_uid).await;
        if self.action == Action::Close && self.errors.is_empty() {
            return Ok(page::leave(&self.back, self.wants_json));
        }
        self.stay(&shelf, uid).await
    }

    /// Formatted text, with the images that the draft has and the new ones that fit.
    async fn take_text(&mut self, current: Option<&Draft>) -> Result<(), Fault> {
        let Some(html) = self.html.take() else { return Ok(()) };
        let known = current.map(|draft| draft.rich.images.clone()).unwrap_or_default();
        let files = current.map_or(0, |draft| draft.message_bytes() - draft.rich.encoded_bytes());
        let room = self.visit.state.message_bytes_max.saturating_sub(files);
        let taken = super::heavy(html.len(), move || Rich::take(&html, &known, room)).await?;
        if taken.is_cut {
            let limit = self.visit.page.size(self.visit.state.message_bytes_max as u64);
            self.errors.form.push(self.visit.page.t1("compose-images-too-large", "limit", limit));
        }
        self.draft.text = String::new();
        (self.draft.rich, self.given) = (taken.rich, taken.given);
        if self.draft.rich.html.is_empty() {
            self.draft.rich.html = "<div><br></div>".into();
        }
        Ok(())
    }

    /// Attachments that the draft has, without the one to be removed and with the new ones that fit.
    async fn take_attachments(&mut self, current: Option<Draft>) -> Result<(), Fault> {
        self.draft.attachments = match (current, &self.draft.original) {
            (Some(current), _) => current.attachments,
            (None, Some(original)) if self.carries && original.purpose == Purpose::Forward => {
                carried(self.visit, original, self.draft.is_rich()).await?
            }
            (None, _) => Vec::new(),
        };
        self.carries = false;
        if let Action::Remove(id) = &self.action {
            self.draft.attachments.retain(|attachment| attachment.id() != *id);
        }
        let page = &self.visit.page;
        let bytes_max = self.visit.state.message_bytes_max;
        for file in std::mem::take(&mut self.files) {
            if self.draft.attachments.len() >= ATTACHMENTS_MAX {
                self.errors.form.push(page.t1("compose-too-many-files", "count", ATTACHMENTS_MAX));
                break;
            }
            if self.draft.message_bytes() + file.encoded_bytes() > bytes_max {
                let limit = page.size(bytes_max as u64);
                self.errors.form.push(page.t2("compose-file-too-large", "name", file.name, "limit", limit));
                continue;
            }
            self.draft.attachments.push(file);
        }
        Ok(())
    }

    /// What can be known to be wrong before the server is asked.
    fn check(&mut self) {
        let page = &self.visit.page;
        let [to, cc, bcc] = self.draft.recipients();
        let fields = [(&to, &mut self.errors.to), (&cc, &mut self.errors.cc), (&bcc, &mut self.errors.bcc)];
        let mut count = 0;
        let mut faults = 0;
        for (recipients, errors) in fields {
            count += recipients.people.len();
            faults += recipients.faults.len();
            errors.extend(recipients.faults.iter().map(|typed| page.t1("compose-no-address", "text", typed)));
        }
        if count == 0 && faults == 0 {
            self.errors.to.push(page.t("compose-no-recipient"));
        }
        if count > RECIPIENTS_MAX {
            self.errors.to.push(page.t1("compose-too-many-recipients", "count", RECIPIENTS_MAX));
        }
        let bytes_max = self.visit.state.message_bytes_max;
        if self.draft.message_bytes() > bytes_max {
            self.errors.form.push(page.t1("compose-too-large", "limit", page.size(bytes_max as u64)));
        }
    }

    /// Keeps the draft. A failure is told beside what was typed, which is not lost by it.
    async fn save(&mut self, shelf: &Shelf<'_>, progress: &mut Progress, current: Option<u32>) -> Option<u32> {
        match self.try_save(shelf, current).await {
            Ok(uid) => {
                progress.uid = Some(uid);
                Some(uid)
            }
            Err(error) => {
                let page = &self.visit.page;
                self.errors.form.push(match &error {
                    Error::No { text, .. } => page.t1("compose-not-saved-why", "why", text),
                    _ => page.t("compose-not-saved"),
                });
                tracing::warn!(%error, "a draft could not be saved");
                current
            }
        }
    }

    async fn try_save(&self, shelf: &Shelf<'_>, current: Option<u32>) -> Result<u32, Error> {
        let message = self.written(Reader::Writer).await?;
        if message.len() > self.visit.state.message_bytes_max {
            let limit = self.visit.page.size(self.visit.state.message_bytes_max as u64);
            let text = self.visit.page.t1("compose-too-large", "limit", limit);
            return Err(Error::No { code: "TOOBIG".into(), text });
        }
        shelf.save(message, current).await
    }

    async fn written(&self, reader: Reader) -> Result<Vec<u8>, Error> {
        let draft = self.draft.clone();
        let chosen = self.settings.identity(&draft.from).name;
        let name = if chosen.is_empty() { self.visit.session.person.name.clone() } else { chosen };
        let at = self.visit.page.now().div_euclid(1000);
        super::heavy(draft.message_bytes(), move || draft.write(reader, &name, at)).await
    }

    async fn send(
        mut self,
        shelf: &Shelf<'_>,
        progress: &mut Progress,
        current: Option<u32>,
    ) -> Result<HttpResponse, Fault> {
        if shelf.was_sent(&self.draft.message_id).await? {
            self.clear_away(shelf, progress, current).await;
            return Ok(self.leave_sent(Sent::WithCopy));
        }
        let message = self.written(Reader::Recipients).await?;
        let recipients = distinct(&self.draft);
        let outcome = match self.draft.from.parse::<Address>() {
            Ok(from) => submit::submit(self.visit, &from, &recipients, &message).await,
            Err(error) => Err(Refused::Sender(error.to_string())),
        };
        drop(message);
        if let Err(refused) = outcome {
            tracing::info!(%refused, "a message was not sent");
            self.tell(refused);
            let uid = self.save(shelf, progress, current).await;
            return self.stay(shelf, uid).await;
        }
        // From here on it has gone, whatever else fails.
        progress.sent = Some(Sent::WithoutCopy);
        let copy = self.written(Reader::Sender).await;
        let kept = match copy {
            Ok(copy) => shelf.keep_copy(copy).await,
            Err(error) => Err(error),
        };
        if let Some(original) = &self.draft.original
            && let Err(error) = shelf.mark(original).await
        {
            tracing::warn!(%error, "the answered message could not be marked");
        }
        match kept {
            Ok(()) => {
                self.clear_away(shelf, progress, current).await;
                Ok(self.leave_sent(Sent::WithCopy))
            }
            Err(error) => {
                tracing::error!(%error, "no copy of a sent message could be kept");
                Ok(self.leave_sent(Sent::WithoutCopy))
            }
        }
    }

    /// The draft goes: its message is in Sent.
    async fn clear_away(&self, shelf: &Shelf<'_>, progress: &mut Progress, current: Option<u32>) {
        progress.sent = Some(Sent::WithCopy);
        if let Some(uid) = current
            && let Err(error) = shelf.remove(uid).await
        {
            tracing::warn!(%error, "the draft of a sent message stays");
        }
    }

    /// Puts the reasons of a refusal beside what they are about.
    fn tell(&mut self, refused: Refused) {
        let page = &self.visit.page;
        match refused {
            Refused::SignIn => self.errors.form.push(page.t("compose-signed-out")),
            Refused::Unavailable(_) => self.errors.form.push(page.t("compose-unavailable")),
            Refused::Unknown(_) => self.errors.form.push(page.t("compose-unknown")),
            Refused::Sender(words) => self.errors.from.push(words),
            Refused::Message(words) => self.errors.form.push(page.t1("compose-refused", "why", words)),
            Refused::Recipients(refused) => {
                let fields = self.draft.recipients();
                for (address, words) in refused {
                    let key = address.key();
                    let place = fields.iter().position(|f| f.people.iter().any(|p| p.address.key() == key));
                    let errors = match place {
                        Some(1) => &mut self.errors.cc,
                        Some(2) => &mut self.errors.bcc,
                        _ => &mut self.errors.to,
                    };
                    errors.push(format!("{address}: {words}"));
                }
            }
        }
    }

    async fn discard(
        self,
        shelf: &Shelf<'_>,
        progress: &mut Progress,
        current: Option<u32>,
    ) -> Result<HttpResponse, Fault> {
        if let Some(uid) = current {
            shelf.discard(uid).await?;
        }
        progress.discarded = true;
        Ok(page::leave(&self.back, self.wants_json))
    }

    fn leave_sent(&self, sent: Sent) -> HttpResponse {
        page::leave_sent(&self.visit.page, &self.back, sent == Sent::WithCopy, self.wants_json)
    }

    async fn stay(self, shelf: &Shelf<'_>, uid: Option<u32>) -> Result<HttpResponse, Fault> {
        let stay = Stay {
            draft: &self.draft,
            uid,
            drafts: &shelf.drafts,
            back: &self.back,
            carries: self.carries,
            errors: self.errors,
            given: self.given,
        };
        stay.answer(self.visit, self.wants_json).await
    }
}

/// The draft as it was entered, without its attachments.
fn entered_draft(visit: &Visit, entered: &Entered) -> Draft {
    let person = &visit.session.person;
    let from = entered.text("from");
    let from = person.addresses.iter().find(|address| *address == from).or(person.addresses.first());
    let line = |name: &str| draft::one_line(entered.text(name));
    Draft {
        message_id: draft::message_id(entered.text("message_id")).unwrap_or_else(|| begin::fresh_id(visit)),
        from: from.unwrap_or(&person.address).clone(),
        // Addresses are often pasted in lines.
        to: lines(entered.text("to")),
        cc: lines(entered.text("cc")),
        bcc: lines(entered.text("bcc")),
        subject: line("subject").chars().take(draft::SUBJECT_CHARS_MAX).collect(),
        text: draft::plain_text(entered.text("text")),
        rich: Rich::default(),
        in_reply_to: draft::message_id(entered.text("in_reply_to")),
        references: entered
            .text("references")
            .split_ascii_whitespace()
            .take(200)
            .filter_map(draft::message_id)
            .collect(),
        original: Original::read(entered.text("original")),
        attachments: Vec::new(),
    }
}

fn lines(typed: &str) -> String {
    let lines: Vec<String> = typed.lines().map(draft::one_line).filter(|line| !line.is_empty()).collect();
    lines.join(", ")
}

/// Everyone the message goes to, each once.
fn distinct(draft: &Draft) -> Vec<Address> {
    let mut seen = std::collections::HashSet::new();
    let people = draft.recipients().into_iter().flat_map(|recipients| recipients.people);
    people.map(|person| person.address).filter(|address| seen.insert(address.key())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Action, distinct, lines};
    use crate::compose::draft::Draft;

    #[test]
    fn everyone_gets_it_once() {
        let draft = Draft { to: "a@x.test, B@x.test".into(), bcc: "b@x.test, c@x.test".into(), ..Draft::default() };
        let all: Vec<String> = distinct(&draft).iter().map(ToString::to_string).collect();
        assert_eq!(all, ["a@x.test", "B@x.test", "c@x.test"]);
    }

    #[test]
    fn buttons_and_pasted_lines_are_understood() {
        assert_eq!(Action::of("remove-12ab"), Action::Remove("12ab".into()));
        assert_eq!(Action::of(""), Action::Save, "a form that is sent by Enter sends nothing");
        assert_eq!(lines("a@x.test\r\n\r\n b@x.test "), "a@x.test, b@x.test");
    }
}
