//! The form as it comes in: multipart/form-data, read with bounds and held in memory, never in files.

use super::attachment::Attachment;
use actix_multipart::{Field, Multipart};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use httpd::{Fault, Session};
use std::time::Duration;

/// Bytes of the text.
pub(super) const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of any other field.
const FIELD_BYTES_MAX: usize = 256 * 1024;
/// Fields of a form, files among them.
const FIELDS_MAX: usize = 300;
/// Time in which something has to come.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(60);

/// What was entered.
#[derive(Debug, Default)]
pub(super) struct Entered {
    fields: Vec<(String, String)>,
    /// Files that were added.
    pub(super) files: Vec<Attachment>,
    /// Names of files that are larger than any message may be, and were passed over.
    pub(super) too_large: Vec<String>,
}

impl Entered {
    /// A field, or an empty text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

/// Reads the form. Files are only taken after the guard against forged requests, which therefore stands first.
pub(super) async fn read(
    request: &HttpRequest,
    session: &Session,
    payload: web::Payload,
    message_bytes_max: usize,
) -> Result<Entered, Fault> {
    let csrf = session.csrf();
    let mut guarded = csrf.accepts_header(request);
    let mut entered = Entered::default();
    let mut room = message_bytes_max;
    let mut multipart = Multipart::new(request.headers(), payload);
    let mut count = 0;
    while let Some(field) = wait(multipart.next()).await? {
        let mut field = field.map_err(|_| malformed())?;
        count += 1;
        if count > FIELDS_MAX {
            return Err(Fault::TooLarge);
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.content_disposition().and_then(|d| d.get_filename()).map(str::to_owned);
        if name != "files" {
            let bytes_max = match name.as_str() {
                "text" => TEXT_BYTES_MAX,
                // New images are written into it.
                "html" => room,
                _ => FIELD_BYTES_MAX,
            };
            let bytes = content(&mut field, bytes_max).await?.ok_or(Fault::TooLarge)?;
            if name == "html" {
                room -= bytes.len();
            }
            let value = String::from_utf8(bytes.into()).map_err(|_| malformed())?;
            guarded = guarded || name == "_csrf" && csrf.accepts(&value);
            entered.fields.push((name, value));
            continue;
        }
        if !guarded {
            return Err(Fault::Forbidden("token"));
        }
        let media_type = field.content_type().map(|kind| kind.essence_str().to_owned()).unwrap_or_default();
        let content = content(&mut field, room).await?;
        // A file field that nothing was chosen in comes with an empty name.
        let Some(file_name) = file_name.filter(|n| !n.is_empty()) else { continue };
        match content {
            Some(bytes) => {
                room -= bytes.len();
                entered.files.push(Attachment::new(&file_name, &media_type, bytes));
            }
            None => entered.too_large.push(Attachment::new(&file_name, "", Bytes::new()).name),
        }
    }
    if guarded { Ok(entered) } else { Err(Fault::Forbidden("token")) }
}

/// The content of a field; `None` when it is larger than `bytes_max`. Then it is read to twice that bound, so that the browser
/// listens to the answer, and the request is refused beyond.
async fn content(field: &mut Field, bytes_max: usize) -> Result<Option<Bytes>, Fault> {
    let mut bytes = BytesMut::new();
    let mut passed_over = 0usize;
    while let Some(chunk) = wait(field.next()).await? {
        let chunk = chunk.map_err(|_| malformed())?;
        if passed_over == 0 && bytes.len() + chunk.len() <= bytes_max {
            bytes.extend_from_slice(&chunk);
            continue;
        }
        passed_over += bytes.len() + chunk.len();
        bytes = BytesMut::new();
        if passed_over > bytes_max.max(1024 * 1024) * 2 {
            return Err(Fault::TooLarge);
        }
    }
    Ok((passed_over == 0).then(|| bytes.freeze()))
}

async fn wait<T>(next: impl Future<Output = T>) -> Result<T, Fault> {
    tokio::time::timeout(CHUNK_TIMEOUT, next).await.map_err(|_| malformed())
}

fn malformed() -> Fault {
    Fault::BadRequest(String::new())
}
