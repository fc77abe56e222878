//! Accounts: the list, with search and pages, and one that is added.

use super::{
    form::{Faults, size_text},
    pager::{Pager, ROWS},
    text,
    visit::{Frame, Visit, refuse},
};
use crate::{
    OpError,
    ops::{
        Password, accounts,
        accounts::{AccountAdd, AccountFilter, AccountView},
        domains,
    },
};
use askama::Template;
use directory::AccountState;
use httpd::{
    Fault, Form, Page,
    actix_web::{HttpResponse, web::Query},
};
use serde::Deserialize;

/// What the list is asked for.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    domain: String,
    /// `active`, `suspended`, `closed` or `admin`.
    #[serde(default)]
    state: String,
    page: Option<usize>,
}

/// What was typed of a new account.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    address: String,
    #[serde(default)]
    name: String,
    /// `typed`, or the password is made here.
    #[serde(default)]
    how: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    quota: String,
    admin: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/accounts.html")]
struct List {
    page: Page,
    frame: Frame,
    asked: Asked,
    domains: Vec<String>,
    states: [(&'static str, String); 4],
    accounts: Vec<Row>,
    pager: Pager,
    /// Whether there is no account at all.
    is_new: bool,
}

pub(crate) struct Row {
    address: String,
    path: String,
    name: String,
    admin: bool,
    badge: &'static str,
    state: String,
    used: String,
    /// Share of the quota in percent.
    percent: Option<u64>,
    quota: String,
}

#[derive(Template)]
#[template(path = "admin/account_new.html")]
struct New {
    page: Page,
    frame: Frame,
    typed: Typed,
    faults: Faults,
    domains: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin/account_added.html")]
struct Added {
    page: Page,
    frame: Frame,
    address: String,
    path: String,
    /// The password that was made, shown this once.
    password: Option<String>,
}

/// `GET /admin/accounts`
pub(crate) async fn list(visit: Visit, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let (asked, page) = (asked.into_inner(), &visit.page);
    let state = match asked.state.as_str() {
        "active" => Some(AccountState::Active),
        "suspended" => Some(AccountState::Suspended),
        "closed" => Some(AccountState::Closed),
        _ => None,
    };
    let filter =
        AccountFilter { text: asked.q.clone(), domain: asked.domain.clone(), state, admin: asked.state == "admin" };
    let address = |number: usize| {
        let number = number.to_string();
        let pairs = [("q", &*asked.q), ("domain", &*asked.domain), ("state", &*asked.state), ("page", &*number)];
        format!("/admin/accounts{}", text::query(&pairs))
    };
    let pager = |total| Pager::new(page, asked.page.unwrap_or(1), total, address);
    let (total, accounts) = accounts::search(&visit.context, &filter, |total| pager(total).offset, ROWS)?;
    let states = ["active", "suspended", "closed", "admin"].map(|key| (key, page.t(&format!("admin-state-{key}"))));
    let (pager, frame) = (pager(total), visit.frame("accounts"));
    let accounts = accounts.into_iter().map(|account| row(page, account)).collect();
    let is_new = total == 0 && filter == AccountFilter::default();
    let domains = domain_names(&visit)?;
    httpd::render(&List { page: visit.page, frame, asked, domains, states, accounts, pager, is_new })
}

/// `GET /admin/accounts/new`
pub(crate) async fn new(visit: Visit) -> Result<HttpResponse, Fault> {
    httpd::render(&new_page(visit, Typed::default(), Faults::default())?)
}

/// `POST /admin/accounts`
pub(crate) async fn add(visit: Visit, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    let (page, mut faults) = (&visit.page, Faults::default());
    let address = faults.address(page, "address", &typed.address);
    if let Some(address) = &address
        && !domain_names(&visit)?.iter().any(|domain| domain == address.domain())
    {
        faults.add("address", page.t1("admin-fault-no-domain", "domain", address.domain()));
    }
    let made = if typed.how == "typed" { None } else { Some(accounts::generated_password()?) };
    if made.is_none() {
        faults.password(page, "password", &typed.password);
    }
    let add = AccountAdd {
        address: typed.address.clone(),
        name: typed.name.clone(),
        password: made.clone().unwrap_or_else(|| Password(typed.password.clone())),
        admin: typed.admin.is_some(),
        quota: faults.size(page, "quota", &typed.quota),
    };
    if faults.none() {
        match accounts::add(&visit.context, add).await {
            Ok(account) => {
                let (frame, path) = (visit.frame("accounts"), text::segment(&account.address));
                let password = made.map(|password| password.0);
                return httpd::render(&Added { page: visit.page, frame, address: account.address, path, password });
            }
            Err(OpError::Exists(_)) => {
                faults.add("address", page.t1("admin-fault-exists", "name", typed.address.trim()));
            }
            Err(error) => faults.refused("", error)?,
        }
    }
    refuse(&new_page(visit, typed, faults)?)
}

fn new_page(visit: Visit, typed: Typed, faults: Faults) -> Result<New, Fault> {
    let (frame, domains) = (visit.frame("accounts"), domain_names(&visit)?);
    Ok(New { page: visit.page, frame, typed, faults, domains })
}

pub(crate) fn domain_names(visit: &Visit) -> Result<Vec<String>, Fault> {
    Ok(domains::names(&visit.context)?)
}

/// Class of a state's badge, and its word.
pub(crate) fn state(page: &Page, state: AccountState) -> (&'static str, String) {
    let (badge, key) = match state {
        AccountState::Active => ("good", "active"),
        AccountState::Suspended => ("warn", "suspended"),
        AccountState::Closed => ("bad", "closed"),
    };
    (badge, page.t(&format!("admin-state-{key}")))
}

/// Share of a quota that is used, in percent; at most 100.
pub(crate) fn percent(account: &AccountView) -> Option<u64> {
    account.quota.filter(|&quota| quota > 0).map(|quota| (account.bytes.saturating_mul(100) / quota).min(100))
}

fn row(page: &Page, account: AccountView) -> Row {
    let (badge, state) = state(page, account.state);
    Row {
        path: text::segment(&account.address),
        percent: percent(&account),
        used: page.size(account.bytes),
        quota: account.quota.map(|bytes| page.size(bytes)).unwrap_or_default(),
        address: account.address,
        name: account.name,
        admin: account.admin,
        badge,
        state,
    }
}

/// A quota for a field of an account's form.
pub(crate) fn quota_text(account: &AccountView) -> String {
    size_text(account.quota)
}
