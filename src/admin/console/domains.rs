//! Domains: the list, one that is added, and the settings of one.

use super::{
    form::{Faults, size_text},
    text,
    visit::{Frame, Visit, refuse},
};
use crate::{
    OpError,
    ops::{
        domains,
        domains::{DomainAdd, DomainSet, DomainView},
    },
};
use askama::Template;
use httpd::{
    Fault, Form, Markup, Page,
    actix_web::{HttpResponse, web::Path},
};
use serde::Deserialize;

/// What was typed of a domain.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    catch_all: String,
    #[serde(default)]
    account_quota: String,
    #[serde(default)]
    quota: String,
}

#[derive(Template)]
#[template(path = "admin/domains.html")]
struct List {
    page: Page,
    frame: Frame,
    domains: Vec<Row>,
}

struct Row {
    name: String,
    path: String,
    accounts: String,
    aliases: String,
    used: String,
    quota: String,
    catch_all: String,
}

#[derive(Template)]
#[template(path = "admin/domain_new.html")]
struct New {
    page: Page,
    frame: Frame,
    typed: Typed,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "admin/domain.html")]
struct One {
    page: Page,
    frame: Frame,
    typed: Typed,
    faults: Faults,
    name: String,
    path: String,
    used: String,
    accounts: usize,
    accounts_text: String,
    aliases_text: String,
    created: Markup,
}

/// `GET /admin/domains`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, Fault> {
    let page = &visit.page;
    let row = |domain: DomainView| Row {
        path: text::segment(&domain.name),
        name: domain.name,
        accounts: page.number(domain.accounts as u64),
        aliases: page.number(domain.aliases as u64),
        used: page.size(domain.bytes),
        quota: domain.quota.map(|bytes| page.size(bytes)).unwrap_or_default(),
        catch_all: domain.catch_all.unwrap_or_default(),
    };
    let domains = domains::list(&visit.context)?.into_iter().map(row).collect();
    let frame = visit.frame("domains");
    httpd::render(&List { page: visit.page, frame, domains })
}

/// `GET /admin/domains/new`
pub(crate) async fn new(visit: Visit) -> Result<HttpResponse, Fault> {
    let frame = visit.frame("domains");
    httpd::render(&New { page: visit.page, frame, typed: Typed::default(), faults: Faults::default() })
}

/// `POST /admin/domains`
pub(crate) async fn add(visit: Visit, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    let (page, mut faults) = (&visit.page, Faults::default());
    if format!("postmaster@{}", typed.name.trim()).parse::<mail::address::Address>().is_err() {
        faults.add("name", page.t1("admin-fault-domain", "text", typed.name.trim()));
    }
    let add = DomainAdd {
        name: typed.name.clone(),
        // A catch-all needs an address that exists, so it is set later.
        catch_all: None,
        account_quota: faults.size(page, "account_quota", &typed.account_quota),
        quota: faults.size(page, "quota", &typed.quota),
    };
    if faults.none() {
        match domains::add(&visit.context, add).await {
            // What is left to do is outside: the DNS.
            Ok(domain) => {
                let address = format!("/admin/domains/{}/dns", text::segment(&domain.name));
                return Ok(visit.leave(&address, "added"));
            }
            Err(OpError::Exists(_)) => faults.add("name", page.t1("admin-fault-exists", "name", typed.name.trim())),
            Err(error) => faults.refused("name", error)?,
        }
    }
    let frame = visit.frame("domains");
    refuse(&New { page: visit.page, frame, typed, faults })
}

/// `GET /admin/domains/{domain}`
pub(crate) async fn show(visit: Visit, name: Path<String>) -> Result<HttpResponse, Fault> {
    let domain = domains::show(&visit.context, &name)?;
    let typed = Typed {
        name: domain.name.clone(),
        catch_all: domain.catch_all.clone().unwrap_or_default(),
        account_quota: size_text(domain.account_quota),
        quota: size_text(domain.quota),
    };
    httpd::render(&one(visit, domain, typed, Faults::default()))
}

/// `POST /admin/domains/{domain}`
pub(crate) async fn save(visit: Visit, name: Path<String>, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    let domain = domains::show(&visit.context, &name)?;
    let (page, mut faults) = (&visit.page, Faults::default());
    if !typed.catch_all.trim().is_empty() {
        faults.address(page, "catch_all", &typed.catch_all);
    }
    let set = DomainSet {
        name: domain.name.clone(),
        catch_all: Some(typed.catch_all.trim().to_owned()),
        account_quota: Some(faults.size(page, "account_quota", &typed.account_quota).unwrap_or(0)),
        quota: Some(faults.size(page, "quota", &typed.quota).unwrap_or(0)),
    };
    if faults.none() {
        match domains::set(&visit.context, set).await {
            Ok(domain) => {
                return Ok(visit.leave(&format!("/admin/domains/{}", text::segment(&domain.name)), "saved"));
            }
            Err(OpError::Invalid(_)) => {
                faults.add("catch_all", page.t1("admin-fault-catch-all", "address", typed.catch_all.trim()));
            }
            Err(error) => faults.refused("", error)?,
        }
    }
    refuse(&one(visit, domain, typed, faults))
}

/// `POST /admin/domains/{domain}/remove`
pub(crate) async fn remove(visit: Visit, name: Path<String>, _guarded: httpd::Fields) -> Result<HttpResponse, Fault> {
    match domains::remove(&visit.context, &name).await {
        Ok(()) => Ok(visit.leave("/admin/domains", "removed")),
        Err(OpError::Invalid(_)) => Err(Fault::Conflict(visit.page.t("admin-domain-has-accounts"))),
        Err(error) => Err(error.into()),
    }
}

fn one(visit: Visit, domain: DomainView, typed: Typed, faults: Faults) -> One {
    let frame = visit.frame("domains");
    let page = visit.page;
    One {
        frame,
        typed,
        faults,
        path: text::segment(&domain.name),
        name: domain.name,
        used: page.size(domain.bytes),
        accounts: domain.accounts,
        accounts_text: page.t1("admin-accounts-count", "count", domain.accounts),
        aliases_text: page.t1("admin-aliases-count", "count", domain.aliases),
        created: text::when(&page, domain.created),
        page,
    }
}
