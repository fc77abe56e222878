//! The text of a message. Plain text is part of the page; HTML is a document of its own in a sandboxed frame, under a policy
//! that runs no script and fetches nothing from elsewhere.

use crate::{
    address, images,
    imap::{Error, Value, pair},
    markup, plain,
    pool::Lease,
    safe_html::{self, Images},
    structure::Part,
    visit::Visit,
};
use actix_web::{HttpResponse, http::header, web};
use askama::Template;
use httpd::{Fault, Markup, Page};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};

/// Bytes of a text part that are shown, still encoded; the whole is offered for saving.
pub(crate) const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Text parts that are shown in the page.
const PARTS_SHOWN_MAX: usize = 20;

/// Policy of documents made of mail. Style attributes are what mail is formatted with; images are those of the message and
/// those that come through our proxy. The sandbox shares our origin only so that the cookie goes with those images and the page
/// can measure the document; without scripts nothing inside can make use of it.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-modals";

/// How to show a message.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct View {
    /// `1`: the reader allows images from other hosts, this once.
    #[serde(default)]
    pub(crate) images: u8,
    /// `1`: plain text though there is HTML.
    #[serde(default)]
    pub(crate) plain: u8,
}

impl View {
    /// Whether images from other hosts may be fetched.
    pub(crate) fn allows_images(self) -> bool {
        self.images == 1
    }
    /// Whether plain text is wanted.
    pub(crate) fn wants_plain(self) -> bool {
        self.plain == 1
    }
}

/// The named parts' bytes as IMAP has them, at most [`TEXT_BYTES_MAX`] of each.
pub(crate) async fn fetch(lease: &mut Lease, uid: u32, parts: &[&Part]) -> Result<Vec<Vec<u8>>, Error> {
    let parts = &parts[..parts.len().min(PARTS_SHOWN_MAX)];
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let items: Vec<String> = parts.iter().map(|p| format!("BODY.PEEK[{}]<0.{TEXT_BYTES_MAX}>", p.section)).collect();
    let data = lease.fetch_one(uid, &items.join(" ")).await?.unwrap_or_default();
    let bytes = |part: &&Part| {
        let value = pair(&data, &format!("BODY[{}]<0>", part.section));
        value.and_then(Value::bytes).map(|b| b.to_vec()).unwrap_or_default()
    };
    Ok(parts.iter().map(bytes).collect())
}

/// Text parts as part of a page. HTML among them is reduced to its words.
pub(crate) async fn text(lease: &mut Lease, uid: u32, parts: &[&Part], page: &Page) -> Result<Markup, Error> {
    let fetched = fetch(lease, uid, parts).await?;
    let rendered = parts.iter().zip(&fetched).map(|(part, bytes)| plain_part(part, bytes, page).0);
    Ok(Markup(rendered.collect::<Vec<_>>().join("<hr>")))
}

fn plain_part(part: &Part, bytes: &[u8], page: &Page) -> Markup {
    let (decoded, text) = part.text(bytes);
    match part.media_type.as_str() {
        "text/html" => plain::render(&mail::text::fixed(&mail::text::html_to_text(&text)), page),
        _ => plain::render(&mail::text::paragraphs(&decoded, &text), page),
    }
}

/// The frame's document.
#[derive(Template)]
#[template(path = "webmail/frame.html")]
struct Frame<'a> {
    page: &'a Page,
    html: Markup,
    blocked: usize,
    /// Whether the message chooses colours of its own; then it is shown on white, as its sender saw it.
    is_coloured: bool,
}

/// `GET /mail/{mailbox}/{uid}/body`
pub(crate) async fn frame(
    visit: Visit,
    path: web::Path<(String, u32)>,
    view: web::Query<View>,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, _) = visit.open(&mailbox).await?;
    let root = structure(&mut lease, uid).await?;
    let contents = crate::structure::Contents::of(&root);
    let rich = rich(&mut lease, &visit, (&mailbox, uid), &root, &contents.rich, *view).await?;
    drop(lease);
    let is_coloured = has_colours(&rich.html.0);
    let html = Markup(markup::fold_quotation(&rich.html.0, &visit.page.t("quote-show")));
    document(&Frame { page: &visit.page, html, blocked: rich.blocked, is_coloured })
}

/// A document under the policy of mail.
pub(crate) fn document(template: &impl Template) -> Result<HttpResponse, Fault> {
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(template.render()?))
}

/// The structure of a message; [`Fault::NotFound`] when it is gone.
pub(crate) async fn structure(lease: &mut Lease, uid: u32) -> Result<Part, Fault> {
    let data = lease.fetch_one(uid, "UID BODYSTRUCTURE").await?.ok_or(Fault::NotFound)?;
    pair(&data, "BODYSTRUCTURE").and_then(Part::read).ok_or(Fault::NotFound)
}

/// Texts of a message as HTML that can be shown.
pub(crate) struct Rich {
    pub(crate) html: Markup,
    /// Images that were left out.
    pub(crate) blocked: usize,
}

/// Cleans the HTML parts and renders the plain ones.
pub(crate) async fn rich(
    lease: &mut Lease,
    visit: &Visit,
    message: (&str, u32),
    root: &Part,
    parts: &[&Part],
    view: View,
) -> Result<Rich, Error> {
    let fetched = fetch(lease, message.1, parts).await?;
    let images = sources(visit, message, root, view);
    let mut out = Rich { html: Markup::default(), blocked: 0 };
    for (part, bytes) in parts.iter().zip(&fetched) {
        if part.media_type == "text/html" {
            let safe = safe_html::clean(&part.text(bytes).1, &images);
            out.html.0.push_str(&safe.html);
            out.blocked += safe.blocked;
        } else {
            out.html.0.push_str("<div class=\"plain\">");
            out.html.0.push_str(&plain_part(part, bytes, &visit.page).0);
            out.html.0.push_str("</div>");
        }
    }
    Ok(out)
}

/// Where the images of a message come from.
fn sources(visit: &Visit, (mailbox, uid): (&str, u32), root: &Part, view: View) -> Images {
    let mut embedded: HashMap<String, String> = HashMap::new();
    root.walk(&mut |part| {
        if part.is_image() && !part.id.is_empty() {
            let url = address::of_message(mailbox, uid, &format!("part/{}?inline=1", part.section));
            embedded.insert(part.id.clone(), url);
        }
    });
    let signer = images::Signer::of(&visit.session);
    Images {
        embedded: Arc::new(move |id| embedded.get(id).cloned()),
        remote: view.allows_images().then(|| Arc::new(move |url: &str| signer.address(url)) as safe_html::Remote),
    }
}

/// Whether HTML sets colours, so that ours must not shine through.
fn has_colours(html: &str) -> bool {
    ["color", "background", "<img"].iter().any(|word| html.contains(word))
}
