//! The filter: what a message would get and why, and the policies.

use super::visit::{Frame, Visit, refuse};
use crate::{
    OpError,
    ops::filter::{self, Judged, PolicyChange, PolicyView, Trial},
};
use ::filter::policy::SETTINGS;
use askama::Template;
use httpd::{
    Fault, Fields, Form, Page,
    actix_web::{HttpResponse, web::Query},
};
use serde::Deserialize;

/// What was typed for a trial.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    message: String,
    #[serde(default)]
    client: String,
    #[serde(default)]
    helo: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "admin/filter.html")]
struct TrialPage {
    page: Page,
    frame: Frame,
    typed: Typed,
    learned: String,
    fault: String,
    judged: Option<Judged>,
    /// Class of the verdict's badge.
    badge: &'static str,
    action: String,
}

/// Whose policy.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    scope: String,
}

#[derive(Template)]
#[template(path = "admin/filter_policy.html")]
struct PolicyPage {
    page: Page,
    frame: Frame,
    scope: String,
    settings: Vec<Setting>,
    allow: String,
    block: String,
    fault: String,
}

struct Setting {
    name: String,
    label: String,
    value: String,
    allowed: &'static str,
}

/// `GET /admin/filter`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, Fault> {
    httpd::render(&trial_page(visit, Typed::default(), String::new(), None)?)
}

/// `POST /admin/filter`: a trial changes nothing, but a message is too long for an address.
pub(crate) async fn test(visit: Visit, Form(typed): Form<Typed>) -> Result<HttpResponse, Fault> {
    if typed.message.trim().is_empty() {
        let fault = visit.page.t("filter-no-message");
        return refuse(&trial_page(visit, typed, fault, None)?);
    }
    let trial = Trial {
        client: typed.client.clone(),
        helo: typed.helo.clone(),
        from: typed.from.clone(),
        to: typed.to.clone(),
    };
    match filter::test(&visit.context, &trial, typed.message.as_bytes()).await {
        Ok(judged) => httpd::render(&trial_page(visit, typed, String::new(), Some(judged))?),
        Err(OpError::Invalid(why)) => refuse(&trial_page(visit, typed, why, None)?),
        Err(error) => Err(error.into()),
    }
}

fn trial_page(visit: Visit, typed: Typed, fault: String, judged: Option<Judged>) -> Result<TrialPage, Fault> {
    let frame = visit.frame("filter");
    let page = visit.page;
    let counts = filter::learned(&visit.context)?;
    let learned =
        page.t2("filter-learned", "junk", page.number(counts.junk.into()), "other", page.number(counts.other.into()));
    let action = judged.as_ref().map_or("", |judged| judged.action.as_str());
    let badge = match action {
        "accept" => "good",
        "tag" | "junk" | "defer" => "warn",
        _ => "bad",
    };
    let action = if action.is_empty() { String::new() } else { page.t(&format!("filter-action-{action}")) };
    Ok(TrialPage { frame, typed, learned, fault, judged, badge, action, page })
}

/// `GET /admin/filter/policy`
pub(crate) async fn policy(visit: Visit, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let scope = asked.into_inner().scope;
    match filter::policy(&visit.context, &scope) {
        Ok(view) => httpd::render(&policy_page(visit, view, String::new())),
        Err(OpError::NotFound(why) | OpError::Invalid(why)) => {
            let view = filter::policy(&visit.context, "global")?;
            refuse(&policy_page(visit, view, why))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/filter/policy`: each setting and list entry that differs is one change.
pub(crate) async fn save(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = fields.text("scope").to_owned();
    let before = filter::policy(&visit.context, &scope)?;
    let mut changes: Vec<PolicyChange> = Vec::new();
    for (name, value) in &before.settings {
        let typed = match fields.text(name).trim() {
            "" => "default",
            typed => typed,
        };
        if typed != value {
            changes.push(PolicyChange::Set { name: name.clone(), value: typed.to_owned() });
        }
    }
    type Change = fn(String, bool) -> PolicyChange;
    let lists: [(&str, &[String], Change); 2] = [
        ("allow", &before.allow, |entry, remove| PolicyChange::Allow { entry, remove }),
        ("block", &before.block, |entry, remove| PolicyChange::Block { entry, remove }),
    ];
    for (name, kept, change) in lists {
        let typed: Vec<String> = fields.text(name).split_whitespace().map(str::to_lowercase).collect();
        changes.extend(kept.iter().filter(|entry| !typed.contains(entry)).map(|entry| change(entry.clone(), true)));
        changes.extend(typed.iter().filter(|entry| !kept.contains(entry)).map(|entry| change(entry.clone(), false)));
    }
    for change in changes {
        if let Err(error) = filter::policy_change(&visit.context, &scope, change).await {
            let OpError::Invalid(why) = error else { return Err(error.into()) };
            let view = filter::policy(&visit.context, &scope)?;
            return refuse(&policy_page(visit, view, why));
        }
    }
    Ok(visit.leave(&format!("/admin/filter/policy{}", super::text::query(&[("scope", &scope)])), "saved"))
}

fn policy_page(visit: Visit, view: PolicyView, fault: String) -> PolicyPage {
    let frame = visit.frame("filter");
    let page = visit.page;
    let settings = view.settings.into_iter().map(|(name, value)| Setting {
        label: page.t(&format!("filter-setting-{}", name.replace('_', "-"))),
        allowed: SETTINGS.iter().find(|(known, _)| *known == name).map_or("", |(_, allowed)| allowed),
        value: if value == "default" { String::new() } else { value },
        name,
    });
    let settings = settings.collect();
    PolicyPage {
        frame,
        settings,
        scope: view.scope,
        allow: view.allow.join("\n"),
        block: view.block.join("\n"),
        fault,
        page,
    }
}
