//! The readable text of a message, as it is quoted or gone on with.

use super::draft::plain_text;
use mail::{
    summary::Part,
    text::{decode_text, html_to_text, paragraphs},
};

/// Texts that are read of one message; further ones are left out.
const TEXTS_MAX: usize = 20;

/// Whether a part is text to be read, and not a file.
pub(super) fn is_text(part: &Part) -> bool {
    part.media_type == "text"
        && matches!(part.subtype.as_str(), "plain" | "html" | "enriched" | "x-amp-html" | "watch-html")
        && !part.has_disposition("attachment")
        && part.file_name().is_none()
}

/// The text of a message, lines ending with LF. Where there are several forms of it the plain one is taken.
pub(crate) fn of(root: &Part, message: &[u8]) -> String {
    let mut texts = Vec::new();
    gather(root, &mut texts);
    texts.truncate(TEXTS_MAX);
    let written: Vec<String> = texts.into_iter().map(|part| plain_text(&text(part, message))).collect();
    match &written[..] {
        [only] => only.clone(),
        several => {
            several.iter().map(|t| t.trim_matches('\n')).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n\n")
        }
    }
}

fn gather<'a>(part: &'a Part, texts: &mut Vec<&'a Part>) {
    if part.media_type != "multipart" {
        if is_text(part) {
            texts.push(part);
        }
        return;
    }
    if part.subtype != "alternative" {
        part.children.iter().for_each(|child| gather(child, texts));
        return;
    }
    // The forms stand from the plainest to the richest; one without text is passed over.
    let forms = part.children.iter().map(|child| {
        let mut texts = Vec::new();
        gather(child, &mut texts);
        texts
    });
    let mut forms: Vec<Vec<&Part>> = forms.filter(|texts| !texts.is_empty()).collect();
    let has_words = |part: &&Part| part.body_end > part.body_start;
    let plain = forms.iter().position(|t| t.iter().any(|part| has_words(part) && part.is_type("text", "plain")));
    let best = plain.or_else(|| forms.iter().position(|t| t.iter().any(&has_words)));
    if !forms.is_empty() {
        texts.append(&mut forms.swap_remove(best.unwrap_or(0)));
    }
}

fn text(part: &Part, message: &[u8]) -> String {
    let decoded = decode_text(part, message);
    if part.subtype != "plain" {
        return html_to_text(&decoded);
    }
    if !part.parameter("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")) {
        return decoded;
    }
    let lines = paragraphs(part, &decoded).into_iter().map(|paragraph| match paragraph.depth {
        0 => paragraph.text,
        depth => format!("{} {}", ">".repeat(depth), paragraph.text),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::of;
    use mail::summary::structure;

    fn shown(message: &str) -> String {
        let message = message.replace('\n', "\r\n");
        of(&structure(message.as_bytes()), message.as_bytes())
    }

    #[test]
    fn the_plain_form_is_taken() {
        let form = |plain: &str| {
            format!(
                "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n{plain}\
                 --b\nContent-Type: text/html\n\n<p>Hello <b>you</b></p>\n--b--\n"
            )
        };
        assert_eq!(shown(&form("Hello\n")), "Hello");
        assert_eq!(shown(&form("")).trim(), "Hello you", "an empty form is none");
    }

    #[test]
    fn flowed_text_is_joined_and_keeps_its_quotes() {
        let message = "Content-Type: text/plain; format=flowed\n\nOne \ntwo\n> a \n> b\n>> c";
        assert_eq!(shown(message), "One two\n> a b\n>> c");
    }

    #[test]
    fn footers_of_lists_are_text() {
        let message = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n\n--b\n\nfooter\n--b--\n";
        assert_eq!(shown(message), "Hello\n\nfooter");
    }
}
