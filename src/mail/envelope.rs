//! Reads the envelope fields of a header block (RFC 3501 section 7.4.2).

use crate::{
    address_list, date, encoded_word, header, mime,
    summary::{ADDRESSES_MAX, ENVELOPE_BYTES_MAX, Envelope, EnvelopeAddress, REFERENCES_MAX},
};

/// Bytes kept of the subject.
const SUBJECT_BYTES_MAX: usize = 1000;
/// Bytes of one message-id.
const MESSAGE_ID_BYTES_MAX: usize = 250;
/// Bytes of References that are read.
const REFERENCES_BYTES_MAX: usize = 64 * 1024;

/// Envelope and references in one pass over the fields. `charset` is a hint for raw 8-bit text.
pub(crate) fn read(block: &[u8], charset: Option<&str>) -> (Envelope, Vec<String>) {
    let mut envelope = Envelope::default();
    let (mut references, mut in_reply_to) = (None, None);
    for (name, value) in header::fields(block) {
        // The longest name is In-Reply-To.
        if !(2..=11).contains(&name.len()) {
            continue;
        }
        let mut lower = [0; 11];
        let lower = &mut lower[..name.len()];
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        match &*lower {
            b"date" => _ = envelope.date.get_or_insert_with(|| mime::written(value)),
            b"subject" => _ = envelope.subject.get_or_insert_with(|| subject(value, charset)),
            b"from" => address_list::parse(value, charset, &mut envelope.from),
            b"sender" => address_list::parse(value, charset, &mut envelope.sender),
            b"reply-to" => address_list::parse(value, charset, &mut envelope.reply_to),
            b"to" => address_list::parse(value, charset, &mut envelope.to),
            b"cc" => address_list::parse(value, charset, &mut envelope.cc),
            b"bcc" => address_list::parse(value, charset, &mut envelope.bcc),
            b"message-id" => _ = envelope.message_id.get_or_insert_with(|| mime::written(value)),
            b"in-reply-to" => _ = in_reply_to.get_or_insert(value),
            b"references" => _ = references.get_or_insert(value),
            _ => {}
        }
    }
    envelope.in_reply_to = in_reply_to.map(mime::written);
    for text in [&mut envelope.date, &mut envelope.message_id, &mut envelope.in_reply_to] {
        *text = text.take().filter(|text| !text.is_empty());
    }
    envelope.sent = envelope.date.as_deref().and_then(date::parse_rfc5322).map(|ms| ms.div_euclid(1000));
    drop_repeated(&mut envelope);
    bound(&mut envelope);
    (envelope, reference_ids(references.unwrap_or_default(), in_reply_to.unwrap_or_default()))
}

fn subject(value: &[u8], charset: Option<&str>) -> String {
    let mut text = encoded_word::decode(value, charset);
    text.truncate(text.floor_char_boundary(SUBJECT_BYTES_MAX));
    text
}

/// Sender and Reply-To are kept only where they differ from From.
fn drop_repeated(envelope: &mut Envelope) {
    if envelope.sender == envelope.from {
        envelope.sender.clear();
    }
    if envelope.reply_to == envelope.from {
        envelope.reply_to.clear();
    }
}

/// Keeps the addresses of all fields together within [`ENVELOPE_BYTES_MAX`]; From comes first, Bcc last.
fn bound(envelope: &mut Envelope) {
    let Envelope { from, sender, reply_to, to, cc, bcc, .. } = envelope;
    let mut left = ENVELOPE_BYTES_MAX;
    for list in [from, sender, reply_to, to, cc, bcc] {
        let kept = list
            .iter()
            .take(ADDRESSES_MAX)
            .take_while(|address| {
                let bytes = address_bytes(address);
                let fits = bytes <= left;
                left = left.saturating_sub(bytes);
                fits
            })
            .count();
        list.truncate(kept);
    }
}

/// Encoded size of an address with room for length prefixes.
fn address_bytes(address: &EnvelopeAddress) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    9 + text(&address.name) + text(&address.local) + text(&address.domain)
}

/// Message-ids of References, else of In-Reply-To (RFC 5256 section 2.2), oldest first, each once.
fn reference_ids(references: &[u8], in_reply_to: &[u8]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    // An old client may name the parent in In-Reply-To alone, or repeat it there: the last one is the parent.
    let references = message_ids(references);
    let parent = message_ids(in_reply_to).into_iter().next().filter(|id| !references.contains(id));
    for id in references.into_iter().chain(parent) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > REFERENCES_MAX {
        let newest = ids.len() - (REFERENCES_MAX - 1);
        ids.drain(1..newest);
    }
    ids
}

/// What stands between angle brackets; blanks that folding left inside are dropped.
fn message_ids(raw: &[u8]) -> Vec<String> {
    let raw = &raw[..raw.len().min(REFERENCES_BYTES_MAX)];
    let mut ids = Vec::new();
    for piece in raw.split(|byte| *byte == b'<').skip(1) {
        let Some(end) = memchr::memchr(b'>', piece) else {
            continue;
        };
        let id = String::from_utf8_lossy(&piece[..end]);
        let id: String = id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        if (1..=MESSAGE_ID_BYTES_MAX).contains(&id.len()) && ids.last() != Some(&id) {
            ids.push(id);
        }
    }
    // Bound the work of finding repeats; the newest matter.
    let surplus = ids.len().saturating_sub(10 * REFERENCES_MAX);
    ids.drain(usize::from(surplus > 0)..surplus.max(usize::from(surplus > 0)));
    ids
}
