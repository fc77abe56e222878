//! Aliases: the list, one that is added, and the targets of one.

use super::{
    accounts::domain_names,
    form::Faults,
    pager::{Pager, ROWS},
    text,
    visit::{Frame, Visit, refuse},
};
use crate::{OpError, ops::aliases};
use askama::Template;
use directory::alias::Alias;
use httpd::{
    Fault, Form, Page,
    actix_web::{
        HttpResponse,
        web::{Path, Query},
    },
};
use serde::Deserialize;

/// What the list is asked for.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    domain: String,
    page: Option<usize>,
}

/// What was typed of an alias.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    address: String,
    /// One a line, or with commas.
    #[serde(default)]
    targets: String,
}

#[derive(Template)]
#[template(path = "admin/aliases.html")]
struct List {
    page: Page,
    frame: Frame,
    asked: Asked,
    domains: Vec<String>,
    aliases: Vec<Row>,
    pager: Pager,
    is_new: bool,
}

struct Row {
    address: String,
    path: String,
    /// The first few targets.
    targets: Vec<String>,
    /// How many more there are.
    more: Option<String>,
}

/// Targets that a row of the list shows.
const TARGETS_SHOWN: usize = 3;

#[derive(Template)]
#[template(path = "admin/alias.html")]
struct One {
    page: Page,
    frame: Frame,
    /// The alias as it is; `None` for one that is to be added.
    kept: Option<String>,
    path: String,
    typed: Typed,
    faults: Faults,
    domains: Vec<String>,
}

/// `GET /admin/aliases`
pub(crate) async fn list(visit: Visit, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let (asked, page) = (asked.into_inner(), &visit.page);
    let text = asked.q.trim().to_lowercase();
    let passes = |alias: &Alias| {
        text.is_empty()
            || alias.address.to_string().to_lowercase().contains(&text)
            || alias.targets.iter().any(|target| target.to_string().to_lowercase().contains(&text))
    };
    let domain = Some(asked.domain.as_str()).filter(|domain| !domain.is_empty());
    let found: Vec<Alias> = aliases::list(&visit.context, domain)?.into_iter().filter(passes).collect();
    let is_new = found.is_empty() && text.is_empty() && domain.is_none();
    let pager = Pager::new(page, asked.page.unwrap_or(1), found.len(), |number| {
        let number = number.to_string();
        format!("/admin/aliases{}", text::query(&[("q", &asked.q), ("domain", &asked.domain), ("page", &number)]))
    });
    let row = |alias: Alias| {
        let address = alias.address.to_string();
        let more = alias.targets.len().saturating_sub(TARGETS_SHOWN);
        Row {
            path: text::segment(&address),
            address,
            targets: alias.targets.iter().take(TARGETS_SHOWN).map(ToString::to_string).collect(),
            more: (more > 0).then(|| page.t1("admin-more", "count", more)),
        }
    };
    let aliases = found.into_iter().skip(pager.offset).take(ROWS).map(row).collect();
    let (frame, domains) = (visit.frame("aliases"), domain_names(&visit)?);
    httpd::render(&List { page: visit.page, frame, asked, domains, aliases, pager, is_new })
}

/// `GET /admin/aliases/new`
pub(crate) async fn new(visit: Visit) -> Result<HttpResponse, Fault> {
    httpd::render(&one(visit, None, Typed::default(), Faults::default())?)
}

/// `POST /admin/aliases`
pub(crate) async fn add(visit: Visit, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    let mut faults = Faults::default();
    if let Some(address) = faults.address(&visit.page, "address", &typed.address) {
        let known = |alias: &Alias| alias.address == address;
        if aliases::list(&visit.context, Some(address.domain()))?.iter().any(known) {
            faults.add("address", visit.page.t1("admin-fault-exists", "name", address.to_string()));
        }
    }
    put(visit, None, typed, faults).await
}

/// `GET /admin/aliases/{address}`
pub(crate) async fn show(visit: Visit, address: Path<String>) -> Result<HttpResponse, Fault> {
    let alias = find(&visit, &address)?;
    let targets: Vec<String> = alias.targets.iter().map(ToString::to_string).collect();
    let typed = Typed { address: alias.address.to_string(), targets: targets.join("\n") };
    httpd::render(&one(visit, Some(alias.address.to_string()), typed, Faults::default())?)
}

/// `POST /admin/aliases/{address}`
pub(crate) async fn save(visit: Visit, address: Path<String>, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    let kept = find(&visit, &address)?.address.to_string();
    let typed = Typed { address: kept.clone(), ..typed };
    put(visit, Some(kept), typed, Faults::default()).await
}

/// `POST /admin/aliases/{address}/remove`
pub(crate) async fn remove(
    visit: Visit,
    address: Path<String>,
    _guarded: httpd::Fields,
) -> Result<HttpResponse, Fault> {
    aliases::remove(&visit.context, &address).await?;
    Ok(visit.leave("/admin/aliases", "removed"))
}

async fn put(visit: Visit, kept: Option<String>, typed: Typed, mut faults: Faults) -> Result<HttpResponse, Fault> {
    let page = &visit.page;
    let split = typed.targets.split([',', ';', '\n', ' ', '\t', '\r']);
    let targets: Vec<String> = split.filter(|text| !text.is_empty()).map(str::to_owned).collect();
    if targets.is_empty() {
        faults.add("targets", page.t("admin-fault-no-target"));
    }
    for target in &targets {
        faults.address(page, "targets", target);
    }
    if faults.none() {
        match aliases::put(&visit.context, &typed.address, &targets).await {
            Ok(_) => return Ok(visit.leave("/admin/aliases", if kept.is_some() { "saved" } else { "added" })),
            Err(OpError::NotFound(_)) => {
                let domain = typed.address.trim().rsplit('@').next().unwrap_or_default();
                faults.add("address", page.t1("admin-fault-no-domain", "domain", domain));
            }
            Err(OpError::Exists(_)) => {
                faults.add("address", page.t1("admin-fault-is-account", "address", typed.address.trim()));
            }
            Err(OpError::Invalid(text)) => {
                let unknown = targets.iter().find(|target| text.to_lowercase().starts_with(&target.to_lowercase()));
                let text = match unknown {
                    Some(target) => page.t1("admin-fault-target", "address", target),
                    None if text.contains("leads back") => page.t("admin-fault-loop"),
                    None => text,
                };
                faults.add("targets", text);
            }
            Err(error) => faults.refused("targets", error)?,
        }
    }
    refuse(&one(visit, kept, typed, faults)?)
}

fn find(visit: &Visit, address: &str) -> Result<Alias, Fault> {
    let address: mail::address::Address = address.parse().map_err(|_| Fault::NotFound)?;
    let aliases = aliases::list(&visit.context, Some(address.domain()))?;
    aliases.into_iter().find(|alias| alias.address == address).ok_or(Fault::NotFound)
}

fn one(visit: Visit, kept: Option<String>, typed: Typed, faults: Faults) -> Result<One, Fault> {
    let (frame, domains) = (visit.frame("aliases"), domain_names(&visit)?);
    let path = kept.as_deref().map(text::segment).unwrap_or_default();
    Ok(One { page: visit.page, frame, kept, path, typed, faults, domains })
}
