//! Who is kept out: accounts whose sending was stopped, and networks that are banned.

use super::{
    form::Faults,
    text,
    visit::{Frame, Visit, refuse},
};
use crate::{
    OpError,
    ops::bans::{self, BanAdd},
};
use askama::Template;
use httpd::{Fault, Form, Markup, Page, actix_web::HttpResponse};
use serde::Deserialize;

const HOUR: u64 = 3600;

/// What was typed of a ban.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    network: String,
    #[serde(default)]
    hours: String,
    #[serde(default)]
    reason: String,
}

/// A ban or an account of the list.
#[derive(Deserialize)]
pub(crate) struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Template)]
#[template(path = "admin/bans.html")]
struct Bans {
    page: Page,
    frame: Frame,
    typed: Typed,
    faults: Faults,
    bans: Vec<Row>,
    stops: Vec<Row>,
}

struct Row {
    name: String,
    reason: String,
    since: Markup,
    until: Markup,
}

/// `GET /admin/bans`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, Fault> {
    httpd::render(&page(visit, Typed { hours: "24".into(), ..Typed::default() }, Faults::default())?)
}

/// `POST /admin/bans`
pub(crate) async fn add(visit: Visit, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    let mut faults = Faults::default();
    let hours = typed.hours.trim().parse::<u64>().ok().filter(|hours| (1..=8760).contains(hours));
    let Some(hours) = hours else {
        faults.add("hours", visit.page.t("admin-bans-fault-hours"));
        return refuse(&page(visit, typed, faults)?);
    };
    let add = BanAdd { network: typed.network.clone(), seconds: hours * HOUR, reason: typed.reason.clone() };
    match bans::add(&visit.context, &add).await {
        Ok(_) => Ok(visit.leave("/admin/bans", "saved")),
        Err(OpError::Invalid(_)) => {
            faults.add("network", visit.page.t("admin-bans-fault-network"));
            refuse(&page(visit, typed, faults)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/bans/remove`
pub(crate) async fn remove(visit: Visit, Form(named): Form<Named>) -> Result<HttpResponse, Fault> {
    match bans::remove(&visit.context, &named.name).await {
        // Over already: what was wanted is so.
        Ok(()) | Err(OpError::NotFound(_)) => Ok(visit.leave("/admin/bans", "removed")),
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/bans/allow-sending`
pub(crate) async fn allow_sending(visit: Visit, Form(named): Form<Named>) -> Result<HttpResponse, Fault> {
    match bans::allow_sending(&visit.context, &named.name).await {
        Ok(()) | Err(OpError::NotFound(_)) => Ok(visit.leave("/admin/bans", "saved")),
        Err(error) => Err(error.into()),
    }
}

fn page(visit: Visit, typed: Typed, faults: Faults) -> Result<Bans, Fault> {
    let frame = visit.frame("bans");
    let page = visit.page;
    let mut bans = bans::list(&visit.context);
    bans.reverse();
    let bans = bans.into_iter().map(|ban| Row {
        name: ban.network.to_string(),
        reason: ban.reason,
        since: text::when_short(&page, ban.since),
        until: text::when_short(&page, ban.until),
    });
    let bans = bans.collect();
    let stops = bans::stops(&visit.context)?.into_iter().map(|stop| Row {
        name: stop.address,
        reason: stop.reason,
        since: text::when_short(&page, stop.since),
        until: Markup(String::new()),
    });
    let stops = stops.collect();
    Ok(Bans { frame, typed, faults, bans, stops, page })
}
