//! `/mail/-/settings`: what a person chooses about reading and writing, and the addresses they write from.

use crate::{
    compose::signature,
    imap::Error,
    settings::{Choices, Identity, ImageChoice, NAME_CHARS_MAX, Panes, SIGNATURE_BYTES_MAX, Settings},
    shell::Shell,
    visit::Visit,
};
use actix_web::{HttpResponse, http::StatusCode, http::header, web};
use askama::Template;
use httpd::{Fault, Fields, Page};
use serde::Deserialize;

const ADDRESS: &str = "/mail/-/settings";

#[derive(Template)]
#[template(path = "webmail/settings.html")]
struct SettingsPage<'a> {
    page: &'a Page,
    shell: &'a Shell,
    identities: Vec<Shown>,
    is_saved: bool,
    error: Option<String>,
}

/// An address as the page shows it.
struct Shown {
    identity: Identity,
    /// The signature as text, where there is no editor.
    text: String,
    is_default: bool,
    /// Part of names of elements.
    number: usize,
}

impl SettingsPage<'_> {
    fn asks_for_images(&self) -> bool {
        self.shell.settings.choices.images == ImageChoice::Ask
    }
}

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    saved: u8,
}

/// `GET /mail/-/settings`
pub(crate) async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    render(&visit, query.saved == 1, None, StatusCode::OK).await
}

async fn render(
    visit: &Visit,
    is_saved: bool,
    error: Option<String>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let shell = Shell::alone(visit).await?;
    let person = &visit.session.person;
    let from = if shell.settings.from.is_empty() { &person.address } else { &shell.settings.from };
    let identities = person.addresses.iter().enumerate().map(|(number, address)| {
        let identity = shell.settings.identity(address);
        Shown { text: signature::text(&identity.signature), is_default: address == from, number, identity }
    });
    let template = SettingsPage { identities: identities.collect(), page: &visit.page, shell: &shell, is_saved, error };
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(template.render()?))
}

/// `POST /mail/-/settings`: `act` is `choices`, `identity` or `forget-sender`.
pub(crate) async fn change(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let mut lease = visit.imap().await?;
    let mut settings = Settings::load(&mut lease).await?;
    let outcome = match fields.text("act") {
        "choices" => Settings::keep_choices(&mut lease, &choices(&fields)).await,
        "identity" => match identity(&visit, &fields) {
            Some(identity) => {
                let kept = Settings::keep_identity(&mut lease, &identity).await;
                match fields.text("default") == "1" && kept.is_ok() {
                    true => Settings::keep_from(&mut lease, &identity.address).await,
                    false => kept,
                }
            }
            None => Err(Error::No { code: String::new(), text: visit.page.t("settings-signature-long") }),
        },
        "forget-sender" => settings.allow_images_of(&mut lease, fields.text("sender"), false).await,
        _ => return Err(Fault::BadRequest(String::new())),
    };
    drop(lease);
    match outcome {
        Ok(()) => {
            let place = format!("{ADDRESS}?saved=1");
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish())
        }
        Err(Error::No { text, .. }) => render(&visit, false, Some(text), StatusCode::UNPROCESSABLE_ENTITY).await,
        Err(error) => Err(error.into()),
    }
}

fn choices(fields: &Fields) -> Choices {
    Choices {
        conversations: fields.text("conversations") == "1",
        panes: if fields.text("panes") == "two" { Panes::Two } else { Panes::Three },
        images: if fields.text("images") == "always" { ImageChoice::Always } else { ImageChoice::Ask },
        rich: fields.text("rich") == "1",
    }
}

/// `None` when the signature is too long.
fn identity(visit: &Visit, fields: &Fields) -> Option<Identity> {
    let person = &visit.session.person;
    let address = person.addresses.iter().find(|a| *a == fields.text("address")).unwrap_or(&person.address);
    let signature = signature::of_text(fields.text("signature"));
    let name = fields.text("name").chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect::<String>();
    let identity = Identity { address: address.clone(), name: name.trim().to_owned(), signature };
    (identity.signature.len() <= SIGNATURE_BYTES_MAX).then_some(identity)
}

/// `POST /mail/{mailbox}/{uid}/images`: shows images of this sender from now on.
pub(crate) async fn allow_images(
    visit: Visit,
    path: web::Path<(String, u32)>,
    fields: Fields,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let mut lease = visit.imap().await?;
    let mut settings = Settings::load(&mut lease).await?;
    settings.allow_images_of(&mut lease, fields.text("sender"), true).await?;
    drop(lease);
    let what = if visit.is_fragment { "card" } else { "" };
    let within = crate::address::segment(fields.text("within"));
    let alone = if fields.text("alone") == "1" { "&alone=1" } else { "" };
    let place = match what {
        "" => format!("{}?images=1", crate::address::message(&mailbox, uid)),
        _ => format!("{}?within={within}{alone}&images=1", crate::address::of_message(&mailbox, uid, what)),
    };
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish())
}
