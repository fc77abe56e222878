//! `/setup`: the page of the one-time link, on which the first admin is made.
//!
//! The token comes as the link's fragment, which no server is sent and no log holds; a script puts it into the form. Without
//! scripts it is pasted.

use super::{form::Faults, visit::refuse};
use crate::{
    Context, OpError,
    ops::{Password, setup},
};
use askama::Template;
use httpd::{
    Fault, Page,
    actix_web::{
        HttpResponse,
        http::header,
        web::{Data, Form},
    },
};
use serde::Deserialize;

/// What was typed.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    token: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    password: String,
}

#[derive(Template)]
#[template(path = "admin/setup.html")]
struct SetupPage {
    page: Page,
    /// Whether there is an admin already.
    finished: bool,
    typed: Typed,
    example: String,
    faults: Faults,
}

/// `GET /setup`
pub(crate) async fn show(page: Page, context: Data<Context>) -> Result<HttpResponse, Fault> {
    httpd::render(&setup_page(page, &context, Typed::default(), Faults::default())?)
}

/// `POST /setup`. Nobody is signed in yet, so the guard is the origin check of `httpd`, and the token.
pub(crate) async fn finish(page: Page, context: Data<Context>, typed: Form<Typed>) -> Result<HttpResponse, Fault> {
    let typed = typed.into_inner();
    let mut faults = Faults::default();
    if typed.token.trim().is_empty() {
        faults.add("token", page.t("admin-fault-token-missing"));
    }
    faults.address(&page, "address", &typed.address);
    faults.password(&page, "password", &typed.password);
    if faults.none() {
        let password = Password(typed.password.clone());
        match setup::finish(&context, &typed.token, &typed.address, &password).await {
            Ok(()) => {
                return Ok(HttpResponse::SeeOther()
                    .insert_header((header::LOCATION, "/sign-in?next=/admin/"))
                    .finish());
            }
            Err(OpError::Invalid(text)) if text.contains("link") => faults.add("", page.t("admin-fault-token")),
            Err(error) => faults.refused("", error)?,
        }
    }
    refuse(&setup_page(page, &context, typed, faults)?)
}

fn setup_page(page: Page, context: &Context, typed: Typed, faults: Faults) -> Result<SetupPage, Fault> {
    let hostname = context.settings().hostname.clone();
    // A mail host is most often named mail.DOMAIN.
    let domain = match hostname.split_once('.') {
        Some((_, domain)) if domain.contains('.') => domain,
        _ => &hostname,
    };
    Ok(SetupPage { page, finished: setup::has_admin(context)?, typed, example: format!("admin@{domain}"), faults })
}
