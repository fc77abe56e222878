//! A message as it was received: its headers, its source, the file.

use crate::{
    address, attachment,
    imap::{Value, pair},
    shell::Shell,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use httpd::{Fault, Page};
use mail::encoded_word;

/// Bytes of the source that are shown; the whole is offered for saving.
const SHOWN_BYTES_MAX: usize = 512 * 1024;
/// Header fields that are listed.
const FIELDS_MAX: usize = 1000;

#[derive(Template)]
#[template(path = "webmail/source.html")]
struct SourcePage<'a> {
    page: &'a Page,
    shell: &'a Shell,
    back: String,
    download: String,
    subject: String,
    fields: Vec<(String, String)>,
    source: String,
    is_cut: bool,
}

/// `GET /mail/{mailbox}/{uid}/source`
pub(crate) async fn show(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, _) = visit.open(&mailbox).await?;
    let items = format!("UID BODY.PEEK[]<0.{SHOWN_BYTES_MAX}> RFC822.SIZE");
    let data = lease.fetch_one(uid, &items).await?.ok_or(Fault::NotFound)?;
    let shell = Shell::load(&mut lease, &mailbox).await?;
    drop(lease);
    let bytes = pair(&data, "BODY[]<0>").and_then(Value::bytes).ok_or(Fault::NotFound)?;
    let size = pair(&data, "RFC822.SIZE").and_then(Value::number).unwrap_or_default();
    let fields: Vec<(String, String)> = mail::header::fields(bytes)
        .take(FIELDS_MAX)
        .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), encoded_word::decode(value, None)))
        .collect();
    let subject = mail::header::find(bytes, "Subject").map(|s| encoded_word::decode(s, None)).unwrap_or_default();
    httpd::render(&SourcePage {
        page: &visit.page,
        shell: &shell,
        back: address::message(&mailbox, uid),
        download: address::of_message(&mailbox, uid, "file"),
        subject,
        fields,
        source: String::from_utf8_lossy(bytes).into_owned(),
        is_cut: size > SHOWN_BYTES_MAX as u64,
    })
}

/// `GET /mail/{mailbox}/{uid}/file`: the whole message for saving.
pub(crate) async fn download(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, _) = visit.open(&mailbox).await?;
    let data = lease.fetch_one(uid, "UID BODY.PEEK[]").await?.ok_or(Fault::NotFound)?;
    drop(lease);
    let bytes = pair(&data, "BODY[]").and_then(Value::bytes).ok_or(Fault::NotFound)?;
    let subject = mail::header::find(bytes, "Subject").map(|s| encoded_word::decode(s, None)).unwrap_or_default();
    let name: String =
        subject.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).take(80).collect();
    let name = if name.trim().is_empty() { format!("{}-{uid}", visit.page.t("attachment-unnamed")) } else { name };
    Ok(attachment::response(&format!("{}.eml", name.trim()), None, bytes.to_vec()))
}
