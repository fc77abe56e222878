//! Attachments: in the list below a message, and as files.

use crate::{
    address, body,
    imap::{Value, pair},
    structure::{Contents, Part},
    visit::Visit,
};
use actix_web::{HttpResponse, http::header, web};
use httpd::{Fault, Page};
use serde::Deserialize;

/// Policy of files: whatever they hold, nothing in it runs or loads.
const POLICY: &str = "default-src 'none'; style-src 'none'; sandbox; frame-ancestors 'none'";

/// A file in the list below a message.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// Name for saving.
    pub(crate) name: String,
    /// Icon in the sprite.
    pub(crate) icon: &'static str,
    /// Size in words.
    pub(crate) size: String,
    /// Media type.
    pub(crate) media_type: String,
    /// Where it is saved from.
    pub(crate) address: String,
    /// Where it is shown, for images.
    pub(crate) image: Option<String>,
}

/// What is offered for saving.
pub(crate) fn list(contents: &Contents<'_>, mailbox: &str, uid: u32, page: &Page) -> Vec<Attachment> {
    let attachment = |part: &&Part| {
        let address = address::of_message(mailbox, uid, &format!("part/{}", part.section));
        Attachment {
            name: name(part, page),
            icon: icon(part),
            size: page.size(part.decoded_size()),
            media_type: part.media_type.clone(),
            image: part.is_image().then(|| format!("{address}?inline=1")),
            address,
        }
    };
    contents.attachments.iter().map(attachment).collect()
}

fn icon(part: &Part) -> &'static str {
    match part.media_type.split('/').next().unwrap_or_default() {
        "image" => "image",
        "text" => "file-text",
        "message" => "mail",
        _ if part.media_type == "application/pdf" => "file-text",
        _ => "file",
    }
}

/// The part's own name, or one that its type gives.
pub(crate) fn name(part: &Part, page: &Page) -> String {
    if !part.name.is_empty() {
        return part.name.clone();
    }
    let ending = match part.media_type.as_str() {
        "message/rfc822" | "message/global" => "eml",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "text/vcard" | "text/x-vcard" => "vcf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "message/delivery-status" => "txt",
        _ => "bin",
    };
    format!("{}-{}.{ending}", page.t("attachment-unnamed"), part.section)
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    /// `1`: shown in the page; images only.
    #[serde(default)]
    inline: u8,
}

/// `GET /mail/{mailbox}/{uid}/part/{section}`: one part as a file, or, for images, to be shown.
pub(crate) async fn download(
    visit: Visit,
    path: web::Path<(String, u32, String)>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid, section) = path.into_inner();
    let (mut lease, _) = visit.open(&mailbox).await?;
    let root = body::structure(&mut lease, uid).await?;
    let part = root.find(&section).filter(|p| p.children.is_empty()).ok_or(Fault::NotFound)?;
    let data = lease.fetch_one(uid, &format!("BODY.PEEK[{}]", part.section)).await?.ok_or(Fault::NotFound)?;
    drop(lease);
    let bytes = pair(&data, &format!("BODY[{}]", part.section)).and_then(Value::bytes).ok_or(Fault::NotFound)?;
    let file = part.decode(bytes);
    let shown = wanted.inline == 1 && part.is_image();
    Ok(response(&name(part, &visit.page), shown.then_some(part.media_type.as_str()), file))
}

/// A file as an answer. `shown` is the media type of an image that may be shown; everything else is only for saving.
pub(crate) fn response(name: &str, shown: Option<&str>, bytes: Vec<u8>) -> HttpResponse {
    let kind = if shown.is_some() { "inline" } else { "attachment" };
    let mut response = HttpResponse::Ok();
    response
        .content_type(shown.unwrap_or("application/octet-stream"))
        .insert_header((header::CONTENT_DISPOSITION, disposition(kind, name)))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    if shown.is_some() {
        // A message never changes under its UID.
        response.insert_header((header::CACHE_CONTROL, "private, max-age=86400"));
    }
    response.body(bytes)
}

/// `attachment; filename="a.pdf"; filename*=UTF-8''%C3%9C.pdf` (RFC 6266).
fn disposition(kind: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%' | ';') || c == ' ' { c } else { '_' })
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", address::segment(name))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn names_cannot_leave_the_header() {
        assert_eq!(
            disposition("attachment", "Ü \"x\"\r\n.pdf"),
            "attachment; filename=\"_ _x___.pdf\"; filename*=UTF-8''%C3%9C%20%22x%22%0D%0A.pdf"
        );
    }
}
