//! `/mail/-/vacation`: the automatic answer, with its days and a look at it.

use super::{book::Vacation, list::back, rule::line, shelf::Shelf};
use crate::{shell::Shell, visit::Visit};
use actix_web::{HttpResponse, http::StatusCode, web};
use askama::Template;
use httpd::{Fault, Fields, Page};
use jiff::civil::Date;
use serde::Deserialize;

const ADDRESS: &str = "/mail/-/vacation";
/// Characters of an answer.
const TEXT_CHARS_MAX: usize = 10_000;
/// Days until the same sender is answered again.
const DAYS_MAX: u8 = 30;

#[derive(Template)]
#[template(path = "webmail/filters/vacation.html")]
struct VacationPage<'a> {
    page: &'a Page,
    shell: &'a Shell,
    shelf: &'a Shelf,
    vacation: &'a Vacation,
    error: Option<String>,
    is_saved: bool,
    /// Whether the answer is shown as others will see it.
    is_shown: bool,
}

impl VacationPage<'_> {
    fn address(&self) -> &str {
        self.page.person().map_or("", |person| person.address.as_str())
    }

    fn subject(&self) -> String {
        match self.vacation.subject.is_empty() {
            true => format!("Auto: {}", self.page.t("vacation-their-subject")),
            false => self.vacation.subject.clone(),
        }
    }

    /// When it answers, in words.
    fn when(&self) -> String {
        let Vacation { from, until, .. } = self.vacation;
        match (from.as_str(), until.as_str()) {
            ("", "") => self.page.t("vacation-always"),
            (from, "") => self.page.t1("vacation-from-on", "from", from),
            ("", until) => self.page.t1("vacation-up-to", "until", until),
            (from, until) => self.page.t2("vacation-between", "from", from, "until", until),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    saved: Option<u8>,
}

/// `GET /mail/-/vacation`
pub(crate) async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    let (_, shelf) = Shelf::open(&visit).await?;
    let kept = shelf.book.as_ref().and_then(|book| book.vacation.clone());
    let vacation = kept.unwrap_or_else(|| Vacation { days: 7, ..Vacation::default() });
    let shell = Shell::alone(&visit).await?;
    httpd::render(&VacationPage {
        page: &visit.page,
        shell: &shell,
        shelf: &shelf,
        vacation: &vacation,
        error: None,
        is_saved: query.saved.is_some(),
        is_shown: vacation.enabled,
    })
}

/// `POST /mail/-/vacation`: `do` is `show` or `save`.
pub(crate) async fn change(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let (mut client, shelf) = Shelf::open(&visit).await?;
    let vacation = entered(&visit, &fields);
    let mut error = check(&vacation).err();
    if fields.text("do") == "save" && error.is_none() {
        let mut book = shelf.book.clone().ok_or_else(|| Fault::Conflict(visit.page.t("filters-by-hand")))?;
        book.vacation = Some(vacation.clone());
        match shelf.save(&mut client, &book).await {
            Ok(()) => return Ok(back(&format!("{ADDRESS}?saved=1"))),
            Err(super::client::Error::No { .. }) => error = Some("vacation-wrong"),
            Err(fault) => return Err(fault.into()),
        }
    }
    let shell = Shell::alone(&visit).await?;
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let template = VacationPage {
        page: &visit.page,
        shell: &shell,
        shelf: &shelf,
        vacation: &vacation,
        is_shown: error.is_none(),
        error: error.map(|key| visit.page.t(key)),
        is_saved: false,
    };
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(template.render()?))
}

fn entered(visit: &Visit, fields: &Fields) -> Vacation {
    let text = fields.text("text").replace("\r\n", "\n");
    let plain = |c: &char| *c == '\n' || *c == '\t' || !c.is_control();
    let from = line(fields.text("from"));
    Vacation {
        enabled: fields.get("enabled").is_some(),
        zone: zone(&visit.page, &from),
        from,
        until: line(fields.text("until")),
        subject: line(fields.text("subject")),
        text: text.chars().filter(plain).take(TEXT_CHARS_MAX).collect(),
        days: fields.text("days").parse().unwrap_or(7),
    }
}

/// Offset of the person's zone on the first day: days begin and end where the person is.
fn zone(page: &Page, from: &str) -> String {
    let zone = page.zone().clone();
    let first = from.parse::<Date>().ok().and_then(|date| date.to_zoned(zone.clone()).ok());
    let first =
        first.unwrap_or_else(|| jiff::Timestamp::from_millisecond(page.now()).unwrap_or_default().to_zoned(zone));
    first.strftime("%z").to_string()
}

fn check(vacation: &Vacation) -> Result<(), &'static str> {
    let date = |text: &str| match text {
        "" => Ok(None),
        text if text.len() == 10 => text.parse::<Date>().map(Some).map_err(|_| "vacation-wrong-date"),
        _ => Err("vacation-wrong-date"),
    };
    let (from, until) = (date(&vacation.from)?, date(&vacation.until)?);
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        return Err("vacation-wrong-order");
    }
    if vacation.text.trim().is_empty() {
        return Err("vacation-wrong-text");
    }
    if !(1..=DAYS_MAX).contains(&vacation.days) {
        return Err("vacation-wrong-days");
    }
    Ok(())
}
