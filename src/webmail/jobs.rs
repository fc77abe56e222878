//! Work on very many messages: done in parts behind the page, which shows how far it is and can take it back at the end.

use crate::{
    actions::{self, Action, Back},
    pool::{TicketKey, key_of},
    uid_set::UidSet,
    undo::Undo,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use httpd::{Fault, Page};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Messages up to which an action is done at once; more of them are a job.
pub(crate) const AT_ONCE_MAX: u64 = 500;
/// Messages of one command of a job.
const PART: u32 = 500;
/// Jobs that one session may have under way (503).
const RUNNING_MAX: usize = 4;
/// Time the end of a job is remembered.
const KEPT: Duration = Duration::from_secs(600);

/// How a job ended.
#[derive(Debug, Clone)]
enum End {
    /// All of it is done; what takes it back.
    Done(Option<Undo>),
    /// It stopped half-way, with what was told; what takes back the part that was done.
    Failed(String, Option<Undo>),
}

/// A job, seen by the page and by who does it.
#[derive(Debug)]
pub(crate) struct Job {
    id: u64,
    owner: TicketKey,
    mailbox: String,
    total: u64,
    done: AtomicU64,
    end: Mutex<Option<(End, Instant)>>,
}

impl Job {
    fn end(&self) -> Option<(End, Instant)> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The jobs of all sessions.
#[derive(Default)]
pub(crate) struct Jobs {
    jobs: Mutex<HashMap<u64, Arc<Job>>>,
    last: AtomicU64,
}

impl Jobs {
    fn add(&self, ticket: &str, mailbox: &str, total: u64) -> Result<Arc<Job>, Fault> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.retain(|_, job| job.end().is_none_or(|(_, at)| at.elapsed() < KEPT));
        let owner = key_of(ticket);
        if jobs.values().filter(|job| job.owner == owner && job.end().is_none()).count() >= RUNNING_MAX {
            return Err(Fault::Unavailable("as many jobs as there can be are under way".into()));
        }
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mailbox = mailbox.to_owned();
        let job = Arc::new(Job { id, owner, mailbox, total, done: AtomicU64::new(0), end: Mutex::default() });
        jobs.insert(id, job.clone());
        Ok(job)
    }

    fn get(&self, ticket: &str, id: u64) -> Option<Arc<Job>> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.get(&id).filter(|job| job.owner == key_of(ticket)).cloned()
    }
}

/// Begins to do something to the messages of a mailbox, seen under that UIDVALIDITY.
pub(crate) fn begin(
    visit: Visit,
    (mailbox, validity): (&str, u32),
    action: Action,
    set: UidSet,
) -> Result<Arc<Job>, Fault> {
    let job = visit.state.jobs.add(&visit.session.ticket, mailbox, set.len())?;
    let (working, mailbox) = (job.clone(), mailbox.to_owned());
    actix_web::rt::spawn(async move {
        let mut undo: Option<Undo> = None;
        let outcome = work(&visit, (&mailbox, validity), &action, &set, &working, &mut undo).await;
        let end = match outcome {
            Ok(()) => End::Done(undo),
            Err(fault) => {
                tracing::warn!(error = %fault, "an action on many messages stopped half-way");
                let why = match &fault {
                    Fault::Conflict(why) if !why.is_empty() => why.clone(),
                    _ => visit.page.t("job-failed"),
                };
                End::Failed(why, undo)
            }
        };
        *working.end.lock().unwrap_or_else(PoisonError::into_inner) = Some((end, Instant::now()));
    });
    Ok(job)
}

/// Does it to the end, part by part.
pub(crate) async fn work(
    visit: &Visit,
    (mailbox, validity): (&str, u32),
    action: &Action,
    set: &UidSet,
    job: &Job,
    undo: &mut Option<Undo>,
) -> Result<(), Fault> {
    for part in set.parts(PART) {
        // The connection is given back between two parts, so that pages need not wait for it.
        let (mut lease, selected) = visit.open(mailbox).await?;
        if selected.uid_validity != validity {
            return Err(Fault::Conflict(String::new()));
        }
        let done = actions::perform(&mut lease, visit, action, &part).await?;
        drop(lease);
        *undo = match (undo.take(), done) {
            (Some(before), Some(now)) => Some(before.joined_with(&now)),
            (before, now) => before.or(now),
        };
        job.done.fetch_add(part.len(), Ordering::Relaxed);
    }
    Ok(())
}

/// How far a job is, or how it ended.
#[derive(Template)]
#[template(path = "webmail/job.html")]
pub(crate) struct Shown<'a> {
    page: &'a Page,
    list: Place,
    id: u64,
    total: u64,
    done: u64,
    is_running: bool,
    failed: Option<String>,
    undo: Option<Undo>,
}

/// The list that a job was begun from, as forms of its messages name it.
pub(crate) struct Place {
    mailbox: String,
    validity: String,
    place: crate::list::Place,
}

impl Place {
    fn is_search(&self) -> bool {
        !self.place.q.is_empty()
    }
}

impl<'a> Shown<'a> {
    /// The state of a job.
    pub(crate) fn of(job: &Job, page: &'a Page, place: &crate::list::Place) -> Self {
        let list = Place { mailbox: job.mailbox.clone(), validity: String::new(), place: place.clone() };
        let mut shown = Self {
            page,
            list,
            id: job.id,
            total: job.total,
            done: job.done.load(Ordering::Relaxed),
            is_running: false,
            failed: None,
            undo: None,
        };
        match job.end() {
            None => shown.is_running = true,
            Some((End::Done(undo), _)) => shown.undo = undo,
            Some((End::Failed(why, undo), _)) => (shown.failed, shown.undo) = (Some(why), undo),
        }
        shown
    }

    fn address(&self) -> String {
        let query = self.list.place.query();
        format!("/mail/-/jobs/{}{query}", self.id)
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: u32,
}

/// `GET /mail/-/jobs/{id}`: how far it is.
pub(crate) async fn show(visit: Visit, id: web::Path<u64>, asked: web::Query<Asked>) -> Result<HttpResponse, Fault> {
    let job = visit.state.jobs.get(&visit.session.ticket, *id).ok_or(Fault::NotFound)?;
    let place = crate::list::Place { q: asked.q.clone(), page: asked.page, across: 0 };
    let shown = Shown::of(&job, &visit.page, &place);
    let is_running = shown.is_running;
    let mut response = httpd::render(&shown)?;
    if !is_running {
        let changed = actix_web::http::header::HeaderValue::from_static("mail-changed");
        response.headers_mut().insert(actix_web::http::header::HeaderName::from_static("hx-trigger"), changed);
    }
    Ok(response)
}

/// Does it while the person waits, for pages without scripts.
pub(crate) async fn at_once(
    visit: &Visit,
    mailbox: (&str, u32),
    action: &Action,
    set: &UidSet,
) -> Result<Option<Undo>, Fault> {
    let job = visit.state.jobs.add(&visit.session.ticket, mailbox.0, set.len())?;
    let mut undo = None;
    let outcome = work(visit, mailbox, action, set, &job, &mut undo).await;
    *job.end.lock().unwrap_or_else(PoisonError::into_inner) = Some((End::Done(None), Instant::now()));
    outcome.map(|()| undo)
}

/// A job's answer to the form that began it.
pub(crate) async fn answer(visit: &Visit, back: &Back, job: &Job, closes: bool) -> Result<HttpResponse, Fault> {
    back.answer_with(visit, None, Some(job), closes).await
}
