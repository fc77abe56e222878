//! Message trace: find messages by address, and see the steps of one in order, in the words of the servers.

use super::{
    text,
    visit::{Frame, Visit},
};
use crate::{
    OpError,
    ops::{traces, traces::TraceView},
};
use askama::Template;
use httpd::{
    Fault, Markup, Page,
    actix_web::{
        HttpResponse,
        http::header,
        web::{Path, Query},
    },
};
use serde::Deserialize;
use store::trace::Step;

/// Messages that the list shows.
const MESSAGES_SHOWN: usize = 100;
/// Steps looked through for them.
const STEPS: usize = 1000;
/// Recipients that a row shows.
const RECIPIENTS_SHOWN: usize = 3;

/// What is searched.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "admin/traces.html")]
struct Find {
    page: Page,
    frame: Frame,
    q: String,
    messages: Vec<Row>,
    /// Whether there may be more than is shown.
    is_cut: bool,
}

struct Row {
    id: String,
    at: Markup,
    from: String,
    to: Vec<String>,
    more: Option<String>,
    badge: &'static str,
    step: String,
}

#[derive(Template)]
#[template(path = "admin/trace.html")]
struct Show {
    page: Page,
    frame: Frame,
    id: String,
    from: String,
    steps: Vec<StepRow>,
}

/// A step of a message's way, in words.
pub(crate) struct StepRow {
    pub(crate) at: Markup,
    pub(crate) badge: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) step: String,
    pub(crate) why: String,
    pub(crate) to: Vec<String>,
    pub(crate) detail: String,
}

/// `GET /admin/trace`
pub(crate) async fn find(visit: Visit, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let q = asked.into_inner().q.trim().to_owned();
    // A trace id, as it stands in a Received header, leads to its message.
    if q.len() == 32
        && let Ok(steps) = traces::show(&visit.context, &q)
        && let Some(step) = steps.first()
    {
        let address = format!("/admin/trace/{}", step.id);
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish());
    }
    let page = &visit.page;
    let steps = traces::find(&visit.context, &q, STEPS)?;
    let is_full = steps.len() == STEPS;
    let mut messages: Vec<Vec<TraceView>> = Vec::new();
    for step in steps {
        match messages.last_mut() {
            Some(message) if message[0].id == step.id => message.push(step),
            _ => messages.push(vec![step]),
        }
    }
    let is_cut = is_full || messages.len() > MESSAGES_SHOWN;
    let messages = messages.into_iter().take(MESSAGES_SHOWN).map(|steps| row(page, steps)).collect();
    let frame = visit.frame("traces");
    httpd::render(&Find { page: visit.page, frame, q, messages, is_cut })
}

/// `GET /admin/trace/{id}`
pub(crate) async fn show(visit: Visit, id: Path<String>) -> Result<HttpResponse, Fault> {
    let steps = match traces::show(&visit.context, &id) {
        Err(OpError::Invalid(_)) => return Err(Fault::NotFound),
        steps => steps?,
    };
    let page = &visit.page;
    let from = sender(page, steps.first().map_or("", |step| &step.from));
    let id = steps.first().map(|step| step.id.clone()).unwrap_or_default();
    let steps = steps.into_iter().map(|event| step(page, event)).collect();
    let frame = visit.frame("traces");
    httpd::render(&Show { page: visit.page, frame, id, from, steps })
}

/// One message: where it comes from, who it is for, how far it is.
fn row(page: &Page, mut steps: Vec<TraceView>) -> Row {
    steps.sort_by_key(|step| step.at);
    let mut to: Vec<String> = Vec::new();
    for recipient in steps.iter().flat_map(|step| &step.to) {
        if !to.contains(recipient) {
            to.push(recipient.clone());
        }
    }
    let more = to.len().saturating_sub(RECIPIENTS_SHOWN);
    to.truncate(RECIPIENTS_SHOWN);
    let (first, last) = (&steps[0], &steps[steps.len() - 1]);
    let (badge, _, key) = look(last.step);
    Row {
        id: first.id.clone(),
        at: text::when_short(page, first.at),
        from: sender(page, &first.from),
        to,
        more: (more > 0).then(|| page.t1("admin-more", "count", more)),
        badge,
        step: page.t(&format!("admin-step-{key}")),
    }
}

/// A step in words.
pub(crate) fn step(page: &Page, step: TraceView) -> StepRow {
    let (badge, icon, key) = look(step.step);
    StepRow {
        at: text::when(page, step.at),
        badge,
        icon,
        step: page.t(&format!("admin-step-{key}")),
        why: page.t(&format!("admin-step-{key}-why")),
        to: step.to,
        detail: step.detail,
    }
}

/// An envelope sender; notifications have none.
pub(crate) fn sender(page: &Page, from: &str) -> String {
    if from.is_empty() { page.t("admin-null-sender") } else { from.to_owned() }
}

/// Class of a step's badge, its icon, the key of its word.
fn look(step: Step) -> (&'static str, &'static str, &'static str) {
    match step {
        Step::Received => ("accent", "inbox", "received"),
        Step::Submitted => ("accent", "file-pen", "submitted"),
        Step::Delivered => ("good", "circle-check", "delivered"),
        Step::Queued => ("", "clock", "queued"),
        Step::Sent => ("good", "send", "sent"),
        Step::Deferred => ("warn", "rotate-cw", "deferred"),
        Step::Bounced => ("bad", "octagon-alert", "bounced"),
        Step::Dropped => ("bad", "trash-2", "dropped"),
        Step::Refused => ("bad", "ban", "refused"),
    }
}
