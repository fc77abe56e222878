//! `/admin/`: how the server is, kept current by the page asking for its figures again.

use super::{
    chart, text,
    visit::{Frame, Visit},
};
use crate::{
    figures::Snapshot,
    ops::{dns, status, status::Status},
};
use askama::Template;
use httpd::{Fault, Markup, Page, actix_web::HttpResponse};

/// Minutes of the chart.
const MINUTES: usize = 60;
/// Share of a disk, in percent, below which its free space is a warning.
const DISK_FREE_WARN: u64 = 10;
/// Time before a certificate's end from which that is a warning, milliseconds.
const CERTIFICATE_WARN_MS: i64 = 14 * 86_400_000;

#[derive(Template)]
#[template(path = "admin/dashboard.html")]
struct Dashboard {
    page: Page,
    frame: Frame,
    figures: Figures,
    /// Whether there is no domain yet.
    is_new: bool,
}

#[derive(Template)]
#[template(path = "admin/figures.html")]
struct Fragment {
    page: Page,
    figures: Figures,
}

/// The figures in words.
pub(crate) struct Figures {
    into: Rate,
    out: Rate,
    queue: String,
    queue_oldest: Option<Markup>,
    sessions: String,
    sessions_note: String,
    stored: String,
    disk: Option<Disk>,
    accounts: String,
    accounts_note: String,
    chart: Markup,
    chart_top: String,
    warnings: Vec<Warning>,
    certificate: Option<Certificate>,
    version: String,
    hostname: String,
    up: Option<String>,
    started: Option<Markup>,
}

struct Rate {
    minute: String,
    note: String,
}

struct Disk {
    used_percent: u64,
    note: String,
}

struct Certificate {
    source: String,
    expires: Markup,
    names: String,
}

struct Warning {
    /// Class of its colour.
    kind: &'static str,
    title: String,
    text: String,
    /// More, as data.
    detail: Option<String>,
}

/// `GET /admin/`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, Fault> {
    let status = status::status(&visit.context)?;
    let figures = figures_of(&visit.page, &status);
    let (frame, is_new) = (visit.frame("dashboard"), status.domains == 0);
    httpd::render(&Dashboard { page: visit.page, frame, figures, is_new })
}

/// `GET /admin/figures`: the part of the dashboard that changes.
pub(crate) async fn figures(visit: Visit) -> Result<HttpResponse, Fault> {
    let status = status::status(&visit.context)?;
    let figures = figures_of(&visit.page, &status);
    httpd::render(&Fragment { page: visit.page, figures })
}

fn figures_of(page: &Page, status: &Status) -> Figures {
    let now = status.figures.clone().unwrap_or_default();
    let rate = |minute: u64, total: u64| Rate {
        minute: page.number(minute),
        note: page.t1("admin-since-start", "count", page.number(total)),
    };
    let top = now.history.iter().map(|&(into, out)| into.max(out)).max().unwrap_or(0);
    let (into, out) = now.history.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    Figures {
        into: rate(now.in_per_minute, now.messages_in),
        out: rate(now.out_per_minute, now.messages_out),
        queue: page.number(status.queue),
        queue_oldest: status.queue_oldest.map(|at| text::when_short(page, at)),
        sessions: page.number(now.smtp_sessions + now.imap_sessions),
        sessions_note: page.t2(
            "admin-sessions-note",
            "smtp",
            page.number(now.smtp_sessions),
            "imap",
            page.number(now.imap_sessions),
        ),
        stored: page.size(now.store_bytes),
        disk: disk(page, &now),
        accounts: page.number(status.accounts as u64),
        accounts_note: page.t1("admin-domains-count", "count", status.domains),
        chart: chart::bars(
            &now.history,
            MINUTES,
            &page.t2("admin-chart-label", "in", page.number(into), "out", page.number(out)),
        ),
        chart_top: page.t1("admin-chart-top", "count", page.number(top)),
        warnings: warnings(page, status, &now),
        certificate: certificate(page, status),
        version: status.version.clone(),
        hostname: status.hostname.clone(),
        up: Some(now.started).filter(|&at| at > 0).map(|at| text::duration(page, page.now() - at)),
        started: Some(now.started).filter(|&at| at > 0).map(|at| text::when(page, at)),
    }
}

fn disk(page: &Page, now: &Snapshot) -> Option<Disk> {
    let used = now.disk_total.checked_sub(now.disk_free).filter(|_| now.disk_total > 0)?;
    Some(Disk {
        used_percent: used * 100 / now.disk_total,
        note: page.t2("admin-disk-note", "free", page.size(now.disk_free), "total", page.size(now.disk_total)),
    })
}

fn certificate(page: &Page, status: &Status) -> Option<Certificate> {
    let source = status.certificate.as_deref()?;
    Some(Certificate {
        source: page.t(&format!("admin-certificate-{source}")),
        expires: text::when(page, status.certificate_expires?),
        names: status.certificate_names.join(", "),
    })
}

fn warnings(page: &Page, status: &Status, now: &Snapshot) -> Vec<Warning> {
    let warning = |kind, key: &str, detail| Warning {
        kind,
        title: page.t(&format!("admin-warn-{key}-title")),
        text: page.t(&format!("admin-warn-{key}-text")),
        detail,
    };
    let mut warnings = Vec::new();
    if now.disk_total > 0 && now.disk_free * 100 < now.disk_total * DISK_FREE_WARN {
        warnings.push(warning("bad", "disk", None));
    }
    if status.certificate.as_deref() == Some("self_signed") {
        warnings.push(warning("warn", "self-signed", None));
    } else if status.certificate.is_some() && !dns::covers(&status.certificate_names, &status.hostname) {
        warnings.push(warning("warn", "certificate-name", Some(status.certificate_names.join(", "))));
    }
    let ends = status.certificate_expires.unwrap_or(i64::MAX);
    if ends < page.now() {
        warnings.push(warning("bad", "certificate-over", None));
    } else if ends < page.now().saturating_add(CERTIFICATE_WARN_MS) {
        warnings.push(warning("warn", "certificate-ends", None));
    }
    if !status.sending_stopped.is_empty() {
        warnings.push(warning("bad", "sending-stopped", Some(status.sending_stopped.join(", "))));
    }
    if let Some(fault) = &status.certificate_fault {
        warnings.push(warning("warn", "certificate-fault", Some(fault.clone())));
    }
    warnings
}
