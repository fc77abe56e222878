//! An IMAP command: where it ends in what comes in, and what it says.

use imap::proto::{
    self,
    gather::{Bounds, Gather, Progress},
};

const BOUNDS: Bounds = Bounds { line_bytes_max: 64 * 1024, message_bytes_max: 64 * 1024 };

/// The end is found wherever the bytes are cut into reads, and a wrong command is told by a byte that is within it.
pub fn check(data: &[u8]) {
    if let Err(error) = proto::parse(data) {
        assert!(error.at <= data.len(), "byte {} of {}", error.at, data.len());
    }
    let whole = commands(data, data.len().max(1));
    for step in [1, 7] {
        assert_eq!(commands(data, step), whole, "read {step} bytes at a time");
    }
}

/// The commands in `data` as a session sees them that is given `step` bytes at a time.
fn commands(data: &[u8], step: usize) -> Vec<Vec<u8>> {
    let (mut gather, mut input, mut found) = (Gather::default(), Vec::new(), Vec::new());
    let mut parts = data.chunks(step);
    loop {
        match gather.advance(&mut input, BOUNDS) {
            Progress::Done(length, end) => {
                let rest = input.split_off(end);
                let _ = proto::parse(&input[..length]);
                found.push(std::mem::replace(&mut input, rest));
                gather.reset();
            }
            Progress::Refused(_, end) => {
                let rest = input.split_off(end.min(input.len()));
                // How much of it was kept until then is not told.
                found.push(b"refused".to_vec());
                input = rest;
                gather.reset();
            }
            Progress::Continue(_) => {}
            Progress::More(_) => match parts.next() {
                Some(part) => input.extend_from_slice(part),
                None => return found,
            },
        }
    }
}
