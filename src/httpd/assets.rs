//! Static files, part of the binary. Their addresses carry a hash of all of them, so that browsers may keep them for good
//! and modules can name each other by relative paths.

use crate::Fault;
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use rust_embed::RustEmbed;
use std::{borrow::Cow, sync::LazyLock};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../static"]
struct Static;

/// Hash over names and contents of all files, twelve hex digits.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<Cow<'static, str>> = Static::iter().collect();
    names.sort();
    let mut hasher = blake3::Hasher::new();
    for name in names {
        hasher.update(name.as_bytes());
        hasher.update(&Static::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    hasher.finalize().to_hex()[..12].to_owned()
});

static SPRITE: LazyLock<String> = LazyLock::new(|| {
    embedded("icons.svg").and_then(|bytes| String::from_utf8(bytes.into_owned()).ok()).unwrap_or_default()
});

/// A file under static/.
pub fn embedded(path: &str) -> Option<Cow<'static, [u8]>> {
    Static::get(path).map(|file| file.data)
}

/// Address of a file.
pub(crate) fn address(path: &str) -> String {
    format!("/static/{}/{path}", *VERSION)
}

/// The icon sprite.
pub(crate) fn sprite() -> &'static str {
    &SPRITE
}

/// `GET /static/{version}/{path}`
pub(crate) async fn file(request: HttpRequest, path: web::Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (version, path) = path.into_inner();
    let file = Static::get(&path).ok_or(Fault::NotFound)?;
    let etag = header::EntityTag::new_strong(blake3::hash(&file.metadata.sha256_hash()).to_hex()[..20].to_owned());
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.split(',').any(|t| t.trim() == etag.to_string()));
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::CACHE_CONTROL, keep)).insert_header(header::ETag(etag));
    if known {
        return Ok(response.finish());
    }
    Ok(response.insert_header((header::CONTENT_TYPE, media_type(&path))).body(file.data.into_owned()))
}

/// Media type by extension; text ones in UTF-8.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        _ => "text/plain; charset=utf-8",
    }
}
