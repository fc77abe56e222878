//! Formatted text: HTML as the person wrote it, with the images that belong to it. Its plain form is made from it.

use super::attachment::Attachment;
use crate::{body, images, markup, safe_html};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use mail::{
    summary::Part,
    text::{decode, decode_text},
};
use mail_builder::{
    headers::{content_type::ContentType, raw::Raw},
    mime::MimePart,
};
use std::sync::Mutex;

/// Images of one message.
const IMAGES_MAX: usize = 60;

/// An image within the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// Content-ID without brackets.
    pub(crate) id: String,
    /// The image as a file.
    pub(crate) file: Attachment,
}

impl Image {
    /// An image, when the bytes are those of one that mail can have. Its Content-ID comes from its bytes, so that it is the
    /// same in every version of a draft.
    fn of(bytes: Bytes) -> Option<Self> {
        let media_type = images::media_type(&bytes).filter(|kind| *kind != "image/avif")?;
        let id = format!("{}@gatepost", &blake3::hash(&bytes).to_hex()[..32]);
        Some(Self { id, file: Attachment::new("", media_type, bytes) })
    }

    fn part(&self) -> MimePart<'_> {
        let encoded = STANDARD.encode(&self.file.bytes);
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
        let body = mail_builder::mime::BodyPart::Binary(lines.join("\r\n").into_bytes().into());
        MimePart::new(ContentType::new(self.file.media_type.as_str()), body)
            .inline()
            .cid(self.id.as_str())
            .header("Content-Transfer-Encoding", Raw::new("base64"))
    }
}

/// HTML and its images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rich {
    /// Cleaned HTML whose images are `cid:`; empty for a message without formatting.
    pub(crate) html: String,
    /// The images that it shows.
    pub(crate) images: Vec<Image>,
}

/// What the editor handed over.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The text.
    pub(crate) rich: Rich,
    /// Content-IDs that new images were given, in their order; empty for what is no image.
    pub(crate) given: Vec<String>,
    /// Whether images were left out for want of room.
    pub(crate) is_cut: bool,
}

impl Rich {
    /// Whether there is nothing to read in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.images.is_empty() && markup::text(&self.html).trim().is_empty()
    }

    /// What the editor has: new images stand in it as `data:`, those that the draft has already as `cid:`. New ones are taken
    /// while they are at most `room` bytes in a message.
    pub(crate) fn take(html: &str, known: &[Image], room: usize) -> Taken {
        let state = Mutex::new((Taken::default(), room));
        let image = |source: &str| {
            let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let (taken, room) = &mut *state;
            if let Some(id) = source.strip_prefix("cid:") {
                let image = known.iter().find(|image| image.id == id)?;
                if !taken.rich.images.contains(image) {
                    taken.rich.images.push(image.clone());
                }
                return Some(source.to_owned());
            }
            if !source.starts_with("data:") {
                let is_web = source.starts_with("https://") || source.starts_with("http://");
                return is_web.then(|| source.to_owned());
            }
            taken.given.push(String::new());
            let image = data_image(source)?;
            let bytes = image.file.encoded_bytes();
            if !taken.rich.images.contains(&image) {
                if bytes > *room || taken.rich.images.len() >= IMAGES_MAX {
                    taken.is_cut = true;
                    return None;
                }
                *room -= bytes;
                taken.rich.images.push(image.clone());
            }
            if let Some(given) = taken.given.last_mut() {
                given.clone_from(&image.id);
            }
            Some(format!("cid:{}", image.id))
        };
        let html = safe_html::own(html, &image);
        let (mut taken, _) = state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        taken.rich.html = html;
        taken
    }

    /// The same for the editor, which cannot fetch parts of a message: every image as `data:`.
    pub(crate) fn for_editor(&self) -> String {
        let image =
            |source: &str| match source.strip_prefix("cid:") {
                Some(id) => self.images.iter().find(|image| image.id == id).map(|image| {
                    format!("data:{};base64,{}", image.file.media_type, STANDARD.encode(&image.file.bytes))
                }),
                None => Some(source.to_owned()),
            };
        safe_html::own(&self.html, &image)
    }

    /// Upper bound of its bytes in a message, the plain form with it.
    pub(crate) fn encoded_bytes(&self) -> usize {
        let images: usize = self.images.iter().map(|image| image.file.encoded_bytes()).sum();
        self.html.len() * 3 + images + 2000
    }

    /// As parts of a message: both forms of the text, the images with the HTML.
    pub(crate) fn part(&self) -> MimePart<'_> {
        let flowed = ContentType::new("text/plain").attribute("charset", "utf-8").attribute("format", "flowed");
        let plain = MimePart::new(flowed, markup::flowed(&self.html).replace('\n', "\r\n"));
        let page =
            format!("<!doctype html><html><head><meta charset=\"utf-8\"></head><body>{}</body></html>", self.html);
        let html = MimePart::new("text/html", page);
        let rich = match self.images.is_empty() {
            true => html,
            false => {
                let parts = std::iter::once(html).chain(self.images.iter().map(Image::part)).collect::<Vec<_>>();
                MimePart::new(ContentType::new("multipart/related").attribute("type", "text/html"), parts)
            }
        };
        MimePart::new("multipart/alternative", vec![plain, rich])
    }

    /// The formatted text of a message; `None` when it has none. Images of other hosts stay only where `keeps_remote`: in an
    /// answer they would tell the next reader's address to the first writer.
    pub(crate) fn of(root: &Part, message: &[u8], keeps_remote: bool) -> Option<Self> {
        let part = html_part(root)?;
        let parts = images_of(root, message);
        let shown = Mutex::new(Vec::new());
        let image = |source: &str| match source.strip_prefix("cid:") {
            Some(id) => {
                let (_, image) = parts.iter().find(|(known, _)| known == id)?;
                let mut shown = shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if !shown.contains(image) {
                    shown.push(image.clone());
                }
                Some(format!("cid:{}", image.id))
            }
            None if source.starts_with("http://") || source.starts_with("https://") => {
                keeps_remote.then(|| source.to_owned())
            }
            None => None,
        };
        let text = decode_text(part, message);
        let html = safe_html::own(&text[..text.floor_char_boundary(body::TEXT_BYTES_MAX)], &image);
        Some(Self { html, images: shown.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) })
    }
}

/// Text as HTML, a line each.
pub(crate) fn of_text(text: &str) -> String {
    let lines = text.trim_end().split('\n').map(|line| match line.trim_end() {
        "" => "<div><br></div>".to_owned(),
        line => format!("<div>{}</div>", crate::plain::linked(line)),
    });
    lines.collect()
}

/// `data:image/png;base64,...`
fn data_image(source: &str) -> Option<Image> {
    let (head, data) = source.split_once(',')?;
    let is_base64 = head.to_ascii_lowercase().ends_with(";base64");
    let data: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    Image::of(STANDARD.decode(data).ok().filter(|_| is_base64)?.into())
}

fn html_part(part: &Part) -> Option<&Part> {
    match part.media_type.as_str() {
        "multipart" if part.subtype == "alternative" => part.children.iter().rev().find_map(html_part),
        "multipart" => part.children.first().and_then(html_part),
        _ => Some(part).filter(|part| part.is_type("text", "html") && super::text::is_text(part)),
    }
}

/// The images that HTML can show, by the Content-ID they have in the message.
fn images_of(root: &Part, message: &[u8]) -> Vec<(String, Image)> {
    let mut found = Vec::new();
    let mut parts = vec![root];
    while let Some(part) = parts.pop() {
        if part.media_type == "multipart" {
            parts.extend(&part.children);
        }
        let id = part.id.as_deref().map(|id| id.trim().trim_start_matches('<').trim_end_matches('>').to_owned());
        let Some(id) = id.filter(|_| part.media_type == "image" && found.len() < IMAGES_MAX) else { continue };
        if let Some(image) = Image::of(decode(part, message).into()) {
            found.push((id, image));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::summary::structure;

    /// A picture of one point.
    const PNG: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    fn written(rich: &Rich) -> Vec<u8> {
        let builder = mail_builder::MessageBuilder::new().date(0i64).message_id("a@x");
        builder.body(rich.part()).write_to_vec().expect("writes")
    }

    #[test]
    fn new_images_become_parts_and_come_back() {
        let html = format!("<div>See <img src=\"data:image/png;base64,{PNG}\" alt=\"x\"></div>");
        let taken = Rich::take(&html, &[], 100_000);
        assert_eq!(taken.given, [taken.rich.images[0].id.clone()]);
        assert!(taken.rich.html.contains("src=\"cid:") && !taken.rich.html.contains("data:"), "{}", taken.rich.html);
        let again = Rich::take(&taken.rich.html, &taken.rich.images, 0);
        assert_eq!((&again.rich, again.is_cut), (&taken.rich, false));
        let message = written(&taken.rich);
        let read = Rich::of(&structure(&message), &message, false).expect("has HTML");
        assert_eq!(read, taken.rich);
        assert!(read.for_editor().contains(&format!("data:image/png;base64,{PNG}")));
    }

    #[test]
    fn what_is_no_image_or_too_much_is_left_out() {
        let bad = "<img src=\"data:image/png;base64,AAAA\"><img src=\"data:text/html,x\"><img src=\"cid:unknown\"><img src=\"/etc\">";
        let taken = Rich::take(bad, &[], 100_000);
        assert_eq!((taken.rich.images.len(), taken.given.join("|").as_str()), (0, "|"));
        assert!(!taken.rich.html.contains("src="), "{}", taken.rich.html);
        assert!(Rich::take(&format!("<img src=\"data:image/png;base64,{PNG}\">"), &[], 10).is_cut);
    }

    #[test]
    fn images_of_others_do_not_go_back_to_them() {
        let message = b"Content-Type: text/html\r\n\r\n<p>Hi<img src='https://x.test/pixel'><script>x</script></p>";
        let html = |keeps| Rich::of(&structure(message), message, keeps).expect("has HTML").html;
        assert!(!html(false).contains("pixel") && html(true).contains("https://x.test/pixel"));
        assert!(!html(true).contains("script"));
        assert_eq!(Rich::of(&structure(b"\r\nplain"), b"\r\nplain", true), None);
    }

    #[test]
    fn a_message_without_words_is_blank() {
        let rich = |html: &str| Rich { html: html.into(), images: Vec::new() };
        assert!(rich("<div><br></div>").is_blank() && !rich("<div>x</div>").is_blank());
    }
}
