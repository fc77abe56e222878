//! A message as it came: its header, its parts, what is kept of it, and a report about it.

use mail::{
    header,
    report::{RecipientStatus, Report},
    summary::{self, Part},
    text,
};

/// Places lie within the message and within each other, and what is written about it cannot be broken out of.
pub fn check(message: &[u8]) {
    fields(message);
    let root = summary::structure(message);
    let total = u32::try_from(message.len()).expect("made-up messages are small");
    assert_eq!(root.header_start, 0);
    part(&root, message, total);
    let kept = summary::summarize(message);
    assert!(kept.preview.len() <= 4096, "a preview is short");
    let again = summary::summarize(message);
    assert_eq!(kept, again, "the same message has the same summary");
    report(message);
}

fn fields(message: &[u8]) {
    let length = header::header_length(message);
    assert!(length <= message.len());
    let mut end = 0;
    for field in header::spans(message) {
        assert!(field.span.start >= end && field.span.end <= length, "{:?} after {end} of {length}", field.span);
        end = field.span.end;
        let name = String::from_utf8_lossy(field.name).into_owned();
        assert!(header::count(message, &name) > 0 && header::find(message, &name).is_some(), "{name}");
        let unfolded = header::unfold(field.value);
        assert!(!unfolded.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
    }
    let without = header::remove(message, &["Subject", "Bcc"]);
    assert_eq!(header::count(&without, "subject"), 0);
    assert_eq!(header::count(&header::prepend(&without, "Subject: x\r\n"), "SUBJECT"), 1);
}

/// A part lies within `..end`.
fn part(found: &Part, message: &[u8], end: u32) {
    assert!(found.header_start <= found.body_start && found.body_start <= found.body_end && found.body_end <= end);
    let shown = text::decode_text(found, message);
    let _ = (text::paragraphs(found, &shown), found.file_name(), found.header(message));
    if found.is_type("text", "html") {
        let _ = (text::html_to_text(&shown), text::html_words(&shown));
    }
    let mut before = found.body_start;
    for child in &found.children {
        assert!(child.header_start >= before, "parts follow each other");
        part(child, message, found.body_end);
        before = child.body_end;
    }
}

/// A notification that returns this header is one message with three parts, whatever the header is.
fn report(message: &[u8]) {
    let words = String::from_utf8_lossy(&message[..message.len().min(2000)]).into_owned();
    let recipients = [RecipientStatus {
        recipient: words.clone(),
        original: Some(words.clone()),
        original_typed: Some(words.clone()),
        action: "failed",
        status: "5.1.1".into(),
        remote: Some(words.clone()),
        diagnostic: Some(words.clone()),
        retry_until: None,
    }];
    // As in life, it cannot be foreseen by who wrote the message.
    let id = format!("{:08x}{:08x}@mail.example.org", crc32fast::hash(message), message.len());
    let report = Report {
        hostname: "mail.example.org",
        to: "a@example.org",
        arrived: 0,
        at: 1000,
        message_id: &id,
        recipients: &recipients,
        envelope_id: Some(&words),
        original_header: &message[..header::header_length(message)],
        original: None,
    };
    let text = report.render();
    let root = summary::structure(&text);
    assert!(root.is_type("multipart", "report"));
    assert_eq!(root.children.len(), 3, "{}", String::from_utf8_lossy(&text));
    assert_eq!(header::count(&text, "To"), 1);
}
