//! POP3 commands, and message text on its way to a client.

use mail::header;
use pop3::proto::{
    command, downgrade,
    text::{Stuffer, Top},
};

/// Text ends where it should, whatever it holds, wherever it is cut; a header that is rewritten is ASCII and has its fields.
pub fn check(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let _ = command::parse(line.strip_suffix(b"\r").unwrap_or(line));
    }
    let whole = stuffed(data, data.len().max(1));
    assert_eq!(stuffed(data, 3), whole);
    let lines: Vec<&[u8]> = whole.split(|byte| *byte == b'\n').collect();
    assert!(lines.iter().rev().skip(1).all(|line| line.ends_with(b"\r")), "a bare LF is sent");
    assert_eq!(lines.iter().filter(|line| **line == b".\r").count(), 1, "there is one final dot");
    for lines in [0, 2] {
        assert_eq!(top(data, lines, 5), top(data, lines, data.len().max(1)));
    }
    let block = &data[..header::header_length(data)];
    if let Some(rewritten) = downgrade::header(block) {
        let names = |block: &[u8]| header::spans(block).map(|field| field.name.to_vec()).collect::<Vec<_>>();
        assert_eq!(names(&rewritten), names(block), "{}", String::from_utf8_lossy(&rewritten));
    }
}

fn stuffed(data: &[u8], step: usize) -> Vec<u8> {
    let (mut stuffer, mut out) = (Stuffer::default(), Vec::new());
    data.chunks(step).for_each(|piece| stuffer.push(piece, &mut out));
    stuffer.finish(&mut out);
    out
}

fn top(data: &[u8], lines: u32, step: usize) -> usize {
    let (mut top, mut length) = (Top::new(lines), 0);
    for piece in data.chunks(step) {
        let (taken, is_end) = top.take(piece);
        length += taken;
        if is_end {
            break;
        }
    }
    length
}
