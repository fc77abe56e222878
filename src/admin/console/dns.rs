//! The DNS page of a domain: each record, what it is for, what should stand there and what does.
//!
//! The page is there at once and fetches the records, which take as long as the DNS does. Without scripts a link checks them.

use super::{
    text,
    visit::{Frame, Visit},
};
use crate::{
    OpError,
    ops::{
        dkim,
        dns::{self, Purpose, Record, State},
        domains, status,
    },
};
use askama::Template;
use httpd::{
    Fault, Markup, Page,
    actix_web::{
        HttpResponse,
        web::{Path, Query},
    },
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Asked {
    check: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/dns.html")]
struct DnsPage {
    page: Page,
    frame: Frame,
    domain: String,
    path: String,
    /// The records, when they were looked up already.
    found: Option<Found>,
}

#[derive(Template)]
#[template(path = "admin/dns_records.html")]
struct Fragment {
    page: Page,
    found: Found,
}

/// What was looked up, in words.
struct Found {
    summary: String,
    kind: &'static str,
    icon: &'static str,
    records: Vec<Row>,
    certificate: Option<Certificate>,
    at: Markup,
}

struct Row {
    purpose: String,
    why: String,
    kind: String,
    name: String,
    wanted: Option<String>,
    found: Vec<String>,
    badge: &'static str,
    icon: &'static str,
    state: String,
    fault: Option<String>,
}

struct Certificate {
    badge: &'static str,
    icon: &'static str,
    state: String,
    names: String,
}

/// `GET /admin/domains/{domain}/dns`
pub(crate) async fn show(visit: Visit, domain: Path<String>, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let domain = domains::show(&visit.context, &domain)?.name;
    let found = if asked.check.is_some() { Some(look_up(&visit, &domain).await?) } else { None };
    let path = text::segment(&domain);
    let frame = visit.frame("domains");
    httpd::render(&DnsPage { page: visit.page, frame, domain, path, found })
}

/// `GET /admin/domains/{domain}/dns/records`
pub(crate) async fn records(visit: Visit, domain: Path<String>) -> Result<HttpResponse, Fault> {
    let found = look_up(&visit, &domain).await?;
    httpd::render(&Fragment { page: visit.page, found })
}

/// `POST /admin/domains/{domain}/dkim`: new keys.
pub(crate) async fn rotate(visit: Visit, domain: Path<String>, _guarded: httpd::Fields) -> Result<HttpResponse, Fault> {
    let domain = domains::show(&visit.context, &domain)?.name;
    match dkim::keys(&visit.context, &domain, dkim::Action::Rotate).await {
        Ok(_) => Ok(visit.leave(&format!("/admin/domains/{}/dns", text::segment(&domain)), "keys")),
        Err(OpError::Exists(_)) => Err(Fault::Conflict(visit.page.t("admin-dkim-waiting"))),
        Err(error) => Err(error.into()),
    }
}

async fn look_up(visit: &Visit, domain: &str) -> Result<Found, Fault> {
    let page = &visit.page;
    let records = dns::check(&visit.context, domain).await?;
    let count = |wanted: fn(State) -> bool| records.iter().filter(|record| wanted(record.state)).count();
    let open = count(|state| matches!(state, State::Missing | State::Different));
    let unknown = count(|state| state == State::Unknown);
    let (kind, icon, summary) = match (open, unknown) {
        (0, 0) => ("good", "circle-check", page.t("admin-dns-all-right")),
        (0, unknown) => ("warn", "triangle-alert", page.t1("admin-dns-unknown", "count", unknown)),
        (open, _) => ("warn", "triangle-alert", page.t1("admin-dns-open", "count", open)),
    };
    Ok(Found {
        summary,
        kind,
        icon,
        records: records.into_iter().map(|record| row(page, record)).collect(),
        certificate: certificate(visit)?,
        at: text::when(page, jiff::Timestamp::now().as_millisecond()),
    })
}

fn row(page: &Page, record: Record) -> Row {
    let purpose = match record.purpose {
        Purpose::Mx => "mx",
        Purpose::Spf => "spf",
        Purpose::Dmarc => "dmarc",
        Purpose::DkimPending => "dkim-pending",
        Purpose::DkimActive => "dkim-active",
        Purpose::DkimRetired => "dkim-retired",
        Purpose::Host => "host",
        Purpose::Reverse => "reverse",
        Purpose::Imaps => "imaps",
        Purpose::Submissions => "submissions",
    };
    let (badge, icon, state) = match record.state {
        State::Right => ("good", "circle-check", "right"),
        State::Missing => ("bad", "circle-alert", "missing"),
        State::Different => ("warn", "triangle-alert", "different"),
        State::Unknown => ("", "info", "unknown"),
    };
    Row {
        purpose: page.t(&format!("admin-dns-{purpose}")),
        why: page.t(&format!("admin-dns-{purpose}-why")),
        state: page.t(&format!("admin-dns-state-{state}")),
        kind: record.kind,
        name: record.name,
        wanted: record.wanted,
        found: record.found,
        fault: record.fault,
        badge,
        icon,
    }
}

/// Whether other servers and mail programs will trust this host's certificate.
fn certificate(visit: &Visit) -> Result<Option<Certificate>, Fault> {
    let status = status::status(&visit.context)?;
    let Some(source) = status.certificate else { return Ok(None) };
    let (badge, icon, state) = match source.as_str() {
        "self_signed" => ("warn", "triangle-alert", "self-signed"),
        _ if !dns::covers(&status.certificate_names, &status.hostname) => ("warn", "triangle-alert", "name"),
        _ => ("good", "circle-check", "right"),
    };
    let state = visit.page.t(&format!("admin-dns-certificate-{state}"));
    Ok(Some(Certificate { badge, icon, state, names: status.certificate_names.join(", ") }))
}
