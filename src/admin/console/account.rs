//! One account: who it is, what it may do, its passwords, and its end.

use super::{
    accounts::{percent, quota_text, state},
    form::Faults,
    text,
    visit::{Frame, Visit, refuse},
};
use crate::{
    OpError,
    ops::{
        Password, accounts,
        accounts::{AccountSet, AccountView},
        aliases, scripts,
    },
};
use askama::Template;
use directory::AccountState;
use httpd::{
    Fault, Form, Markup, Page,
    actix_web::{HttpResponse, web::Path},
};
use serde::Deserialize;

/// What was typed of an account.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    quota: String,
    admin: Option<String>,
}

/// What was typed of a password.
#[derive(Default, Deserialize)]
pub(crate) struct TypedPassword {
    /// `typed`, or the password is made here.
    #[serde(default)]
    how: String,
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct TypedAppPassword {
    #[serde(default)]
    app_name: String,
}

#[derive(Deserialize)]
pub(crate) struct TypedRemoval {
    #[serde(default)]
    confirm: String,
}

/// A secret that was just made.
struct Secret {
    title: String,
    text: String,
    secret: String,
}

#[derive(Template)]
#[template(path = "admin/account.html")]
struct One {
    page: Page,
    frame: Frame,
    address: String,
    path: String,
    title: String,
    badge: &'static str,
    state: String,
    admin: bool,
    /// Whether it is the one that is signed in.
    is_self: bool,
    used: String,
    percent: Option<u64>,
    usage: String,
    messages: String,
    created: Markup,
    aliases: Vec<(String, String)>,
    apps: Vec<App>,
    /// Name of the Sieve script that runs.
    script: Option<String>,
    states: [(&'static str, String); 3],
    typed: Typed,
    how_typed: bool,
    app_name: String,
    confirm: String,
    secret: Option<Secret>,
    faults: Faults,
}

struct App {
    id: u64,
    name: String,
    created: Markup,
}

/// `GET /admin/accounts/{address}`
pub(crate) async fn show(visit: Visit, address: Path<String>) -> Result<HttpResponse, Fault> {
    let account = find(&visit, &address)?;
    httpd::render(&one(visit, account)?)
}

/// `POST /admin/accounts/{address}`
pub(crate) async fn save(visit: Visit, address: Path<String>, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    let account = find(&visit, &address)?;
    let (page, mut faults) = (&visit.page, Faults::default());
    let state = match typed.state.as_str() {
        "active" => AccountState::Active,
        "suspended" => AccountState::Suspended,
        "closed" => AccountState::Closed,
        _ => return Err(Fault::BadRequest(String::new())),
    };
    let set = AccountSet {
        address: account.address.clone(),
        name: Some(typed.name.trim().to_owned()),
        state: Some(state),
        admin: Some(typed.admin.is_some()),
        quota: Some(faults.size(page, "quota", &typed.quota).unwrap_or(0)),
    };
    if faults.none() {
        match accounts::set(&visit.context, set).await {
            Ok(account) => return Ok(visit.leave(&path_of(&account.address), "saved")),
            Err(OpError::Invalid(text)) if text.contains("last active admin") => {
                faults.add("admin", page.t("admin-fault-last-admin"));
            }
            Err(error) => faults.refused("name", error)?,
        }
    }
    let mut one = one(visit, account)?;
    (one.typed, one.faults) = (typed, faults);
    refuse(&one)
}

/// `POST /admin/accounts/{address}/password`
pub(crate) async fn password(
    visit: Visit,
    address: Path<String>,
    Form(typed): Form<TypedPassword>,
) -> Result<HttpResponse, Fault> {
    let account = find(&visit, &address)?;
    let (page, mut faults) = (&visit.page, Faults::default());
    let made = if typed.how == "typed" { None } else { Some(accounts::generated_password()?) };
    if made.is_none() {
        faults.password(page, "password", &typed.password);
    }
    if faults.none() {
        let password = made.clone().unwrap_or(Password(typed.password));
        match accounts::password(&visit.context, &account.address, &password).await {
            Ok(()) => return password_set(visit, account, made),
            Err(error) => faults.refused("password", error)?,
        }
    }
    let mut one = one(visit, account)?;
    (one.how_typed, one.faults) = (true, faults);
    refuse(&one)
}

/// The password that was made is in this answer and nowhere else.
fn password_set(visit: Visit, account: AccountView, made: Option<Password>) -> Result<HttpResponse, Fault> {
    let Some(made) = made else { return Ok(visit.leave(&path_of(&account.address), "password")) };
    let secret =
        Secret { title: visit.page.t("admin-password-made"), text: visit.page.t("admin-secret-once"), secret: made.0 };
    let mut one = one(visit, account)?;
    one.secret = Some(secret);
    httpd::render(&one)
}

/// `POST /admin/accounts/{address}/app-passwords`
pub(crate) async fn app_password_add(
    visit: Visit,
    address: Path<String>,
    Form(typed): Form<TypedAppPassword>,
) -> Result<HttpResponse, Fault> {
    let account = find(&visit, &address)?;
    let mut faults = Faults::default();
    if typed.app_name.trim().is_empty() {
        faults.add("app_name", visit.page.t("admin-fault-app-name"));
    } else {
        match accounts::app_password_add(&visit.context, &account.address, &typed.app_name).await {
            Ok(new) => {
                let secret = Secret {
                    title: visit.page.t1("admin-app-password-made", "name", new.name),
                    text: visit.page.t("admin-secret-once"),
                    secret: new.secret.0,
                };
                let mut one = one(visit, account)?;
                one.secret = Some(secret);
                return httpd::render(&one);
            }
            Err(error) => faults.refused("app_name", error)?,
        }
    }
    let mut one = one(visit, account)?;
    (one.app_name, one.faults) = (typed.app_name, faults);
    refuse(&one)
}

/// `POST /admin/accounts/{address}/app-passwords/{id}/remove`
pub(crate) async fn app_password_remove(
    visit: Visit,
    path: Path<(String, u64)>,
    _guarded: httpd::Fields,
) -> Result<HttpResponse, Fault> {
    let (address, id) = path.into_inner();
    accounts::app_password_remove(&visit.context, &address, id).await?;
    Ok(visit.leave(&path_of(&address), "app-password-removed"))
}

/// `POST /admin/accounts/{address}/script/off`
pub(crate) async fn script_off(
    visit: Visit,
    address: Path<String>,
    _guarded: httpd::Fields,
) -> Result<HttpResponse, Fault> {
    scripts::activate(&visit.context, &address, None).await?;
    Ok(visit.leave(&path_of(&address), "script-off"))
}

/// `POST /admin/accounts/{address}/remove`, with the address typed once more.
pub(crate) async fn remove(
    visit: Visit,
    address: Path<String>,
    Form(typed): Form<TypedRemoval>,
) -> Result<HttpResponse, Fault> {
    let account = find(&visit, &address)?;
    let mut faults = Faults::default();
    if typed.confirm.trim().eq_ignore_ascii_case(&account.address) {
        match accounts::remove(&visit.context, &account.address).await {
            Ok(()) => return Ok(visit.leave("/admin/accounts", "removed")),
            Err(OpError::Invalid(_)) => faults.add("confirm", visit.page.t("admin-fault-last-admin")),
            Err(error) => faults.refused("confirm", error)?,
        }
    } else {
        faults.add("confirm", visit.page.t1("admin-fault-confirm", "address", &account.address));
    }
    let mut one = one(visit, account)?;
    (one.confirm, one.faults) = (typed.confirm, faults);
    refuse(&one)
}

fn find(visit: &Visit, address: &str) -> Result<AccountView, Fault> {
    match accounts::show(&visit.context, address) {
        Err(OpError::Invalid(_)) => Err(Fault::NotFound),
        found => Ok(found?),
    }
}

fn path_of(address: &str) -> String {
    format!("/admin/accounts/{}", text::segment(address))
}

fn one(visit: Visit, account: AccountView) -> Result<One, Fault> {
    let frame = visit.frame("accounts");
    let apps = accounts::app_passwords(&visit.context, &account.address)?;
    let leads_here = |alias: &directory::alias::Alias| {
        alias.targets.iter().any(|target| target.to_string().eq_ignore_ascii_case(&account.address))
    };
    let aliases = aliases::list(&visit.context, None)?.into_iter().filter(leads_here);
    let aliases = aliases.map(|alias| alias.address.to_string()).map(|text| (text::segment(&text), text)).collect();
    let script = scripts::list(&visit.context, &account.address)?.into_iter().find(|script| script.active);
    let page = visit.page;
    let (badge, state) = state(&page, account.state);
    let usage = match account.quota {
        Some(quota) => page.t2("admin-usage-of", "used", page.size(account.bytes), "quota", page.size(quota)),
        None => page.t1("admin-usage", "used", page.size(account.bytes)),
    };
    let states = [AccountState::Active, AccountState::Suspended, AccountState::Closed].map(|state| match state {
        AccountState::Active => ("active", page.t("admin-state-active-long")),
        AccountState::Suspended => ("suspended", page.t("admin-state-suspended-long")),
        AccountState::Closed => ("closed", page.t("admin-state-closed-long")),
    });
    let typed = Typed {
        name: account.name.clone(),
        state: match account.state {
            AccountState::Active => "active",
            AccountState::Suspended => "suspended",
            AccountState::Closed => "closed",
        }
        .to_owned(),
        quota: quota_text(&account),
        admin: account.admin.then(|| "on".to_owned()),
    };
    Ok(One {
        frame,
        path: text::segment(&account.address),
        title: if account.name.is_empty() { account.address.clone() } else { account.name.clone() },
        badge,
        state,
        admin: account.admin,
        is_self: page.person().is_some_and(|person| person.address == account.address),
        used: page.size(account.bytes),
        percent: percent(&account),
        usage,
        messages: page.t1("admin-messages-count", "count", account.messages),
        created: text::when(&page, account.created),
        aliases,
        apps: apps
            .into_iter()
            .map(|app| App { id: app.id, name: app.name, created: text::when(&page, app.created) })
            .collect(),
        script: script.map(|script| script.name),
        states,
        typed,
        how_typed: false,
        app_name: String::new(),
        confirm: String::new(),
        secret: None,
        faults: Faults::default(),
        address: account.address,
        page,
    })
}
