//! An SMTP session down to the store, and what SMTP is made of: commands, replies of other servers, text with dots.

use crate::place;
use bytes::BytesMut;
use smtp::{
    proto::{
        command,
        response::Response,
        text::{Decoder, has_only_crlf},
    },
    server::{Context, Service, session},
};
use std::sync::Arc;

/// The first byte says what the listener is for; the rest is what a client says.
pub fn check(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    parts(rest);
    let service = if first & 1 == 0 { Service::Mx } else { Service::Submission };
    let said = place::with(|place| {
        let context =
            Arc::new(Context::new(place.directory.clone(), place.settings.clone(), None, place.shutdown.clone()));
        place.converse(rest, |stream, peer| session(stream, peer, service, context))
    });
    let text = String::from_utf8(said).expect("replies are text");
    for line in text.split_inclusive("\r\n") {
        let code = line.as_bytes().first_chunk().is_some_and(|code: &[u8; 3]| code.iter().all(u8::is_ascii_digit));
        assert!(code && line.ends_with("\r\n") && line.len() <= 2048, "{line:?}");
    }
}

fn parts(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let _ = command::parse(line.strip_suffix(b"\r").unwrap_or(line));
    }
    let mut input = BytesMut::from(data);
    while let Ok(Some(response)) = Response::take(&mut input) {
        let _ = (response.is_success(), response.is_temporary(), response.enhanced());
    }
    let whole = decoded(data, data.len().max(1));
    // With a fault the text is thrown away, and how much of it was kept until then is nobody's concern.
    let (text, is_end, is_wrong) = decoded(data, 1);
    assert_eq!((is_end, is_wrong), (whole.1, whole.2), "read a byte at a time");
    assert!(is_wrong || text == whole.0, "read a byte at a time");
    if let (text, true, false) = &whole {
        assert!(has_only_crlf(text), "a bare CR or LF was taken: {text:?}");
    }
}

/// Text between DATA and the final dot: what is kept, whether the end was met, and whether there is a fault.
fn decoded(data: &[u8], step: usize) -> (Vec<u8>, bool, bool) {
    let (mut decoder, mut output) = (Decoder::new(1000), BytesMut::new());
    let mut input = Vec::new();
    for part in data.chunks(step) {
        input.extend_from_slice(part);
        let (taken, is_end) = decoder.decode(&input, &mut output, true);
        if is_end {
            return (output.to_vec(), true, decoder.fault().is_some());
        }
        input.drain(..taken);
    }
    (output.to_vec(), false, decoder.fault().is_some())
}
