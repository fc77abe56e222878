//! Packets of the milter protocol: four octets of length, a command, data.

use std::net::IpAddr;

/// Octets of a packet that is taken.
pub(super) const PACKET_BYTES_MAX: usize = 1024 * 1024;
/// Version that we speak.
const VERSION: u32 = 6;
/// What a milter may do here: add fields (`SMFIF_ADDHDRS`), change and delete them (`SMFIF_CHGHDRS`), put aside
/// (`SMFIF_QUARANTINE`).
const ACTIONS: u32 = 0x01 | 0x10 | 0x20;
/// Steps that a milter may leave out, or leave without an answer.
const STEPS: u32 = 0x1f_ffff;
/// `SMFIP_HDR_LEADSPC`.
const LEADING_SPACE: u32 = 0x10_0000;
/// Octets of a field that a milter adds.
const FIELD_BYTES_MAX: usize = 8 * 1024;

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its command or answer.
    pub command: u8,
    /// What comes with it.
    pub data: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Continue,
    Skip,
    Accept,
    Discard,
    Reject,
    TempFail,
    Reply(String),
    PutAside,
    AddField(String, String),
    /// The field of this name and number, from 1, gets another value; an empty one deletes it.
    ChangeField(u32, String, String),
    Progress,
    /// A change that was not agreed on.
    Other,
}

/// What was agreed on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Negotiated {
    steps: u32,
    pub(super) leading_space: bool,
}

impl Negotiated {
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let number =
            |at: usize| data.get(at..at + 4).and_then(|bytes| bytes.first_chunk()).map(|b| u32::from_be_bytes(*b));
        let (version, steps) = (number(0)?, number(8)?);
        (2..=VERSION).contains(&version).then_some(Self { steps, leading_space: steps & LEADING_SPACE != 0 })
    }

    /// Whether the milter wants a step (`SMFIP_NO*`).
    pub(super) fn wants(self, command: u8) -> bool {
        let bit = match command {
            b'C' => 0x01,
            b'H' => 0x02,
            b'M' => 0x04,
            b'R' => 0x08,
            b'B' => 0x10,
            b'L' => 0x20,
            b'N' => 0x40,
            b'T' => 0x200,
            _ => 0,
        };
        self.steps & bit == 0
    }

    /// Whether the milter gives no answer to a step (`SMFIP_NR_*`).
    pub(super) fn is_silent(self, command: u8) -> bool {
        let bit = match command {
            b'L' => 0x80,
            b'C' => 0x1000,
            b'H' => 0x2000,
            b'M' => 0x4000,
            b'R' => 0x8000,
            b'T' => 0x1_0000,
            b'N' => 0x4_0000,
            b'B' => 0x8_0000,
            _ => 0,
        };
        self.steps & bit != 0
    }
}

impl Packet {
    /// `None` when it is none that a milter may send.
    pub(super) fn answer(&self) -> Option<Answer> {
        Some(match self.command {
            b'c' => Answer::Continue,
            b's' => Answer::Skip,
            b'a' => Answer::Accept,
            b'd' => Answer::Discard,
            b'r' => Answer::Reject,
            b't' => Answer::TempFail,
            b'p' => Answer::Progress,
            b'q' => Answer::PutAside,
            b'y' => {
                let text = printable(self.data.split(|byte| *byte == 0).next()?);
                let is_reply = matches!(text.as_bytes().first(), Some(b'4' | b'5'));
                is_reply.then_some(Answer::Reply(text))?
            }
            b'h' => field(&self.data)?,
            b'i' => field(self.data.get(4..)?)?,
            b'm' => match field(self.data.get(4..)?)? {
                Answer::AddField(name, value) => {
                    Answer::ChangeField(u32::from_be_bytes(*self.data.first_chunk()?), name, value)
                }
                other => other,
            },
            b'+' | b'-' | b'2' | b'b' | b'e' => Answer::Other,
            _ => return None,
        })
    }
}

/// Reads a packet with its length in front; for what stands between two tests.
pub fn decode(bytes: &[u8]) -> Option<Packet> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    if length == 0 || length > PACKET_BYTES_MAX {
        return None;
    }
    let packet = Packet { command: *bytes.get(4)?, data: bytes.get(5..4 + length)?.to_vec() };
    let _ = (packet.answer(), Negotiated::read(&packet.data));
    Some(packet)
}

/// A field's name and value; lines after the first are folded, so that nothing else can be put in.
fn field(data: &[u8]) -> Option<Answer> {
    let mut parts = data.split(|byte| *byte == 0);
    let (name, value) = (parts.next()?, parts.next()?);
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic() && *byte != b':');
    if !is_name || name.len() + value.len() > FIELD_BYTES_MAX {
        return None;
    }
    let lines: Vec<String> =
        value.split(|byte| *byte == b'\n').map(printable).filter(|line| !line.trim().is_empty()).collect();
    let value = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\r\n\t");
    Some(Answer::AddField(String::from_utf8_lossy(name).into_owned(), value))
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| *c == '\t' || !c.is_control()).collect()
}

pub(super) fn encode(command: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(5 + data.len());
    packet.extend(u32::try_from(data.len() + 1).unwrap_or(u32::MAX).to_be_bytes());
    packet.push(command);
    packet.extend_from_slice(data);
    packet
}

pub(super) fn offer() -> Vec<u8> {
    [VERSION, ACTIONS, STEPS].into_iter().flat_map(u32::to_be_bytes).collect()
}

/// Strings, each with a NUL after it.
pub(super) fn strings(texts: &[&str]) -> Vec<u8> {
    let mut data = Vec::new();
    for text in texts {
        data.extend(text.bytes().filter(|byte| *byte != 0));
        data.push(0);
    }
    data
}

pub(super) fn macros(command: u8, pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut data = vec![command];
    for (name, value) in pairs {
        data.extend(strings(&[name, value]));
    }
    data
}

pub(super) fn connect(name: &str, client: IpAddr) -> Vec<u8> {
    let mut data = strings(&[if name.is_empty() { "unknown" } else { name }]);
    data.push(if client.is_ipv4() { b'4' } else { b'6' });
    data.extend([0, 0]);
    data.extend(strings(&[&client.to_string()]));
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_cannot_bring_another() {
        let packet = Packet { command: b'h', data: b"X-Test\0one\r\nBcc: two\r\n\r\n\0".to_vec() };
        assert_eq!(packet.answer(), Some(Answer::AddField("X-Test".into(), "one\r\n\tBcc: two".into())));
        assert_eq!(Packet { command: b'h', data: b"X: Y\0v\0".to_vec() }.answer(), None);
    }

    proptest! {
        #[test]
        fn packets_read_back(command in b'a'..=b'z', data: Vec<u8>) {
            let packet = decode(&encode(command, &data)).unwrap();
            prop_assert_eq!(packet, Packet { command, data });
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, command: u8, data: Vec<u8>) {
            let _ = (decode(&bytes), Packet { command, data }.answer());
        }
    }
}
