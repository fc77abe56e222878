//! One request of an admin, and the frame that stands around every page of the console.

use super::text;
use crate::{Context, OpError};
use askama::Template;
use httpd::{
    Admin, Fault, Page,
    actix_web::{
        FromRequest, HttpRequest, HttpResponse,
        dev::Payload,
        http::{StatusCode, header},
        web::{Data, Query},
    },
};
use serde::Deserialize;
use std::future::{Ready, ready};

/// What a page may say was done, by the last word of its message's key.
const DONE: [&str; 14] = [
    "added",
    "saved",
    "removed",
    "password",
    "app-password-removed",
    "script-off",
    "queue-retry",
    "queue-hold",
    "queue-release",
    "queue-drop",
    "queue-bounce",
    "keys",
    "queue-busy",
    "queue-none",
];

/// A request of an admin; as an extractor it lets nobody else in.
pub(crate) struct Visit {
    /// Ground of the page that answers.
    pub(crate) page: Page,
    /// What operations work on.
    pub(crate) context: Data<Context>,
    done: Option<&'static str>,
}

#[derive(Deserialize)]
struct Done {
    done: Option<String>,
}

impl FromRequest for Visit {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Admin::from_request(request, payload).into_inner().and_then(|_admin| Self::of(request)))
    }
}

impl Visit {
    fn of(request: &HttpRequest) -> Result<Self, Fault> {
        let context = request
            .app_data::<Data<Context>>()
            .cloned()
            .ok_or_else(|| Fault::internal("the console is not composed into this site"))?;
        let asked = Query::<Done>::from_query(request.query_string()).ok().and_then(|query| query.into_inner().done);
        let done = DONE.into_iter().find(|known| Some(*known) == asked.as_deref());
        Ok(Self { page: Page::of(request), context, done })
    }

    /// The frame of a page in one section of the console.
    pub(crate) fn frame(&self, section: &'static str) -> Frame {
        Frame {
            section,
            done: self.done.map(|done| self.page.t(&format!("admin-done-{done}"))),
            queue: Some(self.context.store().spool_len()).filter(|&len| len > 0).map(|len| self.page.number(len)),
        }
    }

    /// Leads to a page that says what was done.
    pub(crate) fn leave(&self, address: &str, done: &str) -> HttpResponse {
        let mark = if address.contains('?') { '&' } else { '?' };
        HttpResponse::SeeOther().insert_header((header::LOCATION, format!("{address}{mark}done={done}"))).finish()
    }
}

/// What stands around a page.
pub(crate) struct Frame {
    /// The section that is marked in the navigation.
    pub(crate) section: &'static str,
    /// What was done by the form before, in words.
    pub(crate) done: Option<String>,
    /// Length of the queue, when there is something in it.
    pub(crate) queue: Option<String>,
}

impl Frame {
    /// The attribute of the navigation's current link.
    pub(crate) fn mark(&self, section: &str) -> httpd::Markup {
        text::markup(if self.section == section { r#"aria-current="page""# } else { "" })
    }
}

/// A page whose form was not accepted.
pub(crate) fn refuse(template: &impl Template) -> Result<HttpResponse, Fault> {
    Ok(HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY)
        .content_type("text/html; charset=utf-8")
        .body(template.render()?))
}

impl From<OpError> for Fault {
    fn from(error: OpError) -> Self {
        match error {
            OpError::NotFound(_) => Self::NotFound,
            OpError::Exists(text) => Self::Conflict(text),
            OpError::Invalid(text) => Self::BadRequest(text),
            OpError::Machine(text) => Self::Internal(text),
        }
    }
}
