//! The outbound queue: the list with its filter, one entry, and what can be done with one or many.

use super::{
    text, traces,
    visit::{Frame, Visit},
};
use crate::{
    OpError,
    ops::{
        queued,
        queued::{QueueAct, QueueAction, QueueFilter, QueueView},
        traces::TraceView,
    },
};
use ::queue::operations::State;
use askama::Template;
use httpd::{
    Fault, Fields, Markup, Page,
    actix_web::{
        HttpResponse,
        web::{Path, Query},
    },
};
use serde::Deserialize;

/// Entries of a page.
const ROWS: usize = 100;
const STATES: [(State, &str); 5] = [
    (State::Waiting, "waiting"),
    (State::Active, "active"),
    (State::Deferred, "deferred"),
    (State::Held, "held"),
    (State::Scheduled, "scheduled"),
];

/// What the list is asked for.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    sender: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: u64,
}

#[derive(Template)]
#[template(path = "admin/queue.html")]
struct List {
    page: Page,
    frame: Frame,
    asked: Asked,
    states: Vec<(&'static str, String)>,
    entries: Vec<Row>,
    next: Option<String>,
    first: Option<String>,
    total: String,
    is_empty: bool,
}

struct Row {
    id: u64,
    from: String,
    to: String,
    badge: &'static str,
    state: String,
    why: String,
    tried: String,
    accepted: Markup,
    next: Markup,
}

#[derive(Template)]
#[template(path = "admin/queue_entry.html")]
struct One {
    page: Page,
    frame: Frame,
    id: u64,
    trace: String,
    subject: String,
    from: String,
    to: String,
    original_to: Option<String>,
    badge: &'static str,
    state: String,
    held: bool,
    active: bool,
    why: String,
    meaning: Option<&'static str>,
    reply: Option<String>,
    host: Option<String>,
    size: String,
    tried: String,
    accepted: Markup,
    next: Markup,
    expires: Markup,
    steps: Vec<traces::StepRow>,
}

/// `GET /admin/queue`
pub(crate) async fn list(visit: Visit, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let (asked, page) = (asked.into_inner(), &visit.page);
    let found = queued::list(&visit.context, &QueueFilter { after: asked.after, limit: ROWS, ..asked.filter() })?;
    let next = found.next.map(|after| asked.address(after));
    let first = (asked.after > 0).then(|| asked.address(0));
    let total = page.t1("admin-queue-total", "count", page.number(found.total));
    let is_empty = found.total == 0;
    let entries = found.entries.into_iter().map(|entry| row(page, entry)).collect();
    let states = STATES.iter().map(|&(_, key)| (key, page.t(&format!("admin-queue-state-{key}")))).collect();
    let frame = visit.frame("queue");
    httpd::render(&List { page: visit.page, frame, asked, states, entries, next, first, total, is_empty })
}

/// `POST /admin/queue`: an action on the entries selected, or on all that fit the filter.
pub(crate) async fn act(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let asked = Asked {
        sender: fields.text("sender").to_owned(),
        domain: fields.text("domain").to_owned(),
        state: fields.text("state").to_owned(),
        after: 0,
    };
    let ids: Vec<u64> = fields.all("id").filter_map(|id| id.parse().ok()).collect();
    let all = fields.get("all").is_some();
    let address = asked.address(0);
    if ids.is_empty() && !all {
        return Ok(visit.leave(&address, "queue-none"));
    }
    let (ids, filter) = if all { (Vec::new(), Some(asked.filter())) } else { (ids, None) };
    perform(visit, &fields, ids, filter, &address).await
}

/// `GET /admin/queue/{id}`
pub(crate) async fn show(visit: Visit, id: Path<u64>) -> Result<HttpResponse, Fault> {
    let detail = queued::show(&visit.context, *id)?;
    let (page, frame) = (&visit.page, visit.frame("queue"));
    let entry = detail.entry;
    let (badge, state, why, tried) = words(page, &entry);
    // The sentences for status codes are in English only.
    let code = entry.reply.as_deref().and_then(|reply| reply.split(' ').nth(1));
    let meaning = code.filter(|_| page.lang() == "en").and_then(mail::report::meaning);
    let one = One {
        frame,
        id: entry.id,
        subject: detail.subject,
        from: traces::sender(page, entry.from.trim_matches(['<', '>'])),
        badge,
        state,
        held: entry.state == State::Held,
        active: entry.state == State::Active,
        why,
        meaning,
        size: page.size(u64::from(entry.size)),
        tried,
        accepted: text::when(page, entry.created),
        next: next(page, &entry),
        expires: text::when(page, entry.expires),
        steps: detail.events.into_iter().map(|event: TraceView| traces::step(page, event)).collect(),
        trace: entry.trace,
        to: entry.to,
        original_to: entry.original_to,
        reply: entry.reply,
        host: entry.host,
        page: visit.page,
    };
    httpd::render(&one)
}

/// `POST /admin/queue/{id}`: an action on one entry.
pub(crate) async fn act_on(visit: Visit, id: Path<u64>, fields: Fields) -> Result<HttpResponse, Fault> {
    let gone = matches!(fields.text("action"), "drop" | "bounce");
    let address = if gone { "/admin/queue".to_owned() } else { format!("/admin/queue/{id}") };
    perform(visit, &fields, vec![*id], None, &address).await
}

async fn perform(
    visit: Visit,
    fields: &Fields,
    ids: Vec<u64>,
    filter: Option<QueueFilter>,
    address: &str,
) -> Result<HttpResponse, Fault> {
    let (action, done) = match fields.text("action") {
        "retry" => (QueueAction::Retry, "queue-retry"),
        "hold" => (QueueAction::Hold, "queue-hold"),
        "release" => (QueueAction::Release, "queue-release"),
        "drop" => (QueueAction::Drop, "queue-drop"),
        "bounce" => (QueueAction::Bounce, "queue-bounce"),
        _ => return Err(Fault::BadRequest(String::new())),
    };
    match queued::act(&visit.context, &QueueAct { action, ids, filter }).await {
        Ok(outcome) if outcome.changed > 0 => Ok(visit.leave(address, done)),
        Ok(outcome) if outcome.busy > 0 => Ok(visit.leave(address, "queue-busy")),
        Ok(_) => Ok(visit.leave(address, "queue-none")),
        // It was delivered meanwhile.
        Err(OpError::NotFound(_)) => Ok(visit.leave("/admin/queue", "queue-none")),
        Err(error) => Err(error.into()),
    }
}

impl Asked {
    fn filter(&self) -> QueueFilter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let state = STATES.iter().find(|(_, key)| *key == self.state).map(|&(state, _)| state);
        QueueFilter { domain: given(&self.domain), sender: given(&self.sender), state, ..QueueFilter::default() }
    }

    /// Address of the page that begins after an entry.
    fn address(&self, after: u64) -> String {
        let after = if after == 0 { String::new() } else { after.to_string() };
        let pairs = [("sender", &self.sender), ("domain", &self.domain), ("state", &self.state), ("after", &after)];
        format!("/admin/queue{}", text::query(&pairs.map(|(name, value)| (name, value.as_str()))))
    }
}

fn row(page: &Page, entry: QueueView) -> Row {
    let (badge, state, why, tried) = words(page, &entry);
    Row {
        id: entry.id,
        from: traces::sender(page, entry.from.trim_matches(['<', '>'])),
        next: next(page, &entry),
        accepted: text::when_short(page, entry.created),
        to: entry.to,
        badge,
        state,
        why,
        tried,
    }
}

/// Class of the badge, the state, why it is still here, and how often it was tried.
fn words(page: &Page, entry: &QueueView) -> (&'static str, String, String, String) {
    let (badge, key) = match entry.state {
        State::Waiting => ("", "waiting"),
        State::Active => ("accent", "active"),
        State::Deferred => ("warn", "deferred"),
        State::Held => ("bad", "held"),
        State::Scheduled => ("", "scheduled"),
    };
    let why = match (entry.state, &entry.reply, &entry.host) {
        (State::Deferred, Some(reply), Some(host)) => page.t2("admin-queue-said", "host", host, "reply", reply),
        (State::Deferred, Some(reply), None) => reply.clone(),
        _ => page.t(&format!("admin-queue-reason-{key}")),
    };
    let tried = page.t1("admin-queue-attempts-count", "count", entry.attempts);
    (badge, page.t(&format!("admin-queue-state-{key}")), why, tried)
}

/// When it is tried next.
fn next(page: &Page, entry: &QueueView) -> Markup {
    match entry.state {
        State::Held => Markup(text::escape(&page.t("admin-queue-next-held"))),
        State::Active => Markup(text::escape(&page.t("admin-queue-next-now"))),
        _ if entry.next_attempt <= page.now() => Markup(text::escape(&page.t("admin-queue-next-now"))),
        _ => text::when_short(page, entry.next_attempt),
    }
}
