//! The header fields that a server looks at: what it counts, adds and takes out.

use mail::{address::Address, header, summary};
use std::ops::Range;

/// What one pass over the header block found.
#[derive(Debug, Default)]
pub struct Survey {
    /// Received fields.
    pub received: usize,
    /// Whether there is a Date.
    pub date: bool,
    /// Whether there is a Message-ID.
    pub message_id: bool,
    /// From fields.
    pub from: usize,
    /// Where Bcc and Resent-Bcc fields stand.
    pub bcc: Vec<Range<usize>>,
    /// Where Return-Path fields stand; only the last server on the way sets one.
    pub return_path: Vec<Range<usize>>,
    /// Length of the header block with its blank line.
    pub length: usize,
    /// Whether the header has bytes above 127.
    pub eight_bit: bool,
}

/// Looks through the header block of a message.
pub fn survey(message: &[u8]) -> Survey {
    let length = header::header_length(message);
    let mut survey = Survey { length, eight_bit: !message[..length].is_ascii(), ..Survey::default() };
    let base = message.as_ptr() as usize;
    for (name, value) in header::fields(message) {
        let place = || {
            let start = (name.as_ptr() as usize).saturating_sub(base);
            let end = (value.as_ptr() as usize + value.len()).saturating_sub(base);
            start..past_line_end(message, end)
        };
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"Date") => survey.date = true,
            4 if name.eq_ignore_ascii_case(b"From") => survey.from += 1,
            3 if name.eq_ignore_ascii_case(b"Bcc") => survey.bcc.push(place()),
            10 if name.eq_ignore_ascii_case(b"Resent-Bcc") => survey.bcc.push(place()),
            8 if name.eq_ignore_ascii_case(b"Received") => survey.received += 1,
            10 if name.eq_ignore_ascii_case(b"Message-ID") => survey.message_id = true,
            11 if name.eq_ignore_ascii_case(b"Return-Path") => survey.return_path.push(place()),
            _ => {}
        }
    }
    survey
}

fn past_line_end(message: &[u8], mut end: usize) -> usize {
    end = end.min(message.len());
    if message.get(end) == Some(&b'\r') {
        end += 1;
    }
    if message.get(end) == Some(&b'\n') {
        end += 1;
    }
    end
}

/// The addresses of the From field; `None` when one of them is no address.
pub fn from_addresses(message: &[u8], survey: &Survey) -> Option<Vec<Address>> {
    let summary = summary::summarize(&message[..survey.length]);
    let mut addresses = Vec::new();
    for author in &summary.envelope.from {
        let (Some(local), Some(domain)) = (&author.local, &author.domain) else { return None };
        let address = format!("{local}@{domain}").parse().or_else(|_| format!("{local:?}@{domain}").parse());
        addresses.push(address.ok()?);
    }
    (!addresses.is_empty()).then_some(addresses)
}
